internal import NumericalCore

/// Every state of a layer of discrete units.
struct LayerStates: Sendable {
  /// One state a row.
  let states: StateMatrix
  /// The native values of each state.
  let values: [[Double]]

  /// All states of a layer, or nil when it is continuous or has more than `maximum`.
  init?(_ layer: Layer, maximum: Int) {
    let base: Int
    switch layer.kind {
    case .bernoulli, .spin: base = 2
    case .potts(let colours): base = max(1, colours)
    case .gaussian: return nil
    }
    var count = 1
    for _ in 0..<layer.count {
      count *= base
      if count > maximum { return nil }
    }
    if case .potts(let colours) = layer.kind {
      var matrix = Matrix<UInt8>(rows: count, columns: layer.count)
      for row in 0..<count {
        var rest = row
        for site in 0..<layer.count {
          matrix[row, site] = UInt8(rest % base)
          rest /= base
        }
      }
      states = .colours(matrix, count: colours)
    } else {
      var bits = BitMatrix(rows: count, columns: layer.count)
      for row in 0..<count {
        for unit in 0..<layer.count { bits[row, unit] = row >> unit & 1 == 1 }
      }
      states = .bits(bits)
    }
    let states = states
    values = (0..<count).map {
      RestrictedBoltzmannMachine.values(of: states, row: $0, in: layer)
    }
  }

  /// The number of states.
  var count: Int { values.count }

  /// The place of a row of states in this list.
  static func index(of states: StateMatrix, row: Int) -> Int {
    switch states {
    case .bits(let bits):
      return (0..<bits.columns).reduce(0) { $0 | (bits[row, $1] ? 1 << $1 : 0) }
    case .colours(let colours, let count):
      return (0..<colours.columns).reversed().reduce(0) { $0 * count + Int(colours[row, $1]) }
    case .reals: preconditionFailure("continuous units cannot be enumerated")
    }
  }
}
