internal import NumericalCore

/// The header of an npy file, versions 1 to 3: the literal of a Python dictionary.
struct NPYHeader: Equatable {
  let type: ScalarType
  /// Numbers are big-endian.
  let swapped: Bool
  let fortranOrder: Bool
  let shape: [Int]

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let longestHeader = 1 << 20

  /// Reads the header; the stream then stands at the first number.
  init(from stream: ByteStream) throws(SzilardError) {
    let name = stream.name
    guard try stream.isAtEnd() == false else {
      throw SzilardError(.badData, "\(name): the file is empty")
    }
    let start = try stream.readBytes(min(8, stream.upperBound), "the npy signature")
    guard start.count == 8, start.starts(with: NPYHeader.magic) else {
      throw SzilardError(.badData, "\(name): not an npy file: it does not begin with \\x93NUMPY")
    }
    guard (1...3).contains(start[6]) else {
      throw SzilardError(.badData, "\(name): npy version \(start[6]) is not known (1 to 3 are)")
    }
    let lengthBytes = try stream.readBytes(start[6] == 1 ? 2 : 4, "the npy header's length")
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= NPYHeader.longestHeader else {
      throw SzilardError(.badData, "\(name): an npy header of \(length) bytes; the file is damaged")
    }
    let text = try stream.readBytes(length, "the npy header")
    var parser = Parser(text: text)
    guard let fields = parser.dictionary() else {
      throw SzilardError(
        .badData, "\(name): the npy header cannot be understood: \(NPYHeader.quoted(text))")
    }
    guard case .text(let code)? = fields["descr"],
      case .truth(let order)? = fields["fortran_order"],
      case .tuple(let shape)? = fields["shape"]
    else {
      throw SzilardError(
        .badData,
        "\(name): the npy header lacks a plain 'descr', 'fortran_order' or 'shape' (structured "
          + "arrays are not read): \(NPYHeader.quoted(text))")
    }
    guard let (type, swapped) = NPYHeader.type(ofCode: code) else {
      throw SzilardError(
        .badData,
        "\(name): arrays of type '\(code)' are not read; bool, int8 to int64, uint8 to uint64, "
          + "float16, float32 and float64 are")
    }
    guard let count = StoredArray.byteCount(of: shape, type), shape.count <= 32 else {
      throw SzilardError(.badData, "\(name): the npy header promises the impossible shape \(shape)")
    }
    self.type = type
    self.swapped = swapped
    fortranOrder = order
    self.shape = shape
    try stream.require(count, for: "an array of shape \(shape)")
  }

  private static func quoted(_ text: [UInt8]) -> String {
    String(decoding: text.prefix(120).map { $0 >= 32 && $0 < 127 ? $0 : 63 }, as: UTF8.self)
  }

  private static func type(ofCode code: String) -> (ScalarType, Bool)? {
    guard let order = code.first, "<>|=".contains(order) else { return nil }
    let type: ScalarType
    switch code.dropFirst() {
    case "b1", "?": type = .bool
    case "i1": type = .int8
    case "i2": type = .int16
    case "i4": type = .int32
    case "i8": type = .int64
    case "u1": type = .uint8
    case "u2": type = .uint16
    case "u4": type = .uint32
    case "u8": type = .uint64
    case "f2": type = .float16
    case "f4": type = .float32
    case "f8": type = .float64
    default: return nil
    }
    return (type, order == ">")
  }

  /// The header's bytes for an array in C order, padded so that numbers begin at a multiple of 64.
  static func encoded(type: ScalarType, shape: [Int]) -> [UInt8] {
    let code =
      switch type {
      case .bool: "|b1"
      case .int8: "|i1"
      case .uint8: "|u1"
      case .int16: "<i2"
      case .int32: "<i4"
      case .int64: "<i8"
      case .uint16: "<u2"
      case .uint32: "<u4"
      case .uint64: "<u8"
      case .float16, .bfloat16: "<f2"
      case .float32: "<f4"
      case .float64: "<f8"
      }
    let axes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '\(code)', 'fortran_order': False, 'shape': (\(axes)), }"
    text += String(repeating: " ", count: (64 - (10 + text.utf8.count + 1) % 64) % 64) + "\n"
    let length = text.utf8.count
    return magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8)
  }

  private enum Value {
    case text(String)
    case truth(Bool)
    case tuple([Int])
  }

  /// Reads `{'key': value, …}` with values 'text', True, False and (integers).
  private struct Parser {
    let text: [UInt8]
    var next = 0

    init(text: [UInt8]) { self.text = text }

    mutating func dictionary() -> [String: Value]? {
      guard take("{") else { return nil }
      var result: [String: Value] = [:]
      while !take("}") {
        guard let key = string(), take(":"), let value = value() else { return nil }
        result[key] = value
        if !take(",") {
          guard take("}") else { return nil }
          return result
        }
      }
      return result
    }

    private mutating func value() -> Value? {
      if let text = string() { return .text(text) }
      if takeWord("True") { return .truth(true) }
      if takeWord("False") { return .truth(false) }
      guard take("(") else { return nil }
      var lengths: [Int] = []
      while !take(")") {
        guard let length = integer() else { return nil }
        lengths.append(length)
        if !take(",") {
          guard take(")") else { return nil }
          break
        }
      }
      return .tuple(lengths)
    }

    private mutating func skipBlanks() {
      while next < text.count, [9, 10, 13, 32].contains(text[next]) { next += 1 }
    }

    private mutating func take(_ symbol: Unicode.Scalar) -> Bool {
      skipBlanks()
      guard next < text.count, text[next] == UInt8(ascii: symbol) else { return false }
      next += 1
      return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
      skipBlanks()
      guard text[next...].starts(with: word.utf8) else { return false }
      next += word.utf8.count
      return true
    }

    private mutating func string() -> String? {
      skipBlanks()
      guard next < text.count, text[next] == 39 || text[next] == 34 else { return nil }
      guard let end = text[(next + 1)...].firstIndex(of: text[next]) else { return nil }
      let result = String(decoding: text[(next + 1)..<end], as: UTF8.self)
      next = end + 1
      return result
    }

    private mutating func integer() -> Int? {
      skipBlanks()
      var result = 0
      let start = next
      while next < text.count, text[next] >= 48, text[next] <= 57 {
        let (tens, overflow) = result.multipliedReportingOverflow(by: 10)
        let (sum, carry) = tens.addingReportingOverflow(Int(text[next] - 48))
        guard !overflow, !carry else { return nil }
        result = sum
        next += 1
      }
      guard next > start else { return nil }
      if next < text.count, text[next] == 76 { next += 1 }  // 2L of Python 2
      return result
    }
  }
}
