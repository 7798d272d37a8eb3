internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f5: fluctuation theorems of learned reverse processes.
  static let pathFluctuationTheorems = Reproduction(
    id: "diff-f5", title: "Fluctuation theorems of the path's entropy production",
    paper: "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, section 2.4; Crooks 1999",
    claim: """
      Σ = ln q(x_0…x_T)/p(x_0…x_T) obeys P_q(Σ)/P_p(−Σ) = e^Σ and ⟨e^{−Σ}⟩ = 1 whatever the reverse process: the bound of the \
      likelihood is a mean work.
      """,
    settings: """
      Reverse processes that are not exact, so that Σ fluctuates: the best diagonal kernels of a swiss roll (thickness 0.02) for \
      T = 40 under the cosine schedule and under steps of equal log-SNR, last step not learned, 20 000 paths in each direction; the best \
      kernel of independent bits of the heartbeat (ρ = 0.2) for T = 20 and 50, 80 000 paths; with --full five times as many. The model makes heartbeats \
      with a probability P < 1, and what it makes else has no forward path: there ⟨e^{−Σ}⟩ = P, and the densities cross at −ln P.
      """,
    criterion: """
      Slope 1 ± 0.05 within three standard errors, and Crooks' theorem not contradicted; the mean of e^{−Σ} not contradicted and an \
      effective sample size above 5 %, else not resolved: so under the cosine schedule, where the ratio alone is judged; for the heartbeat mean and crossing within three standard errors of P and −ln P of other samples. Negative \
      control: paths of another reverse process must fail.
      """,
    run: { context in try PathFluctuationTheorems(context).run() })
}

/// The run of diff-f5.
private struct PathFluctuationTheorems {
  let context: ReproductionContext
  private var factor: Int { context.isFull ? 5 : 1 }

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let law = try SwissRollLaw.law(points: 400, thickness: 0.02, workers: Workers(count: 1))
    let cosine = try NoiseSchedule(path: .cosine(offset: 0.008), steps: 40)
    try examineRoll("swiss roll, cosine", law, cosine, isCosine: true, &outcome)
    context.progress(0.4)
    let uniform = try NoiseSchedule.uniformLogSignalToNoise(
      steps: 40, firstRate: 1e-4, lastSignalPower: 1e-5)
    try examineRoll("swiss roll, equal log-SNR", law, uniform, isCosine: false, &outcome)
    context.progress(0.7)
    for steps in [20, 50] { try examineHeartbeat(steps: steps, &outcome) }
    context.progress(1)
    return outcome
  }

  private func examineRoll(
    _ name: String, _ law: PointMixture, _ schedule: NoiseSchedule, isCosine: Bool,
    _ outcome: inout ReproductionOutcome
  ) throws {
    let count = 20_000 * factor
    let diffusion = GaussianDiffusion(schedule)
    func works(_ variance: DenoisingKernel.Variance) throws -> PathWork {
      PathWork(
        try DenoisingKernel(law, diffusion: diffusion, variance: variance),
        workers: context.workers)
    }
    let best = try works(.optimal)
    let forward = try best.forward(
      from: law.samples(count, seed: context.seed), seed: context.seed
    ).entropyProduction(under: law)
    let reverse = try best.reverse(count: count, seed: context.seed &+ 1)
      .entropyProduction(under: law).map { -$0 }
    let crooks = CrooksTheorem.check(
      name: "\(name): Crooks", forward: forward, reverse: reverse, freeEnergyDifference: 0)
    record(name, forward, crooks, judgesMean: !isCosine, &outcome)
    if !isCosine {
      outcome.checks.append(
        IntegralFluctuationTheorem.check(
          name: "\(name): ⟨exp(−Σ)⟩", entropyProductions: forward, reverse: reverse))
    }
    outcome.figures += figures(
      isCosine ? "diff-f5-roll" : "diff-f5-roll-even", name, forward, reverse,
      crooks)
    if isCosine {
      // Σ of the best kernel along forward paths, of the narrow one along its own.
      let other = try works(.posterior).reverse(count: count, seed: context.seed &+ 2)
        .entropyProduction(under: law).map { -$0 }
      let wrong = CrooksTheorem.check(name: "mutant", forward: forward, reverse: other)
      outcome.checks.append(
        .exact(
          "\(name): paths of another reverse process fail", wrong.check.verdict == .fail ? 1 : 0,
          atLeast: 1))
    }
  }

  private func examineHeartbeat(steps: Int, _ outcome: inout ReproductionOutcome) throws {
    let count = 80_000 * factor
    let name = "heartbeat, T = \(steps)"
    let patterns = try PatternSet.heartbeat(
      diffusion: .bernoulli(activity: 0.2, schedule: .reciprocal(steps: steps)))
    let sampler = try CategoricalAncestralSampler(
      try DataPredictionKernel(patterns, diffusion: patterns.diffusion),
      diffusion: patterns.diffusion, workers: context.workers)
    let paths = try CategoricalPathWork.forward(
      sampler, data: patterns.samples(count, seed: context.seed), seed: context.seed)
    let forward = paths.works.map { $0 - patterns.entropy }
    let made = try CategoricalPathWork.reverse(sampler, count: count, seed: context.seed &+ 1)
    let which = patterns.identify(made.data)
    let reverse = zip(made.works, which).filter { $0.1 != nil }.map { patterns.entropy - $0.0 }
    let other = patterns.identify(try sampler.samples(count, seed: context.seed &+ 2))
    let share = Double(other.count { $0 != nil }) / Double(count)
    let shareError = (share * (1 - share) / Double(count)).squareRoot()
    let weights = forward.map { exp(-$0) }
    let weightError = (variance(of: weights) / Double(count)).squareRoot()
    outcome.checks.append(
      .measured(
        "\(name): ⟨exp(−Σ)⟩", mean(of: weights),
        standardError: (weightError * weightError + shareError * shareError).squareRoot(),
        expected: share, trajectories: count))
    let crooks = CrooksTheorem.check(
      name: "\(name): Crooks", forward: forward, reverse: reverse)
    record(name, forward, crooks, judgesMean: true, &outcome)
    let crossingError = crooks.crossing.halfWidth / normalQuantile(0.975)
    outcome.checks.append(
      .measured(
        "\(name): crossing", crooks.crossing.value,
        standardError: hypot(crossingError, shareError / share), expected: -log(share),
        trajectories: count))
    outcome.measured.append(("\(name): share of valid samples", share))
    if steps == 20 {
      outcome.figures += figures("diff-f5-heartbeat", name, forward, reverse, crooks)
    }
  }

  private func record(
    _ name: String, _ forward: [Double], _ crooks: CrooksTheorem.Result, judgesMean: Bool,
    _ outcome: inout ReproductionOutcome
  ) {
    let effective =
      effectiveSampleSize(ofLogWeights: forward.map { -$0 }) / Double(forward.count)
    outcome.checks.append(crooks.check)
    outcome.checks.append(
      .measured(
        "\(name): slope", crooks.slope.value,
        standardError: crooks.slope.halfWidth / normalQuantile(0.975), expected: 1,
        tolerance: 0.05, trajectories: crooks.check.trajectories))
    if judgesMean {
      outcome.checks.append(
        Check(
          name: "\(name): effective share of paths", statistic: effective, expected: 0.05,
          relation: .atLeast, interval: effective...effective,
          verdict: effective > 0.05 ? .pass : .unresolved, trajectories: forward.count,
          reason: effective > 0.05 ? "" : "few paths dominate ⟨exp(−Σ)⟩"))
    }
    outcome.measured += [
      ("\(name): slope", crooks.slope.value), ("\(name): crossing", crooks.crossing.value),
      ("\(name): ⟨Σ⟩ in nats", mean(of: forward)),
      ("\(name): ⟨exp(−Σ)⟩", mean(of: forward.map { exp(-$0) })),
      ("\(name): effective share of paths", effective),
    ]
  }

  private func figures(
    _ file: String, _ name: String, _ forward: [Double], _ reverse: [Double],
    _ crooks: CrooksTheorem.Result
  ) -> [Figure] {
    [
      WorkHistogramFigure.make(
        name: file, title: "Entropy production of paths: \(name)", forward: forward,
        reverse: reverse, freeEnergyDifference: crooks.crossing, xLabel: "Σ (nats)"),
      FluctuationFigure.make(
        name: file + "-ratio", title: "Detailed fluctuation theorem: \(name)", bins: crooks.bins,
        expectedSlope: 1, expectedIntercept: -crooks.crossing.value, xLabel: "Σ (nats)",
        yLabel: "ln p_F(Σ)/p_R(−Σ)"),
    ]
  }
}
