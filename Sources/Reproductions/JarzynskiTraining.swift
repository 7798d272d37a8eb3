internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r15: weighted chains keep the masses of modes.
  static let jarzynskiTraining = Reproduction(
    id: "bm-r15", title: "Jarzynski training recovers the mass of the small mode, PCD does not",
    paper: "Carbone, Hua, Coste and Vanden-Eijnden 2023, arXiv:2305.19414",
    claim: """
      Chains cannot cross between separated modes, so that PCD learns wrong masses; weights e^{−W} of the \
      work of the updates keep the masses right.
      """,
    settings: """
      two-modes:units=20,magnetisation=0.9,weight=0.25 (2000 samples), one hidden spin, so that the true law \
      is among the machines; full batch, plain gradient at 0.004, k = 1, 8000 chains, 2500 updates (with --full \
      20,000 chains); five seeds.
      """,
    criterion: """
      Learned mass of the small mode within 0.02 of the data's for every seed with Jarzynski training; the \
      error of PCD at least three times larger in the mean; ln Z from the weights within 0.2 nat of the exact value.
      """,
    run: { context in try JarzynskiTraining.run(context) })
}

/// The runs of bm-r15.
private enum JarzynskiTraining {
  private struct Outcome {
    let mass: [Double]
    let logZError: Double
  }

  private static let marks = 50
  private static let updates = 2500

  static func run(_ context: ReproductionContext) throws(SzilardError) -> ReproductionOutcome {
    let law = "two-modes:units=20,magnetisation=0.9,weight=0.25,samples=2000"
    let set = try DataSet.load(law)
    let data = try set.states(for: .spin)
    let pattern = pattern(of: data)
    let truth = mass(of: data, pattern)
    var weighted: [Outcome] = []
    var plain: [Outcome] = []
    for number in 0..<5 {
      for method in [TrainingMethod.jarzynski, .pcd] {
        let outcome = try train(
          data, pattern, method, seed: context.seed &+ UInt64(number), context)
        if method == .pcd { plain.append(outcome) } else { weighted.append(outcome) }
      }
      context.progress(Double(number + 1) / 5)
    }
    func error(_ outcome: Outcome) -> Double { abs((outcome.mass.last ?? .nan) - truth) }
    let worst = weighted.map(error).max() ?? .infinity
    let ratio =
      plain.map(error).reduce(0, +) / max(1e-12, weighted.map(error).reduce(0, +))
    var measured: [(name: String, value: Double)] = [("mass of the small mode in the data", truth)]
    for number in 0..<5 {
      measured.append(("Jarzynski, run \(number + 1)", weighted[number].mass.last ?? .nan))
      measured.append(("PCD, run \(number + 1)", plain[number].mass.last ?? .nan))
    }
    return ReproductionOutcome(
      measured: measured,
      checks: [
        .exact("Jarzynski: largest error of the mass", worst, atMost: 0.02),
        .exact("mean error of PCD over that of Jarzynski training", ratio, atLeast: 3),
        .exact(
          "Jarzynski: largest error of ln Z from the weights, nats",
          weighted.map(\.logZError).max() ?? .infinity, atMost: 0.2),
      ], figures: [figure(weighted, plain, truth: truth)])
  }

  /// Where most spins of the larger mode point: the signs of the mean.
  private static func pattern(of data: StateMatrix) -> [Double] {
    let layer = Layer(kind: .spin, count: data.columns)
    var sums = [Double](repeating: 0, count: data.columns)
    for row in 0..<data.rows {
      let values = RestrictedBoltzmannMachine.values(of: data, row: row, in: layer)
      for i in values.indices { sums[i] += values[i] }
    }
    return sums.map { $0 < 0 ? -1 : 1 }
  }

  /// The part of the states that points against the pattern.
  private static func mass(of states: StateMatrix, _ pattern: [Double]) -> Double {
    let layer = Layer(kind: .spin, count: states.columns)
    var against = 0.0
    for row in 0..<states.rows {
      let values = RestrictedBoltzmannMachine.values(of: states, row: row, in: layer)
      let overlap = zip(values, pattern).reduce(0) { $0 + $1.0 * $1.1 }
      against += overlap < 0 ? 1 : overlap == 0 ? 0.5 : 0
    }
    return against / Double(max(1, states.rows))
  }

  /// The mass of the mode against the pattern in the machine, by its hidden states.
  ///
  ///     p(h) ∝ e^{b h} Π_i 2 cosh(a_i + W_i h),   given h the spins are independent
  private static func mass(
    of machine: RestrictedBoltzmannMachine, _ pattern: [Double]
  ) -> Double {
    let states = [-1.0, 1.0].map { h -> (log: Double, against: Double) in
      let fields = machine.visibleFields(hidden: [h])
      let log = fields.reduce(Double(machine.hidden.biases[0]) * h) {
        $0 + abs($1) + log1p(exp(-2 * abs($1)))
      }
      // The distribution of the number of spins along the pattern, one spin at a time.
      var counts = [1.0]
      for (field, sign) in zip(fields, pattern) {
        let up = logistic(2 * field * sign)
        var next = [Double](repeating: 0, count: counts.count + 1)
        for (k, p) in counts.enumerated() {
          next[k] += p * (1 - up)
          next[k + 1] += p * up
        }
        counts = next
      }
      let half = Double(pattern.count) / 2
      let against = counts.enumerated().reduce(0) {
        $0
          + ($1.offset == Int(half) && half == half.rounded()
            ? 0.5 : Double($1.offset) < half ? 1 : 0)
          * $1.element
      }
      return (log, against)
    }
    let norm = logSumExp(states.map(\.log))
    return states.reduce(0) { $0 + exp($1.log - norm) * $1.against }
  }

  private static func train(
    _ data: StateMatrix, _ pattern: [Double], _ method: TrainingMethod, seed: UInt64,
    _ context: ReproductionContext
  ) throws(SzilardError) -> Outcome {
    var options = TrainingOptions()
    options.method = method
    options.gibbsSteps = 1
    options.chains = context.isFull ? 20_000 : 8000
    options.batchSize = data.rows
    options.learningRate = 0.004
    options.centred = false
    options.updates = updates
    options.probes = 0
    options.keepsLedger = method == .jarzynski
    options.seed = seed
    let machine = RestrictedBoltzmannMachine.initial(
      visible: .spin, hidden: .spin, hiddenCount: 1, data: data,
      scale: options.initialWeightScale, seed: seed)
    let base = IndependentUnits(baseRateOf: machine).logPartitionFunction(of: machine)
    let trainer = Trainer(
      machine: machine, data: data, options: options, workers: context.workers)
    var masses: [Double] = []
    for _ in 0..<marks {
      for _ in 0..<options.updates / marks { try trainer.step() }
      masses.append(mass(of: trainer.machine, pattern))
    }
    let exact = try ExactEnumeration.logPartitionFunction(of: trainer.machine)
    let error = trainer.weightedLogPartitionRatio.map { abs($0 + base - exact) }
    return Outcome(mass: masses, logZError: error ?? .infinity)
  }

  private static func figure(_ weighted: [Outcome], _ plain: [Outcome], truth: Double) -> Figure {
    func series(_ name: String, _ outcomes: [Outcome]) -> [SeriesFigure.Series] {
      outcomes.prefix(3).enumerated().map { number, outcome in
        SeriesFigure.Series(
          name: "\(name), run \(number + 1)",
          x: outcome.mass.indices.map { Double(($0 + 1) * updates / marks) }, y: outcome.mass)
      }
    }
    return SeriesFigure.make(
      name: "bm-r15", title: "Mass of the small mode during training",
      caption:
        "Weighted chains keep the data's mass; chains without weights lose it once they no longer cross.",
      xLabel: "updates", yLabel: "mass of the small mode in the machine",
      series: series("Jarzynski", weighted) + series("PCD", plain),
      references: [SeriesFigure.ReferenceLine(value: truth, name: "data")])
  }
}
