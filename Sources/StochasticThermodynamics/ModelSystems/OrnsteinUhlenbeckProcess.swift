public import NumericalCore

/// The linear Langevin equation, in equilibrium or circulating.
///
///     dx = −A x dt + √(2D) dW,   A S + S Aᵀ = 2D,   Q = (A S − S Aᵀ)/2
///
/// S is the stationary covariance, Q the mean rate at which area is swept; the local mean velocity is
/// v(x) = −Q S⁻¹ x, and the rate of entropy production ⟨vᵀ D⁻¹ v⟩ has three forms,
///
///     −tr(D⁻¹ Q S⁻¹ Q) = tr(Aᵀ D⁻¹ A S) − tr A = tr(Aᵀ D⁻¹ Q),
///
/// zero if and only if A S is symmetric (detailed balance). Godrèche and Luck 2019, Journal of Physics
/// A 52, 035002.
public struct OrnsteinUhlenbeckProcess: Sendable {
  /// A.
  public let drift: Matrix<Double>
  /// D.
  public let diffusion: Matrix<Double>
  /// S.
  public let covariance: Matrix<Double>
  /// Q, antisymmetric.
  public let circulation: Matrix<Double>
  private let inverseDiffusion: Matrix<Double>
  private let inverseCovariance: Matrix<Double>

  /// The process with drift −A x and diffusion D.
  ///
  /// - Throws: ``SzilardError`` where the shapes differ, D is not positive definite or A is not stable.
  public init(drift: Matrix<Double>, diffusion: Matrix<Double>) throws(SzilardError) {
    let size = drift.rows
    guard size > 0, drift.columns == size, diffusion.rows == size, diffusion.columns == size
    else {
      throw SzilardError(
        .usage,
        "drift and diffusion must be square matrices of one size; "
          + "they are \(drift.rows)x\(drift.columns) and \(diffusion.rows)x\(diffusion.columns)")
    }
    let one = LinearAlgebra.identity(size)
    guard LinearAlgebra.choleskyFactor(diffusion) != nil,
      let inverseDiffusion = LinearAlgebra.solve(diffusion, one)
    else { throw SzilardError(.usage, "the diffusion matrix is not positive definite") }
    guard let covariance = LinearAlgebra.lyapunov(drift, diffusion.map { 2 * $0 }),
      LinearAlgebra.choleskyFactor(covariance) != nil,
      let inverseCovariance = LinearAlgebra.solve(covariance, one)
    else {
      throw SzilardError(
        .usage, "the process is not stable: an eigenvalue of the drift matrix is not positive")
    }
    let product = LinearAlgebra.product(drift, covariance)
    self.drift = drift
    self.diffusion = diffusion
    self.covariance = covariance
    self.inverseDiffusion = inverseDiffusion
    self.inverseCovariance = inverseCovariance
    circulation = LinearAlgebra.sum(product, product.transposed, factor: -1).map { $0 / 2 }
  }

  /// Two coordinates in a round trap that is stirred.
  ///
  ///     A = k 1 + ω J,  J = [[0, −1], [1, 0]],  D = D₀ 1:   S = D₀/k,  rate 2ω²/k
  public static func rotating(
    stiffness k: Double, frequency: Double, diffusion: Double = 1
  ) throws(SzilardError) -> OrnsteinUhlenbeckProcess {
    try OrnsteinUhlenbeckProcess(
      drift: Matrix(rows: 2, columns: 2, elements: [k, -frequency, frequency, k]),
      diffusion: Matrix(rows: 2, columns: 2, elements: [diffusion, 0, 0, diffusion]))
  }

  /// Entropy production per unit of time.
  public var entropyProductionRate: Double { entropyProductionRates[2] }

  /// The same in three forms, which agree: by the current, by the drift, by both.
  public var entropyProductionRates: [Double] {
    func product(_ factors: Matrix<Double>...) -> Matrix<Double> {
      factors.dropFirst().reduce(factors[0]) { LinearAlgebra.product($0, $1) }
    }
    let byCurrent = product(inverseDiffusion, circulation, inverseCovariance, circulation)
    let byDrift = product(drift.transposed, inverseDiffusion, drift, covariance)
    let byBoth = product(drift.transposed, inverseDiffusion, circulation)
    return [
      -LinearAlgebra.trace(byCurrent),
      LinearAlgebra.trace(byDrift) - LinearAlgebra.trace(drift), LinearAlgebra.trace(byBoth),
    ]
  }

  /// The local mean velocity v(x) = −Q S⁻¹ x.
  public func meanVelocity(at x: [Double]) -> [Double] {
    let matrix = LinearAlgebra.product(circulation, inverseCovariance)
    return (0..<matrix.rows).map { row in
      -x.indices.reduce(0) { $0 + matrix[row, $1] * x[$1] }
    }
  }

  /// The process seen at intervals, exactly: G = e^{−A Δt}, C = S − G S Gᵀ.
  ///
  /// Its entropy production per step is at most the rate times the interval, because what happens
  /// between is not seen; for the rotating process 4 (Im a)²/(1 − |a|²) with a = e^{−(k + iω)Δt}.
  public func observed(every interval: Double) throws(SzilardError) -> LinearGaussianChain {
    let propagator = LinearAlgebra.exponential(drift.map { -interval * $0 })
    let carried = LinearAlgebra.product(
      LinearAlgebra.product(propagator, covariance), propagator.transposed)
    let noise = LinearAlgebra.sum(covariance, carried, factor: -1)
    return try LinearGaussianChain(
      propagator: propagator, noise: LinearAlgebra.sum(noise, noise.transposed).map { $0 / 2 })
  }

  /// The chain of Euler and Maruyama, another process: G = 1 − A Δt, C = 2D Δt.
  public func discretised(interval: Double) throws(SzilardError) -> LinearGaussianChain {
    try LinearGaussianChain(
      propagator: LinearAlgebra.sum(
        LinearAlgebra.identity(drift.rows), drift, factor: -interval),
      noise: diffusion.map { 2 * interval * $0 })
  }
}
