public import NumericalCore

/// What tempering brought back.
public struct TemperingResult: Sendable {
  /// One rung of the ladders.
  public struct Rung: Sendable {
    /// The place on the path: the inverse temperature in parallel tempering; along a trajectory k + t
    /// between the k-th and the next knot.
    public let position: Double
    /// Updates of the machine, where it is a checkpoint.
    public let update: Int?
    /// The mean effective energy, with the interval from its spread over ladders.
    public let meanEnergy: Estimate
    /// ln Z.
    public let logPartitionFunction: Estimate
  }

  /// Visible states of the highest rung, one from each ladder.
  public let samples: StateMatrix
  /// The rungs, lowest first.
  public let rungs: [Rung]
  /// The mean acceptance of each pair of neighbours, lowest first.
  public let acceptance: [Double]
  /// Journeys of replicas from the bottom to the top and back, over all ladders.
  public let roundTrips: Int
  /// Arrivals at the top from the bottom, over all ladders.
  public let ascents: Int
  /// Sweeps of every rung.
  public let sweeps: Int
  /// The integrated autocorrelation time of the effective energy at the top, in sweeps; a lower
  /// bound when ``autocorrelationResolved`` is false.
  public let statisticalInefficiency: Double
  /// Whether the run was long enough for that time.
  public let autocorrelationResolved: Bool
  /// Split R-hat of the effective energy at the top.
  public let potentialScaleReduction: Double
  /// Whether samples and ln Z can be relied on, and if not, why.
  public let verdict: Estimate.Verdict

  /// ln Z of the machine at the top.
  public var logPartitionFunction: Estimate { rungs[rungs.count - 1].logPartitionFunction }
}
