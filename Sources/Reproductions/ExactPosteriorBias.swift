internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

extension Reproduction {
  /// sgd-f7: the bias of stochastic-gradient samplers against a posterior that is known.
  static let exactPosteriorBias = Reproduction(
    id: "sgd-f7", title: "SGLD and SGWORLD against an exact posterior",
    paper: "Adhikari et al. 2023, arXiv 2306.03521; theory of this project",
    claim: """
      Langevin sampling with minibatches without replacement settles much closer to the posterior than with \
      independent batches, at any small rate.
      """,
    settings: """
      Linear regression with 200 samples and three coefficients, batches of 10, rates from 5e-4 down to 7.8e-6; \
      moments of the stationary chains by exact recursions, over 10,000 random orders and their reverses (50,000 with --full).
      """,
    criterion: """
      KL divergences within 3 % of the table for full gradients and SGLD, within 10 % for SGWORLD (other orders); \
      SGLD/SGWORLD at least 100 where η P h_max is in [0.1, 0.5] and no more than about 10 near 2 (limit 11; the table has 10.1); slopes of ln KL in ln η \
      2.0 ± 0.1 at the smallest rates; noise once an epoch worse than SGLD; B = N the same for all; \
      means and variances of chains that are run (80,000 epochs) within 4 standard errors of the recursions.
      """,
    run: { context in try ExactPosteriorBias(context).run() })

  /// sgd-f8: entropy production tells the equilibrium sampler from the driven one.
  static let equilibriumSampler = Reproduction(
    id: "sgd-f8", title: "Entropy production of SGLD and SGWORLD",
    paper: "Adhikari et al. 2023, arXiv 2306.03521; theory of this project",
    claim: "SGWORLD samples in a state that is an equilibrium to leading orders; SGLD does not.",
    settings: "As sgd-f7; entropy production per epoch from the first two moments of the chain.",
    criterion: """
      Entropy production per epoch of SGWORLD below 1e-3 of SGLD's where η P h_max ≤ 0.5; SGLD's within 5 % of the \
      table, and proportional to η³ (slope 3.0 ± 0.1 at the smallest rates).
      """,
    run: { context in try ExactPosteriorBias(context).runEntropyProduction() })
}

/// The runs of sgd-f7 and sgd-f8.
private struct ExactPosteriorBias {
  /// Rates with the divergences of the theory sheet: full gradients, SGLD, SGWORLD; entropy production of SGLD.
  private static let table: [(rate: Double, full: Double, with: Double, without: Double)] = [
    (5.0e-4, 8.15e-4, 2.29e-1, 2.27e-2), (2.5e-4, 1.98e-4, 6.64e-2, 9.97e-4),
    (1.25e-4, 4.88e-5, 1.82e-2, 6.78e-5), (6.25e-5, 1.21e-5, 4.81e-3, 9.63e-6),
    (3.125e-5, 3.02e-6, 1.24e-3, 2.00e-6), (1.5625e-5, 7.52e-7, 3.14e-4, 4.72e-7),
    (7.8125e-6, 1.88e-7, 7.91e-5, 1.16e-7),
  ]
  private static let entropyProductions: [Double?] = [
    nil, nil, 1.7e-5, 2.4e-6, 3.3e-7, 4.2e-8, nil,
  ]
  private static let batchSize = 10

  let context: ReproductionContext
  let moments: LinearRegressionMoments
  let posterior: GaussianPosterior
  /// The largest curvature.
  let largest: Double

  init(_ context: ReproductionContext) throws(SzilardError) {
    LinearAlgebra.useOneThread()
    self.context = context
    let model = try RegressionSample.model()
    moments = try LinearRegressionMoments(of: model)
    posterior = try GaussianPosterior(of: model)
    largest = LinearAlgebra.singularValues(posterior.precision).first ?? .nan
  }

  /// η P h_max.
  private func reach(_ rate: Double) -> Double {
    rate * Double(moments.sampleCount / Self.batchSize) * largest
  }

  private func divergence(_ state: StationaryMoments?) -> Double {
    guard let state else { return .infinity }
    return posterior.divergence(
      ofMean: zip(posterior.mean, state.shift).map { $0 + $1 }, covariance: state.covariance)
  }

  private func with(_ rate: Double, batchSize: Int) -> StationaryMoments? {
    moments.withReplacement(rate: rate, batchSize: batchSize, temperature: 1)
  }

  private func without(_ rate: Double, _ noise: LangevinNoise = .step) -> StationaryMoments? {
    moments.withoutReplacement(
      rate: rate, batchSize: Self.batchSize, temperature: 1, noise: noise,
      orders: .sampled(context.isFull ? 50_000 : 10_000, seed: context.seed),
      workers: context.workers)
  }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    var curves: [String: [Double]] = [:]
    var names: [String] = []
    func note(_ name: String, _ rate: Double, _ value: Double) {
      if curves[name] == nil { names.append(name) }
      curves[name, default: []].append(value)
      outcome.measured.append(("η = \(rate): KL of \(name)", value))
    }
    for (index, row) in Self.table.enumerated() {
      let state = without(row.rate)
      let driven = with(row.rate, batchSize: Self.batchSize)
      let full = divergence(with(row.rate, batchSize: moments.sampleCount))
      let (kl, sgld) = (divergence(state), divergence(driven))
      note("full gradients", row.rate, full)
      note("SGLD", row.rate, sgld)
      note("SGWORLD", row.rate, kl)
      note("SGWORLD-LM", row.rate, divergence(without(row.rate, .leimkuhlerMatthews)))
      outcome.measured += errors(of: driven, "SGLD", row.rate)
      outcome.measured += errors(of: state, "SGWORLD", row.rate)
      outcome.checks += [
        .exact(
          "η = \(row.rate): full gradients, off the table", abs(full / row.full - 1), atMost: 0.03),
        .exact("η = \(row.rate): SGLD, off the table", abs(sgld / row.with - 1), atMost: 0.03),
        .exact(
          "η = \(row.rate): SGWORLD, off the table", abs(kl / row.without - 1), atMost: 0.1),
      ]
      let reach = reach(row.rate)
      outcome.measured.append(("η = \(row.rate): η P h_max", reach))
      outcome.measured.append(("η = \(row.rate): SGLD / SGWORLD", sgld / kl))
      if (0.1...0.5).contains(reach) {
        outcome.checks.append(
          .exact("η = \(row.rate): SGLD / SGWORLD", sgld / kl, atLeast: 100))
      } else if reach > 1.5 {
        outcome.checks.append(
          .exact("η = \(row.rate): SGLD / SGWORLD, near 2", sgld / kl, atMost: 11))
      }
      context.progress(Double(index + 1) / Double(Self.table.count + 1))
    }
    for name in ["full gradients", "SGLD", "SGWORLD"] {
      let values = (curves[name] ?? []).suffix(2)
      let slope = log2((values.first ?? .nan) / (values.last ?? .nan))
      outcome.checks.append(
        .exact("slope of \(name) at the smallest rates, off 2", abs(slope - 2), atMost: 0.1))
    }
    outcome.checks += fullBatches() + noiseOncePerEpoch()
    for rate in [2.5e-4, 1.25e-4] { outcome.checks += try sampled(rate) }
    let reaches = Self.table.map { reach($0.rate) }
    outcome.figures = [
      SeriesFigure.make(
        name: "sgd-f7", title: "Bias against the exact posterior",
        caption:
          "Kullback–Leibler divergence of the stationary state of each sampler from the posterior of linear regression, N = 200, B = 10, by exact recursion. All fall as the square of the rate; without replacement the prefactor is smaller by about the square of the number of batches.",
        xLabel: "rate × batches × largest curvature", yLabel: "KL divergence (nats)",
        series: names.map { SeriesFigure.Series(name: $0, x: reaches, y: curves[$0] ?? []) },
        isXLogarithmic: true, isYLogarithmic: true)
    ]
    return outcome
  }

  /// The errors of the mean and of the deviations, in units of the posterior's deviations, apart.
  private func errors(
    of state: StationaryMoments?, _ name: String, _ rate: Double
  ) -> [(name: String, value: Double)] {
    guard let state else { return [] }
    let exact = (0..<posterior.mean.count).map { posterior.covariance[$0, $0].squareRoot() }
    let mean = exact.indices.map { abs(state.shift[$0]) / exact[$0] }.max() ?? 0
    let spread =
      exact.indices.map { abs(state.covariance[$0, $0].squareRoot() / exact[$0] - 1) }.max() ?? 0
    return [
      ("η = \(rate): \(name), largest error of a mean / deviation", mean),
      ("η = \(rate): \(name), largest relative error of a deviation", spread),
    ]
  }

  /// With all samples in a batch there is nothing to replace.
  private func fullBatches() -> [Check] {
    let rate = 1.25e-4
    let one = divergence(with(rate, batchSize: moments.sampleCount))
    let other = divergence(
      moments.withoutReplacement(
        rate: rate, batchSize: moments.sampleCount, temperature: 1,
        orders: .sampled(1, seed: context.seed)))
    return [.exact("B = N: with against without", abs(other / one - 1), atMost: 1e-9)]
  }

  /// Chains that are run, against the recursion: the mean and the second moment of each coefficient.
  private func sampled(_ rate: Double) throws -> [Check] {
    guard
      let laplace = LaplaceApproximation(mode: posterior.mean, precision: posterior.precision)
    else { throw SzilardError(.internalFault, "the precision is not positive definite") }
    let model = try RegressionSample.model()
    return try [
      (PosteriorSampler.sgld, with(rate, batchSize: Self.batchSize)),
      (.sgworld, without(rate)),
    ].flatMap { sampler, state -> [Check] in
      var settings = SamplerSettings(sampler, stepSize: rate, batchSize: Self.batchSize)
      settings.recording = .epoch
      var sampling = PosteriorSampling(settings)
      sampling.chains = 8
      sampling.samples = context.isFull ? 50_000 : 10_000
      sampling.warmUp = 200
      sampling.seed = context.seed
      sampling.workers = context.workers
      let samples = try sampling.run(model, laplace: laplace)
      guard let state, samples.divergences.isEmpty else {
        return [.exact("η = \(rate): \(sampler.rawValue), chains", .nan, atMost: 0)]
      }
      return (0..<posterior.mean.count).flatMap { k -> [Check] in
        let centre = posterior.mean[k] + state.shift[k]
        let moved = samples.values(ofParameter: k).map { $0.map { $0 - centre } }
        let squares = moved.map { $0.map { $0 * $0 - state.covariance[k, k] } }
        return [("mean", moved), ("variance", squares)].map { name, values in
          .exact(
            "η = \(rate): \(sampler.rawValue), \(name) \(k + 1) of chains less recursion, standard errors",
            abs(standardErrors(values)), atMost: 4)
        }
      }
    }
  }

  /// How many standard errors a mean is from zero, by the scatter of segments of 500, many relaxation times each.
  private func standardErrors(_ chains: [[Double]]) -> Double {
    let means = chains.flatMap { chain in
      stride(from: 0, to: chain.count, by: 500).map { mean(of: Array(chain[$0..<$0 + 500])) }
    }
    return mean(of: means) / (variance(of: means) / Double(means.count)).squareRoot()
  }

  /// Noise once an epoch is an Euler step of P η: worse than SGLD.
  private func noiseOncePerEpoch() -> [Check] {
    let rate = 3.125e-5
    let once = divergence(without(rate, .epoch))
    return [
      .exact(
        "η = \(rate): noise once an epoch / SGLD",
        once / divergence(with(rate, batchSize: Self.batchSize)), atLeast: 1)
    ]
  }

  func runEntropyProduction() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let batches = Double(moments.sampleCount / Self.batchSize)
    var driven: [Double] = []
    var equilibrium: [Double] = []
    for (index, row) in Self.table.enumerated() {
      let production = try with(row.rate, batchSize: Self.batchSize)?.entropyProduction()
      let other = try without(row.rate)?.entropyProduction()
      let perEpoch = batches * (production ?? .nan)
      driven.append(perEpoch)
      equilibrium.append(other ?? .nan)
      outcome.measured += [
        ("η = \(row.rate): SGLD, nats per epoch", perEpoch),
        ("η = \(row.rate): SGWORLD, nats per epoch", other ?? .nan),
      ]
      if reach(row.rate) <= 0.5 {
        outcome.checks.append(
          .exact(
            "η = \(row.rate): SGWORLD / SGLD", (other ?? .nan) / perEpoch, atMost: 1e-3))
      }
      if let expected = Self.entropyProductions[index] {
        outcome.checks.append(
          .exact(
            "η = \(row.rate): SGLD, off the table", abs(perEpoch / expected - 1), atMost: 0.05))
      }
      context.progress(Double(index + 1) / Double(Self.table.count))
    }
    let slope = log2(driven[driven.count - 2] / driven[driven.count - 1])
    outcome.checks.append(.exact("slope of SGLD, off 3", abs(slope - 3), atMost: 0.1))
    outcome.figures = [
      SeriesFigure.make(
        name: "sgd-f8", title: "Entropy production of samplers",
        caption:
          "Entropy production per epoch of the stationary chains of sgd-f7: the current of SGLD is driven by the noise of its batches; without replacement that noise cancels over an epoch.",
        xLabel: "rate × batches × largest curvature", yLabel: "entropy production (nats per epoch)",
        series: [
          .init(name: "SGLD", x: Self.table.map { reach($0.rate) }, y: driven),
          .init(name: "SGWORLD", x: Self.table.map { reach($0.rate) }, y: equilibrium),
        ], isXLogarithmic: true, isYLogarithmic: true)
    ]
    return outcome
  }
}
