internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r16: the mean-field expansion against enumeration, and the tree of clusters.
  static let meanFieldAndTree = Reproduction(
    id: "bm-r16",
    title: "Mean field order by order; the tree of clusters along a training",
    paper: "Decelle, Rosset and Seoane 2023, Phys. Rev. E 108, 014110, arXiv:2302.01851",
    claim: """
      The free energy of Thouless, Anderson and Palmer and its third-order correction approach −ln Z, and \
      its minima along a training are a tree that finds the hierarchy in the data.
      """,
    settings: """
      Free energy: 0/1 units, 12 × 10, weights of standard deviation 0.2/√12, biases of standard deviation 1, \
      40 machines (with --full 400). Tree: 2000 samples of hierarchy:units=100 (three groups of three, \
      --full: four of four, 10,000 samples), ±1 units, 50 hidden, PCD-10 at 0.01, 2000 updates \
      (--full 5000), machines at 60 updates in equal ratios.
      """,
    criterion: """
      The root mean square error falls from each order to the next; the adjusted Rand index with the \
      children and with the groups is at least 0.95, each at the level of the tree where it is best.
      """,
    run: { context in try MeanFieldAndTree(context).run() })
}

/// The run of bm-r16.
private struct MeanFieldAndTree {
  private static let strengths = [0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8]
  private static let criterionStrength = 0.2

  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var checks: [Check] = []
    var measured: [(name: String, value: Double)] = []
    var errors: [[Double]] = []
    for strength in Self.strengths { errors.append(try rootMeanSquareErrors(strength)) }
    context.progress(0.1)
    let orders = MeanFieldOrder.allCases
    guard let place = Self.strengths.firstIndex(of: Self.criterionStrength) else {
      throw SzilardError(.internalFault, "no strength of the criterion")
    }
    for (order, error) in zip(orders, errors[place]) {
      measured.append(("\(order.rawValue): root mean square error of ln Z, nats", error))
    }
    for k in 1..<orders.count {
      checks.append(
        .exact(
          "error of \(orders[k].rawValue) relative to \(orders[k - 1].rawValue)",
          errors[place][k] / errors[place][k - 1], atMost: 1))
    }
    let data = try DataSet.load(
      "hierarchy:units=100,groups=\(context.isFull ? 4 : 3),children=\(context.isFull ? 4 : 3),samples=\(context.isFull ? 10_000 : 2000),seed=\(context.seed)"
    )
    let tree = try tree(of: data)
    for (name, labels) in [("children", data.labels), ("groups", data.coarseLabels)] {
      guard let labels else { continue }
      let indices = tree.levels.map { adjustedRandIndex($0.clusters, labels) }
      let best = indices.max() ?? 0
      checks.append(.exact("adjusted Rand index with the \(name)", best, atLeast: 0.95))
      if let level = indices.firstIndex(of: best) {
        measured.append(
          ("\(name): clusters at that level", Double(tree.levels[level].counts.count)))
        measured.append(("\(name): updates at that level", Double(tree.levels[level].age)))
      }
    }
    let lost = tree.steps.reduce(0) { $0 + $1.unconverged }
    checks.append(.exact("starts that did not converge", Double(lost), atMost: 0))
    return ReproductionOutcome(
      measured: measured, checks: checks,
      figures: [
        figure(errors), StateTreeFigure.make(tree, labels: data.labels, name: "bm-r16-tree"),
      ])
  }

  /// Root mean square errors of −G against ln Z by enumeration, by order.
  private func rootMeanSquareErrors(_ strength: Double) throws -> [Double] {
    let count = context.isFull ? 400 : 40
    var squares = [0.0, 0, 0]
    for number in 0..<count {
      var machine = ReproductionMachines.random(
        visible: 12, hidden: 10, scale: 1, seed: context.seed &* 1000 &+ UInt64(number))
      machine.weights = machine.weights.map { $0 * Float(strength / 12.0.squareRoot()) }
      let exact = try ExactEnumeration.logPartitionFunction(of: machine, workers: context.workers)
      for (k, order) in MeanFieldOrder.allCases.enumerated() {
        var solver = MeanFieldSolver(order: order, workers: context.workers)
        solver.measuresStability = false
        let start = MeanFieldStarts.paramagnetic(of: machine)
        let state = solver.states(of: machine, from: start)[0]
        guard state.isConverged else {
          throw SzilardError(.internalFault, "a weakly coupled machine did not converge")
        }
        squares[k] += (state.freeEnergy + exact) * (state.freeEnergy + exact) / Double(count)
      }
    }
    return squares.map { $0.squareRoot() }
  }

  private func tree(of data: DataSet) throws -> StateTree {
    var options = TrainingOptions()
    options.learningRate = 0.01
    options.updates = context.isFull ? 5000 : 2000
    options.keepsLedger = false
    options.probes = 0
    options.seed = context.seed
    let states = try data.states(for: .spin)
    let trainer = Trainer(
      machine: .initial(
        visible: .spin, hidden: .spin, hiddenCount: 50, data: states,
        scale: options.initialWeightScale, seed: context.seed),
      data: states, options: options, workers: context.workers)
    var machines: [(update: Int, machine: RestrictedBoltzmannMachine)] = []
    for number in 0..<60 {
      let goal = Int((5 * pow(Double(options.updates) / 5, Double(number) / 59)).rounded())
      guard goal > trainer.update else { continue }
      while trainer.update < goal { try trainer.step() }
      machines.append((trainer.update, trainer.machine))
    }
    context.progress(0.5)
    let builder = StateTree.Builder(workers: context.workers)
    let progress = context.progress
    return try builder.tree(
      of: machines, data: MeanFieldStarts.samples(states, of: trainer.machine)
    ) { progress(0.5 + 0.5 * $0) }
  }

  private func figure(_ errors: [[Double]]) -> Figure {
    let names = ["naive", "Thouless, Anderson, Palmer", "third order"]
    return SeriesFigure.make(
      name: "bm-r16", title: "Error of ln Z by mean field",
      caption:
        "Root mean square error over machines of 12 × 10 units, against enumeration. The power of the "
        + "coupling is that of the first term left out.",
      xLabel: "g, weights of standard deviation g/√12", yLabel: "error of ln Z (nats)",
      series: names.indices.map { k in
        SeriesFigure.Series(name: names[k], x: Self.strengths, y: errors.map { $0[k] })
      },
      references: [
        SeriesFigure.ReferenceLine(
          value: Self.criterionStrength, name: "criterion", isVertical: true)
      ], isXLogarithmic: true, isYLogarithmic: true)
  }
}
