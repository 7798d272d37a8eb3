public import NumericalCore
public import Reporting
public import StochasticThermodynamics

/// What a reproduction may use.
public struct ReproductionContext: Sendable {
  /// Whether the full settings were asked for; without them an entry takes under a minute.
  public var isFull = false
  /// The folder with the MNIST files, or nil.
  public var mnist: String?
  /// The seed of all streams.
  public var seed: UInt64 = 1
  /// The threads.
  public var workers = Workers()
  /// Told how far it is, from 0 to 1.
  public var progress: @Sendable (Double) -> Void = { _ in }

  /// The defaults.
  public init() {}
}

/// What a reproduction brought.
public struct ReproductionOutcome: Sendable {
  /// The numbers, by name, in the order to be shown.
  public var measured: [(name: String, value: Double)]
  /// One check for each part of the criterion.
  public var checks: [Check]
  /// Figures of the result.
  public var figures: [Figure]

  /// An outcome.
  public init(
    measured: [(name: String, value: Double)], checks: [Check], figures: [Figure] = []
  ) {
    self.measured = measured
    self.checks = checks
    self.figures = figures
  }

  /// `fail` if a check failed, else `unresolved` if one was, else `pass`.
  public var verdict: Check.Verdict {
    if checks.contains(where: { $0.verdict == .fail }) { return .fail }
    return checks.contains { $0.verdict == .unresolved } ? .unresolved : .pass
  }
}
