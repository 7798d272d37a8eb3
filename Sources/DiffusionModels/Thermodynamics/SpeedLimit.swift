/// How much entropy production a transport in finite time cannot do without.
///
/// ```
/// ∫ T Ṡ_tot dt ≥ ∫ v₂² dt ≥ L²/τ ≥ W₂²/τ,   L = ∫ v₂ dt
/// ```
///
/// Equalities: the velocity is a gradient; constant speed; the shortest way. Source: Ikeda, Uda,
/// Okanohara and Ito 2025, equations 67 and 68; Aurell et al. 2012.
public struct SpeedLimit: Sendable, Equatable, Codable {
  /// ∫ T Ṡ_tot dt.
  public let cost: Double
  /// ∫ v₂² dt.
  public let action: Double
  /// L, the length of the way in Wasserstein's distance.
  public let length: Double
  /// W₂ between the ends.
  public let distance: Double
  /// τ.
  public let duration: Double

  /// The numbers of a transport.
  public init(
    cost: Double, action: Double, length: Double, distance: Double, duration: Double
  ) {
    self.cost = cost
    self.action = action
    self.length = length
    self.distance = distance
    self.duration = duration
  }

  /// L²/τ.
  public var leastActionOfWay: Double { length * length / duration }

  /// W₂²/τ.
  public var leastAction: Double { distance * distance / duration }

  /// Whether the chain of inequalities holds up to a relative tolerance.
  public func holds(tolerance: Double) -> Bool {
    let chain = [cost, action, leastActionOfWay, leastAction]
    return zip(chain, chain.dropFirst()).allSatisfy { $0 >= $1 * (1 - tolerance) }
  }
}

extension SpeedLimit {
  /// The limit for Gaussian data, exactly but for quadrature; the path's time is stretched to τ.
  public init(
    of process: GaussianEntropyProduction, duration: Double = 1,
    in range: ClosedRange<Double> = 0...1, panels: Int = 200
  ) {
    let grid = TimeGrid(panels: panels, in: range)
    let action = grid.integral { process.squaredSpeed(at: $0) } / duration
    self.init(
      cost: action, action: action,
      length: grid.integral { process.squaredSpeed(at: $0).squareRoot() },
      distance: process.distance(from: range.lowerBound, to: range.upperBound),
      duration: duration * (range.upperBound - range.lowerBound))
  }
}
