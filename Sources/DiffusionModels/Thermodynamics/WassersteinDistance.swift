internal import Foundation
public import NumericalCore

/// Distances between laws by how far mass must be moved.
///
/// ```
/// W_p(P, Q) = (min over couplings of E|x − y|^p)^{1/p}
/// ```
public enum WassersteinDistance {
  /// W_p of two samples of one coordinate, exactly.
  ///
  /// The quantile functions are compared: W_p^p = ∫₀¹ |F⁻¹(u) − G⁻¹(u)|^p du.
  /// - Complexity: O(n log n).
  public static func line(_ first: [Double], _ second: [Double], order: Double = 1) -> Double {
    precondition(!first.isEmpty && !second.isEmpty, "samples of both laws")
    let (x, y) = (first.sorted(), second.sorted())
    var (i, j) = (0, 0)
    var (place, sum) = (0.0, 0.0)
    while i < x.count, j < y.count {
      let (a, b) = (Double(i + 1) / Double(x.count), Double(j + 1) / Double(y.count))
      let next = min(a, b)
      sum += (next - place) * pow(abs(x[i] - y[j]), order)
      place = next
      if a <= next { i += 1 }
      if b <= next { j += 1 }
    }
    return pow(sum, 1 / order)
  }

  /// W₂ of two Gaussians.
  ///
  /// ```
  /// W₂² = |m − n|² + tr(A + B − 2 (A^½ B A^½)^½)
  /// ```
  ///
  /// Source: Dowson and Landau 1982; Ikeda et al. 2025, equation 59.
  public static func gaussian(
    mean first: [Double], covariance a: Matrix<Double>, mean second: [Double],
    covariance b: Matrix<Double>
  ) throws(SzilardError) -> Double {
    let d = first.count
    precondition(second.count == d && a.rows == d && b.rows == d, "\(d) coordinates")
    guard let (values, vectors) = LinearAlgebra.symmetricEigenvalues(a) else {
      throw SzilardError(.badData, "a covariance has no eigenvalues")
    }
    var root = Matrix<Double>(rows: d, columns: d)
    for k in 0..<d {
      let value = max(0, values[k]).squareRoot()
      for i in 0..<d {
        for j in 0..<d { root[i, j] += value * vectors[k, i] * vectors[k, j] }
      }
    }
    let inner = LinearAlgebra.product(LinearAlgebra.product(root, b), root)
    guard let (inside, _) = LinearAlgebra.symmetricEigenvalues(inner) else {
      throw SzilardError(.badData, "a covariance has no eigenvalues")
    }
    let moved = zip(first, second).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let spread =
      LinearAlgebra.trace(a) + LinearAlgebra.trace(b)
      - 2 * inside.reduce(0) { $0 + max(0, $1).squareRoot() }
    return max(0, moved + spread).squareRoot()
  }

  /// The sliced distance: W_p of projections on random directions, (E W_p^p)^{1/p}.
  ///
  /// - Parameters:
  ///   - projections: Random directions.
  ///   - seed: Of the directions.
  /// - Complexity: O(projections · n log n).
  public static func sliced(
    _ first: Matrix<Double>, _ second: Matrix<Double>, order: Double = 2, projections: Int = 100,
    seed: UInt64 = 1
  ) -> Double {
    precondition(first.columns == second.columns && projections > 0, "samples of one space")
    var sum = 0.0
    for index in 0..<projections {
      var stream = RandomStream(seed: seed, purpose: .slices, index: UInt64(index))
      var direction = (0..<first.columns).map { _ in stream.normal() }
      let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      direction = direction.map { $0 / norm }
      func project(_ samples: Matrix<Double>) -> [Double] {
        (0..<samples.rows).map { row in
          zip(samples.row(row), direction).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
      sum += pow(line(project(first), project(second), order: order), order)
    }
    return pow(sum / Double(projections), 1 / order)
  }

  /// W_p of two samples of the same size in any space, exactly, by the best assignment.
  ///
  /// Shortest augmenting paths (Jonker and Volgenant 1987).
  /// - Complexity: O(n³).
  public static func assignment(
    _ first: Matrix<Double>, _ second: Matrix<Double>, order: Double = 1
  ) -> Double {
    precondition(first.rows == second.rows && first.columns == second.columns, "equal samples")
    let n = first.rows
    let (xs, ys) = ((0..<n).map { first.row($0) }, (0..<n).map { second.row($0) })
    func cost(_ i: Int, _ j: Int) -> Double {
      var square = 0.0
      for (x, y) in zip(xs[i], ys[j]) { square += (x - y) * (x - y) }
      return order == 2 ? square : pow(square, order / 2)
    }
    let costs = (0..<n).map { i in (0..<n).map { cost(i, $0) } }
    // Potentials of rows and columns, and the row of each column; index n is the free column.
    var (u, v) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n + 1))
    var matched = [Int](repeating: -1, count: n + 1)
    for row in 0..<n {
      var least = [Double](repeating: .infinity, count: n)
      var previous = [Int](repeating: n, count: n)
      var isDone = [Bool](repeating: false, count: n + 1)
      var column = n
      matched[n] = row
      repeat {
        isDone[column] = true
        let current = matched[column]
        var (step, nextColumn) = (Double.infinity, n)
        for j in 0..<n where !isDone[j] {
          let reduced = costs[current][j] - u[current] - v[j]
          if reduced < least[j] { (least[j], previous[j]) = (reduced, column) }
          if least[j] < step { (step, nextColumn) = (least[j], j) }
        }
        for j in 0...n {
          if isDone[j] {
            u[matched[j]] += step
            v[j] -= step
          } else if j < n {
            least[j] -= step
          }
        }
        column = nextColumn
      } while matched[column] >= 0
      while column != n {
        let before = previous[column]
        matched[column] = matched[before]
        column = before
      }
    }
    let sum = (0..<n).reduce(0.0) { $0 + costs[matched[$1]][$1] }
    return pow(sum / Double(n), 1 / order)
  }
}
