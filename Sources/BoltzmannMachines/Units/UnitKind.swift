/// What values a unit takes.
public enum UnitKind: Sendable, Equatable {
  /// 0 or 1.
  case bernoulli
  /// −1 or +1.
  case spin
  /// A real number with quadratic energy x²/2σ².
  case gaussian
  /// One of `colours` symbols, as a one-hot vector (visible layers only).
  case potts(colours: Int)

  /// The name, as options and files spell it.
  public var name: String {
    switch self {
    case .bernoulli: "bernoulli"
    case .spin: "spin"
    case .gaussian: "gaussian"
    case .potts: "potts"
    }
  }

  /// Parameters a unit has on its side of the weight matrix: one, or one a colour.
  public var channels: Int {
    if case .potts(let colours) = self { colours } else { 1 }
  }

  /// The kind with this name; `colours` is read for Potts units only.
  public init?(name: String, colours: Int = 0) {
    switch name {
    case "bernoulli": self = .bernoulli
    case "spin", "ising": self = .spin
    case "gaussian": self = .gaussian
    case "potts": self = .potts(colours: colours)
    default: return nil
    }
  }

  /// A two-valued unit is s = scale · x + shift of a bit x.
  var bitScale: Float { self == .spin ? 2 : 1 }
  var bitShift: Float { self == .spin ? -1 : 0 }
}

/// One layer of units: kind, number and the parameters that belong to single units.
public struct Layer: Sendable, Equatable {
  /// What values the units take.
  public let kind: UnitKind
  /// The number of units (sites, for Potts units).
  public let count: Int
  /// The biases, shape [count], or [count × colours] in row-major order for Potts units.
  public var biases: [Float]
  /// The variances σ² of Gaussian units, shape [count]; empty for the other kinds.
  public var variances: [Float]

  /// A layer with biases of zero and variances of one.
  public init(kind: UnitKind, count: Int) {
    precondition(count >= 0, "a layer of \(count) units")
    self.kind = kind
    self.count = count
    biases = [Float](repeating: 0, count: count * kind.channels)
    variances = kind == .gaussian ? [Float](repeating: 1, count: count) : []
  }

  /// Rows or columns of the weight matrix that belong to the layer.
  public var size: Int { count * kind.channels }
}
