#if canImport(Accelerate)
  internal import Accelerate
#else
  internal import COpenBLAS
#endif

extension LinearAlgebra {
  /// The leading left singular vectors of a matrix, one a row, of length one.
  ///
  ///     A = Σₐ wₐ uᵃ vᵃᵀ,   w₁ ≥ w₂ ≥ …
  ///
  /// - Returns: At most min(m, n) vectors; the sign of each is LAPACK's.
  /// - Complexity: O(m n min(m, n)), LAPACK `dgesdd`.
  public static func leftSingularVectors(_ matrix: Matrix<Float>, count: Int) -> Matrix<Double> {
    let small = Swift.min(matrix.rows, matrix.columns)
    let kept = Swift.min(count, small)
    guard kept > 0 else { return Matrix(rows: 0, columns: matrix.rows) }
    // A row-major matrix is its transpose in column-major order: its left vectors are right ones.
    var m = Int32(matrix.columns)
    var n = Int32(matrix.rows)
    var a = matrix.elements.map(Double.init)
    var values = [Double](repeating: 0, count: small)
    var leading = m
    var inner = Int32(small)
    var others = [Double](repeating: 0, count: matrix.columns * small)
    var vectors = [Double](repeating: 0, count: small * matrix.rows)
    var integers = [Int32](repeating: 0, count: 8 * small)
    var info = Int32(0)
    var size = Int32(-1)
    var work = [0.0]
    var job = CChar(UInt8(ascii: "S"))
    for _ in 0..<2 {
      dgesdd_(
        &job, &m, &n, &a, &leading, &values, &others, &leading, &vectors, &inner, &work, &size,
        &integers, &info)
      if size == -1 {
        size = Int32(work[0])
        work = [Double](repeating: 0, count: Int(size))
      }
    }
    precondition(info == 0, "dgesdd did not converge (info \(info))")
    var result = Matrix<Double>(rows: kept, columns: matrix.rows)
    for k in 0..<kept {
      for i in 0..<matrix.rows { result[k, i] = vectors[i * small + k] }
    }
    return result
  }
}
