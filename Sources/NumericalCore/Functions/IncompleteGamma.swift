internal import Foundation

/// The error of Stirling's formula, the part of ln Γ(n + 1) that does not cancel.
///
/// ```
/// δ(n) = ln Γ(n + 1) − (n + ½) ln n + n − ½ ln 2π = 1/12n − 1/360n³ + …      (n > 0)
/// ```
///
/// Differences of ln Γ lose nine digits at n = 10⁶; the densities below are built from δ instead
/// (Loader 2000, "Fast and accurate computation of binomial probabilities").
func stirlingError(_ n: Double) -> Double {
  if n < 16 {
    return logGamma(n + 1) - (n + 0.5) * log(n) + n - 0.918_938_533_204_672_74
  }
  let s = 1 / (n * n)
  let tail = 1.0 / 1680 - s * (1.0 / 1188 - s * (691.0 / 360_360 - s / 156))
  return (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * tail))) / n
}

/// The deviance x ln(x/m) + m − x, without cancellation where x ≈ m (Loader 2000).
func poissonDeviance(_ x: Double, _ m: Double) -> Double {
  if x == 0 { return m }
  if abs(x - m) < 0.1 * (x + m) {
    let v = (x - m) / (x + m)
    var sum = (x - m) * v
    var term = 2 * x * v
    var odd = 3.0
    while true {
      term *= v * v
      let next = sum + term / odd
      if next == sum { return next }
      sum = next
      odd += 2
    }
  }
  return x * log(x / m) + m - x
}

/// The logarithm of the gamma function for positive arguments.
package func logGamma(_ x: Double) -> Double {
  // The C function also writes a global sign; this overlay calls the one that does not.
  let (value, _): (Double, Int) = lgamma(x)
  return value
}

/// The regularised incomplete gamma functions.
///
/// ```
/// P(a, x) = 1/Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt,   Q(a, x) = 1 − P(a, x)      (a > 0, x ≥ 0)
/// ```
///
/// Series (NIST DLMF 8.11.4) below x = a + 1, the even part of the continued fraction 8.9.2 above.
///
/// - Complexity: O(√a) near x = a.
package func incompleteGamma(shape a: Double, _ x: Double) -> (lower: Double, upper: Double) {
  precondition(a > 0 && x >= 0, "incomplete gamma function of shape \(a) at \(x)")
  if x == 0 { return (0, 1) }
  if x == .infinity { return (1, 0) }
  // xᵃ e⁻ˣ / Γ(a + 1), as a Poisson probability.
  let density = exp(-stirlingError(a) - poissonDeviance(a, x)) / (2 * .pi * a).squareRoot()
  if x < a + 1 {
    var term = 1.0
    var sum = 1.0
    var n = a
    repeat {
      n += 1
      term *= x / n
      sum += term
    } while term > sum * 1e-17
    let lower = Swift.min(1, density * sum)
    return (lower, 1 - lower)
  }
  // Modified Lentz.
  let tiny = 1e-300
  var b = x + 1 - a
  var c = 1 / tiny
  var d = 1 / b
  var h = d
  var n = 1.0
  while true {
    let numerator = -n * (n - a)
    b += 2
    d = numerator * d + b
    d = 1 / (abs(d) < tiny ? tiny : d)
    c = b + numerator / c
    if abs(c) < tiny { c = tiny }
    h *= d * c
    n += 1
    if abs(d * c - 1) < 1e-16 || n > 1e7 { break }
  }
  let upper = Swift.min(1, density * a * h)
  return (1 - upper, upper)
}
