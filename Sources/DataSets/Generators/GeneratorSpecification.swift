internal import NumericalCore

/// A generator's name and its keys: `name:key=value,key=value`.
struct GeneratorSpecification: Sendable {
  /// The whole text.
  let text: String
  /// The generator.
  let name: String
  private let values: [String: String]

  /// Understands a specification; nil when the text looks like a path.
  init?(_ text: String) throws(SzilardError) {
    self.text = text
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = parts.first.map(String.init) ?? ""
    let rest = parts.count > 1 ? String(parts[1]) : ""
    guard Generators.names.contains(name) else {
      let isName = !name.isEmpty && name.allSatisfy { $0.isLetter || $0 == "-" || $0.isNumber }
      guard isName, parts.count > 1, rest.isEmpty || rest.contains("=") else { return nil }
      throw SzilardError(
        .usage,
        "'\(text)': there is no generator '\(name)'; there are "
          + Generators.names.joined(separator: ", "))
    }
    var values: [String: String] = [:]
    if !rest.isEmpty {
      for item in rest.split(separator: ",", omittingEmptySubsequences: false) {
        let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2, !pair[0].isEmpty, !pair[1].isEmpty else {
          throw SzilardError(.usage, "'\(text)': '\(item)' is not of the form key=value")
        }
        guard values.updateValue(String(pair[1]), forKey: String(pair[0])) == nil else {
          throw SzilardError(.usage, "'\(text)': the key '\(pair[0])' is given twice")
        }
      }
    }
    self.values = values
  }

  /// Throws when there is a key that is not in the list.
  func requireKeys(in valid: [String]) throws(SzilardError) {
    for key in values.keys.sorted() where !valid.contains(key) {
      throw SzilardError(
        .usage,
        "'\(text)': \(name) has no key '\(key)'; its keys are \(valid.joined(separator: ", "))")
    }
  }

  /// Whether a key is given.
  func has(_ key: String) -> Bool { values[key] != nil }

  /// An integer in a range.
  func integer(
    _ key: String, default standard: Int, in range: ClosedRange<Int>
  ) throws(SzilardError) -> Int {
    guard let value = values[key] else { return standard }
    guard let integer = Int(value), range.contains(integer) else {
      throw SzilardError(
        .usage,
        "'\(text)': \(key)=\(value): an integer from \(range.lowerBound) to \(range.upperBound) is "
          + "needed")
    }
    return integer
  }

  /// A real number in a range.
  func real(
    _ key: String, default standard: Double, in range: ClosedRange<Double>
  ) throws(SzilardError) -> Double {
    guard let value = values[key] else { return standard }
    guard let real = Double(value), real.isFinite, range.contains(real) else {
      throw SzilardError(
        .usage,
        "'\(text)': \(key)=\(value): a number from \(range.lowerBound) to \(range.upperBound) is "
          + "needed")
    }
    return real
  }

  /// A seed.
  func seed(_ key: String, default standard: UInt64) throws(SzilardError) -> UInt64 {
    guard let value = values[key] else { return standard }
    guard let seed = UInt64(value) else {
      throw SzilardError(.usage, "'\(text)': \(key)=\(value): a non-negative integer is needed")
    }
    return seed
  }

  /// One of some words.
  func choice(
    _ key: String, default standard: String, of words: [String]
  ) throws(SzilardError) -> String {
    guard let value = values[key] else { return standard }
    guard words.contains(value) else {
      throw SzilardError(
        .usage, "'\(text)': \(key)=\(value): one of \(words.joined(separator: ", ")) is needed")
    }
    return value
  }
}
