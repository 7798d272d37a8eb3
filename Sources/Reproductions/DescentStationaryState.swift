internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

extension Reproduction {
  /// sgd-f2: covariance and circulation of the stationary state.
  static let descentStationaryState = Reproduction(
    id: "sgd-f2", title: "Stationary covariance and circulating current of descent",
    paper: DescentExample.paper,
    claim: """
      The weights settle into a non-equilibrium stationary state, whose covariance solves H S + S H = (2/η) D and whose \
      current sweeps the area C = (η/2)(H S − S H) a step.
      """,
    settings: """
      \(DescentExample.settings). η = 1e-7, B = 10 with replacement; 16 chains, 120 million steps after 2 million (with \
      --full 480 million), from starts drawn from the theory. Control: Gaussian steps of the same H with noise D = k H.
      """,
    criterion: """
      |S − S_theory|/|S_theory| below 5 %; |A − C|/|C| below 10 %, A antisymmetric exactly, signs right on the ten largest \
      elements of C; with noise D = k H the area is zero within its error (|A| at most twice the norm of its standard \
      errors), and that of the descent is not.
      """,
    run: { context in try run(DescentExample(context)) })

  private static func run(_ example: DescentExample) throws -> ReproductionOutcome {
    let rate = 1e-7
    let state = try example.state(rate: rate)
    let steps = example.context.isFull ? 480_000_000 : 120_000_000
    let begin = Date()
    let outcome = try example.run(
      about: state, rate: rate, chains: 16, steps: steps, burnIn: 2_000_000, fractions: 0...0.9)
    let seconds = -begin.timeIntervalSinceNow
    let statistics = outcome.statistics
    let expected = state.discreteCovariance() ?? state.covariance
    let area = statistics.areaMatrix
    let antisymmetric = LinearAlgebra.sum(area, area.transposed).elements.allSatisfy { $0 == 0 }
    let areas = outcome.chains.map(\.areaMatrix)
    let areaError = DescentExample.samplingError(areas)
    let control = try control(example, state)
    var result = ReproductionOutcome(measured: [], checks: [])
    result.checks = [
      .exact(
        "|S − S_theory|/|S_theory|", DescentExample.distance(statistics.covariance, expected),
        atMost: 0.05),
      .exact("|A − C|/|C|", DescentExample.distance(area, state.circulation), atMost: 0.1),
      .exact("A + Aᵀ is zero exactly (0 for yes)", antisymmetric ? 0 : 1, atMost: 0),
      .exact(
        "signs right of the ten largest elements of C",
        Double(signs(area, state.circulation)), atLeast: 10),
      .exact(
        "|A| over its standard error, descent", LinearAlgebra.frobeniusNorm(area) / areaError,
        atLeast: 5),
      .exact("control, D = kH: |A| over its standard error", control.ratio, atMost: 2),
    ]
    result.measured = [
      ("steps", Double(statistics.count)),
      ("seconds a million steps, all threads", seconds / Double(steps) * 1e6),
      (
        "sampling error of |S|, relative",
        DescentExample.samplingError(outcome.chains.map(\.covariance))
          / LinearAlgebra.frobeniusNorm(expected)
      ),
      (
        "sampling error of |A|, relative",
        areaError / LinearAlgebra.frobeniusNorm(state.circulation)
      ),
      ("S11 measured", statistics.covariance[0, 0]), ("S11 theory", expected[0, 0]),
      ("|DH − HD|/|DH|", state.commutator),
      ("slowest mode relaxes in steps", state.relaxationTime),
      ("control: |A| relative to |C| of the descent", control.relative),
      (
        "D from increments, relative distance",
        DescentExample.distance(statistics.diffusion, state.diffusion)
      ),
    ]
    result.figures = [
      figure(statistics.covariance, expected, "sgd-f2-covariance", "Covariance of the weights"),
      figure(
        area, state.circulation, "sgd-f2-circulation", "Area swept a step", areas: areas),
    ]
    return result
  }

  /// Steps of the same drift with noise that commutes with it.
  private static func control(
    _ example: DescentExample, _ state: StationaryState
  ) throws -> (ratio: Double, relative: Double) {
    let k = LinearAlgebra.trace(state.diffusion) / LinearAlgebra.trace(state.hessian)
    let matched = try StationaryState(
      hessian: state.hessian, diffusion: state.hessian.map { k * $0 }, rate: state.rate)
    var run = DescentRun()
    run.chains = 16
    run.steps = 500_000
    run.windows = []
    run.workers = example.context.workers
    let origin = example.minimum.parameters
    let outcome = try run.run(
      about: matched, reference: origin,
      starts: matched.starts(count: 16, reference: origin, seed: example.context.seed)
    ) { chain throws(SzilardError) in
      try GaussianStep(
        hessian: matched.hessian, diffusion: matched.diffusion, rate: matched.rate,
        reference: origin, seed: example.context.seed, chain: UInt64(chain))
    }
    let size = LinearAlgebra.frobeniusNorm(outcome.statistics.areaMatrix)
    return (
      size / DescentExample.samplingError(outcome.chains.map(\.areaMatrix)),
      size / LinearAlgebra.frobeniusNorm(state.circulation)
    )
  }

  private static func upper(_ matrix: Matrix<Double>) -> [Double] {
    (0..<matrix.rows).flatMap { i in (i + 1..<max(i + 1, matrix.rows)).map { matrix[i, $0] } }
  }

  private static func signs(_ area: Matrix<Double>, _ expected: Matrix<Double>) -> Int {
    zip(upper(area), upper(expected)).sorted { abs($0.1) > abs($1.1) }.prefix(10).count {
      $0.0 * $0.1 > 0
    }
  }

  private static func figure(
    _ measured: Matrix<Double>, _ theory: Matrix<Double>, _ name: String, _ title: String,
    areas: [Matrix<Double>] = []
  ) -> Figure {
    let x = areas.isEmpty ? theory.elements : upper(theory)
    let y = areas.isEmpty ? measured.elements : upper(measured)
    let columns = areas.map(upper)
    let errors = x.indices.map { k in
      (variance(of: columns.map { $0[k] }) / Double(max(1, columns.count))).squareRoot()
    }
    let ends = [x.min() ?? 0, x.max() ?? 1]
    return SeriesFigure.make(
      name: name, title: title,
      caption: "Each point is an element of the matrix; on the line theory and run agree."
        + (areas.isEmpty ? "" : " Bars are 95 % intervals from the scatter of 16 chains."),
      xLabel: "theory", yLabel: "measured",
      series: [
        SeriesFigure.Series(name: "theory", x: ends, y: ends),
        SeriesFigure.Series(
          name: "descent", x: x, y: y,
          low: areas.isEmpty ? [] : x.indices.map { y[$0] - 1.96 * errors[$0] },
          high: areas.isEmpty ? [] : x.indices.map { y[$0] + 1.96 * errors[$0] }, style: .points),
      ])
  }
}
