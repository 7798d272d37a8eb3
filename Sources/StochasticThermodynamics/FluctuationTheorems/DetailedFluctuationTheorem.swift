internal import Foundation
public import NumericalCore

/// The detailed fluctuation theorem of one distribution as a test.
///
///     ln p(x)/p(−x) = slope · x
///
/// for the heat exchanged between equilibrium at β₁ and a bath at β₂ by a reversible kernel (slope
/// β₁ − β₂; Jarzynski and Wójcik 2004) and for the total entropy production of a process
/// that is its own reverse (slope 1; Seifert 2005). A sweep over blocks in one order is not reversible
/// and fails; palindromes pass.
///
/// Nothing is binned to estimate the slope. Given |x|, the sign of x is a coin that shows + with
/// probability
///
///     P(+ | |x|) = logistic(slope |x| + intercept),   intercept 0 by the theorem,
///
/// so slope and intercept are a logistic regression, for densities and for discrete values alike;
/// x = 0 says nothing and is left out. As the coins are known exactly under the theorem, no tail has to
/// be sampled for the test to be valid, only for it to have power.
///
/// Three tests share the false-alarm rate α: the score of slope and intercept (χ², 2 degrees), the
/// shape over bins of equal information (χ², one degree a bin; a curved ratio fails it), and the number
/// of signs against the odds (Chernoff's bound, valid for the rarest signs).
///
/// - Complexity: O(n log n).
public enum DetailedFluctuationTheorem {
  /// A point of the figure: the ratio of counts at x and −x.
  public typealias Bin = FluctuationBin

  /// What was measured.
  public struct Result: Sendable, Equatable, Codable {
    /// d ln [p(x)/p(−x)] / dx.
    public var slope: Estimate
    /// The ratio's limit at x → 0+, zero by the theorem.
    public var intercept: Estimate
    /// The row of the table: the slope, and what follows.
    public var check: Check
    /// The ratio over |x|.
    public var bins: [Bin]
  }

  /// Σ p(1 − p) over the signs below which nothing is said: about so many signs against the odds.
  public static let minimumInformation = 25.0

  /// Tests ln p(x)/p(−x) = slope · x.
  ///
  /// The verdict is `unresolved` where the values of the unlikely sign were not sampled, and where the
  /// slope could not be told from zero.
  ///
  /// - Parameters:
  ///   - name: The name of the row.
  ///   - values: x of each trajectory.
  ///   - expectedSlope: The slope by the theorem.
  ///   - effectiveFraction: Independent trajectories per trajectory, in (0, 1].
  ///   - zeroTolerance: Values up to this are zero; nil for 1e-9 of the largest.
  ///   - binCount: About how many bins.
  ///   - confidence: That of the intervals, which do not decide.
  ///   - falseAlarmRate: The probability α with which a true theorem may fail.
  public static func check(
    name: String, values: [Double], expectedSlope: Double, effectiveFraction: Double = 1,
    zeroTolerance: Double? = nil, binCount: Int = 20, confidence: Double = 0.95,
    falseAlarmRate: Double = 1e-3
  ) -> Result {
    precondition(falseAlarmRate > 0 && falseAlarmRate < 1, "the false-alarm rate")
    precondition(effectiveFraction > 0 && effectiveFraction <= 1, "the effective fraction")
    precondition(binCount > 0 && expectedSlope.isFinite, "\(binCount) bins, slope \(expectedSlope)")
    let scale = values.reduce(0) { max($0, abs($1)) }
    let tolerance = zeroTolerance ?? 1e-9 * scale
    let sorted = values.filter { abs($0) > tolerance }.sorted { abs($0) < abs($1) }
    guard values.allSatisfy(\.isFinite), !sorted.isEmpty else {
      return nothing(
        name, expectedSlope, count: values.count,
        reason: values.isEmpty || sorted.isEmpty && values.allSatisfy(\.isFinite)
          ? "no value differs from zero" : "a value is not finite")
    }
    let line = LogisticLine(x: sorted.map { abs($0) }, y: sorted.map { $0 > 0 })
    let theory = LogisticLine.Parameters(intercept: 0, slope: expectedSlope)
    let binned = BinnedLine(
      line, at: theory, count: binCount, logCountRatio: 0, tolerance: 1e-9 * scale,
      effectiveFraction: effectiveFraction)
    let (slope, intercept) = fit(
      line, theory, effectiveFraction: effectiveFraction, confidence: confidence)
    var check = Check(
      name: name, statistic: slope.value, expected: expectedSlope, interval: slope.interval,
      verdict: .pass, trajectories: values.count)
    judge(
      &check, line, theory, binned, slope, effectiveFraction: effectiveFraction,
      falseAlarmRate: falseAlarmRate)
    return Result(slope: slope, intercept: intercept, check: check, bins: binned.bins)
  }

  private static func nothing(
    _ name: String, _ expected: Double, count: Int, reason: String
  ) -> Result {
    let estimate = Estimate.unresolved(reason, method: method)
    return Result(
      slope: estimate, intercept: estimate,
      check: Check(
        name: name, statistic: 0, expected: expected, interval: -.infinity ... .infinity,
        verdict: .unresolved, trajectories: count, reason: reason,
        advice: "measure trajectories that exchange something", neededTrajectories: 1000),
      bins: [])
  }

  private static let method = "logistic regression of the sign on the magnitude"

  /// Slope and intercept, or the slope alone where there is one magnitude only.
  private static func fit(
    _ line: LogisticLine, _ theory: LogisticLine.Parameters, effectiveFraction: Double,
    confidence: Double
  ) -> (slope: Estimate, intercept: Estimate) {
    let independent = Double(line.x.count) * effectiveFraction
    func estimate(_ value: Double, variance: Double) -> Estimate {
      Estimate(
        value: value, standardError: (variance / effectiveFraction).squareRoot(),
        confidence: confidence, method: method, effectiveSampleSize: independent)
    }
    let start = LogisticLine.Parameters(intercept: 0, slope: 0)
    if let fit = line.fit(from: start) {
      return (
        estimate(fit.parameters.slope, variance: fit.covariance.2),
        estimate(fit.parameters.intercept, variance: fit.covariance.0)
      )
    }
    let reason = "the signs are all one, or separated by magnitude"
    let spread = (line.x.last ?? 0) - (line.x.first ?? 0)
    if spread <= 1e-6 * (line.x.last ?? 0), let fit = line.fitSlope(from: start) {
      return (
        estimate(fit.parameters.slope, variance: fit.covariance.2),
        .unresolved("there is one magnitude only", method: method)
      )
    }
    return (.unresolved(reason, method: method), .unresolved(reason, method: method))
  }

  private static func judge(
    _ check: inout Check, _ line: LogisticLine, _ theory: LogisticLine.Parameters,
    _ binned: BinnedLine, _ slope: Estimate, effectiveFraction: Double, falseAlarmRate: Double
  ) {
    let derivatives = line.derivatives(theory)
    let information = derivatives.information.0 * effectiveFraction
    let share = falseAlarmRate / 3
    let isInformed = information >= minimumInformation
    if isInformed {
      let hasBoth = derivatives.determinant > 0
      let statistic =
        hasBoth
        ? derivatives.scoreStatistic
        : derivatives.score.0 * derivatives.score.0 / derivatives.information.0
      if statistic * effectiveFraction
        > chiSquareQuantile(upperTail: share, degreesOfFreedom: hasBoth ? 2 : 1)
      {
        fail(&check, "slope or intercept contradict the theorem")
        return
      }
    }
    if binned.tested > 0,
      binned.statistic
        > chiSquareQuantile(upperTail: share, degreesOfFreedom: Double(binned.tested))
    {
      fail(&check, "ln p(x)/p(−x) is not the straight line of the theorem")
      return
    }
    let odds = oddsAgainst(line, theory)
    if effectiveFraction * Evidence.logCountBound(count: odds.count, mean: odds.expected)
      < log(share / 2)
    {
      fail(&check, "signs that the theorem makes rare are not, or the other way round")
      return
    }
    let count = Double(check.trajectories)
    if !isInformed {
      let needed = count * minimumInformation / max(information, 1e-300)
      markUnresolved(
        &check, needed: needed,
        "values of the unlikely sign were not sampled: about \(rounded(information)) are expected")
    } else if !slope.isResolved || slope.halfWidth > abs(theory.slope) && theory.slope != 0 {
      let ratio = slope.isResolved ? slope.halfWidth / abs(theory.slope) : 2
      markUnresolved(
        &check, needed: 4 * count * ratio * ratio, "the slope cannot be told from zero")
    }
  }

  /// How many signs are the less likely ones, and how many should be.
  private static func oddsAgainst(
    _ line: LogisticLine, _ theory: LogisticLine.Parameters
  ) -> (count: Double, expected: Double) {
    var count = 0.0
    var expected = 0.0
    for index in line.x.indices {
      let logit = theory.slope * line.x[index]
      expected += logistic(-abs(logit))
      if line.y[index] != (logit >= 0) { count += 1 }
    }
    return (count, expected)
  }

  private static func rounded(_ value: Double) -> String { String(format: "%.2g", value) }

  private static func fail(_ check: inout Check, _ reason: String) {
    check.verdict = .fail
    check.reason = reason
    check.advice =
      "check that the moves read the same backwards (a palindrome), the temperatures, and that trajectories start in equilibrium"
  }

  private static func markUnresolved(_ check: inout Check, needed: Double, _ reason: String) {
    check.verdict = .unresolved
    check.reason = reason
    check.neededTrajectories = Evidence.integer(needed)
    check.advice =
      "take about \(Evidence.integer(needed)) trajectories, or a step for which slope times the deviation of x is between 0.4 and 1"
  }
}
