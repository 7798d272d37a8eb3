internal import NumericalCore

/// Samples in HDF5 files in the layout of `rbms`: `/samples`, `/labels`, `/variable_type`.
enum HDF5Samples {
  private static let usualKeys = ["samples", "data", "X", "x"]
  private static let valuesPerBlock = 1 << 20

  /// Reads the dataset of the key in blocks of rows.
  static func read(
    path: String, name: String, options: DataOptions
  ) throws(SzilardError) -> LoadedSamples {
    let file = try HDF5File(reading: path, name: name)
    let key = try key(in: file, options: options)
    let shape = try file.shape(of: key)
    guard shape.count >= 2 else {
      throw SzilardError(
        .badData,
        "\(name): \(key) has the shape \(shape); samples need two axes, [samples, units]")
    }
    try LoadedSamples.checkAxes(shape, options, name)
    var kind = options.variableKind
    if kind == nil, file.exists("variable_type") {
      let word = try file.string("variable_type")
      kind = RequestedKind(fileWord: word)
      guard kind != nil else {
        throw SzilardError(
          .badData,
          "\(name): variable_type is '\(word)'; bernoulli, ising, categorical and continuous are "
            + "known")
      }
    }
    var options = options
    if options.alphabet == nil, file.exists("alphabet") {
      options.alphabet = try Alphabet(file.string("alphabet"))
    }
    let columns = shape.dropFirst().reduce(1, *)
    var accumulator = SampleAccumulator(
      file: "\(name): \(key)", options: options, kind: kind, swapsAxes: options.transpose)
    let rowsPerBlock = max(1, valuesPerBlock / columns)
    var first = 0
    while first < shape[0], !accumulator.isFull {
      let count = min(rowsPerBlock, shape[0] - first)
      let values = try file.rows(of: key, from: first, count: count)
      for row in 0..<count where !accumulator.isFull {
        try accumulator.append(Array(values[row * columns..<(row + 1) * columns]))
      }
      first += count
    }
    var result = try LoadedSamples(accumulator.finish(), shape: shape, options: options)
    if file.exists("labels"), try file.elementKind(of: "labels") != .text {
      try Companions.attach(
        labels: file.array("labels"), to: &result, limit: options.limit, file: name)
    }
    if file.exists("weights"), try file.elementKind(of: "weights") != .text {
      try Companions.attach(
        weights: file.array("weights"), to: &result, limit: options.limit, file: name)
    }
    if file.exists("names"), try file.elementKind(of: "names") == .text {
      let names = try file.strings("names")
      if names.count >= result.values.rows {
        result.names = Array(names.prefix(result.values.rows))
      }
    }
    return result
  }

  static func key(
    in file: HDF5File, options: DataOptions
  ) throws(SzilardError) -> String {
    if let key = options.key {
      guard file.kind(of: key) == .dataset else {
        throw SzilardError(
          .badData,
          "\(file.path): holds no dataset '\(key)'; at its top are "
            + (try file.names()).joined(separator: ", "))
      }
      return key
    }
    for key in usualKeys where file.kind(of: key) == .dataset { return key }
    let names = try file.names()
    let datasets = names.filter { file.kind(of: $0) == .dataset }
    guard datasets.count == 1, let only = datasets.first else {
      throw SzilardError(
        .badData,
        "\(file.path): holds no dataset 'samples'; at its top are "
          + (names.isEmpty ? "no objects" : names.joined(separator: ", "))
          + "; name the dataset of the samples as key")
    }
    return only
  }
}
