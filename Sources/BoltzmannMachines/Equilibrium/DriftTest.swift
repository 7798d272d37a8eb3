public import NumericalCore
public import StochasticThermodynamics

/// Whether chains that start at data and chains that start at noise agree after so many sweeps.
///
/// Compared are the means of the effective energy F(v) and of the projections on the leading singular
/// vectors of W. Agreement does not prove equilibrium (both may miss a mode), disagreement disproves
/// it.
public struct DriftTest: Sendable {
  /// Chains from each start.
  public var chains = 256
  /// Sweeps of each chain.
  public var sweeps = 1000
  /// The rate at which chains in equilibrium fail.
  public var falseAlarmRate = 0.01
  /// The seed of the streams.
  public var seed: UInt64 = 0
  /// The threads.
  public var workers = Workers()

  /// The defaults: 256 chains, 1000 sweeps, one false alarm in a hundred.
  public init() {}

  /// Runs the chains.
  ///
  /// - Parameter data: Samples, in the storage of the visible units.
  public func run(_ machine: RestrictedBoltzmannMachine, data: StateMatrix) -> Check {
    let statistics = ChainStatistics(of: machine, workers: workers)
    var noise = ChainBurst(
      machine, from: ChainBurst.noise(machine, chains: chains, seed: seed), seed: seed, use: 3,
      workers: workers)
    var other = ChainBurst(
      machine, from: ChainBurst.drawn(from: data, chains: chains, seed: seed), seed: seed, use: 4,
      workers: workers)
    noise.run(to: sweeps)
    other.run(to: sweeps)
    return MeanComparison(
      statistics.values(of: noise.visible), statistics.values(of: other.visible),
      names: statistics.names, falseAlarmRate: falseAlarmRate
    ).check(
      name: "drift", chains: chains,
      failure: "chains from noise and from data still differ after \(sweeps) sweeps",
      advice: "make more sweeps (see the thermalisation time), or sample by tempering")
  }
}
