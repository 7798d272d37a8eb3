internal import Foundation
internal import NumericalCore

/// Probabilities that repel one another.
///
///     P_p ∝ exp(f_p − Σ_q K_pq P_q),   Σ P = 1
///
/// K symmetric and positive: the minimum of Σ P ln P − f·P + ½ P K P over probabilities, which is
/// convex, so that there is exactly one.
enum ImplicitWeights {
  /// Newton's steps at most.
  static let maximumSteps = 200

  /// The solution, by Newton's method on the logits with the step halved while the objective rises.
  static func solve(fields: [Double], repulsion: Matrix<Double>) -> [Double] {
    let count = fields.count
    guard count > 1 else { return [Double](repeating: 1, count: count) }
    var p = normalised(fields.map { $0 })
    // Begin where the repulsion is felt: a sharp beginning has no gradient to go by.
    p = p.map { 0.5 * $0 + 0.5 / Double(count) }
    for _ in 0..<maximumSteps {
      guard let direction = newtonDirection(p, fields, repulsion) else { break }
      let now = objective(p, fields, repulsion)
      var length = 1.0
      var next = p
      repeat {
        next = normalised(zip(p, direction).map { log($0) + length * $1 })
        if objective(next, fields, repulsion) <= now + 1e-14 * abs(now) { break }
        length /= 2
      } while length > 1e-10
      let change = zip(p, next).map { abs($0 - $1) }.max() ?? 0
      p = next
      if change < 1e-12 { break }
    }
    return p
  }

  /// The change of ln P that solves the equations to first order.
  ///
  ///     δ_p + Σ_q K_pq P_q (δ_q − ⟨δ⟩) = r_p − ⟨r⟩,   r = f − K P − ln P
  private static func newtonDirection(
    _ p: [Double], _ fields: [Double], _ repulsion: Matrix<Double>
  ) -> [Double]? {
    let count = p.count
    var residual = [Double](repeating: 0, count: count)
    for a in 0..<count {
      residual[a] = fields[a] - log(p[a])
      for b in 0..<count { residual[a] -= repulsion[a, b] * p[b] }
    }
    let mean = zip(p, residual).reduce(0) { $0 + $1.0 * $1.1 }
    var system = LinearAlgebra.identity(count)
    for a in 0..<count {
      let pull = (0..<count).reduce(0) { $0 + repulsion[a, $1] * p[$1] }
      for b in 0..<count { system[a, b] += (repulsion[a, b] - pull) * p[b] }
    }
    return LinearAlgebra.solve(
      system, Matrix(rows: count, columns: 1, elements: residual.map { $0 - mean }))?.elements
  }

  private static func objective(
    _ p: [Double], _ fields: [Double], _ repulsion: Matrix<Double>
  ) -> Double {
    var sum = 0.0
    for a in p.indices where p[a] > 0 {
      sum += p[a] * (log(p[a]) - fields[a])
      for b in p.indices { sum += 0.5 * p[a] * repulsion[a, b] * p[b] }
    }
    return sum
  }

  /// Probabilities from logarithms, none below 1e-300.
  private static func normalised(_ logarithms: [Double]) -> [Double] {
    let total = logSumExp(logarithms)
    return logarithms.map { max(exp($0 - total), 1e-300) }
  }
}
