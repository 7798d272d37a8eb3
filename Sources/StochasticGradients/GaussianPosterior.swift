internal import Foundation
public import Learning
public import NumericalCore

/// The posterior of linear regression with Gaussian noise, which is known exactly.
///
///     U(θ) = Σᵢ (yᵢ − xᵢ·θ)² / 2s² + (τ/2) |θ|²
///     posterior = N(m, H⁻¹),   H = Σᵢ xᵢ xᵢᵀ / s² + τ 1,   H m = Σᵢ yᵢ xᵢ / s²
public struct GaussianPosterior: Sendable {
  /// m.
  public let mean: [Double]
  /// H, the curvature of U.
  public let precision: Matrix<Double>
  /// H⁻¹.
  public let covariance: Matrix<Double>

  /// The posterior of a linear model with Gaussian response.
  ///
  /// - Throws: ``SzilardError`` where the response is not Gaussian, the scale is not that of a posterior, or
  ///   H is singular: no prior and columns that depend on one another.
  public init(of model: LinearModel) throws(SzilardError) {
    guard case .gaussian = model.response, model.lossScale == Double(model.sampleCount) else {
      throw SzilardError(.usage, "the exact posterior is known for Gaussian responses alone")
    }
    let origin = [Double](repeating: 0, count: model.parameterCount)
    precision = model.hessian(at: origin)
    let force = model.gradient(at: origin).map { -$0 }
    let one = LinearAlgebra.identity(model.parameterCount)
    guard LinearAlgebra.choleskyFactor(precision) != nil,
      let covariance = LinearAlgebra.solve(precision, one),
      let mean = LinearAlgebra.solve(
        precision, Matrix(rows: force.count, columns: 1, elements: force))
    else {
      throw SzilardError(
        .badData,
        "the posterior has a flat direction: columns depend on one another and there is no prior")
    }
    self.covariance = covariance
    self.mean = mean.elements
  }

  /// The Kullback–Leibler divergence of a Gaussian from the posterior, in nats.
  ///
  ///     D(N(μ, S) ‖ N(m, H⁻¹)) = ½ [tr(H S) − d − ln det(H S) + (μ − m)ᵀ H (μ − m)]
  ///
  /// - Returns: Infinity where S is not positive definite.
  public func divergence(ofMean mean: [Double], covariance: Matrix<Double>) -> Double {
    guard let factor = LinearAlgebra.choleskyFactor(precision),
      let other = LinearAlgebra.choleskyFactor(covariance)
    else { return .infinity }
    // The eigenvalues of Lᵀ S L, with H = L Lᵀ, are those of H S; x − 1 − ln x keeps its digits near 1.
    let whitened = LinearAlgebra.product(factor.transposed, other)
    let values = LinearAlgebra.singularValues(whitened)
    let spread = values.reduce(0) { sum, value in
      let excess = value * value - 1
      return sum + (excess - log1p(excess))
    }
    let shift = zip(mean, self.mean).map { $0 - $1 }
    let pulled = LinearAlgebra.product(
      factor.transposed, Matrix(rows: shift.count, columns: 1, elements: shift))
    return (spread + pulled.elements.reduce(0) { $0 + $1 * $1 }) / 2
  }
}
