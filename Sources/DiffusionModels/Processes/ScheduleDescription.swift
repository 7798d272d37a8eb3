public import NumericalCore

/// A noise schedule by its name and numbers, as the command line and a run folder have it.
public struct ScheduleDescription: Sendable, Equatable, Codable {
  /// The schedules by name.
  public enum Name: String, Sendable, Codable, CaseIterable {
    case reciprocal
    case reciprocalWithRemainder = "reciprocal-with-remainder"
    case linear
    case cosine
    case sigmoid
    case uniformLogSNR = "uniform-log-snr"
  }

  /// The schedule.
  public var name: Name
  /// T.
  public var steps: Int
  /// β_1, of `uniform-log-snr`.
  public var firstRate: Double?
  /// ᾱ_T, of `uniform-log-snr`.
  public var lastSignalPower: Double?

  /// A schedule.
  public init(
    _ name: Name, steps: Int, firstRate: Double? = nil, lastSignalPower: Double? = nil
  ) {
    self.name = name
    self.steps = steps
    self.firstRate = firstRate
    self.lastSignalPower = lastSignalPower
  }

  /// The rates of the steps.
  ///
  /// - Throws: `usage` for numbers out of range.
  public func schedule() throws(SzilardError) -> NoiseSchedule {
    guard steps >= 2, steps <= 1_000_000 else {
      throw SzilardError(.usage, "a chain of \(steps) steps: give from 2 to 1000000")
    }
    switch name {
    case .reciprocal: return .reciprocal(steps: steps)
    case .reciprocalWithRemainder: return .reciprocalWithRemainder(steps: steps)
    case .linear: return .linear(steps: steps)
    case .cosine: return try NoiseSchedule(path: .cosine(offset: 0.008), steps: steps)
    case .sigmoid: return try NoiseSchedule(path: .sigmoid(first: -3, last: 3), steps: steps)
    case .uniformLogSNR:
      return try .uniformLogSignalToNoise(
        steps: steps, firstRate: firstRate ?? 1e-4, lastSignalPower: lastSignalPower ?? 1e-4)
    }
  }
}
