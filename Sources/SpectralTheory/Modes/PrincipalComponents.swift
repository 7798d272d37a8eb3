public import NumericalCore

/// The principal components of samples: the directions in which they vary, most first.
///
///     C = ⟨(s − μ)(s − μ)ᵀ⟩ = Σ_β c_β e^β e^βᵀ
public struct PrincipalComponents: Sendable, Equatable {
  /// The mean μ of the samples.
  public let mean: [Double]
  /// The eigenvalues c_β, largest first.
  public let variances: [Double]
  /// The eigenvectors e^β, one a row.
  public let vectors: Matrix<Double>
  /// The covariance matrix C.
  public let covariance: Matrix<Double>

  /// The components of samples, one a row, in native values (0/1 or ±1, one-hot colours, reals).
  ///
  /// The covariance is that of the (weighted) empirical law, ÷Σw; for 0/1 units four times smaller than
  /// for ±1.
  ///
  /// - Parameter weights: Weights of the samples, or nil.
  /// - Returns: nil for fewer than two samples, or where LAPACK did not converge.
  /// - Complexity: O(n d² + d³).
  public init?(of states: StateMatrix, weights: [Double]? = nil, isSpin: Bool = false) {
    guard states.rows > 1 else { return nil }
    let weights = weights ?? [Double](repeating: 1, count: states.rows)
    let values = states.values(ofRows: 0..<states.rows, isSpin: isSpin)
    covariance = covarianceMatrix(of: values, weights: weights)
    let total = weights.reduce(0, +)
    guard total > 0 else { return nil }
    mean =
      LinearAlgebra.product(
        Matrix(rows: 1, columns: weights.count, elements: weights.map { $0 / total }), values
      ).elements
    guard let eigen = LinearAlgebra.symmetricEigenvalues(covariance) else { return nil }
    variances = eigen.values.reversed().map { max(0, $0) }
    vectors = eigen.vectors.selectingRows((0..<eigen.vectors.rows).reversed())
  }

  /// |uᵅ·e^β| of the given vectors (rows) and the first `components` components (columns).
  public func overlaps(with modes: Matrix<Double>, components: Int) -> Matrix<Double> {
    let kept = vectors.selectingRows(0..<min(components, vectors.rows))
    return LinearAlgebra.product(modes, kept.transposed).map { abs($0) }
  }

  /// The covariance along vectors, C_αβ = uᵅ·C uᵝ.
  public func covariance(along modes: Matrix<Double>) -> Matrix<Double> {
    LinearAlgebra.product(LinearAlgebra.product(modes, covariance), modes.transposed)
  }
}
