internal import Foundation

/// The arithmetic mean, 0 of nothing.
///
/// ```
/// m = Σᵢ xᵢ / n
/// ```
///
/// Unbiased. Summed in pairs, so that the rounding error grows as log n.
///
/// - Complexity: O(n).
public func mean(of values: [Double]) -> Double {
  values.isEmpty ? 0 : pairwiseSum(values[...]) / Double(values.count)
}

/// The sample variance, 0 of fewer than two values.
///
/// ```
/// s² = Σᵢ (xᵢ − m)² / (n − 1)
/// ```
///
/// Unbiased for independent values; biased by the factor (1 − g/n)/(1 − 1/n) for correlated ones, g
/// being the statistical inefficiency.
///
/// - Complexity: O(n).
public func variance(of values: [Double]) -> Double {
  guard values.count > 1 else { return 0 }
  let centre = mean(of: values)
  return pairwiseSum(values.map { ($0 - centre) * ($0 - centre) }[...]) / Double(values.count - 1)
}

/// The weighted mean, 0 if all weights are zero.
///
/// ```
/// m = Σᵢ wᵢ xᵢ / Σᵢ wᵢ
/// ```
///
/// Unbiased for fixed weights; with importance weights that are themselves random, biased by O(1/n).
///
/// - Complexity: O(n).
public func weightedMean(of values: [Double], weights: [Double]) -> Double {
  checkWeights(values, weights)
  let total = pairwiseSum(weights[...])
  return total > 0 ? pairwiseSum(zip(values, weights).map { $0 * $1 }[...]) / total : 0
}

/// The weighted variance, 0 if fewer than two weights are positive.
///
/// ```
/// s² = Σᵢ wᵢ (xᵢ − m)² / (V₁ − V₂/V₁),   V₁ = Σ wᵢ,   V₂ = Σ wᵢ²
/// ```
///
/// Unbiased for independent values of equal variance and fixed weights of any scale ("reliability
/// weights"); equal weights give the sample variance.
///
/// - Complexity: O(n).
public func weightedVariance(of values: [Double], weights: [Double]) -> Double {
  checkWeights(values, weights)
  guard weights.count(where: { $0 > 0 }) > 1 else { return 0 }
  let centre = weightedMean(of: values, weights: weights)
  let first = pairwiseSum(weights[...])
  let second = pairwiseSum(weights.map { $0 * $0 }[...])
  let sum = pairwiseSum(zip(values, weights).map { $1 * ($0 - centre) * ($0 - centre) }[...])
  return sum / (first - second / first)
}

private func checkWeights(_ values: [Double], _ weights: [Double]) {
  precondition(
    values.count == weights.count, "\(values.count) values and \(weights.count) weights")
  precondition(weights.allSatisfy { $0 >= 0 && $0.isFinite }, "weights must be finite and not < 0")
}

/// The sum, halves first.
package func pairwiseSum(_ values: ArraySlice<Double>) -> Double {
  if values.count <= 64 { return values.reduce(0, +) }
  let middle = values.startIndex + values.count / 2
  return pairwiseSum(values[..<middle]) + pairwiseSum(values[middle...])
}

/// The sample quantile at p, by linear interpolation between order statistics.
///
/// ```
/// q(p) = x₍ₖ₎ + (h − k)(x₍ₖ₊₁₎ − x₍ₖ₎),   h = (n − 1)p + 1,   k = ⌊h⌋
/// ```
///
/// Biased by O(1/n) in general. Source: Hyndman and Fan 1996, The American Statistician 50, 361,
/// definition 7.
///
/// - Parameters:
///   - p: In [0, 1].
///   - values: At least one value, none NaN, in any order.
/// - Complexity: O(n log n).
public func quantile(_ p: Double, of values: [Double]) -> Double {
  quantile(p, ofSorted: values.sorted())
}

/// The sample quantile at p of values in ascending order.
///
/// - Complexity: O(1).
package func quantile(_ p: Double, ofSorted values: [Double]) -> Double {
  precondition(p >= 0 && p <= 1 && !values.isEmpty, "quantile \(p) of \(values.count) values")
  let position = p * Double(values.count - 1)
  let below = Int(position)
  let above = Swift.min(below + 1, values.count - 1)
  let fraction = position - Double(below)
  // Equal neighbours may be infinite.
  if fraction == 0 || values[below] == values[above] { return values[below] }
  return values[below] + fraction * (values[above] - values[below])
}
