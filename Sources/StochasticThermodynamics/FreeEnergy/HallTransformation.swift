internal import Foundation

/// The correction of a studentised mean for skewness.
///
/// Hall 1992, Journal of the Royal Statistical Society B 54, 221, transformation g₂:
///
///     g(t) = t + γ (2t² + 1)/6 + γ² t³/27
///
/// with γ the skewness of the sum (for n independent terms, their skewness over √n). g is monotone,
/// and g(t) is normal to the order 1/n where t is so to the order 1/√n only. What remains grows with |γ|;
/// intervals here are longer by the factor 1 + |γ|/4.
enum HallTransformation {
  /// The corrected statistic g(t).
  static func corrected(_ t: Double, skewness: Double) -> Double {
    t + skewness * (2 * t * t + 1) / 6 + skewness * skewness * t * t * t / 27
  }

  /// The statistic whose correction is y.
  ///
  ///     g⁻¹(y) = 3/γ · {[1 + γ y − γ²/6]^{1/3} − 1}
  static func inverse(_ y: Double, skewness: Double) -> Double {
    guard abs(skewness) > 1e-7 else { return y }
    return 3 / skewness * (cbrt(1 + skewness * y - skewness * skewness / 6) - 1)
  }

  /// The factor by which quantiles are lengthened.
  static func lengthening(skewness: Double) -> Double { 1 + abs(skewness) / 4 }

  /// Limits of a mean whose studentised error has the given quantile.
  static func limits(
    of moments: CentralMoments, quantile: Double
  ) -> (low: Double, high: Double) {
    let scale = (moments.second / (moments.count - 1)).squareRoot()
    let skewness = moments.skewnessOfMean
    let y = quantile * lengthening(skewness: skewness)
    return (
      moments.mean - scale * inverse(y, skewness: skewness),
      moments.mean - scale * inverse(-y, skewness: skewness)
    )
  }
}
