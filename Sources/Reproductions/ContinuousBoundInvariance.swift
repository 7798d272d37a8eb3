internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f8: the bound in continuous time knows only the ends.
  static let continuousBoundInvariance = Reproduction(
    id: "diff-f8", title: "The bound in continuous time does not depend on the course of noise",
    paper: "Kingma, Salimans, Poole and Ho 2021, section 5.1 and appendix E",
    claim: """
      With the same log-SNR at both ends every course of noise has the same bound; the course sets the variance of its estimate, which \
      is least where |dλ/dt| ∝ 1/√E|ε − ε̂|⁴.
      """,
    settings: """
      A mixture of two Gaussians on the line with exact denoiser; λ from 9 to −7 along a line, a convex, a concave and an S-shaped \
      course, 300,000 times each, of their own seeds. The course of least variance by second moments measured on the line, in 32 pieces.
      """,
    criterion: """
      Bounds within three standard errors of their mean, which is not above the exact log-likelihood; the variance along the learned course at most 1.05 times the least of the four.
      """,
    run: { context in try ContinuousBoundInvariance(context).run() })
}

/// The run of diff-f8.
private struct ContinuousBoundInvariance {
  let context: ReproductionContext
  private static let ends = (first: 9.0, last: -7.0)
  private static let pieces = 32

  init(_ context: ReproductionContext) { self.context = context }

  private func course(_ logSlope: (Double) -> Double) -> NoisePath {
    .learned(
      MonotoneSchedule(
        first: Self.ends.first, last: Self.ends.last,
        logSlopes: (0..<Self.pieces).map {
          logSlope((Double($0) + 0.5) / Double(Self.pieces))
        }))
  }

  func run() throws -> ReproductionOutcome {
    let law = try PointMixture(
      points: Matrix(rows: 2, columns: 1, elements: [-1.1, 0.7]), weights: [0.4, 0.6],
      variance: 0.05, workers: context.workers)
    let count = context.isFull ? 1_000_000 : 300_000
    let courses: [(name: String, path: NoisePath)] = [
      (
        "line",
        .linearLogSignalToNoise(first: Self.ends.first, last: Self.ends.last)
      ),
      ("convex", course { 1.2 - 2.4 * $0 }), ("concave", course { 2.4 * $0 - 1.2 }),
      ("S-shaped", course { 6 * ($0 - 0.5) * ($0 - 0.5) }),
    ]
    var outcome = ReproductionOutcome(measured: [], checks: [])
    var values: [(name: String, path: NoisePath, value: ContinuousBound.Value)] = []
    for (index, one) in courses.enumerated() {
      let value = try evaluate(law, one.path, count, index)
      values.append((one.name, one.path, value))
      context.progress(Double(index + 1) / 5)
    }
    let line = values[0].value
    let learned = MonotoneSchedule(
      ofLeastVarianceFrom: Self.ends.first, to: Self.ends.last, pieces: Self.pieces,
      logSignalToNoise: line.times.map { courses[0].path.level(at: $0).logSignalToNoise },
      errors: line.errors)
    let last = try evaluate(law, .learned(learned), count, courses.count)
    values.append(("learned", .learned(learned), last))
    check(values, &outcome)
    checkExact(law, values, &outcome)
    outcome.figures = [courseFigure(values)]
    context.progress(1)
    return outcome
  }

  private func evaluate(
    _ law: PointMixture, _ path: NoisePath, _ count: Int, _ index: Int
  ) throws -> ContinuousBound.Value {
    let seed = context.seed &+ UInt64(index) &* 1_000_003
    return try ContinuousBound(law, path: path, workers: context.workers).evaluate(
      law.samples(count, seed: seed), seed: seed)
  }

  private func check(
    _ values: [(name: String, path: NoisePath, value: ContinuousBound.Value)],
    _ outcome: inout ReproductionOutcome
  ) {
    // The sum of prior, reconstruction and diffusion; that of the ends alone is the same for all.
    let errors = values.map { $0.value.total.halfWidth / normalQuantile(0.975) }
    let weights = errors.map { 1 / ($0 * $0) }
    let centre = weightedMean(of: values.map(\.value.total.value), weights: weights)
    let total = weights.reduce(0, +)
    for (index, one) in values.enumerated() {
      outcome.measured += [
        ("\(one.name): bound (nats)", one.value.total.value),
        ("\(one.name): standard error", errors[index]),
        ("\(one.name): variance of a term", one.value.variance),
      ]
      // The error of a difference from a mean that it is a part of.
      let error = max(0, errors[index] * errors[index] - 1 / total).squareRoot()
      outcome.checks.append(
        .measured(
          "\(one.name): bound less the mean of all (nats)", one.value.total.value - centre,
          standardError: error, expected: 0, trajectories: one.value.times.count))
    }
    let fixed = values.dropLast().map(\.value.variance)
    if let learned = values.last?.value.variance, let least = fixed.min(), let most = fixed.max() {
      outcome.checks += [
        .exact(
          "variance along the learned course, of the least fixed", learned / least, atMost: 1.05),
        .exact("variances differ: largest of the fixed over the least", most / least, atLeast: 1.2),
      ]
    }
  }

  /// The bound is below the exact log-likelihood, by little with an exact denoiser.
  private func checkExact(
    _ law: PointMixture,
    _ values: [(name: String, path: NoisePath, value: ContinuousBound.Value)],
    _ outcome: inout ReproductionOutcome
  ) {
    let data = law.samples(100_000, seed: context.seed &+ 77)
    let densities = law.logDensity(of: data, at: NoiseLevel(signal: 1, noise: 0))
    let exact = mean(of: densities)
    let errors = values.map { $0.value.total.halfWidth / normalQuantile(0.975) }
    let weights = errors.map { 1 / ($0 * $0) }
    let centre = weightedMean(of: values.map(\.value.total.value), weights: weights)
    let error = (1 / weights.reduce(0, +) + variance(of: densities) / 100_000).squareRoot()
    outcome.measured += [("exact (nats)", exact), ("mean of the bounds (nats)", centre)]
    outcome.checks.append(
      .exact(
        "mean of the bounds above the exact, in standard errors", (centre - exact) / error,
        atMost: 3))
  }

  private func courseFigure(
    _ values: [(name: String, path: NoisePath, value: ContinuousBound.Value)]
  ) -> Figure {
    let times = (0...100).map { Double($0) / 100 }
    return SeriesFigure.make(
      name: "diff-f8", title: "Courses of noise with one bound",
      caption:
        "The log-SNR along four courses with the same ends and along the learned one, with the variance of a term of the bound. The learned course spends its time where the error of the denoiser is large.",
      xLabel: "time t", yLabel: "log-SNR λ",
      series: values.map { one in
        SeriesFigure.Series(
          name: "\(one.name), variance \(NumberText.general(one.value.variance))", x: times,
          y: times.map { one.path.level(at: $0).logSignalToNoise })
      })
  }
}
