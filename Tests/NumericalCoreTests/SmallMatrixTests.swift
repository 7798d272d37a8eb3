import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite struct SmallMatrixTests {
  private func random(_ size: Int, _ index: UInt64) -> Matrix<Double> {
    var random = RandomStream(seed: testSeed(9), purpose: .test, index: index)
    return Matrix(
      rows: size, columns: size, elements: (0..<size * size).map { _ in random.normal() })
  }

  private func distance(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Double {
    zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(arguments: [1, 2, 5, 9])
  func solvesAndFactors(_ size: Int) throws {
    let a = random(size, 1)
    let b = random(size, 2)
    let x = try #require(LinearAlgebra.solve(a, b))
    #expect(distance(LinearAlgebra.product(a, x), b) < 1e-10)
    let square = LinearAlgebra.sum(
      LinearAlgebra.product(a, a.transposed), LinearAlgebra.identity(size))
    let factor = try #require(LinearAlgebra.choleskyFactor(square))
    #expect(distance(LinearAlgebra.product(factor, factor.transposed), square) < 1e-12 * 100)
    for row in 0..<size {
      for column in row + 1..<max(row + 1, size) { #expect(factor[row, column] == 0) }
    }
  }

  @Test func singularIsNil() {
    let singular = Matrix<Double>(rows: 2, columns: 2, elements: [1, 2, 2, 4])
    #expect(LinearAlgebra.solve(singular, LinearAlgebra.identity(2)) == nil)
    let indefinite = Matrix<Double>(rows: 2, columns: 2, elements: [1, 2, 2, 1])
    #expect(LinearAlgebra.choleskyFactor(indefinite) == nil)
  }

  /// A rotation by an angle, with growth; and e^a e^{−a} = 1 where squaring is needed.
  @Test func exponentials() {
    for angle in [0.1, 1, 20.0] {
      let a = Matrix<Double>(rows: 2, columns: 2, elements: [0.3, -angle, angle, 0.3])
      let e = LinearAlgebra.exponential(a)
      let expected = Matrix<Double>(
        rows: 2, columns: 2,
        elements: [cos(angle), -sin(angle), sin(angle), cos(angle)].map { Foundation.exp(0.3) * $0 }
      )
      #expect(distance(e, expected) < 1e-13 * (1 + angle))
    }
    let a = random(6, 3)
    let one = LinearAlgebra.product(
      LinearAlgebra.exponential(a), LinearAlgebra.exponential(a.map { -$0 }))
    #expect(distance(one, LinearAlgebra.identity(6)) < 1e-9)
  }

  @Test func lyapunovEquations() throws {
    let a = LinearAlgebra.sum(random(4, 4), LinearAlgebra.identity(4), factor: 5)
    let square = LinearAlgebra.product(a, a.transposed)
    let s = try #require(LinearAlgebra.lyapunov(a, square))
    let left = LinearAlgebra.product(a, s)
    #expect(distance(LinearAlgebra.sum(left, left.transposed), square) < 1e-10)
    let g = random(4, 5).map { $0 / 6 }
    let t = try #require(LinearAlgebra.stationaryCovariance(propagator: g, noise: square))
    let carried = LinearAlgebra.product(LinearAlgebra.product(g, t), g.transposed)
    #expect(distance(LinearAlgebra.sum(carried, square), t) < 1e-10)
  }
}
