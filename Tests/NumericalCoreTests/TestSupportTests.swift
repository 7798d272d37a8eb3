import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite struct TestSupportTests {
  @Test func `binomial acceptance is the smallest exact interval`() {
    for (trials, probability, alpha) in [
      (10, 0.3, 0.05), (1000, 0.5, 1e-9), (100_000, 1e-4, 1e-9), (7, 0.99, 0.2), (50, 0.0, 0.1),
      (50, 1.0, 0.1), (0, 0.4, 0.1),
    ] {
      let range = binomialAcceptance(trials: trials, probability: probability, alpha: alpha)
      func below(_ k: Int) -> Double {
        binomialTails(k - 1, trials: trials, probability: probability).lower
      }
      func above(_ k: Int) -> Double {
        binomialTails(k, trials: trials, probability: probability).upper
      }
      #expect(below(range.lowerBound) <= alpha / 2 && above(range.upperBound) <= alpha / 2)
      #expect(range.lowerBound == trials || below(range.lowerBound + 1) > alpha / 2)
      #expect(range.upperBound == 0 || above(range.upperBound - 1) > alpha / 2)
    }
    // By hand: of two fair coins, no heads has probability 1/4.
    #expect(binomialAcceptance(trials: 2, probability: 0.5, alpha: 0.51) == 1...1)
    #expect(binomialAcceptance(trials: 2, probability: 0.5, alpha: 0.49) == 0...2)
  }

  @Test func `bounds are what their formulas say`() {
    #expect(isClose(hoeffdingBound(samples: 200, alpha: 2 * exp(-4)), 0.1))
    #expect(isClose(hoeffdingBound(samples: 200, range: -1...1, alpha: 2 * exp(-4)), 0.2))
    #expect(isClose(dkwBound(samples: 200, alpha: 2 * exp(-4)), 0.1))
    #expect(isClose(zBound(alpha: 0.05), 1.959963984540054))
    #expect(isClose(zBound(), 6.109410204869, relative: 1e-9))
    #expect(isClose(chiSquareBound(degreesOfFreedom: 255), 414.5450396641992, relative: 1e-11))
    // The case worked in the literature notes: 16 equal states, 10,000 samples, α = 1e-6.
    let bound = totalVariationBound(
      probabilities: [Double](repeating: 1.0 / 16, count: 16), samples: 10_000, alpha: 1e-6)
    let expected = 8 * (15.0 / 256 / 10_000).squareRoot() + (log(1e6) / 20_000).squareRoot()
    #expect(isClose(bound, expected))
  }

  @Test func `distances are what their formulas say`() {
    #expect(isClose(totalVariation(counts: [1, 3], probabilities: [0.5, 0.5]), 0.25))
    #expect(isClose(pearsonChiSquare(counts: [1, 3], probabilities: [0.5, 0.5]), 1))
    #expect(isClose(kolmogorovDistance([0.5]) { $0 }, 0.5))
    #expect(
      isClose(kolmogorovDistance([0.9, 0.1, 0.5]) { $0 }, 0.1 + 1.0 / 3 - 1.0 / 6, absolute: 0.1))
    #expect(isClose(kolmogorovDistance([0.25, 0.75]) { $0 }, 0.25))
  }

  // Bounds must hold at their rate and have power: with α = 0.05 in 2000 experiments, at most about
  // 100 alarms without a defect, and nearly all with one.
  @Test func `false alarms and power`() {
    let seed = testSeed(3)
    let experiments = 2000
    let probabilities = [0.1, 0.2, 0.3, 0.4]
    let wrong = [0.13, 0.17, 0.3, 0.4]
    var alarms = (counts: 0, variation: 0, distribution: 0, mean: 0)
    var detected = (counts: 0, distribution: 0, mean: 0)
    for experiment in 0..<experiments {
      var stream = RandomStream(seed: seed, purpose: .test, index: UInt64(experiment))
      var counts = [0, 0, 0, 0]
      let draws = (0..<2000).map { _ in stream.uniform() }
      for u in draws { counts[u < 0.1 ? 0 : u < 0.3 ? 1 : u < 0.6 ? 2 : 3] += 1 }
      let bound = totalVariationBound(probabilities: probabilities, samples: 2000, alpha: 0.05)
      if totalVariation(counts: counts, probabilities: probabilities) > bound {
        alarms.variation += 1
      }
      if countsViolation(counts, probabilities: probabilities, alpha: 0.05) != nil {
        alarms.counts += 1
      }
      if countsViolation(counts, probabilities: wrong, alpha: 0.05) != nil { detected.counts += 1 }
      if kolmogorovDistance(draws, { $0 }) > dkwBound(samples: 2000, alpha: 0.05) {
        alarms.distribution += 1
      }
      if kolmogorovDistance(draws, { $0 * $0 }) > dkwBound(samples: 2000, alpha: 0.05) {
        detected.distribution += 1
      }
      let offset = abs(mean(of: draws) - 0.5)
      if offset > hoeffdingBound(samples: 2000, alpha: 0.05) { alarms.mean += 1 }
      if abs(mean(of: draws) - 0.45) > hoeffdingBound(samples: 2000, alpha: 0.05) {
        detected.mean += 1
      }
    }
    let most = binomialAcceptance(trials: experiments, probability: 0.05).upperBound
    let mostOfTwo = binomialAcceptance(trials: experiments, probability: 0.1).upperBound
    #expect(alarms.variation <= most && alarms.distribution <= most, "seed \(seed)")
    #expect(alarms.mean <= most && alarms.counts <= mostOfTwo, "seed \(seed)")
    #expect(alarms.distribution > 0, "the bound of Massart is nearly sharp, seed \(seed)")
    #expect(detected.counts > 1800, "\(detected.counts), seed \(seed)")
    #expect(detected.distribution == experiments && detected.mean > 1800, "seed \(seed)")
  }

  @Test func `expectations record what violates them`() {
    withKnownIssue { expectCounts([900, 100], probabilities: [0.5, 0.5], seed: 0) }
    withKnownIssue {
      expectDistribution((0..<1000).map { Double($0) / 2000 }, seed: 0) { $0 }
    }
    withKnownIssue {
      expectMean([Double](repeating: 0.1, count: 1000), in: 0...1, equals: 0.5, seed: 0)
    }
    withKnownIssue { expectMean([2], in: 0...1, equals: 0.5, seed: 0) }
    withKnownIssue { expectMean([.nan], in: 0...1, equals: 0.5, seed: 0) }
    expectCounts([505, 495], probabilities: [0.5, 0.5], seed: 0)
    expectDistribution((0..<1000).map { Double($0) / 1000 }, seed: 0) { $0 }
    expectMean([Double](repeating: 0.5, count: 1000), in: 0...1, equals: 0.5, seed: 0)
  }

  @Test func `closeness`() {
    #expect(isClose(.infinity, .infinity) && !isClose(.infinity, -.infinity))
    #expect(!isClose(.infinity, 1) && !isClose(.nan, .nan) && !isClose(0, 1e-300))
    #expect(isClose(0, 1e-300, absolute: 1e-200) && isClose(1, 1 + 1e-13) && !isClose(1, 1 + 1e-11))
  }

  @Test func `folders`() throws {
    #expect(
      FileManager.default.fileExists(
        atPath: packageRoot.appendingPathComponent("Package.swift").path))
    let folder = try temporaryDirectory { folder in
      try Data([1]).write(to: folder.appendingPathComponent("file"))
      return folder
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path))
  }
}
