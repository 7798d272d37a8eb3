internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

extension Reproduction {
  /// sgd-f6: the fluctuation theorems of descent on digits.
  static let descentDigits = Reproduction(
    id: "sgd-f6", title: "Fluctuation theorems of descent on digits, in the spirit of the paper",
    paper: DescentExample.paper,
    claim: """
      The stationary state of a network that has learned digits produces entropy, and obeys both fluctuation theorems. In \
      the spirit of the paper's second example, whose network and settings are not known to us: not a reproduction of it.
      """,
    settings: """
      The first 2000 digits of MNIST (--mnist), 7 × 7 area means, standardised, without pixels that do not vary; \
      8 hidden tanh units, 10 categories, prior of precision 20, B = 50 with replacement, η = 2e-5; the 20 modes of the \
      Hessian with the most noise (an approximation: linear theory, in which modes of the Hessian are a process of their \
      own); 3 million steps (with --full 12 million) in windows of 1, 10 and 100.
      """,
    criterion: """
      |⟨e^{−σ}⟩ − 1| below 4 standard errors in each window; slope of the detailed theorem 1 ± 0.1; ⟨e^{+σ}⟩ above 1 by ten \
      standard errors in windows of one step.
      """,
    run: { context in try run(context) })

  private static func run(_ context: ReproductionContext) throws -> ReproductionOutcome {
    guard let folder = context.mnist else {
      return ReproductionOutcome(
        measured: [],
        checks: [
          Check(
            name: "MNIST", statistic: 0, expected: 2000, relation: .atLeast, interval: 0...0,
            verdict: .unresolved, trajectories: 0,
            reason: "the digits were not given, so nothing was run",
            advice:
              "give --mnist FOLDER with train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz")
        ])
    }
    let table = try SupervisedTable.digits(mnist: folder, limit: 2000, workers: context.workers)
    let digits = try RegressionData(table, hasIntercept: false)
    let model = try NetworkModel.categories(
      network: DenseNetwork(layerSizes: [digits.inputs.columns, 8, 10]),
      inputs: digits.inputs, labels: digits.targets.map { Int($0) }, priorPrecision: 20)
    var analysis = DescentAnalysis(
      model: model, starts: [model.network.initialParameters(seed: context.seed)])
    analysis.batchSize = 50
    analysis.steps = context.isFull ? 12_000_000 : 3_000_000
    analysis.burnIn = 5000
    analysis.windows = [1, 10, 100]
    analysis.modes = 20
    analysis.rate = 2e-5
    analysis.modeChoice = .noisiest
    analysis.relaxations = 0
    analysis.comparesPolicies = false
    analysis.seed = context.seed
    analysis.workers = context.workers
    analysis.progress = { phase, fraction in
      context.progress(phase == "descent" ? 0.3 + 0.7 * fraction : 0.1)
    }
    let report = try analysis.run()
    var result = ReproductionOutcome(measured: [], checks: [])
    for window in report.outcome.statistics.windows {
      let name = window.length == 1 ? "1 step" : "\(window.length) steps"
      result.checks.append(
        .exact(
          "\(name): |⟨e^{−σ}⟩ − 1| in standard errors",
          abs(window.exponentialAverage - 1) / window.exponentialError, atMost: 4))
      result.measured += [
        ("\(name): ⟨e^{−σ}⟩", window.exponentialAverage),
        ("\(name): standard error", window.exponentialError), ("\(name): ⟨σ⟩", window.mean),
        ("\(name): ⟨e^{+σ}⟩", window.oppositeAverage),
      ]
      let slope = window.histogram.slope ?? (value: .nan, standardError: .nan)
      result.checks.append(.exact("\(name): |slope − 1|", abs(slope.value - 1), atMost: 0.1))
      result.measured += [
        ("\(name): slope", slope.value), ("\(name): error of the slope", slope.standardError),
      ]
    }
    if let one = report.outcome.statistics.windows.first {
      result.checks.append(
        .exact(
          "control: (⟨e^{+σ}⟩ − 1) in standard errors, one step",
          (one.oppositeAverage - 1) / one.oppositeError, atLeast: 10))
    }
    result.measured += [
      ("weights", Double(model.parameterCount)), ("steps", Double(report.outcome.statistics.count)),
      ("rate", report.rate), ("softest curvature", report.minimum.eigenvalues.first ?? .nan),
      ("steepest curvature", report.minimum.eigenvalues.last ?? .nan),
      ("loss a sample", report.minimum.value / Double(report.sampleCount)),
      ("covariance against theory, relative", report.covarianceError),
      ("circulation against theory, relative", report.circulationError),
      ("entropy production a step, theory", report.expectedEntropyProduction),
      ("entropy production a step, ⟨vᵀD⁻¹v⟩", report.outcome.statistics.dissipation.value),
    ]
    result.figures = [
      EntropyWindowFigure.distribution(
        report.outcome.statistics.windows, unit: "step", name: "sgd-f6"),
      EntropyWindowFigure.theorem(
        report.outcome.statistics.windows, unit: "step", name: "sgd-f6-theorem"),
    ]
    return result
  }
}
