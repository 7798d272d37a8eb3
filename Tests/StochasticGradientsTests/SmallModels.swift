import Foundation
import Learning
import NumericalCore
import TestSupport

/// Models small enough to enumerate.
enum SmallModels {
  /// Linear regression of six samples on two inputs, with unit noise: normal numbers that are not special.
  static func six(priorPrecision: Double = 1) throws -> LinearModel {
    try LinearModel(
      inputs: Matrix(
        rows: 6, columns: 2,
        elements: [
          2.0409191, -2.555665, 0.41809885, -0.5677696, -0.4526493, -0.21559717, -2.0199861,
          -0.23193238, -0.8652131, 3.3229995, 0.22578661, -0.3526308,
        ] as [Float]),
      targets: [4.3152967, 0.3178221, -1.2922027, -2.1788547, -3.7062672, 0.33986381],
      response: .gaussian(deviation: 1), priorPrecision: priorPrecision)
  }

  /// Linear regression of `count` samples on three inputs of different scale.
  static func many(_ count: Int, seed: UInt64) throws -> LinearModel {
    var random = RandomStream(seed: seed, purpose: .test)
    var inputs: [Float] = []
    var targets: [Float] = []
    for _ in 0..<count {
      let x = [random.normal(), 0.7 * random.normal(), 0.4 * random.normal()]
      // Noise that depends on x: otherwise noise and curvature have one shape, and descent is in equilibrium.
      let noise = random.normal() * (0.3 + abs(x[0]))
      inputs += x.map { Float($0) }
      targets.append(Float(x[0] - x[1] + 0.5 * x[2] + noise))
    }
    return try LinearModel(
      inputs: Matrix(rows: count, columns: 3, elements: inputs), targets: targets,
      response: .gaussian(deviation: 1), priorPrecision: 1)
  }

  static func matrix(_ rows: [[Double]]) -> Matrix<Double> {
    Matrix(rows: rows.count, columns: rows[0].count, elements: rows.flatMap { $0 })
  }

  /// |a − b| / |b|, Frobenius.
  static func distance(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Double {
    LinearAlgebra.frobeniusNorm(LinearAlgebra.sum(a, b, factor: -1))
      / LinearAlgebra.frobeniusNorm(b)
  }
}

/// All orders of `0 ..< count`.
func allOrders(_ count: Int) -> [[Int]] {
  guard count > 0 else { return [[]] }
  return allOrders(count - 1).flatMap { order in
    (0...order.count).map { place in
      var next = order
      next.insert(count - 1, at: place)
      return next
    }
  }
}
