internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r12: machines trained out of equilibrium remember the number of sweeps of their training.
  static let equilibriumTraining = Reproduction(
    id: "bm-r12", title: "Training with few sweeps from random starts remembers their number",
    paper: "Decelle, Furtlehner and Seoane 2021, arXiv:2105.13889",
    claim: """
      A machine trained with k = 10 sweeps from noise generates best with about 10 sweeps from noise \
      and worse with more; one trained with many sweeps comes to a plateau and stays there.
      """,
    settings: """
      Error ε⁽²⁾ of the two-point correlations against generation time, chains from noise. Without \
      --full: clusters:units=40,count=6,dimension=4,field=1.2,samples=4000, 40 × 20 spins, 400 updates \
      on batches of 2000 with 500 chains from noise, rate 0.03 falling to 0.0006, k = 10 and 1000, \
      20,000 and 100,000 chains to generate. With --full and MNIST: 784 × 100 units, 1500 updates on batches of \
      500 with 200 chains, rate 0.05 falling to 0.0025, k = 10 and 1000, 1000 chains to generate.
      """,
    criterion: """
      k = 10: the minimum lies within 5 and 40 sweeps, and at 1000 sweeps the error is at least twice \
      that at the minimum. k = 1000: the error at the end is within 20 % of its minimum.
      """,
    run: { context in try EquilibriumTrainingEntry(context).run() })
}

/// The runs of bm-r12.
private struct EquilibriumTrainingEntry {
  static let few = 10
  static let many = 1000

  let context: ReproductionContext
  private let usesDigits: Bool

  init(_ context: ReproductionContext) {
    self.context = context
    usesDigits = context.isFull && context.mnist != nil
  }

  func run() throws -> ReproductionOutcome {
    let states = try data()
    let short = try curve(states, sweeps: Self.few, from: 0, to: 0.1)
    let long = try curve(states, sweeps: Self.many, from: 0.1, to: 1)
    guard let best = lowest(short.points), let plateau = lowest(long.points),
      let late = short.points.last?.score, let end = long.points.last?.score,
      let least = best.score, let floor = plateau.score
    else { return ReproductionOutcome(measured: [], checks: []) }
    return ReproductionOutcome(
      measured: [
        ("k = 10: sweeps at the minimum", Double(best.sweeps)),
        ("k = 10: error at the minimum", least),
        ("k = 10: error after 1000 sweeps", late),
        ("k = 1000: sweeps at the minimum", Double(plateau.sweeps)),
        ("k = 1000: error at the minimum", floor),
        ("k = 1000: error at the end", end),
        ("error of as many samples of the data", short.scoreFloor ?? 0),
      ],
      checks: [
        check(
          "k = 10: sweeps at the minimum, at least k/2", Double(best.sweeps), .atLeast,
          Double(Self.few) / 2),
        check(
          "k = 10: sweeps at the minimum, at most 4k", Double(best.sweeps), .atMost,
          4 * Double(Self.few)),
        check("k = 10: error after 100 k over the minimum", late / least, .atLeast, 2),
        check("k = 1000: error at the end over the minimum", end / floor, .atMost, 1.2),
      ],
      figures: [GenerationErrorFigure.make(short: short, long: long, digits: usesDigits)])
  }

  private func data() throws -> StateMatrix {
    guard usesDigits, let folder = context.mnist else {
      return try Generators.generate(
        "clusters:units=40,count=6,dimension=4,field=1.2,samples=4000", workers: context.workers
      ).states(for: .spin)
    }
    var options = DataOptions()
    options.binarisation = .threshold(0.5)
    options.workers = context.workers
    let names = ["train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"]
    let path = names.map { folder + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
    return try DataSet.load(path ?? folder + "/" + names[0], options: options)
      .states(for: .bernoulli)
  }

  /// Trains with k sweeps from noise and follows what the machine generates.
  private func curve(
    _ states: StateMatrix, sweeps: Int, from: Double, to: Double
  ) throws -> Thermalisation {
    var options = TrainingOptions()
    options.method = .random
    options.gibbsSteps = sweeps
    options.updates = usesDigits ? 1500 : 400
    options.chains = usesDigits ? 200 : 500
    options.batchSize = usesDigits ? 500 : 2000
    options.learningRate = usesDigits ? 0.05 : 0.03
    options.schedule = .exponential(final: usesDigits ? 0.05 : 0.02)
    options.seed = context.seed
    let kind: UnitKind = usesDigits ? .bernoulli : .spin
    let machine = RestrictedBoltzmannMachine.initial(
      visible: kind, hidden: kind, hiddenCount: usesDigits ? 100 : 20, data: states, scale: 0.01,
      seed: context.seed)
    let trainer = Trainer(
      machine: machine, data: states, options: options, workers: context.workers)
    while trainer.update < options.updates {
      try trainer.step()
      if trainer.update % 10 == 0 {
        let done = Double(trainer.update) / Double(options.updates)
        context.progress(from + (to - from) * 0.7 * done)
      }
    }
    var test = ThermalisationTest()
    // A plateau is compared with its own minimum, which wants little noise.
    test.chains = usesDigits ? 1000 : sweeps == Self.few ? 20_000 : 100_000
    test.times = ThermalisationTest.times(upTo: 100 * Self.few)
    test.startsAtData = false
    test.seed = context.seed
    test.workers = context.workers
    return test.run(trainer.machine, data: states) {
      context.progress(to - (to - from) * 0.3 * (1 - $0))
    }
  }

  private func lowest(_ points: [Thermalisation.Point]) -> Thermalisation.Point? {
    points.min { ($0.score ?? .infinity) < ($1.score ?? .infinity) }
  }

  private func check(
    _ name: String, _ value: Double, _ relation: Check.Relation, _ limit: Double
  ) -> Check {
    let holds = relation == .atLeast ? value >= limit : value <= limit
    return Check(
      name: name, statistic: value, expected: limit, relation: relation, interval: value...value,
      verdict: holds ? .pass : .fail, trajectories: 0,
      reason: holds ? "" : "the curve is not that of the paper")
  }
}

/// ε⁽²⁾ against generation time for both machines.
private enum GenerationErrorFigure {
  static func make(short: Thermalisation, long: Thermalisation, digits: Bool) -> Figure {
    let name = "bm-r12-generation"
    func block(_ index: String, _ curve: Thermalisation) -> String {
      "# \(index)\n# sweeps, error of the two-point correlations\n"
        + curve.points.filter { $0.sweeps > 0 }.map {
          "\($0.sweeps) \(NumberText.data($0.score ?? .nan))"
        }.joined(separator: "\n") + "\n"
    }
    func line(_ index: String, _ colour: String, _ title: String) -> String {
      "'\(name).dat' index '\(index)' using 1:2 with linespoints linecolor rgb '\(colour)' linewidth 2 pointtype 7 pointsize 0.4 title '\(title)'"
    }
    return Figure(
      name: name, title: "What machines generate against the number of sweeps",
      caption:
        "Error of the two-point correlations of chains from noise"
        + (digits ? " on MNIST" : " on clustered data")
        + ". Trained with 10 sweeps from noise the machine is best at about 10 sweeps and its "
        + "equilibrium is another distribution; trained with 1000 it comes to a plateau.",
      script: FigureStyle.prologue(name, height: 420) + """
        set logscale xy
        set format y "10^{%L}"
        set xlabel "sweeps of generation"
        set ylabel "ε^{(2)}"
        set key left bottom
        plot \(line("few", FigureStyle.vermilion, "trained with k = 10")), \\
          \(line("many", FigureStyle.blue, "trained with k = 1000"))

        """, data: block("few", short) + "\n\n" + block("many", long))
  }
}
