internal import Foundation
internal import NumericalCore

/// The second law as a test: entropy production is not negative on average.
///
///     ⟨σ⟩ ≥ 0
///
/// It fails only if two things agree. The mean is below zero by its standard error (Student's t), and
/// the sum is below ln α: a sum of independent σ that obey the integral theorem is below −x with
/// probability at most e^{−x}, because ⟨e^{−Σσ}⟩ = 1, whatever their distribution. So the false-alarm
/// rate α is proved, also where rare trajectories of large σ were not sampled.
public enum SecondLaw {
  /// Tests ⟨σ⟩ ≥ 0.
  ///
  /// - Parameters:
  ///   - name: The name of the row.
  ///   - entropyProductions: σ of each trajectory.
  ///   - effectiveFraction: Independent trajectories per trajectory, in (0, 1].
  ///   - confidence: That of the interval, which does not decide.
  ///   - falseAlarmRate: The probability α with which a true law may fail.
  public static func check(
    name: String, entropyProductions: [Double], effectiveFraction: Double = 1,
    confidence: Double = 0.95, falseAlarmRate: Double = 1e-3
  ) -> Check {
    precondition(falseAlarmRate > 0 && falseAlarmRate < 1, "the false-alarm rate")
    precondition(effectiveFraction > 0 && effectiveFraction <= 1, "the effective fraction")
    let count = entropyProductions.count
    var check = Check(
      name: name, statistic: 0, expected: 0, relation: .atLeast,
      interval: -.infinity ... .infinity, verdict: .unresolved, trajectories: count)
    guard count >= 2, entropyProductions.allSatisfy(\.isFinite) else {
      check.reason = "there are too few entropy productions, or one is not finite"
      check.advice = "measure at least some hundred trajectories"
      check.neededTrajectories = 100
      return check
    }
    let moments = StreamingMoments(entropyProductions)
    let error = (moments.variance / (Double(count) * effectiveFraction)).squareRoot()
    let degrees = max(1, Double(count) * effectiveFraction - 1)
    let half = error * studentQuantile((1 + confidence) / 2, degreesOfFreedom: degrees)
    check.statistic = moments.mean
    check.interval = (moments.mean - half)...(moments.mean + half)
    let limit = error * studentQuantile(1 - falseAlarmRate, degreesOfFreedom: degrees)
    // Rounding of energies is no violation.
    let rounding = 1e-10 * entropyProductions.reduce(0) { max($0, abs($1)) }
    guard moments.mean + limit + rounding < 0 else {
      check.verdict = .pass
      return check
    }
    let sum = moments.mean * Double(count) * effectiveFraction
    if sum <= log(falseAlarmRate) {
      check.verdict = .fail
      check.reason = "entropy is destroyed on average"
      check.advice = "check the signs of work and heat, the temperatures and the free energy"
    } else {
      check.reason = "the mean is negative, but so little that unseen trajectories may balance it"
      check.neededTrajectories = Evidence.integer(Double(count) * log(falseAlarmRate) / sum)
      check.advice = "take about \(check.neededTrajectories ?? 0) trajectories"
    }
    return check
  }
}
