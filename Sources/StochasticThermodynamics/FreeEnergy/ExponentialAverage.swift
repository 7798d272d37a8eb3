internal import Foundation
public import NumericalCore

/// The exponential average of work.
///
/// Jarzynski 1997, equation 2; Zwanzig 1954.
///
///     ΔF = − ln ⟨e^{−W}⟩,        here for weights w = eˣ:  ln ⟨w⟩
///
/// ⟨w⟩ is unbiased over independent trajectories; its logarithm is biased low by about
/// Var(w) / (2 n ⟨w⟩²).
///
/// **Interval.** The union of intervals, each of which holds where others fail:
///
/// 1. Student's interval of ⟨w⟩ corrected for skewness (``HallTransformation``): any light-tailed w.
/// 2. That of κ₁ + κ₂/2 of x = ln w (Cox; Land 1971), exact for Gaussian work however large, and upwards
///    that of κ₁ + κ₂/2 + κ₃/6; not used where x is clearly skewed to the left and narrow or walled (below).
/// 3. Upwards, κ₁ + κ₂/2 with the variance that a sample as narrow as this would have once in 200: samples
///    that are resolved are narrower than others.
/// 4. What the estimate would be without the five heaviest, and without the five lightest trajectories.
/// 5. Upwards, where x is skewed to the right, the mean if the tail goes on as a power of w, with the
///    index of the tail at its upper limit.
///
/// **Verdict.** `unresolved` where
///
/// - there are fewer than 100 trajectories, or the effective sample size (Σw)²/Σw² is below 4,
/// - few trajectories dominate: |γ|/√n of the weights above 0.65 (0.75 where Var x < 1/4),
/// - x is skewed to the left (by 0.6 and significantly), wide (its deviation above 0.15 ln n) and its density
///   falls towards the largest x: one mode of many may carry the average and not have been drawn. Where the
///   density does not fall, as for a trap that is stiffened, x ends in a wall and nothing lies above;
/// - the tail of the weights is so heavy that its index may exceed 0.9, or
/// - the spread leaves fewer than four effective samples, n e^{−Var x} < 4, unless eight weigh like the
///   heaviest, Σw / max w ≥ 8.
///
/// What was never drawn leaves no trace: an event of probability below 1/n and weight above n is not
/// seen by any of this. `Documentation/Design/0005-free-energies.md` has the measured coverage.
public enum ExponentialAverage {
  /// Trajectories below which an estimate is unresolved: fewer do not show their tails.
  public static let minimumCount = 100
  /// Effective samples below which an estimate is unresolved.
  public static let minimumSamples = 4.0
  static let minimumTopCount = 8.0
  static let dominance = 0.65
  static let dominanceWhereSpreadIsSmall = 0.75
  static let smallSpread = 0.25
  /// Standard errors of the skewness of x below which cumulants are not used.
  static let leftSkewed = -2.5
  /// Skewness of x from which, where it is also significant and x is wide, its top may be missing.
  static let leftSkewness = -0.6
  /// Deviation of narrow x, as a part of ln n.
  static let narrowWidth = 0.15
  /// Growth of the distance from the largest x, as a power of the rank, that makes a wall.
  static let wallGrowthNear = 0.8...4.0
  static let wallGrowth = 1.15...4.0
  static let spreadTail = 0.005
  static let fewTrajectories = 5
  static let fewWhereSpreadIsLarge = 8
  static let tailWidth = 6.0
  static let tailErrors = 4.0
  static let heaviestTail = 0.9

  static let method = "exponential average"

  /// ln ⟨e^x⟩ over independent logarithmic weights x.
  ///
  /// - Parameters:
  ///   - logWeights: x, one a trajectory.
  ///   - confidence: Of the interval.
  ///   - constantIsExact: What weights that are all equal to rounding mean: that nothing fluctuates, as in
  ///     a protocol without work (true), or that what fluctuates was not drawn (false: unresolved).
  ///   - minimumCount: Weights below which the estimate is unresolved; fewer do where each is the average of
  ///     many.
  /// - Complexity: O(n log n).
  public static func estimate(
    logWeights: [Double], confidence: Double = 0.95, constantIsExact: Bool = true,
    minimumCount: Int = minimumCount
  ) -> Estimate {
    guard logWeights.count >= 2, logWeights.allSatisfy(\.isFinite) else {
      return .unresolved("weights are missing or not finite", method: method)
    }
    let sample = LogWeights(logWeights)
    guard !sample.isConstant else {
      guard constantIsExact else {
        return .unresolved(
          "the works do not vary, so they do not tell their error", value: sample.value,
          method: method)
      }
      // Exact, up to the rounding of the weights themselves.
      let rounding = 1e-9 * Swift.max(1, abs(sample.value))
      return Estimate(
        value: sample.value, interval: sample.value - rounding...sample.value + rounding,
        confidence: confidence, method: method, effectiveSampleSize: sample.count)
    }
    return Estimate(
      value: sample.value, interval: sample.interval(confidence: confidence),
      confidence: confidence, method: method, effectiveSampleSize: sample.effectiveSampleSize,
      verdict: sample.verdict(minimumCount: minimumCount))
  }

  /// ΔF = − ln ⟨e^{−W}⟩ from works of one direction, in units of the temperature.
  ///
  /// Works that are all the same are unresolved: they do not tell what was not drawn.
  ///
  /// - Complexity: O(n log n).
  public static func freeEnergyDifference(
    works: [Double], confidence: Double = 0.95
  ) -> FreeEnergyDifference {
    let average = estimate(
      logWeights: works.map { -$0 }, confidence: confidence, constantIsExact: false)
    return FreeEnergyDifference(estimate: average.scaled(by: -1))
  }
}
