internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f9: bounds, paths, flow and the exact likelihood.
  static let likelihoodTriangle = Reproduction(
    id: "diff-f9", title: "Bounds below, the flow on the exact likelihood",
    paper:
      "Sohl-Dickstein et al. 2015, equation 9; Burda, Grosse and Salakhutdinov 2016; Song et al. 2021, appendix D.2",
    claim: """
      The bound K is the work of paths in the mean, and Jarzynski's average of k of them climbs from K to the likelihood; the change \
      of volume along the probability flow gives it at once.
      """,
    settings: """
      A mixture of three Gaussians in the plane with exact denoiser. Chains of T = 10 and 40 steps (cosine) with the best kernels of \
      independent coordinates; 300 data points, 64 paths from each (with --full 1000 and 256). The flow along the cosine arc from \
      t = 10⁻⁴, tolerance 10⁻⁷, exact traces.
      """,
    criterion: """
      K ≤ L_2 ≤ … ≤ L_64 ≤ exact, every difference within three standard errors of its sign; K of divergences and of works \
      agree within three standard errors; the flow within 10⁻³ nats of the exact density for every data point.
      """,
    run: { context in try LikelihoodTriangle(context).run() })
}

/// The run of diff-f9.
private struct LikelihoodTriangle {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  private func law() throws -> GaussianMixture {
    func covariance(_ a: Double, _ b: Double, _ c: Double) -> Matrix<Double> {
      Matrix(rows: 2, columns: 2, elements: [a, b, b, c])
    }
    return try GaussianMixture(
      weights: [0.5, 0.3, 0.2], means: [[0.9, 0.4], [-1.1, 0.6], [-0.4, -1.5]],
      covariances: [
        covariance(0.15, 0.08, 0.12), covariance(0.1, -0.05, 0.2), covariance(0.3, 0, 0.05),
      ], workers: context.workers)
  }

  func run() throws -> ReproductionOutcome {
    let law = try law()
    let count = context.isFull ? 1000 : 300
    let paths = context.isFull ? 256 : 64
    let data = law.samples(count, seed: context.seed)
    let exact = law.logDensity(of: data, at: NoiseLevel(signal: 1, noise: 0))
    var outcome = ReproductionOutcome(measured: [("exact (nats)", mean(of: exact))], checks: [])
    var series: [SeriesFigure.Series] = []
    for (index, steps) in [10, 40].enumerated() {
      let schedule = try NoiseSchedule(path: .cosine(offset: 0.008), steps: steps)
      let kernel = try DenoisingKernel(
        law, diffusion: GaussianDiffusion(schedule), variance: .optimal)
      let progress = context.progress
      let value = try PathLikelihood(
        PathWork(kernel, lastStep: .model, workers: context.workers), paths: paths
      ).evaluate(data, seed: context.seed &+ UInt64(index)) { part in
        progress((Double(index) + part) / 2.5)
      }
      try check(value, kernel, data, exact, steps, &outcome)
      let estimates = value.bounds.map(\.estimate)
      series.append(
        SeriesFigure.Series(
          name: "paths, T = \(steps)", x: value.bounds.map { Double($0.paths) },
          y: estimates.map { $0.value - mean(of: exact) }))
    }
    let flow = ProbabilityFlowLikelihood(
      law, path: .cosine(offset: 0), from: 1e-4, tolerance: 1e-7, workers: context.workers)
    let densities = try flow.evaluate(data, seed: context.seed)
    let largest = zip(densities.logDensities, exact).map { abs($0 - $1) }.max() ?? .nan
    outcome.measured += [
      ("flow (nats)", densities.logDensity.value), ("flow, largest error", largest),
      ("flow, evaluations", Double(densities.evaluations)),
    ]
    outcome.checks.append(.exact("flow: largest error of a data point", largest, atMost: 1e-3))
    outcome.figures = [
      SeriesFigure.make(
        name: "diff-f9", title: "From the bound to the likelihood",
        caption:
          "How far below the exact log-likelihood the bound by k paths lies. One path is the variational bound K; the gap there is the work dissipated, which longer chains with the best kernels make smaller.",
        xLabel: "paths k", yLabel: "L_k − exact (nats)", series: series,
        references: [
          SeriesFigure.ReferenceLine(value: 0, name: "exact"),
          SeriesFigure.ReferenceLine(
            value: densities.logDensity.value - mean(of: exact), name: "probability flow"),
        ], isXLogarithmic: true)
    ]
    context.progress(1)
    return outcome
  }

  private func check(
    _ value: PathLikelihood.Value, _ kernel: DenoisingKernel, _ data: Matrix<Double>,
    _ exact: [Double], _ steps: Int, _ outcome: inout ReproductionOutcome
  ) throws {
    let works = value.points.map(\.bound.value)
    let bound = try EvidenceBound(kernel, lastStep: .model, workers: context.workers)
      .evaluate(data, seed: context.seed)
    let name = "T = \(steps)"
    outcome.measured += [("\(name): K (nats)", bound.total.value)]
    outcome.measured += value.bounds.map { ("\(name): L_\($0.paths) (nats)", $0.estimate.value) }
    outcome.measured += [
      ("\(name): effective part of the paths", value.effectiveFraction),
      ("\(name): work dissipated (nats)", value.dissipation),
    ]
    outcome.checks.append(
      paired("\(name): K by divergences less K by works", zip(bound.values, works).map(-), .equal))
    for (lower, higher) in zip(value.bounds, value.bounds.dropFirst()) {
      outcome.checks.append(
        paired(
          "\(name): L_\(higher.paths) − L_\(lower.paths)", zip(higher.values, lower.values).map(-),
          .atLeast))
    }
    if let last = value.bounds.last {
      outcome.checks.append(
        paired("\(name): exact − L_\(last.paths)", zip(exact, last.values).map(-), .atLeast))
    }
  }

  /// The mean of differences: 0, or at least 0, within three standard errors.
  private func paired(
    _ name: String, _ differences: [Double], _ relation: Check.Relation
  ) -> Check {
    let value = mean(of: differences)
    let error = (variance(of: differences) / Double(differences.count)).squareRoot()
    if relation == .equal {
      return .measured(
        name, value, standardError: error, expected: 0, trajectories: differences.count)
    }
    let passes = value >= -3 * error
    return Check(
      name: name, statistic: value, expected: 0, relation: .atLeast,
      interval: value - 3 * error...value + 3 * error, verdict: passes ? .pass : .fail,
      trajectories: differences.count,
      reason: passes ? "" : "\(value / error) standard errors below 0")
  }
}
