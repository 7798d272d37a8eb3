public import NumericalCore

/// Normal laws of independent coordinates, one a row.
public struct GaussianRows: Sendable {
  /// Means.
  public var mean: Matrix<Double>
  /// Variances, above 0.
  public var variance: Matrix<Double>

  /// Laws with the given means and variances.
  public init(mean: Matrix<Double>, variance: Matrix<Double>) {
    precondition(mean.rows == variance.rows && mean.columns == variance.columns)
    self.mean = mean
    self.variance = variance
  }

  /// Laws with one variance for all.
  public init(mean: Matrix<Double>, variance: Double) {
    self.init(
      mean: mean, variance: Matrix(rows: mean.rows, columns: mean.columns, repeating: variance))
  }
}

/// The reverse chain of a Gaussian diffusion: p(x_T) = N(0, 1), then a step at a time towards data.
///
/// ```
/// p(x_{t−1}|x_t) = N(μ(x_t, t), Σ(x_t, t)),   Σ diagonal
/// ```
///
/// Source: Sohl-Dickstein et al. 2015, section 2.2.
public protocol GaussianReverseKernel: Sendable {
  /// Coordinates of a state.
  var dimension: Int { get }
  /// The forward chain that the kernel reverses.
  var diffusion: GaussianDiffusion { get }
  /// p(x_{t−1}|x_t) for each row x_t, t = 1 … T.
  func reverse(_ states: Matrix<Double>, step: Int) throws -> GaussianRows
}

extension GaussianReverseKernel {
  /// The first step read backwards, p(x_0|x_1) = T_π(x_0|x_1; β_1): the forward kernel, which is
  /// what the last step of a chain is when it is not learned.
  ///
  /// Source: Sohl-Dickstein et al. 2015, appendix B ("edge effects").
  public func forwardStep(_ states: Matrix<Double>, step: Int) -> GaussianRows {
    diffusion.forward(states, step: step)
  }
}
