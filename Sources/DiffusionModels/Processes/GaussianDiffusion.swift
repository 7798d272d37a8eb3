internal import Foundation
public import NumericalCore

/// The forward chain of Gaussian noise, with its exact conditionals.
///
/// ```
/// q(x_{t−1}|x_t, x_0) = N(c₀ x_0 + c₁ x_t, β̃_t)
/// c₀ = √ᾱ_{t−1} β_t/(1 − ᾱ_t),   c₁ = √(1 − β_t) (1 − ᾱ_{t−1})/(1 − ᾱ_t),
/// β̃_t = β_t (1 − ᾱ_{t−1})/(1 − ᾱ_t)
/// ```
///
/// Source: Sohl-Dickstein et al. 2015, table App.1 and appendix B; Ho et al. 2020, equations 6, 7.
public struct GaussianDiffusion: Sendable, Equatable {
  /// The schedule.
  public let schedule: NoiseSchedule

  /// The chain of a schedule.
  public init(_ schedule: NoiseSchedule) { self.schedule = schedule }

  /// A normal law of one coordinate whose mean is linear in x_0 and x_t.
  public struct Posterior: Sendable, Equatable {
    /// c₀.
    public let dataFactor: Double
    /// c₁.
    public let stateFactor: Double
    /// β̃_t: 0 for t = 1.
    public let variance: Double
  }

  /// q(x_{t−1}|x_t, x_0), t = 1 … T.
  public func posterior(_ step: Int) -> Posterior {
    let rate = schedule.rate(step)
    let (before, after) = (schedule.noisePowers[step - 1], schedule.noisePowers[step])
    return Posterior(
      dataFactor: schedule.signalPowers[step - 1].squareRoot() * rate / after,
      stateFactor: (1 - rate).squareRoot() * before / after,
      variance: rate * before / after)
  }

  /// q(x_t|x_{t−1}) for each row x_{t−1}: N(√(1 − β_t) x_{t−1}, β_t).
  public func forward(_ states: Matrix<Double>, step: Int) -> GaussianRows {
    let rate = schedule.rate(step)
    return GaussianRows(
      mean: states.mixed((1 - rate).squareRoot(), 0, states), variance: rate)
  }

  /// H_q(X_t|X_0) of one coordinate in nats: ½ ln(2πe(1 − ᾱ_t)); −∞ at t = 0.
  public func conditionalEntropy(_ step: Int) -> Double {
    0.5 * (1 + log(2 * .pi * schedule.noisePowers[step]))
  }

  /// H_p(X_T) of one coordinate in nats: ½ ln(2πe).
  public static let priorEntropy = 0.5 * (1 + log(2 * Double.pi))

  /// KL(q(x_T|x_0) || N(0, 1)) in nats, all coordinates: ½ Σ_i [ᾱ_T x_0i² − ᾱ_T − ln(1 − ᾱ_T)].
  public func priorDivergence(of data: [Double]) -> Double {
    let power = schedule.signalPowers[schedule.steps]
    let square = data.reduce(0) { $0 + $1 * $1 }
    return 0.5 * (power * square - Double(data.count) * (power + log1p(-power)))
  }

  /// x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε.
  ///
  /// - Parameters:
  ///   - data: x_0, one a row.
  ///   - noise: ε, of the same shape.
  ///   - step: t.
  public func states(
    from data: Matrix<Double>, noise: Matrix<Double>, step: Int
  ) -> Matrix<Double> {
    data.mixed(schedule.level(step).signal, schedule.level(step).noise, noise)
  }

  /// x_t of rows x_0 with noise of their own; x_0 itself at t = 0.
  public func states(from data: Matrix<Double>, step: Int, seed: UInt64) -> Matrix<Double> {
    if step == 0 { return data }
    let noise = Matrix<Double>.normal(
      rows: data.rows, columns: data.columns, seed: seed, purpose: .slices, step: UInt64(step))
    return states(from: data, noise: noise, step: step)
  }
}
