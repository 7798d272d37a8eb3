public import NumericalCore

/// How values become bits.
public enum Binarisation: Sendable, Equatable {
  /// 1 where the value is greater than the threshold, in the units of the file (bytes of idx images
  /// are scaled to [0, 1] first).
  case threshold(Double)
  /// 1 with the value as probability; the same seed gives the same bits.
  case probabilities(seed: UInt64)
}

/// How a file or a generator's output is read.
public struct DataOptions: Sendable {
  /// The file's rows are units and its columns are samples.
  public var transpose = false
  /// Makes bits of real values.
  public var binarisation: Binarisation?
  /// The symbols of sequences; by default told from the content.
  public var alphabet: Alphabet?
  /// What the units are; by default told from the content.
  public var variableKind: RequestedKind?
  /// The array in an npz or HDF5 file; by default `samples`, `data`, `X`, `arr_0` or the only one.
  public var key: String?
  /// A file of labels, one integer a sample.
  public var labelsPath: String?
  /// Read no more than this many samples.
  public var limit: Int?
  /// Give every sequence the weight 1 / (number of sequences at least this identical to it).
  public var sequenceIdentityThreshold: Double?
  /// The threads to use.
  public var workers = Workers()

  /// Everything by default.
  public init() {}
}
