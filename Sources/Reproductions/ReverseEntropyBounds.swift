internal import DiffusionModels
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f4: bounds of the entropy of a reverse step.
  static let reverseEntropyBounds = Reproduction(
    id: "diff-f4", title: "Bounds of the entropy of reverse steps",
    paper: "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, appendix A",
    claim: """
      The entropy of a reverse step given the later state lies between what the forward process tells of it: \
      below the entropy of the forward step, above that less what the data tell of both states.
      """,
    settings: """
      Gaussian data of the variances 1.75 and 0.25 under three schedules of 40 and 1000 steps, exactly; the binary \
      heartbeat at the activities 0.2 and 0.5 with T = 20, 50 and 200, by sums over all 2²⁰ states in classes.
      """,
    criterion: """
      No violation above 10⁻⁹ nats at any step. Negative control: data that are not of unit variance (4 along both axes) \
      must violate the upper bound, which needs it.
      """,
    run: { context in try ReverseEntropyBounds(context).run() })
}

/// The run of diff-f4.
private struct ReverseEntropyBounds {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let schedules = [
      ("1/(T − t + 1), T = 40", NoiseSchedule.reciprocal(steps: 40)),
      ("linear, T = 1000", .linear(steps: 1000)),
      ("cosine, T = 40", try NoiseSchedule(path: .cosine(offset: 0.008), steps: 40)),
    ]
    for (name, schedule) in schedules {
      let diffusion = GaussianDiffusion(schedule)
      check(
        "Gaussian, \(name)",
        EntropyBounds.gaussian(variances: [1.75, 0.25], diffusion: diffusion), &outcome)
      let wide = EntropyBounds.gaussian(variances: [4, 4], diffusion: diffusion)
      outcome.checks.append(
        .exact(
          "Gaussian of variance 4, \(name): value above the upper bound",
          wide.map { $0.value - $0.upper }.max() ?? 0, atLeast: 1e-3))
    }
    var shown: [EntropyBounds] = []
    let sizes = [20, 50, 200]
    for activity in [0.2, 0.5] {
      for (index, steps) in sizes.enumerated() {
        let patterns = try PatternSet.heartbeat(
          diffusion: .bernoulli(activity: activity, schedule: .reciprocal(steps: steps)))
        let bounds = EntropyBounds.patterns(patterns, classes: try patterns.stateClasses())
        check("heartbeat, ρ = \(activity), T = \(steps)", bounds, &outcome)
        if activity == 0.2, steps == 50 { shown = bounds }
        context.progress(
          (activity == 0.5 ? 0.5 : 0) + 0.5 * Double(index + 1) / Double(sizes.count))
      }
    }
    outcome.figures = [figure(shown)]
    return outcome
  }

  private func check(
    _ name: String, _ bounds: [EntropyBounds], _ outcome: inout ReproductionOutcome
  ) {
    outcome.checks += [
      .exact(
        "\(name): lower bound above the value", bounds.map { $0.lower - $0.value }.max() ?? .nan,
        atMost: 1e-9),
      .exact(
        "\(name): value above the upper bound", bounds.map { $0.value - $0.upper }.max() ?? .nan,
        atMost: 1e-9),
    ]
    outcome.measured += [
      ("\(name): least distance from below", bounds.map(\.leastDivergence).min() ?? .nan),
      ("\(name): information lost along the chain", bounds.reduce(0) { $0 + $1.leastDivergence }),
    ]
  }

  private func figure(_ bounds: [EntropyBounds]) -> Figure {
    let steps = bounds.map { Double($0.step) }
    return SeriesFigure.make(
      name: "diff-f4", title: "Bounds of the entropy of a reverse step: heartbeat, T = 50",
      caption:
        "How far H(X_{t−1}|X_t), summed over all states, is from what bounds it without knowledge of the data's law. The distance from below is what a step takes from the bound of the likelihood with the best kernel.",
      xLabel: "step t", yLabel: "distance (nats)",
      series: [
        SeriesFigure.Series(
          name: "upper bound less entropy", x: steps, y: bounds.map { $0.upper - $0.value }),
        SeriesFigure.Series(
          name: "entropy less lower bound", x: steps, y: bounds.map(\.leastDivergence)),
      ], isYLogarithmic: true)
  }
}
