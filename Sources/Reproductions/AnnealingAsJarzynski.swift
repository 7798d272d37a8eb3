internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r4: annealed importance sampling measures a work.
  static let annealingAsJarzynski = Reproduction(
    id: "bm-r4", title: "Annealed importance sampling is Jarzynski's equality",
    paper: "Salazar 2017, Phys. Rev. E 96, 022131; Neal 2001; Kaufman 1949",
    claim: """
      The weights of annealing are e^{−W} of the work of switching the couplings on: \
      ⟨e^{−W}⟩ = Z/Z₀ for any ladder of temperatures, ⟨W⟩ ≥ ΔF, and the dissipated work falls as one \
      over the number of temperatures.
      """,
    settings: """
      (a) Machines of 4 × 3 and 6 × 4 units 0/1, 0/1 with ±1 and Potts units, ladders of 2 to 40 rungs, also \
      such that go back; all states listed. (b) 4 × 4 bars and stripes, 16 hidden units, 3000 updates \
      of PCD-10: 50 repeats of 100 chains and 1000 temperatures, and 100 chains with 10,000. (c) The \
      Ising model on a torus of side 8 (with --full also 16) as a machine with a hidden spin a bond, \
      K = 0.2, 0.4, 0.4407: 500 chains and 10,000 temperatures, 500 chains each way with 1000, and 20,000 chains of 200 to \
      1600 temperatures for the dissipated work at K = 0.25.
      """,
    criterion: """
      (a) |⟨e^{−W}⟩ Z₀/Z − 1| < 1e-12, ⟨W⟩ ≥ ΔF. (b) truth within 3 standard errors in 95 % of the \
      repeats; error below 0.1 nat at 10,000 temperatures. (c) error of ln Z within 3 standard errors \
      and below 0.1 nat (side 8), 0.5 nat (side 16); the truth within the bracket of both ways and 3 \
      standard errors of their combination; ⟨W⟩ ≥ ΔF within 3 standard errors; \
      ln(dissipated work) against ln(temperatures) of slope −1 ± 0.1.
      """,
    run: { context in try AnnealingAsJarzynski.run(context) })
}

/// The runs of bm-r4.
private enum AnnealingAsJarzynski {
  static func run(_ context: ReproductionContext) throws(SzilardError) -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    try exact(&outcome, context)
    try enumerable(&outcome, context)
    try ising(&outcome, context)
    return outcome
  }

  // MARK: (a) All paths at once

  private static func exact(
    _ outcome: inout ReproductionOutcome, _ context: ReproductionContext
  ) throws(SzilardError) {
    var random = RandomStream(seed: context.seed, purpose: .initialWeights, index: 99)
    let ladders: [[Double]] = [
      [0, 1], AnnealingSchedule.linear(temperatures: 11),
      AnnealingSchedule.linear(temperatures: 40),
      [0, 0.9, 0.1, 1.3, 0.4, 1], [0] + (0..<8).map { _ in random.uniform() } + [1],
    ]
    var violation = 0.0
    var dissipation = Double.infinity
    for (visible, hidden, v, h) in [
      (UnitKind.bernoulli, UnitKind.bernoulli, 4, 3), (.bernoulli, .bernoulli, 6, 4),
      (.spin, .bernoulli, 6, 4), (.spin, .spin, 5, 4), (.potts(colours: 3), .bernoulli, 4, 3),
    ] {
      var machine = RestrictedBoltzmannMachine(
        visible: Layer(kind: visible, count: v), hidden: Layer(kind: hidden, count: h))
      for i in 0..<machine.visible.size {
        machine.visible.biases[i] = Float(0.7 * random.normal())
        for j in 0..<h { machine.weights[i, j] = Float(0.7 * random.normal()) }
      }
      for j in 0..<h { machine.hidden.biases[j] = Float(0.7 * random.normal()) }
      let enumerated = try EnumeratedMachine(machine)
      for ladder in ladders {
        let result = enumerated.annealing(
          ladder: ladder, base: IndependentUnits(baseRateOf: machine))
        violation = max(violation, result.violation)
        dissipation = min(dissipation, result.dissipatedWork)
      }
    }
    outcome.measured.append(("(a) largest |⟨e^{−W}⟩ Z₀/Z − 1|", violation))
    outcome.checks += [
      .exact("(a) |⟨e^{−W}⟩ Z₀/Z − 1|, all ladders", violation, atMost: 1e-12),
      .exact("(a) least dissipated work ⟨W⟩ − ΔF", dissipation, atLeast: -1e-12),
    ]
  }

  // MARK: (b) Sampling against enumeration

  private static func enumerable(
    _ outcome: inout ReproductionOutcome, _ context: ReproductionContext
  ) throws(SzilardError) {
    let repeats = 50
    let machine = try ReproductionMachines.barsAndStripes(
      side: 4, hidden: 16, updates: 3000, seed: context.seed, workers: context.workers
    ).machine
    let truth = try ExactEnumeration.logPartitionFunction(of: machine, workers: context.workers)
    var inside = 0
    for index in 0..<repeats {
      let run = annealed(
        machine, temperatures: 1000, chains: 100, seed: context.seed &* 1000 &+ UInt64(index),
        context)
      if abs(run.value - truth) <= 3 * run.standardError { inside += 1 }
      context.progress(0.1 * Double(index + 1) / Double(repeats))
    }
    let long = annealed(
      machine, temperatures: 10_000, chains: 100, seed: context.seed &* 1000 &+ 999, context)
    outcome.measured += [
      ("(b) true ln Z", truth), ("(b) ln Z of 100 chains and 10,000 temperatures", long.value),
      ("(b) its standard error", long.standardError),
    ]
    let fraction = Double(inside) / Double(repeats)
    let interval = clopperPearsonInterval(successes: inside, trials: repeats)
    outcome.checks += [
      Check(
        name: "(b) repeats with the truth within 3 standard errors", statistic: fraction,
        expected: 0.95, relation: .atLeast, interval: interval,
        verdict: fraction >= 0.95 ? .pass : .fail, trajectories: repeats,
        reason: fraction >= 0.95 ? "" : "\(inside) of \(repeats)"),
      .exact(
        "(b) |error of ln Z| with 10,000 temperatures", abs(long.value - truth), atMost: 0.1),
    ]
  }

  // MARK: (c) The Ising model

  private static func ising(
    _ outcome: inout ReproductionOutcome, _ context: ReproductionContext
  ) throws(SzilardError) {
    let temperatures = 10_000
    var cases = [0.2, 0.4, IsingModel.criticalInverseTemperature].map { (8, $0, 0.1) }
    if context.isFull {
      cases += [0.4, IsingModel.criticalInverseTemperature].map { (16, $0, 0.5) }
    }
    for (index, item) in cases.enumerated() {
      let (side, coupling, tolerance) = item
      let bonds = ReproductionMachines.bonds(
        of: IsingModel(size: side, inverseTemperature: coupling))
      let run = annealed(
        bonds.machine, temperatures: temperatures, chains: 500,
        seed: context.seed &+ UInt64(index), context)
      let name = "(c) side \(side), K = \((coupling * 1e4).rounded() / 1e4)"
      outcome.checks += [
        .measured(
          "\(name): ln Z", run.value, standardError: run.standardError,
          expected: bonds.logPartitionFunction, tolerance: tolerance, trajectories: 500),
        secondLaw("\(name): dissipated work", run, bonds.logPartitionFunction),
      ]
      sandwich(name, bonds, seed: context.seed &+ UInt64(index), &outcome, context)
      context.progress(0.1 + 0.7 * Double(index + 1) / Double(cases.count))
    }
    try dissipation(&outcome, context)
  }

  /// Both ways with a tenth of the temperatures: the truth between the legs, and the acceptance ratio.
  private static func sandwich(
    _ name: String, _ bonds: (machine: RestrictedBoltzmannMachine, logPartitionFunction: Double),
    seed: UInt64, _ outcome: inout ReproductionOutcome, _ context: ReproductionContext
  ) {
    let result = BidirectionalAnnealing(
      schedule: AnnealingSchedule.linear(temperatures: 1000), chains: 500, seed: seed
    ).run(
      bonds.machine, base: IndependentUnits(baseRateOf: bonds.machine), workers: context.workers)
    let truth = bonds.logPartitionFunction
    let combined = result.combined
    let half = combined.halfWidth
    var outside = Check.exact(
      "\(name): truth outside the bracket of both legs by",
      result.bracket.map { max($0.lowerBound - truth, truth - $0.upperBound, 0) } ?? .infinity,
      atMost: 0)
    outside.trajectories = 1000
    if result.bracket == nil {
      outside.verdict = .unresolved
      outside.reason = "the reverse leg is not to be trusted: " + result.equilibration.reason
    }
    outcome.checks += [
      outside,
      .measured(
        "\(name): ln Z by the acceptance ratio, 1000 temperatures", combined.value,
        standardError: half / 1.96, expected: truth, trajectories: 1000),
    ]
  }

  private static func secondLaw(
    _ name: String, _ run: AnnealedRun, _ truth: Double
  ) -> Check {
    let dissipated = truth - run.meanLogWeight
    let error = run.meanStandardError
    return Check(
      name: name, statistic: dissipated, expected: 0, relation: .atLeast,
      interval: dissipated - 3 * error...dissipated + 3 * error,
      verdict: dissipated >= -3 * error ? .pass : .fail, trajectories: run.chains,
      reason: dissipated >= -3 * error ? "" : "less work than the free energy difference")
  }

  private static func dissipation(
    _ outcome: inout ReproductionOutcome, _ context: ReproductionContext
  ) throws(SzilardError) {
    let bonds = ReproductionMachines.bonds(of: IsingModel(size: 8, inverseTemperature: 0.25))
    var points: [DissipationPoint] = []
    for (index, temperatures) in [200, 400, 800, 1600].enumerated() {
      let run = annealed(
        bonds.machine, temperatures: temperatures, chains: 20_000,
        seed: context.seed &+ 77 &+ UInt64(index), context)
      points.append(
        DissipationPoint(
          temperatures: temperatures, work: bonds.logPartitionFunction - run.meanLogWeight,
          standardError: run.meanStandardError, halfVariance: run.logWeightVariance / 2))
      context.progress(0.8 + 0.05 * Double(index + 1))
    }
    // ln W against ln K by least squares, weighed by the errors of ln W.
    let fit = WeightedLine(
      points.filter { $0.work > 0 }.map {
        (log(Double($0.temperatures)), log($0.work), $0.work / $0.standardError)
      })
    outcome.measured += points.map {
      ("(c) dissipated work, \($0.temperatures) temperatures", $0.work)
    }
    outcome.checks.append(
      Check(
        name: "(c) slope of ln(dissipated work) in ln(temperatures)", statistic: fit.slope,
        expected: -1, interval: fit.slope - 3 * fit.slopeError...fit.slope + 3 * fit.slopeError,
        verdict: abs(fit.slope + 1) <= 0.1
          ? .pass : abs(fit.slope + 1) <= 3 * fit.slopeError ? .unresolved : .fail,
        trajectories: 20_000 * points.count,
        reason: abs(fit.slope + 1) <= 0.1 ? "" : "the slope is \(fit.slope)"))
    outcome.figures.append(figure(points))
  }

  private struct DissipationPoint {
    let temperatures: Int
    let work: Double
    let standardError: Double
    let halfVariance: Double
  }

  private static func figure(_ points: [DissipationPoint]) -> Figure {
    let x = points.map { Double($0.temperatures) }
    let scale = (points.first?.work ?? 1) * (x.first ?? 1)
    return SeriesFigure.make(
      name: "bm-r4-dissipation", title: "Dissipated work of annealing",
      caption: """
        Mean work beyond the free energy difference, with three standard errors, for the Ising model on \
        a torus of side 8 at K = 0.25 against the exact ln Z. The line falls as one over the number of \
        temperatures: annealing is quasi-static in the limit, and its work normal, so that half its \
        variance is dissipated.
        """,
      xLabel: "temperatures", yLabel: "⟨W⟩ − ΔF (nats)",
      series: [
        SeriesFigure.Series(
          name: "one over the number of temperatures", x: x, y: x.map { scale / $0 }),
        SeriesFigure.Series(
          name: "half the variance of W", x: x, y: points.map(\.halfVariance)),
        SeriesFigure.Series(
          name: "⟨W⟩ − ΔF", x: x, y: points.map(\.work),
          low: points.map { $0.work - 3 * $0.standardError },
          high: points.map { $0.work + 3 * $0.standardError }, style: .points),
      ], isXLogarithmic: true, isYLogarithmic: true)
  }

  // MARK: Annealing

  /// ln Z by the exponential average over independent chains, with its standard error.
  struct AnnealedRun {
    let value: Double
    let standardError: Double
    let meanLogWeight: Double
    let meanStandardError: Double
    let logWeightVariance: Double
    let chains: Int
  }

  private static func annealed(
    _ machine: RestrictedBoltzmannMachine, temperatures: Int, chains: Int, seed: UInt64,
    _ context: ReproductionContext
  ) -> AnnealedRun {
    let result = AnnealedImportanceSampling(
      schedule: AnnealingSchedule.linear(temperatures: temperatures), chains: chains, seed: seed
    ).run(
      machine, base: IndependentUnits(baseRateOf: machine), workers: context.workers)
    let logs = result.logWeights.map { $0 + result.baseLogPartitionFunction }
    let largest = logs.max() ?? 0
    let weights = StreamingMoments(logs.map { exp($0 - largest) })
    let moments = StreamingMoments(logs)
    return AnnealedRun(
      value: largest + log(weights.mean), standardError: weights.standardError / weights.mean,
      meanLogWeight: moments.mean, meanStandardError: moments.standardError,
      logWeightVariance: moments.variance, chains: chains)
  }
}
