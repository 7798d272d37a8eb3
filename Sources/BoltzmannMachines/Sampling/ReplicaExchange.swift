internal import Foundation
package import NumericalCore

/// Replica exchange between the rungs of a ladder of machines, many independent ladders side by side.
///
/// Rung r samples p_r(v) ∝ e^{−H_r(v)}, H_r the effective energy of its machine. A round makes
/// `increment` Gibbs sweeps on every rung; then neighbours exchange their visible states with the
/// probability (Bereux et al. 2024, arXiv:2405.15376, section 4; Hukushima and Nemoto 1996)
///
///     min(1, e^{−(W⁺ + W⁻)}),   W⁺ = H_{r+1}(x_r) − H_r(x_r),   W⁻ = H_r(x_{r+1}) − H_{r+1}(x_{r+1})
///
/// the pairs (0, 1), (2, 3), … in even rounds and (1, 2), (3, 4), … in odd ones. Sweeps and exchanges
/// both leave Π_r p_r unchanged. W⁺ and W⁻ are the works of switching one rung's machine to the
/// other's, and so tell the free energy difference of the two (``LadderFreeEnergies``).
///
/// A rung without couplings is drawn anew, exactly, by its one sweep. A ladder draws from streams of
/// its own block of sixteen, so results do not depend on the number of threads.
///
/// - Complexity: a round costs rungs × ladders × (2 `increment` + 2) products of a state with W.
package final class ReplicaExchange {
  /// Sweeps between exchanges.
  package let increment: Int
  /// The number of ladders.
  package let ladders: Int
  /// Rounds made.
  package private(set) var rounds = 0

  /// ln of the acceptance ratio from the two works; tests put a wrong one in its place.
  var logAcceptance: @Sendable (_ forward: Double, _ reverse: Double) -> Double = {
    ReplicaExchange.logAcceptance(forwardWork: $0, reverseWork: $1)
  }

  let forms: [BernoulliForm]
  private let isIndependent: [Bool]
  private let seed: UInt64
  private let workers: Workers
  /// Rows of one rung: the ladders, filled up to whole blocks.
  private let rungRows: Int
  /// Rung r of ladder c is row r · rungRows + c.
  private var states: StateMatrix
  private var hidden: StateMatrix
  private let reservoir: StateMatrix?
  private let lanes: RandomLanes
  private let tools: [LayerKernels]
  private let energies: [AlignedBuffer<Double>]
  private let counts: ExchangeCounts

  /// Ladders of the given machines, lowest rung first.
  ///
  /// - Parameters:
  ///   - machines: At least two, of one shape.
  ///   - start: Visible states of each rung, one ladder a row.
  ///   - reservoir: Equilibrium samples of the lowest rung, from which it is drawn anew in each
  ///     round; nil to sweep it like the others.
  package init(
    machines: [RestrictedBoltzmannMachine], start: [StateMatrix], increment: Int, seed: UInt64,
    workers: Workers, reservoir: StateMatrix? = nil
  ) {
    precondition(machines.count >= 2 && machines.count == start.count, "a ladder has two rungs")
    precondition(increment >= 1 && start[0].rows >= 1)
    LinearAlgebra.useOneThread()
    forms = machines.map { BernoulliForm($0) }
    isIndependent = machines.map { $0.weights.elements.allSatisfy { $0 == 0 } }
    ladders = start[0].rows
    self.increment = increment
    self.seed = seed
    self.workers = workers
    self.reservoir = reservoir
    let block = RandomLanes.rowsPerBlock
    rungRows = (ladders + block - 1) / block * block
    states = StateMatrix(zerosFor: forms[0].visible, rows: machines.count * rungRows)
    hidden = StateMatrix(zerosFor: forms[0].hidden, rows: rungRows)
    lanes = RandomLanes(chains: machines.count * rungRows)
    lanes.seedAll(seed: seed, purpose: .tempering)
    let form = forms[0]
    let share = Swift.min(rungRows, (ladders + workers.count - 1) / workers.count + 64)
    tools = (0..<workers.count).map { _ in LayerKernels(form: form, capacity: share) }
    energies = (0..<workers.count).map { _ in AlignedBuffer(count: 4 * share) }
    counts = ExchangeCounts(rungs: machines.count, ladders: ladders)
    let rows = rungRows
    states.withMemory { memory in
      for (rung, from) in start.enumerated() {
        from.withReadOnlyMemory { source in
          for ladder in 0..<ladders {
            memory.copyRow(ladder, of: source, to: rung * rows + ladder)
          }
        }
      }
    }
  }

  /// The number of rungs.
  package var rungs: Int { forms.count }

  /// ln of the acceptance ratio of an exchange.
  package static func logAcceptance(forwardWork: Double, reverseWork: Double) -> Double {
    -(forwardWork + reverseWork)
  }

  /// The probability of an exchange.
  package static func acceptanceProbability(forwardWork: Double, reverseWork: Double) -> Double {
    exp(Swift.min(0, logAcceptance(forwardWork: forwardWork, reverseWork: reverseWork)))
  }

  /// The visible states of a rung, one ladder a row.
  package func states(ofRung rung: Int) -> StateMatrix {
    states.selectingRows(rung * rungRows..<rung * rungRows + ladders)
  }

  /// The mean acceptance probability of each pair in each ladder so far: index [pair][ladder].
  package var acceptance: [[Double]] { counts.acceptance }
  /// Journeys from the bottom to the top and back, of any replica, in each ladder so far.
  package var roundTrips: [Int] { counts.roundTrips }
  /// Arrivals at the top of replicas that come from the bottom, in each ladder so far.
  package var ascents: [Int] { counts.ascents }

  /// Forgets acceptances, not the journeys.
  package func resetAcceptance() { counts.resetAcceptance() }

  /// Makes rounds.
  ///
  /// - Parameter record: Takes the works of every exchange.
  package func advance(rounds count: Int, record: ExchangeRecord? = nil) {
    guard count > 0 else { return }
    let hasReals = forms[0].visible.storage == .reals || forms[0].hidden.storage == .reals
    let grain = hasReals ? LayerKernels.rowsPerProduct : RandomLanes.rowsPerBlock
    let first = rounds
    states.withMemory { visible in
      hidden.withMemory { hidden in
        workers.forEachRange(of: ladders, grain: grain) { range, worker in
          for round in first..<first + count {
            self.relax(range, round: round, visible: visible, hidden: hidden, tools[worker])
            self.exchange(
              range, round: round, visible: visible, tools[worker], energies[worker].pointer,
              record)
          }
        }
      }
    }
    rounds += count
  }

  /// Sweeps every rung.
  private func relax(
    _ range: Range<Int>, round: Int, visible: LayerMemory, hidden: LayerMemory, _ tool: LayerKernels
  ) {
    for rung in forms.indices {
      let first = rung * rungRows + range.lowerBound
      let memory = visible.advanced(by: first)
      if rung == 0, let reservoir {
        drawFromReservoir(reservoir, into: memory, range, round: round)
        continue
      }
      for _ in 0..<(isIndependent[rung] ? 1 : increment) {
        tool.sweep(
          forms[rung], visible: memory, hidden: hidden.advanced(by: range.lowerBound),
          rows: range.count, lanes: lanes, firstBlock: first / RandomLanes.rowsPerBlock)
      }
    }
  }

  private func drawFromReservoir(
    _ reservoir: StateMatrix, into memory: LayerMemory, _ range: Range<Int>, round: Int
  ) {
    reservoir.withReadOnlyMemory { source in
      for block in blocks(range) {
        var stream = stream(block: block, round: round, use: 1)
        for ladder in rows(of: block, in: range) {
          memory.copyRow(
            stream.index(below: reservoir.rows), of: source, to: ladder - range.lowerBound)
        }
      }
    }
  }

  /// Tries to exchange the states of every second pair.
  private func exchange(
    _ range: Range<Int>, round: Int, visible: LayerMemory, _ tool: LayerKernels,
    _ energies: UnsafeMutablePointer<Double>, _ record: ExchangeRecord?
  ) {
    let count = range.count
    var streams = blocks(range).map { stream(block: $0, round: round, use: 0) }
    let firstBlock = range.lowerBound / RandomLanes.rowsPerBlock
    for pair in Swift.stride(from: rungs == 2 ? 0 : round & 1, to: rungs - 1, by: 2) {
      // H_r(x_r), H_r(x_{r+1}), H_{r+1}(x_r), H_{r+1}(x_{r+1})
      for k in 0..<4 {
        effectiveEnergies(
          forms[pair + k / 2], range, rung: pair + k % 2, visible, tool, energies + k * count)
      }
      for ladder in range {
        let k = ladder - range.lowerBound
        let lower = energies[k]
        let upper = energies[3 * count + k]
        let forward = energies[2 * count + k] - lower
        let reverse = energies[count + k] - upper
        record?.take(
          pair: pair, ladder: ladder, round: round, forward: forward, reverse: reverse,
          lowerEnergy: lower, upperEnergy: upper)
        let probability = exp(Swift.min(0, logAcceptance(forward, reverse)))
        let block = ladder / RandomLanes.rowsPerBlock - firstBlock
        let isAccepted = streams[block].uniform() < probability
        counts.take(pair: pair, ladder: ladder, probability: probability, isAccepted: isAccepted)
        if isAccepted {
          visible.swapRows(pair * rungRows + ladder, (pair + 1) * rungRows + ladder)
        }
      }
    }
    for ladder in range { counts.followReplicas(ladder: ladder) }
  }

  private func effectiveEnergies(
    _ form: BernoulliForm, _ range: Range<Int>, rung: Int, _ visible: LayerMemory,
    _ tool: LayerKernels, _ out: UnsafeMutablePointer<Double>
  ) {
    for k in 0..<range.count { out[k] = 0 }
    tool.addNegativeFreeEnergies(
      of: visible.advanced(by: rung * rungRows + range.lowerBound), rows: range.count, form: form,
      sums: out)
    for k in 0..<range.count { out[k] = -form.offset - out[k] }
  }

  private func blocks(_ range: Range<Int>) -> Range<Int> {
    let size = RandomLanes.rowsPerBlock
    return range.lowerBound / size..<(range.upperBound + size - 1) / size
  }

  private func rows(of block: Int, in range: Range<Int>) -> Range<Int> {
    let size = RandomLanes.rowsPerBlock
    return block * size..<Swift.min((block + 1) * size, range.upperBound)
  }

  /// The stream of a block of ladders in a round; step 0 belongs to the lanes.
  private func stream(block: Int, round: Int, use: UInt64) -> RandomStream {
    RandomStream(
      seed: seed, purpose: .tempering, index: UInt64(block), step: 2 * UInt64(round) + 1 + use)
  }
}

extension LayerKernels {
  /// One Gibbs sweep: all hidden units given the visible, all visible given the hidden.
  func sweep(
    _ form: BernoulliForm, visible: LayerMemory, hidden: LayerMemory, rows: Int,
    lanes: RandomLanes, firstBlock: Int
  ) {
    sample(
      form.hidden, into: hidden, given: visible, rows: rows, from: form.visible,
      weights: form.forward, path: FieldPath(base: UnsafePointer(form.hidden.biases.pointer)),
      variances: nil, lanes: lanes, firstBlock: firstBlock)
    sample(
      form.visible, into: visible, given: hidden, rows: rows, from: form.hidden,
      weights: form.backward, path: FieldPath(base: UnsafePointer(form.visible.biases.pointer)),
      variances: nil, lanes: lanes, firstBlock: firstBlock)
  }
}

extension LayerMemory {
  /// Exchanges two rows.
  func swapRows(_ a: Int, _ b: Int) {
    func exchange<Scalar>(_ base: UnsafeMutablePointer<Scalar>, _ stride: Int) {
      let (x, y) = (base + a * stride, base + b * stride)
      for k in 0..<stride { (x[k], y[k]) = (y[k], x[k]) }
    }
    switch self {
    case .bits(let base, let stride): exchange(base, stride)
    case .colours(let base, let stride, _): exchange(base, stride)
    case .reals(let base, let stride): exchange(base, stride)
    }
  }

  /// Exchanges a row with a row of other states of the same layer.
  func swapRow(_ row: Int, with otherRow: Int, of other: LayerMemory) {
    func exchange<Scalar>(
      _ x: UnsafeMutablePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int
    ) {
      for k in 0..<count { (x[k], y[k]) = (y[k], x[k]) }
    }
    switch (self, other) {
    case (.bits(let a, let stride), .bits(let b, _)):
      exchange(a + row * stride, b + otherRow * stride, stride)
    case (.colours(let a, let stride, _), .colours(let b, _, _)):
      exchange(a + row * stride, b + otherRow * stride, stride)
    case (.reals(let a, let stride), .reals(let b, _)):
      exchange(a + row * stride, b + otherRow * stride, stride)
    default: preconditionFailure("states of another kind of units")
    }
  }

  /// Overwrites row `target` with a row of other states of the same layer.
  func copyRow(_ row: Int, of source: LayerMemory, to target: Int) {
    switch (self, source) {
    case (.bits(let to, let stride), .bits(let from, let other)):
      (to + target * stride).update(from: from + row * other, count: Swift.min(stride, other))
    case (.colours(let to, let stride, _), .colours(let from, let other, _)):
      (to + target * stride).update(from: from + row * other, count: Swift.min(stride, other))
    case (.reals(let to, let stride), .reals(let from, let other)):
      (to + target * stride).update(from: from + row * other, count: Swift.min(stride, other))
    default: preconditionFailure("states of another kind of units")
    }
  }
}
