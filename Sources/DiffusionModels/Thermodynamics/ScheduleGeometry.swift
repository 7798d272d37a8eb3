internal import Foundation

/// What a course of noise costs in many dimensions, where it alone decides.
///
/// ```
/// ∫ v₂² dt ≈ d ∫ (ȧ² + ṡ²) dt ≥ d L²/τ,   L the length of the curve (a, s)
/// ```
///
/// Straight lines from data to noise cost 2d/τ, the arc a² + s² = 1 at constant speed (π/2)² d/τ.
/// Source: Ikeda, Uda, Okanohara and Ito 2025, equations 93 to 95.
public struct ScheduleGeometry: Sendable, Equatable {
  /// ∫ (ȧ² + ṡ²) dt a coordinate, with τ the duration.
  public let cost: Double
  /// The length ∫ √(ȧ² + ṡ²) dt.
  public let length: Double
  /// τ, by which the time of the path is stretched.
  public let duration: Double

  /// The geometry of a path, whose time goes from 0 to 1, run in a duration.
  public init(
    of path: NoisePath, duration: Double = 1, in range: ClosedRange<Double> = 0...1,
    panels: Int = 200
  ) {
    let grid = TimeGrid(panels: panels, in: range)
    func square(_ time: Double) -> Double {
      let level = path.level(at: time)
      return level.signalRate * level.signalRate + level.noiseRate * level.noiseRate
    }
    cost = grid.integral(square) / duration
    length = grid.integral { square($0).squareRoot() }
    self.duration = duration * (range.upperBound - range.lowerBound)
  }

  /// L²/τ: the least cost of any timing of the same curve.
  public var leastCost: Double { length * length / duration }
}
