internal import Foundation

/// One row of a table of checks: a measured number, what theory says it is, and what follows.
///
/// As JSON: `{"name", "statistic", "expected", "relation", "interval", "verdict", "trajectories",
/// "reason", "advice", "neededTrajectories"}`; numbers that are not finite are `null`.
public struct Check: Sendable, Equatable, Codable {
  /// What follows from a check.
  public enum Verdict: String, Sendable, Codable {
    /// The interval holds the expected value.
    case pass
    /// The statistic contradicts theory.
    case fail
    /// What was sampled cannot tell: the tails were not seen.
    case unresolved
  }

  /// How theory relates the statistic to ``Check/expected``.
  public enum Relation: String, Sendable, Codable {
    case equal = "="
    case atLeast = ">="
    case atMost = "<="
  }

  /// What is checked.
  public var name: String
  /// What was measured.
  public var statistic: Double
  /// What theory says.
  public var expected: Double
  /// How the two should be related.
  public var relation: Relation
  /// The interval of the statistic.
  public var interval: ClosedRange<Double>
  /// What follows.
  public var verdict: Verdict
  /// Trajectories (or samples) behind the statistic; 0 for an exact check.
  public var trajectories: Int
  /// Why it failed or could not be resolved; empty where it passed.
  public var reason: String
  /// What to do about it; empty where it passed.
  public var advice: String
  /// Trajectories that would be needed where these were too few.
  public var neededTrajectories: Int?

  /// A row of the table.
  public init(
    name: String, statistic: Double, expected: Double, relation: Relation = .equal,
    interval: ClosedRange<Double>, verdict: Verdict, trajectories: Int, reason: String = "",
    advice: String = "", neededTrajectories: Int? = nil
  ) {
    self.name = name
    self.statistic = statistic
    self.expected = expected
    self.relation = relation
    self.interval = interval
    self.verdict = verdict
    self.trajectories = trajectories
    self.reason = reason
    self.advice = advice
    self.neededTrajectories = neededTrajectories
  }

  private enum CodingKeys: String, CodingKey {
    case name, statistic, expected, relation, interval, verdict, trajectories, reason, advice
    case neededTrajectories
  }

  /// Writes the documented JSON object.
  public func encode(to encoder: any Encoder) throws {
    func finite(_ number: Double) -> Double? { number.isFinite ? number : nil }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(finite(statistic), forKey: .statistic)
    try container.encode(finite(expected), forKey: .expected)
    try container.encode(relation, forKey: .relation)
    try container.encode(
      [finite(interval.lowerBound), finite(interval.upperBound)], forKey: .interval)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(trajectories, forKey: .trajectories)
    try container.encode(reason, forKey: .reason)
    try container.encode(advice, forKey: .advice)
    try container.encodeIfPresent(neededTrajectories, forKey: .neededTrajectories)
  }

  /// Reads the documented JSON object.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let bounds = try container.decode([Double?].self, forKey: .interval)
    let low = bounds.first.flatMap { $0 } ?? -.infinity
    let high = bounds.last.flatMap { $0 } ?? .infinity
    guard bounds.count == 2, low <= high else {
      throw DecodingError.dataCorruptedError(
        forKey: .interval, in: container, debugDescription: "expected an interval [low, high]")
    }
    self.init(
      name: try container.decode(String.self, forKey: .name),
      statistic: try container.decode(Double?.self, forKey: .statistic) ?? .infinity,
      expected: try container.decode(Double?.self, forKey: .expected) ?? .infinity,
      relation: try container.decode(Relation.self, forKey: .relation),
      interval: low...high,
      verdict: try container.decode(Verdict.self, forKey: .verdict),
      trajectories: try container.decode(Int.self, forKey: .trajectories),
      reason: try container.decode(String.self, forKey: .reason),
      advice: try container.decode(String.self, forKey: .advice),
      neededTrajectories: try container.decodeIfPresent(Int.self, forKey: .neededTrajectories))
  }
}
