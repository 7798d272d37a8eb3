public import NumericalCore
internal import StochasticThermodynamics

/// The first two moments of a stationary linear chain, as it is recorded.
public struct StationaryMoments: Sendable {
  /// The mean, from the minimum of the potential.
  public let shift: [Double]
  /// The covariance.
  public let covariance: Matrix<Double>
  /// G, the mean map from one record to the next: Cov(x', x) = G S.
  public let propagator: Matrix<Double>

  /// The entropy production that its first two moments show, from one record to the next, in nats.
  ///
  /// Exact for a Gaussian chain; where batches also scatter the curvature, that of the Gaussian chain of the
  /// same moments.
  ///
  /// - Throws: ``SzilardError`` where the covariance is singular.
  public func entropyProduction() throws(SzilardError) -> Double {
    let carried = LinearAlgebra.product(
      LinearAlgebra.product(propagator, covariance), propagator.transposed)
    let noise = LinearAlgebra.sum(covariance, carried, factor: -1)
    return try LinearGaussianChain(
      propagator: propagator, noise: LinearAlgebra.sum(noise, noise.transposed).map { $0 / 2 }
    ).entropyProduction
  }
}
