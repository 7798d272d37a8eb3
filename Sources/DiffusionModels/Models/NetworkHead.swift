internal import Foundation

/// What the output of a network that denoises stands for.
///
/// In the variance-preserving frame (a² + s² = 1) the network's target is F* = u x₀ + w ε, and what it
/// says of the noise is ε̂ = p x + q F. An error of the output is therefore an error q (F − F*) of the
/// noise, whatever the output stands for: losses differ in their weight on it and in nothing else.
public enum NetworkHead: String, Sendable, Equatable, Codable, CaseIterable {
  /// F* = ε.
  case noise
  /// F* = x₀.
  case data
  /// F* = a ε − s x₀.
  case v
  /// F* = −ε/s.
  case score
  /// F* = ε − x₀: the velocity of straight lines.
  case velocity
  /// x̂₀ = c_skip x/a + c_out F with σ = s/a and data of unit variance (Karras et al. 2022, table 1).
  case karras

  /// u and w of the target.
  func target(_ level: NoiseLevel) -> (data: Double, noise: Double) {
    let (a, s) = (level.signal, level.noise)
    switch self {
    case .noise: return (0, 1)
    case .data: return (1, 0)
    case .v: return (-s, a)
    case .score: return (0, -1 / s)
    case .velocity: return (-1, 1)
    case .karras:
      // c_skip = a², c_out = s: x̂₀ = a x + s F with x = a x₀ + s ε.
      return (s, -a)
    }
  }

  /// p and q: what the output says of the noise.
  func noiseCombination(_ level: NoiseLevel) -> (state: Double, output: Double) {
    let (a, s) = (level.signal, level.noise)
    switch self {
    case .noise: return (0, 1)
    case .data: return (1 / s, -a / s)
    case .v: return (s, a)
    case .score: return (0, -s)
    case .velocity: return (1 / (a + s), a / (a + s))
    case .karras: return (s, -a)
    }
  }

  /// What the output says of the data: x̂₀ = p x + q F.
  func dataCombination(_ level: NoiseLevel) -> (state: Double, output: Double) {
    let (a, s) = (level.signal, level.noise)
    switch self {
    case .noise: return (1 / a, -s / a)
    case .data: return (0, 1)
    case .v: return (a, -s)
    case .score: return (1 / a, s * s / a)
    case .velocity: return (1 / (a + s), -s / (a + s))
    case .karras: return (a, s)
    }
  }
}
