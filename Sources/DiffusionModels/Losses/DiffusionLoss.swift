internal import Foundation

/// The losses of a model that denoises: one weight on the error of the noise, and one law of times.
///
/// ```
/// L = E_t E_{x₀,ε} w(t) |ε̂(x_t) − ε|²
///
/// simple         w = 1                     t uniform on the path       (Ho et al. 2020, equation 14)
/// continuous     w = ½ |dλ/dt|             t uniform                   (Kingma et al. 2021, equation 17)
/// score          w = 1/s²                  t uniform                   (Vincent 2011)
/// karras         w = σ² + 1                ln(σ/2) ~ N(−1.2, 1.2²)     (Karras et al. 2022, table 1)
/// flow           w = (s dλ/dt / 2)²        t uniform                   (Lipman et al. 2023, equation 9)
/// hybrid         w = 1, and the bound's share for the widths of steps  (Nichol and Dhariwal 2021)
/// ```
///
/// with σ = s/a and data of unit variance; Karras's σ is of data with a deviation of ½.
/// `continuous` is the variational bound of infinitely many steps up to its ends, in nats; `flow` is the squared error of the velocity dx/dt.
public enum DiffusionLoss: String, Sendable, Equatable, Codable, CaseIterable {
  case simple
  case continuous
  case score
  case karras
  case flow
  case hybrid

  /// w at a level of a path.
  ///
  /// - Parameter level: With its rates, where the loss needs them.
  public func weight(_ level: NoiseLevel) -> Double {
    let (a, s) = (level.signal, level.noise)
    // dλ/dt = 2 (a′/a − s′/s).
    let fall = 2 * (level.signalRate / a - level.noiseRate / s)
    switch self {
    case .simple, .hybrid: return 1
    case .continuous: return abs(fall) / 2
    case .score: return 1 / (s * s)
    case .karras: return s * s / (a * a) + 1
    case .flow: return pow(s * fall / 2, 2)
    }
  }

  /// The level of a draw: `uniform` in (0, 1) picks the time, or ln σ through the normal quantile.
  ///
  /// - Parameter earliest: Times below it are not drawn: weights and scores may diverge at 0.
  func level(
    _ uniform: Double, on path: NoisePath, earliest: Double, quantile: (Double) -> Double
  ) -> NoiseLevel {
    if self == .karras {
      let sigma = 2 * exp(-1.2 + 1.2 * quantile(uniform))
      return NoiseLevel(signal: 1, noise: sigma, signalRate: 0, noiseRate: 1)
    }
    return path.level(at: earliest + (1 - earliest) * uniform)
  }
}
