internal import NumericalCore

/// Reads rows of numbers from a stream, one at a time.
struct RowReader {
  private let stream: ByteStream
  private let type: ScalarType
  private let swapped: Bool
  private let columns: Int
  private var bytes: [UInt8] = []
  /// The row that was read last.
  private(set) var row: [Double] = []

  init(stream: ByteStream, type: ScalarType, swapped: Bool, columns: Int) {
    self.stream = stream
    self.type = type
    self.swapped = swapped
    self.columns = columns
  }

  /// Reads the next row, number `index` for messages, times `scale`.
  mutating func next(_ index: Int, scale: Double = 1) throws(SzilardError) {
    if row.isEmpty {
      // The first row shows that rows are as long as the header says; memory follows.
      bytes = try stream.readBytes(columns * type.size, "row \(index + 1)")
      row = [Double](repeating: 0, count: columns)
    } else {
      try stream.fillWhole(&bytes, "row \(index + 1)")
    }
    bytes.withUnsafeBytes { source in
      row.withUnsafeMutableBufferPointer { type.convert(source, swapped: swapped, into: $0) }
    }
    if scale != 1 {
      for column in row.indices { row[column] *= scale }
    }
  }
}
