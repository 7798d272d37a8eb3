import DiffusionModels
import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite("The best bound, and the bound in continuous time")
struct ContinuousBoundTests {
  @Test("4.1: for Gaussian data the best bound is the closed form, path by path")
  func optimalGaussian() throws {
    let law = try GaussianMixture(variances: [1.75, 0.25])
    for row in try EvidenceBoundTests.table() where row.schedule.steps == 40 {
      let value = try OptimalBound(law, diffusion: GaussianDiffusion(row.schedule))
        .evaluate(paths: 3, seed: 1)
      #expect(abs(value.total.value / log(2) - row.bits) < 1e-6)
      #expect(value.divergences.count == 39)
    }
  }

  @Test("The best bound is what the evaluator finds with the best kernels, and above other kernels")
  func optimalMixture() throws {
    let seed = testSeed(1)
    let points = Matrix<Double>(rows: 3, columns: 1, elements: [-1.4, 0.1, 1.3])
    let law = try PointMixture(points: points, variance: 0.01)
    let diffusion = GaussianDiffusion(.linear(steps: 20))
    let optimum = try OptimalBound(law, diffusion: diffusion).evaluate(paths: 4000, seed: seed)
    let data = law.samples(4000, seed: seed &+ 1)
    func total(_ variance: DenoisingKernel.Variance) throws -> Estimate {
      try EvidenceBound(try DenoisingKernel(law, diffusion: diffusion, variance: variance))
        .evaluate(data, seed: seed).total
    }
    let best = try total(.optimal)
    let error = (pow(best.halfWidth, 2) + pow(optimum.total.halfWidth, 2)).squareRoot() / 1.96
    #expect(abs(best.value - optimum.total.value) < zBound() * error, "seed \(seed)")
    #expect(try total(.posterior).value < best.value)
    #expect(optimum.total.value < -diffusion.conditionalEntropy(1) + zBound() * error)
  }

  /// ½ ∫ mmse dλ with the other terms, for Gaussian data of variance l on the line.
  private func exactBound(_ l: Double, _ first: Double, _ last: Double) -> Double {
    let power = 1 / (1 + exp(-last))
    let prior = 0.5 * (power * l - power - log(1 - power))
    let diffusion = 0.5 * (log1p(l * exp(first)) - log1p(l * exp(last)))
    return -0.5 * (1 + log(2 * .pi) - first) - prior - diffusion
  }

  @Test("Courses with the same ends have the bound of the closed form")
  func invariance() throws {
    let seed = testSeed(2)
    let law = try GaussianMixture(variances: [1.6])
    let data = law.samples(6000, seed: seed)
    let exact = exactBound(1.6, 8, -6)
    let paths: [NoisePath] = [
      .linearLogSignalToNoise(first: 8, last: -6),
      .learned(MonotoneSchedule(first: 8, last: -6, logSlopes: [1, 0, -0.5, 0.4])),
    ]
    for path in paths {
      let value = try ContinuousBound(law, path: path).evaluate(data, seed: seed)
      expectWithin(value.total, exact, seed)
      #expect(abs(-value.reconstruction - value.prior - value.diffusion - value.total.value) < 1e-9)
      #expect(value.times.allSatisfy { $0 > 0 && $0 < 1 })
      // One time in each of equal parts.
      let parts = Set(value.times.map { Int($0 * 6000) })
      #expect(parts.count == 6000)
    }
    // Other ends have another bound, by more than the errors.
    let other = try ContinuousBound(law, path: .linearLogSignalToNoise(first: -1, last: -6))
      .evaluate(data, seed: seed).total
    expectWithin(other, exactBound(1.6, -1, -6), seed)
    #expect(abs(other.value - exact) > zBound() * other.halfWidth / 1.96, "seed \(seed)")
    // The entropy of the data less little: −½ ln 2πe 1.6.
    #expect(
      exact < -0.5 * log(2 * .pi * M_E * 1.6) && exact > -0.5 * log(2 * .pi * M_E * 1.6) - 0.01)
  }

  @Test("Rows may share times; threads do not matter; other paths are refused")
  func blocks() throws {
    let seed = testSeed(3)
    let law = try GaussianMixture(variances: [1.6])
    let data = law.samples(2000, seed: seed)
    var bound = try ContinuousBound(
      law, path: .linearLogSignalToNoise(first: 8, last: -6), rowsPerTime: 16,
      workers: Workers(count: 1))
    let value = try bound.evaluate(data, seed: seed, passes: 8)
    expectWithin(value.total, exactBound(1.6, 8, -6), seed)
    bound.workers = Workers(count: 2)
    #expect(try bound.evaluate(data, seed: seed, passes: 8).total == value.total)
    for path in [NoisePath.conditionalTransport, .cosine(offset: 0)] {
      #expect(throws: SzilardError.self) { try ContinuousBound(law, path: path) }
    }
  }

  @Test("The course of least variance is 1/√g, and better than the line")
  func leastVariance() throws {
    // g known: 1 on the first half of λ and 9 on the second: a quarter and three quarters of the time.
    let lambda = (0..<4000).map { 8 - 14 * (Double($0) + 0.5) / 4000 }
    let schedule = MonotoneSchedule(
      ofLeastVarianceFrom: 8, to: -6, pieces: 16, logSignalToNoise: lambda,
      errors: lambda.map { $0 > 1 ? 1 : 3 })
    #expect(abs(schedule.logSignalToNoise(at: 0.25).value - 1) < 1e-9)
    #expect(abs(schedule.logSignalToNoise(at: 1).value + 6) < 1e-9)
    #expect(abs(schedule.logSignalToNoise(at: 0.625).value + 2.5) < 1e-9)
    let seed = testSeed(4)
    let law = try PointMixture(
      points: Matrix(rows: 2, columns: 1, elements: [-1, 1]), variance: 0.04)
    let data = law.samples(20000, seed: seed)
    let line = try ContinuousBound(law, path: .linearLogSignalToNoise(first: 8, last: -6))
      .evaluate(data, seed: seed)
    let learned = MonotoneSchedule(
      ofLeastVarianceFrom: 8, to: -6, pieces: 32,
      logSignalToNoise: line.times.map { 8 - 14 * $0 }, errors: line.errors)
    let value = try ContinuousBound(law, path: .learned(learned)).evaluate(data, seed: seed &+ 1)
    #expect(value.variance < 0.9 * line.variance, "seed \(seed)")
  }
}
