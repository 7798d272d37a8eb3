internal import NumericalCore
internal import StochasticThermodynamics

extension Check {
  /// An exact number that may be at most so large, such as an error by rounding.
  static func exact(_ name: String, _ value: Double, atMost limit: Double) -> Check {
    Check(
      name: name, statistic: value, expected: limit, relation: .atMost, interval: point(value),
      verdict: value <= limit ? .pass : .fail, trajectories: 0,
      reason: value <= limit ? "" : "\(value) is more than \(limit)")
  }

  /// An exact number that must be at least so large: what a negative control has to show.
  static func exact(_ name: String, _ value: Double, atLeast limit: Double) -> Check {
    Check(
      name: name, statistic: value, expected: limit, relation: .atLeast, interval: point(value),
      verdict: value >= limit ? .pass : .fail, trajectories: 0,
      reason: value >= limit ? "" : "\(value) is less than \(limit)")
  }

  /// An exact number as an interval; NaN has none.
  private static func point(_ value: Double) -> ClosedRange<Double> {
    value.isNaN ? -.infinity ... .infinity : value...value
  }

  /// A measured number against a true one: within three standard errors, and within a tolerance.
  static func measured(
    _ name: String, _ value: Double, standardError: Double, expected: Double,
    tolerance: Double = .infinity, trajectories: Int
  ) -> Check {
    let error = value - expected
    let isKnown = value.isFinite && standardError.isFinite && standardError > 0
    let reach = 3 * standardError
    var verdict = Check.Verdict.pass
    var reason = ""
    if !isKnown {
      verdict = .unresolved
      reason = "the standard error is not known"
    } else if abs(error) > reach {
      verdict = .fail
      reason = "\(error / standardError) standard errors from \(expected)"
    } else if abs(error) > tolerance {
      // A tolerance finer than the error bar decides nothing by itself.
      verdict = reach > tolerance ? .unresolved : .fail
      reason = "off by \(error), more than \(tolerance)"
    }
    return Check(
      name: name, statistic: value, expected: expected,
      interval: isKnown ? value - reach...value + reach : -.infinity ... .infinity,
      verdict: verdict, trajectories: trajectories,
      reason: reason)
  }

  /// What stands where the digits were not given.
  static func withoutDigits(expected: Double) -> Check {
    Check(
      name: "MNIST", statistic: 0, expected: expected, relation: .atLeast, interval: 0...0,
      verdict: .unresolved, trajectories: 0,
      reason: "the digits were not given, so nothing was run",
      advice: "give --mnist FOLDER with train-images-idx3-ubyte.gz and t10k-images-idx3-ubyte.gz")
  }
}
