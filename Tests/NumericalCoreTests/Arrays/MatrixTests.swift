import NumericalCore
import Testing

@Suite struct MatrixTests {
  static let shapes = [(0, 0), (0, 5), (5, 0), (1, 1), (3, 16), (17, 15), (33, 50), (64, 17)]

  private func numbered(_ rows: Int, _ columns: Int) -> Matrix<Float> {
    Matrix(rows: rows, columns: columns, elements: (0..<rows * columns).map(Float.init))
  }

  @Test(arguments: shapes)
  func `rows are aligned and elements in row-major order`(rows: Int, columns: Int) {
    let matrix = numbered(rows, columns)
    #expect(matrix.stride % 16 == 0 && matrix.stride >= columns && matrix.stride < columns + 16)
    matrix.withUnsafePointer { #expect(UInt(bitPattern: $0) % 64 == 0) }
    #expect(matrix.elements == (0..<rows * columns).map(Float.init))
    for row in 0..<rows {
      #expect(matrix.row(row) == (0..<columns).map { Float(row * columns + $0) })
    }
    #expect(Matrix<Float>(rows: rows, columns: columns).elements.allSatisfy { $0 == 0 })
    #expect(Matrix<Double>(rows: rows, columns: columns).stride % 8 == 0)
    #expect(Matrix<UInt8>(rows: rows, columns: columns).stride % 64 == 0)
  }

  @Test func `copies do not share what is written`() {
    let original = numbered(3, 5)
    var copy = original
    copy[1, 2] = -1
    #expect(original[1, 2] == 7 && copy[1, 2] == -1)
    var other = original
    other.withUnsafeMutablePointer { $0[0] = 99 }
    #expect(original[0, 0] == 0 && other[0, 0] == 99)
    // A unique owner keeps its memory.
    let before = copy.withUnsafePointer { UInt(bitPattern: $0) }
    copy[0, 0] = 4
    #expect(copy.withUnsafePointer { UInt(bitPattern: $0) } == before)
  }

  @Test func `padding is no part of the value`() {
    let clean = numbered(4, 5)
    var dirty = clean
    let stride = dirty.stride
    dirty.withUnsafeMutablePointer { memory in
      for row in 0..<4 {
        for column in 5..<stride { memory[row * stride + column] = .nan }
      }
    }
    #expect(dirty == clean)
    #expect(dirty.elements == clean.elements && dirty.row(3) == clean.row(3))
    #expect(dirty.transposed == clean.transposed)
    #expect(dirty.selectingRows([2, 0]) == clean.selectingRows([2, 0]))
    #expect(dirty.map { $0 * 2 } == clean.map { $0 * 2 })
  }

  @Test(arguments: shapes)
  func `the transpose of the transpose`(rows: Int, columns: Int) {
    let matrix = numbered(rows, columns)
    let transposed = matrix.transposed
    #expect(transposed.rows == columns && transposed.columns == rows)
    for row in 0..<rows {
      for column in 0..<columns { #expect(transposed[column, row] == matrix[row, column]) }
    }
    #expect(transposed.transposed == matrix)
  }

  @Test func `selection takes rows in the given order, also twice`() {
    let matrix = numbered(4, 3)
    let selected = matrix.selectingRows([3, 0, 3])
    #expect(selected.rows == 3)
    #expect(selected.row(0) == [9, 10, 11] && selected.row(1) == [0, 1, 2])
    #expect(selected.row(2) == selected.row(0))
    #expect(matrix.selectingRows([]).rows == 0)
  }

  @Test func `equality`() {
    #expect(numbered(2, 3) == numbered(2, 3))
    #expect(numbered(2, 3) != numbered(3, 2))
    var other = numbered(2, 3)
    other[1, 2] = 0
    #expect(other != numbered(2, 3))
    #expect(Matrix<Float>(rows: 0, columns: 2) != Matrix<Float>(rows: 2, columns: 0))
  }

  @Test func `indices out of range trap`() async {
    await #expect(processExitsWith: .failure) { _ = Matrix<Float>(rows: 2, columns: 3)[2, 0] }
    await #expect(processExitsWith: .failure) { _ = Matrix<Float>(rows: 2, columns: 3)[0, 3] }
    await #expect(processExitsWith: .failure) {
      _ = Matrix<Float>(rows: 2, columns: 3, elements: [1])
    }
  }
}
