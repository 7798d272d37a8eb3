#if canImport(Accelerate)
  internal import Accelerate
#else
  internal import COpenBLAS
#endif

extension LinearAlgebra {
  /// Eigenvalues of a symmetric matrix in increasing order, and its eigenvectors, one a row.
  ///
  ///     A vᵢ = λᵢ vᵢ,   vᵢ · vⱼ = δᵢⱼ
  ///
  /// Only the lower triangle is read.
  ///
  /// - Returns: nil when LAPACK's `dsyevd` did not converge.
  /// - Complexity: O(n³).
  public static func symmetricEigenvalues(
    _ matrix: Matrix<Double>
  ) -> (values: [Double], vectors: Matrix<Double>)? {
    precondition(matrix.rows == matrix.columns, "a matrix of \(matrix.rows)x\(matrix.columns)")
    let count = matrix.rows
    guard count > 0 else { return ([], matrix) }
    guard matrix.elements.allSatisfy(\.isFinite) else { return nil }
    // Row-major lower is column-major upper.
    var a = matrix.elements
    var n = Int32(count)
    var leading = n
    var values = [Double](repeating: 0, count: count)
    var job = CChar(UInt8(ascii: "V"))
    var triangle = CChar(UInt8(ascii: "U"))
    var info = Int32(0)
    var size = Int32(-1)
    var integerSize = Int32(-1)
    var work = [0.0]
    var integers: [Int32] = [0]
    for _ in 0..<2 {
      dsyevd_(
        &job, &triangle, &n, &a, &leading, &values, &work, &size, &integers, &integerSize, &info)
      if size == -1 {
        size = Int32(work[0])
        integerSize = integers[0]
        work = [Double](repeating: 0, count: Int(size))
        integers = [Int32](repeating: 0, count: Int(integerSize))
      }
    }
    guard info == 0 else { return nil }
    // Column-major eigenvectors are rows here.
    return (values, Matrix(rows: count, columns: count, elements: a))
  }
}
