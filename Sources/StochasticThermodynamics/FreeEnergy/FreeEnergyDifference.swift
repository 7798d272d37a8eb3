public import NumericalCore

/// An estimated free energy difference ΔF, in units of the temperature.
///
///     ΔF = − ln (Z_end / Z_start)
public struct FreeEnergyDifference: Sendable, Equatable, Codable {
  /// ΔF with its interval, effective sample size, method and verdict.
  public let estimate: Estimate
  /// How far the two distributions of work overlap, from 0 (not at all) to 1 (they are the same);
  /// nil for one-sided estimates.
  public let overlap: Double?

  /// An estimate with the overlap behind it.
  public init(estimate: Estimate, overlap: Double? = nil) {
    self.estimate = estimate
    self.overlap = overlap
  }

  /// ΔF.
  public var value: Double { estimate.value }
  /// Whether the verdict is `resolved`.
  public var isResolved: Bool { estimate.isResolved }
}
