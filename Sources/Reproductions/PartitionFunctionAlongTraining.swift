internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r14: three ways to ln Z along a training, against enumeration.
  static let partitionFunctionAlongTraining = Reproduction(
    id: "bm-r14",
    title: "ln Z along the training: annealing, trajectory annealing, trajectory tempering",
    paper: "Béreux, Decelle, Furtlehner, Rosset and Seoane 2024, arXiv:2405.15376",
    claim: """
      Annealing in temperature, annealing along the training and exchange along the training agree on ln Z \
      early; the last two hold where temperature annealing no longer comes to equilibrium.
      """,
    settings: """
      4 × 4 bars and stripes, 16 hidden units, PCD-10 at 0.05, 6000 updates (with --full 30,000); at 8 \
      checkpoints: annealing with 1000 temperatures and 500 chains, 1024 probes along the training, trajectory \
      tempering with 128 ladders of 2000 sweeps.
      """,
    criterion: """
      Annealing along the training and tempering within 0.3 nat of the exact value, and all three within 3 \
      standard errors of it, at every checkpoint; the largest error of tempering at most that of annealing \
      or 0.1 nat.
      """,
    run: { context in try PartitionFunctionAlongTraining(context).run() })
}

/// The run of bm-r14.
private struct PartitionFunctionAlongTraining {
  private static let checkpoints = 8

  private struct Point {
    let update: Int
    let exact: Double
    let annealing: Estimate
    let trajectory: Estimate
    let tempering: Estimate
  }

  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    let data = try DataSet.load("bars-and-stripes:size=4").states(for: .bernoulli)
    var options = TrainingOptions()
    options.learningRate = 0.05
    options.updates = context.isFull ? 30_000 : 6000
    options.probes = 1024
    options.seed = context.seed
    let trainer = Trainer(
      machine: .initial(
        visible: .bernoulli, hidden: .bernoulli, hiddenCount: 16, data: data,
        scale: options.initialWeightScale, seed: context.seed),
      data: data, options: options, workers: context.workers)
    var saved: [(update: Int, machine: RestrictedBoltzmannMachine)] = []
    var points: [Point] = []
    for number in 1...Self.checkpoints {
      while trainer.update < options.updates * number / Self.checkpoints { try trainer.step() }
      saved.append((trainer.update, trainer.machine))
      guard let trajectory = trainer.probes?.logPartitionFunction() else { continue }
      points.append(try point(saved, trajectory))
      context.progress(Double(number) / Double(Self.checkpoints))
    }
    return outcome(points)
  }

  private func point(
    _ saved: [(update: Int, machine: RestrictedBoltzmannMachine)], _ trajectory: Estimate
  ) throws -> Point {
    let (update, machine) = saved[saved.count - 1]
    var evaluator = LikelihoodEvaluator()
    evaluator.method = .ais
    evaluator.temperatures = 1000
    evaluator.seed = context.seed
    evaluator.workers = context.workers
    var options = TemperingOptions()
    options.ladders = 128
    options.sweeps = 2000
    options.seed = context.seed
    options.workers = context.workers
    return Point(
      update: update,
      exact: try ExactEnumeration.logPartitionFunction(of: machine, workers: context.workers),
      annealing: try evaluator.logPartitionFunction(of: machine), trajectory: trajectory,
      tempering: try TrajectoryTempering.run(checkpoints: saved, options: options)
        .logPartitionFunction)
  }

  private func outcome(_ points: [Point]) -> ReproductionOutcome {
    let ways: [(name: String, of: (Point) -> Estimate)] = [
      ("annealing", { $0.annealing }), ("annealing along the training", { $0.trajectory }),
      ("trajectory tempering", { $0.tempering }),
    ]
    var checks: [Check] = []
    var measured: [(name: String, value: Double)] = []
    var worst: [Double] = []
    for way in ways {
      let errors = points.map { abs(way.of($0).value - $0.exact) }
      let deviations = points.map { point -> Double in
        let estimate = way.of(point)
        let half = estimate.halfWidth
        return abs(estimate.value - point.exact) / max(half / 1.96, 1e-12)
      }
      worst.append(errors.max() ?? .infinity)
      var check = Check.exact(
        "\(way.name): worst deviation, standard errors", deviations.max() ?? .infinity, atMost: 3)
      if points.contains(where: { !way.of($0).isResolved }) {
        check.verdict = .unresolved
        check.reason = "unresolved at a checkpoint"
      }
      checks.append(check)
      measured.append(("\(way.name): largest error, nats", errors.max() ?? .nan))
    }
    checks += [
      .exact("annealing along the training: largest error, nats", worst[1], atMost: 0.3),
      .exact("trajectory tempering: largest error, nats", worst[2], atMost: 0.3),
      .exact(
        "error of tempering less that of annealing, nats", worst[2] - max(worst[0], 0.1), atMost: 0),
    ]
    return ReproductionOutcome(measured: measured, checks: checks, figures: [figure(points, ways)])
  }

  private func figure(
    _ points: [Point], _ ways: [(name: String, of: (Point) -> Estimate)]
  ) -> Figure {
    SeriesFigure.make(
      name: "bm-r14", title: "Error of ln Z along the training",
      caption: "Three estimates of ln Z less the enumerated value, with 95 % intervals.",
      xLabel: "updates", yLabel: "ln Z − exact ln Z (nats)",
      series: ways.map { way in
        SeriesFigure.Series(
          name: way.name, x: points.map { Double($0.update) },
          y: points.map { way.of($0).value - $0.exact },
          low: points.map { way.of($0).interval.lowerBound - $0.exact },
          high: points.map { way.of($0).interval.upperBound - $0.exact })
      }, references: [SeriesFigure.ReferenceLine(value: 0, name: "exact")])
  }
}
