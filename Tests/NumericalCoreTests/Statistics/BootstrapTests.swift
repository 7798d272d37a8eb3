import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite struct BootstrapTests {
  let skewed = linearCongruential(200, seed: 3).map { exp(3 * $0) }
  let key = StreamKey(seed: 1, purpose: .bootstrap)

  // The jackknife formula in NumPy 2.4; levels with scipy.special 1.17.1.
  @Test func `acceleration and levels agree with NumPy`() {
    #expect(
      isClose(acceleration(of: skewed) { mean(of: $0) }, 0.014359641270532516, relative: 1e-9))
    #expect(
      isClose(acceleration(of: skewed) { variance(of: $0) }, 0.03091647399659671, relative: 1e-9))
    let draws = linearCongruential(999, seed: 5).sorted()
    let levels = biasCorrectedLevels(
      tail: 0.025, value: 0.03, sortedReplicates: draws, acceleration: 0.05)
    #expect(isClose(levels.low, 0.042443487778542566, relative: 1e-11))
    #expect(isClose(levels.high, 0.9877279786557186, relative: 1e-12))
  }

  // scipy.stats.bootstrap 1.17.1 with 200,000 resamples: BCa [1.19123, 1.50515], percentile [1.18440,
  // 1.49761]. A quantile of B replicates at level q has standard error √(q(1 − q)/B) / density; with a
  // standard deviation 0.08 of the replicates and B = 20,000 that is 0.0015.
  @Test func `intervals agree with SciPy`() {
    let corrected = bootstrap(skewed, replicates: 20_000, key: key) { mean(of: $0) }
    let plain = bootstrap(skewed, replicates: 20_000, interval: .percentile, key: key) {
      mean(of: $0)
    }
    let tolerance = zBound() * 0.0015
    #expect(abs(corrected.interval.lowerBound - 1.19123) < tolerance)
    #expect(abs(corrected.interval.upperBound - 1.50515) < tolerance)
    #expect(abs(plain.interval.lowerBound - 1.18440) < tolerance)
    #expect(abs(plain.interval.upperBound - 1.49761) < tolerance)
    #expect(corrected.value == mean(of: skewed) && corrected.isResolved)
    #expect(corrected.interval.lowerBound > plain.interval.lowerBound)
  }

  @Test func `the same key gives the same bits`() {
    let one = bootstrap(skewed, replicates: 100, key: key) { mean(of: $0) }
    let two = bootstrap(skewed, replicates: 100, key: key) { mean(of: $0) }
    let other = bootstrap(skewed, replicates: 100, key: StreamKey(seed: 2, purpose: .bootstrap)) {
      mean(of: $0)
    }
    #expect(one == two)
    #expect(one != other)
  }

  @Test func `what cannot be resolved says so`() {
    let constant = [Double](repeating: 2, count: 20)
    #expect(!bootstrap(constant, replicates: 50, key: key) { mean(of: $0) }.isResolved)
    #expect(!bootstrap([1, 2, 3], replicates: 50, key: key) { mean(of: $0) }.isResolved)
    #expect(!bootstrap([1], replicates: 50, key: key) { mean(of: $0) }.isResolved)
    #expect(!bootstrap(skewed, replicates: 50, key: key) { _ in .nan }.isResolved)
    #expect(!bootstrap(skewed, replicates: 50, key: key) { _ in .infinity }.isResolved)
  }

  // Coverage of the BCa interval of a mean of 50 exponential variables, whose skewness makes the
  // percentile interval fall short; theory gives 95 % + O(1/n), for which two percent are allowed.
  @Test func `intervals of a skewed mean cover`() {
    let seed = testSeed(9)
    let trials = 1000
    var covered = 0
    for trial in 0..<trials {
      var stream = RandomStream(seed: seed, purpose: .test, index: UInt64(trial))
      let sample = (0..<50).map { _ in -log(stream.uniform()) }
      let key = StreamKey(seed: seed, purpose: .bootstrap, index: UInt64(trial))
      let estimate = bootstrap(sample, replicates: 500, key: key) { mean(of: $0) }
      if estimate.interval.contains(1) { covered += 1 }
    }
    let low = binomialAcceptance(trials: trials, probability: 0.92).lowerBound
    let high = binomialAcceptance(trials: trials, probability: 0.97).upperBound
    #expect((low...high).contains(covered), "\(covered) of \(trials), seed \(seed)")
  }
}
