internal import Foundation
internal import NumericalCore

/// A course from data to noise in continuous time: a(t) and s(t) for t from 0 (data) to 1 (noise).
public enum NoisePath: Sendable, Equatable {
  /// dx = −½ β x dt + √β dB with β(t) = β₀ + (β₁ − β₀) t;  a² = exp(−∫β), s² = 1 − a²
  /// (Song et al. 2021; 0.1 and 20 there).
  case variancePreserving(first: Double, last: Double)
  /// a = cos(φ), s = sin(φ), φ = (t + o)/(1 + o) · π/2, normalised to a(0) = 1
  /// (Nichol and Dhariwal 2021 with o = 0.008; the arc of constant speed with o = 0).
  case cosine(offset: Double)
  /// a = 1 − t, s = t: straight lines from data to noise (Lipman et al. 2023).
  case conditionalTransport
  /// a = 1, s = (m^{1/ρ} + t (M^{1/ρ} − m^{1/ρ}))^ρ (Karras et al. 2022; 0.002, 80 and 7 there).
  case karras(smallest: Double, largest: Double, exponent: Double)
  /// a² + s² = 1 with λ falling linearly from the first value to the last (Kingma et al. 2021).
  case linearLogSignalToNoise(first: Double, last: Double)
  /// a² = sigmoid of minus a line from `first` to `last`, scaled to a(0) = 1 and a(1) = 0.
  case sigmoid(first: Double, last: Double)
  /// a² + s² = 1 with a learned monotone λ.
  case learned(MonotoneSchedule)

  /// The level at a time, with its rates.
  ///
  /// - Parameter time: In [0, 1]; the rates of some courses are infinite at the ends.
  public func level(at time: Double) -> NoiseLevel {
    switch self {
    case .variancePreserving(let first, let last):
      let integral = first * time + (last - first) * time * time / 2
      return NoisePath.preserving(
        power: exp(-integral), complement: -expm1(-integral),
        powerRate: -(first + (last - first) * time) * exp(-integral))
    case .cosine(let offset):
      let speed = Double.pi / 2 / (1 + offset)
      let angle = (time + offset) * speed
      if offset == 0 {
        return NoiseLevel(
          signal: time == 1 ? 0 : cos(angle), noise: sin(angle), signalRate: -speed * sin(angle),
          noiseRate: speed * cos(angle))
      }
      let start = cos(offset * speed)
      // s² = (cos²o − cos²(o + t))/cos²o = sin(t) sin(t + 2o)/cos²o, without the difference of near numbers.
      let noise = (sin(time * speed) * sin(angle + offset * speed)).squareRoot() / start
      return NoiseLevel(
        signal: time == 1 ? 0 : cos(angle) / start, noise: noise,
        signalRate: -speed * sin(angle) / start,
        noiseRate: speed * cos(angle) * sin(angle) / (start * start * noise))
    case .conditionalTransport:
      return NoiseLevel(signal: 1 - time, noise: time, signalRate: -1, noiseRate: 1)
    case .karras(let smallest, let largest, let exponent):
      let low = pow(smallest, 1 / exponent)
      let slope = pow(largest, 1 / exponent) - low
      return NoiseLevel(
        signal: 1, noise: pow(low + time * slope, exponent), signalRate: 0,
        noiseRate: exponent * slope * pow(low + time * slope, exponent - 1))
    case .linearLogSignalToNoise(let first, let last):
      return NoisePath.preserving(
        logSignalToNoise: first + time * (last - first), rate: last - first)
    case .sigmoid(let first, let last):
      let (top, bottom) = (logistic(-first), logistic(-last))
      let value = logistic(-(first + time * (last - first)))
      return NoisePath.preserving(
        power: (value - bottom) / (top - bottom), complement: (top - value) / (top - bottom),
        powerRate: -(last - first) * value * (1 - value) / (top - bottom))
    case .learned(let schedule):
      let (value, rate) = schedule.logSignalToNoise(at: time)
      return NoisePath.preserving(logSignalToNoise: value, rate: rate)
    }
  }

  /// The name, as `--path` takes it.
  public var name: String {
    switch self {
    case .variancePreserving: "variance-preserving"
    case .cosine: "cosine"
    case .conditionalTransport: "conditional-transport"
    case .karras: "karras"
    case .linearLogSignalToNoise: "linear-log-snr"
    case .sigmoid: "sigmoid"
    case .learned: "learned"
    }
  }

  private static func preserving(
    power: Double, complement: Double, powerRate: Double
  ) -> NoiseLevel {
    let (signal, noise) = (max(0, power).squareRoot(), max(0, complement).squareRoot())
    return NoiseLevel(
      signal: signal, noise: noise, signalRate: powerRate / (2 * signal),
      noiseRate: -powerRate / (2 * noise))
  }

  private static func preserving(logSignalToNoise value: Double, rate: Double) -> NoiseLevel {
    var level = NoiseLevel(logSignalToNoise: value)
    // d a²/dλ = a² s².
    let (a, s) = (level.signal, level.noise)
    level.signalRate = rate * a * s * s / 2
    level.noiseRate = -rate * s * a * a / 2
    return level
  }
}
