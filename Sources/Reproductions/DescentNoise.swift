internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

extension Reproduction {
  /// sgd-f1: the diffusion matrix of descent with replacement.
  static let descentNoise = Reproduction(
    id: "sgd-f1", title: "The diffusion matrix of descent is that of its batches",
    paper: DescentExample.paper,
    claim: """
      With replacement D = η² (N − B)/(2B(N − 1)) C_g, with C_g the covariance of the gradients of single samples.
      """,
    settings: """
      \(DescentExample.settings). At the minimum, 200,000 batches drawn as descent draws them for B = 1, 2, 5, 10, 20, 50, \
      100 and 200, and for B = 10 at five rates over two decades, each with batches of its own; a million for the control.
      """,
    criterion: """
      Relative Frobenius distance of drawn and analytic D below 2 % for every B < N; slope of ln |D| in ln η 2.000 ± 0.005; \
      D = 0 to rounding at B = N. Control: in the direction where it matters most, the formula with the gradient of the \
      errors alone subtracted (the penalty left out of it) is off by more than ten standard errors.
      """,
    run: { context in try run(DescentExample(context)) })

  private static let draws = 200_000

  private static func run(_ example: DescentExample) throws -> ReproductionOutcome {
    let context = example.context
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let sizes = [1, 2, 5, 10, 20, 50, 100, 200]
    let rates = [1e-8, 3e-8, 1e-7, 3e-7, 1e-6]
    let point = example.minimum.parameters
    func drawn(_ size: Int, _ salt: UInt64) -> Matrix<Double> {
      GradientNoise.resampledBatchCovariance(
        of: example.model, at: point, batchSize: size, draws: draws,
        seed: context.seed &* 1000 &+ salt)
    }
    let seen = context.workers.map(sizes.count + rates.count) { job in
      job < sizes.count ? drawn(sizes[job], UInt64(job)) : drawn(10, UInt64(100 + job))
    }
    context.progress(0.9)
    var norms: [(expected: Double, drawn: Double)] = []
    for (index, size) in sizes.enumerated() {
      let exact = example.noise(size).batchCovariance
      norms.append((LinearAlgebra.frobeniusNorm(exact), LinearAlgebra.frobeniusNorm(seen[index])))
      if size == 200 {
        outcome.checks.append(
          .exact(
            "B = 200 (all): |D| over |D| at B = 100", norms[index].drawn / norms[index - 1].drawn,
            atMost: 1e-24))
        outcome.checks.append(
          .exact("B = 200: |D| by the formula", norms[index].expected, atMost: 0))
      } else {
        outcome.checks.append(
          .exact(
            "B = \(size): relative distance of drawn and analytic D",
            DescentExample.distance(seen[index], exact), atMost: 0.02))
      }
    }
    let line = WeightedLine(
      rates.enumerated().map { index, rate in
        let d = seen[sizes.count + index].map { rate * rate / 2 * $0 }
        return (log(rate), log(LinearAlgebra.frobeniusNorm(d)), 1)
      })
    outcome.checks.append(
      .exact("slope of ln |D| in ln η, less 2", abs(line.slope - 2), atMost: 0.005))
    outcome.measured += [("slope of ln |D| in ln η", line.slope)]
    try control(example, &outcome)
    outcome.figures = [figure(sizes, norms)]
    return outcome
  }

  /// The error that the sheet of facts warns of: ∇ of the errors is −τθ at the minimum, not zero.
  private static func control(
    _ example: DescentExample, _ outcome: inout ReproductionOutcome
  ) throws {
    let exact = example.noise(10)
    let count = 5 * draws
    let seen = GradientNoise.resampledBatchCovariance(
      of: example.model, at: example.minimum.parameters, batchSize: 10, draws: count,
      seed: example.context.seed &* 1000 &+ 500)
    let tau = example.model.priorPrecision
    let theta = example.minimum.parameters
    let vector = Matrix<Double>(rows: theta.count, columns: 1, elements: theta.map { tau * $0 })
    guard let direction = LinearAlgebra.solve(exact.batchCovariance, vector)?.elements else {
      return
    }
    func form(_ m: Matrix<Double>) -> Double {
      var sum = 0.0
      for i in direction.indices {
        for j in direction.indices { sum += direction[i] * m[i, j] * direction[j] }
      }
      return sum
    }
    let along = zip(direction, vector.elements).reduce(0) { $0 + $1.0 * $1.1 }
    let right = form(exact.batchCovariance)
    let wrong = right - exact.batchFactor * along * along
    // Fourth moments of a mean of ten are nearly those of normal numbers.
    let error = right * (2 / Double(count)).squareRoot()
    var wrongCovariance = exact.batchCovariance
    for i in theta.indices {
      for j in theta.indices {
        wrongCovariance[i, j] -= exact.batchFactor * tau * tau * theta[i] * theta[j]
      }
    }
    let rate = 1e-7
    let state = try example.state(rate: rate)
    let wrongState = try StationaryState(
      hessian: example.minimum.hessian, diffusion: wrongCovariance.map { rate * rate / 2 * $0 },
      rate: rate)
    outcome.checks += [
      .exact(
        "most sensitive direction: drawn less analytic, standard errors",
        abs(form(seen) - right) / error, atMost: 4),
      .exact(
        "control: drawn less the formula without the penalty, standard errors",
        abs(form(seen) - wrong) / error, atLeast: 10),
    ]
    outcome.measured += [
      ("D11 at η = 1e-7", state.diffusion[0, 0]),
      ("D11 without the penalty", wrongState.diffusion[0, 0]),
      ("entropy production a step", state.entropyProduction),
      ("the same without the penalty", wrongState.entropyProduction),
    ]
  }

  private static func figure(
    _ sizes: [Int], _ norms: [(expected: Double, drawn: Double)]
  ) -> Figure {
    let shown = sizes.indices.dropLast()
    let fine = (0...60).map { pow(10, Double($0) / 60 * log10(190)) }
    let unit = norms[0].expected
    return SeriesFigure.make(
      name: "sgd-f1", title: "Noise of a batch against its size",
      caption:
        "Norm of the covariance of a batch's gradient, relative to one sample. The line is (N − B)/(B(N − 1)), N = 200: at B = N nothing is left.",
      xLabel: "batch size B", yLabel: "|C_b| / |C_g|",
      series: [
        SeriesFigure.Series(
          name: "(N − B)/(B(N − 1))", x: fine,
          y: fine.map { (200 - $0) / ($0 * 199) }),
        SeriesFigure.Series(
          name: "200,000 batches drawn", x: shown.map { Double(sizes[$0]) },
          y: shown.map { norms[$0].drawn / unit }, style: .points),
      ], isXLogarithmic: true, isYLogarithmic: true)
  }
}
