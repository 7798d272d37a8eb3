/// The mean of a stationary, correlated series, with its interval.
///
/// ```
/// m ± t(1 − α/2; n/g − 1) · s √(g/n)
/// ```
///
/// with s² the sample variance and g the statistical inefficiency. Unbiased mean; the standard error is
/// consistent and biased downwards by O(g/n). Unresolved with fewer than `minimum` effective samples, or
/// if the series does not vary. Source: Sokal 1997, "Monte Carlo methods in statistical mechanics",
/// section 2.
///
/// - Parameters:
///   - series: Consecutive values of one chain after warm-up, at least one, all finite.
///   - confidence: In (0, 1).
///   - minimum: The fewest effective samples that resolve a mean.
/// - Complexity: O(n · window length).
public func meanEstimate(
  of series: [Double], confidence: Double = 0.95, minimumEffectiveSampleSize minimum: Double = 10
) -> Estimate {
  let effective = Double(series.count) / statisticalInefficiency(of: series)
  return meanEstimate(
    mean: mean(of: series), variance: variance(of: series), effective: effective,
    confidence: confidence, minimum: minimum,
    method: "mean of one chain, statistical inefficiency by the initial monotone sequence")
}

/// The mean over several chains of equal length, with its interval.
///
/// ```
/// m ± t(1 − α/2; ESS − 1) · √(V̂⁺ / ESS)
/// ```
///
/// with the effective sample size of all chains together. Unresolved with fewer than `minimum` effective
/// samples, if R̂ is above `maximumScaleReduction` (the chains disagree), or if nothing varies.
/// Source: Vehtari et al. 2021, Bayesian Analysis 16, 667.
///
/// - Parameters:
///   - chains: One array a chain, all of the same length, at least 4.
///   - confidence: In (0, 1).
///   - minimum: The fewest effective samples that resolve a mean.
///   - maximumScaleReduction: The largest split R̂ at which chains may be averaged.
/// - Complexity: O(total · window length).
public func meanEstimate(
  of chains: [[Double]], confidence: Double = 0.95,
  minimumEffectiveSampleSize minimum: Double = 10, maximumScaleReduction: Double = 1.01
) -> Estimate {
  let effective = effectiveSampleSize(of: chains)
  let means = chains.map { mean(of: $0) }
  let length = Double(chains[0].count)
  let within = mean(of: chains.map { variance(of: $0) })
  let pooled = (length - 1) / length * within + variance(of: means)
  let estimate = meanEstimate(
    mean: mean(of: means), variance: pooled, effective: effective, confidence: confidence,
    minimum: minimum, method: "mean of \(chains.count) chains")
  let reduction = potentialScaleReduction(of: chains)
  if reduction > maximumScaleReduction {
    return estimate.unresolved(
      because: "the chains disagree: potential scale reduction \(rounded(reduction)), "
        + "more than \(maximumScaleReduction)")
  }
  return estimate
}

private func meanEstimate(
  mean: Double, variance: Double, effective: Double, confidence: Double, minimum: Double,
  method: String
) -> Estimate {
  var verdict = Estimate.Verdict.resolved
  if variance > 0, effective < minimum {
    verdict = .unresolved("\(rounded(effective)) effective samples, fewer than \(rounded(minimum))")
  }
  return Estimate(
    value: mean, standardError: (variance / effective).squareRoot(),
    degreesOfFreedom: Swift.max(1, effective - 1), confidence: confidence, method: method,
    effectiveSampleSize: effective, verdict: verdict)
}

/// Three decimals are enough for a reason.
private func rounded(_ value: Double) -> String {
  value.isFinite && abs(value) < 1e12 ? "\((value * 1000).rounded() / 1000)" : "\(value)"
}
