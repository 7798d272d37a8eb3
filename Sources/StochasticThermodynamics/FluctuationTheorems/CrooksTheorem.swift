internal import Foundation
public import NumericalCore

/// Crooks' fluctuation theorem as a test, for works in units of the temperature.
///
///     ln p_F(W)/p_R(−W) = slope · (W − crossing),   slope 1, crossing ΔF
///
/// Crooks 1999, Physical Review E 60, 2721. Nothing is binned to estimate slope and crossing: of a
/// work W that was drawn from n_F forward or, as −W, from n_R reverse trajectories, the direction is a
/// coin with
///
///     ln P(F | W)/P(R | W) = ln n_F/n_R + slope · (W − crossing),
///
/// a logistic regression (Shirts, Bair, Hooker and Pande 2003, Physical Review Letters 91, 140601).
/// Standard errors are those of the inverse Fisher information, less 1/n_F + 1/n_R for the variance of
/// the constant, because the numbers of trajectories are not random (as there; Anderson 1972, Biometrika 59, 19).
/// With the slope fixed at 1 the crossing is Bennett's estimate of ΔF.
///
/// Tests that share the false-alarm rate α: the slope (score, χ² of 1 degree), the shape over bins of
/// equal information (χ², one degree a bin less one), the crossing against a known ΔF if one is given,
/// and ⟨e^{−(W_F + W_R)}⟩ = 1 over pairs of trajectories, by evidence that needs no overlap.
///
/// - Complexity: O(n log n).
public enum CrooksTheorem {
  /// A point of the figure: the ratio of p_F(W) and p_R(−W).
  public typealias Bin = FluctuationBin

  /// What was measured.
  public struct Result: Sendable, Equatable, Codable {
    /// d ln [p_F(W)/p_R(−W)] / dW, 1 by the theorem.
    public var slope: Estimate
    /// Where p_F(W) = p_R(−W): ΔF by the theorem, whatever the slope.
    public var crossing: Estimate
    /// The row of the table: the slope, and what follows.
    public var check: Check
    /// The ratio over W.
    public var bins: [Bin]
    /// The overlap Σ p(1 − p) (1/n_F + 1/n_R), from 0 (none) to 1 (the same distribution).
    public var overlap: Double
  }

  /// Tests the theorem on forward works W and reverse works (done on the system in the reverse process).
  ///
  /// - Parameters:
  ///   - name: The name of the row.
  ///   - forward: βW of forward trajectories, which start in equilibrium of the first parameters.
  ///   - reverse: βW of reverse trajectories, which start in equilibrium of the last parameters.
  ///   - freeEnergyDifference: βΔF where it is known.
  ///   - effectiveFraction: Independent trajectories per trajectory, in (0, 1].
  ///   - binCount: About how many bins.
  ///   - confidence: That of the intervals, which do not decide.
  ///   - falseAlarmRate: The probability α with which a true theorem may fail.
  public static func check(
    name: String, forward: [Double], reverse: [Double], freeEnergyDifference: Double? = nil,
    effectiveFraction: Double = 1, binCount: Int = 20, confidence: Double = 0.95,
    falseAlarmRate: Double = 1e-3
  ) -> Result {
    precondition(falseAlarmRate > 0 && falseAlarmRate < 1, "the false-alarm rate")
    precondition(effectiveFraction > 0 && effectiveFraction <= 1, "the effective fraction")
    precondition(binCount > 0, "\(binCount) bins")
    var check = Check(
      name: name, statistic: 0, expected: 1, interval: -.infinity ... .infinity,
      verdict: .unresolved, trajectories: forward.count + reverse.count)
    guard forward.count >= 2, reverse.count >= 2, (forward + reverse).allSatisfy(\.isFinite) else {
      let reason = "works of one direction are missing or not finite"
      check.reason = reason
      check.advice = "measure works in both directions"
      let estimate = Estimate.unresolved(reason, method: method)
      return Result(slope: estimate, crossing: estimate, check: check, bins: [], overlap: 0)
    }
    let pooled = Pooled(forward: forward, reverse: reverse)
    let theory = LogisticLine.Parameters(
      intercept: pooled.line.interceptOnly(slope: 1), slope: 1)
    let scale = (pooled.line.x.last ?? 0) - (pooled.line.x.first ?? 0)
    let binned = BinnedLine(
      pooled.line, at: theory, count: binCount, logCountRatio: pooled.line.offset,
      tolerance: 1e-9 * scale, effectiveFraction: effectiveFraction)
    let derivatives = pooled.line.derivatives(theory)
    let (slope, crossing) = pooled.fit(
      from: theory, effectiveFraction: effectiveFraction, confidence: confidence)
    check.statistic = slope.value
    check.interval = slope.interval
    let excess = Evidence.logExcess(
      logWeights: zip(forward, reverse).map { -($0 + $1) }, effectiveFraction: effectiveFraction)
    judge(
      &check, derivatives, binned, slope, excess: excess,
      deviation: freeEnergyDifference.map {
        pooled.deviation(
          of: theory, derivatives, from: $0, effectiveFraction: effectiveFraction)
      } ?? 0, effectiveFraction: effectiveFraction, falseAlarmRate: falseAlarmRate)
    return Result(
      slope: slope, crossing: crossing, check: check,
      bins: binned.bins.map {
        var bin = $0
        bin.centre += pooled.centre
        return bin
      }, overlap: min(1, derivatives.information.0 * pooled.inverseCounts))
  }

  private static let method = "logistic regression of the direction on the work"

  /// Works of both directions, ascending, less a centre that keeps the regression well conditioned.
  private struct Pooled {
    let line: LogisticLine
    let centre: Double
    /// 1/n_F + 1/n_R.
    let inverseCounts: Double

    init(forward: [Double], reverse: [Double]) {
      centre = (mean(of: forward) - mean(of: reverse)) / 2
      var all = forward.map { (work: $0, isForward: true) }
      all += reverse.map { (work: -$0, isForward: false) }
      all.sort { ($0.work, $0.isForward ? 1 : 0) < ($1.work, $1.isForward ? 1 : 0) }
      let shift = centre
      line = LogisticLine(
        x: all.map { $0.work - shift }, y: all.map(\.isForward),
        offset: log(Double(forward.count) / Double(reverse.count)))
      inverseCounts = 1 / Double(forward.count) + 1 / Double(reverse.count)
    }

    /// Slope and crossing by maximum likelihood.
    func fit(
      from theory: LogisticLine.Parameters, effectiveFraction: Double, confidence: Double
    ) -> (slope: Estimate, crossing: Estimate) {
      guard let fit = line.fit(from: theory), fit.parameters.slope != 0 else {
        let estimate = Estimate.unresolved(
          "the works of the two directions do not overlap", method: method)
        return (estimate, estimate)
      }
      let slope = fit.parameters.slope
      let crossing = -fit.parameters.intercept / slope
      let (constant, both, square) = fit.covariance
      let variance =
        (max(0, constant - inverseCounts) + 2 * crossing * both + crossing * crossing * square)
        / (slope * slope)
      func estimate(_ value: Double, _ variance: Double) -> Estimate {
        Estimate(
          value: value, standardError: (max(0, variance) / effectiveFraction).squareRoot(),
          confidence: confidence, method: method,
          effectiveSampleSize: Double(line.x.count) * effectiveFraction)
      }
      return (estimate(slope, square), estimate(centre + crossing, variance))
    }

    /// (Bennett's estimate − ΔF) in standard errors.
    func deviation(
      of theory: LogisticLine.Parameters, _ derivatives: LogisticLine.Derivatives,
      from exact: Double, effectiveFraction: Double
    ) -> Double {
      let variance = (1 / derivatives.information.0 - inverseCounts) / effectiveFraction
      let difference = centre - theory.intercept - exact
      let rounding = 1e-9 * (1 + abs(exact))
      return difference / max(max(0, variance).squareRoot(), rounding)
    }
  }

  private static func judge(
    _ check: inout Check, _ derivatives: LogisticLine.Derivatives, _ binned: BinnedLine,
    _ slope: Estimate, excess: Double, deviation: Double, effectiveFraction: Double,
    falseAlarmRate: Double
  ) {
    let information = derivatives.information.0 * effectiveFraction
    let share = falseAlarmRate / 4
    let isInformed = information >= DetailedFluctuationTheorem.minimumInformation
    let degrees = Double(binned.tested - 1)
    let advice =
      "check that both directions start in equilibrium, that the reverse runs all moves in reverse order, and the signs"
    var contradictions: [String] = []
    if isInformed, derivatives.determinant > 0,
      derivatives.slopeStatistic * effectiveFraction
        > chiSquareQuantile(upperTail: share, degreesOfFreedom: 1)
    {
      contradictions.append("the slope contradicts the theorem")
    }
    if degrees > 0,
      binned.statistic > chiSquareQuantile(upperTail: share, degreesOfFreedom: degrees)
    {
      contradictions.append("ln p_F(W)/p_R(−W) is not a straight line")
    }
    if isInformed, abs(deviation) > -normalQuantile(share / 2) {
      contradictions.append("the works do not cross at the known free energy difference")
    }
    if excess > -log(share) {
      contradictions.append("forward and reverse work together give more than was put in")
    }
    check.reason = contradictions.joined(separator: "; ")
    if !contradictions.isEmpty {
      check.verdict = .fail
      check.advice = advice
    } else if !isInformed || !slope.isResolved {
      let count = Double(check.trajectories)
      let needed =
        count * DetailedFluctuationTheorem.minimumInformation / max(information, 1e-300)
      check.neededTrajectories = Evidence.integer(max(needed, 2 * count))
      // The works may overlap well where few of the trajectories are independent.
      check.reason =
        derivatives.information.0 >= DetailedFluctuationTheorem.minimumInformation
        ? "too few of the trajectories are independent"
        : "works of the two directions do not overlap"
      check.advice =
        "drive more slowly, or take about \(check.neededTrajectories ?? 0) trajectories"
    } else if slope.interval.upperBound - slope.interval.lowerBound > 2 {
      let width = slope.halfWidth
      check.neededTrajectories = Evidence.integer(
        4 * Double(check.trajectories) * width * width)
      check.reason = "the slope cannot be told from zero"
      check.advice = "drive faster, or take about \(check.neededTrajectories ?? 0) trajectories"
    } else {
      check.verdict = .pass
    }
  }
}
