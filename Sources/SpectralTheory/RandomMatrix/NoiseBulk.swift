internal import Foundation
public import NumericalCore

/// The noise in a spectrum: its width, what stands out of it, and whether it is noise at all.
///
/// Of the min(m, n) singular values of an m × n matrix the k largest are outliers and the rest are the
/// singular values of (m − k) × (n − k) independent entries of standard deviation τ, where k and τ
/// agree with one another:
///
///     τ = median(rest) / median of the law at τ = 1
///     k = number of values above the largest that noise of width τ has
///
/// found by iteration from k = 0. "The largest that noise has" is the 99.9 % point of Tracy and Widom's
/// law of the largest singular value (Johnstone 2001, Ann. Statist. 29, 295). The median sees nothing of
/// the outliers but their number.
public struct NoiseBulk: Sendable, Equatable {
  /// Singular values that stand out, the k largest.
  public let outliers: Int
  /// The law of the rest: (m − k) × (n − k) entries with the width that was found.
  public let law: MarchenkoPasturLaw
  /// The standard deviation τ of a noise entry; unresolved where the rest does not follow the law.
  public let entryDeviation: Estimate
  /// Kolmogorov–Smirnov distance of the rest from the law.
  public let distance: Double
  /// The distance that noise exceeds about once in a thousand matrices.
  public let distanceBound: Double
  /// σ = τ (m n)^¼ of the whole matrix, by which the theory measures noise; ``law`` has that of the rest.
  public let sigma: Double
  /// The value above which a singular value is an outlier.
  public let threshold: Double

  /// Whether the rest follows the law of noise.
  public var fits: Bool { entryDeviation.isResolved }

  /// The edges of the bulk.
  public var edges: ClosedRange<Double> { law.edges }

  /// The 99.9 % point of Tracy and Widom's law for real matrices.
  static let largestQuantile = 3.2724

  /// The bulk of the singular values of a rows × columns matrix, in any order.
  ///
  /// The interval of τ has two parts of the median's error: the rank of the median strays by
  /// √(ln n + 1)/π for n values (logarithmic, because the values repel one another; the constant is from
  /// simulation of 20 to 500 values), and the limit is reached as 1/n (bias at most 0.35/n).
  ///
  /// - Parameter values: min(rows, columns) singular values.
  public init(of values: [Double], rows: Int, columns: Int) {
    precondition(values.count == min(rows, columns) && !values.isEmpty, "all singular values")
    // Below the rounding of the largest value there are no values, and no noise.
    let floor = 1e-7 * (values.max() ?? 0)
    let sorted = values.map { $0 > floor ? $0 : 0 }.sorted()
    var outliers = 0
    var fit = NoiseBulk.fit(sorted, outliers: 0, rows: rows, columns: columns)
    while outliers < values.count - 1 {
      let above = sorted.count { $0 > fit.threshold }
      // k only grows, so that the iteration ends.
      guard above > outliers else { break }
      outliers = min(above, values.count - 1)
      fit = NoiseBulk.fit(sorted, outliers: outliers, rows: rows, columns: columns)
    }
    let rest = Array(sorted.prefix(values.count - outliers))
    let n = Double(rest.count)
    self.outliers = outliers
    law = fit.law
    sigma = fit.law.entryDeviation * (Double(rows) * Double(columns)).squareRoot().squareRoot()
    threshold = fit.threshold
    distance = law.distance(of: rest)
    // From simulation of 20 × 30 to 500 × 784; fewer values than 20 are outside what was calibrated: n times the distance has mean 0.6 + 0.42 ln n and
    // standard deviation 0.5.
    distanceBound = (2.5 + 0.65 * log(n)) / n
    let median = law.quantile(0.5)
    let rank = ((log(n) + 1).squareRoot() / .pi) / n
    let density = law.density(median) * median
    let error = law.entryDeviation * (density > 0 ? rank / density : .nan)
    let verdict: Estimate.Verdict
    if law.sigma == 0 {
      verdict = .unresolved("the median singular value is zero: there is no noise to measure")
    } else if distanceBound >= 1 {
      verdict = .unresolved("\(rest.count) singular values are too few to tell noise from modes")
    } else if outliers > values.count / 2 {
      verdict = .unresolved("more than half of the singular values stand out: there is no bulk")
    } else if distance > distanceBound {
      verdict = .unresolved(
        "the bulk does not follow the law of noise (distance \(String(format: "%.3g", distance)), "
          + "noise has at most \(String(format: "%.3g", distanceBound)))")
    } else {
      verdict = .resolved
    }
    entryDeviation = Estimate(
      value: law.entryDeviation, standardError: error,
      method: "median of the singular values below the outliers", effectiveSampleSize: n,
      verdict: verdict)
  }

  private static func fit(
    _ sorted: [Double], outliers: Int, rows: Int, columns: Int
  ) -> (law: MarchenkoPasturLaw, threshold: Double) {
    let rest = sorted.prefix(sorted.count - outliers)
    let half = rest.count / 2
    let median = rest.count % 2 == 1 ? rest[half] : (rest[half - 1] + rest[half]) / 2
    let (m, n) = (rows - outliers, columns - outliers)
    let unit = MarchenkoPasturLaw(rows: m, columns: n, entryDeviation: 1)
    let deviation = median / unit.quantile(0.5)
    // Johnstone 2001, eqs. 1.3 and 1.4: centre and scale of the largest squared singular value.
    let sum = Double(max(m, n) - 1).squareRoot() + Double(min(m, n)).squareRoot()
    let scale =
      sum
      * cbrt(1 / Double(max(1, max(m, n) - 1)).squareRoot() + 1 / Double(min(m, n)).squareRoot())
    let largest = (sum * sum + largestQuantile * scale).squareRoot()
    return (
      MarchenkoPasturLaw(rows: m, columns: n, entryDeviation: deviation), deviation * largest
    )
  }
}
