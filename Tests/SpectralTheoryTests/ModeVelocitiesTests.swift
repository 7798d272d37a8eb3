import Foundation
import NumericalCore
import SpectralTheory
import TestSupport
import Testing

@Suite struct ModeVelocitiesTests {
  /// Theory 2.1: the velocities agree with finite differences of the decomposition.
  @Test(arguments: [(5, 3), (3, 5), (6, 6)]) func areThoseOfFiniteDifferences(
    rows: Int, columns: Int
  ) {
    var random = RandomStream(seed: testSeed(1), purpose: .test)
    func draw() -> Matrix<Double> {
      Matrix(
        rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in random.normal() })
    }
    let matrix = draw()
    let change = draw()
    let modes = LinearAlgebra.singularValueDecomposition(matrix)
    let velocities = ModeVelocities(of: modes, change: change)
    let step = 1e-5
    let before = LinearAlgebra.singularValueDecomposition(
      LinearAlgebra.sum(matrix, change, factor: -step))
    let after = LinearAlgebra.singularValueDecomposition(
      LinearAlgebra.sum(matrix, change, factor: step))
    func difference(_ of: (SingularValueDecomposition) -> Matrix<Double>, _ a: Int, _ b: Int)
      -> Double
    {
      let length = of(modes).columns
      return (0..<length).reduce(0) {
        $0 + of(modes)[a, $1] * (of(after)[b, $1] - of(before)[b, $1]) / (2 * step)
      }
    }
    for a in 0..<modes.count {
      let rate = (after.values[a] - before.values[a]) / (2 * step)
      #expect(isClose(velocities.values[a], rate, absolute: 1e-6))
      for b in 0..<modes.count where a != b {
        #expect(isClose(velocities.leftRotation[a, b], difference(\.left, a, b), absolute: 1e-5))
        #expect(isClose(velocities.rightRotation[a, b], difference(\.right, a, b), absolute: 1e-5))
      }
    }
  }
}
