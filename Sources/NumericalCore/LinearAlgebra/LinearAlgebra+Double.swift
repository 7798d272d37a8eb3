internal import Foundation

#if canImport(Accelerate)
  internal import Accelerate
#else
  internal import COpenBLAS
#endif

// Small matrices in double precision: covariances, drifts, propagators.

extension LinearAlgebra {
  /// c = alpha · op(a) op(b) + beta · c, row-major, on raw rows.
  package static func multiply(
    rows: Int, columns: Int, inner: Int, alpha: Double = 1, _ a: UnsafePointer<Double>,
    transposingA: Bool = false, strideA: Int, _ b: UnsafePointer<Double>,
    transposingB: Bool = false, strideB: Int, beta: Double = 0,
    into c: UnsafeMutablePointer<Double>, strideC: Int
  ) {
    guard rows > 0, columns > 0 else { return }
    cblas_dgemm(
      CblasRowMajor, transposingA ? CblasTrans : CblasNoTrans,
      transposingB ? CblasTrans : CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), alpha, a,
      Int32(Swift.max(1, strideA)), b, Int32(Swift.max(1, strideB)), beta, c,
      Int32(Swift.max(1, strideC)))
  }

  /// The product a b.
  public static func product(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Matrix<Double> {
    precondition(
      a.columns == b.rows, "product of \(a.rows)x\(a.columns) and \(b.rows)x\(b.columns)")
    var c = Matrix<Double>(rows: a.rows, columns: b.columns)
    guard a.rows > 0, b.columns > 0, a.columns > 0 else { return c }
    let stride = Int32(c.stride)
    a.withUnsafePointer { pa in
      b.withUnsafePointer { pb in
        c.withUnsafeMutablePointer { pc in
          cblas_dgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(a.rows), Int32(b.columns),
            Int32(a.columns), 1, pa, Int32(a.stride), pb, Int32(b.stride), 0, pc, stride)
        }
      }
    }
    return c
  }

  /// The solution x of a x = b; nil where a is singular.
  ///
  /// - Complexity: O(n³), LAPACK `dgesv`.
  public static func solve(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Matrix<Double>? {
    precondition(a.rows == a.columns && a.rows == b.rows, "\(a.rows)x\(a.columns), \(b.rows) rows")
    guard a.rows > 0, b.columns > 0 else { return b }
    var n = Int32(a.rows)
    var columns = Int32(b.columns)
    var leading = n
    var leadingB = n
    // LAPACK's matrices are column by column.
    var matrix = a.transposed.elements
    var right = b.transposed.elements
    var pivots = [Int32](repeating: 0, count: a.rows)
    var info = Int32(0)
    dgesv_(&n, &columns, &matrix, &leading, &pivots, &right, &leadingB, &info)
    guard info == 0, right.allSatisfy(\.isFinite) else { return nil }
    return Matrix(rows: b.columns, columns: b.rows, elements: right).transposed
  }

  /// The lower triangular factor L of a = L Lᵀ; nil where a is not positive definite.
  ///
  /// - Complexity: O(n³), LAPACK `dpotrf`.
  public static func choleskyFactor(_ a: Matrix<Double>) -> Matrix<Double>? {
    precondition(a.rows == a.columns, "a matrix of \(a.rows)x\(a.columns)")
    guard a.rows > 0 else { return a }
    var n = Int32(a.rows)
    var leading = n
    // The upper factor of LAPACK's columns is the lower factor of our rows.
    var upper = CChar(UInt8(ascii: "U"))
    var matrix = a.elements
    var info = Int32(0)
    dpotrf_(&upper, &n, &matrix, &leading, &info)
    guard info == 0, matrix.allSatisfy(\.isFinite) else { return nil }
    for row in 0..<a.rows {
      for column in row + 1..<Swift.max(row + 1, a.columns) { matrix[row * a.rows + column] = 0 }
    }
    return Matrix(rows: a.rows, columns: a.columns, elements: matrix)
  }

  /// The exponential of a matrix, by scaling and squaring of its Taylor series.
  ///
  ///     e^a = (Σ_{j ≤ 18} (a/2^s)^j / j!)^{2^s},   ‖a/2^s‖ ≤ ½
  ///
  /// Relative error about 2^s rounding errors. Moler and Van Loan 2003, SIAM Review 45, 3, method 3.
  public static func exponential(_ a: Matrix<Double>) -> Matrix<Double> {
    precondition(a.rows == a.columns, "a matrix of \(a.rows)x\(a.columns)")
    let norm = (0..<a.rows).map { a.row($0).reduce(0) { $0 + abs($1) } }.max() ?? 0
    let squarings = norm > 0.5 ? Int(log2(2 * norm).rounded(.up)) : 0
    let scaled = a.map { $0 / exp2(Double(squarings)) }
    var result = identity(a.rows)
    for order in stride(from: 18, through: 1, by: -1) {
      // Horner's scheme: 1 + (x/1)(1 + (x/2)(1 + …)).
      let next = product(scaled, result)
      result = identity(a.rows)
      for row in 0..<a.rows {
        for column in 0..<a.rows { result[row, column] += next[row, column] / Double(order) }
      }
    }
    for _ in 0..<squarings { result = product(result, result) }
    return result
  }

  /// The identity matrix.
  public static func identity(_ size: Int) -> Matrix<Double> {
    var result = Matrix<Double>(rows: size, columns: size)
    for index in 0..<size { result[index, index] = 1 }
    return result
  }

  /// a + factor · b.
  public static func sum(
    _ a: Matrix<Double>, _ b: Matrix<Double>, factor: Double = 1
  ) -> Matrix<Double> {
    precondition(a.rows == b.rows && a.columns == b.columns, "sum of different shapes")
    return Matrix(
      rows: a.rows, columns: a.columns,
      elements: zip(a.elements, b.elements).map { $0 + factor * $1 })
  }

  /// The sum of the diagonal.
  public static func trace(_ a: Matrix<Double>) -> Double {
    (0..<Swift.min(a.rows, a.columns)).reduce(0) { $0 + a[$1, $1] }
  }

  /// The stationary covariance s of x → g x + noise: s = g s gᵀ + c (discrete Lyapunov equation).
  ///
  /// - Returns: nil where the equation is singular.
  /// - Complexity: O(d⁶).
  public static func stationaryCovariance(
    propagator g: Matrix<Double>, noise c: Matrix<Double>
  ) -> Matrix<Double>? {
    let size = g.rows
    return solveLinear(size, right: c) { row, column, k, l in
      (row == k && column == l ? 1 : 0) - g[row, k] * g[column, l]
    }
  }

  /// The solution s of a s + s aᵀ = c (continuous Lyapunov equation).
  ///
  /// - Returns: nil where the equation is singular.
  /// - Complexity: O(d⁶).
  public static func lyapunov(_ a: Matrix<Double>, _ c: Matrix<Double>) -> Matrix<Double>? {
    solveLinear(a.rows, right: c) { row, column, k, l in
      (column == l ? a[row, k] : 0) + (row == k ? a[column, l] : 0)
    }
  }

  /// Solves Σ_kl m(i, j, k, l) s_kl = c_ij for a symmetric s.
  private static func solveLinear(
    _ size: Int, right: Matrix<Double>, _ coefficient: (Int, Int, Int, Int) -> Double
  ) -> Matrix<Double>? {
    precondition(right.rows == size && right.columns == size, "matrices of different size")
    var system = Matrix<Double>(rows: size * size, columns: size * size)
    for index in 0..<size * size {
      for other in 0..<size * size {
        system[index, other] = coefficient(
          index / size, index % size, other / size, other % size)
      }
    }
    let vector = Matrix<Double>(rows: size * size, columns: 1, elements: right.elements)
    guard let solution = solve(system, vector) else { return nil }
    let s = Matrix<Double>(rows: size, columns: size, elements: solution.elements)
    return sum(s, s.transposed).map { $0 / 2 }
  }
}
