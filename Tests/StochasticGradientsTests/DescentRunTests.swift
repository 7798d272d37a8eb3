import Foundation
import Learning
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import StochasticGradients

/// Chains of descent against the exact moments of their linear theory.
@Suite struct DescentRunTests {
  /// H and D that do not commute, at a rate that is not small: η h_max = 0.66.
  private func strong() throws -> StationaryState {
    try StationaryState(
      hessian: SmallModels.matrix([[2, 0.5], [0.5, 1]]),
      diffusion: SmallModels.matrix([[0.3, -0.1], [-0.1, 0.1]]), rate: 0.3)
  }

  private func run(
    _ state: StationaryState, driftedBy other: StationaryState? = nil, steps: Int, seed: UInt64,
    threads: Int = 2, windows: [Int] = [1, 3]
  ) throws -> DescentRun.Outcome {
    var run = DescentRun()
    run.chains = 4
    run.steps = steps
    run.burnIn = 100
    run.windows = windows
    run.workers = Workers(count: threads)
    let mover = other ?? state
    return try run.run(
      about: state, reference: [0.5, -1],
      starts: state.starts(count: 4, reference: [0.5, -1], seed: seed)
    ) { chain throws(SzilardError) in
      try GaussianStep(
        hessian: mover.hessian, diffusion: mover.diffusion, rate: mover.rate,
        reference: [0.5, -1], seed: seed, chain: UInt64(chain))
    }
  }

  /// With S of the continuous equation both theorems are exact at any rate, while the mean feels the steps.
  @Test func theoremsOfGaussianSteps() throws {
    let seed = testSeed(21)
    let state = try strong()
    #expect(isClose(state.entropyProduction, 0.2, relative: 1e-4))
    let discrete = try #require(state.discreteCovariance())
    let mean = state.entropyProduction(covariance: discrete)
    #expect(isClose(mean, 0.30384, relative: 1e-4))
    let outcome = try run(state, steps: 100_000, seed: seed)
    let z = zBound(alpha: 1e-7)
    for window in outcome.statistics.windows {
      #expect(
        abs(window.exponentialAverage - 1) < z * window.exponentialError,
        "window \(window.length), seed \(seed)")
      #expect(abs(window.mean - mean * Double(window.length)) < 2 * z * window.meanError)
      // At least 1 + 2⟨σ⟩.
      #expect(window.oppositeAverage > 1.4)
    }
    let one = outcome.statistics.windows[0]
    let slope = try #require(one.histogram.slope)
    #expect(abs(slope.value - 1) < z * slope.standardError)
    #expect(
      DetailedFluctuationTheorem.check(
        name: "one step", values: one.values, expectedSlope: 1, falseAlarmRate: 1e-6
      ).check.verdict == .pass, "seed \(seed)")
    #expect(
      IntegralFluctuationTheorem.check(
        name: "one step", entropyProductions: one.values, falseAlarmRate: 1e-6
      ).verdict == .pass, "seed \(seed)")
    let dissipation = outcome.statistics.dissipation
    #expect(abs(dissipation.value - mean) < 4 * dissipation.halfWidth)
  }

  /// A wrong D, and a v made of the covariance of the steps, break the theorem of one step.
  @Test func wrongTheoryIsRejected() throws {
    let seed = testSeed(22)
    let state = try strong()
    let wrong = try StationaryState(
      hessian: state.hessian, diffusion: SmallModels.matrix([[0.3, -0.05], [-0.05, 0.13]]),
      rate: 0.3)
    let outcome = try run(wrong, driftedBy: state, steps: 100_000, seed: seed)
    let window = outcome.statistics.windows[0]
    #expect(abs(window.exponentialAverage - 1) > 8 * window.exponentialError, "seed \(seed)")
  }

  /// Moments of the trajectory: covariance, circulation and diffusion of the steps.
  @Test func momentsOfGaussianSteps() throws {
    let seed = testSeed(23)
    let state = try strong()
    let outcome = try run(state, steps: 100_000, seed: seed)
    let discrete = try #require(state.discreteCovariance())
    let statistics = outcome.statistics
    #expect(statistics.count == 400_000)
    // About four steps are worth an independent one; these are six standard errors and more.
    #expect(SmallModels.distance(statistics.covariance, discrete) < 0.05, "seed \(seed)")
    #expect(SmallModels.distance(statistics.diffusion, state.diffusion) < 0.03, "seed \(seed)")
    let product = LinearAlgebra.product(state.hessian, discrete)
    let circulation = LinearAlgebra.sum(product, product.transposed, factor: -1)
    let area = statistics.areaMatrix
    #expect(area[0, 1] == -area[1, 0] && area[0, 0] == 0)
    #expect(
      abs(area[0, 1] - state.rate / 2 * circulation[0, 1]) < 0.1 * abs(area[0, 1]), "seed \(seed)")
  }

  @Test func threadsDoNotMatter() throws {
    let state = try strong()
    let one = try run(state, steps: 5000, seed: 3, threads: 1)
    let two = try run(state, steps: 5000, seed: 3, threads: 2)
    #expect(one.ends == two.ends)
    #expect(one.statistics.covariance == two.statistics.covariance)
    #expect(one.statistics.windows == two.statistics.windows)
    #expect(try run(state, steps: 5000, seed: 4).ends != one.ends)
  }

  /// Descent on linear regression, independent batches: the covariance solves an exact linear equation.
  @Test func descentOnLinearRegression() throws {
    let seed = testSeed(24)
    let model = try SmallModels.many(40, seed: 5)
    let minimum = try Minimum.find(of: model, from: [0, 0, 0])
    let rate = 0.1 / (minimum.eigenvalues.last ?? 1)
    let noise = GradientNoise(of: model, at: minimum.parameters, batchSize: 4)
    let state = try StationaryState(
      hessian: minimum.hessian, diffusion: noise.diffusion(rate: rate), rate: rate)
    var run = DescentRun()
    run.chains = 8
    run.steps = 100_000
    run.burnIn = 2000
    run.windows = [1, 10]
    run.workers = Workers(count: 2)
    let outcome = try run.run(
      about: state, reference: minimum.parameters,
      starts: state.starts(count: 8, reference: minimum.parameters, seed: seed)
    ) { chain in
      MinibatchStep(
        model: model, rate: rate, batchSize: 4, policy: .withReplacement, seed: seed,
        chain: UInt64(chain))
    }
    let exact = try exactCovariance(model, minimum, rate, batchSize: 4)
    // The error is that of the chains among themselves (7 degrees of freedom).
    for i in 0..<3 {
      let values = outcome.chains.map { $0.covariance[i, i] }
      let error = (variance(of: values) / 8).squareRoot()
      #expect(
        abs(mean(of: values) - exact[i, i]) < 15 * error, "seed \(seed): \(values), \(exact[i, i])")
    }
    #expect(SmallModels.distance(outcome.statistics.covariance, exact) < 0.1)
    let window = outcome.statistics.windows[0]
    #expect(window.mean > 0)
  }

  /// S = (1 − ηH) S (1 − ηH) + η² c (1/N) Σ (Hᵢ − H) S (Hᵢ − H) + η² C_b, by iteration.
  private func exactCovariance(
    _ model: LinearModel, _ minimum: Minimum, _ rate: Double, batchSize: Int
  ) throws -> Matrix<Double> {
    let size = 3
    let factor = GradientNoise.batchFactor(model.sampleCount, batchSize)
    let noise = GradientNoise(of: model, at: minimum.parameters, batchSize: batchSize)
      .batchCovariance
    let propagator = LinearAlgebra.sum(
      LinearAlgebra.identity(size), minimum.hessian, factor: -rate)
    let scatter = (0..<model.sampleCount).map { sample in
      LinearAlgebra.sum(
        model.hessian(at: minimum.parameters, of: [sample]), minimum.hessian, factor: -1)
    }
    var s = noise.map { rate * rate * $0 }
    for _ in 0..<3000 {
      var next = LinearAlgebra.congruence(propagator, s)
      next = LinearAlgebra.sum(next, noise, factor: rate * rate)
      for deviation in scatter {
        next = LinearAlgebra.sum(
          next, LinearAlgebra.congruence(deviation, s),
          factor: rate * rate * factor / Double(model.sampleCount))
      }
      s = next
    }
    return s
  }

  /// In the midst of an epoch the iterate carries the bridge η² C_b k (P − k)/(P − 1) as well.
  @Test func bridgeWithinAnEpoch() throws {
    let seed = testSeed(25)
    let model = try SmallModels.many(40, seed: 5)
    let minimum = try Minimum.find(of: model, from: [0, 0, 0])
    let rate = 0.002 / (minimum.eigenvalues.last ?? 1)
    let noise = GradientNoise(of: model, at: minimum.parameters, batchSize: 4)
    let (chains, epochs) = (4, 4000)
    for position in [3, 5, 10] {
      var second = 0.0
      var count = 0.0
      for chain in 0..<chains {
        var step = MinibatchStep(
          model: model, rate: rate, batchSize: 4, policy: .withoutReplacement, seed: seed,
          chain: UInt64(chain))
        for _ in 0..<epochs {
          // Each epoch from the minimum: what is left is the noise of the epoch alone.
          var parameters = minimum.parameters
          for _ in 0..<position { step.updateOnce(&parameters) }
          second +=
            (parameters[0] - minimum.parameters[0]) * (parameters[0] - minimum.parameters[0])
          count += 1
          for _ in position..<10 { step.updateOnce(&parameters) }
        }
      }
      let k = Double(position)
      let expected = rate * rate * noise.batchCovariance[0, 0] * k * (10 - k) / 9
      let unit = rate * rate * noise.batchCovariance[0, 0]
      // χ² of 16,000 nearly normal squares, and terms of the order η P h.
      #expect(
        abs(second / count - expected)
          < expected * (zBound() * (2 / count).squareRoot() * 1.5 + 0.02) + 1e-3 * unit,
        "position \(position), seed \(seed)")
    }
  }

  @Test func divergenceIsToldWithTheLastGoodState() throws {
    let model = try SmallModels.six()
    let minimum = try Minimum.find(of: model, from: [0, 0])
    let rate = 2.5 / (minimum.eigenvalues.last ?? 1)
    let state = try StationaryState(
      hessian: minimum.hessian,
      diffusion: GradientNoise(of: model, at: minimum.parameters, batchSize: 2).diffusion(
        rate: rate), rate: rate)
    #expect(state.discreteCovariance() == nil)
    var run = DescentRun()
    run.chains = 1
    run.steps = 100_000
    let outcome = try run.run(
      about: state, reference: minimum.parameters, starts: [minimum.parameters]
    ) { _ in
      MinibatchStep(
        model: model, rate: rate, batchSize: 2, policy: .withReplacement, seed: 1, chain: 0)
    }
    let divergence = try #require(outcome.divergence)
    #expect(divergence.step < 100_000)
    let isFinite = divergence.parameters.allSatisfy { $0.isFinite }
    #expect(isFinite)
  }

  /// Chains that start off the stationary state: both parts and their sum obey the integral theorem.
  @Test func relaxationIsSplit() throws {
    let seed = testSeed(26)
    let hessian = SmallModels.matrix([[2, 0.5], [0.5, 1]])
    let diffusion = SmallModels.matrix([[0.3, -0.1], [-0.1, 0.1]]).map { 0.01 * $0 }
    let state = try StationaryState(hessian: hessian, diffusion: diffusion, rate: 0.01)
    let result = try RelaxationEntropy.measure(
      about: state, reference: [1, 2], mode: 0, deviations: 1, steps: 60, trajectories: 20_000,
      seed: seed
    ) { index throws(SzilardError) in
      try GaussianStep(
        hessian: hessian, diffusion: diffusion, rate: 0.01, reference: [1, 2], seed: seed,
        chain: UInt64(index))
    }
    let z = zBound(alpha: 1e-7)
    for (values, expected) in [
      (result.excess, result.expectedExcess), (result.housekeeping, result.expectedHousekeeping),
    ] {
      let moments = StreamingMoments(values)
      #expect(abs(moments.mean - expected) < z * moments.standardError, "seed \(seed)")
      let average = StreamingMoments(values.map { exp(-$0) })
      #expect(abs(average.mean - 1) < z * average.standardError, "seed \(seed)")
    }
    #expect(result.expectedExcess > 0.2)
    // The sum obeys the theorem to the order of the rate.
    let total = StreamingMoments(result.total.map { exp(-$0) })
    #expect(abs(total.mean - 1) < z * total.standardError + 0.02, "seed \(seed)")
    // Housekeeping taken for all that is produced, at a start that is not stationary, is not the total: its mean is less.
    #expect(StreamingMoments(result.total).mean > StreamingMoments(result.housekeeping).mean + 0.2)
  }

  /// A rate that is stable at the minimum may not be so farther out: the verdict keeps the last good state.
  @Test func divergence() throws {
    struct Quartic: FiniteSum {
      let sampleCount = 4
      let parameterCount = 2
      func gradient(
        of batch: ArraySlice<Int>, at x: [Double], into gradient: inout [Double],
        workspace: inout [Double]
      ) {
        let kicks = [[3.0, 1], [-3, 2], [1, -3], [-1, 0]]
        for k in 0..<2 {
          gradient[k] = x[k] + 4 * x[k] * x[k] * x[k]
          for sample in batch { gradient[k] += kicks[sample][k] / Double(batch.count) }
        }
      }
      func value(of batch: ArraySlice<Int>, at x: [Double], workspace: inout [Double]) -> Double {
        x.reduce(0) { $0 + $1 * $1 / 2 + $1 * $1 * $1 * $1 }
      }
    }
    var analysis = DescentAnalysis(model: Quartic(), starts: [[0.1, 0.1]])
    analysis.batchSize = 1
    analysis.rate = 1.5
    analysis.steps = 10_000
    analysis.seed = testSeed(917)
    let error = #expect(throws: DescentDivergence.self) { try analysis.run() }
    #expect(error?.parameters.allSatisfy(\.isFinite) == true)
    #expect(isClose(error?.stableRate ?? 0, 2, relative: 1e-6))
  }
}
