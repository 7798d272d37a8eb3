import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite struct EffectiveSampleSizeTests {
  private func chains(_ coefficient: Double, _ length: Int, _ count: Int, shift: Double = 0)
    -> [[Double]]
  {
    (0..<count).map {
      autoregressive(length, coefficient, seed: UInt64(7 + $0), shift: shift * Double($0))
    }
  }

  // ArviZ 0.23.4: az.ess(method: mean, bulk), az.rhat(method: split, rank).
  @Test func `chains agree with ArviZ`() {
    let reference: [([[Double]], Double, Double, Double, Double)] = [
      (
        chains(0.6, 101, 4), 88.4678451805791, 87.70759042039685, 1.0590624978024474,
        1.0590788249884249
      ),
      (
        chains(0.9, 400, 3, shift: 0.2), 31.12005139096549, 29.634824996092778,
        1.1317541713603623, 1.1345489148561645
      ),
      (chains(-0.5, 50, 2), 200, 200, 0.9932831933760189, 1.0035396371760579),
    ]
    for (chains, plain, bulk, split, rank) in reference {
      #expect(isClose(effectiveSampleSize(of: chains), plain, relative: 1e-10))
      #expect(isClose(effectiveSampleSize(of: chains, rankNormalised: true), bulk, relative: 1e-9))
      #expect(isClose(potentialScaleReduction(of: chains), split, relative: 1e-12))
      #expect(
        isClose(potentialScaleReduction(of: chains, rankNormalised: true), rank, relative: 1e-10))
    }
  }

  // ArviZ 0.23.4 and emcee's formula in NumPy 2.4.
  @Test func `one series agrees with ArviZ and emcee`() {
    let series = autoregressive(1000, 0.3, seed: 7)
    #expect(
      isClose(statisticalInefficiency(of: series), 1000 / 495.47723975929705, relative: 1e-10))
    #expect(
      isClose(
        statisticalInefficiency(of: series, window: .selfConsistent(5)), 2.278555529603973,
        relative: 1e-10))
    #expect(isClose(effectiveSampleSize(of: [series]), 501.3574394528521, relative: 1e-10))
    let rho = autocorrelation(of: series, maximumLag: 3)
    for (value, expected) in zip(
      rho, [1, 0.2728845146693944, 0.09872533299309276, 0.03619423447194586])
    {
      #expect(isClose(value, expected, relative: 1e-11))
    }
  }

  // g = (1 + φ)/(1 − φ). Madras and Sokal 1988, eq. A.13: var(ĝ) ≈ 2(2M + 1) g² / n at window M. The
  // distribution is not known, so the band is the asymptotic z bound with M = 5g, plus the tail
  // e^(−5 · 2) that the window cuts off.
  @Test(arguments: [-0.4, 0, 0.5, 0.9])
  func `autoregressive series have the known inefficiency`(coefficient: Double) {
    let seed = testSeed(31)
    var stream = RandomStream(seed: seed, purpose: .test)
    let n = 200_000
    let exact = (1 + coefficient) / (1 - coefficient)
    let scale = (1 - coefficient * coefficient).squareRoot()
    var x = stream.normal()
    let series = (0..<n).map { _ in
      x = coefficient * x + scale * stream.normal()
      return x
    }
    let window = Swift.max(5 * exact, 4)
    let error = (2 * (2 * window + 1) / Double(n)).squareRoot() * Swift.max(exact, 1)
    // The self-consistent window closes too early on antithetic series, as documented.
    let windows: [AutocorrelationWindow] =
      coefficient < 0 ? [.initialMonotone] : [.initialMonotone, .selfConsistent(5)]
    for choice in windows {
      let g = statisticalInefficiency(of: series, window: choice)
      #expect(abs(g - exact) <= zBound() * error, "\(choice): \(g), not \(exact); seed \(seed)")
    }
    // The mutant: correlation ignored.
    if coefficient == 0.9 { #expect(abs(1 - exact) > zBound() * error) }
  }

  @Test func `stuck chains are worth one sample`() {
    #expect(statisticalInefficiency(of: [Double](repeating: 0.1, count: 50)) == 50)
    #expect(statisticalInefficiency(of: [1, 2]) == 2)
    #expect(effectiveSampleSize(of: [[Double](repeating: 3, count: 50)]) == 1)
    let apart = [[Double](repeating: 1, count: 50), [Double](repeating: 2, count: 50)]
    #expect(potentialScaleReduction(of: apart) == .infinity)
    #expect(potentialScaleReduction(of: [[2, 2, 2, 2]]) == 1)
    #expect(autocorrelation(of: [2, 2, 2, 2], maximumLag: 2) == [1, 0, 0])
    // Two well-mixed chains in different places are two samples, about.
    let separate = chains(0, 400, 2, shift: 100)
    #expect(effectiveSampleSize(of: separate) < 6)
    #expect(potentialScaleReduction(of: separate) > 10)
  }

  @Test func `log weights`() {
    #expect(isClose(effectiveSampleSize(ofLogWeights: [5, 5, 5, 5]), 4))
    #expect(isClose(effectiveSampleSize(ofLogWeights: [0, -1000, -2000]), 1))
    #expect(effectiveSampleSize(ofLogWeights: []) == 0)
    #expect(effectiveSampleSize(ofLogWeights: [-.infinity]) == 0)
    let values = linearCongruential(200, seed: 3).map { 3 * $0 + 1e4 }
    #expect(isClose(effectiveSampleSize(ofLogWeights: values), 117.00210954015867, relative: 1e-10))
  }

  @Test func `means carry intervals and verdicts`() {
    let series = autoregressive(1000, 0.3, seed: 7)
    let estimate = meanEstimate(of: series)
    #expect(estimate.isResolved)
    #expect(isClose(estimate.effectiveSampleSize, 495.47723975929705, relative: 1e-10))
    let error = (variance(of: series) / estimate.effectiveSampleSize).squareRoot()
    let t = studentQuantile(0.975, degreesOfFreedom: estimate.effectiveSampleSize - 1)
    #expect(isClose(estimate.interval.upperBound - estimate.value, t * error, relative: 1e-10))
    #expect(!meanEstimate(of: [1, 1, 1, 1, 1]).isResolved)
    #expect(!meanEstimate(of: [1]).isResolved)
    #expect(!meanEstimate(of: (0..<100).map { Double($0) }).isResolved)
    #expect(!meanEstimate(of: chains(0, 400, 2, shift: 100)).isResolved)
    for bad in [Double.nan, .infinity] {
      var broken = series
      broken[500] = bad
      let estimate = meanEstimate(of: broken)
      #expect(!estimate.isResolved && !estimate.value.isNaN)
      #expect(!meanEstimate(of: [broken, series]).isResolved)
    }
    #expect(meanEstimate(of: chains(0, 4000, 4)).isResolved)
  }

  // The 95 % interval of the mean of a correlated series covers at the stated rate. The exact binomial
  // band is widened by the 2 % by which Student's law with an estimated g may err.
  @Test func `mean intervals cover`() {
    let seed = testSeed(5)
    let trials = 2000
    var covered = 0
    var naive = 0
    for trial in 0..<trials {
      var stream = RandomStream(seed: seed, purpose: .test, index: UInt64(trial))
      var x = stream.normal()
      let series = (0..<1000).map { _ in
        x = 0.8 * x + 0.6 * stream.normal()
        return x
      }
      if meanEstimate(of: series).interval.contains(0) { covered += 1 }
      let error = 1.96 * (variance(of: series) / 1000).squareRoot()
      if abs(mean(of: series)) <= error { naive += 1 }
    }
    let low = binomialAcceptance(trials: trials, probability: 0.93).lowerBound
    let high = binomialAcceptance(trials: trials, probability: 0.97).upperBound
    #expect((low...high).contains(covered), "\(covered) of \(trials), seed \(seed)")
    // The mutant: correlation ignored.
    #expect(!(low...high).contains(naive), "the naive interval must fail, seed \(seed)")
  }
}
