public import NumericalCore

/// The learning of a Gaussian machine as a flow of its modes: singular values and rotations.
///
/// With C_ab = uᵃ·C uᵇ the covariance of the data in the machine's own modes:
///
///     dwₐ/dt = σ_h² wₐ [C_aa − σ_v²/(1 − σ_v² σ_h² wₐ²)]
///     Ωᵘ_ab = uᵃ·duᵇ/dt = σ_h² C_ab (wₐ² + w_b²)/(w_b² − wₐ²)
///     Ωᵛ_ab = vᵃ·dvᵇ/dt = σ_h² C_ab 2wₐw_b/(w_b² − wₐ²)
///
/// Decelle, Fissore and Furtlehner 2017, EPL 119, 60001. The left modes are completed to a basis with
/// wₐ = 0, through which they turn into directions that the machine has no mode of. The same motion
/// as the flow of the matrix, and dearer: it is what shows which mode turns into which. The flow has
/// no meaning at equal singular values, which a motion in one parameter meets by symmetry only.
public struct GaussianModeFlow: Sendable {
  /// The variances of the layers.
  public var machine: GaussianMachine
  /// C, the covariance of the data [N_v, N_v].
  public var dataCovariance: Matrix<Double>
  /// The integrator.
  public var integrator = DormandPrince(tolerance: 1e-10)

  /// The flow for data of the given covariance.
  public init(machine: GaussianMachine, dataCovariance: Matrix<Double>) {
    precondition(dataCovariance.rows == dataCovariance.columns, "a covariance is square")
    self.machine = machine
    self.dataCovariance = dataCovariance
  }

  /// The velocities of all modes, the left ones completed to a basis.
  ///
  /// - Parameters:
  ///   - values: wₐ of the modes of the machine.
  ///   - covariance: C_ab in the basis of the left vectors [N_v, N_v].
  func velocities(values: [Double], covariance: Matrix<Double>) -> ModeVelocities {
    let count = values.count
    let size = covariance.rows
    let scale = machine.hiddenVariance
    var left = Matrix<Double>(rows: size, columns: size)
    var right = Matrix<Double>(rows: count, columns: count)
    for a in 0..<size {
      let wa = a < count ? values[a] : 0
      for b in 0..<size where a != b {
        let wb = b < count ? values[b] : 0
        let gap = (wb - wa) * (wb + wa)
        guard gap != 0 else { continue }
        left[a, b] = scale * covariance[a, b] * (wa * wa + wb * wb) / gap
        if a < count, b < count { right[a, b] = scale * covariance[a, b] * 2 * wa * wb / gap }
      }
    }
    return ModeVelocities(
      values: values.indices.map {
        machine.velocity(singularValue: values[$0], dataVariance: covariance[$0, $0])
      }, leftRotation: left, rightRotation: right)
  }

  /// The velocities of the modes of W; rotations among the modes of the machine alone.
  public func velocities(of modes: SingularValueDecomposition) -> ModeVelocities {
    velocities(values: modes.values, covariance: covariance(in: modes.left))
  }

  /// C in the basis of the given vectors, one a row.
  private func covariance(in vectors: Matrix<Double>) -> Matrix<Double> {
    LinearAlgebra.product(LinearAlgebra.product(vectors, dataCovariance), vectors.transposed)
  }

  /// The modes after a time.
  ///
  /// - Parameter modes: The modes of W at time 0 [K modes, K ≤ N_v], of distinct singular values.
  /// - Returns: The modes in their own order, which need not be that of size; nil when the integrator
  ///   gave up.
  /// - Complexity: O(steps · N_v³).
  public func modes(
    at time: Double, from modes: SingularValueDecomposition
  ) -> SingularValueDecomposition? {
    let count = modes.count
    let size = modes.left.columns
    let hidden = modes.right.columns
    let basis = LinearAlgebra.completedToBasis(modes.left)
    let state = modes.values + basis.elements + modes.right.elements
    let solution = integrator.solve(from: 0, to: time, state: state) { _, state in
      let values = Array(state[..<count])
      let left = Matrix(rows: size, columns: size, elements: state[count..<count + size * size])
      let right = Matrix(rows: count, columns: hidden, elements: state[(count + size * size)...])
      let velocities = velocities(values: values, covariance: covariance(in: left))
      // duᵇ/dt = Σₐ uᵃ Ω_ab: rows turn with the transpose.
      return velocities.values
        + LinearAlgebra.product(velocities.leftRotation.transposed, left).elements
        + LinearAlgebra.product(velocities.rightRotation.transposed, right).elements
    }
    guard solution.isComplete else { return nil }
    let end = solution.state
    return SingularValueDecomposition(
      values: Array(end[..<count]),
      left: Matrix(rows: count, columns: size, elements: end[count..<count + count * size]),
      right: Matrix(rows: count, columns: hidden, elements: end[(count + size * size)...]))
  }
}

extension LinearAlgebra {
  /// Orthonormal rows, followed by rows that complete them to an orthonormal basis.
  ///
  /// - Complexity: O(n³): the eigenvectors of the projector on what is missing.
  public static func completedToBasis(_ rows: Matrix<Double>) -> Matrix<Double> {
    let size = rows.columns
    guard rows.rows < size else { return rows }
    let complement = sum(identity(size), product(rows.transposed, rows), factor: -1)
    guard let vectors = symmetricEigenvalues(complement)?.vectors else { return rows }
    // Eigenvalues rise: those of the complement are the last.
    return Matrix(
      rows: size, columns: size,
      elements: rows.elements + vectors.selectingRows(rows.rows..<size).elements)
  }
}
