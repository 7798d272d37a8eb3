internal import Foundation
internal import NumericalCore

/// The integral fluctuation theorem as a test.
///
///     ⟨e^{−σ}⟩ = 1
///
/// for σ = β(W − ΔF) of trajectories that start in equilibrium (Jarzynski 1997), σ = (β₁ − β₂) Q of a
/// body of β₁ that takes up the heat Q from a bath of β₂ (Jarzynski and Wójcik 2004), and for the total
/// entropy production from any start (Seifert 2005).
///
/// **Too large** is always evidence: where the theorem holds the average exceeds 1/α with probability
/// below α, whatever is sampled. It is judged by ``Evidence``, whose false-alarm rate is proved.
///
/// **Too small** is evidence only if the trajectories with σ < 0 were sampled, for a rare trajectory of
/// large weight that was not drawn can carry any part of the average. The weight below the smallest
/// σ that was seen, −x, is
///
///     ⟨e^{−σ}; σ < −x⟩ = P_reverse(σ > x)
///
/// by the detailed theorem. It is counted in the reverse trajectories if there are any, and in the
/// trajectories themselves otherwise, which is right for protocols that are their own reverse, and an
/// assumption for others: no test of one sample can do without one. The verdict is `fail` only if the
/// average with that weight added stays below 1, and never `fail` because of what was not sampled. It is
/// `pass` only if a lack of trajectories cannot be what makes the average look right: the missing weight
/// is small, or the average is known to be no less than 0.9; and `unresolved` otherwise, or where a few
/// trajectories dominate.
///
/// - Complexity: O(n log n).
public enum IntegralFluctuationTheorem {
  /// The share of the average that may be missing in a sample that passes.
  public static let maximumMissingWeight = 0.05

  /// Tests ⟨e^{−σ}⟩ = 1.
  ///
  /// - Parameters:
  ///   - name: The name of the row.
  ///   - entropyProductions: σ of each trajectory.
  ///   - reverse: σ of trajectories of the reverse process, if there are any.
  ///   - effectiveFraction: Independent trajectories per trajectory, in (0, 1].
  ///   - confidence: That of the interval, which does not decide.
  ///   - falseAlarmRate: The probability α with which a true theorem may fail.
  public static func check(
    name: String, entropyProductions: [Double], reverse: [Double]? = nil,
    effectiveFraction: Double = 1, confidence: Double = 0.95, falseAlarmRate: Double = 1e-3
  ) -> Check {
    precondition(falseAlarmRate > 0 && falseAlarmRate < 1, "the false-alarm rate")
    precondition(effectiveFraction > 0 && effectiveFraction <= 1, "the effective fraction")
    let count = entropyProductions.count
    var check = Check(
      name: name, statistic: 0, expected: 1, interval: 0 ... .infinity, verdict: .unresolved,
      trajectories: count)
    guard count >= 2, entropyProductions.allSatisfy(\.isFinite) else {
      check.reason = "there are too few entropy productions, or one is not finite"
      check.advice = "measure at least some hundred trajectories"
      check.neededTrajectories = 1000
      return check
    }
    let logWeights = entropyProductions.map { -$0 }
    func average(_ confidence: Double) -> (estimate: Estimate, interval: ClosedRange<Double>) {
      let estimate = ExponentialAverage.estimate(logWeights: logWeights, confidence: confidence)
      let stretch = 1 / effectiveFraction.squareRoot()
      func bound(_ limit: Double) -> Double {
        limit.isFinite ? exp(estimate.value + stretch * (limit - estimate.value)) : exp(limit)
      }
      return (estimate, bound(estimate.interval.lowerBound)...bound(estimate.interval.upperBound))
    }
    let shown = average(confidence)
    let judged = average(1 - falseAlarmRate)
    check.statistic = exp(shown.estimate.value)
    check.interval = shown.interval

    let excess = Evidence.logExcess(logWeights: logWeights, effectiveFraction: effectiveFraction)
    if excess > log(2 / falseAlarmRate) {
      check.verdict = .fail
      check.reason = "the average is too large, which no lack of trajectories explains"
      check.advice = contradictionAdvice
      return check
    }
    let missing = missingWeight(
      entropyProductions, reverse: reverse, effectiveFraction: effectiveFraction,
      falseAlarmRate: falseAlarmRate)
    let isSampled =
      judged.estimate.isResolved
      && (missing.value <= maximumMissingWeight
        || judged.interval.lowerBound >= 1 - 2 * maximumMissingWeight)
      && shown.estimate.effectiveSampleSize * effectiveFraction >= ExponentialAverage.minimumSamples
    if isSampled, judged.interval.upperBound >= 1 {
      check.verdict = .pass
      return check
    }
    if judged.estimate.isResolved, judged.interval.upperBound + missing.limit < 1 {
      check.verdict = .fail
      check.reason =
        "the average is too small, and the trajectories of negative entropy production were sampled"
      check.advice = contradictionAdvice
      return check
    }
    markUnresolved(&check, entropyProductions, missing: missing.value, judged.estimate.verdict)
    return check
  }

  private static let contradictionAdvice =
    "check the temperatures, that trajectories start in equilibrium, and that the moves leave it unchanged"

  /// The weight below the smallest σ that was seen, and its upper limit.
  private static func missingWeight(
    _ forward: [Double], reverse: [Double]?, effectiveFraction: Double, falseAlarmRate: Double
  ) -> (value: Double, limit: Double) {
    let smallest = forward.min() ?? 0
    let border = -smallest + 1e-9 * abs(smallest) + 1e-12
    let mirrored = reverse ?? forward
    let beyond = mirrored.reduce(0) { $0 + ($1 > border ? 1 : 0) }
    let trials = Int((Double(mirrored.count) * effectiveFraction).rounded(.up))
    guard trials > 0 else { return (1, 1) }
    let successes = min(trials, Int((Double(beyond) * effectiveFraction).rounded(.up)))
    let interval = clopperPearsonInterval(
      successes: successes, trials: trials, confidence: 1 - falseAlarmRate)
    return (Double(beyond) / Double(mirrored.count), interval.upperBound)
  }

  private static func markUnresolved(
    _ check: inout Check, _ entropyProductions: [Double], missing: Double,
    _ verdict: Estimate.Verdict
  ) {
    let moments = StreamingMoments(entropyProductions)
    let dissipation = max(moments.mean, moments.variance / 2)
    let needed = max(
      10 * Double(entropyProductions.count), Evidence.neededTrajectories(dissipation: dissipation))
    check.verdict = .unresolved
    check.neededTrajectories = Evidence.integer(needed)
    check.advice =
      "take smaller or slower steps, or about \(Evidence.integer(needed)) trajectories"
    if missing > maximumMissingWeight {
      let share = Int((100 * missing).rounded())
      check.reason =
        "trajectories of negative entropy production were not sampled: "
        + "they carry about \(share) % of the average"
    } else if case .unresolved(let reason) = verdict {
      check.reason = reason
    } else {
      check.reason = "the average is below 1 by no more than what was not sampled"
    }
  }
}
