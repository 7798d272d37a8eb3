/// A row-major matrix whose rows begin on 64-byte boundaries.
///
/// The padding between `columns` and `stride` belongs to the kernels, which may write to it.
public struct Matrix<Scalar: BitwiseCopyable & Sendable & Equatable & ExpressibleByIntegerLiteral>:
  Sendable
{
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// Elements from the beginning of a row to the beginning of the next.
  public let stride: Int
  private var buffer: AlignedBuffer<Scalar>

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) x \(columns)")
    self.rows = rows
    self.columns = columns
    let lane = Swift.max(1, 64 / MemoryLayout<Scalar>.stride)
    stride = (columns + lane - 1) / lane * lane
    buffer = AlignedBuffer(count: rows * stride)
  }

  /// A matrix with one value everywhere.
  public init(rows: Int, columns: Int, repeating value: Scalar) {
    self.init(rows: rows, columns: columns)
    for row in 0..<rows { (buffer.pointer + row * stride).update(repeating: value, count: columns) }
  }

  /// The matrix with the given elements in row-major order.
  public init(rows: Int, columns: Int, elements: some Collection<Scalar>) {
    precondition(
      elements.count == rows * columns, "\(elements.count) elements for \(rows) x \(columns)")
    self.init(rows: rows, columns: columns)
    // An array first: a generic collection would hand out its elements one boxed value at a time.
    Array(elements).withUnsafeBufferPointer { source in
      guard let first = source.baseAddress else { return }
      for row in 0..<rows {
        (buffer.pointer + row * stride).update(from: first + row * columns, count: columns)
      }
    }
  }

  /// The element at (row, column).
  public subscript(row: Int, column: Int) -> Scalar {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return buffer.pointer[row * stride + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      makeUnique()
      buffer.pointer[row * stride + column] = newValue
    }
  }

  /// A copy of one row, without padding.
  public func row(_ index: Int) -> [Scalar] {
    precondition(index >= 0 && index < rows)
    return Array(UnsafeBufferPointer(start: buffer.pointer + index * stride, count: columns))
  }

  /// Replaces one row.
  public mutating func setRow(_ index: Int, to values: [Scalar]) {
    precondition(index >= 0 && index < rows && values.count == columns)
    makeUnique()
    values.withUnsafeBufferPointer { source in
      guard let first = source.baseAddress else { return }
      (buffer.pointer + index * stride).update(from: first, count: columns)
    }
  }

  /// All elements in row-major order, without padding.
  public var elements: [Scalar] {
    var result: [Scalar] = []
    result.reserveCapacity(rows * columns)
    for row in 0..<rows {
      result.append(
        contentsOf: UnsafeBufferPointer(start: buffer.pointer + row * stride, count: columns))
    }
    return result
  }

  /// The matrix of the given rows, in the given order.
  public func selectingRows(_ indices: some Collection<Int>) -> Matrix {
    // An array first: a generic collection would hand out its elements one boxed value at a time.
    let indices = Array(indices)
    let result = Matrix(rows: indices.count, columns: columns)
    for target in indices.indices {
      let source = indices[target]
      precondition(source >= 0 && source < rows)
      (result.buffer.pointer + target * stride).update(
        from: buffer.pointer + source * stride, count: columns)
    }
    return result
  }

  /// The transpose.
  public var transposed: Matrix {
    let result = Matrix(rows: columns, columns: rows)
    let tile = 16
    for top in Swift.stride(from: 0, to: rows, by: tile) {
      for left in Swift.stride(from: 0, to: columns, by: tile) {
        for row in top..<Swift.min(top + tile, rows) {
          for column in left..<Swift.min(left + tile, columns) {
            result.buffer.pointer[column * result.stride + row] =
              buffer.pointer[row * stride + column]
          }
        }
      }
    }
    return result
  }

  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&buffer) { buffer = AlignedBuffer(copying: buffer) }
  }

  /// The memory for reading, rows `stride` apart.
  package func withUnsafePointer<Result, Failure: Error>(
    _ body: (UnsafePointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafePointer(buffer.pointer))
  }

  /// The memory for writing, rows `stride` apart.
  package mutating func withUnsafeMutablePointer<Result, Failure: Error>(
    _ body: (UnsafeMutablePointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    return try body(buffer.pointer)
  }

  /// Applies a transformation to each element.
  public func map<Other>(_ transform: (Scalar) -> Other) -> Matrix<Other> {
    let result = Matrix<Other>(rows: rows, columns: columns)
    for row in 0..<rows {
      let (source, target) = (
        buffer.pointer + row * stride, result.buffer.pointer + row * result.stride
      )
      for column in 0..<columns { target[column] = transform(source[column]) }
    }
    return result
  }
}

extension Matrix: Equatable {
  /// Whether shapes and elements are equal; padding does not count.
  public static func == (left: Matrix, right: Matrix) -> Bool {
    guard left.rows == right.rows, left.columns == right.columns else { return false }
    for row in 0..<left.rows {
      for column in 0..<left.columns
      where left.buffer.pointer[row * left.stride + column]
        != right.buffer.pointer[row * right.stride + column]
      {
        return false
      }
    }
    return true
  }
}
