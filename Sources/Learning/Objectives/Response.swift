internal import Foundation
internal import NumericalCore

/// How the response y scatters about the predictors z of a model.
///
///     Gaussian       ℓ = Σ (yₖ − zₖ)² / 2s²               y real
///     Bernoulli      ℓ = Σ ln(1 + exp zₖ) − yₖ zₖ         yₖ ∈ {0, 1}
///     categorical    ℓ = ln Σ exp zₖ − Σ yₖ zₖ            one yₖ is 1, the others 0
///
/// ℓ is minus the log-likelihood of a sample, up to a constant, in nats.
public enum Response: Sendable, Equatable {
  /// yₖ ~ N(zₖ, s²).
  case gaussian(deviation: Double)
  /// yₖ ~ Bernoulli(1 / (1 + exp(−zₖ))).
  case bernoulli
  /// y = k with probability exp zₖ / Σ exp zⱼ.
  case categorical

  /// - Throws: ``SzilardError`` where the deviation of the noise is not positive.
  func check() throws(SzilardError) {
    if case .gaussian(let deviation) = self, !(deviation > 0 && deviation.isFinite) {
      throw SzilardError(.usage, "the deviation of the noise is \(deviation); it must be positive")
    }
  }

  /// The same for the kernels.
  var kernel: Kernels.Response {
    switch self {
    case .gaussian(let deviation): .gaussian(precision: 1 / (deviation * deviation))
    case .bernoulli: .bernoulli
    case .categorical: .categorical
    }
  }

  // For one predictor; of the categorical response there is none.

  /// ∂ℓ/∂z.
  func slope(_ z: Double, _ y: Double) -> Double {
    if case .gaussian(let deviation) = self { return (z - y) / (deviation * deviation) }
    return logistic(z) - y
  }

  /// ∂²ℓ/∂z².
  func curvature(_ z: Double) -> Double {
    if case .gaussian(let deviation) = self { return 1 / (deviation * deviation) }
    let p = logistic(z)
    return p * (1 - p)
  }

  /// ℓ.
  func loss(_ z: Double, _ y: Double) -> Double {
    if case .gaussian(let deviation) = self {
      return (z - y) * (z - y) / (2 * deviation * deviation)
    }
    return softplus(z) - y * z
  }
}

// For several predictors.
extension Response {
  /// ∂ℓ/∂z.
  func slopes(
    _ z: UnsafeBufferPointer<Double>, _ y: UnsafePointer<Float>,
    into slopes: UnsafeMutablePointer<Double>
  ) {
    if self == .categorical {
      let logNorm = logSumExp(z)
      for k in z.indices { slopes[k] = exp(z[k] - logNorm) - Double(y[k]) }
    } else {
      for k in z.indices { slopes[k] = slope(z[k], Double(y[k])) }
    }
  }

  /// (∂²ℓ/∂z²) v, for a change v of the predictors.
  func slopeTangents(
    _ z: UnsafeBufferPointer<Double>, _ v: UnsafePointer<Double>,
    into tangents: UnsafeMutablePointer<Double>
  ) {
    if self == .categorical {
      let logNorm = logSumExp(z)
      let mean = z.indices.reduce(0) { $0 + exp(z[$1] - logNorm) * v[$1] }
      for k in z.indices { tangents[k] = exp(z[k] - logNorm) * (v[k] - mean) }
    } else {
      for k in z.indices { tangents[k] = curvature(z[k]) * v[k] }
    }
  }

  /// ℓ.
  func loss(_ z: UnsafeBufferPointer<Double>, _ y: UnsafePointer<Float>) -> Double {
    if self == .categorical {
      return z.indices.reduce(logSumExp(z)) { $0 - Double(y[$1]) * z[$1] }
    }
    return z.indices.reduce(0) { $0 + loss(z[$1], Double(y[$1])) }
  }
}
