internal import Foundation
public import NumericalCore
internal import Synchronization

/// Chains of descent about a stationary state, observed as they run.
///
/// Nothing is stored of a trajectory but ``TrajectoryStatistics``, so that 10⁸ steps need no more memory than 10⁵.
/// Chains run at the same time, draw from streams of their own and are added up in their order: results do not depend
/// on the number of threads.
public struct DescentRun: Sendable {
  /// Chains, independent of one another.
  public var chains = 4
  /// Units of time that each chain is observed for.
  public var steps = 1_000_000
  /// Units of time before.
  public var burnIn = 0
  /// Lengths of the windows over which entropy production is summed, in units of time.
  public var windows = [1, 100, 1000, 3000]
  /// Values of σ kept of each length of window, over all chains.
  public var keeping = 1_000_000
  /// The threads.
  public var workers = Workers()
  /// Told the fraction that is done.
  public var progress: @Sendable (Double) -> Void = { _ in }

  /// The defaults.
  public init() {}

  /// A chain that left for infinity.
  public struct Divergence: Sendable, Equatable {
    /// Which chain.
    public let chain: Int
    /// The unit of time in which it left, counted from the start of its burn-in.
    public let step: Int
    /// The last good state.
    public let parameters: [Double]
  }

  /// What came of a run.
  public struct Outcome: Sendable {
    /// All chains together, up to the first that diverged.
    public let statistics: TrajectoryStatistics
    /// Each chain by itself.
    public let chains: [TrajectoryStatistics]
    /// Where each chain ended.
    public let ends: [[Double]]
    /// The first chain that diverged.
    public let divergence: Divergence?
  }

  /// Runs the chains.
  ///
  /// - Parameters:
  ///   - state: The theory that is compared with; its coordinates are observed.
  ///   - reference: The point from which x is measured, the minimum.
  ///   - starts: Where chains begin; as many as chains.
  ///   - step: What moves chain k.
  public func run<Step: DescentStep>(
    about state: StationaryState, reference: [Double], starts: [[Double]],
    step: (Int) throws(SzilardError) -> Step
  ) throws(SzilardError) -> Outcome {
    precondition(starts.count == chains && chains > 0, "\(starts.count) starts of \(chains) chains")
    LinearAlgebra.useOneThread()
    var movers: [UncheckedSendable<Step>] = []
    for chain in 0..<chains { movers.append(UncheckedSendable(try step(chain))) }
    let done = Atomic<Int>(0)
    let total = Double(chains * (steps + burnIn))
    let results = workers.map(chains) { chain -> Chain in
      var mover = movers[chain].value
      return run(&mover, chain: chain, about: state, reference, start: starts[chain]) { count in
        let sum = done.wrappingAdd(count, ordering: .relaxed).newValue
        progress(Double(sum) / total)
      }
    }
    var all = results[0].statistics
    for result in results.dropFirst() { all.merge(result.statistics) }
    return Outcome(
      statistics: all, chains: results.map(\.statistics), ends: results.map(\.end),
      divergence: results.compactMap(\.divergence).first)
  }

  private struct Chain {
    var statistics: TrajectoryStatistics
    var end: [Double]
    var divergence: Divergence?
  }

  /// How far from the reference a chain may go, in its length.
  private static let border = 1e3

  private func run(
    _ step: inout some DescentStep, chain: Int, about state: StationaryState,
    _ reference: [Double], start: [Double], tell: (Int) -> Void
  ) -> Chain {
    let size = reference.count
    let length = Swift.max(16, Swift.min(1024, 16_384 / size))
    let limit = DescentRun.border * (1 + reference.reduce(0) { $0 + $1 * $1 }.squareRoot())
    var parameters = start
    var good = start
    var statistics = TrajectoryStatistics(
      state: state, windows: windows, expectedCount: steps,
      keeping: Swift.max(1, keeping / chains), keepingStates: Swift.max(1, 20_000 / chains))
    var scratch = TrajectoryStatistics.Scratch(state)
    var divergence: Divergence?
    func isBad() -> Bool {
      let square = zip(parameters, reference).reduce(0) {
        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
      }
      return !(square < limit * limit)
    }
    var told = 0
    var time = 0
    while time < burnIn, divergence == nil {
      let part = Swift.min(length, burnIn - time)
      for _ in 0..<part { step.advance(&parameters) }
      if isBad() {
        divergence = Divergence(chain: chain, step: time, parameters: good)
        break
      }
      good = parameters
      time += part
      told += part
      if told >= 65_536 {
        tell(told)
        told = 0
      }
    }
    var rows = [Double](repeating: 0, count: (length + 1) * size)
    var coordinates = [Double](
      repeating: 0, count: state.modes == nil ? 0 : (length + 1) * state.dimension)
    func store(_ row: Int) {
      for k in 0..<size { rows[row * size + k] = parameters[k] - reference[k] }
    }
    time = 0
    store(0)
    while time < steps, divergence == nil {
      let part = Swift.min(length, steps - time)
      for row in 1...part {
        step.advance(&parameters)
        store(row)
      }
      if isBad() {
        divergence = Divergence(chain: chain, step: burnIn + time, parameters: good)
        break
      }
      good = parameters
      observe(&rows, &coordinates, part, size, &statistics, &scratch)
      store(0)
      time += part
      told += part
      if told >= 65_536 {
        tell(told)
        told = 0
      }
    }
    tell(told)
    statistics.finish()
    return Chain(statistics: statistics, end: good, divergence: divergence)
  }

  /// The block as coordinates, into the statistics.
  private func observe(
    _ rows: inout [Double], _ coordinates: inout [Double], _ steps: Int, _ size: Int,
    _ statistics: inout TrajectoryStatistics, _ scratch: inout TrajectoryStatistics.Scratch
  ) {
    rows.withUnsafeBufferPointer { rows in
      guard let rows = rows.baseAddress else { return }
      guard let modes = statistics.state.modes else {
        statistics.add(rows, steps: steps, &scratch)
        return
      }
      coordinates.withUnsafeMutableBufferPointer { coordinates in
        guard let coordinates = coordinates.baseAddress else { return }
        modes.withUnsafePointer { modesPointer in
          LinearAlgebra.multiply(
            rows: steps + 1, columns: modes.rows, inner: size, rows, strideA: size, modesPointer,
            transposingB: true, strideB: modes.stride, into: coordinates, strideC: modes.rows)
        }
        statistics.add(UnsafePointer(coordinates), steps: steps, &scratch)
      }
    }
  }
}

extension StationaryState {
  /// Starts drawn from the stationary density about `reference`, each from its own stream.
  ///
  /// Chains that begin there need to forget only what theory does not know: the curvature beyond second order.
  public func starts(
    count: Int, reference: [Double], seed: UInt64
  ) -> [[Double]] {
    guard let factor = LinearAlgebra.choleskyFactor(covariance) else {
      return Array(repeating: reference, count: count)
    }
    return (0..<count).map { chain in
      var random = RandomStream(seed: seed, purpose: .stationaryStart, index: UInt64(chain))
      let normals = (0..<dimension).map { _ in random.normal() }
      let x = (0..<dimension).map { row in
        (0...row).reduce(0) { $0 + factor[row, $1] * normals[$1] }
      }
      return parameters(of: x, reference: reference)
    }
  }

  /// The parameters at coordinates x.
  public func parameters(of x: [Double], reference: [Double]) -> [Double] {
    guard let modes else { return zip(reference, x).map { $0 + $1 } }
    var result = reference
    for (mode, value) in x.enumerated() {
      let vector = modes.row(mode)
      for k in result.indices { result[k] += value * vector[k] }
    }
    return result
  }
}
