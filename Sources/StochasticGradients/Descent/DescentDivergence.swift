internal import Foundation

/// A descent that left for infinity, with the last good state.
public struct DescentDivergence: Error, Sendable, Equatable, CustomStringConvertible {
  /// The unit of time in which it left, counted from the start of its burn-in.
  public let step: Int
  /// Which chain.
  public let chain: Int
  /// The last good state.
  public let parameters: [Double]
  /// η.
  public let rate: Double
  /// 2/h_max, above which steps overshoot even in the quadratic region of the minimum.
  public let stableRate: Double

  /// What happened, and what to do.
  public var description: String {
    "the descent diverged in step \(step) of chain \(chain + 1) at the rate \(String(format: "%.3g", rate)); "
      + "rates above \(String(format: "%.3g", stableRate)) are never stable, a hundredth of that is safe"
  }
}
