internal import NumericalCore

/// Files of labels: one integer a sample.
enum Labels {
  /// Reads npy, idx, HDF5 (`labels`), npz (`labels` or the only array) or text, gzipped or not.
  static func read(_ path: String) throws(SzilardError) -> [Int] {
    let stream = try ByteStream(path: path)
    let first = try stream.peek(512)
    guard !first.isEmpty else { throw SzilardError(.badData, "\(path): the file is empty") }
    let array: StoredArray
    switch FileFormat.ofContent(first) {
    case .npy: array = try NPYFile.read(from: stream)
    case .idx:
      let header = try IDXHeader(from: stream)
      let count = header.shape.reduce(1, *)
      let bytes = try stream.readBytes(count * header.type.size, "\(count) labels")
      var values = [Double](repeating: 0, count: count)
      bytes.withUnsafeBytes { source in
        values.withUnsafeMutableBufferPointer {
          header.type.convert(source, swapped: true, into: $0)
        }
      }
      array = StoredArray(values)
    case .npz:
      let reader = try NPZReader(path: path)
      array = try reader.array(
        reader.names.contains("labels") || reader.names.count != 1 ? "labels" : reader.names[0])
    case .hdf5: array = try HDF5File(reading: path).array("labels")
    case .text: return try text(stream)
    case .fasta, nil:
      throw SzilardError(
        .badData, "\(path): labels are integers in a text, npy, npz, idx or HDF5 file")
    }
    guard let labels = array.integers else {
      throw SzilardError(.badData, "\(path): labels must be integers")
    }
    return labels
  }

  private static func text(_ stream: ByteStream) throws(SzilardError) -> [Int] {
    var labels: [Int] = []
    var line: [UInt8] = []
    var number = 0
    while try stream.readLine(into: &line) {
      number += 1
      let fields = line.prefix { $0 != UInt8(ascii: "#") }.split {
        FileFormat.isBlank($0) || $0 == 44
      }
      for field in fields {
        let text = String(decoding: field, as: UTF8.self)
        guard let label = Int(text) ?? Double(text).flatMap({ Int(exactly: $0) }) else {
          throw SzilardError(
            .badData, "\(stream.name): line \(number): '\(text)' is not an integer label")
        }
        labels.append(label)
      }
    }
    return labels
  }
}
