internal import Foundation

/// How much of the data and how much noise a state holds.
///
/// ```
/// x = a x₀ + s ε,   ε ~ N(0, 1),   λ = ln(a²/s²)
/// ```
///
/// Rates are da/dt and ds/dt along a ``NoisePath``; a level of a chain of steps has none (NaN).
public struct NoiseLevel: Sendable, Equatable {
  /// The signal's factor a.
  public var signal: Double
  /// The noise's standard deviation s.
  public var noise: Double
  /// da/dt.
  public var signalRate: Double
  /// ds/dt.
  public var noiseRate: Double

  /// A level.
  public init(
    signal: Double, noise: Double, signalRate: Double = .nan, noiseRate: Double = .nan
  ) {
    precondition(signal >= 0 && noise >= 0, "signal \(signal), noise \(noise)")
    self.signal = signal
    self.noise = noise
    self.signalRate = signalRate
    self.noiseRate = noiseRate
  }

  /// The variance-preserving level (a² + s² = 1) of a log-SNR: a² = 1/(1 + e^{−λ}).
  public init(logSignalToNoise: Double) {
    self.init(
      signal: (1 / (1 + exp(-logSignalToNoise))).squareRoot(),
      noise: (1 / (1 + exp(logSignalToNoise))).squareRoot())
  }

  /// The level of the same ratio with a² + s² = 1.
  var varianceKeeping: NoiseLevel {
    let scale = 1 / (signal * signal + noise * noise).squareRoot()
    return NoiseLevel(signal: scale * signal, noise: scale * noise)
  }

  /// λ = ln(a²/s²).
  public var logSignalToNoise: Double { 2 * log(signal / noise) }

  /// The factor of the drift f = (d ln a/dt) x of the process that has these marginals.
  public var driftRate: Double { signalRate / signal }

  /// The temperature T of that process, dx = f dt + √(2T) dB:  T = a s d(s/a)/dt.
  ///
  /// Source: Ikeda, Uda, Okanohara and Ito 2025, equations 22 to 25.
  public var temperature: Double { noise * (noiseRate - noise * driftRate) }
}
