internal import Foundation
package import NumericalCore

/// Named arrays and text in the safetensors format: eight bytes of length, a JSON header, numbers.
package struct Safetensors: Sendable {
  /// The arrays by name.
  package var tensors: [String: StoredArray]
  /// Free text by key.
  package var metadata: [String: String]

  /// A file of the given arrays.
  package init(tensors: [String: StoredArray] = [:], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  private struct Entry: Codable {
    var dtype: String
    var shape: [Int]
    var data_offsets: [Int]
  }

  /// A value of the header: a tensor's entry, or the metadata.
  private enum HeaderValue: Codable {
    case entry(Entry)
    case metadata([String: String])

    init(from decoder: any Decoder) throws {
      if decoder.codingPath.last?.stringValue == "__metadata__" {
        self = .metadata(try decoder.singleValueContainer().decode([String: String].self))
      } else {
        self = .entry(try Entry(from: decoder))
      }
    }

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .entry(let entry): try entry.encode(to: encoder)
      case .metadata(let text): try text.encode(to: encoder)
      }
    }
  }

  private static let names: [(ScalarType, String)] = [
    (.bool, "BOOL"), (.int8, "I8"), (.int16, "I16"), (.int32, "I32"), (.int64, "I64"),
    (.uint8, "U8"), (.uint16, "U16"), (.uint32, "U32"), (.uint64, "U64"), (.float16, "F16"),
    (.bfloat16, "BF16"), (.float32, "F32"), (.float64, "F64"),
  ]
  private static let longestHeader = 100_000_000

  /// Reads a file and checks it wholly: the tensors must fill the file without holes or overlaps.
  package init(path: String) throws(SzilardError) {
    try self.init(from: ByteStream(path: path))
  }

  /// Reads a stream.
  package init(from stream: ByteStream) throws(SzilardError) {
    let name = stream.name
    func damaged(_ what: String) -> SzilardError {
      SzilardError(.badData, "\(name): not a sound safetensors file: \(what)")
    }
    if try stream.isAtEnd() { throw SzilardError(.badData, "\(name): the file is empty") }
    let lengthBytes = try stream.readBytes(8, "the length of the safetensors header")
    let length = lengthBytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(Safetensors.longestHeader) else {
      throw damaged("its header would have \(length) bytes")
    }
    let text = try stream.readBytes(Int(length), "the safetensors header")
    guard text.first == UInt8(ascii: "{") else { throw damaged("its header is no JSON object") }
    let header: [String: HeaderValue]
    do {
      header = try JSONDecoder().decode([String: HeaderValue].self, from: Data(text))
    } catch {
      throw damaged("its header cannot be understood (\(Safetensors.reason(error)))")
    }
    var entries: [(name: String, type: ScalarType, shape: [Int], range: Range<Int>)] = []
    metadata = [:]
    for (key, value) in header {
      switch value {
      case .metadata(let text): metadata = text
      case .entry(let entry):
        guard let type = Safetensors.names.first(where: { $0.1 == entry.dtype })?.0 else {
          throw damaged("tensor '\(key)' has the type '\(entry.dtype)', which is not read")
        }
        let offsets = entry.data_offsets
        guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1],
          StoredArray.byteCount(of: entry.shape, type) == offsets[1] - offsets[0]
        else {
          throw damaged(
            "tensor '\(key)' of shape \(entry.shape) and type \(entry.dtype) cannot lie at "
              + "\(offsets)")
        }
        entries.append((key, type, entry.shape, offsets[0]..<offsets[1]))
      }
    }
    entries.sort {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    tensors = [:]
    var position = 0
    for entry in entries {
      guard entry.range.lowerBound == position else {
        throw damaged("tensor '\(entry.name)' leaves a hole or overlaps another")
      }
      let bytes = try stream.readBytes(entry.range.count, "tensor '\(entry.name)'")
      tensors[entry.name] = StoredArray(type: entry.type, shape: entry.shape, bytes: bytes)
      position = entry.range.upperBound
    }
    guard try stream.isAtEnd() else { throw damaged("bytes follow the last tensor") }
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "it is not valid JSON" }
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .keyNotFound(_, let context), .dataCorrupted(let context):
      let place = context.codingPath.map(\.stringValue).joined(separator: ".")
      return place.isEmpty ? context.debugDescription : "\(place): \(context.debugDescription)"
    @unknown default: return "it is not valid JSON"
    }
  }

  /// The bytes of the file.
  ///
  /// Wide types come first, so that every tensor is aligned.
  package func encoded() throws(SzilardError) -> [UInt8] {
    var header: [String: HeaderValue] = [:]
    if !metadata.isEmpty { header["__metadata__"] = .metadata(metadata) }
    var body: [UInt8] = []
    body.reserveCapacity(tensors.values.reduce(0) { $0 + $1.bytes.count })
    let order = tensors.sorted { ($1.value.type.size, $0.key) < ($0.value.type.size, $1.key) }
    for (name, tensor) in order {
      let type = Safetensors.names.first { $0.0 == tensor.type }?.1 ?? ""
      let start = body.count
      body += tensor.bytes
      header[name] = .entry(
        Entry(dtype: type, shape: tensor.shape, data_offsets: [start, body.count]))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var text = (try? encoder.encode(header)).map({ [UInt8]($0) }) else {
      throw SzilardError(.internalFault, "a safetensors header cannot be encoded")
    }
    text += [UInt8](repeating: 32, count: (8 - text.count % 8) % 8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { [UInt8]($0) }
    return length + text + body
  }

  /// Writes the file, atomically.
  package func write(to path: String) throws(SzilardError) {
    try AtomicFile.write(encoded(), to: path)
  }
}
