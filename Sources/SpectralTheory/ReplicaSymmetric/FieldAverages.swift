internal import Foundation

/// Averages of a ±1 unit whose field is normal, h ~ N(μ, v).
///
///     magnetisation  E tanh h          overlap  E tanh² h
///     skewness       E tanh h sech² h  fourth   E sech⁴ h
///
/// The trapezoidal rule on an equidistant grid of fields is exponentially accurate for functions
/// that are analytic around the line and decay (Trefethen and Weideman 2014, SIAM Review 56, 385).
/// All but the magnetisation are made of sech h and do; of tanh h and ln 2cosh h a smooth step and
/// its integral are taken off, whose averages are known:
///
///     s(h) = erf(√π h / 2),   E s = erf(√π μ / 2√(1 + πv/2)),
///     S(h) = ∫ s = E|h + √(2/π) z|,   E S(h) = E|N(μ, v + 2/π)|
///
/// The error is below 1e-12 for all μ and v, with at most 161 points; a Gauss–Hermite rule of 41
/// points is off by 8e-4 at √v = 2 and by 0.05 at √v = 5.
struct FieldAverages {
  /// E tanh h.
  private(set) var magnetisation: Double
  /// E sech² h = 1 − E tanh² h, without the cancellation.
  private(set) var susceptibility = 0.0
  /// E tanh h sech² h.
  private(set) var skewness = 0.0
  /// E sech⁴ h.
  private(set) var fourth = 0.0

  init(mean: Double, variance: Double) {
    guard variance > 0 else {
      magnetisation = tanh(mean)
      susceptibility = FieldAverages.squaredSech(exp(-2 * abs(mean)))
      skewness = magnetisation * susceptibility
      fourth = susceptibility * susceptibility
      return
    }
    magnetisation = erf(
      FieldAverages.slope * mean
        / (1 + 2 * FieldAverages.slope * FieldAverages.slope * variance).squareRoot())
    let grid = FieldGrid(mean: mean, variance: variance)
    // At mean 0 the odd averages vanish, and half of the line is enough.
    let isEven = mean == 0
    for index in isEven ? 0...max(0, grid.indices.upperBound) : grid.indices {
      let h = grid.field(index)
      let weight = grid.weight(index) * (isEven && index > 0 ? 2 : 1)
      let e = exp(-2 * abs(h))
      let square = FieldAverages.squaredSech(e)
      susceptibility += weight * square
      fourth += weight * square * square
      if !isEven {
        let tangent = (h < 0 ? e - 1 : 1 - e) / (1 + e)
        skewness += weight * tangent * square
        magnetisation += weight * (tangent - erf(FieldAverages.slope * h))
      }
    }
  }

  /// E ln 2cosh h.
  static func logTwoCosh(mean: Double, variance: Double) -> Double {
    func exact(_ h: Double) -> Double { abs(h) + log1p(exp(-2 * abs(h))) }
    guard variance > 0 else { return exact(mean) }
    let grid = FieldGrid(mean: mean, variance: variance)
    let smooth = 2 / Double.pi
    var sum = meanMagnitude(mean: mean, variance: variance + smooth)
    let isEven = mean == 0
    for index in isEven ? 0...max(0, grid.indices.upperBound) : grid.indices {
      let h = grid.field(index)
      sum +=
        grid.weight(index) * (isEven && index > 0 ? 2 : 1)
        * (exact(h) - meanMagnitude(mean: h, variance: smooth))
    }
    return sum
  }

  private static let slope = Double.pi.squareRoot() / 2

  /// sech² h from e^{−2|h|}.
  private static func squaredSech(_ e: Double) -> Double { 4 * e / ((1 + e) * (1 + e)) }

  /// E|N(μ, v)|, v > 0.
  private static func meanMagnitude(mean: Double, variance: Double) -> Double {
    (2 * variance / .pi).squareRoot() * exp(-mean * mean / (2 * variance))
      + mean * erf(mean / (2 * variance).squareRoot())
  }
}

/// Fields at equal steps around the mean, where both the normal weight and 1 − |tanh| are above rounding.
private struct FieldGrid {
  let mean: Double
  let step: Double
  let indices: ClosedRange<Int>
  private let exponent: Double
  private let scale: Double

  init(mean: Double, variance: Double) {
    let deviation = variance.squareRoot()
    // Errors fall as (2π/step)³ e^{−π²/step + π²/8v} (poles of order four at ±iπ/2) and as
    // e^{−2π²v/step²} (the normal weight).
    step = min(0.2, 0.5 * deviation)
    let low = max(-16 - mean, -9 * deviation)
    let high = min(16 - mean, 9 * deviation)
    // A mean far outside leaves nothing to sum but the mean, where the sum is below rounding.
    if low <= high {
      let first = Int((low / step).rounded(.up))
      indices = first...max(first, Int((high / step).rounded(.down)))
    } else {
      indices = 0...0
    }
    self.mean = mean
    exponent = -0.5 * (step / deviation) * (step / deviation)
    scale = step / (2 * .pi * variance).squareRoot()
  }

  /// The field of an index.
  func field(_ index: Int) -> Double { mean + step * Double(index) }

  /// Its weight.
  func weight(_ index: Int) -> Double { scale * exp(exponent * Double(index * index)) }
}
