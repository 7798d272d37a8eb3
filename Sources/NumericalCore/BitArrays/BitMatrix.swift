/// A matrix of bits, one row of 64-bit words a sample: MNIST's training set takes 6 MB.
///
/// Bit `i` of a row is bit `i % 64` of word `i / 64`; bits past the last column are zero.
public struct BitMatrix: Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// Words from the beginning of a row to the beginning of the next.
  public let wordsPerRow: Int
  private var buffer: AlignedBuffer<UInt64>

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "a bit matrix of \(rows) x \(columns)")
    self.rows = rows
    self.columns = columns
    wordsPerRow = (columns + 63) / 64
    buffer = AlignedBuffer(count: rows * wordsPerRow)
  }

  /// The bit at (row, column).
  public subscript(row: Int, column: Int) -> Bool {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return buffer.pointer[row * wordsPerRow + column >> 6] >> UInt64(column & 63) & 1 == 1
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      makeUnique()
      let mask = UInt64(1) << UInt64(column & 63)
      if newValue {
        buffer.pointer[row * wordsPerRow + column >> 6] |= mask
      } else {
        buffer.pointer[row * wordsPerRow + column >> 6] &= ~mask
      }
    }
  }

  /// The words of one row.
  public func words(ofRow row: Int) -> [UInt64] {
    precondition(row >= 0 && row < rows)
    return Array(UnsafeBufferPointer(start: buffer.pointer + row * wordsPerRow, count: wordsPerRow))
  }

  /// The matrix of the given rows, in the given order.
  public func selectingRows(_ indices: some Collection<Int>) -> BitMatrix {
    // An array first: a generic collection would hand out its elements one boxed value at a time.
    let indices = Array(indices)
    let result = BitMatrix(rows: indices.count, columns: columns)
    for target in indices.indices {
      let source = indices[target]
      precondition(source >= 0 && source < rows)
      (result.buffer.pointer + target * wordsPerRow).update(
        from: buffer.pointer + source * wordsPerRow, count: wordsPerRow)
    }
    return result
  }

  /// Overwrites row `target` with row `source` of another matrix of the same width.
  public mutating func setRow(_ target: Int, to source: Int, of other: BitMatrix) {
    precondition(columns == other.columns && target >= 0 && target < rows)
    precondition(source >= 0 && source < other.rows)
    makeUnique()
    (buffer.pointer + target * wordsPerRow).update(
      from: other.buffer.pointer + source * wordsPerRow, count: wordsPerRow)
  }

  /// How many bits of each column are set.
  public func columnCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: columns)
    for row in 0..<rows {
      for word in 0..<wordsPerRow {
        var bits = buffer.pointer[row * wordsPerRow + word]
        while bits != 0 {
          counts[word << 6 + bits.trailingZeroBitCount] += 1
          bits &= bits - 1
        }
      }
    }
    return counts
  }

  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&buffer) { buffer = AlignedBuffer(copying: buffer) }
  }

  /// The words for reading, rows `wordsPerRow` apart.
  package func withUnsafePointer<Result, Failure: Error>(
    _ body: (UnsafePointer<UInt64>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafePointer(buffer.pointer))
  }

  /// The words for writing, rows `wordsPerRow` apart; bits past the last column must stay zero.
  package mutating func withUnsafeMutablePointer<Result, Failure: Error>(
    _ body: (UnsafeMutablePointer<UInt64>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    return try body(buffer.pointer)
  }
}

extension BitMatrix: Equatable {
  /// Whether shapes and elements are equal; padding does not count.
  public static func == (left: BitMatrix, right: BitMatrix) -> Bool {
    guard left.rows == right.rows, left.columns == right.columns else { return false }
    for word in 0..<left.rows * left.wordsPerRow
    where left.buffer.pointer[word] != right.buffer.pointer[word] {
      return false
    }
    return true
  }
}
