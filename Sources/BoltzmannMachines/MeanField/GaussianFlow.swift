internal import NumericalCore
internal import SpectralTheory

/// The flow of the couplings of a Gaussian machine, with modes set aside that have arrived.
///
/// Near its end a mode relaxes at the rate 2σ_h² c (c − σ_v²)/σ_v², which for a large variance c is far
/// faster than the growth of the others and would hold the integrator to steps as short. A mode that has
/// arrived, with its left vector an eigenvector of the data's covariance, is an invariant part of the flow:
/// it is taken out of W, and its direction out of the covariance. That holds for visible units of one variance.
struct GaussianFlow {
  /// The residuals, relative to w and c, at which a mode has arrived.
  static let tolerance = 1e-9

  let machine: GaussianMachine
  /// Square roots of the visible variances.
  let deviations: [Double]
  /// The covariance of the data in units of the deviations, less what is set aside.
  private var covariance: Matrix<Double>
  /// W less what is set aside.
  private var moving: Matrix<Double>
  /// The part of W that has arrived.
  private var arrived: Matrix<Double>
  private let setsAside: Bool
  private(set) var time = 0.0

  /// W.
  var weights: Matrix<Double> { LinearAlgebra.sum(moving, arrived) }

  init(
    machine: GaussianMachine, deviations: [Double], covariance: Matrix<Double>,
    weights: Matrix<Double>, setsAside: Bool
  ) {
    self.machine = machine
    self.deviations = deviations
    self.covariance = covariance
    moving = weights
    arrived = Matrix(rows: weights.rows, columns: weights.columns)
    self.setsAside = setsAside
  }

  /// Goes on to a time; false where the integrator gave up before.
  mutating func advance(to end: Double) -> Bool {
    let (rows, columns) = (moving.rows, moving.columns)
    let solution = DormandPrince(tolerance: 1e-9, maximumSteps: 100_000).solve(
      from: time, to: end, state: moving.elements
    ) { _, elements in
      let weights = Matrix(rows: rows, columns: columns, elements: elements)
      return machine.velocity(weights: scaled(weights), dataCovariance: covariance)
        .map { scaled($0).elements } ?? elements.map { _ in .nan }
    }
    moving = Matrix(rows: rows, columns: columns, elements: solution.state)
    time = solution.time
    guard solution.isComplete else { return false }
    if setsAside { setAside() }
    return true
  }

  /// W in units of the deviations, D^½ W.
  func scaled(_ weights: Matrix<Double>) -> Matrix<Double> {
    var result = weights
    for i in deviations.indices {
      for j in 0..<weights.columns { result[i, j] *= deviations[i] }
    }
    return result
  }

  /// Takes out the modes that have arrived.
  private mutating func setAside() {
    let modes = LinearAlgebra.singularValueDecomposition(scaled(moving))
    let images = LinearAlgebra.product(modes.left, covariance)
    for (mode, w) in modes.values.enumerated() {
      let u = modes.left.row(mode)
      let image = images.row(mode)
      let c = zip(u, image).reduce(0) { $0 + $1.0 * $1.1 }
      let target = machine.stationarySingularValue(dataVariance: c)
      let rotation = zip(u, image).map { abs($1 - c * $0) }.max() ?? 0
      guard target > 0, abs(w - target) <= Self.tolerance * target, rotation <= Self.tolerance * c
      else { continue }
      for i in u.indices {
        for j in 0..<moving.columns {
          let part = w * u[i] * modes.right[mode, j] / deviations[i]
          moving[i, j] -= part
          arrived[i, j] += part
        }
        for k in u.indices { covariance[i, k] -= c * u[i] * u[k] }
      }
    }
  }
}
