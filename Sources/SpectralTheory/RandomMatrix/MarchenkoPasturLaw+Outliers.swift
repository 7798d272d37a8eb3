internal import Foundation

// A mode of size w hidden in noise: where it shows, and how much of it. Baik, Ben Arous and Péché
// 2005, Ann. Probab. 33, 1643; for rectangular matrices Benaych-Georges and Nadakuditi 2012,
// J. Multivariate Anal. 111, 120, here with κ = n/m and t = w²/σ² in the scaling of the law.
extension MarchenkoPasturLaw {
  private var kappa: Double { Double(columns) / Double(rows) }

  /// The planted value above which a mode stands out of the bulk: σ, for any shape.
  public var threshold: Double { sigma }

  /// Where the singular value of a planted mode w u vᵀ appears; the bulk's edge for w ≤ σ.
  ///
  ///     s = √((w² + σ² κ^½)(w² + σ² κ^(−½))) / w
  public func outlier(planted w: Double) -> Double {
    guard w > threshold else { return edges.upperBound }
    let root = kappa.squareRoot()
    let noise = sigma * sigma
    return ((w * w + noise * root) * (w * w + noise / root)).squareRoot() / w
  }

  /// The planted value w of an outlier seen at s, inverse of ``outlier(planted:)``; nil inside the bulk.
  ///
  ///     w² = (B + √(B² − 4σ⁴))/2,   B = s² − σ²(κ^½ + κ^(−½))
  public func planted(outlier s: Double) -> Double? {
    guard s > edges.upperBound else { return nil }
    let root = kappa.squareRoot()
    let noise = sigma * sigma
    let b = s * s - noise * (root + 1 / root)
    let under = max(0, (b - 2 * noise) * (b + 2 * noise))
    return ((b + under.squareRoot()) / 2).squareRoot()
  }

  /// The squared overlaps of the outlier's vectors, left and right, with the planted ones.
  ///
  ///     |u·û|² = 1 − (t + κ^½)/(t (1 + κ^½ t)),    |v·v̂|² = 1 − (t + κ^(−½))/(t (1 + κ^(−½) t))
  ///
  /// Zero for w ≤ σ: noise then hides the direction wholly.
  public func squaredOverlaps(planted w: Double) -> (left: Double, right: Double) {
    guard w > threshold else { return (0, 0) }
    guard sigma > 0 else { return (1, 1) }
    let t = (w / sigma) * (w / sigma)
    func overlap(_ root: Double) -> Double { 1 - (t + root) / (t * (1 + root * t)) }
    return (overlap(kappa.squareRoot()), overlap(1 / kappa.squareRoot()))
  }
}
