package import NumericalCore

/// The memory of a batch of layer states, as the kernels take it.
enum LayerMemory {
  case bits(UnsafeMutablePointer<UInt64>, stride: Int)
  case colours(UnsafeMutablePointer<UInt8>, stride: Int, count: Int)
  case reals(UnsafeMutablePointer<Float>, stride: Int)

  /// The memory from the given row on.
  func advanced(by row: Int) -> LayerMemory {
    switch self {
    case .bits(let pointer, let stride): .bits(pointer + row * stride, stride: stride)
    case .colours(let pointer, let stride, let count):
      .colours(pointer + row * stride, stride: stride, count: count)
    case .reals(let pointer, let stride): .reals(pointer + row * stride, stride: stride)
    }
  }
}

extension StateMatrix {
  /// Zero states of a layer for `rows` chains.
  package init(zerosFor side: BernoulliForm.Side, rows: Int) {
    switch side.storage {
    case .bits: self = .bits(BitMatrix(rows: rows, columns: side.count))
    case .colours(let count):
      self = .colours(Matrix(rows: rows, columns: side.count), count: count)
    case .reals: self = .reals(Matrix(rows: rows, columns: side.count))
    }
  }

  /// Lends the memory for writing.
  mutating func withMemory<Result>(_ body: (LayerMemory) -> Result) -> Result {
    switch consume self {
    case .bits(var bits):
      let stride = bits.wordsPerRow
      self = .bits(BitMatrix(rows: 0, columns: 0))
      let result = bits.withUnsafeMutablePointer { body(.bits($0, stride: stride)) }
      self = .bits(bits)
      return result
    case .colours(var colours, let count):
      let stride = colours.stride
      self = .colours(Matrix(rows: 0, columns: 0), count: count)
      let result = colours.withUnsafeMutablePointer {
        body(.colours($0, stride: stride, count: count))
      }
      self = .colours(colours, count: count)
      return result
    case .reals(var reals):
      let stride = reals.stride
      self = .reals(Matrix(rows: 0, columns: 0))
      let result = reals.withUnsafeMutablePointer { body(.reals($0, stride: stride)) }
      self = .reals(reals)
      return result
    }
  }

  /// Lends the memory for reading; the body must not write.
  func withReadOnlyMemory<Result>(_ body: (LayerMemory) -> Result) -> Result {
    switch self {
    case .bits(let bits):
      bits.withUnsafePointer { body(.bits(.init(mutating: $0), stride: bits.wordsPerRow)) }
    case .colours(let colours, let count):
      colours.withUnsafePointer {
        body(.colours(.init(mutating: $0), stride: colours.stride, count: count))
      }
    case .reals(let reals):
      reals.withUnsafePointer { body(.reals(.init(mutating: $0), stride: reals.stride)) }
    }
  }
}
