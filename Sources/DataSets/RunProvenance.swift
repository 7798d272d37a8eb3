/// How data files are read.
public struct ReadingDescription: Sendable, Codable, Equatable {
  /// Whether rows and columns are exchanged.
  public var transpose = false
  /// The threshold or `probabilities`.
  public var binarize: String?
  /// The letters of sequences.
  public var alphabet: String?
  /// The array in an npz or HDF5 file.
  public var key: String?
  /// The kind of variables, where it was forced.
  public var variables: String?
  /// The identity threshold of sequence weights.
  public var sequenceWeights: Double?
  /// The number of samples used, at most.
  public var limit: Int?

  /// Files as they are.
  public init() {}
}

/// Where a run runs.
public struct MachineDescription: Sendable, Codable, Equatable {
  /// The host's name.
  public var host: String
  /// The kernels in use.
  public var instructionSet: String
  /// The BLAS in use.
  public var blas: String
  /// Threads.
  public var threads: Int

  /// A description.
  public init(host: String, instructionSet: String, blas: String, threads: Int) {
    self.host = host
    self.instructionSet = instructionSet
    self.blas = blas
    self.threads = threads
  }
}

/// What a run cost.
public struct CostDescription: Sendable, Codable, Equatable {
  /// Seconds, over all processes.
  public var seconds = 0.0
  /// Joules, where the machine tells.
  public var joules: Double?

  /// Nothing yet.
  public init() {}
}
