#if canImport(Testing)
  package import Testing

  /// Expects that independent samples fell into bins with the given probabilities.
  ///
  /// Each count must lie in its exact binomial interval at α/m, and the frequencies must lie within the
  /// proved total-variation bound; so correct code fails with probability at most 2α.
  package func expectCounts(
    _ counts: [Int], probabilities: [Double], seed: UInt64, alpha: Double = defaultAlpha,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let violation = countsViolation(counts, probabilities: probabilities, alpha: alpha)
    if let violation {
      Issue.record("\(violation) (seed \(seed), α \(alpha))", sourceLocation: sourceLocation)
    }
  }

  /// Expects that independent samples follow a continuous distribution function.
  ///
  /// The threshold is Massart's; correct code fails with probability at most α.
  package func expectDistribution(
    _ samples: [Double], seed: UInt64, alpha: Double = defaultAlpha,
    sourceLocation: SourceLocation = #_sourceLocation, _ distribution: (Double) -> Double
  ) {
    let distance = kolmogorovDistance(samples, distribution)
    let bound = dkwBound(samples: samples.count, alpha: alpha)
    if !(distance <= bound) {
      Issue.record(
        "Kolmogorov distance \(distance) of \(samples.count) samples exceeds \(bound) (seed \(seed))",
        sourceLocation: sourceLocation)
    }
  }

  /// Expects that the mean of independent samples in `range` is what it should be.
  ///
  /// The threshold is Hoeffding's; correct code fails with probability at most α.
  package func expectMean(
    _ samples: [Double], in range: ClosedRange<Double>, equals expected: Double, seed: UInt64,
    alpha: Double = defaultAlpha, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let mean = samples.reduce(0, +) / Double(samples.count)
    let bound = hoeffdingBound(samples: samples.count, range: range, alpha: alpha)
    if !(Swift.abs(mean - expected) <= bound) || !samples.allSatisfy(range.contains) {
      Issue.record(
        "mean \(mean) of \(samples.count) samples is not \(expected) ± \(bound) (seed \(seed))",
        sourceLocation: sourceLocation)
    }
  }
#endif

/// What is wrong with counts, or nil; see `expectCounts`.
package func countsViolation(
  _ counts: [Int], probabilities: [Double], alpha: Double = defaultAlpha
) -> String? {
  precondition(counts.count == probabilities.count, "\(counts.count) counts")
  let samples = counts.reduce(0, +)
  for (bin, pair) in zip(counts, probabilities).enumerated() {
    let accepted = binomialAcceptance(
      trials: samples, probability: pair.1, alpha: alpha / Double(counts.count))
    if !accepted.contains(pair.0) {
      return "bin \(bin) holds \(pair.0) of \(samples) samples, not within \(accepted)"
    }
  }
  let distance = totalVariation(counts: counts, probabilities: probabilities)
  let bound = totalVariationBound(probabilities: probabilities, samples: samples, alpha: alpha)
  return distance <= bound ? nil : "total variation \(distance) exceeds \(bound)"
}
