internal import Foundation
internal import NumericalCore

/// The cumulants of a 0/1 unit of mean m, and its mean in given fields.
///
///     v = m − m²,   v' = 1 − 2m,   κ = v (1 − 2m),   κ' = 1 − 6v
///
/// v is the variance and κ the third cumulant. With h the field of the others' means, q ≥ 0 that of
/// their variances and r that of their third cumulants, the equation of one unit is
///
///     t = h + ½ v' q + ⅙ κ' r,   m = σ(t)
enum MeanFieldUnit {
  /// The solution of the unit's equation, with its own mean on the right-hand side.
  ///
  /// Up to second order the solution is unique, and the minimum of the free energy in the direction of
  /// this unit; at third order it is the one that the bracket closes in on, a minimum too. Newton's
  /// method within the bracket h ± (q/2 + |r|/6), up to a change of 1e-2 of t, hence an error of about
  /// 1e-4 far from a solution and none at it.
  @inline(__always)
  static func solution(
    h: Double, q: Double, r: Double, guess: Double
  ) -> (field: Double, mean: Double) {
    let reach = 0.5 * q + abs(r) / 6
    if reach == 0 { return (h, mean(h)) }
    var low = h - reach
    var high = h + reach
    var t = Swift.min(Swift.max(guess, low), high)
    var m = mean(t)
    for _ in 0..<50 {
      let v = m * (1 - m)
      let slope = 1 - 2 * m
      let excess = t - h - 0.5 * slope * q - (1 - 6 * v) * r / 6
      let derivative = 1 + v * (q + r * slope)
      if excess > 0 { high = t } else { low = t }
      var next = t - excess / derivative
      if !(derivative > 0 && next >= low && next <= high) { next = 0.5 * (low + high) }
      let change = abs(next - t)
      t = next
      m = mean(t)
      if change < 1e-2 { break }
    }
    return (t, m)
  }

  /// The right-hand side of the unit's equation.
  @inline(__always)
  static func image(of m: Double, h: Double, q: Double, r: Double) -> Double {
    mean(h + (0.5 - m) * q + (1 - 6 * m * (1 - m)) * r / 6)
  }

  @inline(__always)
  private static func mean(_ t: Double) -> Double { 1 / (1 + exp(-t)) }

  /// m ln m + (1 − m) ln(1 − m), minus the entropy.
  static func negativeEntropy(of m: Double) -> Double {
    func term(_ p: Double) -> Double { p > 0 ? p * log(p) : 0 }
    return term(m) + term(1 - m)
  }
}
