internal import Foundation
public import NumericalCore

/// What a model of a diffusion tells about a noisy state x = a x₀ + s ε.
///
/// ```
/// noise     ε
/// data      x₀
/// v         a ε − s x₀                    (Salimans and Ho 2022)
/// score     ∇ ln q(x) = −ε/s              (in the mean over what stands behind x)
/// velocity  dx/dt = a′ x₀ + s′ ε          (needs a level with rates)
/// ```
///
/// Each is linear in (x₀, ε) at given x, so the expectation of one gives that of any other.
public enum Prediction: String, Sendable, Equatable, Codable, CaseIterable {
  case noise
  case data
  case v
  case score
  case velocity

  /// The numbers (p, q) with x₀ = p x + q · prediction, at a level.
  func dataCombination(_ level: NoiseLevel) -> (state: Double, prediction: Double) {
    let (a, s) = (level.signal, level.noise)
    switch self {
    case .noise: return (1 / a, -s / a)
    case .data: return (0, 1)
    case .v: return (a / (a * a + s * s), -s / (a * a + s * s))
    case .score: return (1 / a, s * s / a)
    case .velocity:
      let determinant = a * level.noiseRate - s * level.signalRate
      return (level.noiseRate / determinant, -s / determinant)
    }
  }

  /// The numbers (p, q) with ε = p x + q · prediction, at a level.
  func noiseCombination(_ level: NoiseLevel) -> (state: Double, prediction: Double) {
    let (a, s) = (level.signal, level.noise)
    switch self {
    case .noise: return (0, 1)
    case .data: return (1 / s, -a / s)
    case .v: return (s / (a * a + s * s), a / (a * a + s * s))
    case .score: return (0, -s)
    case .velocity:
      let determinant = a * level.noiseRate - s * level.signalRate
      return (-level.signalRate / determinant, a / determinant)
    }
  }

  /// The numbers (p, q) with other = p x + q · this, at a level.
  ///
  /// - Precondition: The level has what the two need: a > 0 or s > 0 where it divides, and rates for
  ///   `velocity`.
  public func combination(
    to other: Prediction, _ level: NoiseLevel
  ) -> (state: Double, prediction: Double) {
    if other == self { return (0, 1) }
    func from(_ data: Double, _ noise: Double) -> (state: Double, prediction: Double) {
      let (x, e) = (dataCombination(level), noiseCombination(level))
      return (data * x.state + noise * e.state, data * x.prediction + noise * e.prediction)
    }
    switch other {
    case .data: return dataCombination(level)
    case .noise: return noiseCombination(level)
    case .score:
      let e = noiseCombination(level)
      return (-e.state / level.noise, -e.prediction / level.noise)
    case .v: return from(-level.noise, level.signal)
    case .velocity: return from(level.signalRate, level.noiseRate)
    }
  }

  /// The other prediction made of this one's values at the states.
  public func converted(
    _ values: Matrix<Double>, to other: Prediction, states: Matrix<Double>, _ level: NoiseLevel
  ) -> Matrix<Double> {
    if other == self { return values }
    let (p, q) = combination(to: other, level)
    return states.mixed(p, q, values)
  }
}
