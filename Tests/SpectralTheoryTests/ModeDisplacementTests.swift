import Foundation
import NumericalCore
import SpectralTheory
import TestSupport
import Testing

@Suite struct ModeDisplacementTests {
  private func draw(_ rows: Int, _ columns: Int, _ random: inout RandomStream) -> Matrix<Double> {
    Matrix(
      rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in random.normal() })
  }

  /// Modes that were renumbered and changed their signs are matched, and move as the theory says.
  @Test(arguments: [(6, 4), (4, 6)]) func modesAreMatchedAndMoveAsTheVelocitiesSay(
    rows: Int, columns: Int
  ) {
    var random = RandomStream(seed: testSeed(21), purpose: .test)
    let before = draw(rows, columns, &random)
    let change = draw(rows, columns, &random)
    let step = 1e-6
    let modes = LinearAlgebra.singularValueDecomposition(before)
    var later = LinearAlgebra.singularValueDecomposition(
      LinearAlgebra.sum(before, change, factor: step))
    // Another order, other signs: the same decomposition.
    let order = [2, 0, 3, 1]
    later = SingularValueDecomposition(
      values: order.map { later.values[$0] }, left: later.left.selectingRows(order),
      right: later.right.selectingRows(order))
    for i in 0..<rows { later.left[1, i].negate() }
    for j in 0..<columns { later.right[1, j].negate() }
    let motion = ModeDisplacement(from: modes, to: later, duration: step)
    let theory = ModeVelocities(of: modes, change: change)
    #expect(motion.isFollowed.allSatisfy { $0 })
    for a in 0..<4 {
      #expect(isClose(motion.overlaps[a], 1, absolute: 1e-9))
      #expect(isClose(motion.values[a], theory.values[a], absolute: 1e-3))
      for b in 0..<4 where b != a {
        #expect(isClose(motion.leftRotation[a, b], theory.leftRotation[a, b], absolute: 1e-3))
        #expect(isClose(motion.rightRotation[a, b], theory.rightRotation[a, b], absolute: 1e-3))
        #expect(motion.leftRotation[a, b] == -motion.leftRotation[b, a])
      }
    }
  }

  @Test func modesOfAnotherMatrixAreNotFollowed() {
    var random = RandomStream(seed: testSeed(22), purpose: .test)
    let first = LinearAlgebra.singularValueDecomposition(draw(50, 30, &random)).prefix(5)
    let other = LinearAlgebra.singularValueDecomposition(draw(50, 30, &random)).prefix(5)
    let motion = ModeDisplacement(from: first, to: other, duration: 10)
    #expect(motion.isFollowed.allSatisfy { !$0 })
  }
}
