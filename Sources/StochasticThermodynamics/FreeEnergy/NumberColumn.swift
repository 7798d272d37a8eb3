internal import DataSets
internal import Foundation
internal import NumericalCore

/// Reads one column of numbers from text, one a line.
///
/// `#` begins a comment; blank lines are skipped; a first line that is no number is a header.
enum NumberColumn {
  static func read(_ path: String) throws(SzilardError) -> [Double] {
    let stream = try ByteStream(path: path)
    var values: [Double] = []
    var line: [UInt8] = []
    var number = 0
    var hasHeader = false
    while try stream.readLine(into: &line) {
      number += 1
      let text = String(decoding: line.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self)
      let fields = text.split { $0 == " " || $0 == "\t" || $0 == "," || $0 == ";" || $0 == "\r" }
      guard let field = fields.first else { continue }
      guard fields.count == 1 else {
        throw SzilardError(
          .badData,
          "\(path): line \(number): expected one number, found \(fields.count) fields; "
            + "give one file for each direction")
      }
      guard let value = Double(field) else {
        if values.isEmpty, !hasHeader {
          hasHeader = true
          continue
        }
        throw SzilardError(
          .badData, "\(path): line \(number): '\(field.prefix(40))' is not a number")
      }
      try check(value, path, "line \(number)")
      values.append(value)
    }
    guard !values.isEmpty else { throw SzilardError(.badData, "\(path): holds no numbers") }
    return values
  }

  /// Throws unless a work is finite.
  static func check(_ value: Double, _ path: String, _ place: String) throws(SzilardError) {
    guard value.isFinite else {
      throw SzilardError(
        .badData, "\(path): \(place): the work \(value) is not finite; leave out such trajectories")
    }
  }
}
