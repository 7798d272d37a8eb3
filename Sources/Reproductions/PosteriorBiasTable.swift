internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

extension Reproduction {
  /// sgd-f10: what samplers of a posterior get wrong, and which diagnostics see it.
  static let posteriorBiasTable = Reproduction(
    id: "sgd-f10", title: "Bias of posterior samplers, and who sees it",
    paper: "asked for in singhharsh1708/Assay.jl issue 72; theory of this project",
    claim: """
      At equal numbers of gradients samplers differ in bias by orders of magnitude. R-hat and effective sample sizes do not \
      see it; the kernel Stein discrepancy does.
      """,
    settings: """
      The linear regression of sgd-f7; four chains, 2·10⁷ gradients of single samples a run (10⁸ with --full), three steps, \
      batches of 10 and 50. Samplers with velocities have the step η α, so that all have one mobility.
      """,
    criterion: """
      Where the larger of two divergences from the exact posterior is above 0.02 nats and four times the other, the kernel \
      Stein discrepancy has the same order; biased SGLD (variance off by more than 10 %) has R-hat below 1.01; SGLD's divergence is at \
      least ten times SGWORLD's where η P h_max ≤ 1; variances of samplers without velocities within 5.7 standard errors + 2 % of the prediction (of samplers with batches of \
      whole epochs where η P h_max ≤ ½).
      """,
    run: { context in try PosteriorBiasTable(context).run() })
}

/// The run of sgd-f10.
private struct PosteriorBiasTable {
  /// One row of the table.
  private struct Row {
    let name: String
    let batchSize: Int
    let step: Double
    let divergence: Double
    let meanError: Double
    let deviationError: Double
    let diagnostics: PosteriorDiagnostics
    let sampler: PosteriorSampler
  }

  private static let steps = [5e-4, 2.5e-4, 1.25e-4]

  let context: ReproductionContext
  let model: LinearModel
  let posterior: GaussianPosterior
  let laplace: LaplaceApproximation
  let noise: MinibatchScatter

  init(_ context: ReproductionContext) throws(SzilardError) {
    self.context = context
    model = try RegressionSample.model()
    posterior = try GaussianPosterior(of: model)
    laplace = LaplaceApproximation(
      at: try Minimum.find(
        of: model, from: [Double](repeating: 0, count: model.parameterCount)))
    noise = MinibatchScatter(of: model, at: laplace)
  }

  func run() throws(SzilardError) -> ReproductionOutcome {
    LinearAlgebra.useOneThread()
    var jobs: [(String, SamplerSettings)] = []
    for step in Self.steps {
      for (name, sampler, size) in [
        ("SGLD", PosteriorSampler.sgld, 10), ("SGLD", .sgld, 50), ("SGLD-CV", .controlVariates, 10),
        ("SGHMC", .sghmc, 10), ("SGNHT", .sgnht, 10), ("BAOAB", .baoab, 10), ("ULA", .ula, 200),
        ("SGWORLD", .sgworld, 10), ("SGWORLD", .sgworld, 50), ("SGWORLD-LM", .sgworld, 10),
        ("SGWORLD-LM debiased", .sgworld, 10),
      ] {
        var settings = SamplerSettings(sampler, stepSize: step, batchSize: size)
        if sampler.isKinetic { settings.stepSize *= settings.friction }
        if name.contains("LM") { settings.noise = .leimkuhlerMatthews }
        if name.contains("debiased") { settings.isDebiased = true }
        jobs.append((name, settings))
      }
    }
    jobs.append(("HMC", SamplerSettings(.hmc, stepSize: 1, batchSize: 200)))
    var rows: [Row] = []
    for (index, job) in jobs.enumerated() {
      rows.append(try row(job.0, job.1))
      context.progress(Double(index + 1) / Double(jobs.count))
    }
    return outcome(rows)
  }

  private func row(_ name: String, _ settings: SamplerSettings) throws(SzilardError) -> Row {
    let budget = context.isFull ? 1e8 : 2e7
    var sampling = PosteriorSampling(settings)
    sampling.seed = context.seed
    sampling.workers = context.workers
    sampling.samples = 4000
    let perMove: Double
    switch settings.sampler {
    case .hmc: perMove = 4 * 200
    case .ula: perMove = 200
    case .sgworld: perMove = settings.isDebiased ? 400 : 200
    case .controlVariates: perMove = 2 * Double(settings.batchSize)
    default: perMove = Double(settings.batchSize)
    }
    let moves = budget / Double(sampling.chains) / perMove
    sampling.warmUp = Int(moves / 20)
    sampling.thinning = Swift.max(1, Int(0.95 * moves / Double(sampling.samples)))
    let samples = try sampling.run(model, laplace: laplace)
    let diagnostics = try PosteriorDiagnostics(
      of: samples, model: model, laplace: laplace, noise: noise, thinning: sampling.thinning,
      limit: 3000, draws: 60, seed: context.seed, workers: context.workers)
    let mean = samples.mean
    let covariance = samples.covariance
    let deviations = laplace.deviations
    return Row(
      name: name, batchSize: settings.batchSize,
      step: settings.sampler.isKinetic ? settings.stepSize / settings.friction : settings.stepSize,
      divergence: posterior.divergence(ofMean: mean, covariance: covariance),
      meanError: mean.indices.map { abs(mean[$0] - posterior.mean[$0]) / deviations[$0] }.max()
        ?? 0,
      deviationError: mean.indices.map {
        abs(covariance[$0, $0].squareRoot() / deviations[$0] - 1)
      }.max() ?? 0, diagnostics: diagnostics, sampler: settings.sampler)
  }

  private func outcome(_ rows: [Row]) -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let largest = laplace.largestCurvature
    for row in rows {
      let label =
        row.sampler == .hmc
        ? "HMC" : "\(row.name), η \(short(row.step)), B \(row.batchSize)"
      outcome.measured += [
        ("\(label): divergence", row.divergence), ("\(label): mean, deviations off", row.meanError),
        ("\(label): deviation, relative", row.deviationError),
        ("\(label): KSD", row.diagnostics.stein.value),
        ("\(label): p-value of KSD", row.diagnostics.stein.pValue),
        ("\(label): fewest effective samples", row.diagnostics.fewestEffectiveSamples),
        ("\(label): worst R-hat", row.diagnostics.worstScaleReduction),
        ("\(label): entropy production", row.diagnostics.entropyProduction.estimate.value),
      ]
      if let predicted = row.diagnostics.predicted {
        outcome.measured.append(("\(label): predicted variance error", predicted.worstVariance))
      }
    }
    // Pairs that differ beyond what sampling blurs.
    var pairs = 0
    var wrong = 0
    for (index, a) in rows.enumerated() {
      for b in rows[..<index] {
        let (worse, better) = a.divergence > b.divergence ? (a, b) : (b, a)
        guard worse.divergence > 0.02, worse.divergence > 4 * better.divergence else { continue }
        pairs += 1
        if worse.diagnostics.stein.value <= better.diagnostics.stein.value { wrong += 1 }
      }
    }
    outcome.measured.append(("pairs compared", Double(pairs)))
    outcome.checks += [
      .exact("pairs of runs that can be ranked", Double(pairs), atLeast: 20),
      .exact("pairs that KSD orders otherwise", Double(wrong), atMost: 0),
    ]
    for row in rows where row.sampler == .sgld && row.deviationError > 0.05 {
      outcome.checks.append(
        .exact(
          "biased SGLD, η \(short(row.step)), B \(row.batchSize): worst R-hat all the same",
          row.diagnostics.worstScaleReduction, atMost: 1.01))
    }
    for row in rows
    where row.sampler == .sgld && row.step * 200 / Double(row.batchSize) * largest <= 1 {
      guard
        let other = rows.first(where: {
          $0.name == "SGWORLD" && $0.step == row.step && $0.batchSize == row.batchSize
        }), row.batchSize == 10
      else { continue }
      outcome.checks.append(
        .exact(
          "divergence of SGLD over SGWORLD's, η \(short(row.step))",
          row.divergence / other.divergence, atLeast: 10))
    }
    for row in rows {
      guard let predicted = row.diagnostics.predicted,
        !([.sghmc, .sgnht, .baoab].contains(row.sampler)),
        row.step * 200 / Double(row.batchSize) * largest <= 0.5 || row.sampler != .sgworld
      else { continue }
      // A standard deviation of n effective samples has the relative error 1/√(2n).
      let measured =
        row.diagnostics.parameters.indices.map { index -> Double in
          let parameter = row.diagnostics.parameters[index]
          let ratio = parameter.deviation / predicted.deviations[index]
          let error =
            1 / (2 * Swift.max(4, parameter.bulkEffectiveSampleSize / 2)).squareRoot()
          return abs(ratio * ratio - 1) / (8 * error + 0.02)
        }.max() ?? 0
      outcome.checks.append(
        .exact(
          "\(row.name), η \(short(row.step)), B \(row.batchSize): variance off the prediction, of what is allowed",
          measured, atMost: 1))
    }
    outcome.figures = figures(rows)
    return outcome
  }

  private func figures(_ rows: [Row]) -> [Figure] {
    let names = ["SGLD", "SGLD-CV", "SGHMC", "SGNHT", "ULA", "SGWORLD", "SGWORLD-LM debiased"]
    let series = names.map { name in
      let own = rows.filter { $0.name == name && $0.batchSize != 50 }.sorted { $0.step < $1.step }
      return SeriesFigure.Series(
        name: name, x: own.map { $0.step * 20 * laplace.largestCurvature },
        y: own.map(\.divergence))
    }
    let exact = rows.first { $0.sampler == .hmc }?.divergence ?? .nan
    let scatter = SeriesFigure.Series(
      name: "runs", x: rows.map(\.divergence), y: rows.map(\.diagnostics.stein.value),
      style: .points)
    return [
      SeriesFigure.make(
        name: "sgd-f10", title: "Bias of samplers at equal numbers of gradients",
        caption:
          "The divergence of the Gaussian of the samples from the exact posterior, against the step (over the friction, for samplers with velocities). What lies near the line of HMC is sampling error.",
        xLabel: "η P h_max, P = 20", yLabel: "divergence / nats", series: series,
        references: [.init(value: exact, name: "HMC, exact")], isYLogarithmic: true),
      SeriesFigure.make(
        name: "sgd-f10-ksd", title: "The kernel Stein discrepancy sees the bias",
        caption: "Each point is a run. On the left, where sampling error rules, it is flat.",
        xLabel: "divergence from the exact posterior / nats", yLabel: "kernel Stein discrepancy",
        series: [scatter], isXLogarithmic: true, isYLogarithmic: true),
    ]
  }

  private func short(_ value: Double) -> String { String(format: "%.3g", value) }
}
