internal import Foundation

/// How the distribution of bootstrap replicates becomes an interval.
public enum BootstrapInterval: String, Sendable {
  /// Quantiles of the replicates; first-order accurate.
  case percentile
  /// Quantiles corrected for the bias and the skewness of the statistic; second-order accurate.
  case biasCorrectedAccelerated
}

/// The value of a statistic of independent samples, with a bootstrap interval.
///
/// ```
/// percentile:  θ*(α/2) ... θ*(1 − α/2)
/// BCa:         θ*(Φ(z₀ + (z₀ + z) / (1 − a(z₀ + z)))) at z = Φ⁻¹(α/2), Φ⁻¹(1 − α/2)
/// z₀ = Φ⁻¹(#{θ* < θ̂} / B),   a = Σ uᵢ³ / 6 (Σ uᵢ²)^(3/2),   uᵢ = θ̂₍.₎ − θ̂₍ᵢ₎
/// ```
///
/// θ* are the statistic of B resamples with replacement, θ̂₍ᵢ₎ the jackknife. Beyond 500 samples the
/// jackknife leaves out 500 interleaved groups, one at a time, instead of single samples. The value is
/// the statistic of the samples themselves, with the bias it has. Samples must be independent: thin or
/// block correlated ones first. The same key gives the same bits.
/// Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", eqs. 14.9, 14.10, 14.14, 14.15.
///
/// - Parameters:
///   - samples: At least one value.
///   - statistic: A function of a sample of any size; NaN or infinite replicates make the estimate
///     unresolved.
///   - replicates: B, at least 2; BCa wants 1000 or more.
///   - confidence: 1 − α, in (0, 1).
///   - kind: How the replicates become an interval.
///   - key: The random stream of the resamples.
/// - Returns: An estimate with `samples.count` as its effective sample size; unresolved with fewer than
///   ten samples, or if the replicates do not vary.
/// - Complexity: B + min(n, 500) calls of `statistic`.
public func bootstrap(
  _ samples: [Double], replicates: Int = 2000, confidence: Double = 0.95,
  interval kind: BootstrapInterval = .biasCorrectedAccelerated, key: StreamKey,
  statistic: ([Double]) -> Double
) -> Estimate {
  precondition(!samples.isEmpty && replicates >= 2, "\(replicates) resamples of \(samples.count)")
  precondition(confidence > 0 && confidence < 1, "the confidence \(confidence)")
  let n = samples.count
  let value = statistic(samples)
  let method =
    kind == .percentile
    ? "bootstrap, percentiles of \(replicates) replicates"
    : "bootstrap, bias-corrected and accelerated, \(replicates) replicates"

  var stream = RandomStream(key)
  var resample = samples
  var draws: [Double] = []
  draws.reserveCapacity(replicates)
  for _ in 0..<replicates {
    for index in 0..<n { resample[index] = samples[stream.index(below: n)] }
    draws.append(statistic(resample))
  }
  guard value.isFinite, draws.allSatisfy(\.isFinite) else {
    return .unresolved(
      "the statistic is not finite for every resample", value: value.isFinite ? value : 0,
      method: method, effectiveSampleSize: Double(n))
  }
  draws.sort()

  let tail = (1 - confidence) / 2
  var levels = (low: tail, high: 1 - tail)
  if kind == .biasCorrectedAccelerated {
    levels = biasCorrectedLevels(
      tail: tail, value: value, sortedReplicates: draws,
      acceleration: acceleration(of: samples, statistic))
  }
  var verdict = Estimate.Verdict.resolved
  if !varies(draws) {
    verdict = .unresolved("the statistic is the same for every resample")
  } else if n < 10 {
    verdict = .unresolved("\(n) samples, fewer than 10")
  }
  return Estimate(
    value: value,
    interval: quantile(levels.low, ofSorted: draws)...quantile(levels.high, ofSorted: draws),
    confidence: confidence, method: method, effectiveSampleSize: Double(n), verdict: verdict)
}

/// The quantile levels of the bias-corrected and accelerated interval.
package func biasCorrectedLevels(
  tail: Double, value: Double, sortedReplicates: [Double], acceleration: Double
) -> (low: Double, high: Double) {
  let count = Double(sortedReplicates.count)
  let below = Double(sortedReplicates.count(where: { $0 < value }))
  let equal = Double(sortedReplicates.count(where: { $0 == value }))
  // Ties count half, as a discrete statistic needs; all on one side would put z₀ at infinity.
  let share = Swift.min(Swift.max((below + 0.5 * equal) / count, 0.5 / count), 1 - 0.5 / count)
  let shift = normalQuantile(share)
  func level(_ probability: Double) -> Double {
    let z = shift + normalQuantile(probability)
    let denominator = 1 - acceleration * z
    // Beyond its pole the transformation would turn back.
    guard denominator > 0 else { return z < 0 ? 0 : 1 }
    return normalDistribution(shift + z / denominator)
  }
  let low = level(tail)
  let high = level(1 - tail)
  return (Swift.min(low, high), Swift.max(low, high))
}

/// The acceleration a, a sixth of the skewness of the jackknife influences.
package func acceleration(of samples: [Double], _ statistic: ([Double]) -> Double) -> Double {
  let groups = Swift.min(samples.count, 500)
  guard groups > 1 else { return 0 }
  let left = (0..<groups).map { group in
    statistic(samples.indices.filter { $0 % groups != group }.map { samples[$0] })
  }
  guard left.allSatisfy(\.isFinite) else { return 0 }
  let centre = mean(of: left)
  var second = 0.0
  var third = 0.0
  for value in left {
    let u = centre - value
    second += u * u
    third += u * u * u
  }
  return second > 0 ? third / (6 * second * second.squareRoot()) : 0
}
