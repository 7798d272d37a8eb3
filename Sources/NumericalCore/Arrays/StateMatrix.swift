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
}
