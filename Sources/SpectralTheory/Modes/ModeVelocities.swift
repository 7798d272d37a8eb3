public import NumericalCore

/// How the modes of a matrix move while the matrix changes.
///
/// With W = Σₐ wₐ uᵃ vᵃᵀ, M_ab = uᵃ·(dW/dt) vᵇ, S = (M + Mᵀ)/2 and A = (M − Mᵀ)/2:
///
///     dwₐ/dt = M_aa
///     Ωᵘ_ab := uᵃ·duᵇ/dt = S_ab/(w_b − w_a) + A_ab/(w_a + w_b)
///     Ωᵛ_ab := vᵃ·dvᵇ/dt = S_ab/(w_b − w_a) − A_ab/(w_a + w_b),   a ≠ b
///
/// Decelle, Fissore and Furtlehner 2017, EPL 119, 60001, in the form of first-order perturbation
/// theory of the singular value decomposition. Exact where the singular values are distinct.
public struct ModeVelocities: Sendable, Equatable {
  /// dwₐ/dt.
  public var values: [Double]
  /// Ωᵘ_ab = uᵃ·duᵇ/dt, antisymmetric, shape [modes, modes].
  public var leftRotation: Matrix<Double>
  /// Ωᵛ_ab = vᵃ·dvᵇ/dt, antisymmetric, shape [modes, modes].
  public var rightRotation: Matrix<Double>

  /// Known velocities.
  public init(values: [Double], leftRotation: Matrix<Double>, rightRotation: Matrix<Double>) {
    self.values = values
    self.leftRotation = leftRotation
    self.rightRotation = rightRotation
  }

  /// The velocities of the modes of a matrix that changes at the rate `change` = dW/dt [m, n].
  ///
  /// Rotations within a pair of equal singular values are not determined, and zero here.
  ///
  /// - Complexity: O(modes · m n).
  public init(of modes: SingularValueDecomposition, change: Matrix<Double>) {
    let projected = LinearAlgebra.product(
      LinearAlgebra.product(modes.left, change), modes.right.transposed)
    self.init(values: modes.values, projectedChange: projected)
  }

  /// The velocities from singular values wₐ and the projected change M_ab = uᵃ·(dW/dt) vᵇ.
  public init(values w: [Double], projectedChange m: Matrix<Double>) {
    precondition(m.rows == w.count && m.columns == w.count, "one row and column for each mode")
    values = w.indices.map { m[$0, $0] }
    leftRotation = Matrix(rows: w.count, columns: w.count)
    rightRotation = Matrix(rows: w.count, columns: w.count)
    for a in w.indices {
      for b in w.indices where a != b && w[a] != w[b] {
        let symmetric = (m[a, b] + m[b, a]) / 2 / (w[b] - w[a])
        let sum = w[a] + w[b]
        let antisymmetric = sum > 0 ? (m[a, b] - m[b, a]) / 2 / sum : 0
        leftRotation[a, b] = symmetric + antisymmetric
        rightRotation[a, b] = symmetric - antisymmetric
      }
    }
  }
}
