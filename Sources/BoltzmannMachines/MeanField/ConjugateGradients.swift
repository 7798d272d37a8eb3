/// Conjugate gradients for (1 − K) z = b, many right-hand sides side by side, each with its own K.
///
/// Hestenes and Stiefel 1952, J. Res. Natl. Bur. Stand. 49, 409. K is symmetric. A direction p with
/// p·(1 − K)p ≤ 0 shows that 1 − K is not positive definite; that row has failed.
enum ConjugateGradients {
  /// Steps at most.
  static let maximumSteps = 100
  /// The residual, relative to b, at which a row is solved.
  static let tolerance = 1e-2

  /// K z for each row; the steps it took; and whether it failed.
  ///
  /// - Parameter product: K times vectors, one for each of the given rows in their order.
  static func solve(
    _ right: [Double], rows: Int, product: (_ vectors: [Double], _ rows: [Int]) -> [Double]
  ) -> (image: [Double], steps: [Int], failed: [Bool]) {
    let size = right.count / Swift.max(1, rows)
    func dot(_ a: [Double], _ b: [Double], _ row: Int, shift: Int = 0) -> Double {
      var sum = 0.0
      for k in row * size..<(row + 1) * size { sum += a[k] * b[k + shift] }
      return sum
    }
    var residual = right
    var direction = right
    var image = [Double](repeating: 0, count: right.count)
    var squares = (0..<rows).map { dot(right, right, $0) }
    let goals = squares.map { $0 * tolerance * tolerance }
    var steps = [Int](repeating: 0, count: rows)
    var failed = [Bool](repeating: false, count: rows)
    for _ in 0..<maximumSteps {
      let active = (0..<rows).filter { !failed[$0] && squares[$0] > goals[$0] }
      if active.isEmpty { break }
      let moved = product(active.flatMap { direction[$0 * size..<($0 + 1) * size] }, active)
      for (place, row) in active.enumerated() {
        steps[row] += 1
        let shift = (place - row) * size
        let curvature = dot(direction, direction, row) - dot(direction, moved, row, shift: shift)
        guard curvature > 0 else {
          failed[row] = true
          continue
        }
        let length = squares[row] / curvature
        for k in row * size..<(row + 1) * size {
          image[k] += length * moved[k + shift]
          residual[k] -= length * (direction[k] - moved[k + shift])
        }
        let next = dot(residual, residual, row)
        let ratio = next / squares[row]
        squares[row] = next
        for k in row * size..<(row + 1) * size {
          direction[k] = residual[k] + ratio * direction[k]
        }
      }
    }
    return (image, steps, failed)
  }
}
