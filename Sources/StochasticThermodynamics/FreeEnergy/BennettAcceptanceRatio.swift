internal import Foundation
internal import NumericalCore

/// The acceptance ratio on works of both directions.
///
/// Bennett 1976, Journal of Computational Physics 22, 245; in this form Shirts, Bair, Hooker and Pande
/// 2003, Physical Review Letters 91, 140601, equation 8. ΔF solves
///
///     Σ_F f(M + W_F − ΔF) = Σ_R f(−M + W_R + ΔF),   f(x) = 1/(1 + eˣ),   M = ln (n_F/n_R)
///
/// where W_F are works of trajectories started in equilibrium at the start, and W_R works done on the
/// system in the reverse process started in equilibrium at the end, so that
/// p_F(W)/p_R(−W) = e^{W − ΔF} (Crooks 1999). It has the least asymptotic variance of all estimates from
/// these works; its bias is of order 1/n.
///
/// **Interval.** At the true ΔF the difference of the two sums has expectation zero exactly, whatever the
/// works; so the interval is the set of c at which the sums differ by no more than their sampling error
/// warrants: |g(t(c))| ≤ Student's quantile, with t(c) the studentised difference and g the correction
/// for skewness (``HallTransformation``). Unlike ± a standard error this stays honest where the works
/// hardly overlap. It also holds what the estimate would be without the five trajectories of either
/// direction that decide most. Where fewer than two trajectories cross, Σ f (1 − f) < 2, it reaches over the
/// bracket of the second law, −⟨W_R⟩ ≤ ΔF ≤ ⟨W_F⟩, and the verdict is `unresolved`.
///
/// Works of both directions that do not vary at all and agree, W_F = w = −W_R, leave only events that n
/// trajectories did not draw: ΔF = w ± −ln(1 − ln(2/α)/n).
///
/// **Overlap.** O = ∫ p_F(W) p_R(−W) / p̄(W) dW with p̄ the mixture of the two in the proportion of their
/// counts, estimated by O = (n_F + n_R)/(n_F n_R) · Σ f (1 − f) over all trajectories: 1 where the
/// distributions are the same, 0 where they are disjoint. It is the gap 1 − λ₂ of the overlap matrix of two
/// states (``MultistateBennettAcceptanceRatio``).
public enum BennettAcceptanceRatio {
  static let method = "Bennett acceptance ratio"

  /// ΔF from works of both directions.
  ///
  /// - Parameters:
  ///   - forward: Works W_F, in units of the temperature.
  ///   - reverse: Works W_R done on the system in the reverse process.
  ///   - confidence: Of the interval.
  ///   - effectiveForward: Independent forward trajectories; nil where all are.
  ///   - effectiveReverse: Independent reverse trajectories; nil where all are.
  /// - Complexity: O(n) times some tens.
  public static func freeEnergyDifference(
    forward: [Double], reverse: [Double], confidence: Double = 0.95,
    effectiveForward: Double? = nil, effectiveReverse: Double? = nil
  ) -> FreeEnergyDifference {
    guard forward.count >= 2, reverse.count >= 2, forward.allSatisfy(\.isFinite),
      reverse.allSatisfy(\.isFinite)
    else {
      return FreeEnergyDifference(
        estimate: .unresolved(
          "both directions need at least two works, all finite", method: method),
        overlap: 0)
    }
    let equation = AcceptanceEquation(
      forward: forward, reverse: reverse,
      effectiveForward: effectiveForward ?? Double(forward.count),
      effectiveReverse: effectiveReverse ?? Double(reverse.count))
    let value = equation.root()
    let solution = equation.evaluate(value)
    let overlap = Swift.min(1, equation.overlap(at: solution))
    if equation.isConstant {
      return constant(equation, value: value, overlap: overlap, confidence: confidence)
    }
    var interval = equation.interval(around: value, confidence: confidence)
    if solution.crossing < minimumCrossing {
      let law = equation.secondLaw(confidence: confidence)
      interval =
        Swift.min(
          interval.lowerBound, law.lowerBound)...Swift.max(interval.upperBound, law.upperBound)
    }
    return FreeEnergyDifference(
      estimate: Estimate(
        value: value, interval: interval, confidence: confidence, method: method,
        effectiveSampleSize: solution.effectiveSampleSize,
        verdict: verdict(equation, solution, overlap: overlap)),
      overlap: overlap)
  }

  /// Trajectories of either direction below which an estimate is unresolved.
  public static let minimumCount = 16.0
  /// Deciding trajectories of either direction, (Σf)²/Σf², below which an estimate is unresolved.
  public static let minimumSamples = 8.0
  /// Expected crossings Σ f (1 − f) below which an estimate is unresolved.
  public static let minimumCrossing = 2.0
  static let fewTrajectories = 5
  static let fewWhereOverlapIsPoor = 8
  static let maximumSkewness = 0.75

  private static func verdict(
    _ equation: AcceptanceEquation, _ solution: AcceptanceEquation.Value, overlap: Double
  ) -> Estimate.Verdict {
    let size = solution.effectiveSampleSize
    if equation.smallestCount < minimumCount {
      return .unresolved("fewer than \(Int(minimumCount)) independent trajectories in a direction")
    }
    if solution.crossing < minimumCrossing {
      return .unresolved("the works of the two directions do not overlap")
    }
    if size < minimumSamples || !(abs(solution.skewness) <= maximumSkewness) {
      return .unresolved(
        "the works hardly overlap: about \(Int(size.rounded())) trajectories decide")
    }
    return .resolved
  }

  /// Works that do not vary: W_F = w and W_R = −w in every trajectory.
  ///
  /// Events not seen in n trajectories have a probability below p = −ln(α/2)/n, and by Crooks'
  /// relation ΔF = w − ln(P_F(w)/P_R(−w)).
  private static func constant(
    _ equation: AcceptanceEquation, value: Double, overlap: Double, confidence: Double
  ) -> FreeEnergyDifference {
    let agree = abs(equation.forwardWork + equation.reverseWork) < 1e-9
    let rare = -log((1 - confidence) / 2) / equation.smallestCount
    guard agree, equation.smallestCount >= minimumCount else {
      return FreeEnergyDifference(
        estimate: .unresolved(
          agree
            ? "too few trajectories" : "the works do not vary and the two directions contradict",
          value: value, method: method),
        overlap: agree ? overlap : 0)
    }
    return FreeEnergyDifference(
      estimate: Estimate(
        value: value, interval: value + log1p(-rare)...value - log1p(-rare),
        confidence: confidence, method: method, effectiveSampleSize: equation.smallestCount),
      overlap: overlap)
  }
}
