internal import Foundation

/// Times with weights, for integrals along a ``NoisePath``.
///
/// ```
/// ∫ f dt ≈ Σ_k w_k f(t_k)
/// ```
public struct TimeGrid: Sendable, Equatable {
  /// t_k, ascending.
  public let times: [Double]
  /// w_k.
  public let weights: [Double]

  /// Gauss and Legendre's rule of three points in each of so many panels, which grow with the square of
  /// their number from the beginning: quick things happen near data.
  public init(panels: Int, in range: ClosedRange<Double>) {
    precondition(panels > 0, "\(panels) panels")
    let length = range.upperBound - range.lowerBound
    var times: [Double] = []
    var weights: [Double] = []
    for panel in 0..<panels {
      for (node, weight) in [
        (-(0.6).squareRoot(), 5.0 / 18), (0, 8.0 / 18), ((0.6).squareRoot(), 5.0 / 18),
      ] {
        // t = begin + length · u², dt = 2 u length du.
        let u = (Double(panel) + 0.5 + node / 2) / Double(panels)
        times.append(range.lowerBound + length * u * u)
        weights.append(2 * u * length * weight / Double(panels))
      }
    }
    self.times = times
    self.weights = weights
  }

  /// Given ascending times with the weights of trapezoids between them.
  public init(trapezoidsBetween times: [Double]) {
    precondition(times.count > 1, "\(times.count) times")
    self.times = times
    weights = times.indices.map { k in
      (times[min(k + 1, times.count - 1)] - times[max(k - 1, 0)]) / 2
    }
  }

  /// Σ_k w_k f(t_k).
  public func integral(_ f: (Double) -> Double) -> Double {
    zip(times, weights).reduce(0) { $0 + $1.1 * f($1.0) }
  }
}
