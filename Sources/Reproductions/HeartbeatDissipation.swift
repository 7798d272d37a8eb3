internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

/// What the binary heartbeat loses by steps of finite size, with the best kernel there is: the part of
/// diff-f6 on symbols.
struct HeartbeatDissipation {
  /// K_opt in bits with its standard error at ρ, T: digits that were found by other means.
  private static let sheet: [(activity: Double, steps: Int, bits: Double, error: Double)] = [
    (0.2, 20, -4.850, 0.009), (0.2, 50, -3.494, 0.006), (0.2, 200, -2.677, 0.003),
    (0.2, 2000, -2.3684, 0.0017), (0.5, 20, -5.966, 0.009), (0.5, 50, -4.036, 0.006),
    (0.5, 200, -2.853, 0.003), (0.5, 2000, -2.3932, 0.0017),
  ]
  /// Shares of samples that are patterns, of 4000 (ρ = 0.2).
  private static let valid = [(20, 0.504), (200, 0.942), (2000, 0.994)]

  /// What was found.
  struct Result {
    /// The numbers.
    var measured: [(name: String, value: Double)] = []
    /// The checks.
    var checks: [Check] = []
    /// log₂ 5 + K over T, one curve an activity.
    var series: [SeriesFigure.Series] = []
  }

  /// Bounds and samples of the exact kernel.
  ///
  /// - Parameters:
  ///   - context: Seed, threads and whether to sum over all states at T = 2000 too.
  ///   - progress: Told how far it is.
  static func run(
    _ context: ReproductionContext, progress: (Double) -> Void = { _ in }
  ) throws -> Result {
    var result = Result()
    for (index, line) in sheet.enumerated() {
      try bound(context, line.activity, line.steps, line.bits, line.error, &result)
      progress(0.6 * Double(index + 1) / Double(sheet.count))
    }
    for (steps, expected) in valid {
      let patterns = try heartbeat(0.2, steps)
      let sampler = try CategoricalAncestralSampler(
        try DataPredictionKernel(patterns, diffusion: patterns.diffusion),
        diffusion: patterns.diffusion, workers: context.workers)
      let count = steps == 2000 && !context.isFull ? 2000 : 4000
      let found = patterns.identify(try sampler.samples(count, seed: context.seed))
      let share = Double(found.count { $0 != nil }) / Double(count)
      let error =
        (expected * (1 - expected) * (1 / Double(count) + 1 / 4000)).squareRoot()
      result.measured.append(("T = \(steps): valid samples", share))
      result.checks.append(
        within4(
          "T = \(steps): valid samples", share, error: error, expected: expected, count: count))
      if steps == 2000 {
        // χ² of the phases.
        let counts = (0..<5).map { phase in Double(found.count { $0 == phase }) }
        let mean = counts.reduce(0, +) / 5
        let statistic = counts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) / mean }
        result.checks.append(
          .exact(
            "T = 2000: χ² of the five phases", statistic,
            atMost: chiSquareQuantile(upperTail: 0.001, degreesOfFreedom: 4)))
      }
      progress(0.6 + 0.4 * Double(steps) / 2000)
    }
    for activity in [0.2, 0.5] {
      let lines = sheet.filter { $0.activity == activity }
      let values = lines.map { line in
        result.measured.first { $0.name == key(line.activity, line.steps) }?.value ?? .nan
      }
      result.series.append(
        SeriesFigure.Series(
          name: "heartbeat, ρ = \(activity)", x: lines.map { Double($0.steps) },
          y: values.map { -log2(5) - $0 }))
    }
    return result
  }

  /// What is lost of −log₂ 5 against the number of steps.
  static func figure(_ result: Result) -> Figure {
    SeriesFigure.make(
      name: "diff-f6-heartbeat", title: "What the heartbeat loses by steps of finite size",
      caption:
        "log₂(1/5) less the bound of the best kernel of independent bits. At ρ = 0.2, the activity of the data, less is lost.",
      xLabel: "steps T", yLabel: "bits lost", series: result.series, isXLogarithmic: true,
      isYLogarithmic: true)
  }

  private static func key(_ activity: Double, _ steps: Int) -> String {
    "ρ = \(activity), T = \(steps): K in bits"
  }

  private static func heartbeat(_ activity: Double, _ steps: Int) throws -> PatternSet {
    try .heartbeat(
      diffusion: .bernoulli(activity: activity, schedule: .reciprocal(steps: steps)))
  }

  private static func bound(
    _ context: ReproductionContext, _ activity: Double, _ steps: Int, _ expected: Double,
    _ sheetError: Double, _ result: inout Result
  ) throws {
    let patterns = try heartbeat(activity, steps)
    let kernel = try DataPredictionKernel(patterns, diffusion: patterns.diffusion)
    let count = steps == 2000 ? 800 : 2000
    let bound = try CategoricalEvidenceBound(
      of: kernel, diffusion: patterns.diffusion,
      data: patterns.samples(count, seed: context.seed), seed: context.seed,
      workers: context.workers)
    let bits = bound.bound.value / log(2)
    let error = (variance(of: bound.samples) / Double(count)).squareRoot() / log(2)
    result.measured.append((key(activity, steps), bits))
    result.checks.append(
      within4(
        key(activity, steps), bits, error: hypot(error, sheetError), expected: expected,
        count: count))
    guard steps <= (context.isFull ? 2000 : 200) else { return }
    // The same by the sum over all states, and Jensen's ceiling.
    let classes = try patterns.stateClasses()
    let sums = context.workers.map(steps - 1) { index in
      Swift.Result {
        try patterns.meanDivergence(of: kernel, step: index + 2, classes: classes)
      }
    }
    let divergences = try sums.reduce(0.0) { $0 + (try $1.get()) }
    let first = bound.firstEntropy
    let exact = -(divergences + first) / log(2)
    result.measured.append(("ρ = \(activity), T = \(steps): K by all states", exact))
    result.checks += [
      within4(
        "ρ = \(activity), T = \(steps): K by all states", exact, error: sheetError,
        expected: expected, count: count),
      within4(
        "ρ = \(activity), T = \(steps): sampled against all states", bits, error: error,
        expected: exact, count: count),
      .exact(
        "ρ = \(activity), T = \(steps): K above −H(X_1)",
        exact + patterns.entropy(step: 1, classes: classes) / log(2), atMost: 1e-9),
    ]
  }

  /// Within four standard errors.
  private static func within4(
    _ name: String, _ value: Double, error: Double, expected: Double, count: Int
  ) -> Check {
    let isNear = abs(value - expected) <= 4 * error
    return Check(
      name: name, statistic: value, expected: expected,
      interval: value - 4 * error...value + 4 * error, verdict: isNear ? .pass : .fail,
      trajectories: count,
      reason: isNear ? "" : "\((value - expected) / error) standard errors from \(expected)")
  }
}
