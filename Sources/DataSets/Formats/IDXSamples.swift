internal import Foundation
internal import NumericalCore

/// The header of an idx file: two zeros, the type, the number of axes, the axes (big-endian).
struct IDXHeader {
  let type: ScalarType
  let shape: [Int]

  static func type(ofCode code: UInt8) -> ScalarType? {
    switch code {
    case 0x08: .uint8
    case 0x09: .int8
    case 0x0b: .int16
    case 0x0c: .int32
    case 0x0d: .float32
    case 0x0e: .float64
    default: nil
    }
  }

  /// Reads the header; the stream then stands at the first number.
  init(from stream: ByteStream) throws(SzilardError) {
    if try stream.isAtEnd() { throw SzilardError(.badData, "\(stream.name): the file is empty") }
    let start = try stream.readBytes(4, "the idx signature")
    guard start[0] == 0, start[1] == 0, let type = IDXHeader.type(ofCode: start[2]),
      (1...8).contains(start[3])
    else {
      throw SzilardError(
        .badData, "\(stream.name): not an idx file: it begins with bytes \(start)")
    }
    let axes = try stream.readBytes(4 * Int(start[3]), "the axes of the idx file")
    shape = stride(from: 0, to: axes.count, by: 4).map { place in
      axes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    self.type = type
    guard let count = StoredArray.byteCount(of: shape, type) else {
      throw SzilardError(.badData, "\(stream.name): impossible idx shape \(shape)")
    }
    try stream.require(count, for: "an array of shape \(shape)")
  }
}

/// Samples in the idx format of MNIST.
enum IDXSamples {
  /// Reads images row by row.
  ///
  /// Bytes are scaled from 0 … 255 to [0, 1], unless none exceeds 1.
  static func read(
    path: String, options: DataOptions
  ) throws(SzilardError) -> LoadedSamples {
    let stream = try ByteStream(path: path)
    let header = try IDXHeader(from: stream)
    guard header.shape.count >= 2 else {
      throw SzilardError(
        .badData,
        "\(path): an idx file of one axis holds labels, not samples; give it as the labels' file")
    }
    try LoadedSamples.checkAxes(header.shape, options, path)
    let columns = header.shape.dropFirst().reduce(1, *)
    let hasGreyLevels = header.type == .uint8 ? try holdsGreyLevels(path) : false
    let scale = hasGreyLevels ? 1.0 / 255 : 1
    var accumulator = SampleAccumulator(
      file: path, options: options, kind: options.variableKind, swapsAxes: options.transpose)
    var reader = RowReader(stream: stream, type: header.type, swapped: true, columns: columns)
    for index in 0..<header.shape[0] where !accumulator.isFull {
      try reader.next(index, scale: scale)
      try accumulator.append(reader.row)
    }
    if !accumulator.isFull { try stream.checkEnd() }
    var result = try LoadedSamples(
      accumulator.finish(), shape: header.shape, options: options)
    if scale != 1, options.binarisation == nil {
      result.notes.append("bytes were scaled from 0 ... 255 to [0, 1]")
    }
    result.labels = labelsBeside(path, count: header.shape[0]).map {
      Array($0.prefix(result.values.rows))
    }
    return result
  }

  /// Whether a byte exceeds 1; pictures end the search within their first rows.
  private static func holdsGreyLevels(_ path: String) throws(SzilardError) -> Bool {
    let stream = try ByteStream(path: path)
    _ = try IDXHeader(from: stream)
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = try stream.fill(&chunk)
      if chunk[..<count].contains(where: { $0 > 1 }) { return true }
      if count < chunk.count { return false }
    }
  }

  /// The labels of `…-images-idx3-ubyte…` in `…-labels-idx1-ubyte…`, when they are there and fit.
  private static func labelsBeside(_ path: String, count: Int) -> [Int]? {
    guard let range = path.range(of: "images-idx3", options: .backwards) else { return nil }
    let other = path.replacingCharacters(in: range, with: "labels-idx1")
    let candidates = [
      other, other.hasSuffix(".gz") ? String(other.dropLast(3)) : other + ".gz",
    ]
    for candidate in candidates where FileStatus.exists(candidate) {
      if let labels = try? Labels.read(candidate), labels.count == count { return labels }
    }
    return nil
  }
}
