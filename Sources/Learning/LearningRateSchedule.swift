internal import Foundation

/// How the learning rate changes with the update: η(t) = η₀ · factor(t / T).
public enum LearningRateSchedule: Sendable, Equatable, CustomStringConvertible {
  /// η₀ throughout.
  case constant
  /// From η₀ down to `final` · η₀ on a straight line.
  case linear(final: Double)
  /// From η₀ down to `final` · η₀ by the same factor at each update.
  case exponential(final: Double)
  /// From η₀ down to `final` · η₀ on half a cosine (Loshchilov and Hutter 2017).
  case cosine(final: Double)

  /// The factor on the rate after `update` of `total` updates.
  public func factor(update: Int, total: Int) -> Double {
    let progress = total > 1 ? min(1, Double(update) / Double(total - 1)) : 0
    switch self {
    case .constant: return 1
    case .linear(let final): return 1 + (final - 1) * progress
    case .exponential(let final): return pow(final, progress)
    case .cosine(let final): return final + (1 - final) * (1 + cos(.pi * progress)) / 2
    }
  }

  /// The schedule written as `constant`, `linear:0.1`, `exponential:0.01` or `cosine:0`.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      .map(String.init)
    let final = parts.count == 2 ? Double(parts[1]) : nil
    if parts.count == 2, final == nil || !(0...1).contains(final ?? -1) { return nil }
    switch parts.first {
    case "constant" where parts.count == 1: self = .constant
    case "linear": self = .linear(final: final ?? 0.1)
    case "exponential" where final != 0: self = .exponential(final: final ?? 0.01)
    case "cosine": self = .cosine(final: final ?? 0)
    default: return nil
    }
  }

  /// The schedule as ``init(_:)`` reads it.
  public var description: String {
    switch self {
    case .constant: "constant"
    case .linear(let final): "linear:\(final)"
    case .exponential(let final): "exponential:\(final)"
    case .cosine(let final): "cosine:\(final)"
    }
  }
}
