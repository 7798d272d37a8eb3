internal import Foundation

/// The exact interval of a probability from a count of successes.
///
/// ```
/// low = B(α/2; k, n − k + 1),   high = B(1 − α/2; k + 1, n − k),   α = 1 − confidence
/// ```
///
/// with B the quantile of the beta distribution. Covers the true probability with at least the stated
/// confidence for every n and p, usually more (it is conservative, not unbiased).
/// Source: Clopper and Pearson 1934, Biometrika 26, 404.
///
/// - Parameters:
///   - successes: k, in `0 ... trials`.
///   - trials: n, at least 0; no trials give 0 ... 1.
///   - confidence: In (0, 1).
/// - Complexity: O(√n) times some tens of steps.
public func clopperPearsonInterval(
  successes: Int, trials: Int, confidence: Double = 0.95
) -> ClosedRange<Double> {
  precondition(
    successes >= 0 && successes <= trials && confidence > 0 && confidence < 1,
    "\(successes) successes of \(trials) at confidence \(confidence)")
  let tail = (1 - confidence) / 2
  let k = Double(successes)
  let n = Double(trials)
  let low = successes == 0 ? 0 : betaQuantile(tail, k, n - k + 1)
  let high = successes == trials ? 1 : 1 - betaQuantile(tail, n - k, k + 1)
  return low...Swift.max(low, high)
}

/// The binomial distribution function and its complement.
///
/// ```
/// P(K ≤ k) = I(1 − p; n − k, k + 1),   P(K > k) = I(p; k + 1, n − k)
/// ```
///
/// - Complexity: O(√n).
package func binomialTails(
  _ k: Int, trials n: Int, probability p: Double
) -> (lower: Double, upper: Double) {
  precondition(n >= 0 && p >= 0 && p <= 1, "binomial distribution of \(n) trials at \(p)")
  if k < 0 { return (0, 1) }
  if k >= n { return (1, 0) }
  let tails = incompleteBeta(p, complement: 1 - p, Double(k + 1), Double(n - k))
  return (lower: tails.upper, upper: tails.lower)
}
