internal import Foundation

/// The logarithm of a sum of two exponentials.
///
/// ```
/// ln(eᵃ + eᵇ) = m + ln(1 + e^(−|a − b|)),   m = max(a, b)
/// ```
///
/// Relative error of the order of the rounding of the arguments; never overflows. −∞ stands for the
/// logarithm of zero. Exact in the sense of having no statistical error.
///
/// - Complexity: O(1).
public func logAddExp(_ a: Double, _ b: Double) -> Double {
  // Equal infinities have no difference.
  if a == b { return a + 0.693_147_180_559_945_3 }
  let high = Swift.max(a, b)
  if a.isNaN || b.isNaN { return .nan }
  return high + log1p(exp(-abs(a - b)))
}

/// The logarithm of 1 + eˣ: minus the free energy of a unit 0/1 in the field x.
///
/// ```
/// softplus(x) = ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)
/// ```
///
/// The second form neither overflows for large x nor loses the small value for very negative x, as
/// the first does.
///
/// - Complexity: O(1).
public func softplus(_ x: Double) -> Double {
  (x > 0 ? x : 0) + log1p(exp(-abs(x)))
}

/// The probability that a unit 0/1 in the field x is 1.
///
/// ```
/// σ(x) = 1 / (1 + e⁻ˣ)
/// ```
///
/// - Complexity: O(1).
public func logistic(_ x: Double) -> Double {
  // For negative x the textbook form would divide by an overflow and lose nothing but speed; this
  // form is also exact to the rounding where σ(x) is tiny.
  let e = exp(-abs(x))
  return x >= 0 ? 1 / (1 + e) : e / (1 + e)
}

/// The field at which a unit 0/1 is 1 with probability p.
///
/// ```
/// logit(p) = ln p − ln(1 − p)
/// ```
///
/// −∞ at 0 and +∞ at 1; p must be in [0, 1].
///
/// - Complexity: O(1).
public func logit(_ p: Double) -> Double {
  precondition(p >= 0 && p <= 1, "logit of \(p), which is no probability")
  // Around 1/2 the difference of the logarithms cancels; 2p − 1 is exact there.
  if abs(p - 0.5) < 0.25 { return 2 * atanh(2 * p - 1) }
  return log(p) - log1p(-p)
}

/// The logarithm of the hyperbolic cosine: minus the free energy of a spin ±1 in the field x, less
/// ln 2.
///
/// ```
/// ln cosh x = |x| + ln(1 + e^(−2|x|)) − ln 2
/// ```
///
/// Near zero, where that form cancels, it is computed as ½ ln(1 + sinh² x).
///
/// - Complexity: O(1).
public func logCosh(_ x: Double) -> Double {
  let size = abs(x)
  if size < 1 {
    let s = sinh(size)
    return 0.5 * log1p(s * s)
  }
  return size + log1p(exp(-2 * size)) - 0.693_147_180_559_945_3
}
