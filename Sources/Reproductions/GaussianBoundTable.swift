internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-t1: the bound of data that are noise already.
  static let unitGaussianBound = Reproduction(
    id: "diff-t1", title: "Unit Gaussian data gain nothing over the null model",
    paper: "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, table 1",
    claim:
      "For isotropic Gaussian data of unit variance the forward kernel is its own reverse, and K = L_null.",
    settings: """
      Two dimensions, T = 40, β = 1/(T − t + 1), exact kernels. Expectations over data and noise exactly (the divergences \
      are quadratic), over 2000 paths, and over 20,000 data points with fresh noise at each step.
      """,
    criterion: """
      |K − L_null| < 10⁻¹⁰ nats analytically, < 10⁻³ by sampled paths, and within three standard errors by sampled divergences.
      """,
    run: { context in try GaussianBoundTable(context).unit() })

  /// diff-t2: the table of exact bounds.
  static let gaussianBoundTable = Reproduction(
    id: "diff-t2", title: "The bound on Gaussian data for six schedules",
    paper: "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, equations 13 and 14",
    claim: """
      With exact kernels K = −½ ln 2πe − ½ ln(v_1/v_T) a dimension: it depends on the ends of the schedule alone. With the \
      model's own last step the bound is the negative entropy of the data, whatever the schedule.
      """,
    settings: """
      Variances 1.75 and 0.25; β = 1/(T − t + 1), linear and cosine schedules of 40 and 1000 steps. K in bits by the closed form, by \
      the sum of expected divergences, by the evaluator of bounds with exact expectations, and (T = 40) by 4000 sampled data points.
      """,
    criterion: """
      Each agrees with the table of the fact sheet to 10⁻⁶ bits; sampled values within three standard errors.
      """,
    run: { context in try GaussianBoundTable(context).table() })
}

/// The runs of diff-t1 and diff-t2.
private struct GaussianBoundTable {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  /// −Σ_{t≥2} E KL + entropies in nats, exactly: the divergences are polynomials of degree 2 in data and noise, whose
  /// expectations are means over all signs.
  private func exactBound(
    _ kernel: any GaussianReverseKernel, variances: [Double]
  ) throws -> (edge: Double, full: Double, divergences: [Double]) {
    let (data, noise) = signs(variances)
    let diffusion = kernel.diffusion
    let bound = EvidenceBound(kernel, workers: context.workers)
    let divergences = try (2...diffusion.schedule.steps).map { step in
      mean(of: try bound.divergence(data: data, noise: noise, step: step))
    }
    let d = Double(variances.count)
    let steps = diffusion.schedule.steps
    let entropies =
      d
      * (diffusion.conditionalEntropy(steps) - diffusion.conditionalEntropy(1)
        - GaussianDiffusion.priorEntropy)
    let first = diffusion.states(from: data, noise: noise, step: 1)
    let decoder = mean(of: try kernel.reverse(first, step: 1).logDensity(of: data))
    let prior = mean(of: (0..<data.rows).map { diffusion.priorDivergence(of: data.row($0)) })
    let sum = divergences.reduce(0, +)
    return (entropies - sum, decoder - prior - sum, divergences)
  }

  /// Data ±√l and noise ±1 in all combinations.
  private func signs(_ variances: [Double]) -> (data: Matrix<Double>, noise: Matrix<Double>) {
    let d = variances.count
    var data = Matrix<Double>(rows: 1 << (2 * d), columns: d)
    var noise = data
    for row in 0..<data.rows {
      for column in 0..<d {
        data[row, column] = variances[column].squareRoot() * (row >> column & 1 == 0 ? 1 : -1)
        noise[row, column] = row >> (d + column) & 1 == 0 ? 1 : -1
      }
    }
    return (data, noise)
  }

  private func kernel(_ law: GaussianMixture, _ schedule: NoiseSchedule) throws -> DenoisingKernel {
    try DenoisingKernel(law, diffusion: GaussianDiffusion(schedule), variance: .optimal)
  }

  func unit() throws -> ReproductionOutcome {
    let law = try GaussianMixture(variances: [1, 1], workers: context.workers)
    let kernel = try kernel(law, .reciprocal(steps: 40))
    let null = -2 * GaussianDiffusion.priorEntropy
    let exact = try exactBound(kernel, variances: [1, 1]).edge - null
    let data = law.samples(20_000, seed: context.seed)
    let bound = EvidenceBound(kernel, workers: context.workers)
    let sampled = try bound.evaluate(data, seed: context.seed, progress: context.progress)
    let some = data.selectingRows(0..<2000)
    let works = try PathWork(kernel, workers: context.workers).forward(
      from: some, seed: context.seed
    ).works
    let gains = works.indices.map { row in
      -works[row]
        + 0.5 * (some.row(row).reduce(0) { $0 + $1 * $1 } + 2 * log(2 * .pi))
    }
    let steps = sampled.terms.map(\.step)
    return ReproductionOutcome(
      measured: [
        ("K − L_null, exactly (nats)", exact),
        ("K − L_null, paths (nats)", mean(of: gains)),
        ("K − L_null, divergences (nats)", sampled.gain.value),
        ("its standard error", sampled.gain.halfWidth / normalQuantile(0.975)),
        ("L_null (bits a dimension)", null / 2 / log(2)),
      ],
      checks: [
        .exact("|K − L_null| by exact expectations", abs(exact), atMost: 1e-10),
        .exact("|K − L_null| by 2000 paths", abs(mean(of: gains)), atMost: 1e-3),
        .measured(
          "K − L_null by sampled divergences", sampled.gain.value,
          standardError: sampled.gain.halfWidth / normalQuantile(0.975), expected: 0,
          trajectories: data.rows),
        .exact(
          "L_null is −½ log₂ 2πe a dimension, error", abs(null / 2 / log(2) + 2.0470956),
          atMost: 1e-6),
      ],
      figures: [
        SeriesFigure.make(
          name: "diff-t1", title: "What each step loses on unit Gaussian data",
          caption:
            "The divergence of the forward kernel from the posterior of each step is the information about the data that the step destroys; the sum of all is the difference of the entropies at the ends, so that nothing is gained over the null model.",
          xLabel: "step t", yLabel: "divergence (nats)",
          series: [
            SeriesFigure.Series(
              name: "sampled", x: steps.map(Double.init), y: sampled.terms.map(\.mean),
              low: sampled.terms.map { $0.mean - 2 * ($0.standardError ?? 0) },
              high: sampled.terms.map { $0.mean + 2 * ($0.standardError ?? 0) }, style: .points),
            SeriesFigure.Series(
              name: "exact", x: steps.map(Double.init),
              y: try exactBound(kernel, variances: [1, 1]).divergences),
          ], isYLogarithmic: true)
      ])
  }

  func table() throws -> ReproductionOutcome {
    let variances = [1.75, 0.25]
    let law = try GaussianMixture(variances: variances, workers: context.workers)
    let rows: [(name: String, schedule: NoiseSchedule, bits: Double)] = [
      ("1/(T − t + 1), T = 40", .reciprocal(steps: 40), -3.542267),
      ("1/(T − t + 1), T = 1000", .reciprocal(steps: 1000), -3.499720),
      ("linear, T = 40", .linear(steps: 40), -3.502485),
      ("linear, T = 1000", .linear(steps: 1000), -3.498054),
      ("cosine, T = 40", try NoiseSchedule(path: .cosine(offset: 0.008), steps: 40), -3.502462),
      ("cosine, T = 1000", try NoiseSchedule(path: .cosine(offset: 0.008), steps: 1000), -3.497945),
    ]
    var outcome = ReproductionOutcome(measured: [], checks: [])
    var series: [SeriesFigure.Series] = []
    for (index, row) in rows.enumerated() {
      let schedule = row.schedule
      func v(_ step: Int, _ l: Double) -> Double { 1 + schedule.signalPowers[step] * (l - 1) }
      let closed = variances.reduce(0.0) {
        $0 - 0.5 * (1 + log(2 * .pi)) - 0.5 * log(v(1, $1) / v(schedule.steps, $1))
      }
      let ends = log(schedule.noisePowers[schedule.steps] / schedule.noisePowers[1])
      let direct = variances.reduce(0.0) { sum, l in
        let divergences = (2...schedule.steps).reduce(0.0) { total, t in
          total + 0.5
            * log(
              v(t - 1, l) * schedule.noisePowers[t] / (v(t, l) * schedule.noisePowers[t - 1]))
        }
        return sum - divergences + 0.5 * ends - GaussianDiffusion.priorEntropy
      }
      let kernel = try kernel(law, schedule)
      let evaluated = try exactBound(kernel, variances: variances)
      for (name, value) in [
        ("closed form", closed), ("sum of divergences", direct), ("evaluator", evaluated.edge),
      ] {
        outcome.checks.append(
          .exact(
            "\(row.name): \(name), error in bits", abs(value / log(2) - row.bits), atMost: 1e-6))
      }
      outcome.checks.append(
        .exact(
          "\(row.name): with the model's last step, error in bits",
          abs(evaluated.full / log(2) + 3.497869), atMost: 1e-6))
      outcome.measured += [
        ("\(row.name): K (bits)", evaluated.edge / log(2)),
        ("\(row.name): with the model's last step (bits)", evaluated.full / log(2)),
      ]
      if schedule.steps == 40 {
        let value = try EvidenceBound(kernel, workers: context.workers).evaluate(
          law.samples(4000, seed: context.seed &+ UInt64(index)), seed: context.seed)
        outcome.checks.append(
          .measured(
            "\(row.name): sampled K (bits)", value.bits.value,
            standardError: value.bits.halfWidth / normalQuantile(0.975), expected: row.bits,
            trajectories: 4000))
        series.append(
          SeriesFigure.Series(
            name: row.name, x: (2...40).map(Double.init),
            y: evaluated.divergences.map { $0 / log(2) }))
      }
      context.progress(Double(index + 1) / Double(rows.count))
    }
    outcome.figures = [
      SeriesFigure.make(
        name: "diff-t2", title: "The bound term by term",
        caption:
          "The divergence of each step for data of variances 1.75 and 0.25. Schedules spread the same sum over their steps in different ways; only their ends change it.",
        xLabel: "step t", yLabel: "divergence (bits)", series: series, isYLogarithmic: true)
    ]
    return outcome
  }
}
