/// A point of a figure that shows a fluctuation theorem: ln of a ratio of two counts.
///
///     logRatio = ln (n₊ + ½)/(n₋ + ½) − ln N₊/N₋,   standardError² = 1/(n₊ + ½) + 1/(n₋ + ½)
///
/// The halves remove the bias of order 1/n (Haldane 1956; Anscombe 1956) and keep the ratio finite.
/// N₊/N₋ is 1 where both counts come from one sample.
public struct FluctuationBin: Sendable, Equatable, Codable {
  /// Where theory has the mean probability of the values in the bin, near their mean.
  public var centre: Double
  /// n₊: values that are positive; for Crooks' theorem forward trajectories.
  public var positive: Int
  /// n₋: values that are negative; for Crooks' theorem reverse trajectories.
  public var negative: Int
  /// The logarithm of the ratio.
  public var logRatio: Double
  /// Its standard error.
  public var standardError: Double

  /// A point.
  public init(
    centre: Double, positive: Int, negative: Int, logRatio: Double, standardError: Double
  ) {
    self.centre = centre
    self.positive = positive
    self.negative = negative
    self.logRatio = logRatio
    self.standardError = standardError
  }
}
