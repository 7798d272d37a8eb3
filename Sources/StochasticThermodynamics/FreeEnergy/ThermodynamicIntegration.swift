internal import Foundation
internal import NumericalCore

/// The integral of the mean force along a path of parameters.
///
/// Kirkwood 1935:
///
///     ΔF = ∫ ⟨∂E/∂λ⟩_λ dλ ≈ Σ_k w_k ⟨∂E/∂λ⟩_{λ_k}
///
/// Between two parameters the mean force is the cubic through the four nearest ones (exact for cubics),
/// which makes the weights w_k. The half-width of the interval is the sum of
///
/// - the sampling error, Student's quantile times √(Σ w_k² s_k²/n_k), and
/// - the quadrature error, for which stands the difference d from the same rule on every other parameter,
///   cleaned of the part that sampling explains: √max(0, d² − Var(d)). It exceeds the true error wherever
///   halving the distance improves the rule at all.
public enum ThermodynamicIntegration {
  static let method = "thermodynamic integration"

  /// ΔF between the first and the last parameter.
  ///
  /// - Parameters:
  ///   - parameters: λ_k, strictly increasing or strictly decreasing.
  ///   - derivatives: Samples of ∂E/∂λ (times the inverse temperature) at each λ_k.
  ///   - confidence: Of the interval.
  /// - Complexity: O(samples).
  public static func freeEnergyDifference(
    parameters: [Double], derivatives: [[Double]], confidence: Double = 0.95
  ) -> FreeEnergyDifference {
    func failed(_ reason: String) -> FreeEnergyDifference {
      FreeEnergyDifference(estimate: .unresolved(reason, method: method))
    }
    let steps = zip(parameters, parameters.dropFirst()).map { $1 - $0 }
    guard parameters.count >= 2, parameters.count == derivatives.count,
      parameters.allSatisfy(\.isFinite),
      steps.allSatisfy({ $0 > 0 }) || steps.allSatisfy({ $0 < 0 })
    else { return failed("parameters must be at least two, in order, one for each set of samples") }
    guard derivatives.allSatisfy({ $0.count >= 10 && $0.allSatisfy(\.isFinite) }) else {
      return failed("at least 10 finite samples are needed at each parameter")
    }
    let means = derivatives.map { $0.reduce(0, +) / Double($0.count) }
    let variances = zip(derivatives, means).map { samples, mean in
      samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        / (Double(samples.count) * Double(samples.count - 1))
    }
    guard parameters.count >= 5 else {
      return failed("at least five parameters are needed to tell the error of the quadrature")
    }
    let weights = quadratureWeights(parameters, degree: 3)
    let lower = everyOtherWeights(parameters)
    let value = zip(weights, means).reduce(0) { $0 + $1.0 * $1.1 }
    var error = 0.0
    var fourth = 0.0
    var difference = 0.0
    var noise = 0.0
    for k in parameters.indices {
      let part = weights[k] * weights[k] * variances[k]
      error += part
      fourth += part * part / Double(derivatives[k].count - 1)
      difference += (weights[k] - lower[k]) * means[k]
      noise += (weights[k] - lower[k]) * (weights[k] - lower[k]) * variances[k]
    }
    let freedom = fourth > 0 ? Swift.max(1, error * error / fourth) : 1
    let sampling =
      studentQuantile((1 + confidence) / 2, degreesOfFreedom: freedom) * error.squareRoot()
    let quadrature = Swift.max(0, difference * difference - noise).squareRoot()
    let half = sampling + quadrature
    let size = Double(derivatives.map(\.count).min() ?? 0)
    var verdict = Estimate.Verdict.resolved
    if half == 0 {
      verdict = .unresolved("the samples do not vary, so they do not tell their error")
    }
    if quadrature > 0.1 * Swift.max(abs(value), 1) {
      verdict = .unresolved("the parameters are too far apart for the quadrature")
    }
    return FreeEnergyDifference(
      estimate: Estimate(
        value: value, interval: value - half...value + half, confidence: confidence,
        method: method, effectiveSampleSize: size, verdict: verdict))
  }

  /// Weights of the same rule on every other parameter and the last.
  private static func everyOtherWeights(_ x: [Double]) -> [Double] {
    let kept = Array(stride(from: 0, to: x.count - 1, by: 2)) + [x.count - 1]
    let coarse = quadratureWeights(kept.map { x[$0] }, degree: Swift.min(3, kept.count - 1))
    var weights = [Double](repeating: 0, count: x.count)
    for (index, k) in kept.enumerated() { weights[k] = coarse[index] }
    return weights
  }

  /// Weights of the rule that integrates, between neighbours, the polynomial through the nearest points.
  static func quadratureWeights(_ x: [Double], degree: Int) -> [Double] {
    let points = degree + 1
    var weights = [Double](repeating: 0, count: x.count)
    for left in 0..<x.count - 1 {
      // All windows of the right size that hold the interval as centrally as possible.
      let centred = Double(left) - Double(points - 2) / 2
      let firsts = Set([centred.rounded(.down), centred.rounded(.up)]).map {
        Swift.min(Swift.max(0, Int($0)), x.count - points)
      }
      for first in Set(firsts) {
        let share = 1 / Double(Set(firsts).count)
        for k in first..<first + points {
          weights[k] +=
            share
            * integralOfLagrange(
              Array(x[first..<first + points]), index: k - first, from: x[left], to: x[left + 1])
        }
      }
    }
    return weights
  }

  /// The integral of one Lagrange polynomial of degree at most 3, by Gauss's rule of two points.
  private static func integralOfLagrange(
    _ x: [Double], index: Int, from a: Double, to b: Double
  ) -> Double {
    func polynomial(_ t: Double) -> Double {
      var product = 1.0
      for j in x.indices where j != index { product *= (t - x[j]) / (x[index] - x[j]) }
      return product
    }
    let centre = 0.5 * (a + b)
    let half = 0.5 * (b - a)
    let offset = half / 3.0.squareRoot()
    return half * (polynomial(centre - offset) + polynomial(centre + offset))
  }
}
