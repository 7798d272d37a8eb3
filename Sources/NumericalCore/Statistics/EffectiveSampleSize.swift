internal import Foundation

/// The effective number of independent samples in several chains of equal length.
///
/// ```
/// S = N M / τ̂,   τ̂ = −1 + 2 Σₖ P̂ₖ,   P̂ₖ = ρ̂(2k) + ρ̂(2k + 1)
/// ρ̂(t) = 1 − (W − ŝ²(t)) / V̂⁺
/// ```
///
/// with W the variance within chains, ŝ²(t) the mean autocovariance, V̂⁺ the variance including that
/// between chains, and P̂ Geyer's initial positive, monotone sequence. Chains are halved first, so that a
/// drift counts as disagreement. Consistent, not unbiased; never above S log₁₀ S. Chains that do not
/// vary at all are worth one sample together.
/// Source: Vehtari, Gelman, Simpson, Carpenter, Bürkner 2021, Bayesian Analysis 16, 667, section 3.2;
/// the letters are theirs. For drift and disagreement see ``potentialScaleReduction(of:rankNormalised:)``.
///
/// - Parameters:
///   - chains: One array a chain, all of the same length, at least 4.
///   - rankNormalised: Replace values by normal scores of their ranks first ("bulk" effective sample
///     size), which is right for any distribution, also without variance.
/// - Complexity: O(total · window length), O(total · log total) more if rank-normalised.
public func effectiveSampleSize(of chains: [[Double]], rankNormalised: Bool = false) -> Double {
  checkChains(chains)
  var halves = splitInHalves(chains)
  if rankNormalised { halves = normalScores(of: halves) }
  return geyerEffectiveSampleSize(of: halves)
}

/// The effective number of samples behind an average with importance weights.
///
/// ```
/// ESS = (Σ w)² / Σ w²,   w = e^logWeight
/// ```
///
/// n for equal weights and 1 when one dominates; 0 if there is no weight at all. It sees only the
/// weights that were drawn: a large value does not prove overlap.
/// Source: Kish 1965, "Survey Sampling", section 8.2; Kong 1992.
///
/// - Complexity: O(n).
public func effectiveSampleSize(ofLogWeights logWeights: [Double]) -> Double {
  let first = logSumExp(logWeights)
  guard first.isFinite else { return 0 }
  return exp(2 * first - logSumExp(logWeights.map { 2 * $0 }))
}

/// How far chains disagree: the potential scale reduction factor R̂ of halved chains.
///
/// ```
/// R̂ = √(V̂⁺ / W),   V̂⁺ = (N − 1)/N · W + B/N
/// ```
///
/// with B/N the variance of the means of the 2M halves and W the mean of their variances. Tends to 1 from
/// above when all chains sample one stationary distribution; above 1.01 they should not be averaged.
/// Rank-normalised it is the larger of the values for location and for scale (folded), and sees
/// disagreement also where there is no variance. 1 if nothing varies, ∞ if only the chains differ.
/// Source: Vehtari et al. 2021, Bayesian Analysis 16, 667, sections 3.1 and 4.1.
///
/// - Parameters:
///   - chains: One array a chain, all of the same length, at least 4.
///   - rankNormalised: Whether values are replaced by normal scores of their ranks first.
/// - Complexity: O(total), O(total · log total) if rank-normalised.
public func potentialScaleReduction(of chains: [[Double]], rankNormalised: Bool = false) -> Double {
  checkChains(chains)
  let halves = splitInHalves(chains)
  guard rankNormalised else { return plainScaleReduction(of: halves) }
  let median = quantile(0.5, of: halves.flatMap { $0 })
  let folded = halves.map { $0.map { abs($0 - median) } }
  return Swift.max(
    plainScaleReduction(of: normalScores(of: halves)),
    plainScaleReduction(of: normalScores(of: folded)))
}

private func checkChains(_ chains: [[Double]]) {
  let length = chains.first?.count ?? 0
  precondition(
    length >= 4 && chains.allSatisfy { $0.count == length },
    "\(chains.count) chains of lengths \(Set(chains.map(\.count)).sorted()); "
      + "they must be equal and at least 4")
}

/// First and second halves of all chains; the middle of an odd chain is dropped.
private func splitInHalves(_ chains: [[Double]]) -> [[Double]] {
  chains.flatMap { chain -> [[Double]] in
    let half = chain.count / 2
    return [Array(chain[..<half]), Array(chain[(chain.count - half)...])]
  }
}

private func plainScaleReduction(of chains: [[Double]]) -> Double {
  let n = Double(chains[0].count)
  let within = mean(of: chains.map { variance(of: $0) })
  let between = variance(of: chains.map { mean(of: $0) })
  guard within > 0 else { return between > 0 ? .infinity : 1 }
  return ((n - 1) / n + between / within).squareRoot()
}

/// The values' normal scores Φ⁻¹((r − 3/8) / (S + 1/4)), r being the rank among all, shared by ties.
private func normalScores(of chains: [[Double]]) -> [[Double]] {
  let values = chains.flatMap { $0 }
  let order = values.indices.sorted { values[$0] < values[$1] }
  var scores = [Double](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
    let rank = 0.5 * Double(start + 1 + end)
    let score = normalQuantile((rank - 0.375) / (Double(values.count) + 0.25))
    for index in start..<end { scores[order[index]] = score }
    start = end
  }
  var result: [[Double]] = []
  var next = 0
  for chain in chains {
    result.append(Array(scores[next..<next + chain.count]))
    next += chain.count
  }
  return result
}

/// The multi-chain effective sample size of chains as they are, not halved.
func geyerEffectiveSampleSize(of chains: [[Double]]) -> Double {
  let n = chains[0].count
  let total = Double(n * chains.count)
  guard varies(chains.flatMap { $0 }) else { return 1 }
  let centred = chains.map(centre)
  func covariance(_ lag: Int) -> Double {
    mean(of: centred.map { autocovariance($0, lag: lag) })
  }
  let plain = covariance(0)
  let within = plain * Double(n) / Double(n - 1)
  let pooled = plain + (chains.count > 1 ? variance(of: chains.map { mean(of: $0) }) : 0)
  func correlation(_ lag: Int) -> Double { 1 - (within - covariance(lag)) / pooled }

  // Geyer's initial positive sequence of sums of pairs. The last pair looked at is left out, but for its
  // even member if positive, which improves antithetic chains.
  var pairs = [1 + correlation(1)]
  var rest = 0.0
  var lag = 2
  while lag < n - 2, (pairs.last ?? 0) > 0 {
    let even = correlation(lag)
    pairs.append(even + correlation(lag + 1))
    rest = Swift.max(0, even)
    lag += 2
  }
  if pairs.count > 1 { pairs.removeLast() }

  // Its monotone version.
  var sum = 0.0
  var smallest = Double.infinity
  for pair in pairs {
    smallest = Swift.min(smallest, pair)
    sum += smallest
  }
  let tau = Swift.max(-1 + 2 * sum + rest, 1 / log10(total))
  return Swift.max(1, total / tau)
}
