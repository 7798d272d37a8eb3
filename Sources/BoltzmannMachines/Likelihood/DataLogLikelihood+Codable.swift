internal import NumericalCore

extension DataLogLikelihood: Codable {
  private enum Key: String, CodingKey {
    case data, samples, value, interval, verdict, reason, samplingError, pseudoLogLikelihood
    case exactLogLikelihood
  }

  /// Writes the documented JSON object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    func finite(_ number: Double) -> Double? { number.isFinite ? number : nil }
    try container.encode(data, forKey: .data)
    try container.encode(samples, forKey: .samples)
    try container.encode(finite(value), forKey: .value)
    try container.encode(
      [finite(interval.lowerBound), finite(interval.upperBound)], forKey: .interval)
    switch verdict {
    case .resolved: try container.encode("resolved", forKey: .verdict)
    case .unresolved(let reason):
      try container.encode("unresolved", forKey: .verdict)
      try container.encode(reason, forKey: .reason)
    }
    try container.encode(finite(samplingError), forKey: .samplingError)
    try container.encodeIfPresent(pseudoLogLikelihood, forKey: .pseudoLogLikelihood)
    try container.encodeIfPresent(exactLogLikelihood, forKey: .exactLogLikelihood)
  }

  /// Reads the documented JSON object.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    data = try container.decode(String.self, forKey: .data)
    samples = try container.decode(Int.self, forKey: .samples)
    value = try container.decode(Double?.self, forKey: .value) ?? -.infinity
    let bounds = try container.decode([Double?].self, forKey: .interval)
    let low = bounds.first.flatMap { $0 } ?? -.infinity
    let high = bounds.last.flatMap { $0 } ?? .infinity
    guard bounds.count == 2, low <= high else {
      throw DecodingError.dataCorruptedError(
        forKey: .interval, in: container, debugDescription: "expected an interval [low, high]")
    }
    interval = low...high
    verdict =
      try container.decode(String.self, forKey: .verdict) == "resolved"
      ? .resolved
      : .unresolved(try container.decodeIfPresent(String.self, forKey: .reason) ?? "unknown")
    samplingError = try container.decode(Double?.self, forKey: .samplingError) ?? .infinity
    pseudoLogLikelihood = try container.decodeIfPresent(Double.self, forKey: .pseudoLogLikelihood)
    exactLogLikelihood = try container.decodeIfPresent(Double.self, forKey: .exactLogLikelihood)
  }
}
