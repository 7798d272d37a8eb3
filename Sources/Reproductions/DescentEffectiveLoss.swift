internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

extension Reproduction {
  /// sgd-f5: with and without replacement minimise different losses.
  static let descentEffectiveLoss = Reproduction(
    id: "sgd-f5", title: "Without replacement descent minimises another loss, with less noise",
    paper: DescentExample.paper,
    claim: """
      Effective loss and diffusion depend on replacement: without it the mean lies at the minimum of \
      L − (η(P − 1)/4)|∇L|² + (η/4) tr C_b, and the covariance is of third order in the rate.
      """,
    settings: """
      \(DescentExample.settings). B = 10 without replacement, states at ends of epochs: 4 million epochs at η = 1e-7, 1 million \
      each at 5e-8 and 2e-7 (with --full four times as many); D of an epoch from 200,000 random orders. With replacement \
      10 million steps each at 2e-7 and 8e-7.
      """,
    criterion: """
      |shift − prediction|/|prediction| below 3 % with 4 million epochs, and the bare minimum rejected (shift above ten standard errors); \
      slope of the shift in η 1.0 ± 0.05, of the covariance 3.0 ± 0.1, with replacement 1.0 ± 0.1; S within 8 % of the theory with D of \
      sampled orders; leading formula within 20 % on the diagonal; S of the theory over η² H S_WR H within 20 % of P(P + 1)/12 \
      for P = 2 to 40, in the trace.
      """,
    run: { context in try run(DescentExample(context)) })

  /// One run without replacement.
  private struct Epochs {
    let rate: Double
    let predicted: [Double]
    let shift: [Double]
    let errors: [Double]
    let covariance: Matrix<Double>
    let expected: Matrix<Double>
    let chains: [[Double]]

    var size: Double { shift.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    var predictedSize: Double { predicted.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    var error: Double {
      zip(shift, predicted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        / predictedSize
    }
    var standardError: Double { errors.reduce(0) { $0 + $1 * $1 }.squareRoot() }
  }

  private static func run(_ example: DescentExample) throws -> ReproductionOutcome {
    let factor = example.context.isFull ? 4 : 1
    let orders = try EpochDiffusion.sampled(
      of: example.model, at: example.minimum.parameters, batchSize: 10, orders: 200_000,
      seed: example.context.seed, workers: example.context.workers)
    var result = ReproductionOutcome(measured: [], checks: [])
    let main = try epochs(
      example, orders, rate: 1e-7, count: 4_000_000 * factor, salt: 1, fractions: 0.05...0.55)
    let half = try epochs(
      example, orders, rate: 5e-8, count: 1_000_000 * factor, salt: 2, fractions: 0.55...0.7)
    let twice = try epochs(
      example, orders, rate: 2e-7, count: 1_000_000 * factor, salt: 3, fractions: 0.7...0.85)
    let points = [half, main, twice]
    let shiftSlope = slope(points.map { ($0.rate, $0.size) })
    let spreadSlope = slope(points.map { ($0.rate, LinearAlgebra.trace($0.covariance)) })
    let replaced = try withReplacement(example, count: 10_000_000 * factor)
    result.checks = [
      .exact("shift of the mean against prediction, relative", main.error, atMost: 0.03),
      .exact(
        "shift from the bare minimum in standard errors", main.size / main.standardError,
        atLeast: 10),
      .exact("slope of the shift in η, less 1", abs(shiftSlope - 1), atMost: 0.05),
      .exact("slope of the covariance in η, less 3", abs(spreadSlope - 3), atMost: 0.1),
      .exact(
        "with replacement: slope of the covariance, less 1", abs(replaced.slope - 1), atMost: 0.1),
      .exact(
        "|S − S_theory|/|S_theory|, D of sampled orders",
        DescentExample.distance(main.covariance, main.expected), atMost: 0.08),
    ]
    result.measured = [
      ("shift", main.size), ("shift predicted", main.predictedSize),
      ("standard error of the shift", main.standardError),
      (
        "mean against prediction, relative to |θ|",
        main.error * main.predictedSize / norm(example.minimum.parameters)
      ),
      ("slope of the shift in η", shiftSlope), ("slope of the covariance in η", spreadSlope),
      ("with replacement: slope of the covariance in η", replaced.slope),
      ("S11 without replacement", main.covariance[0, 0]),
      ("S11 by theory", main.expected[0, 0]), ("S77 without replacement", main.covariance[6, 6]),
      ("S77 by theory", main.expected[6, 6]),
    ]
    try leading(example, orders, &result)
    try production(example, orders, &result)
    result.figures = [
      EffectiveLossFigure.make(
        predicted: main.predicted,
        means: [
          EffectiveLossFigure.Mean(
            name: "with replacement, 2e-7", chains: replaced.means,
            minimum: example.minimum.parameters),
          EffectiveLossFigure.Mean(
            name: "without replacement, 1e-7", chains: main.chains,
            minimum: example.minimum.parameters),
        ], name: "sgd-f5"),
      scalingFigure(points, replaced.points),
    ]
    return result
  }

  private static func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private static func slope(_ points: [(Double, Double)]) -> Double {
    WeightedLine(points.map { (log($0.0), log($0.1), 1) }).slope
  }

  private static func state(
    _ example: DescentExample, _ orders: EpochDiffusion, rate: Double
  ) throws -> StationaryState {
    try StationaryState(
      hessian: example.minimum.hessian, diffusion: orders.diffusion(rate: rate),
      rate: rate * Double(orders.batchesPerEpoch))
  }

  private static func epochs(
    _ example: DescentExample, _ orders: EpochDiffusion, rate: Double, count: Int, salt: UInt64,
    fractions: ClosedRange<Double>
  ) throws -> Epochs {
    let state = try state(example, orders, rate: rate)
    let minimum = example.minimum
    let loss = EffectiveLoss(
      model: example.model, rate: rate, batchSize: 10, policy: .withoutReplacement)
    guard let centre = loss.minimum(near: minimum) else {
      throw SzilardError(.badData, "the minimum of the effective loss was not found")
    }
    // From the bare minimum, so that nothing of the prediction enters; the slowest mode needs some relaxation times.
    var run = DescentRun()
    run.chains = 4
    run.steps = count / 4
    run.burnIn = Int(min(5 * state.relaxationTime, Double(count)))
    run.windows = []
    run.workers = example.context.workers
    run.progress = { fraction in
      example.context.progress(
        fractions.lowerBound + min(1, fraction) * (fractions.upperBound - fractions.lowerBound))
    }
    let seed = example.context.seed &+ salt &* 7919
    let outcome = try run.run(
      about: state, reference: minimum.parameters,
      starts: Array(repeating: minimum.parameters, count: 4)
    ) { chain in
      MinibatchStep(
        model: example.model, rate: rate, batchSize: 10, policy: .withoutReplacement, seed: seed,
        chain: UInt64(chain))
    }
    if let divergence = outcome.divergence {
      throw SzilardError(
        .internalFault, "chain \(divergence.chain + 1) diverged in epoch \(divergence.step)")
    }
    let means = outcome.chains.map(\.mean)
    let columns = minimum.parameters.indices.map { k in means.map { $0[k] } }
    return Epochs(
      rate: rate, predicted: zip(centre, minimum.parameters).map { $0 - $1 },
      shift: outcome.statistics.mean,
      errors: columns.map { (variance(of: $0) / 4).squareRoot() },
      covariance: outcome.statistics.covariance,
      expected: state.discreteCovariance(steps: orders.batchesPerEpoch) ?? state.covariance,
      chains: means.map { mean in zip(mean, minimum.parameters).map { $0 + $1 } })
  }

  private static func withReplacement(
    _ example: DescentExample, count: Int
  ) throws -> (slope: Double, means: [[Double]], points: [(Double, Double)]) {
    var points: [(Double, Double)] = []
    var means: [[Double]] = []
    for (index, rate) in [2e-7, 8e-7].enumerated() {
      let outcome = try example.run(
        about: example.state(rate: rate), rate: rate, chains: 16, steps: count, burnIn: count / 10,
        salt: UInt64(21 + index),
        fractions: 0.85 + 0.06 * Double(index)...0.91 + 0.06 * Double(index))
      points.append((rate, LinearAlgebra.trace(outcome.statistics.covariance)))
      if index == 0 {
        means = outcome.chains.map { chain in
          zip(chain.mean, example.minimum.parameters).map { $0 + $1 }
        }
      }
    }
    return (slope(points), means, points)
  }

  /// The formula with H_b → H, for the example and for other numbers of batches.
  private static func leading(
    _ example: DescentExample, _ orders: EpochDiffusion, _ result: inout ReproductionOutcome
  ) throws {
    let rate = 1e-7
    let sampled = try state(example, orders, rate: rate).covariance
    let formula = try state(
      example, .leading(hessian: example.minimum.hessian, noise: example.noise(10)), rate: rate
    ).covariance
    let off = (0..<sampled.rows).map { abs(formula[$0, $0] / sampled[$0, $0] - 1) }.max() ?? .nan
    result.checks.append(
      .exact("leading formula against sampled orders, diagonal of S", off, atMost: 0.2))
    for size in [100, 50, 20, 5] {
      let count = 200 / size
      let diffusion = try EpochDiffusion.sampled(
        of: example.model, at: example.minimum.parameters, batchSize: size, orders: 20_000,
        seed: example.context.seed &+ UInt64(size), workers: example.context.workers)
      let spread = try state(example, diffusion, rate: rate).covariance
      let hessian = example.minimum.hessian
      let wide = LinearAlgebra.congruence(
        hessian, try example.state(rate: rate, batchSize: size).covariance)
      let ratio =
        LinearAlgebra.trace(spread) / (rate * rate * LinearAlgebra.trace(wide))
        / (Double(count * (count + 1)) / 12)
      result.checks.append(
        .exact(
          "P = \(count): S over η² H S_WR H over P(P + 1)/12, less 1", abs(ratio - 1), atMost: 0.2))
      result.measured.append(("P = \(count): S over the leading formula, trace", ratio))
    }
  }

  /// Less entropy is produced, but not none.
  private static func production(
    _ example: DescentExample, _ orders: EpochDiffusion, _ result: inout ReproductionOutcome
  ) throws {
    let rate = 1e-7
    result.measured += [
      (
        "entropy production an epoch without replacement, theory",
        try state(example, orders, rate: rate).entropyProduction
      ),
      (
        "the same over as many steps with replacement",
        20 * (try example.state(rate: rate).entropyProduction)
      ),
    ]
  }

  private static func scalingFigure(
    _ points: [Epochs], _ replaced: [(Double, Double)]
  ) -> Figure {
    let rates = points.map(\.rate)
    return SeriesFigure.make(
      name: "sgd-f5-scaling", title: "Spread of the weights against the learning rate",
      caption:
        "Trace of the stationary covariance. With replacement it is proportional to the rate, without to its cube. Lines: theory.",
      xLabel: "learning rate η", yLabel: "tr S",
      series: [
        SeriesFigure.Series(
          name: "with replacement", x: replaced.map(\.0), y: replaced.map(\.1), style: .points),
        SeriesFigure.Series(
          name: "without replacement", x: rates,
          y: points.map { LinearAlgebra.trace($0.covariance) }, style: .points),
        SeriesFigure.Series(
          name: "theory, without replacement", x: rates,
          y: points.map { LinearAlgebra.trace($0.expected) }),
      ], isXLogarithmic: true, isYLogarithmic: true)
  }
}
