import DiffusionModels
import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite("Works of paths and what they tell of the likelihood")
struct PathLikelihoodTests {
  private func kernel(steps: Int, factor: Double = 1) throws -> any GaussianReverseKernel {
    let law = try GaussianMixture(variances: [1.75])
    let kernel = try DenoisingKernel(
      law, diffusion: GaussianDiffusion(.reciprocal(steps: steps)), variance: .optimal)
    return factor == 1 ? kernel : WidenedKernel(kernel: kernel, factor: factor)
  }

  private func point() -> Matrix<Double> { Matrix(rows: 1, columns: 1, elements: [0.7]) }

  @Test("4.5: with exact kernels the work does not vary and is the free energy")
  func exact() throws {
    for steps in [10, 40, 200] {
      var work = PathWork(try kernel(steps: steps), lastStep: .model)
      work.workers = Workers(count: 2)
      let value = try PathLikelihood(work, paths: 100).evaluate(point(), seed: testSeed(1))
      // The sheet's 1.33875 is −ln N(0.7; 0, 1.75) to five digits.
      #expect(abs(value.logLikelihood.value + 1.33875) < 1e-5)
      let free = 0.5 * (log(2 * .pi * 1.75) + 0.49 / 1.75)
      #expect(abs(value.logLikelihood.value + free) < 1e-11)
      #expect(abs(value.points[0].effectiveFraction - 1) < 1e-9)
      #expect(abs(value.dissipation) < 1e-11)
      #expect(value.logLikelihood.isResolved == false || value.resolvedPoints == 1)
    }
  }

  /// ln p(0.7) of the chain with widened kernels: its marginal variance by the recursion of 4.1.
  private func density(steps: Int, factor: Double) -> Double {
    let schedule = NoiseSchedule.reciprocal(steps: steps)
    func v(_ t: Int) -> Double { 1 + 0.75 * schedule.signalPowers[t] }
    var s = 1.0
    for t in stride(from: steps, through: 1, by: -1) {
      let ratio = v(t - 1) / v(t)
      s = (1 - schedule.rate(t)) * ratio * ratio * s + factor * schedule.rate(t) * ratio
    }
    return -0.5 * (log(2 * .pi * s) + 0.49 / s)
  }

  /// E(−w) of paths from 0.7 with widened kernels, by second moments of (x_{t−1}, x_t).
  private func bound(steps: Int, factor: Double) -> Double {
    let schedule = NoiseSchedule.reciprocal(steps: steps)
    func v(_ t: Int) -> Double { 1 + 0.75 * schedule.signalPowers[t] }
    // Exact kernels give ln p without variance; widening changes ½ ln and the quadratic form.
    var result = -0.5 * (log(2 * .pi * 1.75) + 0.49 / 1.75)
    for t in 1...steps {
      let rate = schedule.rate(t)
      let ratio = v(t - 1) / v(t)
      let slope = (1 - rate).squareRoot() * ratio
      let mean = schedule.signalPowers[t - 1].squareRoot() * 0.7
      let spread = schedule.noisePowers[t - 1]
      // x_{t−1} − slope x_t with x_t = √(1 − β) x_{t−1} + √β ε.
      let left = 1 - slope * (1 - rate).squareRoot()
      let square = left * left * (mean * mean + spread) + slope * slope * rate
      result -= 0.5 * log(factor) - 0.5 * square / (rate * ratio) * (1 - 1 / factor)
    }
    return result
  }

  @Test("4.5: variances times 1.3, against closed forms and the sheet's digits")
  func widened() throws {
    let seed = testSeed(2)
    #expect(abs(density(steps: 10, factor: 1.3) + 1.43762) < 1e-5)
    // The sheet's −1.5854 is a sampled value; the expectation is −1.5798.
    #expect(abs(bound(steps: 10, factor: 1.3) + 1.5854) < 0.01)
    let work = PathWork(try kernel(steps: 10, factor: 1.3), lastStep: .model)
    let value = try PathLikelihood(work, paths: 10000).evaluate(point(), seed: seed)
    let one = value.points[0]
    expectWithin(one.bound, bound(steps: 10, factor: 1.3), seed)
    expectWithin(one.logLikelihood, density(steps: 10, factor: 1.3), seed)
    #expect(abs(one.effectiveFraction - 0.65) < 0.06, "seed \(seed)")
    #expect(one.dissipation > 0.1)
    // Longer chains dissipate more at the same relative error of their kernels.
    var fractions = [one.effectiveFraction]
    for steps in [40, 200] {
      let work = PathWork(try kernel(steps: steps, factor: 1.3), lastStep: .model)
      let longer = try PathLikelihood(work, paths: 1000).evaluate(point(), seed: seed).points[0]
      expectWithin(longer.bound, bound(steps: steps, factor: 1.3), seed)
      fractions.append(longer.effectiveFraction)
    }
    #expect(fractions[0] > 2 * fractions[1] && fractions[1] > 4 * fractions[2])
    #expect(fractions[2] < 0.03)
  }

  @Test("Bounds rise with the number of paths, up to the likelihood")
  func ladder() throws {
    let seed = testSeed(3)
    let law = try GaussianMixture(variances: [1.75])
    let data = law.samples(300, seed: seed)
    let work = PathWork(try kernel(steps: 10, factor: 1.3), lastStep: .model)
    let value = try PathLikelihood(work, paths: 64).evaluate(data, seed: seed)
    #expect(value.bounds.map(\.paths) == [1, 2, 4, 8, 16, 32, 64])
    let values = value.bounds.map(\.estimate.value)
    for (lower, higher) in zip(values, values.dropFirst()) {
      #expect(lower < higher + 0.01, "seed \(seed)")
    }
    #expect(values[6] - values[0] > 0.05)
    // Fewer than a hundred paths do not resolve an exponential average.
    #expect(!value.logLikelihood.isResolved && value.resolvedPoints == 0)
    // Few points take their paths as rows, many their rows as points: the same numbers.
    let few = try PathLikelihood(work, paths: 64).evaluate(data.selectingRows(0..<5), seed: seed)
    for index in 0..<5 {
      #expect(few.points[index].bound == value.points[index].bound)
    }
  }

  @Test("Crooks and the integral theorem hold for paths of a model that is not exact")
  func fluctuations() throws {
    let seed = testSeed(4)
    let law = try GaussianMixture(variances: [1.75])
    let work = PathWork(try kernel(steps: 5, factor: 1.1), lastStep: .model)
    let data = law.samples(8000, seed: seed)
    let forward = try work.forward(from: data, seed: seed).entropyProduction(under: law)
    let weights = forward.map { exp(-$0) }
    let error = (variance(of: weights) / Double(weights.count)).squareRoot()
    #expect(abs(mean(of: weights) - 1) < zBound() * error, "seed \(seed)")
    #expect(error < 0.02)
    #expect(mean(of: forward) > 0)
    // Over paths of the model E e^Σ = 1.
    let paths = try work.reverse(count: 8000, seed: seed, keepingSteps: true)
    let reverse = paths.entropyProduction(under: law).map { exp($0) }
    let width = (variance(of: reverse) / Double(reverse.count)).squareRoot()
    #expect(abs(mean(of: reverse) - 1) < zBound() * width, "seed \(seed)")
    // Steps and the prior make the work.
    let steps = try #require(paths.steps)
    for row in [0, 77, 7999] {
      let x = paths.noise[row, 0]
      let sum = steps.row(row).reduce(0.5 * (x * x + log(2 * .pi)), +)
      #expect(abs(sum - paths.works[row]) < 1e-10)
    }
    // They are the samples of the chain.
    let samples = try AncestralSampler(work.kernel).samples(300, seed: seed).samples
    for row in 0..<300 { #expect(samples[row, 0] == paths.data[row, 0]) }
  }
}
