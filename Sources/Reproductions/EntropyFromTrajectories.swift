internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// sgd-f9: estimators of entropy production that see trajectories alone, against exact rates.
  static let entropyFromTrajectories = Reproduction(
    id: "sgd-f9", title: "Entropy production from trajectories alone",
    paper:
      "Otsubo, Ito, Dechant and Sagawa 2020, Phys. Rev. E 101, 062106; Kim, Bae, Lee and Jeong 2020, Phys. Rev. Lett. 125, 140604",
    claim: """
      From a recorded stationary trajectory of a linear Langevin process lagged covariances give its entropy \
      production, currents bound it from below, near neighbours and networks learn it.
      """,
    settings: """
      A stirred round trap (k = 1, ω = 2, D = 1), 2·10⁶ steps of Euler of 0.01, and the same without stirring; two beads \
      at temperatures 10 and 1, 6·10⁶ exact steps of 0.005. With --full four times as many steps and the network at three lags.
      """,
    criterion: """
      The trap at one step within 3 % of the Euler chain's rate 8.205 by lagged covariances; currents over \
      windows of 0.01, 0.1, 1 and 10 never above the truth by more than three standard errors; without stirring all estimates within three \
      standard errors of zero, and not above the 99.9 % point of the null; two beads: lagged covariances and currents within 5 % of 2.025, the \
      network at a lag of 0.1 within 10 % of the exact rate at that lag.
      """,
    run: { context in try EntropyFromTrajectories(context).run() })
}

/// The run of sgd-f9.
private struct EntropyFromTrajectories {
  private static let interval = 0.01
  /// Of the beads: a lag loses two parts in a thousand for each 0.001.
  private static let beadInterval = 0.005
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    LinearAlgebra.useOneThread()
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let factor = context.isFull ? 4 : 1
    let trap = try OrnsteinUhlenbeckProcess.rotating(stiffness: 1, frequency: 2)
      .discretised(interval: Self.interval)
    let stirred = try record(trap, count: 2_000_000 * factor, index: 0)
    context.progress(0.1)
    try examineTrap(trap, stirred, &outcome)
    context.progress(0.3)
    let still = try OrnsteinUhlenbeckProcess.rotating(stiffness: 1, frequency: 0)
      .discretised(interval: Self.interval)
    try examineNull(record(still, count: 2_000_000 * factor, index: 1), &outcome)
    context.progress(0.6)
    let beads = try BrownianGyrator.twoBeads(stiffness: 1, temperatures: (10, 1))
    try examineBeads(beads, count: 6_000_000 * factor, &outcome)
    return outcome
  }

  private func standardError(_ estimate: Estimate) -> Double {
    estimate.halfWidth / normalQuantile((1 + estimate.confidence) / 2)
  }

  private func rate(
    _ one: EntropyProductionEstimate, _ interval: Double = interval
  ) -> Estimate {
    one.estimate.scaled(by: 1 / (Double(one.lag) * interval))
  }

  private func examineTrap(
    _ chain: LinearGaussianChain, _ record: Trajectories, _ outcome: inout ReproductionOutcome
  ) throws {
    let truth = chain.entropyProduction / Self.interval
    let lags = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    let gaussian = try lags.map { try estimate(.gaussian, record, lag: $0) }
    let first = rate(gaussian[0])
    outcome.measured += [
      ("trap: exact rate of the Euler chain", truth),
      ("trap: lagged covariances", first.value),
    ]
    outcome.checks.append(
      .measured(
        "trap: rate by lagged covariances", first.value, standardError: standardError(first),
        expected: truth, tolerance: 0.03 * truth, trajectories: record.length))
    for window in [1, 10, 100, 1000] {
      let bound = rate(try estimate(.uncertainty, record, lag: window))
      let time = Double(window) * Self.interval
      outcome.measured.append(("trap: currents over a window of \(time)", bound.value))
      outcome.checks.append(
        .exact(
          "trap: currents over \(time), standard errors above the truth",
          (bound.value - truth) / standardError(bound), atMost: 3))
    }
    // A bound that saw no current would pass: at the shortest window it must be nearly the rate.
    let shortest = rate(try estimate(.uncertainty, record, lag: 1))
    outcome.checks.append(
      .exact(
        "trap: currents over 0.01, share of the rate", shortest.value / truth, atLeast: 0.9))
    outcome.figures.append(try comparison(chain, record, gaussian, lags))
    let current = try ProbabilityCurrent(of: record, lag: 1, workers: context.workers)
    let area = current.circulation[0, 1] / Self.interval
    // Q₁₂ of the chain: the antisymmetric part of ⟨x_i x'_j⟩ = S Gᵀ.
    let lagged = LinearAlgebra.product(chain.propagator, chain.covariance)
    let exact = (lagged[1, 0] - lagged[0, 1]) / 2 / Self.interval
    outcome.measured += [("trap: rate of area", area), ("trap: rate of area, exact", exact)]
    outcome.checks.append(
      .measured(
        "trap: rate of area", area,
        standardError: current.standardErrors[0, 1] / Self.interval, expected: exact,
        trajectories: record.length))
    if let flow = current.flow(of: record, lag: 5) {
      outcome.figures.append(CurrentPlaneFigure.make(name: "sgd-f9-current", flow, lag: 5))
    }
  }

  /// All methods against the lag, beside what is exact for pairs so far apart.
  private func comparison(
    _ chain: LinearGaussianChain, _ record: Trajectories, _ gaussian: [EntropyProductionEstimate],
    _ lags: [Int]
  ) throws -> Figure {
    func series(
      _ name: String, _ estimates: [EntropyProductionEstimate]
    ) -> SeriesFigure.Series {
      let rates = estimates.map { rate($0) }
      return SeriesFigure.Series(
        name: name, x: estimates.map { Double($0.lag) * Self.interval }, y: rates.map(\.value),
        low: rates.map(\.interval.lowerBound), high: rates.map(\.interval.upperBound),
        style: .points)
    }
    let exact = (0...60).map { step -> (Double, Double) in
      let lag = Int(pow(256, Double(step) / 60).rounded())
      var propagator = chain.propagator
      for _ in 1..<max(1, lag) { propagator = LinearAlgebra.product(propagator, chain.propagator) }
      let value = GaussianLag.entropyProduction(
        covariance: chain.covariance,
        lagged: LinearAlgebra.product(propagator, chain.covariance))
      let time = Double(lag) * Self.interval
      return (time, (value ?? .nan) / time)
    }
    return SeriesFigure.make(
      name: "sgd-f9", title: "Entropy production of a stirred trap, from its trajectory",
      caption:
        "Per unit of time, of pairs of states a lag apart; for currents the lag is the window. Currents bound the rate from below; neighbours and networks miss what they do not resolve. Error bars are 95 % intervals.",
      xLabel: "lag or window (time)", yLabel: "nats per unit of time",
      series: [
        SeriesFigure.Series(
          name: "exact, of pairs", x: exact.map(\.0), y: exact.map(\.1)),
        series("lagged covariances", gaussian),
        series("currents", try lags.map { try estimate(.uncertainty, record, lag: $0) }),
        series(
          "near neighbours",
          try [4, 8, 16, 32, 64].map { try estimate(.neighbours, record, lag: $0) }),
        series(
          "network",
          try (context.isFull ? [4, 8, 16, 32, 64] : [16]).map {
            try estimate(.neural, record, lag: $0)
          }),
      ], isXLogarithmic: true)
  }

  private func examineNull(_ record: Trajectories, _ outcome: inout ReproductionOutcome) throws {
    for method in EntropyProductionEstimate.Method.allCases {
      let one = try estimate(method, record, lag: method == .neural ? 10 : 1)
      let value = rate(one)
      outcome.measured.append(("no stirring: \(method.rawValue)", value.value))
      outcome.checks += [
        .exact(
          "no stirring: \(method.rawValue), standard errors from zero",
          abs(value.value) / standardError(value), atMost: 3),
        .exact(
          "no stirring: \(method.rawValue), probability in the null", one.null?.exceedance ?? 0,
          atLeast: 0.002),
      ]
    }
  }

  private func examineBeads(
    _ beads: BrownianGyrator, count: Int, _ outcome: inout ReproductionOutcome
  ) throws {
    let truth = beads.entropyProductionRate
    let process = try beads.process()
    let chain = try process.observed(every: Self.beadInterval)
    let record = try record(chain, count: count, index: 2)
    for method in [EntropyProductionEstimate.Method.gaussian, .uncertainty] {
      let value = rate(try estimate(method, record, lag: 1), Self.beadInterval)
      outcome.measured.append(("two beads: \(method.rawValue)", value.value))
      outcome.checks.append(
        .exact(
          "two beads: \(method.rawValue), relative error of the rate 2.025",
          abs(value.value / truth - 1), atMost: 0.05))
    }
    let neighbours = rate(try estimate(.neighbours, record, lag: 20), Self.beadInterval)
    outcome.measured.append(("two beads: near neighbours, lag 0.1", neighbours.value))
    context.progress(0.7)
    for lag in context.isFull ? [10, 20, 60] : [20] {
      let time = Double(lag) * Self.beadInterval
      let exact = try process.observed(every: time).entropyProduction / time
      let value = rate(try estimate(.neural, record, lag: lag), Self.beadInterval)
      outcome.measured += [
        ("two beads: network, lag \(time)", value.value),
        ("two beads: exact at lag \(time)", exact),
      ]
      outcome.checks.append(
        .exact(
          "two beads: network at lag \(time), relative error", abs(value.value / exact - 1),
          atMost: 0.1))
    }
  }

  private func estimate(
    _ method: EntropyProductionEstimate.Method, _ record: Trajectories, lag: Int
  ) throws -> EntropyProductionEstimate {
    switch method {
    case .gaussian:
      try GaussianLag.estimate(record, lag: lag, seed: context.seed, workers: context.workers)
    case .uncertainty:
      try UncertaintyBound.estimate(record, lag: lag, seed: context.seed, workers: context.workers)
    case .neighbours:
      try NeighbourDivergence.estimate(
        record, lag: lag, seed: context.seed, workers: context.workers)
    case .neural:
      try NeuralEntropyProduction.estimate(
        record, lag: lag, seed: context.seed, workers: context.workers)
    }
  }

  private func record(
    _ chain: LinearGaussianChain, count: Int, index: UInt64
  ) throws -> Trajectories {
    try chain.trajectory(count: count, seed: context.seed, index: index)
  }
}
