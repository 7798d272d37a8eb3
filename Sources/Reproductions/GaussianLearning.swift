internal import BoltzmannMachines
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import SpectralTheory
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r6: the machine of two Gaussian layers learns as its exact solution says.
  static let gaussianLearning = Reproduction(
    id: "bm-r6",
    title: "Learning curves of the Gaussian machine",
    paper: "Decelle, Fissore and Furtlehner 2017, EPL 119, 60001",
    claim: """
      A machine of two Gaussian layers learns the principal components of the data one after another, \
      those of variance above σ_v² and no other, along curves that are known in closed form.
      """,
    settings: """
      Variances of the data 4, 3, 2, 1.5, 0.8, 0.6, 0.5, 0.3 along random axes; 8 visible and 5 hidden units, \
      σ_v² = 1, σ_h² = 0.7. The flow of the matrix, that of its modes and the closed form; and PCD-5 on 10,000 \
      samples in one batch, 8000 chains, rate 0.01, 3000 updates (with --full rate 0.005, 6000 updates, 20,000 chains).
      """,
    criterion: """
      Modes against matrix 1e-6; closed form against integration 1e-8; stationary singular values 1e-6; a mode \
      at the threshold c = σ_v² neither grows nor stays, exactly. The trained machine's singular values within 3 % of \
      w* of the flow for the covariance of its samples, at all times.
      """,
    run: { context in try GaussianLearning(context).run() })
}

/// The run of bm-r6.
private struct GaussianLearning {
  private static let machine = GaussianMachine(visibleVariance: 1, hiddenVariance: 0.7)
  private static let variances = [4, 3, 2, 1.5, 0.8, 0.6, 0.5, 0.3]
  private static let hiddenCount = 5
  /// Singular values of the sheet of theory, eight digits.
  private static let stationary = [1.03509834, 0.97590007, 0.84515425, 0.69006556, 0]

  private struct Curves {
    var times: [Double] = []
    var trained: [[Double]] = []
    var theory: [[Double]] = []
  }

  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var random = RandomStream(seed: context.seed, purpose: .generator, index: 6)
    let size = Self.variances.count
    let axes = LinearAlgebra.singularValueDecomposition(normals(size, size, 1, &random)).left
    var scaled = axes
    for a in 0..<size {
      for i in 0..<size { scaled[a, i] *= Self.variances[a].squareRoot() }
    }
    let covariance = LinearAlgebra.product(scaled.transposed, scaled)
    let weights = normals(size, Self.hiddenCount, 0.2, &random)
    var checks = [
      try modesAgainstMatrix(weights, covariance), closedForm(), stationarySolution(covariance),
    ]
    checks += threshold()
    context.progress(0.1)
    let curves = try train(LinearAlgebra.product(normals(10_000, size, 1, &random), scaled))
    let deviation = zip(curves.trained, curves.theory).flatMap { zip($0, $1) }
      .reduce(0) { max($0, abs($1.0 - $1.1)) }
    let largest = Self.machine.stationarySingularValue(dataVariance: Self.variances[0])
    checks.append(
      .exact(
        "trained machine: largest deviation from the flow, over w*", deviation / largest,
        atMost: 0.03))
    return ReproductionOutcome(
      measured: [("updates of the trained machine", Double(updates))], checks: checks,
      figures: [figure(curves)])
  }

  private func normals(
    _ rows: Int, _ columns: Int, _ scale: Double, _ random: inout RandomStream
  ) -> Matrix<Double> {
    Matrix(
      rows: rows, columns: columns,
      elements: (0..<rows * columns).map { _ in scale * random.normal() })
  }

  /// W after a time by the flow of the matrix itself.
  private func flow(
    _ weights: Matrix<Double>, _ covariance: Matrix<Double>, to time: Double
  ) -> Matrix<Double>? {
    let solution = DormandPrince(tolerance: 1e-11).solve(
      from: 0, to: time, state: weights.elements
    ) { _, state in
      let weights = Matrix(rows: weights.rows, columns: weights.columns, elements: state)
      return Self.machine.velocity(weights: weights, dataCovariance: covariance)?.elements
        ?? state.map { _ in .nan }
    }
    guard solution.isComplete else { return nil }
    return Matrix(rows: weights.rows, columns: weights.columns, elements: solution.state)
  }

  private func modesAgainstMatrix(
    _ weights: Matrix<Double>, _ covariance: Matrix<Double>
  ) throws -> Check {
    let modes = LinearAlgebra.singularValueDecomposition(weights)
    var flow = GaussianModeFlow(machine: Self.machine, dataCovariance: covariance)
    flow.integrator.tolerance = 1e-11
    var worst = 0.0
    for time in [0.2, 0.5, 1, 2, 4] {
      guard let ofModes = flow.modes(at: time, from: modes)?.matrix,
        let ofMatrix = self.flow(weights, covariance, to: time)
      else {
        worst = .infinity
        break
      }
      for (a, b) in zip(ofModes.elements, ofMatrix.elements) { worst = max(worst, abs(a - b)) }
    }
    return .exact("flow of the modes less that of the matrix", worst, atMost: 1e-6)
  }

  private func closedForm() -> Check {
    var worst = 0.0
    for c in Self.variances + [1] {
      for time in [0.1, 0.5, 1, 2, 3] {
        let closed = Self.machine.singularValue(at: time, from: 0.05, dataVariance: c)
        let solution = DormandPrince(tolerance: 1e-13).solve(from: 0, to: time, state: [0.05]) {
          [Self.machine.velocity(singularValue: $1[0], dataVariance: c)]
        }
        worst = max(worst, solution.isComplete ? abs(solution.state[0] - closed) : .infinity)
      }
    }
    return .exact("closed form less integration", worst, atMost: 1e-8)
  }

  private func stationarySolution(_ covariance: Matrix<Double>) -> Check {
    var random = RandomStream(seed: context.seed, purpose: .generator, index: 7)
    let weights = normals(Self.variances.count, Self.hiddenCount, 0.05, &random)
    guard let end = flow(weights, covariance, to: 300) else {
      return .exact("stationary singular values", .infinity, atMost: 1e-6)
    }
    let values = LinearAlgebra.singularValueDecomposition(end).values
    let worst = zip(values, Self.stationary).map { abs($0 - $1) }.max() ?? .infinity
    return .exact("stationary singular values", worst, atMost: 1e-6)
  }

  /// The last variance that is not learned is σ_v², and the next number is learned.
  private func threshold() -> [Check] {
    let at = Self.machine.stationarySingularValue(dataVariance: 1)
    let above = Self.machine.stationarySingularValue(dataVariance: 1.0.nextUp)
    return [
      .exact("singular value learned at the threshold", at, atMost: 0),
      .exact(
        "growth rate at the threshold", abs(Self.machine.growthRate(dataVariance: 1)), atMost: 0),
      .exact("the next variance is not learned (1) or is (0)", above > 0 ? 0 : 1, atMost: 0),
    ]
  }

  private var rate: Double { context.isFull ? 0.005 : 0.01 }
  private var updates: Int { context.isFull ? 6000 : 3000 }

  /// PCD on samples, beside the flow for their covariance from the same beginning.
  private func train(_ samples: Matrix<Double>) throws -> Curves {
    let size = samples.columns
    let count = samples.rows
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .gaussian, count: size),
      hidden: Layer(kind: .gaussian, count: Self.hiddenCount))
    machine.visible.variances = [Float](
      repeating: Float(Self.machine.visibleVariance), count: size)
    machine.hidden.variances = [Float](
      repeating: Float(Self.machine.hiddenVariance), count: Self.hiddenCount)
    var random = RandomStream(seed: context.seed, purpose: .initialWeights, index: 6)
    machine.weights = normals(size, Self.hiddenCount, 0.02, &random).map { Float($0) }
    let start = machine.weights.map { Double($0) }
    var options = TrainingOptions()
    options.learningRate = rate
    options.updates = updates
    options.batchSize = count
    options.chains = context.isFull ? 20_000 : 8000
    options.gibbsSteps = 5
    options.centred = false
    options.keepsLedger = false
    options.seed = context.seed
    let trainer = Trainer(
      machine: machine, data: .reals(samples.map { Float($0) }), options: options,
      workers: context.workers)
    // The samples have a mean, which the biases learn; what the weights learn is the covariance.
    let covariance = covarianceMatrix(of: samples)
    var curves = Curves()
    let points = 40
    for point in 1...points {
      // From a hundredth of the time to all of it, in equal ratios.
      let part = pow(100, Double(point) / Double(points) - 1)
      while trainer.update < Int(Double(updates) * part) { try trainer.step() }
      let time = rate * Double(trainer.update)
      guard let weights = flow(start, covariance, to: time) else { break }
      curves.times.append(time)
      curves.trained.append(LinearAlgebra.singularValues(trainer.machine.weights))
      curves.theory.append(LinearAlgebra.singularValueDecomposition(weights).values)
      context.progress(0.1 + 0.9 * part)
    }
    return curves
  }

  private func figure(_ curves: Curves) -> Figure {
    let modes = curves.theory.first?.indices ?? 0..<0
    let flow = modes.map { mode in
      SeriesFigure.Series(
        name: "mode \(mode + 1), flow", x: curves.times, y: curves.theory.map { $0[mode] })
    }
    let trained = SeriesFigure.Series(
      name: "trained machine", x: modes.flatMap { _ in curves.times },
      y: modes.flatMap { mode in curves.trained.map { $0[mode] } }, style: .points)
    return SeriesFigure.make(
      name: "bm-r6", title: "A Gaussian machine learns its data's principal components",
      caption: "Singular values of the weights: the exact flow and a machine trained by PCD.",
      xLabel: "learning time (rate × updates)", yLabel: "singular value w",
      series: flow + [trained],
      isXLogarithmic: true)
  }
}
