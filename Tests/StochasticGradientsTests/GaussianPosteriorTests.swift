import Learning
import NumericalCore
import StochasticGradients
import TestSupport
import Testing

@Suite struct GaussianPosteriorTests {
  /// One sample x = 1, y = 2, s = 1 and τ = 1: N(1, ½).
  @Test func oneSample() throws {
    let model = try LinearModel(
      inputs: Matrix(rows: 1, columns: 1, elements: [1]), targets: [2],
      response: .gaussian(deviation: 1), priorPrecision: 1)
    let posterior = try GaussianPosterior(of: model)
    #expect(isClose(posterior.mean[0], 1, relative: 1e-14))
    #expect(isClose(posterior.covariance[0, 0], 0.5, relative: 1e-14))
    #expect(posterior.divergence(ofMean: [1], covariance: posterior.covariance) < 1e-30)
    // ½ [2 − 1 − ln 2 + 2·0.25] for S = 1, μ = 1.5.
    let other = Matrix<Double>(rows: 1, columns: 1, elements: [1])
    let expected = (2 - 1 - 0.693147180559945 + 0.5) / 2
    #expect(
      isClose(posterior.divergence(ofMean: [1.5], covariance: other), expected, relative: 1e-13))
  }
}
