internal import Foundation
internal import NumericalCore

// Thresholds of statistical tests, derived from the false-alarm rate alpha of one assertion. No test
// writes a factor by hand.

/// The false-alarm rate of one assertion, unless a test says otherwise.
package let defaultAlpha = 1e-9

/// The counts that a binomial variable takes but with probability `alpha`, exactly.
///
/// ```
/// P(K < low) ≤ α/2,   P(K > high) ≤ α/2,   and the range is the smallest with both
/// ```
package func binomialAcceptance(
  trials: Int, probability: Double, alpha: Double = defaultAlpha
) -> ClosedRange<Int> {
  checkAlpha(alpha)
  precondition(trials >= 0, "\(trials) trials")
  // The smallest k with P(K ≤ k) > α/2, and the smallest with P(K > k) ≤ α/2.
  let low = smallest(below: trials) {
    binomialTails($0, trials: trials, probability: probability).lower > alpha / 2
  }
  let high = smallest(below: trials) {
    binomialTails($0, trials: trials, probability: probability).upper <= alpha / 2
  }
  return low...Swift.max(low, high)
}

/// The smallest k up to `end` for which a monotone condition holds; it holds at the end.
private func smallest(below end: Int, _ condition: (Int) -> Bool) -> Int {
  var low = 0
  var high = end
  while low < high {
    let middle = (low + high) / 2
    if condition(middle) { high = middle } else { low = middle + 1 }
  }
  return low
}

/// How far the mean of independent bounded samples strays from its expectation but with probability
/// `alpha`.
///
/// ```
/// |m − μ| ≤ (b − a) √(ln(2/α) / 2n)
/// ```
///
/// Source: Hoeffding 1963, Journal of the American Statistical Association 58, 13, theorem 2.
package func hoeffdingBound(
  samples: Int, range: ClosedRange<Double> = 0...1, alpha: Double = defaultAlpha
) -> Double {
  checkAlpha(alpha)
  precondition(samples > 0, "\(samples) samples")
  return (range.upperBound - range.lowerBound)
    * (log(2 / alpha) / (2 * Double(samples))).squareRoot()
}

/// How far the empirical distribution function of independent samples strays from the true one but
/// with probability `alpha`.
///
/// ```
/// sup |Fₙ − F| ≤ √(ln(2/α) / 2n)
/// ```
///
/// Source: Massart 1990, Annals of Probability 18, 1269, corollary 1 (Dvoretzky, Kiefer, Wolfowitz).
package func dkwBound(samples: Int, alpha: Double = defaultAlpha) -> Double {
  hoeffdingBound(samples: samples, alpha: alpha)
}

/// How far empirical frequencies of independent samples stray from the probabilities, in total
/// variation, but with probability `alpha`.
///
/// ```
/// ½ Σ |fᵢ − pᵢ| ≤ ½ Σ √(pᵢ(1 − pᵢ)/n) + √(ln(1/α) / 2n)
/// ```
///
/// The first term bounds the expectation (Jensen), the second the excess (McDiarmid 1989, lemma 1.2:
/// one sample changes the distance by at most 1/n).
package func totalVariationBound(
  probabilities: [Double], samples: Int, alpha: Double = defaultAlpha
) -> Double {
  checkAlpha(alpha)
  precondition(samples > 0, "\(samples) samples")
  let n = Double(samples)
  let expectation = probabilities.reduce(0) { $0 + ($1 * (1 - $1) / n).squareRoot() } / 2
  return expectation + (log(1 / alpha) / (2 * n)).squareRoot()
}

/// How many standard errors an asymptotically normal estimate strays but with probability `alpha`.
///
/// ```
/// |z| ≤ −Φ⁻¹(α/2)
/// ```
///
/// Asymptotic: far in the tail a mean is normal only for many, light-tailed samples.
package func zBound(alpha: Double = defaultAlpha) -> Double {
  checkAlpha(alpha)
  return -normalQuantile(alpha / 2)
}

/// The value that Pearson's χ² exceeds with probability `alpha`.
///
/// Asymptotic: wants expected counts of hundreds for α = 1e-9.
package func chiSquareBound(degreesOfFreedom: Int, alpha: Double = defaultAlpha) -> Double {
  checkAlpha(alpha)
  return chiSquareQuantile(upperTail: alpha, degreesOfFreedom: Double(degreesOfFreedom))
}

/// The total variation distance ½ Σ |fᵢ − pᵢ| of frequencies counts/n from probabilities.
package func totalVariation(counts: [Int], probabilities: [Double]) -> Double {
  precondition(counts.count == probabilities.count, "\(counts.count) counts")
  let n = Double(counts.reduce(0, +))
  return zip(counts, probabilities).reduce(0) { $0 + abs(Double($1.0) / n - $1.1) } / 2
}

/// Pearson's χ² = Σ (kᵢ − n pᵢ)² / n pᵢ.
package func pearsonChiSquare(counts: [Int], probabilities: [Double]) -> Double {
  precondition(counts.count == probabilities.count, "\(counts.count) counts")
  let n = Double(counts.reduce(0, +))
  return zip(counts, probabilities).reduce(0) { sum, pair in
    let expected = n * pair.1
    return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
  }
}

/// The Kolmogorov distance sup |Fₙ − F| of samples from a continuous distribution function.
package func kolmogorovDistance(_ samples: [Double], _ distribution: (Double) -> Double) -> Double {
  let n = Double(samples.count)
  var distance = 0.0
  for (index, sample) in samples.sorted().enumerated() {
    let value = distribution(sample)
    distance = Swift.max(
      distance, abs(value - Double(index) / n), abs(Double(index + 1) / n - value))
  }
  return distance
}

private func checkAlpha(_ alpha: Double) {
  precondition(alpha > 0 && alpha < 1, "the false-alarm rate \(alpha)")
}
