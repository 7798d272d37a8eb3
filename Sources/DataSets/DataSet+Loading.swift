public import NumericalCore

extension DataSet {
  /// Loads a file, or draws from a generator.
  ///
  /// ```
  /// try DataSet.load("train-images-idx3-ubyte.gz")
  /// try DataSet.load("ising:size=16,inverse-temperature=0.4407,samples=10000")
  /// ```
  ///
  /// Formats are told by the name, and by the content where the name says nothing: npy, npz, text
  /// (csv, tsv, txt, dat), idx, HDF5 and FASTA; all of them may be gzipped. Files are converted while
  /// they are read: values that are all 0 or 1, or all −1 or 1, become bits.
  ///
  /// - Parameters:
  ///   - argument: A path, or `name:key=value,…` of a generator (``Generators/names``).
  ///   - options: How to read it.
  /// - Throws: `cannotOpen` for a missing file or a folder, `badData` for a damaged or unfit content
  ///   with the place of the fault, `usage` for options that do not go together.
  /// - Complexity: One pass over the file; memory of the samples in their final form, plus a block.
  public static func load(
    _ argument: String, options: DataOptions = DataOptions()
  ) throws(SzilardError) -> DataSet {
    if let limit = options.limit, limit < 1 {
      throw SzilardError(.usage, "a limit of \(limit) samples; it must be at least 1")
    }
    var result: DataSet
    if !FileStatus.exists(argument), let specification = try GeneratorSpecification(argument) {
      result = try Generators.generate(specification, workers: options.workers)
      if let limit = options.limit, limit < result.count {
        result = result.selecting(Array(0..<limit))
      }
      let unused: [(String, Bool)] = [
        ("--transpose", options.transpose), ("--key", options.key != nil),
        ("--binarize", options.binarisation != nil), ("--alphabet", options.alphabet != nil),
        ("--variables", options.variableKind != nil),
      ]
      if let (name, _) = unused.first(where: \.1) {
        throw SzilardError(
          .usage, "\(name): tells how a file is read; '\(argument)' is made, not read")
      }
      if let path = options.labelsPath {
        throw SzilardError(.usage, "labels '\(path)' cannot be given to a generator")
      }
    } else {
      result = try loadFile(argument, options)
    }
    if let threshold = options.sequenceIdentityThreshold {
      result.weights = try result.sequenceWeights(
        identityThreshold: threshold, workers: options.workers)
    }
    return result
  }

  private static func loadFile(
    _ path: String, _ options: DataOptions
  ) throws(SzilardError) -> DataSet {
    let samples = try read(path, options)
    var result = DataSet(values: samples.values, variableKind: samples.kind, name: path)
    result.notes = samples.notes
    result.names = samples.names
    result.weights = samples.weights
    result.pictureShape = samples.pictureShape
    result.droppedSamples = samples.dropped
    result.labels = samples.labels
    if let labelsPath = options.labelsPath {
      var labels = try Labels.read(labelsPath)
      let total = result.count + result.droppedSamples
      if let limit = options.limit, labels.count > total, total == limit {
        labels = Array(labels.prefix(total))
      }
      guard labels.count == total else {
        throw SzilardError(
          .badData,
          "\(labelsPath): holds \(labels.count) labels, \(path) holds \(total) samples")
      }
      result.labels = samples.kept.map { kept in kept.map { labels[$0] } } ?? labels
    }
    return result
  }

  private static func read(
    _ path: String, _ options: DataOptions
  ) throws(SzilardError) -> LoadedSamples {
    let stream = try ByteStream(path: path)
    let start = try stream.peek(512)
    guard !start.isEmpty else { throw SzilardError(.badData, "\(path): the file is empty") }
    let content = FileFormat.ofContent(start)
    var format = FileFormat.ofName(path) ?? content
    // Sequences often lie in files named .txt.
    if format == .text, content == .fasta { format = .fasta }
    switch format {
    case .npy: return try NPYSamples.read(stream, options: options, kind: options.variableKind)
    case .text: return try TextSamples.read(stream, options: options)
    case .fasta: return try FASTASamples.read(stream, options: options)
    case .idx: return try IDXSamples.read(path: path, options: options)
    case .npz, .hdf5:
      // The libraries want a file that is not compressed as a whole.
      let copy = stream.isCompressed ? try TemporaryFile(decompressing: stream) : nil
      defer { withExtendedLifetime(copy) {} }
      return format == .npz
        ? try NPZSamples.read(path: copy?.path ?? path, name: path, options: options)
        : try HDF5Samples.read(path: copy?.path ?? path, name: path, options: options)
    case nil:
      throw SzilardError(
        .badData,
        "\(path): the format is not known from its name or content; npy, npz, csv, txt, dat, h5, "
          + "idx and fasta are read, all of them also with .gz")
    }
  }
}
