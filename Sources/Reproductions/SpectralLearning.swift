internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import SpectralTheory
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r10: modes and states appear one after another when clustered data are learned.
  static let spectralLearning = Reproduction(
    id: "bm-r10",
    title: "Learning of clustered data: modes grow out of the noise, and states appear",
    paper: "Decelle, Fissore and Furtlehner 2018, J. Stat. Phys. 172, 1576",
    claim: """
      On 11 clusters around a random five-dimensional subspace the modes of the weights first grow \
      exponentially, at rates that the covariance of the data gives; about five leave the noise; the number of \
      mean-field states rises to that of the clusters. The learning equations, with mean-field states in place of \
      chains, show the same.
      """,
    settings: """
      clusters:units=100,count=11,dimension=5 with 10,000 samples, 100 hidden spins, W ~ N(0, 1e-6), plain gradient \
      of all samples, PCD-10 with 2000 chains at rate 0.01, to learning time 20 (with --full 60); learning equations of \
      second order with steps of 0.01 to time 5 (with --full 20).
      """,
    criterion: """
      Rates of growth of the three leading modes, while all singular values are below 0.3, within 5 % of theory; 5 ± 1 \
      singular values above the edge of the noise when the first passes 1, where the paramagnet becomes unstable and the \
      linear regime ends, and 5 ± 1 above 1 at the end; the number of states at most 2 below any earlier one, and 8 to 14 at \
      the end.
      """,
    run: { context in try SpectralLearning(context).run() })
}

/// The run of bm-r10.
private struct SpectralLearning {
  private static let rate = 0.01
  private static let leading = 3
  private static let linear = 0.3

  /// What is recorded at a learning time.
  private struct Point {
    let time: Double
    let values: [Double]
    let bulk: NoiseBulk
    let states: Int
    let order: OrderParameters

    /// Modes that make the paramagnet unstable.
    var condensed: Int { values.count { $0 > 1 } }
  }

  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    let data = try DataSet.load(
      "clusters:units=100,count=11,dimension=5,samples=10000,seed=\(context.seed)"
    ).states(for: .spin)
    let start = RestrictedBoltzmannMachine.initial(
      visible: .spin, hidden: .spin, hiddenCount: 100, data: data, scale: 1e-3,
      seed: context.seed)
    let (points, growth) = try train(start, data)
    let equations = try integrate(start, data)
    return outcome(points, growth, equations)
  }

  // MARK: Training

  private func train(
    _ start: RestrictedBoltzmannMachine, _ data: StateMatrix
  ) throws -> (points: [Point], growth: [(theory: Double, measured: Double)]) {
    var options = TrainingOptions()
    options.learningRate = Self.rate
    options.updates = Int((trainingTime / Self.rate).rounded())
    options.batchSize = data.rows
    options.chains = 2000
    options.centred = false
    options.keepsLedger = false
    options.seed = context.seed
    let trainer = Trainer(machine: start, data: data, options: options, workers: context.workers)
    var growth = GrowthFit(start, data, count: Self.leading)
    var points: [Point] = []
    var isLinear = true
    for update in times(to: trainingTime).map({ Int(($0 / Self.rate).rounded()) }) {
      while trainer.update < update {
        try trainer.step()
        guard isLinear else { continue }
        isLinear = (LinearAlgebra.singularValues(trainer.machine.weights).first ?? 0) < Self.linear
        if isLinear { growth?.record(trainer.machine) }
      }
      points.append(
        point(trainer.machine, data, time: Self.rate * Double(trainer.update)))
      context.progress(0.6 * Double(update) / Double(options.updates))
    }
    return (points, growth?.rates(step: Self.rate) ?? [])
  }

  private var trainingTime: Double { context.isFull ? 60 : 20 }

  /// 25 learning times in equal ratios from 0.1.
  private func times(to end: Double) -> [Double] {
    (0...24).map { 0.1 * pow(end / 0.1, Double($0) / 24) }
  }

  private func point(
    _ machine: RestrictedBoltzmannMachine, _ data: StateMatrix, time: Double
  ) -> Point {
    let modes = LinearAlgebra.singularValueDecomposition(machine.weights)
    let values = modes.values
    var starts = MeanFieldStarts.samples(data.selectingRows(0..<400), of: machine).elements
    starts += MeanFieldStarts.random(count: 100, of: machine, seed: context.seed).elements
    let columns = machine.visible.size
    var solver = MeanFieldSolver(workers: context.workers)
    solver.tolerance = 1e-8
    let states = MeanFieldStates(
      of: solver.states(
        of: machine,
        from: Matrix(rows: starts.count / columns, columns: columns, elements: starts)))
    return Point(
      time: time, values: Array(values.prefix(12)),
      bulk: NoiseBulk(of: values, rows: machine.weights.rows, columns: machine.weights.columns),
      states: states.minima.count,
      order: states.orderParameters(along: modes.prefix(5), of: machine))
  }

  // MARK: Learning equations

  private func integrate(
    _ start: RestrictedBoltzmannMachine, _ data: StateMatrix
  ) throws -> [Point] {
    var learning = try MeanFieldLearning(machine: start, data: data, workers: context.workers)
    let end = context.isFull ? 20.0 : 5
    var points: [Point] = []
    for time in times(to: trainingTime) where time <= end {
      while learning.time < time - Self.rate / 2 {
        guard learning.advance(by: Self.rate) == nil else { return points }
      }
      points.append(point(learning.machine, data, time: learning.time))
      context.progress(0.6 + 0.4 * time / end)
    }
    return points
  }

  // MARK: Result

  private func outcome(
    _ points: [Point], _ growth: [(theory: Double, measured: Double)], _ equations: [Point]
  ) -> ReproductionOutcome {
    var measured: [(name: String, value: Double)] = []
    for (mode, rate) in growth.enumerated() {
      measured.append(("mode \(mode + 1): rate of growth, theory", rate.theory))
      measured.append(("mode \(mode + 1): rate of growth, trained", rate.measured))
    }
    measured += [
      (
        "singular values above the law that fits the small ones, at the end",
        Double(points.last?.bulk.outliers ?? 0)
      ),
      ("q at the end", points.last?.order.visibleOverlap ?? .nan),
      ("learning equations: q at the end", equations.last?.order.visibleOverlap ?? .nan),
      ("learning equations: states at the end", Double(equations.last?.states ?? 0)),
      (
        "learning equations: largest relative difference of five singular values",
        difference(points, equations)
      ),
    ]
    let deviation = growth.map { abs($0.measured / $0.theory - 1) }.max() ?? .infinity
    let outliers = Double(points.first { $0.values[0] > 1 }?.bulk.outliers ?? 0)
    let condensed = Double(points.last?.condensed ?? 0)
    let states = Double(points.last?.states ?? 0)
    var highest = 0
    var fall = 0
    for point in points {
      fall = max(fall, highest - point.states)
      highest = max(highest, point.states)
    }
    return ReproductionOutcome(
      measured: measured,
      checks: [
        .exact("rates of growth: largest relative deviation", deviation, atMost: 0.05),
        .exact(
          "singular values above the noise when the first passes 1, from 5", abs(outliers - 5),
          atMost: 1),
        .exact("singular values above 1 at the end, from 5", abs(condensed - 5), atMost: 1),
        .exact("largest fall of the number of states", Double(fall), atMost: 2),
        .exact("states at the end", states, atLeast: 8),
        .exact("states at the end", states, atMost: 14),
      ],
      figures: [
        spectrumFigure(points, equations), orderFigure(points, equations),
        statesFigure(points, equations),
      ])
  }

  /// Of the five leading singular values, at common times.
  private func difference(_ points: [Point], _ equations: [Point]) -> Double {
    zip(points, equations).flatMap { zip($0.values.prefix(5), $1.values.prefix(5)) }
      .reduce(0) { max($0, abs($1.1 / $1.0 - 1)) }
  }

  private func spectrumFigure(_ points: [Point], _ equations: [Point]) -> Figure {
    let modes = 0..<6
    func curve(_ points: [Point], _ mode: Int) -> [Double] { points.map { $0.values[mode] } }
    let trained = modes.map {
      SeriesFigure.Series(
        name: "mode \($0 + 1), trained", x: points.map(\.time), y: curve(points, $0))
    }
    let integrated = SeriesFigure.Series(
      name: "learning equations", x: modes.flatMap { _ in equations.map(\.time) },
      y: modes.flatMap { curve(equations, $0) }, style: .points)
    return SeriesFigure.make(
      name: "bm-r10-modes", title: "Modes of the weights grow out of the noise",
      caption:
        "The six largest singular values, by stochastic training and by the learning equations.",
      xLabel: "learning time (rate × updates)", yLabel: "singular value w",
      series: trained + [integrated], references: [.init(value: 1, name: "paramagnet unstable")],
      isXLogarithmic: true, isYLogarithmic: true)
  }

  private func orderFigure(_ points: [Point], _ equations: [Point]) -> Figure {
    let trained = (0..<5).map { mode in
      SeriesFigure.Series(
        name: "mode \(mode + 1), trained", x: points.map(\.time),
        y: points.map { $0.order.visible[mode] })
    }
    let integrated = SeriesFigure.Series(
      name: "learning equations", x: (0..<5).flatMap { _ in equations.map(\.time) },
      y: (0..<5).flatMap { mode in equations.map { $0.order.visible[mode] } }, style: .points)
    return SeriesFigure.make(
      name: "bm-r10-order", title: "Order parameters of the states",
      caption: "Root mean square magnetisation of the mean-field states along the modes.",
      xLabel: "learning time (rate × updates)", yLabel: "m", series: trained + [integrated],
      isXLogarithmic: true)
  }

  private func statesFigure(_ points: [Point], _ equations: [Point]) -> Figure {
    SeriesFigure.make(
      name: "bm-r10-states", title: "The number of mean-field states rises to that of the clusters",
      caption:
        "Distinct minima of the second-order free energy, and singular values above 1.",
      xLabel: "learning time (rate × updates)", yLabel: "number",
      series: [
        .init(
          name: "states, trained", x: points.map(\.time), y: points.map { Double($0.states) }),
        .init(
          name: "states, learning equations", x: equations.map(\.time),
          y: equations.map { Double($0.states) }),
        .init(
          name: "modes above the noise, trained", x: points.map(\.time),
          y: points.map { Double($0.bulk.outliers) }),
        .init(
          name: "singular values above 1, trained", x: points.map(\.time),
          y: points.map { Double($0.condensed) }),
      ], references: [.init(value: 11, name: "clusters")], isXLogarithmic: true)
  }
}

/// The slope of ln ‖Wᵀe‖ over updates, by least squares.
private struct GrowthFit {
  private let growth: LinearGrowth
  private var logLengths: [[Double]]

  init?(_ start: RestrictedBoltzmannMachine, _ data: StateMatrix, count: Int) {
    guard let growth = LinearGrowth(of: start, data: data) else { return nil }
    self.growth = growth
    logLengths = [[Double]](repeating: [], count: count)
    record(start)
  }

  mutating func record(_ machine: RestrictedBoltzmannMachine) {
    for (mode, length) in growth.lengths(in: machine, count: logLengths.count).enumerated() {
      logLengths[mode].append(log(length))
    }
  }

  /// Rates of theory and of the fit; an update multiplies by 1 + rate · step.
  func rates(step: Double) -> [(theory: Double, measured: Double)] {
    logLengths.indices.map { mode in
      let lengths = logLengths[mode]
      let middle = Double(lengths.count - 1) / 2
      var (product, square) = (0.0, 0.0)
      for (index, value) in lengths.enumerated() {
        product += (Double(index) - middle) * value
        square += (Double(index) - middle) * (Double(index) - middle)
      }
      return (growth.rates[mode], expm1(product / square) / step)
    }
  }
}
