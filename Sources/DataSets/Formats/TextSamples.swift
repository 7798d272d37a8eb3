internal import Foundation
internal import NumericalCore

/// Samples in text, one a line.
///
/// Numbers stand between blanks, tabs, commas or semicolons; `#` begins a comment; a first line of
/// words is a header. Lines of 0 and 1 without separators are read too.
enum TextSamples {
  /// Reads a stream line by line.
  static func read(
    _ stream: ByteStream, options: DataOptions
  ) throws(SzilardError) -> LoadedSamples {
    var accumulator = SampleAccumulator(
      file: stream.name, options: options, kind: options.variableKind,
      swapsAxes: options.transpose, rowWord: "line")
    let hasHeader = try forEachRow(stream) { (row, number) throws(SzilardError) in
      try accumulator.append(row, number: number)
      return !accumulator.isFull
    }
    var result = try LoadedSamples(accumulator.finish(), shape: [], options: options)
    if hasHeader { result.notes.append("the first line was taken for a header") }
    return result
  }

  /// Hands over the numbers of each line, with its number, until `body` has enough.
  ///
  /// - Returns: Whether the first line was taken for a header.
  static func forEachRow(
    _ stream: ByteStream, _ body: ([Double], Int) throws(SzilardError) -> Bool
  ) throws(SzilardError) -> Bool {
    var line: [UInt8] = []
    var row: [Double] = []
    var number = 0
    var rows = 0
    var form: LineForm?
    var hasHeader = false
    var wantsMore = true
    while wantsMore {
      guard try stream.readLine(into: &line) else { break }
      number += 1
      let content = withoutComment(line)
      if content.allSatisfy(FileFormat.isBlank) { continue }
      let current = form ?? LineForm(of: content)
      do throws(SzilardError) {
        try current.parse(content, into: &row, stream.name, number)
      } catch {
        // The first line may name the columns.
        guard form == nil, !hasHeader, LineForm.hasWords(content) else { throw error }
        hasHeader = true
        continue
      }
      form = current
      rows += 1
      wantsMore = try body(row, number)
    }
    guard rows > 0 else {
      throw SzilardError(
        .badData, "\(stream.name): " + (number == 0 ? "the file is empty" : "holds no samples"))
    }
    return hasHeader
  }

  private static func withoutComment(_ line: [UInt8]) -> ArraySlice<UInt8> {
    line.prefix { $0 != UInt8(ascii: "#") }
  }
}

/// How the numbers of a line are separated.
private enum LineForm {
  case blanks
  case separator(UInt8)
  case digits

  init(of line: ArraySlice<UInt8>) {
    if line.contains(UInt8(ascii: ";")) {
      self = .separator(UInt8(ascii: ";"))
    } else if line.contains(UInt8(ascii: ",")) {
      self = .separator(UInt8(ascii: ","))
    } else {
      let word = line.filter { !FileFormat.isBlank($0) }
      let hasGaps = line.split(whereSeparator: FileFormat.isBlank).count > 1
      self =
        !hasGaps && word.count > 1 && word.allSatisfy { $0 == 48 || $0 == 49 } ? .digits : .blanks
    }
  }

  /// Whether a field begins with a letter or a quotation mark, and is not `nan` or `inf`.
  static func hasWords(_ line: ArraySlice<UInt8>) -> Bool {
    line.split { FileFormat.isBlank($0) || $0 == 44 || $0 == 59 }.contains { field in
      guard let first = field.first else { return false }
      let isLetter = (first | 32 >= 97 && first | 32 <= 122) || first == 95
      return (isLetter || first == 34 || first == 39) && Number.parse(field) == nil
    }
  }

  func parse(
    _ line: ArraySlice<UInt8>, into row: inout [Double], _ file: String, _ number: Int
  ) throws(SzilardError) {
    row.removeAll(keepingCapacity: true)
    var position = line.startIndex
    let end = line.endIndex
    switch self {
    case .digits:
      for byte in line where !FileFormat.isBlank(byte) {
        guard byte == 48 || byte == 49 else {
          throw SzilardError(
            .badData,
            "\(file): line \(number) is not a row of 0 and 1 like the first: "
              + "'\(LineForm.quoted(line))'")
        }
        row.append(byte == 49 ? 1 : 0)
      }
    case .blanks:
      while true {
        while position < end, FileFormat.isBlank(line[position]) { position += 1 }
        if position == end { break }
        let start = position
        while position < end, !FileFormat.isBlank(line[position]) { position += 1 }
        row.append(try value(line[start..<position], row.count, file, number))
      }
    case .separator(let separator):
      while true {
        var start = position
        while position < end, line[position] != separator { position += 1 }
        var stop = position
        while start < stop, FileFormat.isBlank(line[start]) { start += 1 }
        while stop > start, FileFormat.isBlank(line[stop - 1]) { stop -= 1 }
        row.append(try value(line[start..<stop], row.count, file, number))
        if position == end { break }
        position += 1
      }
    }
  }

  private func value(
    _ field: ArraySlice<UInt8>, _ column: Int, _ file: String, _ number: Int
  ) throws(SzilardError) -> Double {
    guard let value = Number.parse(field) else {
      throw SzilardError(
        .badData,
        "\(file): line \(number), column \(column + 1): "
          + (field.isEmpty ? "an empty field" : "'\(LineForm.quoted(field))' is not a number"))
    }
    return value
  }

  private static func quoted(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix(40).map { $0 >= 32 && $0 < 127 ? $0 : 63 }, as: UTF8.self)
  }
}

/// Decimal numbers in bytes.
private enum Number {
  /// The value of a whole field; nil when it is not a number.
  static func parse(_ field: ArraySlice<UInt8>) -> Double? {
    guard let first = field.first else { return nil }
    // 0, 1, -1 and other short integers, which binary data consist of.
    let isNegative = first == UInt8(ascii: "-")
    let digits = isNegative || first == UInt8(ascii: "+") ? field.dropFirst() : field
    if digits.count <= 15, !digits.isEmpty {
      var integer = 0
      var isInteger = true
      for byte in digits {
        guard byte >= 48, byte <= 57 else {
          isInteger = false
          break
        }
        integer = integer * 10 + Int(byte - 48)
      }
      if isInteger { return isNegative ? -Double(integer) : Double(integer) }
    }
    guard field.count < 400 else { return nil }
    var text = field.map { CChar(bitPattern: $0) }
    text.append(0)
    return text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      var end: UnsafeMutablePointer<CChar>?
      let value = strtod(base, &end)
      guard let end, UnsafePointer(end) == base + field.count else { return nil }
      return value
    }
  }
}
