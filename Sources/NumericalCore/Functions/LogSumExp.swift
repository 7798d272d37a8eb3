internal import Foundation

/// The logarithm of a sum of exponentials.
///
/// ```
/// logSumExp(x) = ln Σᵢ e^xᵢ = m + ln Σᵢ e^(xᵢ − m),   m = maxᵢ xᵢ
/// ```
///
/// The sum over nothing is zero, so the empty array gives −∞. Elements may be −∞; NaN gives NaN.
///
/// - Complexity: O(n) time, no memory.
public func logSumExp(_ values: [Double]) -> Double {
  values.withUnsafeBufferPointer { logSumExp($0) }
}

/// The same of numbers in memory.
package func logSumExp(_ values: UnsafeBufferPointer<Double>) -> Double {
  var high = -Double.infinity
  for value in values {
    if value.isNaN { return .nan }
    high = Swift.max(high, value)
  }
  guard high.isFinite else { return high }
  var sum = 0.0
  for value in values { sum += exp(value - high) }
  return high + log(sum)
}

/// The logarithm of a weighted sum of exponentials.
///
/// ```
/// logSumExp(x; w) = ln Σᵢ wᵢ e^xᵢ,   wᵢ ≥ 0
/// ```
///
/// Elements of weight zero do not count, whatever their value. Empty, or all weights zero: −∞.
///
/// - Parameters:
///   - values: Exponents, shape `[n]`.
///   - weights: Finite weights, not negative, shape `[n]`.
/// - Complexity: O(n) time, no memory.
public func logSumExp(_ values: [Double], weights: [Double]) -> Double {
  precondition(
    values.count == weights.count, "\(values.count) values and \(weights.count) weights")
  var high = -Double.infinity
  for (value, weight) in zip(values, weights) {
    precondition(weight >= 0 && weight.isFinite, "the weight \(weight)")
    if weight == 0 { continue }
    if value.isNaN { return .nan }
    high = Swift.max(high, value)
  }
  guard high.isFinite else { return high }
  var sum = 0.0
  for (value, weight) in zip(values, weights) where weight > 0 { sum += weight * exp(value - high) }
  return high + log(sum)
}

/// The logarithm of a mean of exponentials, such as the Jarzynski average of works.
///
/// ```
/// logMeanExp(x) = ln (1/n) Σᵢ e^xᵢ
/// ```
///
/// As an estimate of ln⟨eˣ⟩ from a sample it is biased downwards (Jensen), by about
/// var(eˣ) / (2n⟨eˣ⟩²). The empty array gives −∞.
///
/// - Complexity: O(n) time, no memory.
public func logMeanExp(_ values: [Double]) -> Double {
  values.isEmpty ? -.infinity : logSumExp(values) - log(Double(values.count))
}
