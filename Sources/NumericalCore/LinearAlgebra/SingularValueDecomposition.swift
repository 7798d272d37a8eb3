#if canImport(Accelerate)
  internal import Accelerate
#else
  internal import COpenBLAS
#endif

/// A matrix as a sum of modes.
///
///     A = Σₐ wₐ uᵃ vᵃᵀ,   w₁ ≥ w₂ ≥ … ≥ 0,   uᵃ·uᵇ = vᵃ·vᵇ = δ_ab
///
/// The sign of a pair (uᵃ, vᵃ) is free: here the component of uᵃ largest in size is positive, so that
/// equal matrices have equal modes.
public struct SingularValueDecomposition: Sendable, Equatable {
  /// The singular values wₐ, largest first; min(m, n) of them.
  public var values: [Double]
  /// The left singular vectors uᵃ, one a row: [modes, m].
  public var left: Matrix<Double>
  /// The right singular vectors vᵃ, one a row: [modes, n].
  public var right: Matrix<Double>

  /// A decomposition of known parts.
  public init(values: [Double], left: Matrix<Double>, right: Matrix<Double>) {
    precondition(
      left.rows == values.count && right.rows == values.count, "a vector for each singular value")
    self.values = values
    self.left = left
    self.right = right
  }

  /// The number of modes.
  public var count: Int { values.count }

  /// The leading modes alone.
  public func prefix(_ count: Int) -> SingularValueDecomposition {
    let kept = 0..<Swift.min(count, self.count)
    return SingularValueDecomposition(
      values: Array(values[kept]), left: left.selectingRows(kept),
      right: right.selectingRows(kept))
  }

  /// Σₐ wₐ uᵃ vᵃᵀ, shape [m, n].
  public var matrix: Matrix<Double> {
    var scaled = left
    for mode in 0..<count {
      for i in 0..<left.columns { scaled[mode, i] *= values[mode] }
    }
    return LinearAlgebra.product(scaled.transposed, right)
  }
}

extension LinearAlgebra {
  /// The singular value decomposition of a matrix.
  ///
  /// - Complexity: O(m n min(m, n)), LAPACK `dgesdd`.
  public static func singularValueDecomposition(
    _ matrix: Matrix<Float>
  ) -> SingularValueDecomposition {
    singularValueDecomposition(matrix.map { Double($0) })
  }

  /// The singular value decomposition of a matrix.
  ///
  /// - Complexity: O(m n min(m, n)), LAPACK `dgesdd`.
  public static func singularValueDecomposition(
    _ matrix: Matrix<Double>
  ) -> SingularValueDecomposition {
    let modes = Swift.min(matrix.rows, matrix.columns)
    guard modes > 0 else {
      return SingularValueDecomposition(
        values: [], left: Matrix(rows: 0, columns: matrix.rows),
        right: Matrix(rows: 0, columns: matrix.columns))
    }
    // A row-major matrix is its transpose in column-major order: LAPACK's left vectors, stored column
    // by column, are our right ones row by row.
    var m = Int32(matrix.columns)
    var n = Int32(matrix.rows)
    var a = matrix.elements
    var values = [Double](repeating: 0, count: modes)
    var leading = m
    var inner = Int32(modes)
    var right = [Double](repeating: 0, count: matrix.columns * modes)
    var left = [Double](repeating: 0, count: modes * matrix.rows)
    var integers = [Int32](repeating: 0, count: 8 * modes)
    var info = Int32(0)
    var size = Int32(-1)
    var work = [0.0]
    var job = CChar(UInt8(ascii: "S"))
    for _ in 0..<2 {
      dgesdd_(
        &job, &m, &n, &a, &leading, &values, &right, &leading, &left, &inner, &work, &size,
        &integers, &info)
      if size == -1 {
        size = Int32(work[0])
        work = [Double](repeating: 0, count: Int(size))
      }
    }
    precondition(info == 0, "dgesdd did not converge (info \(info))")
    var result = SingularValueDecomposition(
      values: values,
      left: Matrix(rows: matrix.rows, columns: modes, elements: left).transposed,
      right: Matrix(rows: modes, columns: matrix.columns, elements: right))
    for mode in 0..<modes {
      let row = result.left.row(mode)
      guard let largest = row.max(by: { abs($0) < abs($1) }), largest < 0 else { continue }
      for i in 0..<matrix.rows { result.left[mode, i].negate() }
      for j in 0..<matrix.columns { result.right[mode, j].negate() }
    }
    return result
  }
}
