#if canImport(Accelerate)
  internal import Accelerate
#else
  internal import COpenBLAS
#endif

/// Dense linear algebra through BLAS and LAPACK: OpenBLAS, or Accelerate on Apple systems.
///
/// BLAS runs on one thread wherever results must not depend on the number of threads; blocks of
/// chains are what is worked in parallel.
public enum LinearAlgebra {
  /// Keeps BLAS to one thread, so that its sums do not depend on the number of threads.
  package static func useOneThread() {
    #if !canImport(Accelerate)
      openblas_set_num_threads(1)
    #endif
  }

  /// The name and kernel of the BLAS in use, for `szilard info` and run manifests.
  public static var blasName: String {
    #if canImport(Accelerate)
      "Accelerate"
    #else
      "OpenBLAS (\(String(cString: openblas_get_corename())))"
    #endif
  }

  /// c = alpha · op(a) op(b) + beta · c, row-major, on raw rows.
  package static func multiply(
    rows: Int, columns: Int, inner: Int, alpha: Float = 1, _ a: UnsafePointer<Float>,
    transposingA: Bool = false, strideA: Int, _ b: UnsafePointer<Float>, transposingB: Bool = false,
    strideB: Int, beta: Float = 0, into c: UnsafeMutablePointer<Float>, strideC: Int
  ) {
    guard rows > 0, columns > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, transposingA ? CblasTrans : CblasNoTrans,
      transposingB ? CblasTrans : CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), alpha, a,
      Int32(Swift.max(1, strideA)), b, Int32(Swift.max(1, strideB)), beta, c,
      Int32(Swift.max(1, strideC)))
  }

  /// The product a b.
  public static func product(_ a: Matrix<Float>, _ b: Matrix<Float>) -> Matrix<Float> {
    precondition(
      a.columns == b.rows, "product of \(a.rows)x\(a.columns) and \(b.rows)x\(b.columns)")
    var c = Matrix<Float>(rows: a.rows, columns: b.columns)
    let stride = c.stride
    a.withUnsafePointer { pa in
      b.withUnsafePointer { pb in
        c.withUnsafeMutablePointer { pc in
          multiply(
            rows: a.rows, columns: b.columns, inner: a.columns, pa, strideA: a.stride, pb,
            strideB: b.stride, into: pc, strideC: stride)
        }
      }
    }
    return c
  }

  /// The singular values of a matrix, largest first.
  ///
  /// - Complexity: O(m n min(m, n)), LAPACK `dgesdd` without vectors.
  public static func singularValues(_ matrix: Matrix<Float>) -> [Double] {
    singularValues(matrix.map { Double($0) })
  }

  /// The singular values of a matrix, largest first.
  ///
  /// - Complexity: O(m n min(m, n)), LAPACK `dgesdd` without vectors.
  public static func singularValues(_ matrix: Matrix<Double>) -> [Double] {
    let small = Swift.min(matrix.rows, matrix.columns)
    guard small > 0 else { return [] }
    // A row-major m x n matrix is a column-major n x m one with the same singular values.
    var m = Int32(matrix.columns)
    var n = Int32(matrix.rows)
    var a = matrix.elements
    var values = [Double](repeating: 0, count: small)
    var leading = m
    var one = Int32(1)
    var unused = [0.0]
    var unusedToo = [0.0]
    var integers = [Int32](repeating: 0, count: 8 * small)
    var info = Int32(0)
    var size = Int32(-1)
    var work = [0.0]
    var job = CChar(UInt8(ascii: "N"))
    for _ in 0..<2 {
      dgesdd_(
        &job, &m, &n, &a, &leading, &values, &unused, &one, &unusedToo, &one, &work, &size,
        &integers, &info)
      if size == -1 {
        size = Int32(work[0])
        work = [Double](repeating: 0, count: Int(size))
      }
    }
    precondition(info == 0, "dgesdd did not converge (info \(info))")
    return values
  }
}
