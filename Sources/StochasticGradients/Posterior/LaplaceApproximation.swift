public import NumericalCore

/// The Gaussian with the mode and the curvature of a posterior.
///
///     N(θ*, H⁻¹),   H = ∇²U(θ*) = Σ hₖ uₖ uₖᵀ
///
/// Exact for linear regression with Gaussian noise. Where a curvature is not positive (a flat or a saddle
/// direction of a network), the smallest one that rounding resolves takes its place, and
/// ``flatDirections`` counts it.
/// Source: MacKay 1992, Neural Computation 4, 448.
public struct LaplaceApproximation: Sendable {
  /// θ*.
  public let mode: [Double]
  /// U(θ*).
  public let potential: Double
  /// hₖ in increasing order.
  public let curvatures: [Double]
  /// uₖ, one a row.
  public let directions: Matrix<Double>
  /// Curvatures that were not positive.
  public let flatDirections: Int

  /// The approximation at a mode of the posterior, which is a minimum of U.
  ///
  /// - Complexity: O(1); the minimum knows its curvature.
  public init(at minimum: Minimum) {
    let floor = 1e-10 * Swift.max(minimum.eigenvalues.last ?? 1, 1e-300)
    mode = minimum.parameters
    potential = minimum.value
    flatDirections = minimum.eigenvalues.count { $0 <= floor }
    curvatures = minimum.eigenvalues.map { Swift.max($0, floor) }
    directions = minimum.modes
  }

  /// A Gaussian that is known otherwise; nil where the precision is not positive definite.
  public init?(mode: [Double], precision: Matrix<Double>, potential: Double = 0) {
    precondition(precision.rows == mode.count && precision.columns == mode.count)
    guard let spectrum = LinearAlgebra.symmetricEigenvalues(precision),
      spectrum.values.allSatisfy({ $0 > 0 })
    else { return nil }
    self.mode = mode
    self.potential = potential
    curvatures = spectrum.values
    directions = spectrum.vectors
    flatDirections = 0
  }

  /// d.
  public var parameterCount: Int { mode.count }
  /// The largest curvature.
  public var largestCurvature: Double { curvatures.last ?? 1 }

  /// H⁻¹.
  public var covariance: Matrix<Double> { form { 1 / $0 } }
  /// H.
  public var precision: Matrix<Double> { form { $0 } }

  /// The standard deviation of each parameter.
  public var deviations: [Double] {
    let covariance = covariance
    return mode.indices.map { covariance[$0, $0].squareRoot() }
  }

  /// Σ f(hₖ) uₖ uₖᵀ.
  func form(_ f: (Double) -> Double) -> Matrix<Double> {
    var scaled = directions
    for k in curvatures.indices {
      let factor = f(curvatures[k])
      for i in mode.indices { scaled[k, i] *= factor }
    }
    return LinearAlgebra.product(directions.transposed, scaled)
  }

  /// A matrix in the basis of the directions: U a Uᵀ.
  func inDirections(_ a: Matrix<Double>) -> Matrix<Double> {
    LinearAlgebra.product(LinearAlgebra.product(directions, a), directions.transposed)
  }

  /// The components √hₖ uₖ·(θ − θ*): standard normal under the approximation.
  public func whitened(_ position: [Double]) -> [Double] {
    let shift = zip(position, mode).map { $0 - $1 }
    return curvatures.indices.map { curvatures[$0].squareRoot() * dot(directions.row($0), shift) }
  }

  /// θ* + Σ zₖ uₖ/√hₖ.
  public func position(whitened z: [Double]) -> [Double] {
    var result = mode
    for k in curvatures.indices {
      add(z[k] / curvatures[k].squareRoot(), directions.row(k), to: &result)
    }
    return result
  }
}
