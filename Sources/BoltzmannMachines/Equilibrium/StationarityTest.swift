public import NumericalCore
public import StochasticThermodynamics

/// Whether states that should be equilibrium samples stay so under the machine's own sweeps.
///
/// If v is drawn from p(v), a sweep leaves every mean as it is. For each chain the change of F(v) and
/// of the projections on the leading singular vectors of W is taken over many sweeps; their means must
/// be zero. Holds for machines of any size; wants independent rows.
public struct StationarityTest: Sendable {
  /// Sweeps between before and after.
  public var sweeps = 1000
  /// The rate at which equilibrium samples fail.
  public var falseAlarmRate = 0.01
  /// The seed of the streams.
  public var seed: UInt64 = 0
  /// The threads.
  public var workers = Workers()

  /// The defaults: 1000 sweeps, one false alarm in a hundred.
  public init() {}

  /// Runs the chains on from the given states.
  ///
  /// - Parameter states: Supposed equilibrium samples, at least two, independent of one another.
  public func run(_ machine: RestrictedBoltzmannMachine, states: StateMatrix) -> Check {
    precondition(states.rows >= 2, "\(states.rows) states")
    let statistics = ChainStatistics(of: machine, workers: workers)
    var burst = ChainBurst(machine, from: states, seed: seed, use: 5, workers: workers)
    burst.run(to: sweeps)
    return MeanComparison(
      before: statistics.values(of: states), after: statistics.values(of: burst.visible),
      names: statistics.names, falseAlarmRate: falseAlarmRate
    ).check(
      name: "stationarity", chains: states.rows,
      failure: "the mean drifts within \(sweeps) sweeps, so the states were no equilibrium samples",
      advice: "equilibrate longer before use, or sample by tempering")
  }
}
