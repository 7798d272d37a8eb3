import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@Suite struct ExponentialAverageTests {
  @Test func equalWeightsAreTheirValue() {
    let estimate = ExponentialAverage.estimate(logWeights: [Double](repeating: 3.25, count: 50))
    #expect(estimate.value == 3.25)
    #expect(estimate.isResolved && estimate.interval.contains(3.25))
    #expect(estimate.interval.upperBound - estimate.interval.lowerBound > 0)
  }

  @Test func valueIsTheLogarithmOfTheMean() {
    let weights = [1.0, 2, 4, 9].map { log($0) }
    #expect(
      isClose(ExponentialAverage.estimate(logWeights: weights).value, log(4), relative: 1e-14))
    // Shifts of any size come out again.
    let shifted = weights.map { $0 - 5000 }
    #expect(
      isClose(
        ExponentialAverage.estimate(logWeights: shifted).value, log(4) - 5000, relative: 1e-14))
  }

  @Test func whatCannotBeEstimatedIsUnresolved() {
    for weights in [[], [1], [1, .nan], [1, .infinity], [0, -.infinity]] as [[Double]] {
      #expect(!ExponentialAverage.estimate(logWeights: weights).isResolved)
    }
    // One weight carries everything.
    var dominated = [Double](repeating: 0, count: 500)
    dominated[7] = 30
    let estimate = ExponentialAverage.estimate(logWeights: dominated)
    #expect(!estimate.isResolved)
    #expect(estimate.value.isFinite && estimate.effectiveSampleSize < 2)
  }

  /// Works that do not vary say nothing of what was not drawn; a protocol without work does.
  @Test func equalWorksAreUnresolved() {
    let works = [Double](repeating: 2, count: 100)
    let difference = ExponentialAverage.freeEnergyDifference(works: works)
    #expect(!difference.isResolved && difference.value == 2)
    #expect(difference.estimate.interval.upperBound == .infinity)
  }

  @Test func workIsMinusTheLogarithmicWeight() {
    let works = (0..<100).map { sin(Double($0)) }
    let difference = ExponentialAverage.freeEnergyDifference(works: works)
    let average = ExponentialAverage.estimate(logWeights: works.map { -$0 })
    #expect(difference.value == -average.value)
    #expect(difference.estimate.interval.lowerBound == -average.interval.upperBound)
    #expect(difference.isResolved && difference.overlap == nil)
  }

  /// A hundred works, or sixteen averages of many, are enough where they vary little; infinite variance
  /// is refused.
  @Test func fewAreEnoughWhereTheySpreadLittle() {
    let works = (0..<100).map { 5 + 0.05 * sin(3 * Double($0)) }
    #expect(ExponentialAverage.estimate(logWeights: works).isResolved)
    #expect(!ExponentialAverage.estimate(logWeights: Array(works.dropLast())).isResolved)
    let averages = Array(works.prefix(16))
    #expect(ExponentialAverage.estimate(logWeights: averages, minimumCount: 16).isResolved)
    #expect(!ExponentialAverage.estimate(logWeights: averages, minimumCount: 17).isResolved)
    // P(w > t) = 1/t: no mean at all.
    let heavy = (1..<500).map { -log(Double($0) / 500) }
    #expect(!ExponentialAverage.estimate(logWeights: heavy).isResolved)
  }

  /// Gaussian work: ln⟨e^x⟩ = μ + s²/2.
  ///
  /// Where the verdict is resolved the 95 % interval must cover it (one-sided binomial acceptance at
  /// α = 1e-9: the union may be too long); an interval half as long must not.
  @Test(arguments: [(0.1, 100), (0.5, 100), (1.0, 400), (1.5, 1000)])
  func intervalsCoverGaussianWork(_ deviation: Double, _ count: Int) {
    let seed = testSeed(13)
    let repeats = 4000
    var covered = 0
    var coveredByShort = 0
    var resolved = 0
    let truth = 2 + deviation * deviation / 2
    for trial in 0..<repeats {
      var random = RandomStream(seed: seed, purpose: .test, index: UInt64(trial))
      let weights = (0..<count).map { _ in 2 + deviation * random.normal() }
      let estimate = ExponentialAverage.estimate(logWeights: weights)
      guard estimate.isResolved else { continue }
      resolved += 1
      let (low, high) = (estimate.interval.lowerBound, estimate.interval.upperBound)
      if low <= truth, truth <= high { covered += 1 }
      let value = estimate.value
      if value + (low - value) / 2 <= truth, truth <= value + (high - value) / 2 {
        coveredByShort += 1
      }
    }
    let least = binomialAcceptance(trials: resolved, probability: 0.95).lowerBound
    #expect(covered >= least, "\(covered) of \(resolved), seed \(seed)")
    #expect(resolved > repeats * 8 / 10)
    #expect(coveredByShort < least, "seed \(seed)")
  }
}
