internal import Foundation

/// The thermodynamics of Gaussian data that diffuse, exactly.
///
/// Along an axis of variance l the law is N(0, v), v = a² l + s², its velocity ν = (v̇/2v) x, and
///
/// ```
/// Ṡ_tot = Σ v̇²/(4vT),   Ṡ_sys = Σ v̇/(2v),   Ṡ_bath = Σ (ȧ/a) v̇/(2T),   v₂² = Σ (d√v/dt)²
/// ```
///
/// Where a² + s² = 1, Ṡ_tot = −d KL(P_t ‖ N(0, 1))/dt. Source: Ikeda, Uda, Okanohara and Ito 2025,
/// equations 36 to 39 and 59.
public struct GaussianEntropyProduction: Sendable, Equatable {
  /// l of each axis.
  public let variances: [Double]
  /// The course from data to noise.
  public let path: NoisePath

  /// Gaussian data about 0 on a path.
  public init(variances: [Double], path: NoisePath) {
    self.variances = variances
    self.path = path
  }

  /// Ṡ_tot in nats a unit of time.
  public func rate(at time: Double) -> Double {
    let level = path.level(at: time)
    return sum(level) { v, slope in slope * slope / (4 * v * level.temperature) }
  }

  /// Ṡ_sys = dH/dt.
  public func systemRate(at time: Double) -> Double {
    sum(path.level(at: time)) { v, slope in slope / (2 * v) }
  }

  /// Ṡ_bath = E[f·ν]/T.
  public func bathRate(at time: Double) -> Double {
    let level = path.level(at: time)
    return sum(level) { _, slope in level.driftRate * slope / (2 * level.temperature) }
  }

  /// v₂² = E|ν|² = T Ṡ_tot: the square of the speed in Wasserstein's distance.
  public func squaredSpeed(at time: Double) -> Double {
    sum(path.level(at: time)) { v, slope in slope * slope / (4 * v) }
  }

  /// KL(P_t ‖ N(0, 1)) in nats.
  public func divergenceFromPrior(at time: Double) -> Double {
    sum(path.level(at: time)) { v, _ in 0.5 * (v - 1 - log(v)) }
  }

  /// W₂ between P at two times: |√v − √v'| along each axis.
  public func distance(from first: Double, to second: Double) -> Double {
    let (one, other) = (path.level(at: first), path.level(at: second))
    return variances.reduce(0.0) {
      let difference =
        ($1 * one.signal * one.signal + one.noise * one.noise).squareRoot()
        - ($1 * other.signal * other.signal + other.noise * other.noise).squareRoot()
      return $0 + difference * difference
    }.squareRoot()
  }

  /// Σ of a function of v and v̇ over the axes.
  private func sum(_ level: NoiseLevel, _ term: (Double, Double) -> Double) -> Double {
    variances.reduce(0) {
      let v = level.signal * level.signal * $1 + level.noise * level.noise
      let slope = 2 * (level.signal * level.signalRate * $1 + level.noise * level.noiseRate)
      return $0 + term(v, slope)
    }
  }
}
