internal import Foundation
internal import StochasticThermodynamics

/// An entry of the registry with what it brought.
///
/// As JSON: `{"id", "title", "paper", "claim", "settings", "criterion", "measured": {name: value},
/// "verdict", "checks", "seconds"}`; a number that is not finite is `null`.
public struct ReproductionResult: Sendable, Encodable {
  /// The entry.
  public let entry: Reproduction
  /// What it brought.
  public let outcome: ReproductionOutcome
  /// Wall time.
  public let seconds: Double

  /// A result.
  public init(entry: Reproduction, outcome: ReproductionOutcome, seconds: Double) {
    self.entry = entry
    self.outcome = outcome
    self.seconds = seconds
  }

  /// Runs an entry and takes its time.
  ///
  /// - Throws: What the entry throws, such as ``SzilardError`` for data that cannot be read.
  public static func running(
    _ entry: Reproduction, _ context: ReproductionContext
  ) throws -> ReproductionResult {
    let begin = DispatchTime.now().uptimeNanoseconds
    let outcome = try entry.run(context)
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) * 1e-9
    return ReproductionResult(entry: entry, outcome: outcome, seconds: seconds)
  }

  private enum Key: String, CodingKey {
    case id, title, paper, claim, settings, criterion, measured, verdict, checks, seconds
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  /// Writes the documented JSON object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(entry.id, forKey: .id)
    try container.encode(entry.title, forKey: .title)
    try container.encode(entry.paper, forKey: .paper)
    try container.encode(entry.claim, forKey: .claim)
    try container.encode(entry.settings, forKey: .settings)
    try container.encode(entry.criterion, forKey: .criterion)
    var measured = container.nestedContainer(keyedBy: Name.self, forKey: .measured)
    for (name, value) in outcome.measured {
      try measured.encode(value.isFinite ? value : nil, forKey: Name(stringValue: name))
    }
    try container.encode(outcome.verdict, forKey: .verdict)
    try container.encode(outcome.checks, forKey: .checks)
    try container.encode((seconds * 100).rounded() / 100, forKey: .seconds)
  }
}
