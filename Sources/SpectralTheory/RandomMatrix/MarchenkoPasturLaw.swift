internal import Foundation

/// The law of the singular values of a matrix of independent noise.
///
/// The entries of the m × n matrix are independent with mean 0 and variance σ²/√(m n). With
/// c = min(m, n)/max(m, n) ≤ 1 its min(m, n) singular values s = σ c^(−¼) r fill
///
///     σ (c^(−¼) − c^¼) ≤ s ≤ σ (c^(−¼) + c^¼)
///     p(r) = √((b − r²)(r² − a)) / (π c r),    a, b = (1 ∓ √c)²
///
/// for large m and n. The max(m, n) − min(m, n) zero modes of the longer side are not counted: a
/// matrix has as many singular values as its shorter side. m × n and n × m have the same law.
/// Marchenko and Pastur 1967, Math. USSR Sb. 1, 457, written for singular values.
public struct MarchenkoPasturLaw: Sendable, Equatable {
  /// Rows m of the matrix.
  public let rows: Int
  /// Columns n of the matrix.
  public let columns: Int
  /// σ: the standard deviation of an entry times (m n)^¼.
  public let sigma: Double

  /// The law for m × n entries of standard deviation σ (m n)^(−¼).
  public init(rows: Int, columns: Int, sigma: Double) {
    precondition(rows > 0 && columns > 0, "a matrix of \(rows) x \(columns)")
    precondition(sigma >= 0 && sigma.isFinite, "the width of the noise is \(sigma)")
    self.rows = rows
    self.columns = columns
    self.sigma = sigma
  }

  /// The law for m × n entries of a given standard deviation.
  public init(rows: Int, columns: Int, entryDeviation: Double) {
    let scale = (Double(rows) * Double(columns)).squareRoot().squareRoot()
    self.init(rows: rows, columns: columns, sigma: entryDeviation * scale)
  }

  /// The standard deviation of an entry, σ (m n)^(−¼).
  public var entryDeviation: Double {
    sigma / (Double(rows) * Double(columns)).squareRoot().squareRoot()
  }

  /// c: the shorter side by the longer one.
  public var aspectRatio: Double { Double(min(rows, columns)) / Double(max(rows, columns)) }

  /// The unit σ c^(−¼) in which the law is that of r.
  private var unit: Double { sigma / aspectRatio.squareRoot().squareRoot() }

  /// The smallest and the largest singular value of the limit.
  public var edges: ClosedRange<Double> {
    let root = aspectRatio.squareRoot()
    return unit * (1 - root)...unit * (1 + root)
  }

  /// The density of singular values at s, of integral 1; zero outside the edges.
  public func density(_ value: Double) -> Double {
    guard sigma > 0, edges.contains(value), value > 0 || aspectRatio == 1 else { return 0 }
    let c = aspectRatio
    let y = (value / unit) * (value / unit)
    let root = c.squareRoot()
    // (b − y)(y − a) = 4c − (y − 1 − c)²; for c = 1 the square root takes a factor r along.
    if c == 1 { return (max(0, 4 - y)).squareRoot() / .pi / unit }
    let under = max(0, (2 * root - (y - 1 - c)) * (2 * root + (y - 1 - c)))
    return under.squareRoot() / (.pi * c * value)
  }

  /// The part of the singular values up to s.
  ///
  ///     F = [R + (1 + c)(α + π/2) − (1 − c)(γ + π/2)] / 2πc,   y = r²,   R = √((b − y)(y − a)),
  ///     sin α = (y − 1 − c)/2√c,   sin γ = ((1 + c) y − (1 − c)²)/(2√c y)
  ///
  /// Absolute error about 1e-16/c.
  public func cumulative(_ value: Double) -> Double {
    if value <= edges.lowerBound { return sigma > 0 || value < 0 ? 0 : 1 }
    if value >= edges.upperBound { return 1 }
    let c = aspectRatio
    let y = (value / unit) * (value / unit)
    let span = 2 * c.squareRoot()
    func sine(_ x: Double) -> Double { asin(max(-1, min(1, x))) + .pi / 2 }
    let root = max(0, (span - (y - 1 - c)) * (span + (y - 1 - c))).squareRoot()
    var sum = root + (1 + c) * sine((y - 1 - c) / span)
    if c < 1 { sum -= (1 - c) * sine(((1 + c) * y - (1 - c) * (1 - c)) / (span * y)) }
    return max(0, min(1, sum / (2 * .pi * c)))
  }

  /// The singular value below which the part p of them lies.
  ///
  /// Bisection, to the last digits.
  public func quantile(_ p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "the quantile of \(p)")
    var (low, high) = (edges.lowerBound, edges.upperBound)
    for _ in 0..<80 where high > low {
      let middle = (low + high) / 2
      if cumulative(middle) < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The Kolmogorov–Smirnov distance sup |Fₙ(s) − F(s)| of given singular values from the law.
  ///
  /// Singular values of noise repel one another and are far more even than independent draws: the
  /// distance of n of them is about ln(n)/2n, where independent ones have 1/√n.
  public func distance(of values: [Double]) -> Double {
    let count = Double(values.count)
    var distance = 0.0
    for (index, value) in values.sorted().enumerated() {
      let expected = cumulative(value)
      distance = max(
        distance, abs(expected - Double(index) / count), abs(Double(index + 1) / count - expected))
    }
    return distance
  }
}
