internal import NumericalCore

/// Acceptances and journeys of replicas in ladders; a ladder belongs to one thread at a time.
final class ExchangeCounts: @unchecked Sendable {
  private let rungs: Int
  private let ladders: Int
  /// Sums of acceptance probabilities and numbers of attempts, [pair × ladder].
  private let probabilities: AlignedBuffer<Double>
  private let attempts: AlignedBuffer<Int>
  /// Which replica is at a rung, [ladder × rung].
  private let replicas: AlignedBuffer<Int32>
  /// Where a replica was last, [ladder × replica]: 0 nowhere, 1 at the bottom, 2 at the bottom and
  /// then at the top.
  private let legs: AlignedBuffer<UInt8>
  private let trips: AlignedBuffer<Int>
  private let arrivals: AlignedBuffer<Int>

  init(rungs: Int, ladders: Int) {
    self.rungs = rungs
    self.ladders = ladders
    probabilities = AlignedBuffer(count: (rungs - 1) * ladders)
    attempts = AlignedBuffer(count: (rungs - 1) * ladders)
    replicas = AlignedBuffer(count: rungs * ladders)
    legs = AlignedBuffer(count: rungs * ladders)
    trips = AlignedBuffer(count: ladders)
    arrivals = AlignedBuffer(count: ladders)
    for ladder in 0..<ladders {
      for rung in 0..<rungs { replicas.pointer[ladder * rungs + rung] = Int32(rung) }
    }
  }

  func take(pair: Int, ladder: Int, probability: Double, isAccepted: Bool) {
    probabilities.pointer[pair * ladders + ladder] += probability
    attempts.pointer[pair * ladders + ladder] += 1
    guard isAccepted else { return }
    let lower = replicas.pointer + ladder * rungs + pair
    (lower[0], lower[1]) = (lower[1], lower[0])
  }

  /// Notes which replicas are at the ends of a ladder.
  func followReplicas(ladder: Int) {
    let base = ladder * rungs
    let bottom = base + Int(replicas.pointer[base])
    if legs.pointer[bottom] == 2 { trips.pointer[ladder] += 1 }
    legs.pointer[bottom] = 1
    let top = base + Int(replicas.pointer[base + rungs - 1])
    if legs.pointer[top] == 1 {
      legs.pointer[top] = 2
      arrivals.pointer[ladder] += 1
    }
  }

  func resetAcceptance() {
    for k in 0..<(rungs - 1) * ladders {
      probabilities.pointer[k] = 0
      attempts.pointer[k] = 0
    }
  }

  var acceptance: [[Double]] {
    (0..<rungs - 1).map { pair in
      (0..<ladders).map { ladder in
        let k = pair * ladders + ladder
        return probabilities.pointer[k] / Double(Swift.max(1, attempts.pointer[k]))
      }
    }
  }
  var roundTrips: [Int] { (0..<ladders).map { trips.pointer[$0] } }
  var ascents: [Int] { (0..<ladders).map { arrivals.pointer[$0] } }
}
