public import NumericalCore

/// Samples of one kind of units, with what is known about them.
public struct DataSet: Sendable {
  /// The samples, one a row.
  public let values: StateMatrix
  /// What the units are.
  public let variableKind: VariableKind
  /// Where the samples come from: a path or a generator's specification.
  public var name: String
  /// One non-negative weight a sample; nil when all samples count the same.
  public var weights: [Double]? {
    didSet { precondition(weights.map { $0.count == count } ?? true, "one weight a sample") }
  }
  /// One label a sample.
  public var labels: [Int]? {
    didSet { precondition(labels.map { $0.count == count } ?? true, "one label a sample") }
  }
  /// One label a sample of the coarser level, where there are two (`hierarchy:`).
  public var coarseLabels: [Int]? {
    didSet { precondition(coarseLabels.map { $0.count == count } ?? true, "one label a sample") }
  }
  /// One name a sample, for example FASTA headers without `>`.
  public var names: [String]? {
    didSet { precondition(names.map { $0.count == count } ?? true, "one name a sample") }
  }
  /// Height and width of a picture of one sample, where the units form one.
  public var pictureShape: PictureShape?
  /// Samples of the file that were left out, for example sequences with foreign symbols.
  public var droppedSamples = 0
  /// What a person should know about how the file was read.
  public var notes: [String] = []
  /// ln p(sample) under the law the samples were drawn from, in nats, where it is known exactly.
  public var exactLogLikelihoods: [Double]? {
    didSet { precondition(exactLogLikelihoods.map { $0.count == count } ?? true, "one a sample") }
  }
  /// The entropy of that law in nats: minus the expected log-likelihood of a sample.
  public var exactEntropy: Double?

  /// Rows and columns of a picture.
  public struct PictureShape: Sendable, Hashable {
    /// Pixels from top to bottom.
    public let height: Int
    /// Pixels from left to right.
    public let width: Int

    /// A picture of `height` × `width` pixels.
    public init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }
  }

  /// Samples of the given kind.
  ///
  /// - Precondition: The representation fits the kind: bits for binary units and spins, colours of
  ///   the alphabet's size for categorical units, reals for continuous ones.
  public init(values: StateMatrix, variableKind: VariableKind, name: String) {
    switch (values, variableKind) {
    case (.bits, .binary), (.bits, .spin), (.reals, .continuous): break
    case (.colours(_, let count), .categorical(let alphabet)):
      precondition(count == alphabet.count, "\(count) colours, \(alphabet.count) symbols")
    default: preconditionFailure("the values do not fit the kind \(variableKind)")
    }
    self.values = values
    self.variableKind = variableKind
    self.name = name
  }

  /// The number of samples.
  public var count: Int { values.rows }

  /// The number of units (sites) of a sample.
  public var unitCount: Int { values.columns }

  /// The mean over the samples of ln p(sample) under the law they were drawn from, in nats: the
  /// value a perfect model reaches on these samples.
  public var exactLogLikelihood: Double? {
    guard let exactLogLikelihoods, !exactLogLikelihoods.isEmpty else { return nil }
    return exactLogLikelihoods.reduce(0, +) / Double(exactLogLikelihoods.count)
  }

  /// The samples of the given numbers, in the given order.
  public func selecting(_ indices: [Int]) -> DataSet {
    var result = DataSet(
      values: values.selectingRows(indices), variableKind: variableKind, name: name)
    result.weights = weights.map { all in indices.map { all[$0] } }
    result.labels = labels.map { all in indices.map { all[$0] } }
    result.coarseLabels = coarseLabels.map { all in indices.map { all[$0] } }
    result.names = names.map { all in indices.map { all[$0] } }
    result.exactLogLikelihoods = exactLogLikelihoods.map { all in indices.map { all[$0] } }
    result.exactEntropy = exactEntropy
    result.pictureShape = pictureShape
    result.droppedSamples = droppedSamples
    result.notes = notes
    return result
  }
}
