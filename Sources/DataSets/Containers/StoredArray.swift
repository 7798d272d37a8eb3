package import NumericalCore

/// An array as the containers hold it: numbers of one type in row-major order, little-endian.
package struct StoredArray: Sendable, Equatable {
  /// The format of the numbers.
  package let type: ScalarType
  /// The lengths of the axes; empty for a scalar.
  package let shape: [Int]
  /// The numbers.
  package let bytes: [UInt8]

  /// An array of the given bytes.
  package init(type: ScalarType, shape: [Int], bytes: [UInt8]) {
    precondition(shape.reduce(1, *) * type.size == bytes.count, "\(bytes.count) bytes for \(shape)")
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }

  private init<Word: FixedWidthInteger & BitwiseCopyable>(
    _ type: ScalarType, _ shape: [Int]?, words: some Collection<Word>
  ) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * type.size)
    for word in words { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
    self.init(type: type, shape: shape ?? [words.count], bytes: bytes)
  }

  /// An array of floats, by default of one axis.
  package init(_ values: [Float], shape: [Int]? = nil) {
    self.init(.float32, shape, words: values.lazy.map(\.bitPattern))
  }

  /// An array of doubles, by default of one axis.
  package init(_ values: [Double], shape: [Int]? = nil) {
    self.init(.float64, shape, words: values.lazy.map(\.bitPattern))
  }

  /// An array of integers, by default of one axis.
  package init(_ values: [Int], shape: [Int]? = nil) {
    self.init(.int64, shape, words: values.lazy.map { Int64($0) })
  }

  /// An array of words, by default of one axis.
  package init(_ values: [UInt64], shape: [Int]? = nil) {
    self.init(.uint64, shape, words: values)
  }

  /// An array of bytes, by default of one axis.
  package init(_ values: [UInt8], shape: [Int]? = nil) {
    self.init(type: .uint8, shape: shape ?? [values.count], bytes: values)
  }

  /// A matrix without its padding.
  package init(_ matrix: Matrix<Float>) {
    self.init(matrix.elements, shape: [matrix.rows, matrix.columns])
  }

  /// The number of numbers.
  package var count: Int { bytes.count / type.size }

  /// The numbers as doubles (integers beyond 2⁵³ are rounded).
  package var doubles: [Double] {
    [Double](unsafeUninitializedCapacity: count) { target, initialised in
      target.initialize(repeating: 0)
      let part = UnsafeMutableBufferPointer(rebasing: target[..<count])
      bytes.withUnsafeBytes { type.convert($0, swapped: false, into: part) }
      initialised = count
    }
  }

  /// The numbers as floats (rounded).
  package var floats: [Float] {
    if type == .float32 {
      return bytes.withUnsafeBytes { source in
        (0..<count).map {
          Float(
            bitPattern: UInt32(
              littleEndian: source.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
      }
    }
    return doubles.map { Float($0) }
  }

  /// The numbers as integers; nil when one of them is not an integer that fits.
  package var integers: [Int]? {
    if type == .int64 || type == .uint64 {
      guard let words else { return nil }
      if type == .int64 { return words.map { Int(Int64(bitPattern: $0)) } }
      return words.allSatisfy { $0 <= UInt64(Int.max) } ? words.map { Int($0) } : nil
    }
    var result: [Int] = []
    result.reserveCapacity(count)
    for value in doubles {
      guard let integer = Int(exactly: value) else { return nil }
      result.append(integer)
    }
    return result
  }

  /// The bit patterns of 64-bit integers; nil for other types.
  package var words: [UInt64]? {
    guard type == .uint64 || type == .int64 else { return nil }
    return bytes.withUnsafeBytes { source in
      (0..<count).map {
        UInt64(littleEndian: source.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
      }
    }
  }

  /// The numbers as a matrix; nil unless there are two axes.
  package var matrix: Matrix<Float>? {
    shape.count == 2 ? Matrix(rows: shape[0], columns: shape[1], elements: floats) : nil
  }

  /// The number of bytes of an array, or nil when that overflows or an axis is negative.
  package static func byteCount(of shape: [Int], _ type: ScalarType) -> Int? {
    var total = type.size
    for length in shape {
      let (product, overflow) = total.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else { return nil }
      total = product
    }
    return total
  }
}
