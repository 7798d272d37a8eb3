/// Count, mean and central moments of numbers that come one at a time, or in parts that are merged.
///
/// ```
/// mₙ = mₙ₋₁ + δ/n,   M₂ₙ = M₂ₙ₋₁ + δ (xₙ − mₙ),   δ = xₙ − mₙ₋₁
/// ```
///
/// Stable where Σx² − (Σx)²/n cancels. Merging in a fixed order gives the same bits every time;
/// another order rounds differently.
/// Source: Welford 1962, Technometrics 4, 419; merging and higher moments: Pébay 2008, Sandia report
/// SAND2008-6212.
///
/// - Complexity: O(1) time and memory an element.
public struct StreamingMoments: Sendable, Equatable, Codable {
  /// How many numbers were added.
  public private(set) var count: Int = 0
  /// Their mean, 0 if there are none; unbiased.
  public private(set) var mean: Double = 0
  private var second: Double = 0
  private var third: Double = 0
  private var fourth: Double = 0

  /// No numbers yet.
  public init() {}

  /// The moments of the given numbers.
  public init(_ values: some Sequence<Double>) {
    for value in values { add(value) }
  }

  /// Adds one number.
  public mutating func add(_ value: Double) {
    let n = Double(count + 1)
    let delta = value - mean
    let step = delta / n
    let square = step * step
    let product = delta * step * Double(count)
    fourth += product * square * (n * n - 3 * n + 3) + 6 * square * second - 4 * step * third
    third += product * step * (n - 2) - 3 * step * second
    second += product
    mean += step
    count += 1
  }

  /// Adds the numbers that another one has seen.
  public mutating func merge(_ other: StreamingMoments) {
    if other.count == 0 { return }
    if count == 0 {
      self = other
      return
    }
    let a = Double(count)
    let b = Double(other.count)
    let n = a + b
    let delta = other.mean - mean
    let step = delta / n
    fourth +=
      other.fourth + delta * step * step * step * a * b * (a * a - a * b + b * b)
      + 6 * step * step * (a * a * other.second + b * b * second)
      + 4 * step * (a * other.third - b * third)
    third +=
      other.third + delta * step * step * a * b * (a - b)
      + 3 * step * (a * other.second - b * second)
    second += other.second + delta * step * a * b
    mean += step * b
    count += other.count
  }

  /// The unbiased estimate Σ(x − m)² / (n − 1) of the variance, 0 for fewer than two numbers.
  public var variance: Double { count > 1 ? second / Double(count - 1) : 0 }

  /// The square root of ``variance`` (biased downwards).
  public var standardDeviation: Double { variance.squareRoot() }

  /// The standard error √(variance / n) of the mean of independent numbers, 0 for fewer than two.
  public var standardError: Double {
    count > 1 ? (variance / Double(count)).squareRoot() : 0
  }

  /// The third standardised moment √n M₃ / M₂^(3/2), 0 if nothing varies; biased by O(1/n).
  public var skewness: Double {
    second > 0 ? Double(count).squareRoot() * third / (second * second.squareRoot()) : 0
  }

  /// The fourth standardised moment less 3, n M₄ / M₂² − 3, 0 if nothing varies; biased by O(1/n).
  public var excessKurtosis: Double {
    second > 0 ? Double(count) * fourth / (second * second) - 3 : 0
  }
}
