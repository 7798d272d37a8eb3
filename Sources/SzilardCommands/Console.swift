internal import Foundation
internal import NumericalCore
internal import Synchronization

/// Where the commands write: results to standard output, messages and progress to standard error.
enum Console {
  /// One line for a person, on standard error.
  static func message(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
  }

  /// A result, on standard output.
  static func output(_ text: String) {
    write(Data((text + "\n").utf8))
  }

  /// A result that cannot be written ends the program: nobody would know of it.
  private static func write(_ data: Data) {
    do {
      try FileHandle.standardOutput.write(contentsOf: data)
    } catch {
      message("Error: standard output cannot be written: \(String(cString: strerror(errno)))")
      exit(SzilardError.Kind.cannotOpen.rawValue)
    }
  }

  /// A result as JSON, on standard output.
  static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(value)
    write(data + [10])
  }

  /// A number with the given digits after the point.
  static func number(_ value: Double, digits: Int = 3) -> String {
    value.isFinite ? String(format: "%.\(digits)f", value) : "\(value)"
  }

  /// A duration such as 1:02:03 or 12 s.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e8 else { return "?" }
    let total = Int(seconds.rounded())
    if total < 100 { return "\(total) s" }
    if total < 3600 { return String(format: "%d:%02d", total / 60, total % 60) }
    return String(format: "%d:%02d:%02d", total / 3600, total / 60 % 60, total % 60)
  }
}

/// One line on a terminal that is written over; nothing where standard error is no terminal.
final class ProgressLine: Sendable {
  private let isTerminal = isatty(2) == 1
  /// Whether anybody sees the line.
  var isShown: Bool { isTerminal }
  private let shown = Mutex((last: Date.distantPast, width: 0))

  /// Shows a text, at most ten times a second.
  func show(_ text: @autoclosure () -> String, always: Bool = false) {
    guard isTerminal else { return }
    let now = Date()
    shown.withLock { shown in
      guard always || now.timeIntervalSince(shown.last) > 0.1 else { return }
      shown.last = now
      let line = text()
      let padding = String(repeating: " ", count: max(0, shown.width - line.count))
      shown.width = line.count
      try? FileHandle.standardError.write(contentsOf: Data(("\r" + line + padding).utf8))
    }
  }

  /// Clears the line.
  func finish() {
    shown.withLock { shown in
      guard isTerminal, shown.width > 0 else { return }
      try? FileHandle.standardError.write(
        contentsOf: Data(("\r" + String(repeating: " ", count: shown.width) + "\r").utf8))
      shown.width = 0
    }
  }

  /// A bar of twenty cells.
  static func bar(_ fraction: Double) -> String {
    let cells = Int((20 * min(1, max(0, fraction))).rounded(.down))
    return "[" + String(repeating: "#", count: cells) + String(repeating: ".", count: 20 - cells)
      + "]"
  }
}
