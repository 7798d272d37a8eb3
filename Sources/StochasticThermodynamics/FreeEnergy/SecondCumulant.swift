internal import Foundation
internal import NumericalCore

/// The second-cumulant estimate, exact for Gaussian work only.
///
///     ΔF = ⟨W⟩ − Var(W)/2                                                 (one direction)
///     ΔF = (⟨W_F⟩ − ⟨W_R⟩)/2 − (Var(W_F) − Var(W_R))/12                   (both directions)
///
/// Zwanzig 1954; both directions: Hummer 2001, Journal of Chemical Physics 114, 7330. The intervals
/// are those of Gaussian work, Var(ΔF) = σ²/n + σ⁴/2(n − 1) for one direction. What the series leaves
/// out is κ₃/6 − κ₄/24 + …; the verdict is `unresolved` where skewness or kurtosis of the works tell that
/// they are not Gaussian, or where the samples could hide a third cumulant that matters.
public enum SecondCumulant {
  static let method = "second cumulant"
  /// Standard errors of skewness and kurtosis beyond which works are not Gaussian.
  static let normalLimit = 2.576

  /// ΔF from works of one direction.
  ///
  /// - Complexity: O(n).
  public static func freeEnergyDifference(
    works: [Double], confidence: Double = 0.95
  ) -> FreeEnergyDifference {
    guard let side = Side(works) else { return unusable }
    let n = side.count
    let error =
      (side.variance / n + side.variance * side.variance / (2 * (n - 1))).squareRoot()
    let half = studentQuantile((1 + confidence) / 2, degreesOfFreedom: n - 1) * error
    let value = side.mean - side.variance / 2
    let hidden = abs(side.thirdCumulant) / 6 + side.errorOfThirdCumulant / 6
    return FreeEnergyDifference(
      estimate: Estimate(
        value: value, interval: value - half...value + half, confidence: confidence,
        method: method, effectiveSampleSize: n,
        verdict: verdict([side], hidden: hidden, half: half)))
  }

  /// ΔF from works of both directions.
  ///
  /// - Complexity: O(n).
  public static func freeEnergyDifference(
    forward: [Double], reverse: [Double], confidence: Double = 0.95
  ) -> FreeEnergyDifference {
    guard let f = Side(forward), let r = Side(reverse) else { return unusable }
    let value = (f.mean - r.mean) / 2 - (f.variance - r.variance) / 12
    func variance(_ side: Side) -> Double {
      side.variance / (4 * side.count) + side.variance * side.variance
        / (72 * (side.count - 1))
    }
    let error = (variance(f) + variance(r)).squareRoot()
    let freedom = Swift.min(f.count, r.count) - 1
    let half = studentQuantile((1 + confidence) / 2, degreesOfFreedom: freedom) * error
    // Gaussian works of both directions have one variance, and Crooks' relation makes it the sum of
    // the means.
    let contradiction =
      abs(f.variance - r.variance)
      / (2 * f.variance * f.variance / (f.count - 1)
      + 2 * r.variance * r.variance / (r.count - 1)).squareRoot()
    var verdict = verdict([f, r], hidden: 0, half: half)
    if contradiction > normalLimit {
      verdict = .unresolved("the works of the two directions differ in variance: not Gaussian")
    }
    let bennett = BennettAcceptanceRatio.freeEnergyDifference(forward: forward, reverse: reverse)
    return FreeEnergyDifference(
      estimate: Estimate(
        value: value, interval: value - half...value + half, confidence: confidence,
        method: method + ", both directions", effectiveSampleSize: Swift.min(f.count, r.count),
        verdict: verdict),
      overlap: bennett.overlap)
  }

  private static var unusable: FreeEnergyDifference {
    FreeEnergyDifference(
      estimate: .unresolved(
        "at least 10 works are needed, all finite and not all the same", method: method))
  }

  private static func verdict(
    _ sides: [Side], hidden: Double, half: Double
  ) -> Estimate.Verdict {
    for side in sides {
      if abs(side.skewness) > normalLimit * (6 / side.count).squareRoot()
        || abs(side.excessKurtosis) > normalLimit * (24 / side.count).squareRoot()
      {
        return .unresolved("the works are not Gaussian")
      }
    }
    if hidden > half {
      return .unresolved("too few works to tell whether they are Gaussian enough")
    }
    return .resolved
  }

  /// Moments of the works of one direction.
  private struct Side {
    let count: Double
    let mean: Double
    let variance: Double
    let skewness: Double
    let excessKurtosis: Double

    init?(_ works: [Double]) {
      guard works.count >= 10, works.allSatisfy(\.isFinite) else { return nil }
      let n = Double(works.count)
      let centre = works.reduce(0, +) / n
      var moments = (0.0, 0.0, 0.0)
      for work in works {
        let d = work - centre
        moments.0 += d * d
        moments.1 += d * d * d
        moments.2 += d * d * d * d
      }
      let second = moments.0 / n
      guard second > 1e-24 * Swift.max(1, centre * centre) else { return nil }
      count = n
      mean = centre
      variance = moments.0 / (n - 1)
      skewness = moments.1 / n / pow(second, 1.5)
      excessKurtosis = moments.2 / n / (second * second) - 3
    }

    var thirdCumulant: Double { skewness * pow(variance, 1.5) }
    var errorOfThirdCumulant: Double { (6 / count).squareRoot() * pow(variance, 1.5) }
  }
}
