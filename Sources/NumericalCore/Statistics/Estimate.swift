internal import Foundation

/// A number estimated from samples, with everything needed to trust it or not.
///
/// An estimate carries its interval, the effective number of samples behind it, the method, and a
/// verdict. It is never NaN: what has no value has the interval −∞ ... ∞ and is unresolved. As JSON:
///
/// ```
/// {"value": −12.3, "interval": [−12.5, −12.1], "confidence": 0.95, "method": "…",
///  "effectiveSampleSize": 812, "verdict": "resolved"}
/// ```
///
/// An unresolved one has `"verdict": "unresolved"` and `"reason": "…"`. An infinite bound or value is
/// `null`.
public struct Estimate: Sendable, Equatable {
  /// Whether the estimate can be relied on.
  public enum Verdict: Sendable, Equatable {
    /// The interval holds.
    case resolved
    /// The interval is not to be trusted, for the reason given.
    case unresolved(String)
  }

  /// The estimated value.
  public let value: Double
  /// The interval that contains the truth with the stated confidence, if the verdict is `resolved`.
  public let interval: ClosedRange<Double>
  /// The probability with which intervals made like this contain the truth.
  public let confidence: Double
  /// How value and interval were obtained, in words.
  public let method: String
  /// The number of independent samples that would tell as much.
  public let effectiveSampleSize: Double
  /// Whether the estimate can be relied on.
  public let verdict: Verdict

  /// An estimate with a given interval.
  ///
  /// If the value, a bound or the sample size is NaN, or the value is infinite, the estimate is
  /// unresolved whatever verdict was asked for; a NaN value becomes 0 in the interval −∞ ... ∞.
  public init(
    value: Double, interval: ClosedRange<Double>, confidence: Double = 0.95, method: String,
    effectiveSampleSize: Double, verdict: Verdict = .resolved
  ) {
    precondition(confidence > 0 && confidence < 1, "the confidence \(confidence)")
    self.confidence = confidence
    self.method = method
    self.effectiveSampleSize =
      effectiveSampleSize.isNaN ? 0 : Swift.max(0, effectiveSampleSize)
    if value.isNaN || interval.lowerBound.isNaN || interval.upperBound.isNaN {
      self.value = value.isNaN ? 0 : value
      self.interval = -.infinity ... .infinity
    } else {
      self.value = value
      self.interval = interval
    }
    if case .unresolved = verdict {
      self.verdict = verdict
    } else if !value.isFinite || effectiveSampleSize.isNaN || self.interval != interval {
      self.verdict = .unresolved("the estimate is not a finite number")
    } else {
      self.verdict = .resolved
    }
  }

  /// An estimate with an approximately normal error.
  ///
  /// ```
  /// interval = value ± t(1 − α/2; ν) · standardError,   α = 1 − confidence
  /// ```
  ///
  /// with t the quantile of Student's distribution (of the normal one for ν = ∞). A standard error
  /// of zero resolves nothing: samples that do not vary do not tell their error.
  ///
  /// - Parameters:
  ///   - value: The estimated value.
  ///   - standardError: The standard deviation of `value`, not negative.
  ///   - degreesOfFreedom: ν > 0, of the estimate of the standard error.
  ///   - confidence: In (0, 1).
  ///   - method: How the value was obtained, in words.
  ///   - effectiveSampleSize: The number of independent samples that would tell as much.
  ///   - verdict: The caller's own verdict; this initialiser may only lower it.
  public init(
    value: Double, standardError: Double, degreesOfFreedom: Double = .infinity,
    confidence: Double = 0.95, method: String, effectiveSampleSize: Double,
    verdict: Verdict = .resolved
  ) {
    var verdict = verdict
    var interval = -Double.infinity ... .infinity
    if verdict == .resolved, standardError == 0 {
      verdict = .unresolved("the samples do not vary, so they do not tell their error")
    }
    if value.isFinite, standardError >= 0, standardError.isFinite, degreesOfFreedom > 0 {
      let t = studentQuantile((1 + confidence) / 2, degreesOfFreedom: degreesOfFreedom)
      interval = (value - t * standardError)...(value + t * standardError)
    } else if verdict == .resolved {
      verdict = .unresolved("the standard error is not known")
    }
    self.init(
      value: value, interval: interval, confidence: confidence, method: method,
      effectiveSampleSize: effectiveSampleSize, verdict: verdict)
  }

  /// What stands in for an estimate that could not be made.
  public static func unresolved(
    _ reason: String, value: Double = 0, method: String, effectiveSampleSize: Double = 0
  ) -> Estimate {
    Estimate(
      value: value, interval: -.infinity ... .infinity, method: method,
      effectiveSampleSize: effectiveSampleSize, verdict: .unresolved(reason))
  }

  /// Half the length of the interval.
  public var halfWidth: Double { (interval.upperBound - interval.lowerBound) / 2 }

  /// Whether the verdict is `resolved`.
  public var isResolved: Bool { verdict == .resolved }

  /// The same estimate under a lower verdict; a resolved estimate takes the reason, an unresolved one
  /// keeps its own.
  public func unresolved(because reason: String) -> Estimate {
    guard isResolved else { return self }
    return Estimate(
      value: value, interval: interval, confidence: confidence, method: method,
      effectiveSampleSize: effectiveSampleSize, verdict: .unresolved(reason))
  }

  /// The estimate of a + b·x, from this one of x.
  ///
  /// ```
  /// value → a + b·value,   interval → a + b·interval      (bounds exchanged for b < 0)
  /// ```
  public func scaled(by factor: Double, plus offset: Double = 0) -> Estimate {
    precondition(factor.isFinite && offset.isFinite && factor != 0, "scaled by \(factor)")
    let one = offset + factor * interval.lowerBound
    let other = offset + factor * interval.upperBound
    return Estimate(
      value: offset + factor * value, interval: Swift.min(one, other)...Swift.max(one, other),
      confidence: confidence, method: method, effectiveSampleSize: effectiveSampleSize,
      verdict: verdict)
  }
}

extension Estimate: CustomStringConvertible {
  /// Value, interval and verdict for a person, with the digits that the interval warrants.
  public var description: String { text(unit: "") }

  /// The same with a unit behind the numbers, and where wanted without the reason of the verdict.
  public func text(unit: String, withReason: Bool = true) -> String {
    let width = interval.upperBound - interval.lowerBound
    var digits = 6
    if width.isFinite, width > 0 {
      digits = Swift.max(0, Swift.min(12, 2 - Int(log10(width).rounded(.down))))
    }
    func text(_ number: Double) -> String {
      if !number.isFinite { return number < 0 ? "-inf" : "inf" }
      return String(format: "%.\(digits)f", number)
    }
    var result = "\(text(value)) [\(text(interval.lowerBound)), \(text(interval.upperBound))]"
    if !unit.isEmpty { result += " " + unit }
    if case .unresolved(let reason) = verdict {
      result += (unit.isEmpty ? " " : ", ") + "unresolved" + (withReason ? ": \(reason)" : "")
    }
    return result
  }
}

extension Estimate: Codable {
  private enum CodingKeys: String, CodingKey {
    case value, interval, confidence, method, effectiveSampleSize, verdict, reason
  }

  /// Writes the documented JSON object; numbers that are not finite become `null`.
  public func encode(to encoder: any Encoder) throws {
    func finite(_ number: Double) -> Double? { number.isFinite ? number : nil }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(finite(value), forKey: .value)
    try container.encode(
      [finite(interval.lowerBound), finite(interval.upperBound)], forKey: .interval)
    try container.encode(confidence, forKey: .confidence)
    try container.encode(method, forKey: .method)
    try container.encode(finite(effectiveSampleSize), forKey: .effectiveSampleSize)
    switch verdict {
    case .resolved: try container.encode("resolved", forKey: .verdict)
    case .unresolved(let reason):
      try container.encode("unresolved", forKey: .verdict)
      try container.encode(reason, forKey: .reason)
    }
  }

  /// Reads the documented JSON object.
  ///
  /// - Throws: `DecodingError` if a key is missing, the interval is not two ordered numbers, or the
  ///   verdict is neither of the two words.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let bounds = try container.decode([Double?].self, forKey: .interval)
    let low = bounds.first.flatMap { $0 } ?? -.infinity
    let high = bounds.last.flatMap { $0 } ?? .infinity
    let confidence = try container.decode(Double.self, forKey: .confidence)
    guard bounds.count == 2, low <= high, confidence > 0, confidence < 1 else {
      throw DecodingError.dataCorruptedError(
        forKey: .interval, in: container,
        debugDescription: "expected an interval [low, high] and a confidence in (0, 1)")
    }
    let verdict: Verdict
    switch try container.decode(String.self, forKey: .verdict) {
    case "resolved": verdict = .resolved
    case "unresolved": verdict = .unresolved(try container.decode(String.self, forKey: .reason))
    case let other:
      throw DecodingError.dataCorruptedError(
        forKey: .verdict, in: container,
        debugDescription: "expected \"resolved\" or \"unresolved\", found \"\(other)\"")
    }
    // A value of null was infinite; the interval tells on which side.
    let value =
      try container.decode(Double?.self, forKey: .value) ?? (high.isFinite ? -.infinity : .infinity)
    self.init(
      value: value, interval: low...high, confidence: confidence,
      method: try container.decode(String.self, forKey: .method),
      effectiveSampleSize: try container.decode(Double?.self, forKey: .effectiveSampleSize)
        ?? .infinity,
      verdict: verdict)
  }
}
