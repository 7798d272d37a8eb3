internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r5: the laws of thermodynamics for learning.
  static let lawsOfLearning = Reproduction(
    id: "bm-r5", title: "First and second law of learning, ln Z along the training",
    paper: "Salazar 2017, Phys. Rev. E 96, 022131; Béreux et al. 2024, arXiv:2405.15376",
    claim: """
      Each update does work on the chains and each Gibbs burst exchanges heat; ΔE = W + Q for each chain, \
      ⟨W⟩ ≥ ΔF, and −ln⟨e^{−W}⟩ over chains that do not guide the training is ΔF at every checkpoint.
      """,
    settings: """
      3 × 3 and 4 × 4 bars and stripes, 10 and 16 hidden units, PCD-5 at 0.05, 500 chains, 512 probes; 20 \
      checkpoints of 4000 updates (with --full 20,000).
      """,
    criterion: """
      max |ΔE − W − Q| ≤ 1e-10 for every chain; the exact ln Z within 3 standard errors of that along the \
      training at each of 20 checkpoints, median error below 0.1 nat; ⟨W⟩ − ΔF ≥ −3 standard errors.
      """,
    run: { context in try LawsOfLearning.run(context) })
}

/// The runs of bm-r5.
private enum LawsOfLearning {
  private struct Point {
    let update: Int
    let exact: Double
    let estimate: Estimate
    let dissipated: Estimate?
  }

  static func run(_ context: ReproductionContext) throws(SzilardError) -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    for (index, (side, hidden)) in [(3, 10), (4, 16)].enumerated() {
      try run(side: side, hidden: hidden, &outcome, context) {
        context.progress((Double(index) + $0) / 2)
      }
    }
    context.progress(1)
    return outcome
  }

  private static func run(
    side: Int, hidden: Int, _ outcome: inout ReproductionOutcome, _ context: ReproductionContext,
    progress: (Double) -> Void
  ) throws(SzilardError) {
    let data = try DataSet.load("bars-and-stripes:size=\(side)").states(for: .bernoulli)
    var options = TrainingOptions()
    options.gibbsSteps = 5
    options.learningRate = 0.05
    options.updates = context.isFull ? 20_000 : 4000
    options.seed = context.seed
    let trainer = Trainer(
      machine: .initial(
        visible: .bernoulli, hidden: .bernoulli, hiddenCount: hidden, data: data,
        scale: options.initialWeightScale, seed: context.seed),
      data: data, options: options, workers: context.workers)
    var points: [Point] = []
    _ = trainer.thermodynamics(marking: true)
    var last: TrainingThermodynamics?
    for _ in 0..<20 {
      for _ in 0..<options.updates / 20 { try trainer.step() }
      guard let now = trainer.thermodynamics(marking: true), let estimate = now.logPartitionFunction
      else { continue }
      last = now
      points.append(
        Point(
          update: trainer.update,
          exact: try ExactEnumeration.logPartitionFunction(
            of: trainer.machine, workers: context.workers), estimate: estimate,
          dissipated: now.dissipatedWork))
      progress(Double(points.count) / 20)
    }
    judge(name: "\(side) x \(side)", points, last, probes: options.probes, &outcome)
    outcome.figures += figures(side: side, points)
  }

  private static func judge(
    name: String, _ points: [Point], _ last: TrainingThermodynamics?, probes: Int,
    _ outcome: inout ReproductionOutcome
  ) {
    let deviations = points.map { point -> Double in
      let half = point.estimate.halfWidth
      return abs(point.estimate.value - point.exact) / max(half / 1.96, 1e-12)
    }
    let errors = points.map { abs($0.estimate.value - $0.exact) }.sorted()
    let worst = deviations.max() ?? .infinity
    let median = errors.isEmpty ? .infinity : errors[errors.count / 2]
    var within = Check.exact("\(name): worst deviation of ln Z, standard errors", worst, atMost: 3)
    within.trajectories = probes
    if points.contains(where: { !$0.estimate.isResolved }) {
      within.verdict = .unresolved
      within.reason = "ln Z along the training is unresolved at a checkpoint"
    }
    outcome.checks += [
      .exact(
        "\(name): first law, max |dE - W - Q|", last?.firstLawViolation ?? .infinity, atMost: 1e-10),
      within, .exact("\(name): median error of ln Z, nats", median, atMost: 0.1),
    ]
    if var law = last?.secondLaw {
      law.name = "\(name): second law, <W> - dF"
      outcome.checks.append(law)
    }
    outcome.measured += [
      ("\(name): work on a chain", last?.totalWork ?? .nan),
      ("\(name): heat absorbed by a chain", last?.totalHeat ?? .nan),
      ("\(name): ln Z along the training", points.last?.estimate.value ?? .nan),
      ("\(name): exact ln Z", points.last?.exact ?? .nan),
      ("\(name): dissipated work an update, at the end", points.last?.dissipated?.value ?? .nan),
    ]
  }

  private static func figures(side: Int, _ points: [Point]) -> [Figure] {
    let updates = points.map { Double($0.update) }
    let error = SeriesFigure.make(
      name: "bm-r5-log-partition-\(side)", title: "ln Z along the training, \(side) × \(side)",
      caption: "Error of ln Z with its 95 % interval: zero is the enumerated value.",
      xLabel: "updates", yLabel: "ln Z − exact ln Z (nats)",
      series: [
        SeriesFigure.Series(
          name: "annealing along the training", x: updates,
          y: points.map { $0.estimate.value - $0.exact },
          low: points.map { $0.estimate.interval.lowerBound - $0.exact },
          high: points.map { $0.estimate.interval.upperBound - $0.exact })
      ], references: [SeriesFigure.ReferenceLine(value: 0, name: "exact")])
    let dissipation = SeriesFigure.make(
      name: "bm-r5-dissipation-\(side)", title: "Dissipated work, \(side) × \(side)",
      caption:
        "⟨W⟩ − ΔF of an update; quasi-static training with many chains would be at zero.",
      xLabel: "updates", yLabel: "dissipated work an update (nats)",
      series: [
        SeriesFigure.Series(
          name: "⟨W⟩ − ΔF", x: updates, y: points.map { $0.dissipated?.value ?? .nan },
          low: points.map { $0.dissipated?.interval.lowerBound ?? .nan },
          high: points.map { $0.dissipated?.interval.upperBound ?? .nan })
      ], references: [SeriesFigure.ReferenceLine(value: 0, name: "quasi-static")])
    return [error, dissipation]
  }
}
