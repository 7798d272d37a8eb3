public import NumericalCore

/// How ladders are built and run.
public struct TemperingOptions: Sendable {
  /// Independent ladders; each gives one sample.
  public var ladders = 100
  /// Gibbs sweeps of every rung.
  public var sweeps = 1000
  /// Gibbs sweeps between exchanges; an exchange costs as much as one.
  public var increment = 2
  /// The acceptance of exchanges that rungs are chosen for, in (0, 1).
  public var targetAcceptance = 0.3
  /// Rungs at most, the lowest and the highest included.
  public var maximumRungs = 100
  /// The seed of the streams.
  public var seed: UInt64 = 0
  /// The threads.
  public var workers = Workers()

  /// The defaults: 100 ladders, 1000 sweeps, exchanges every 2, acceptance 0.3.
  public init() {}
}
