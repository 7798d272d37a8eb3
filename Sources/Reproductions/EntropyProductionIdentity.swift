internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f11: the entropy production of diffusion, found in four ways.
  static let entropyProductionIdentity = Reproduction(
    id: "diff-f11", title: "One entropy production, four ways",
    paper: "Ikeda, Uda, Okanohara and Ito 2025, Phys. Rev. X 15, 031031, equations 36 to 39, 47",
    claim: """
      The mean square of the velocity over temperature, the growth of the system's entropy with the heat of the bath, the \
      divergence of forward from backward paths and the fall of the divergence from equilibrium are one number.
      """,
    settings: """
      Variance-preserving diffusion (β from 0.1 to 20) of two narrow modes on a line and of three modes in the plane; 40 000 samples \
      (with --full 200 000), 40 panels of three times; 40 000 trajectories of 200 steps; the fall of the \
      divergence by quadrature on a grid.
      """,
    criterion: """
      Four ways within 1 % of the quadrature at the end; the split adds up to the total, and its system part is the growth of \
      entropy by quadrature, within 1 % of the total. Negative control: the score of other data must be off.
      """,
    run: { context in try EntropyProductionIdentity(context).run() })
}

/// The run of diff-f11.
private struct EntropyProductionIdentity {
  private static let path = NoisePath.variancePreserving(first: 0.1, last: 20)
  private static let start = 1e-6
  private static let panels = 40
  private static let paths = 40_000
  let context: ReproductionContext
  private var count: Int { context.isFull ? 200_000 : 40_000 }

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let scale = 1 / 1.01.squareRoot()
    let line = try GaussianMixture(
      weights: [0.5, 0.5], means: [[-scale], [scale]],
      covariances: [
        Matrix(rows: 1, columns: 1, elements: [0.01 / 1.01]),
        Matrix(rows: 1, columns: 1, elements: [0.01 / 1.01]),
      ], workers: Workers(count: 1))
    let wrong = try GaussianMixture(variances: [1], workers: Workers(count: 1))
    try examine("two modes", line, wrong: wrong, &outcome)
    context.progress(0.5)
    let wide = Matrix<Double>(rows: 2, columns: 2, elements: [0.12, 0.05, 0.05, 0.1])
    let round = Matrix<Double>(rows: 2, columns: 2, elements: [0.06, 0, 0, 0.06])
    let plane = try GaussianMixture(
      weights: [0.5, 0.3, 0.2], means: [[0.9, 0.7], [-1, 0.1], [-0.4, -1.5]],
      covariances: [wide, round, round], workers: Workers(count: 1))
    let other = try GaussianMixture(variances: [1, 1], workers: Workers(count: 1))
    try examine("three modes in the plane", plane, wrong: other, &outcome)
    context.progress(1)
    return outcome
  }

  private func examine(
    _ name: String, _ law: GaussianMixture, wrong: GaussianMixture,
    _ outcome: inout ReproductionOutcome
  ) throws {
    let grid = TimeGrid(panels: Self.panels, in: Self.start...1)
    let data = law.samples(count, seed: context.seed)
    let sampled = try DiffusionEntropyProduction(
      of: law, data: data, path: Self.path, grid: grid, seed: context.seed,
      workers: context.workers)
    let first = Quadrature(law, Self.path.level(at: Self.start))
    let last = Quadrature(law, Self.path.level(at: 1))
    let truth = first.divergence - last.divergence
    let growth = last.entropy - first.entropy
    let schedule = try NoiseSchedule(path: Self.path, steps: 200)
    let paths = TrajectoryEntropyProduction.samples(
      of: law, schedule: schedule, count: Self.paths, seed: context.seed)
    let pathMean = mean(of: paths)
    let pathError = (variance(of: paths) / Double(Self.paths)).squareRoot()
    func error(_ estimate: Estimate) -> Double { estimate.halfWidth / normalQuantile(0.975) }
    outcome.measured += [
      ("\(name): fall of the divergence", truth), ("\(name): (36)", sampled.total.value),
      ("\(name): (37)", sampled.system.value), ("\(name): (38)", sampled.bath.value),
      ("\(name): growth of entropy", growth), ("\(name): divergence of paths", pathMean),
      ("\(name): neural entropy", sampled.neuralEntropy?.value ?? .nan),
    ]
    outcome.checks += [
      .measured(
        "\(name): (36)", sampled.total.value, standardError: error(sampled.total),
        expected: truth, tolerance: 0.01 * truth, trajectories: count),
      .measured(
        "\(name): (37), growth of entropy", sampled.system.value,
        standardError: error(sampled.system), expected: growth, tolerance: 0.01 * truth,
        trajectories: count),
      .measured(
        "\(name): (38), heat", sampled.bath.value, standardError: error(sampled.bath),
        expected: truth - growth, tolerance: 0.01 * truth, trajectories: count),
      .exact(
        "\(name): (36) less (37) and (38)",
        abs(sampled.total.value - sampled.system.value - sampled.bath.value), atMost: 1e-9),
      .measured(
        "\(name): divergence of paths", pathMean, standardError: pathError,
        expected: truth, tolerance: 0.01 * truth, trajectories: Self.paths),
    ]
    let other = try DiffusionEntropyProduction(
      of: wrong, data: data.selectingRows(0..<4000), path: Self.path, grid: grid,
      seed: context.seed, workers: context.workers)
    outcome.checks.append(
      .exact(
        "\(name): the score of other data, relative error", abs(other.total.value / truth - 1),
        atLeast: 0.1))
    outcome.figures += figures(name, law, sampled, grid, first)
  }

  /// Cumulative curves, and the rates.
  private func figures(
    _ name: String, _ law: GaussianMixture, _ sampled: DiffusionEntropyProduction,
    _ grid: TimeGrid, _ first: Quadrature
  ) -> [Figure] {
    // A panel's three times make its integral.
    let ends = (1...Self.panels).map {
      Self.start + (1 - Self.start) * pow(Double($0) / Double(Self.panels), 2)
    }
    func cumulative(_ value: (Int) -> Double) -> [Double] {
      var sum = 0.0
      return (0..<Self.panels).map { panel in
        for index in 3 * panel..<3 * panel + 3 { sum += grid.weights[index] * value(index) }
        return sum
      }
    }
    let points = sampled.points
    let falls = context.workers.map(ends.count) {
      first.divergence - Quadrature(law, Self.path.level(at: ends[$0])).divergence
    }
    let shown = [4, 9, 19, 29, 39]
    let paths = shown.map { index -> [Double] in
      guard
        let schedule = try? NoiseSchedule(rates: prefix(to: ends[index]))
      else { return [] }
      return TrajectoryEntropyProduction.samples(
        of: law, schedule: schedule, count: 4000, seed: context.seed)
    }
    let errors = paths.map { 2 * (variance(of: $0) / Double($0.count)).squareRoot() }
    let file = law.dimension == 1 ? "diff-f11-line" : "diff-f11-plane"
    return [
      SeriesFigure.make(
        name: file, title: "Entropy production up to a time: \(name)",
        caption:
          "Four ways to one number: the velocities' mean square, system and bath, paths forward against backward (bars of two standard errors), and the fall of the divergence from the normal law.",
        xLabel: "time t", yLabel: "entropy (nats)",
        series: [
          .init(name: "fall of KL(P‖π)", x: ends, y: falls),
          .init(
            name: "∫ E|ν|²/T", x: ends, y: cumulative { points[$0].total.value }, style: .points),
          .init(name: "system", x: ends, y: cumulative { points[$0].system.value }),
          .init(name: "bath", x: ends, y: cumulative { points[$0].bath.value }),
          .init(
            name: "paths", x: shown.map { ends[$0] }, y: paths.map { mean(of: $0) },
            low: zip(paths, errors).map { mean(of: $0) - $1 },
            high: zip(paths, errors).map { mean(of: $0) + $1 }, style: .points),
        ]),
      EntropyProductionAlongTimeFigure.make(
        name: file + "-rates", title: "Where diffusion produces entropy: \(name)",
        times: points.map(\.time),
        rates: [
          .init(name: "total", values: points.map(\.total)),
          .init(name: "system", values: points.map(\.system)),
          .init(name: "bath", values: points.map(\.bath)),
        ]),
    ]
  }

  /// β of 60 equal steps of time up to `end`.
  private func prefix(to end: Double) -> [Double] {
    (0..<60).map { step in
      func power(_ time: Double) -> Double {
        let level = Self.path.level(at: time)
        return level.signal * level.signal
      }
      let (a, b) = (Double(step) / 60 * end, Double(step + 1) / 60 * end)
      return 1 - power(b) / power(a)
    }
  }
}

/// Integrals of a law of one or two coordinates at a level, on a grid.
private struct Quadrature {
  /// KL(P ‖ N(0, 1)).
  let divergence: Double
  /// −∫ P ln P.
  let entropy: Double

  init(_ law: GaussianMixture, _ level: NoiseLevel) {
    let d = law.dimension
    let reach = 7.0
    let cells = d == 1 ? 4000 : 280
    let step = 2 * reach / Double(cells)
    let axis = (0..<cells).map { -reach + step * (Double($0) + 0.5) }
    let volume = pow(step, Double(d))
    var (divergence, entropy) = (0.0, 0.0)
    for outer in 0..<(d == 1 ? 1 : cells) {
      var states = Matrix<Double>(rows: cells, columns: d)
      for row in 0..<cells {
        states.setRow(row, to: d == 1 ? [axis[row]] : [axis[outer], axis[row]])
      }
      let logs = law.logDensity(of: states, at: level)
      for row in 0..<cells where logs[row] > -700 {
        let share = exp(logs[row]) * volume
        let square = states.row(row).reduce(0) { $0 + $1 * $1 }
        let prior = -0.5 * (square + Double(d) * log(2 * .pi))
        divergence += share * (logs[row] - prior)
        entropy -= share * logs[row]
      }
    }
    self.divergence = divergence
    self.entropy = entropy
  }
}
