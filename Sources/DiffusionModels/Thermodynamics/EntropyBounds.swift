internal import Foundation
internal import NumericalCore

/// Between what bounds the entropy of one reverse step lies, in nats.
///
/// ```
/// H_q(X_t|X_{t−1}) + H_q(X_{t−1}|X_0) − H_q(X_t|X_0) ≤ H_q(X_{t−1}|X_t) ≤ H_q(X_t|X_{t−1})
/// H_q(X_{t−1}|X_t) = H_q(X_t|X_{t−1}) + H_q(X_{t−1}) − H_q(X_t)
/// ```
///
/// Below stands the data-processing inequality; above, that entropy grows towards noise, which needs data
/// of unit variance (of the activity of π). Source: Sohl-Dickstein et al. 2015, appendix A.
public struct EntropyBounds: Sendable, Equatable, Codable {
  /// t.
  public let step: Int
  /// The lower bound of H_q(X_{t−1}|X_t).
  public let lower: Double
  /// H_q(X_{t−1}|X_t).
  public let value: Double
  /// Its standard error; 0 where it is exact.
  public let standardError: Double
  /// The upper bound.
  public let upper: Double

  /// I(X_{t−1}; X_0|X_t), by which the step's divergence from q(x_{t−1}|x_t, x_0) exceeds its divergence
  /// from q(x_{t−1}|x_t) on average: what the bound loses at this step with the best kernel of any form.
  ///
  /// The lower bound is H_q(X_{t−1}|X_t, X_0), so this is the distance from it.
  public var leastDivergence: Double { value - lower }

  /// The bounds for Gaussian data of the given variances along its axes, t = 2 … T; exact.
  public static func gaussian(
    variances: [Double], diffusion: GaussianDiffusion
  ) -> [EntropyBounds] {
    let schedule = diffusion.schedule
    return (2...max(2, schedule.steps)).filter { $0 <= schedule.steps }.map { step in
      let fall = variances.reduce(0.0) { sum, variance in
        func width(_ t: Int) -> Double {
          schedule.signalPowers[t] * variance + schedule.noisePowers[t]
        }
        return sum + 0.5 * log(width(step - 1) / width(step))
      }
      return EntropyBounds(
        diffusion, dimension: variances.count, step: step, fall: fall, standardError: 0)
    }
  }

  /// The bounds for any law of data, t = 2 … T.
  ///
  /// H_q(X_{t−1}) − H_q(X_t) is a mean over paths from `samples` data, which share their noise.
  public static func sampled(
    of law: any DataLaw, diffusion: GaussianDiffusion, samples: Int, seed: UInt64
  ) -> [EntropyBounds] {
    let data = law.samples(samples, seed: seed)
    let noise = Matrix<Double>.normal(
      rows: samples, columns: law.dimension, seed: seed, purpose: .entropyProductionSamples)
    func logs(_ step: Int) -> [Double] {
      law.logDensity(
        of: diffusion.states(from: data, noise: noise, step: step),
        at: diffusion.schedule.level(step))
    }
    var before = logs(1)
    return (2...max(2, diffusion.schedule.steps)).filter { $0 <= diffusion.schedule.steps }.map {
      step in
      let after = logs(step)
      let falls = zip(before, after).map { $1 - $0 }
      before = after
      return EntropyBounds(
        diffusion, dimension: law.dimension, step: step, fall: mean(of: falls),
        standardError: (variance(of: falls) / Double(samples)).squareRoot())
    }
  }

  /// The bounds for a set of patterns, t = 1 … T; exact, by the sum over all states.
  public static func patterns(
    _ patterns: PatternSet, classes: PatternSet.StateClasses
  ) -> [EntropyBounds] {
    let diffusion = patterns.diffusion
    func sum(_ term: (Int) -> Double) -> Double {
      (0..<patterns.patterns.rows).reduce(0) { total, k in
        total
          + patterns.weights[k]
          * patterns.patterns.row(k).reduce(0) { $0 + term(Int($1)) }
      }
    }
    var before = patterns.entropy
    return (1...diffusion.steps).map { step in
      let after = patterns.entropy(step: step, classes: classes)
      let forward = sum { data in
        (0..<diffusion.categories).reduce(0) {
          $0
            + diffusion.marginal(data: data, to: $1, step: step - 1)
            * diffusion.transitionEntropy(from: $1, step: step)
        }
      }
      let given =
        sum { diffusion.conditionalEntropy(data: $0, step: step - 1) }
        - sum { diffusion.conditionalEntropy(data: $0, step: step) }
      defer { before = after }
      return EntropyBounds(
        step: step, lower: forward + given, value: forward + before - after, standardError: 0,
        upper: forward)
    }
  }

  private init(
    step: Int, lower: Double, value: Double, standardError: Double, upper: Double
  ) {
    self.step = step
    self.lower = lower
    self.value = value
    self.standardError = standardError
    self.upper = upper
  }

  /// Bounds from H_q(X_{t−1}) − H_q(X_t).
  private init(
    _ diffusion: GaussianDiffusion, dimension: Int, step: Int, fall: Double, standardError: Double
  ) {
    let d = Double(dimension)
    let forward = 0.5 * d * (1 + log(2 * .pi * diffusion.schedule.rate(step)))
    let given =
      d * (diffusion.conditionalEntropy(step - 1) - diffusion.conditionalEntropy(step))
    self.init(
      step: step, lower: forward + given, value: forward + fall, standardError: standardError,
      upper: forward)
  }
}
