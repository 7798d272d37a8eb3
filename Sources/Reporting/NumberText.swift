internal import Foundation

/// Numbers as text.
package enum NumberText {
  /// A number for a data file: all its digits; `NaN` for what is not finite.
  package static func data(_ value: Double) -> String { value.isFinite ? "\(value)" : "NaN" }

  /// A number for a person with the given digits after the point and a true minus sign.
  package static func decimal(_ value: Double, digits: Int) -> String {
    if value.isNaN { return "?" }
    if value.isInfinite { return value < 0 ? "−∞" : "∞" }
    let text = String(format: "%.\(digits)f", value)
    guard text.hasPrefix("-") else { return text }
    let magnitude = text.dropFirst()
    return magnitude.allSatisfy { $0 == "0" || $0 == "." } ? String(magnitude) : "−" + magnitude
  }

  /// A number with about three significant digits.
  package static func short(_ value: Double) -> String { general(value, digits: 3) }

  /// A number with the given significant digits, shorter where it is round.
  package static func general(_ value: Double, digits: Int = 6) -> String {
    guard value.isFinite else { return decimal(value, digits: 0) }
    let text = String(format: "%.\(digits)g", value)
    return text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }

  /// The digits after the point that an interval warrants: two of its width.
  package static func digits(for interval: ClosedRange<Double>) -> Int {
    let width = interval.upperBound - interval.lowerBound
    guard width.isFinite, width > 0 else { return 4 }
    return max(0, min(6, 1 - Int(log10(width).rounded(.down))))
  }

  /// An interval, or nothing where it is unbounded on both sides.
  package static func interval(_ interval: ClosedRange<Double>, digits: Int) -> String {
    if !interval.lowerBound.isFinite, !interval.upperBound.isFinite { return "unbounded" }
    return "[\(decimal(interval.lowerBound, digits: digits)), "
      + "\(decimal(interval.upperBound, digits: digits))]"
  }

  /// A whole number with thin spaces between groups of three digits.
  package static func grouped(_ value: Int) -> String {
    let digits = String(value.magnitude)
    guard digits.count > 4 else { return (value < 0 ? "−" : "") + digits }
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result += "\u{202F}" }
      result.append(digit)
    }
    return (value < 0 ? "−" : "") + result
  }

  /// A duration such as 12.3 s, 4 min 5 s or 2 h 03 min.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "unknown" }
    if seconds < 100 { return decimal(seconds, digits: 1) + " s" }
    let total = Int(seconds.rounded())
    if total < 3600 { return "\(total / 60) min \(total % 60) s" }
    return String(format: "%d h %02d min", total / 3600, total / 60 % 60)
  }
}
