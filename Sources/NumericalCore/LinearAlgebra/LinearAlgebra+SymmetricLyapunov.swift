// Equations of Lyapunov whose drift is symmetric, in its eigenbasis.

extension LinearAlgebra {
  /// The solution s of h s + s h = c for symmetric h (continuous Lyapunov equation).
  ///
  ///     h = Oᵀ diag(λ) O:   (O s Oᵀ)ᵢⱼ = (O c Oᵀ)ᵢⱼ / (λᵢ + λⱼ)
  ///
  /// - Returns: nil where two eigenvalues add up to zero, or h has none.
  /// - Complexity: O(d³).
  public static func lyapunov(
    symmetric h: Matrix<Double>, _ c: Matrix<Double>
  ) -> Matrix<Double>? {
    solve(symmetric: h, c) { $0 + $1 }
  }

  /// The solution s of s = g s g + c for symmetric g (discrete Lyapunov equation).
  ///
  ///     g = Oᵀ diag(γ) O:   (O s Oᵀ)ᵢⱼ = (O c Oᵀ)ᵢⱼ / (1 − γᵢ γⱼ)
  ///
  /// - Returns: nil where a product of two eigenvalues is one, or g has none.
  /// - Complexity: O(d³).
  public static func stationaryCovariance(
    symmetricPropagator g: Matrix<Double>, noise c: Matrix<Double>
  ) -> Matrix<Double>? {
    solve(symmetric: g, c) { 1 - $0 * $1 }
  }

  /// a m aᵀ.
  public static func congruence(_ a: Matrix<Double>, _ m: Matrix<Double>) -> Matrix<Double> {
    product(product(a, m), a.transposed)
  }

  /// The square root of the sum of the squares of the elements.
  public static func frobeniusNorm(_ a: Matrix<Double>) -> Double {
    a.elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private static func solve(
    symmetric a: Matrix<Double>, _ c: Matrix<Double>, _ denominator: (Double, Double) -> Double
  ) -> Matrix<Double>? {
    precondition(a.rows == c.rows && a.columns == c.columns, "matrices of different size")
    guard let (values, vectors) = symmetricEigenvalues(a) else { return nil }
    var inner = congruence(vectors, c)
    for i in values.indices {
      for j in values.indices { inner[i, j] /= denominator(values[i], values[j]) }
    }
    let result = congruence(vectors.transposed, inner)
    guard result.elements.allSatisfy(\.isFinite) else { return nil }
    return sum(result, result.transposed).map { $0 / 2 }
  }
}
