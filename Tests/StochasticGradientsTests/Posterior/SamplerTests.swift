import Foundation
import Learning
import NumericalCore
import TestSupport
import Testing

@testable import StochasticGradients

/// Samplers of posteriors against Gaussian posteriors, which are known.
@Suite struct SamplerTests {
  /// Variances along the directions of the curvature, one of each chain, from samples of known mean.
  private func squares(
    _ samples: PosteriorSamples, _ laplace: LaplaceApproximation
  ) -> [[Double]] {
    laplace.curvatures.indices.map { k in
      let u = laplace.directions.row(k)
      return samples.chains.map { chain in
        var sum = 0.0
        for row in 0..<chain.rows {
          let x = zip(chain.row(row), laplace.mode).map { $0 - $1 }
          let along = zip(u, x).reduce(0) { $0 + $1.0 * $1.1 }
          sum += along * along
        }
        return sum / Double(chain.rows)
      }
    }
  }

  /// How many standard errors independent numbers lie from what they should be, in the mean, and how many they
  /// may lie.
  private func strays(_ values: [Double], from expected: Double) -> (z: Double, bound: Double) {
    let error = (variance(of: values) / Double(values.count)).squareRoot()
    let bound = studentQuantile(1 - 5e-10, degreesOfFreedom: Double(values.count - 1))
    return (abs(mean(of: values) - expected) / error, bound)
  }

  private func sampling(
    _ settings: SamplerSettings, chains: Int = 32, samples: Int, warmUp: Int = 500, seed: UInt64
  ) -> PosteriorSampling {
    var sampling = PosteriorSampling(settings)
    sampling.chains = chains
    sampling.samples = samples
    sampling.warmUp = warmUp
    sampling.seed = seed
    sampling.workers = Workers(count: 2)
    return sampling
  }

  /// Residuals of the steps of ULA have the variance 2ηT.
  @Test(arguments: [1, 0.25]) func noiseHasTheVariance(temperature: Double) throws {
    let seed = testSeed(1)
    let model = try SmallPosteriors.linear()
    let laplace = try SmallPosteriors.laplace(model)
    var settings = SamplerSettings(.ula, stepSize: 2e-3, batchSize: 1)
    settings.temperature = temperature
    let run = try sampling(settings, chains: 1, samples: 4000, seed: seed)
      .run(model, laplace: laplace)
    let chain = try #require(run.chains.first)
    var sum = 0.0
    for row in 1..<chain.rows {
      let before = chain.row(row - 1)
      let gradient = model.gradient(at: before)
      for k in 0..<3 {
        let residual = chain[row, k] - before[k] + settings.stepSize * gradient[k]
        sum += residual * residual
      }
    }
    // χ² of so many degrees, normal to good accuracy.
    let degrees = Double(3 * (chain.rows - 1))
    let limit = zBound() * (2 * degrees).squareRoot()
    #expect(
      abs(sum / (2 * settings.stepSize * temperature) - degrees) < limit, "seed \(seed)")
    // Noise of deviation η, or with Welling and Teh's ε for η, is told apart.
    #expect(abs(sum / (settings.stepSize * settings.stepSize) - degrees) > limit)
    #expect(abs(sum / (settings.stepSize * temperature) - degrees) > limit)
  }

  /// Batches of an epoch, with their weights, are the full gradient: the prior once, the data times N/B.
  @Test func batchesAreScaled() throws {
    let model = try SmallPosteriors.linear(count: 50, priorPrecision: 3)
    let laplace = try SmallPosteriors.laplace(model)
    for (sampler, size) in [(PosteriorSampler.sgworld, 10), (.sgworld, 7), (.controlVariates, 10)] {
      var settings = SamplerSettings(sampler, stepSize: 1e-3, batchSize: size)
      settings.policy = .withoutReplacement
      var chain = SamplingChain(
        model: model, settings: settings, laplace: laplace,
        gradientAtMode: model.gradient(at: laplace.mode), seed: 1, index: 0)
      let full = model.gradient(at: chain.state.position)
      var sum = [0.0, 0, 0]
      for step in 0..<chain.batches.batchesPerEpoch {
        chain.estimateGradient(number: step)
        for k in 0..<3 { sum[k] += chain.gradient[k] / Double(chain.batches.batchesPerEpoch) }
      }
      for k in 0..<3 {
        #expect(isClose(sum[k], full[k], relative: 1e-11, absolute: 1e-9), "\(sampler) \(size)")
      }
      // Without N/B it is not.
      let unscaled = try LinearModel(
        inputs: model.inputs, targets: model.targets, response: model.response, priorPrecision: 3,
        lossScale: Double(size))
      #expect(!isClose(unscaled.gradient(at: chain.state.position)[0], full[0], relative: 1e-3))
    }
  }

  /// ULA settles at H⁻¹(1 − ηH/2)⁻¹, and with Leimkuhler and Matthews' noise at H⁻¹.
  @Test func fullGradientsSettleAtTheExactCovariance() throws {
    let seed = testSeed(2)
    let model = try SmallPosteriors.linear()
    let laplace = try SmallPosteriors.laplace(model)
    let step = 0.8 / laplace.largestCurvature
    for noise in [LangevinNoise.step, .leimkuhlerMatthews] {
      var settings = SamplerSettings(.ula, stepSize: step, batchSize: 1)
      settings.noise = noise
      let run = try sampling(settings, samples: 3000, seed: seed).run(model, laplace: laplace)
      for (k, values) in squares(run, laplace).enumerated() {
        let h = laplace.curvatures[k]
        let euler = 1 / (h * (1 - step * h / 2))
        let (right, wrong) = noise == .step ? (euler, 1 / h) : (1 / h, euler)
        let (z, bound) = strays(values, from: right)
        #expect(z < bound, "\(noise) \(k) seed \(seed)")
        if k == 2 { #expect(strays(values, from: wrong).z > bound, "seed \(seed)") }
      }
    }
  }

  /// Each sampler has the mean and the variances that are predicted of it.
  @Test(arguments: PosteriorSampler.allCases) func samplersSettleWherePredicted(
    sampler: PosteriorSampler
  ) throws {
    guard sampler != .cyclical else { return }
    let seed = testSeed(3)
    let model = try SmallPosteriors.linear(count: 600)
    let laplace = try SmallPosteriors.laplace(model)
    let noise = MinibatchScatter(of: model, at: laplace)
    var settings = SamplerSettings(
      sampler, stepSize: 0.1 / laplace.largestCurvature, batchSize: 20)
    if sampler == .sgld { settings.stepSize /= 2 }
    if sampler == .sgnht { settings.stepSize /= 50 }
    if sampler == .sgworld { settings.stepSize /= 30 }
    if sampler == .preconditioned {
      var selection = StepSizeSelection()
      selection.tolerance = 0.2
      settings.stepSize = try selection.select(for: settings, laplace: laplace, noise: noise)
      // The preconditioner fluctuates with its memory, which the prediction has not.
      settings.preconditionerMemory = 0.999
    }
    let count = sampler == .sgworld || sampler.usesFullGradients ? 1500 : 4000
    let run = try sampling(settings, samples: count, seed: seed).run(model, laplace: laplace)
    #expect(run.divergences.isEmpty)
    let bias = PredictedBias(of: settings, laplace: laplace, noise: noise)
    let deviations = bias?.deviations ?? laplace.deviations
    let shift = bias?.meanShift ?? [0, 0, 0]
    for k in 0..<3 {
      let chains = run.values(ofParameter: k)
      let target = laplace.mode[k] + shift[k]
      let means = chains.map { mean(of: $0) }
      let (z, bound) = strays(means, from: target)
      #expect(z < bound, "\(sampler) mean \(k) seed \(seed)")
      let spreads = chains.map { chain in
        mean(of: chain.map { ($0 - target) * ($0 - target) })
      }
      let (y, limit) = strays(spreads, from: deviations[k] * deviations[k])
      if sampler == .preconditioned {
        // G moves with the gradients, which the prediction leaves out: a tenth, and the error of sampling.
        let expected = deviations[k] * deviations[k]
        let error = (variance(of: spreads) / Double(spreads.count)).squareRoot()
        #expect(
          abs(mean(of: spreads) - expected) < 0.1 * expected + limit * error, "\(k) seed \(seed)")
      } else {
        #expect(y < limit, "\(sampler) variance \(k): \(y) of \(limit), seed \(seed)")
      }
      if sampler == .sgld, k == 0 {
        // The bias is there to be seen.
        let exact = laplace.deviations[k] * laplace.deviations[k]
        #expect(strays(spreads, from: exact).z > limit, "seed \(seed)")
      }
    }
    if sampler == .hmc { #expect((run.acceptance ?? 0) > 0.5) }
    if sampler == .sgnht {
      // The thermostat took up the noise of the gradients.
      #expect(mean(of: run.states.map(\.friction)) > settings.friction)
    }
  }

  /// Descent without replacement rests where the fact sheet's enumeration says; the debiased drift brings it
  /// back to the minimum.
  @Test func theShiftOfEpochsAndItsCorrection() throws {
    let seed = testSeed(4)
    let model = try SmallPosteriors.six()
    let laplace = try SmallPosteriors.laplace(model)
    let step = 2.5e-4
    func shift(isDebiased: Bool) throws -> [[Double]] {
      var settings = SamplerSettings(.sgworld, stepSize: step, batchSize: 2)
      settings.temperature = 0
      settings.isDebiased = isDebiased
      let run = try sampling(settings, chains: 16, samples: 6000, warmUp: 3000, seed: seed)
        .run(model, laplace: laplace)
      return (0..<2).map { k in
        run.chains.map { chain in
          mean(of: (0..<chain.rows).map { (chain[$0, k] - laplace.mode[k]) / step })
        }
      }
    }
    let plain = try shift(isDebiased: false)
    for (values, expected) in zip(plain, [0.099357, -0.689620]) {
      let (z, bound) = strays(values, from: expected)
      #expect(z < bound, "\(mean(of: values)) for \(expected), seed \(seed)")
      // And that is told from no shift.
      #expect(strays(values, from: 0).z > bound)
    }
    let corrected = try shift(isDebiased: true)
    for (k, values) in corrected.enumerated() {
      #expect(
        abs(mean(of: values)) < 0.02, "component \(k): \(mean(of: values)), seed \(seed)")
    }
    // The first order of the prediction.
    let noise = MinibatchScatter(of: model, at: laplace)
    var settings = SamplerSettings(.sgworld, stepSize: step, batchSize: 2)
    let bias = try #require(PredictedBias(of: settings, laplace: laplace, noise: noise))
    #expect(isClose(bias.meanShift[0] / step, 0.0985452, relative: 1e-5))
    #expect(isClose(bias.meanShift[1] / step, -0.6892314, relative: 1e-5))
    settings.isDebiased = true
    #expect(
      PredictedBias(of: settings, laplace: laplace, noise: noise)?.meanShift == [0, 0])
  }

  /// HMC samples what is no Gaussian: one coefficient of a logistic regression, by quadrature.
  @Test func hamiltonianTrajectoriesKeepTheDensity() throws {
    let seed = testSeed(5)
    let model = try LinearModel(
      inputs: Matrix(rows: 3, columns: 1, elements: [1, 2, 4]), targets: [1, 1, 0],
      response: .bernoulli, priorPrecision: 0.05)
    var sums = [0.0, 0, 0, 0]
    for step in -6000...6000 {
      let x = Double(step) / 500
      let weight = exp(-model.value(at: [x]))
      for power in 0...3 { sums[power] += weight * pow(x, Double(power)) }
    }
    let laplace = try SmallPosteriors.laplace(model)
    var settings = SamplerSettings(.hmc, stepSize: 1, batchSize: 3)
    // A coarse step, so that what is refused matters.
    settings.targetAcceptance = 0.6
    let run = try sampling(settings, samples: 3000, warmUp: 300, seed: seed)
      .run(model, laplace: laplace)
    for power in 1...3 {
      let values = run.values(ofParameter: 0).map { chain in
        mean(of: chain.map { pow($0, Double(power)) })
      }
      let (z, bound) = strays(values, from: sums[power] / sums[0])
      #expect(z < bound, "moment \(power), seed \(seed)")
      // The Gaussian of the mode is another density.
      if power == 1 { #expect(strays(values, from: laplace.mode[0]).z > bound) }
    }
    #expect((run.acceptance ?? 1) < 0.9)
  }

  @Test func runsGoOnWithTheSameBits() throws {
    let model = try SmallPosteriors.linear()
    let laplace = try SmallPosteriors.laplace(model)
    for sampler in PosteriorSampler.allCases {
      var settings = SamplerSettings(sampler, stepSize: 1e-4, batchSize: 7)
      if sampler == .sgworld {
        settings.noise = .leimkuhlerMatthews
        settings.isDebiased = true
      }
      settings.cycleLength = 30
      var all = sampling(settings, chains: 3, samples: 40, warmUp: 20, seed: 5)
      let whole = try all.run(model, laplace: laplace)
      all.workers = Workers(count: 1)
      #expect(try all.run(model, laplace: laplace).chains == whole.chains, "\(sampler)")
      all.samples = 15
      let first = try all.run(model, laplace: laplace)
      all.samples = 25
      let second = try all.run(model, laplace: laplace, resuming: first.states)
      for index in 0..<3 {
        let joined = first.chains[index].elements + second.chains[index].elements
        #expect(joined == whole.chains[index].elements, "\(sampler)")
      }
    }
  }

  @Test func divergenceKeepsTheLastGoodState() throws {
    let model = try SmallPosteriors.linear()
    let laplace = try SmallPosteriors.laplace(model)
    let settings = SamplerSettings(.sgld, stepSize: 3 / laplace.largestCurvature, batchSize: 10)
    let run = try sampling(settings, chains: 2, samples: 500, warmUp: 0, seed: 1)
      .run(model, laplace: laplace)
    #expect(run.divergences.count == 2)
    #expect((run.divergences.first?.step ?? 0) > 1)
    #expect(run.states.allSatisfy { $0.position.allSatisfy(\.isFinite) })
    #expect(run.length < 500)
  }

  @Test func stepSizesKeepTheirPromise() throws {
    let seed = testSeed(6)
    let model = try SmallPosteriors.linear(count: 600)
    let laplace = try SmallPosteriors.laplace(model)
    let noise = MinibatchScatter(of: model, at: laplace)
    var steps: [PosteriorSampler: Double] = [:]
    for sampler in [PosteriorSampler.sgld, .controlVariates, .sghmc, .sgnht, .baoab, .sgworld] {
      var settings = SamplerSettings(sampler, stepSize: 1, batchSize: 20)
      settings.stepSize = try StepSizeSelection().select(
        for: settings, laplace: laplace, noise: noise)
      steps[sampler] = settings.stepSize
      let bias = try #require(PredictedBias(of: settings, laplace: laplace, noise: noise))
      #expect(bias.worstVariance <= 0.05 && bias.worstMean <= 0.1, "\(sampler)")
      if sampler == .sgworld {
        let run = try sampling(settings, samples: 1000, seed: seed).run(model, laplace: laplace)
        for k in 0..<3 {
          let values = run.values(ofParameter: k).map { variance(of: $0) }
          let exact = laplace.deviations[k] * laplace.deviations[k]
          let error = (variance(of: values) / 32).squareRoot()
          #expect(abs(mean(of: values) / exact - 1) < 0.05 + 8 * error / exact, "seed \(seed)")
        }
      }
    }
    // What control variates and epochs are for.
    #expect((steps[.controlVariates] ?? 0) > 3 * (steps[.sgld] ?? 1))
    #expect((steps[.sgworld] ?? 0) > 3 * (steps[.sgld] ?? 1))
  }

  @Test func modesAreFound() throws {
    let linear = try SmallPosteriors.linear()
    let exact = try GaussianPosterior(of: linear)
    let laplace = try SmallPosteriors.laplace(linear)
    for k in 0..<3 {
      #expect(isClose(laplace.mode[k], exact.mean[k], relative: 1e-9))
      #expect(
        isClose(laplace.covariance[k, k], exact.covariance[k, k], relative: 1e-9))
      #expect(
        isClose(laplace.position(whitened: laplace.whitened([1, 2, 3]))[k], Double(k + 1)))
    }
    let logistic = try LinearModel(
      inputs: linear.inputs, targets: linear.targets.map { $0 > 0 ? 1 : 0 }, response: .bernoulli,
      priorPrecision: 0.1)
    let mode = try Minimum.find(of: logistic, from: [0, 0, 0], workers: Workers(count: 2))
    #expect(mode.kind == .minimum)
    #expect(logistic.gradient(at: mode.parameters).allSatisfy { abs($0) < 1e-4 })
  }
}
