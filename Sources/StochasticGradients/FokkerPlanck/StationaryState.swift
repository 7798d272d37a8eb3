internal import Foundation
public import NumericalCore

/// The stationary state of descent near a minimum: a Gaussian density with a current.
///
/// Linear drift and constant diffusion, per unit of time (a step of rate η; or an epoch of P steps, with κ = η P),
///
///     μ(θ) = −κ H (θ − m),   H S + S H = (2/κ) D,   C = (κ/2)(H S − S H),   v(θ) = −C S⁻¹ (θ − m).
///
/// S is the covariance of the stationary density, C the area swept in a unit of time,
/// Cᵢⱼ = ½⟨xᵢ(t) xⱼ(t+1) − xⱼ(t) xᵢ(t+1)⟩, v the mean velocity. It is an equilibrium where v = 0, which is
/// where D and H commute. The entropy produced in a unit of time is
///
///     ⟨σ⟩ = ⟨vᵀ D⁻¹ v⟩ = tr(Cᵀ D⁻¹ C S⁻¹).
///
/// In the eigenbasis of H all of it is closed, Sᵢⱼ = (2/κ) Dᵢⱼ/(hᵢ + hⱼ), Cᵢⱼ = Dᵢⱼ (hᵢ − hⱼ)/(hᵢ + hⱼ), so that the
/// state of some modes alone does not depend on the others. Adhikari, Kabakçıoğlu, Strang, Yuret and Hinczewski 2023,
/// arXiv 2306.03521.
public struct StationaryState: Sendable, Equatable {
  /// The modes it lives on, one a row: coordinates are xₐ = uₐ·(θ − m).
  ///
  /// Nil where the coordinates are the parameters themselves.
  public let modes: Matrix<Double>?
  /// H, in the coordinates.
  public let hessian: Matrix<Double>
  /// The eigenvalues of H, in increasing order.
  public let eigenvalues: [Double]
  /// D, per unit of time.
  public let diffusion: Matrix<Double>
  /// κ.
  public let rate: Double
  /// S, of the continuous equation.
  public let covariance: Matrix<Double>
  /// C, antisymmetric.
  public let circulation: Matrix<Double>
  /// −C S⁻¹, which gives v.
  public let velocity: Matrix<Double>
  /// D⁻¹.
  public let inverseDiffusion: Matrix<Double>
  /// S⁻¹.
  public let inverseCovariance: Matrix<Double>
  private let eigenvectors: Matrix<Double>

  /// The stationary state of a drift and a diffusion.
  ///
  /// - Throws: ``SzilardError`` where H is not positive definite (there is then no stationary state) or D is
  ///   singular (there is then no entropy production that is finite).
  public init(
    hessian: Matrix<Double>, diffusion: Matrix<Double>, rate: Double, modes: Matrix<Double>? = nil
  ) throws(SzilardError) {
    precondition(hessian.rows == diffusion.rows && rate > 0, "a drift and a diffusion of one size")
    guard let (values, vectors) = LinearAlgebra.symmetricEigenvalues(hessian),
      let first = values.first, let last = values.last, first > Minimum.flatness * last
    else {
      throw SzilardError(
        .badData, "the Hessian is not positive definite, so there is no stationary state")
    }
    var inner = LinearAlgebra.congruence(vectors, diffusion)
    var area = inner
    for i in values.indices {
      for j in values.indices {
        area[i, j] *= (values[i] - values[j]) / (values[i] + values[j])
        inner[i, j] *= 2 / (rate * (values[i] + values[j]))
      }
    }
    let covariance = LinearAlgebra.congruence(vectors.transposed, inner)
    let circulation = LinearAlgebra.congruence(vectors.transposed, area)
    guard let inverseDiffusion = StationaryState.inverse(diffusion),
      let inverseCovariance = StationaryState.inverse(covariance)
    else {
      throw SzilardError(
        .badData,
        "the diffusion matrix is singular: some directions have no noise, and entropy production is not defined "
          + "(weights of a hidden unit that the prior has switched off have none); take a weaker prior, fewer hidden "
          + "units, or look at the noisiest modes alone")
    }
    self.modes = modes
    self.hessian = hessian
    eigenvalues = values
    eigenvectors = vectors
    self.diffusion = diffusion
    self.rate = rate
    self.covariance = LinearAlgebra.sum(covariance, covariance.transposed).map { $0 / 2 }
    self.circulation = LinearAlgebra.sum(circulation, circulation.transposed, factor: -1).map {
      $0 / 2
    }
    self.inverseDiffusion = inverseDiffusion
    self.inverseCovariance = inverseCovariance
    velocity = LinearAlgebra.product(self.circulation, inverseCovariance).map { -$0 }
  }

  /// The same on some modes of H alone, the slowest first: coordinates along its eigenvectors.
  public init(
    minimum: Minimum, diffusion: Matrix<Double>, rate: Double, modes: [Int]
  ) throws(SzilardError) {
    let vectors = minimum.modes.selectingRows(modes)
    var hessian = Matrix<Double>(rows: modes.count, columns: modes.count)
    for (k, mode) in modes.enumerated() { hessian[k, k] = minimum.eigenvalues[mode] }
    try self.init(
      hessian: hessian, diffusion: LinearAlgebra.congruence(vectors, diffusion), rate: rate,
      modes: vectors)
  }

  /// The number of coordinates.
  public var dimension: Int { eigenvalues.count }

  /// S of the map x' = (1 − κ H) x + noise of covariance 2D, exact at any stable rate.
  ///
  ///     S = (1 − κ H) S (1 − κ H) + 2D
  ///
  /// - Parameter steps: P where a unit of time is an epoch of P steps; its map is (1 − (κ/P) H)^P.
  /// - Returns: nil where the map is not stable, κ h_max/P ≥ 2.
  public func discreteCovariance(steps: Int = 1) -> Matrix<Double>? {
    let factors = eigenvalues.map { pow(1 - rate / Double(steps) * $0, Double(steps)) }
    guard rate / Double(steps) * (eigenvalues.last ?? 0) < 2 else { return nil }
    var inner = LinearAlgebra.congruence(eigenvectors, diffusion)
    for i in factors.indices {
      for j in factors.indices { inner[i, j] *= 2 / (1 - factors[i] * factors[j]) }
    }
    return LinearAlgebra.congruence(eigenvectors.transposed, inner)
  }

  /// ⟨σ⟩ = tr(Cᵀ D⁻¹ C S⁻¹), per unit of time.
  public var entropyProduction: Double { trace(dissipation, covariance) }

  /// ⟨vᵀ D⁻¹ v⟩ for x of another covariance, such as that of finite steps.
  public func entropyProduction(covariance: Matrix<Double>) -> Double {
    trace(dissipation, covariance)
  }

  /// vᵀ D⁻¹ v = xᵀ (this) x.
  public var dissipation: Matrix<Double> {
    LinearAlgebra.product(
      velocity.transposed, LinearAlgebra.product(inverseDiffusion, velocity))
  }

  /// σ of a step = Δᵀ (this) x, the product of Itô: D⁻¹ times the velocity.
  public var force: Matrix<Double> { LinearAlgebra.product(inverseDiffusion, velocity) }

  /// |D H − H D| / |D H|: 0 in equilibrium.
  public var commutator: Double {
    let product = LinearAlgebra.product(diffusion, hessian)
    let size = LinearAlgebra.frobeniusNorm(product)
    return size > 0
      ? LinearAlgebra.frobeniusNorm(
        LinearAlgebra.sum(product, product.transposed, factor: -1)) / size : 0
  }

  /// v(x) = −C S⁻¹ x.
  public func meanVelocity(at x: [Double]) -> [Double] {
    (0..<dimension).map { row in
      x.indices.reduce(0) { $0 + velocity[row, $1] * x[$1] }
    }
  }

  /// Units of time in which the slowest mode relaxes to 1/e.
  public var relaxationTime: Double { 1 / (rate * (eigenvalues.first ?? 0)) }

  private func trace(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Double {
    var sum = 0.0
    for i in 0..<a.rows {
      for j in 0..<a.rows { sum += a[i, j] * b[j, i] }
    }
    return sum
  }

  private static func inverse(_ a: Matrix<Double>) -> Matrix<Double>? {
    // Scaled to a unit diagonal: parameters may have very different units.
    let scale = (0..<a.rows).map { 1 / a[$0, $0].squareRoot() }
    guard scale.allSatisfy(\.isFinite) else { return nil }
    var scaled = a
    for i in scale.indices {
      for j in scale.indices { scaled[i, j] *= scale[i] * scale[j] }
    }
    guard let (values, vectors) = LinearAlgebra.symmetricEigenvalues(scaled),
      let first = values.first, let last = values.last, first > 1e-13 * last
    else { return nil }
    var result = vectors
    for mode in values.indices {
      for k in scale.indices { result[mode, k] *= scale[k] / values[mode].squareRoot() }
    }
    return LinearAlgebra.product(result.transposed, result)
  }
}
