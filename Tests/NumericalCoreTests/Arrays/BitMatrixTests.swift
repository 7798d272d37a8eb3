import NumericalCore
import TestSupport
import Testing

@Suite struct BitMatrixTests {
  static let shapes = [(0, 0), (0, 7), (4, 0), (1, 1), (3, 63), (3, 64), (5, 65), (20, 130)]

  private func random(_ rows: Int, _ columns: Int, seed: UInt64 = 1) -> (BitMatrix, [[Bool]]) {
    var stream = RandomStream(seed: seed, purpose: .test)
    var matrix = BitMatrix(rows: rows, columns: columns)
    var bits = [[Bool]](repeating: [Bool](repeating: false, count: columns), count: rows)
    for row in 0..<rows {
      for column in 0..<columns {
        bits[row][column] = stream.next() >> 63 == 1
        matrix[row, column] = bits[row][column]
      }
    }
    return (matrix, bits)
  }

  @Test(arguments: shapes)
  func `bits are where they were put`(rows: Int, columns: Int) {
    let (matrix, bits) = random(rows, columns)
    #expect(matrix.wordsPerRow == (columns + 63) / 64)
    for row in 0..<rows {
      let words = matrix.words(ofRow: row)
      for column in 0..<columns {
        #expect(matrix[row, column] == bits[row][column])
        #expect((words[column / 64] >> UInt64(column % 64)) & 1 == (bits[row][column] ? 1 : 0))
      }
    }
    let counts = (0..<columns).map { column in bits.count { $0[column] } }
    #expect(matrix.columnCounts() == counts)
  }

  @Test(arguments: shapes)
  func `bits past the last column stay zero`(rows: Int, columns: Int) {
    var matrix = BitMatrix(rows: rows, columns: columns)
    for row in 0..<rows {
      for column in 0..<columns { matrix[row, column] = true }
    }
    for row in 0..<rows {
      let ones = matrix.words(ofRow: row).reduce(0) { $0 + $1.nonzeroBitCount }
      #expect(ones == columns)
    }
  }

  @Test func `copies do not share what is written`() {
    let (original, bits) = random(4, 70)
    var copy = original
    copy[2, 69].toggle()
    #expect(original[2, 69] == bits[2][69] && copy[2, 69] != bits[2][69])
    #expect(copy != original)
    copy[2, 69].toggle()
    #expect(copy == original)
    var other = original
    other.withUnsafeMutablePointer { $0[0] ^= 1 }
    #expect(original[0, 0] == bits[0][0] && other[0, 0] != bits[0][0])
    var third = original
    third.setRow(0, to: 3, of: original)
    #expect(original.words(ofRow: 0) != original.words(ofRow: 3))
    #expect(third.words(ofRow: 0) == original.words(ofRow: 3))
  }

  @Test func `selection takes rows in the given order, also twice`() {
    let (matrix, _) = random(6, 100)
    let selected = matrix.selectingRows([5, 0, 5])
    #expect(selected.rows == 3 && selected.columns == 100)
    for (target, source) in [5, 0, 5].enumerated() {
      #expect(selected.words(ofRow: target) == matrix.words(ofRow: source))
    }
  }

  @Test func `state matrices select and compare like their contents`() {
    let (bits, _) = random(6, 10)
    let colours = Matrix<UInt8>(rows: 6, columns: 10, elements: (0..<60).map { UInt8($0 % 5) })
    let reals = Matrix<Float>(rows: 6, columns: 10, elements: (0..<60).map(Float.init))
    let states: [StateMatrix] = [.bits(bits), .colours(colours, count: 5), .reals(reals)]
    for state in states {
      #expect(state.rows == 6 && state.columns == 10)
      #expect(state.selectingRows([1, 4]).rows == 2)
      #expect(state.selectingRows(Array(0..<6)) == state)
    }
    #expect(states[0].selectingRows([3]) == .bits(bits.selectingRows([3])))
    #expect(states[1] != .colours(colours, count: 6))
    #expect(states[0] != states[2])
  }

  @Test func `indices out of range trap`() async {
    await #expect(processExitsWith: .failure) { _ = BitMatrix(rows: 2, columns: 70)[0, 70] }
    await #expect(processExitsWith: .failure) {
      var matrix = BitMatrix(rows: 2, columns: 70)
      matrix[-1, 0] = true
    }
  }
}
