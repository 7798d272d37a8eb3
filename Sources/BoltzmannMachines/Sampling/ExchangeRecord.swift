internal import NumericalCore

/// The works of the exchanges in a stretch of rounds, and the energies of the rungs.
///
/// Of the works of a pair at most about ``worksPerPair`` are kept, at even distances in time.
package final class ExchangeRecord: @unchecked Sendable {
  /// Works of a pair that are kept at most (by whole visits of all ladders).
  static let worksPerPair = 1 << 18
  /// Ladders whose energy at the top is followed in time.
  static let followedLadders = 64

  let rungs: Int
  let ladders: Int
  private let firstRound: Int
  private let visits: [Int]
  private let thinning: Int
  private let slots: Int
  private let forward: AlignedBuffer<Double>
  private let reverse: AlignedBuffer<Double>
  /// H_r(x_r): [rung × ladder].
  private let energySums: AlignedBuffer<Double>
  private let energyCounts: AlignedBuffer<Int>
  private let topEnergies: AlignedBuffer<Double>
  private let topVisits: Int

  /// A record of the next `rounds` rounds of an exchange.
  package init(of exchange: ReplicaExchange, rounds: Int) {
    rungs = exchange.rungs
    ladders = exchange.ladders
    firstRound = exchange.rounds
    let first = firstRound
    let isSingle = rungs == 2
    visits = (0..<rungs - 1).map { pair in
      isSingle ? rounds : (first..<first + rounds).count { $0 & 1 == pair & 1 }
    }
    let most = visits.max() ?? 0
    thinning = Swift.max(1, most * ladders / ExchangeRecord.worksPerPair)
    slots = (most + thinning - 1) / thinning
    forward = AlignedBuffer(count: (rungs - 1) * ladders * slots)
    reverse = AlignedBuffer(count: (rungs - 1) * ladders * slots)
    energySums = AlignedBuffer(count: rungs * ladders)
    energyCounts = AlignedBuffer(count: rungs * ladders)
    topVisits = visits.last ?? 0
    topEnergies = AlignedBuffer(
      count: Swift.min(ladders, ExchangeRecord.followedLadders) * topVisits)
  }

  /// Which visit of a pair a round is.
  private func visit(pair: Int, round: Int) -> Int {
    if rungs == 2 { return round - firstRound }
    let first = firstRound + ((firstRound ^ pair) & 1)
    return (round - first) / 2
  }

  func take(
    pair: Int, ladder: Int, round: Int, forward: Double, reverse: Double, lowerEnergy: Double,
    upperEnergy: Double
  ) {
    for (rung, energy) in [(pair, lowerEnergy), (pair + 1, upperEnergy)] {
      energySums.pointer[rung * ladders + ladder] += energy
      energyCounts.pointer[rung * ladders + ladder] += 1
    }
    let visit = visit(pair: pair, round: round)
    if pair == rungs - 2, ladder < ExchangeRecord.followedLadders {
      topEnergies.pointer[ladder * topVisits + visit] = upperEnergy
    }
    guard visit % thinning == 0 else { return }
    let slot = (pair * ladders + ladder) * slots + visit / thinning
    self.forward.pointer[slot] = forward
    self.reverse.pointer[slot] = reverse
  }

  /// Works of a pair in a ladder, upwards and downwards, in the order of time.
  package func works(pair: Int, ladder: Int) -> (forward: [Double], reverse: [Double]) {
    let first = (pair * ladders + ladder) * slots
    let count = (visits[pair] + thinning - 1) / thinning
    return (
      Array(UnsafeBufferPointer(start: forward.pointer + first, count: count)),
      Array(UnsafeBufferPointer(start: reverse.pointer + first, count: count))
    )
  }

  /// The mean effective energy of a rung in each ladder.
  package func meanEnergies(ofRung rung: Int) -> [Double] {
    (0..<ladders).map {
      let k = rung * ladders + $0
      return energySums.pointer[k] / Double(Swift.max(1, energyCounts.pointer[k]))
    }
  }

  /// The effective energy at the top over time, of some ladders.
  package var topEnergySeries: [[Double]] {
    (0..<Swift.min(ladders, ExchangeRecord.followedLadders)).map {
      Array(UnsafeBufferPointer(start: topEnergies.pointer + $0 * topVisits, count: topVisits))
    }
  }
}
