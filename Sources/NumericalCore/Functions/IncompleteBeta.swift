internal import Foundation

/// The regularised incomplete beta function and its complement.
///
/// ```
/// I(x; a, b) = 1/B(a, b) ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt      (a, b > 0, 0 ≤ x ≤ 1)
/// ```
///
/// Continued fraction (NIST DLMF 8.17.22), on the side where it converges fast; the density is
/// Loader's (2000), which keeps its digits for large a + b. `complement` is 1 − x, given apart so
/// that x close to 1 loses nothing.
///
/// - Complexity: O(√max(a, b)).
package func incompleteBeta(
  _ x: Double, complement: Double, _ a: Double, _ b: Double
) -> (lower: Double, upper: Double) {
  precondition(a > 0 && b > 0 && x >= 0 && complement >= 0, "incomplete beta function")
  if x == 0 { return (0, 1) }
  if complement == 0 { return (1, 0) }
  if x <= (a + 1) / (a + b + 2) {
    let lower = Swift.min(1, betaDensity(x, complement, a, b) * betaFraction(x, a, b) / a)
    return (lower, 1 - lower)
  }
  let upper = Swift.min(1, betaDensity(x, complement, a, b) * betaFraction(complement, b, a) / b)
  return (1 - upper, upper)
}

/// The value xᵃ (1 − x)ᵇ / B(a, b).
private func betaDensity(_ x: Double, _ complement: Double, _ a: Double, _ b: Double) -> Double {
  let n = a + b
  let exponent =
    stirlingError(n) - stirlingError(a) - stirlingError(b)
    - poissonDeviance(a, n * x) - poissonDeviance(b, n * complement)
  return exp(exponent) * (a * b / (2 * .pi * n)).squareRoot()
}

private func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
  let tiny = 1e-300
  func safe(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
  var c = 1.0
  var d = 1 / safe(1 - (a + b) * x / (a + 1))
  var h = d
  var m = 1.0
  while true {
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / safe(1 + even * d)
    c = safe(1 + even / c)
    h *= d * c
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / safe(1 + odd * d)
    c = safe(1 + odd / c)
    h *= d * c
    m += 1
    if abs(d * c - 1) < 1e-16 || m > 1e7 { return h }
  }
}
