/// The states of a layer of units in a batch of samples or chains: rows are samples.
///
/// Two-valued units (0/1 and ±1 alike) are bits, categorical (Potts) units are colour indices, and
/// continuous units are floats.
public enum StateMatrix: Sendable, Equatable {
  /// Two-valued units: a set bit is 1, or spin up.
  case bits(BitMatrix)
  /// Categorical units: `values[row, site]` is in `0 ..< count`.
  case colours(Matrix<UInt8>, count: Int)
  /// Continuous units.
  case reals(Matrix<Float>)

  /// The number of samples.
  public var rows: Int {
    switch self {
    case .bits(let bits): bits.rows
    case .colours(let colours, _): colours.rows
    case .reals(let reals): reals.rows
    }
  }

  /// The number of units (sites, for categorical units).
  public var columns: Int {
    switch self {
    case .bits(let bits): bits.columns
    case .colours(let colours, _): colours.columns
    case .reals(let reals): reals.columns
    }
  }

  /// The states of the given rows, in the given order.
  public func selectingRows(_ indices: some Collection<Int>) -> StateMatrix {
    switch self {
    case .bits(let bits): .bits(bits.selectingRows(indices))
    case .colours(let colours, let count): .colours(colours.selectingRows(indices), count: count)
    case .reals(let reals): .reals(reals.selectingRows(indices))
    }
  }

  /// The states of this batch and below them those of another one of the same kind and width.
  public func appending(_ other: StateMatrix) -> StateMatrix {
    switch (self, other) {
    case (.bits(let first), .bits(let second)):
      var result = BitMatrix(rows: first.rows + second.rows, columns: first.columns)
      for row in 0..<first.rows { result.setRow(row, to: row, of: first) }
      for row in 0..<second.rows { result.setRow(first.rows + row, to: row, of: second) }
      return .bits(result)
    case (.colours(let first, let count), .colours(let second, let otherCount)):
      precondition(first.columns == second.columns && count == otherCount)
      return .colours(
        Matrix(
          rows: first.rows + second.rows, columns: first.columns,
          elements: first.elements + second.elements), count: count)
    case (.reals(let first), .reals(let second)):
      precondition(first.columns == second.columns)
      return .reals(
        Matrix(
          rows: first.rows + second.rows, columns: first.columns,
          elements: first.elements + second.elements))
    default: preconditionFailure("batches of different kinds")
    }
  }
}
