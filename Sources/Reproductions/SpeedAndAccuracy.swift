internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f10: the trade of speed and accuracy.
  static let speedAndAccuracy = Reproduction(
    id: "diff-f10", title: "Speed, accuracy and entropy production of flows",
    paper: "Ikeda, Uda, Okanohara and Ito 2025, Phys. Rev. X 15, 031031, figures 6 and 7",
    claim: """
      How much of an error of the noise a flow turns into an error of the data is bounded by the entropy that its forward process \
      produces, η ≤ c₁ ≤ c₂; forces that turn cost more and gain nothing.
      """,
    settings: """
      Gaussians (σ² = 4 and 0.25) and two modes on a line with the cosine course and straight lines, exact velocities, noise shifted by 0.1 \
      and 0.05; a swiss roll (160 points, thickness 0.05) under a force that turns at g = 0, 3 and 5 (h = 1, T = 6, τ = 1; the paper's \
      constants are not known) and under straight lines, 200 samples, W₁ by assignment, noise shifted by 0.1; each flow followed exactly and \
      in 40 steps of Euler, as a sampler would.
      """,
    criterion: """
      η ≤ c₁ ≤ c₂ for all exact flows, c₂ ≥ L²/τ ≥ W₂²/τ; numbers of Gaussians and of two modes within 1 % (η of two modes, 0.022, to \
      its digits); on the roll the cost rises with g, optimal transport between the same ends costs least, and η of exact flows does not \
      depend on g, because the laws are the same but for a turn. The paper's rise of η with g is therefore not reproduced: its flows \
      were learned. What 40 steps of Euler do to η is told, not judged, for it differs from sample to sample.
      """,
    run: { context in try SpeedAndAccuracy(context).run() })
}

/// The run of diff-f10.
private struct SpeedAndAccuracy {
  let context: ReproductionContext
  /// Times near to data are close to one another.
  private func times(_ count: Int, _ range: ClosedRange<Double>) -> [Double] {
    (0...count).map {
      range.lowerBound
        + (range.upperBound - range.lowerBound) * pow(1 - Double($0) / Double(count), 2)
    }
  }

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    try gaussians(&outcome)
    context.progress(0.15)
    try twoModes(&outcome)
    context.progress(0.5)
    try roll(&outcome)
    context.progress(1)
    return outcome
  }

  private func quantiles(_ count: Int, deviation: Double = 1) -> [Double] {
    (0..<count).map { deviation * normalQuantile((Double($0) + 0.5) / Double(count)) }
  }

  private func column(_ values: [Double]) -> Matrix<Double> {
    Matrix(rows: values.count, columns: 1, elements: values)
  }

  private func hierarchy(
    _ name: String, _ measured: SpeedAccuracy, unit: Double,
    _ outcome: inout ReproductionOutcome
  ) {
    let limit = SpeedLimit(
      cost: measured.cost, action: measured.cost, length: measured.length,
      distance: measured.displacement, duration: measured.duration)
    outcome.measured += [
      ("\(name): η", measured.efficiency / unit), ("\(name): c₁", measured.lossOfAccuracy / unit),
      ("\(name): c₂", measured.cost / unit), ("\(name): L", measured.length),
      ("\(name): W₂²/τ", limit.leastAction / unit),
    ]
    outcome.checks += [
      .exact("\(name): η/c₁", measured.efficiency / measured.lossOfAccuracy, atMost: 1 + 1e-9),
      .exact("\(name): c₁/c₂", measured.lossOfAccuracy / measured.cost, atMost: 1),
      .exact(
        "\(name): L²/τ over c₂", limit.leastActionOfWay / measured.cost, atMost: 1 + 1e-9),
      .exact(
        "\(name): W₂²/τ over L²/τ", limit.leastAction / limit.leastActionOfWay,
        atMost: 1 + 1e-6),
    ]
  }

  private func gaussians(_ outcome: inout ReproductionOutcome) throws {
    // dx = −x dt + √2 dB for τ = 3, on a path of length 1.
    let path = NoisePath.variancePreserving(first: 6, last: 6)
    for (variance, production, leastAction, efficiency) in [
      (4.0, 0.806839, 0.330864, 0.32922), (0.25, 0.318146, 0.083024, 0.082608),
    ] {
      let name = "Gaussian, σ² = \(variance)"
      let process = GaussianEntropyProduction(variances: [variance], path: path)
      let limit = SpeedLimit(of: process, duration: 3)
      let law = try GaussianMixture(variances: [variance], workers: context.workers)
      let final = 1 + (variance - 1) * exp(-6)
      let truth = quantiles(400, deviation: final.squareRoot())
      let measured = try SpeedAccuracy(
        truth: column(truth), estimate: column(truth.map { $0 + 0.1 }),
        divergence: exp(0.01 / final) - 1, times: times(100, 1e-5...1),
        velocity: { try law.predict(.velocity, of: $0, at: path.level(at: $1)) })
      hierarchy(name, measured, unit: 3, &outcome)
      outcome.checks += [
        .exact("\(name): entropy, error", abs(limit.cost - production), atMost: 2e-6),
        .exact("\(name): W₂²/τ, error", abs(limit.leastAction - leastAction), atMost: 2e-6),
        .exact(
          "\(name): η, relative error", abs(measured.efficiency / 3 / efficiency - 1),
          atMost: 0.01),
      ]
      outcome.measured.append(("\(name): entropy production", limit.cost))
    }
  }

  private func twoModes(_ outcome: inout ReproductionOutcome) throws {
    let scale = 1 / 1.01.squareRoot()
    let width = Matrix<Double>(rows: 1, columns: 1, elements: [0.01 / 1.01])
    let law = try GaussianMixture(
      weights: [0.5, 0.5], means: [[-scale], [scale]], covariances: [width, width],
      workers: context.workers)
    let truth = quantiles(800)
    var series: [SeriesFigure.Series] = []
    for (label, path, cost, length) in [
      ("cosine", NoisePath.cosine(offset: 0), 0.637, 0.591),
      ("straight", .conditionalTransport, 0.833, 0.850),
    ] {
      let name = "two modes, \(label)"
      let measured = try SpeedAccuracy(
        truth: column(truth), estimate: column(truth.map { $0 + 0.05 }),
        divergence: exp(0.0025) - 1, times: times(200, 1e-3...1 - 1e-3),
        velocity: { try law.predict(.velocity, of: $0, at: path.level(at: $1)) })
      hierarchy(name, measured, unit: 1, &outcome)
      outcome.checks += [
        .exact("\(name): c₂, relative error", abs(measured.cost / cost - 1), atMost: 0.01),
        .exact("\(name): L, relative error", abs(measured.length / length - 1), atMost: 0.01),
        .exact("\(name): η, error", abs(measured.efficiency - 0.022), atMost: 5e-4),
        .exact(
          "\(name): W₂²/τ, relative error",
          abs(measured.displacement * measured.displacement / measured.duration / 0.296 - 1),
          atMost: 0.01),
      ]
      series.append(
        SeriesFigure.Series(
          name: "\(label), c₂ = \(rounded(measured.cost))", x: measured.times,
          y: measured.squaredSpeeds))
    }
    outcome.figures.append(
      SeriesFigure.make(
        name: "diff-f10-line", title: "Cost of two modes along time",
        caption:
          "The squared speed of the law in Wasserstein's distance, whose integral bounds what a flow can keep of an error. The arc costs less than straight lines here.",
        xLabel: "time t", yLabel: "E|ν|²", series: series))
  }

  private func rounded(_ value: Double) -> String { String(format: "%.3f", value) }

  private func roll(_ outcome: inout ReproductionOutcome) throws {
    let law = try SwissRollLaw.law(points: 160, thickness: 0.05, workers: context.workers)
    let count = 200
    var costs: [Double] = []
    var exact: [Double] = []
    var bars: [(String, SpeedAccuracy)] = []
    for rotation in [0.0, 3, 5] {
      let process = RotatingDiffusion(
        law: law, contraction: 1, rotation: rotation, finalTemperature: 6, duration: 1)
      let truth = process.states(
        from: law.samples(count, seed: context.seed), at: 1, seed: context.seed)
      // The same shift as seen from the data, whatever the angle.
      let angle = process.angle(at: 1)
      let shift = [0.1 * cos(angle), 0.1 * sin(angle)]
      let divergence = chiSquare(law, process.level(at: 1))
      let (one, euler) = try follow(
        truth, shift, divergence, times(200, 0.05...1), process.velocity)
      hierarchy("roll, g = \(rotation)", one, unit: 1, &outcome)
      outcome.measured.append(("roll, g = \(rotation), Euler: η", euler.efficiency))
      costs.append(one.cost)
      exact.append(one.efficiency)
      bars.append(("g = \(Int(rotation))", one))
    }
    let path = NoisePath.conditionalTransport
    let level = path.level(at: 1 - 1e-3)
    var noise = law.samples(count, seed: context.seed)
    for row in 0..<count {
      var stream = RandomStream(seed: context.seed, purpose: .modelSystem, index: UInt64(row))
      for column in 0..<2 {
        noise[row, column] = level.signal * noise[row, column] + level.noise * stream.normal()
      }
    }
    let (straight, euler) = try follow(
      noise, [0.1, 0], chiSquare(law, level), times(200, 0.05...1 - 1e-3)
    ) { try law.predict(.velocity, of: $0, at: path.level(at: $1)) }
    hierarchy("roll, straight", straight, unit: 1, &outcome)
    outcome.measured += [
      ("roll, straight, Euler: η", euler.efficiency),
      ("roll, straight: cost over that of g = 0", straight.cost / costs[0]),
    ]
    outcome.checks += [
      .exact("cost of g = 3 over g = 0", costs[1] / costs[0], atLeast: 1),
      .exact("cost of g = 5 over g = 3", costs[2] / costs[1], atLeast: 1),
      .exact(
        "exact flow, η of g = 5 over g = 0, distance from 1", abs(exact[2] / exact[0] - 1),
        atMost: 0.01),
    ]
    bars.append(("straight", straight))
    outcome.figures.append(
      SeriesFigure.make(
        name: "diff-f10-roll", title: "Cost of the swiss roll along time",
        caption:
          "E|ν|² under forces that turn at the rate g, and along straight lines. Turning costs, and the laws are the same.",
        xLabel: "time t", yLabel: "E|ν|²",
        series: bars.map {
          SeriesFigure.Series(
            name: "\($0.0), c₂ = \(rounded($0.1.cost))", x: $0.1.times, y: $0.1.squaredSpeeds)
        }, isYLogarithmic: true))
  }

  /// The exact flow, and the same with 40 steps of Euler for the estimate.
  private func follow(
    _ truth: Matrix<Double>, _ shift: [Double], _ divergence: Double, _ times: [Double],
    _ velocity: (Matrix<Double>, Double) throws -> Matrix<Double>
  ) throws -> (exact: SpeedAccuracy, euler: SpeedAccuracy) {
    var moved = truth
    for row in 0..<truth.rows {
      for column in 0..<2 { moved[row, column] += shift[column] }
    }
    func run(_ steps: Int?) throws -> SpeedAccuracy {
      try SpeedAccuracy(
        truth: truth, estimate: moved, divergence: divergence, times: times, evaluations: 11,
        eulerSteps: steps, velocity: velocity)
    }
    return (try run(nil), try run(40))
  }

  /// χ²(P(· − δ) ‖ P) on a grid, in the frame that does not turn, for δ = (0.1, 0).
  private func chiSquare(_ law: PointMixture, _ level: NoiseLevel) -> Double {
    let cells = 160
    let step = 12.0 / Double(cells)
    var (here, before) = (
      Matrix<Double>(rows: cells * cells, columns: 2),
      Matrix<Double>(rows: cells * cells, columns: 2)
    )
    for i in 0..<cells {
      for j in 0..<cells {
        let (x, y) = (-6 + step * (Double(i) + 0.5), -6 + step * (Double(j) + 0.5))
        here.setRow(i * cells + j, to: [x, y])
        before.setRow(i * cells + j, to: [x - 0.1, y])
      }
    }
    let (p, q) = (law.logDensity(of: here, at: level), law.logDensity(of: before, at: level))
    return zip(p, q).reduce(0) { $0 + exp(2 * $1.1 - $1.0) } * step * step - 1
  }
}
