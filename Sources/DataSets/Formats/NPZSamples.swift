internal import NumericalCore

/// Samples in npz files.
enum NPZSamples {
  private static let usualKeys = ["samples", "data", "X", "x", "arr_0"]

  /// Reads the array of the key, and `labels`, `weights` and `variable_type` beside it.
  static func read(
    path file: String, name path: String, options: DataOptions
  ) throws(SzilardError) -> LoadedSamples {
    let reader = try NPZReader(path: file, name: path)
    let key = try NPZSamples.key(in: reader, wanted: options.key, path)
    var options = options
    if options.variableKind == nil, let word = text("variable_type", in: reader) {
      options.variableKind = RequestedKind(fileWord: word)
    }
    if options.alphabet == nil, let symbols = text("alphabet", in: reader) {
      options.alphabet = try? Alphabet(symbols)
    }
    var result = try NPYSamples.read(
      reader.stream(key), options: options, kind: options.variableKind)
    if options.key == nil || usualKeys.contains(key) {
      if reader.names.contains("labels") {
        let labels = try reader.array("labels")
        try Companions.attach(labels: labels, to: &result, limit: options.limit, file: path)
      }
      if reader.names.contains("weights") {
        let weights = try reader.array("weights")
        try Companions.attach(weights: weights, to: &result, limit: options.limit, file: path)
      }
    }
    return result
  }

  /// The name of the array with the samples.
  static func key(
    in reader: NPZReader, wanted: String?, _ path: String
  ) throws(SzilardError) -> String {
    let others: Set<String> = ["labels", "weights", "variable_type", "alphabet"]
    let candidates = reader.names.filter { !others.contains($0) }
    guard
      let key = wanted ?? usualKeys.first(where: { candidates.contains($0) })
        ?? (candidates.count == 1 ? candidates.first : nil)
    else {
      throw SzilardError(
        .usage,
        "\(path): which array? name one of \(reader.names.sorted().joined(separator: ", ")) as key")
    }
    return key
  }

  /// A text beside the samples, stored as bytes.
  private static func text(_ name: String, in reader: NPZReader) -> String? {
    guard reader.names.contains(name), let array = try? reader.array(name), array.type == .uint8
    else { return nil }
    return String(decoding: array.bytes, as: UTF8.self)
  }
}

/// Arrays beside the samples of a file.
enum Companions {
  /// Takes labels that fit; others are left out with a note.
  static func attach(
    labels: StoredArray, to samples: inout LoadedSamples, limit: Int?, file: String
  ) throws(SzilardError) {
    let count = samples.values.rows
    guard labels.count == count || (limit == count && labels.count > count),
      let integers = labels.integers
    else {
      samples.notes.append(
        "the labels in the file were left out: they are not \(count) integers")
      return
    }
    samples.labels = Array(integers.prefix(count))
  }

  /// Takes weights that fit; others are left out with a note.
  static func attach(
    weights: StoredArray, to samples: inout LoadedSamples, limit: Int?, file: String
  ) throws(SzilardError) {
    let count = samples.values.rows
    let values = weights.doubles
    guard values.count == count || (limit == count && values.count > count),
      values.allSatisfy({ $0.isFinite && $0 >= 0 }), values.contains(where: { $0 > 0 })
    else {
      samples.notes.append(
        "the weights in the file were left out: they are not \(count) non-negative numbers")
      return
    }
    samples.weights = Array(values.prefix(count))
  }
}
