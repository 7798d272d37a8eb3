internal import Foundation
public import NumericalCore

/// Diffusion in the plane with a force that turns: the same laws, turned, for more entropy production.
///
/// ```
/// dx = A_t x dt + √(2T_t) dB,   A_t = [[H, −G], [G, H]],
/// H = −h (1 − t/τ) − T_t,   G = g (1 − t/τ),   T_t = T_fin (t/τ)²
/// ```
///
/// x_t given x_0 is Gaussian about R(θ_t) a_t x_0 with variance s_t²: a = e^{∫H}, θ = ∫G,
/// s² = e^{2∫H} ∫ 2T e^{−2∫H} (the equations as printed lack the 2). In the frame that turns by θ_t
/// nothing depends on g, so that ν = R ν' + G J x with ν' the velocity without rotation: g costs
/// ∫ G² E|x|² and more, and gains nothing.
/// Source: Ikeda, Uda, Okanohara and Ito 2025, equation 99.
public struct RotatingDiffusion: Sendable {
  /// The law of the data, in the plane.
  public let law: any DataLaw
  /// h: how fast data shrink.
  public let contraction: Double
  /// g: how fast they turn at first.
  public let rotation: Double
  /// T_fin.
  public let finalTemperature: Double
  /// τ.
  public let duration: Double

  /// A process on data of two coordinates.
  public init(
    law: any DataLaw, contraction: Double, rotation: Double, finalTemperature: Double,
    duration: Double
  ) {
    precondition(law.dimension == 2 && finalTemperature > 0 && duration > 0, "a plane process")
    self.law = law
    self.contraction = contraction
    self.rotation = rotation
    self.finalTemperature = finalTemperature
    self.duration = duration
  }

  /// T_t.
  public func temperature(at time: Double) -> Double {
    finalTemperature * time * time / (duration * duration)
  }

  /// θ_t.
  public func angle(at time: Double) -> Double {
    rotation * (time - time * time / (2 * duration))
  }

  /// a_t and s_t, without rates.
  public func level(at time: Double) -> NoiseLevel {
    func exponent(_ t: Double) -> Double {
      -contraction * (t - t * t / (2 * duration))
        - finalTemperature * t * t * t / (3 * duration * duration)
    }
    let end = exponent(time)
    // The integrand is smooth: a few panels are exact to rounding.
    let variance =
      time > 0
      ? TimeGrid(panels: 24, in: 0...time).integral {
        2 * temperature(at: $0) * exp(2 * (end - exponent($0)))
      } : 0
    return NoiseLevel(signal: exp(end), noise: variance.squareRoot())
  }

  /// ν of each row.
  public func velocity(_ states: Matrix<Double>, at time: Double) throws -> Matrix<Double> {
    let angle = angle(at: time)
    let turned = states.turned(by: -angle)
    let score = try law.predict(.score, of: turned, at: level(at: time))
    let temperature = temperature(at: time)
    let fade = 1 - time / duration
    let (shrink, turn) = (-contraction * fade - temperature, rotation * fade)
    var result = turned.mixed(shrink, -temperature, score).turned(by: angle)
    for row in 0..<states.rows {
      result[row, 0] -= turn * states[row, 1]
      result[row, 1] += turn * states[row, 0]
    }
    return result
  }

  /// Samples x_t from samples of the data.
  public func states(
    from data: Matrix<Double>, at time: Double, seed: UInt64
  ) -> Matrix<Double> {
    let level = level(at: time)
    let noise = Matrix<Double>.normal(
      rows: data.rows, columns: 2, seed: seed, purpose: .entropyProductionSamples)
    return data.mixed(level.signal, level.noise, noise).turned(by: angle(at: time))
  }
}

extension Matrix<Double> {
  /// Each row of two coordinates turned about 0.
  func turned(by angle: Double) -> Matrix<Double> {
    let (c, s) = (cos(angle), sin(angle))
    var result = self
    for row in 0..<rows {
      let (x, y) = (self[row, 0], self[row, 1])
      result[row, 0] = c * x - s * y
      result[row, 1] = s * x + c * y
    }
    return result
  }
}
