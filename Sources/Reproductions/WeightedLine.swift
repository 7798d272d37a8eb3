/// A straight line through points by weighted least squares.
///
///     minimise Σ w² (y − a − b x)²,   w = 1 / (standard error of y)
struct WeightedLine {
  /// b.
  let slope: Double
  /// a.
  let intercept: Double
  /// The standard error of b, when w is as said.
  let slopeError: Double

  /// The line through points (x, y, w).
  init(_ points: [(x: Double, y: Double, weight: Double)]) {
    let total = points.reduce(0) { $0 + $1.weight * $1.weight }
    let x = points.reduce(0) { $0 + $1.weight * $1.weight * $1.x } / total
    let y = points.reduce(0) { $0 + $1.weight * $1.weight * $1.y } / total
    let spread = points.reduce(0) { $0 + $1.weight * $1.weight * ($1.x - x) * ($1.x - x) }
    slope =
      points.reduce(0) { $0 + $1.weight * $1.weight * ($1.x - x) * ($1.y - y) } / spread
    intercept = y - slope * x
    slopeError = (1 / spread).squareRoot()
  }
}
