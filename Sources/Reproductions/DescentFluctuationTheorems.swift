internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

extension Reproduction {
  /// sgd-f3: the fluctuation theorems of descent.
  static let descentFluctuationTheorems = Reproduction(
    id: "sgd-f3", title: "Integral and detailed fluctuation theorem of descent",
    paper: DescentExample.paper,
    claim:
      "⟨e^{−σ}⟩ = 1 and ln p(σ)/p(−σ) = σ for the entropy production of descent with replacement.",
    settings: """
      \(DescentExample.settings). η = 1e-7, B = 10; 8 chains, 40 million steps after 2 million (with --full 200 million); \
      σ = Σ vᵀ D⁻¹ Δθ over windows of 1, 100, 1000 and 3000 steps, v and D of the linear theory at the minimum.
      """,
    criterion: """
      |⟨e^{−σ}⟩ − 1| below 4 standard errors in each window; slope of the detailed theorem 1 within the larger of 0.05 and \
      3 standard errors; ⟨σ⟩ a step (by ⟨vᵀD⁻¹v⟩) within 5 % of the trace formula; ⟨e^{+σ}⟩ above 1 by more than 10 \
      standard errors in windows of one step.
      """,
    run: { context in try run(DescentExample(context)) })

  private static func run(_ example: DescentExample) throws -> ReproductionOutcome {
    let rate = 1e-7
    let state = try example.state(rate: rate)
    let outcome = try example.run(
      about: state, rate: rate, steps: example.context.isFull ? 200_000_000 : 40_000_000,
      burnIn: 2_000_000, windows: [1, 100, 1000, 3000], fractions: 0...0.95)
    let statistics = outcome.statistics
    let theory = state.discreteCovariance().map { state.entropyProduction(covariance: $0) }
    let expected = theory ?? state.entropyProduction
    let dissipation = statistics.dissipation
    var result = ReproductionOutcome(measured: [], checks: [])
    for window in statistics.windows {
      let name = window.length == 1 ? "1 step" : "\(window.length) steps"
      let error = window.exponentialError
      result.checks.append(
        .exact(
          "\(name): |⟨e^{−σ}⟩ − 1| in standard errors",
          abs(window.exponentialAverage - 1) / error, atMost: 4))
      let slope = window.histogram.slope ?? (value: .nan, standardError: .nan)
      result.checks.append(
        .exact(
          "\(name): |slope − 1| of the detailed theorem", abs(slope.value - 1),
          atMost: max(0.05, 3 * slope.standardError)))
      result.measured += [
        ("\(name): slope", slope.value),
        ("\(name): standard error of the slope", slope.standardError),
      ]
      result.measured += [
        ("\(name): ⟨e^{−σ}⟩", window.exponentialAverage), ("\(name): standard error", error),
        ("\(name): ⟨σ⟩", window.mean),
        ("\(name): variance over twice the mean", window.variance / (2 * window.mean)),
        ("\(name): ⟨e^{+σ}⟩", window.oppositeAverage),
        (
          "\(name): least σ seen", window.values.min() ?? .nan
        ),
      ]
    }
    let one = statistics.windows[0]
    result.checks += [
      .exact(
        "⟨vᵀD⁻¹v⟩ against the trace formula, relative", abs(dissipation.value / expected - 1),
        atMost: 0.05),
      .exact(
        "control: (⟨e^{+σ}⟩ − 1) in standard errors, one step",
        (one.oppositeAverage - 1) / one.oppositeError, atLeast: 10),
    ]
    result.measured += [
      ("⟨vᵀD⁻¹v⟩ a step", dissipation.value), ("half its 95 % interval", dissipation.halfWidth),
      ("trace formula, finite steps", expected), ("trace formula", state.entropyProduction),
    ]
    result.figures = [
      EntropyWindowFigure.distribution(statistics.windows, unit: "step", name: "sgd-f3"),
      EntropyWindowFigure.theorem(statistics.windows, unit: "step", name: "sgd-f3-theorem"),
    ]
    return result
  }
}
