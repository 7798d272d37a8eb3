internal import NumericalCore
internal import StochasticThermodynamics

/// A linear Gaussian chain with a diagonal propagator, xᵢ' = aᵢ xᵢ + ξᵢ, and its entropy production.
///
/// As ``LinearGaussianChain``, in O(d³) and for hundreds of dimensions.
struct DiagonalChain {
  let propagator: [Double]
  let noise: Matrix<Double>

  /// Sᵢⱼ = Qᵢⱼ/(1 − aᵢaⱼ).
  var covariance: Matrix<Double> {
    var result = noise
    for i in propagator.indices {
      for j in propagator.indices { result[i, j] /= 1 - propagator[i] * propagator[j] }
    }
    return result
  }

  /// Per step, in nats; nil where singular.
  var entropyProduction: Double? {
    let s = covariance
    let d = propagator.count
    var cross = s
    for i in 0..<d {
      for j in 0..<d { cross[i, j] *= propagator[i] }
    }
    return GaussianLag.entropyProduction(covariance: s, lagged: cross)
  }
}
