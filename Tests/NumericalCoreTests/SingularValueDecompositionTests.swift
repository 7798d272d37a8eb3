import NumericalCore
import TestSupport
import Testing

@Suite struct SingularValueDecompositionTests {
  @Test(arguments: [(5, 3), (3, 5), (7, 7), (1, 4), (0, 3)]) func isTheMatrixAgain(
    rows: Int, columns: Int
  ) {
    var random = RandomStream(seed: testSeed(2), purpose: .test)
    let matrix = Matrix<Float>(
      rows: rows, columns: columns,
      elements: (0..<rows * columns).map { _ in Float(random.normal()) })
    let modes = LinearAlgebra.singularValueDecomposition(matrix)
    #expect(modes.count == min(rows, columns))
    let again = modes.matrix
    for (a, b) in zip(again.elements, matrix.elements) {
      #expect(isClose(a, Double(b), absolute: 1e-12))
    }
    for (value, alone) in zip(modes.values, LinearAlgebra.singularValues(matrix)) {
      #expect(isClose(value, alone, relative: 1e-12))
    }
    for vectors in [modes.left, modes.right] {
      let products = LinearAlgebra.product(vectors, vectors.transposed)
      for a in 0..<modes.count {
        for b in 0..<modes.count {
          #expect(isClose(products[a, b], a == b ? 1 : 0, absolute: 1e-12))
        }
      }
    }
  }

  @Test func aSignIsChosenByTheLeftVector() {
    var random = RandomStream(seed: testSeed(3), purpose: .test)
    let matrix = Matrix<Double>(
      rows: 6, columns: 4, elements: (0..<24).map { _ in random.normal() })
    let modes = LinearAlgebra.singularValueDecomposition(matrix)
    for mode in 0..<modes.count {
      let row = modes.left.row(mode)
      #expect(row.max { abs($0) < abs($1) }.map { $0 > 0 } == true)
    }
    let two = modes.prefix(2)
    #expect(two.values == Array(modes.values[..<2]))
    #expect(two.right.row(1) == modes.right.row(1))
  }
}
