public import NumericalCore
internal import Synchronization

/// Solves the mean-field equations of a machine from many starts at once.
///
/// A start is iterated layer by layer ("sweep"): the hidden means that solve their equations at the
/// visible ones, then the visible means that solve theirs. Up to second order each step minimises G
/// over one layer exactly, so that the plain iteration converges without damping, if slowly near marginal
/// states. It chooses the state; starts that have not converged after ``plainSweeps`` go on by
/// Newton's method with conjugate gradients, and those that end at a saddle are iterated again
/// without it. Everything is in double precision. Starts are worked in blocks of 64,
/// whatever the number of threads, which gives the same bits for any number.
///
/// Units may be 0/1, ±1 or Gaussian in either layer; see ``checkSupported(_:)``.
public struct MeanFieldSolver: Sendable {
  /// The order of the expansion.
  public var order: MeanFieldOrder
  /// The residual max |m − f(m)| at which a state counts as a solution.
  public var tolerance = 1e-10
  /// Sweeps after which a start is given up.
  public var maximumIterations = 10_000
  /// Whether convergence is accelerated.
  public var isAccelerated = true
  /// Whether the stability of states is measured, about the cost of twenty sweeps a distinct state.
  public var measuresStability = true
  /// The threads.
  public var workers: Workers

  /// A solver.
  public init(order: MeanFieldOrder = .tap, workers: Workers = Workers()) {
    self.order = order
    self.workers = workers
  }

  /// Starts that are worked together.
  static let blockSize = 64
  /// Sweeps after which those that go on are put together in new blocks.
  static let sweepsPerRound = 200
  /// Plain sweeps before Newton's method.
  static let plainSweeps = 100
  /// Converged states so close in each unit are one state where stability is measured.
  static let sameStateTolerance = 1e-5

  /// Throws where the expansion is not implemented for the units of a machine.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` for Potts units.
  public static func checkSupported(
    _ machine: RestrictedBoltzmannMachine
  ) throws(SzilardError) {
    for layer in [machine.visible, machine.hidden] {
      if case .potts = layer.kind {
        throw SzilardError(
          .badData,
          "mean-field equations are implemented for bernoulli, spin and gaussian units, not for potts units"
        )
      }
    }
  }

  /// The states that the starts lead to, one for each row.
  ///
  /// - Parameters:
  ///   - machine: One that ``checkSupported(_:)`` lets pass.
  ///   - starts: Visible means in the native convention, shape [starts, visible].
  ///   - progress: Told the share of the starts that came to an end, by one thread at a time.
  /// - Complexity: O(starts × iterations × order × visible × hidden).
  public func states(
    of machine: RestrictedBoltzmannMachine, from starts: Matrix<Double>,
    progress: @Sendable (Double) -> Void = { _ in }
  ) -> [MeanFieldState] {
    precondition(
      starts.columns == machine.visible.size, "starts of \(starts.columns) visible units")
    precondition(
      (try? MeanFieldSolver.checkSupported(machine)) != nil, "units without mean-field equations")
    LinearAlgebra.useOneThread()
    let equations = MeanFieldEquations(machine, order: order)
    var states = solve(
      equations, starts, rows: Array(0..<starts.rows), isAccelerated: isAccelerated,
      progress: progress)
    guard measuresStability else { return states }
    measureStability(of: &states, equations, rows: Array(states.indices))
    if isAccelerated {
      let saddles = states.indices.filter { states[$0].isConverged && states[$0].isUnstable }
      let again = solve(equations, starts, rows: saddles, isAccelerated: false)
      for (row, state) in zip(saddles, again) { states[row] = state }
      measureStability(of: &states, equations, rows: saddles)
    }
    return states
  }

  /// Iterates some of the starts, in rounds.
  private func solve(
    _ equations: MeanFieldEquations, _ starts: Matrix<Double>, rows: [Int], isAccelerated: Bool,
    progress: @Sendable (Double) -> Void = { _ in }
  ) -> [MeanFieldState] {
    let done = Mutex(0)
    var results = [MeanFieldState?](repeating: nil, count: starts.rows)
    var pending = rows
    var iterations = [Int](repeating: 0, count: pending.count)
    var means = pending.map { row in starts.row(row).map { equations.visible.value(native: $0) } }
    var usesNewton = false
    while !pending.isEmpty {
      let isNewton = usesNewton
      let blocks = stride(from: 0, to: pending.count, by: MeanFieldSolver.blockSize).map {
        $0..<Swift.min($0 + MeanFieldSolver.blockSize, pending.count)
      }
      var outcomes = [[MeanFieldBatch.Outcome]](repeating: [], count: blocks.count)
      let (all, ages, points) = (pending, iterations, means)
      outcomes.withUnsafeMutableBufferPointer { slots in
        let slots = UncheckedSendable(slots)
        workers.forEach(blocks.count) { index in
          let range = blocks[index]
          let batch = MeanFieldBatch(
            equations, starts: Array(all[range]), iterations: Array(ages[range]),
            means: Array(points[range]), tolerance: tolerance, usesNewton: isNewton)
          slots.value[index] = batch.run(
            sweeps: isAccelerated && !isNewton
              ? MeanFieldSolver.plainSweeps : MeanFieldSolver.sweepsPerRound,
            maximum: maximumIterations)
          let ended = slots.value[index].count {
            $0.isConverged || $0.iterations >= maximumIterations
          }
          done.withLock {
            $0 += ended
            progress(Double($0) / Double(rows.count))
          }
        }
      }
      var goingOn: [MeanFieldBatch.Outcome] = []
      for outcome in outcomes.joined() {
        if outcome.isConverged || outcome.iterations >= maximumIterations {
          results[outcome.start] = state(outcome, equations)
        } else {
          goingOn.append(outcome)
        }
      }
      usesNewton = isAccelerated
      goingOn.sort { $0.start < $1.start }
      pending = goingOn.map(\.start)
      iterations = goingOn.map(\.iterations)
      means = goingOn.map(\.visible)
    }
    return rows.compactMap { results[$0] }
  }

  private func state(
    _ outcome: MeanFieldBatch.Outcome, _ equations: MeanFieldEquations
  ) -> MeanFieldState {
    MeanFieldState(
      visible: outcome.visible.map(equations.visible.native),
      hidden: outcome.hidden.map(equations.hidden.native), freeEnergy: outcome.freeEnergy,
      residual: outcome.residual, iterations: outcome.iterations, order: order,
      verdict: outcome.isConverged ? .converged : .notConverged)
  }

  /// Measures the stability of one of each group of equal states, for all of the group.
  private func measureStability(
    of states: inout [MeanFieldState], _ equations: MeanFieldEquations, rows: [Int]
  ) {
    let solved = rows.filter { states[$0].isConverged }
    let groups = SingleLinkage.groups(
      of: solved.map { states[$0].visible }, distance: MeanFieldSolver.sameStateTolerance)
    let count = (groups.max() ?? -1) + 1
    var firsts = [Int](repeating: -1, count: count)
    for (row, group) in zip(solved, groups) where firsts[group] < 0 { firsts[group] = row }
    let measured = MeanFieldStability.measure(
      firsts.map { states[$0] }, equations, workers: workers)
    for (row, group) in zip(solved, groups) { states[row].stability = measured[group] }
  }
}
