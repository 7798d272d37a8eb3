public import DataSets
public import NumericalCore

extension UnitKind {
  /// The kind of visible unit that fits a data set: 0/1 → Bernoulli, ±1 → spin, sequences → Potts,
  /// real numbers → Gaussian.
  public init(fitting data: DataSet) {
    switch data.variableKind {
    case .binary: self = .bernoulli
    case .spin: self = .spin
    case .categorical(let alphabet): self = .potts(colours: alphabet.count)
    case .continuous: self = .gaussian
    }
  }
}

extension DataSet {
  /// The samples as states of units of the given kind.
  ///
  /// 0/1 and ±1 data fit Bernoulli and spin units alike (0 ↔ −1, 1 ↔ +1), and Gaussian units with
  /// their numerical values.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` when the data do not fit, with what to do.
  public func states(for kind: UnitKind) throws(SzilardError) -> StateMatrix {
    switch (values, kind) {
    case (.bits, .bernoulli), (.bits, .spin), (.reals, .gaussian): return values
    case (.colours(_, let count), .potts(let colours)) where count == colours: return values
    case (.colours(_, let count), .potts(let colours)):
      throw SzilardError(
        .badData,
        "\(name): has \(count) symbols, the model \(colours); give the same --alphabet to both")
    case (.bits(let bits), .gaussian):
      var reals = Matrix<Float>(rows: bits.rows, columns: bits.columns)
      let low: Float = variableKind == .spin ? -1 : 0
      for r in 0..<bits.rows {
        for i in 0..<bits.columns { reals[r, i] = bits[r, i] ? 1 : low }
      }
      return .reals(reals)
    case (.reals, .bernoulli), (.reals, .spin):
      throw SzilardError(
        .badData,
        """
        \(name): real numbers do not fit \(kind.name) units; give --binarize THRESHOLD (or \
        --binarize probabilities), or --visible-units gaussian
        """)
    default:
      throw SzilardError(
        .badData,
        "\(name): \(variableKind.fileWord) data do not fit \(kind.name) visible units")
    }
  }
}
