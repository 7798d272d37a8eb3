/// What the units of a data set are.
public enum VariableKind: Sendable, Hashable {
  /// Values 0 and 1 (`bernoulli`).
  case binary
  /// Values −1 and +1 (`ising`).
  case spin
  /// One of q symbols a site (`categorical`, Potts).
  case categorical(Alphabet)
  /// Real values (`continuous`).
  case continuous

  /// The word that files use for the kind: `bernoulli`, `ising`, `categorical`, `continuous`.
  public var fileWord: String {
    switch self {
    case .binary: "bernoulli"
    case .spin: "ising"
    case .categorical: "categorical"
    case .continuous: "continuous"
    }
  }

  /// The word for a person: `binary`, `spin`, `categorical` or `continuous`.
  public var name: String {
    switch self {
    case .binary: "binary"
    case .spin: "spin"
    case .categorical: "categorical"
    case .continuous: "continuous"
    }
  }

  /// Values that a unit can take; 0 when it takes any.
  public var categoryCount: Int {
    switch self {
    case .binary, .spin: 2
    case .categorical(let alphabet): alphabet.count
    case .continuous: 0
    }
  }
}

/// What a user says the units of a file are.
public enum RequestedKind: String, Sendable, CaseIterable {
  case binary
  case spin
  case categorical
  case continuous

  /// The kind of a file's word, also in the words of other tools.
  init?(fileWord: String) {
    switch fileWord.lowercased() {
    case "bernoulli", "binary": self = .binary
    case "ising", "spin": self = .spin
    case "categorical", "potts": self = .categorical
    case "continuous", "gaussian": self = .continuous
    default: return nil
    }
  }
}
