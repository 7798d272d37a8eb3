internal import Foundation

/// The standard normal distribution function.
///
/// ```
/// Φ(x) = ½ erfc(−x / √2)
/// ```
///
/// - Complexity: O(1).
public func normalDistribution(_ x: Double) -> Double {
  0.5 * erfc(-x * 0.707_106_781_186_547_524_4)
}

/// The point below which a standard normal variable lies with probability p.
///
/// ```
/// Φ(normalQuantile(p)) = p
/// ```
///
/// Relative error about 1e-15 for p from 1e-300 to 1 − 1e-16; −∞ at 0 and +∞ at 1. For a small upper
/// tail α use −normalQuantile(α), which loses nothing to 1 − α.
/// Source: Wichura 1988, Applied Statistics 37, 477 (algorithm AS 241, PPND16).
///
/// - Complexity: O(1).
public func normalQuantile(_ p: Double) -> Double {
  precondition(p >= 0 && p <= 1, "the probability \(p)")
  if p == 0 { return -.infinity }
  if p == 1 { return .infinity }
  let q = p - 0.5
  if abs(q) <= 0.425 {
    let r = 0.180_625 - q * q
    return q * polynomial(Wichura.a, r) / polynomial(Wichura.b, r)
  }
  let r = (-log(q < 0 ? p : 1 - p)).squareRoot()
  let size =
    r <= 5
    ? polynomial(Wichura.c, r - 1.6) / polynomial(Wichura.d, r - 1.6)
    : polynomial(Wichura.e, r - 5) / polynomial(Wichura.f, r - 5)
  return q < 0 ? -size : size
}

private func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
  var sum = 0.0
  for coefficient in coefficients.reversed() { sum = sum * x + coefficient }
  return sum
}

/// Coefficients of AS 241, PPND16.
private enum Wichura {
  static let a = [
    3.387_132_872_796_366_608_0, 1.331_416_678_917_843_774_5e2, 1.971_590_950_306_551_442_7e3,
    1.373_169_376_550_946_112_5e4, 4.592_195_393_154_987_145_7e4, 6.726_577_092_700_870_085_3e4,
    3.343_057_558_358_812_810_5e4, 2.509_080_928_730_122_672_7e3,
  ]
  static let b = [
    1, 4.231_333_070_160_091_125_2e1, 6.871_870_074_920_579_083_0e2,
    5.394_196_021_424_751_107_7e3, 2.121_379_430_158_659_586_7e4, 3.930_789_580_009_271_061_0e4,
    2.872_908_573_572_194_267_4e4, 5.226_495_278_852_854_561_0e3,
  ]
  static let c = [
    1.423_437_110_749_683_577_34, 4.630_337_846_156_545_295_90, 5.769_497_221_460_691_405_50,
    3.647_848_324_763_204_605_04, 1.270_458_252_452_368_382_58, 2.417_807_251_774_506_117_70e-1,
    2.272_384_498_926_918_458_33e-2, 7.745_450_142_783_414_076_40e-4,
  ]
  static let d = [
    1, 2.053_191_626_637_758_821_87, 1.676_384_830_183_803_849_40,
    6.897_673_349_851_000_045_50e-1, 1.481_039_764_274_800_745_90e-1,
    1.519_866_656_361_645_719_66e-2, 5.475_938_084_995_344_946_00e-4,
    1.050_750_071_644_416_843_24e-9,
  ]
  static let e = [
    6.657_904_643_501_103_777_20, 5.463_784_911_164_114_369_90, 1.784_826_539_917_291_335_80,
    2.965_605_718_285_048_912_30e-1, 2.653_218_952_657_612_309_30e-2,
    1.242_660_947_388_078_438_60e-3, 2.711_555_568_743_487_578_15e-5,
    2.010_334_399_292_288_132_65e-7,
  ]
  static let f = [
    1, 5.998_322_065_558_879_376_90e-1, 1.369_298_809_227_358_053_10e-1,
    1.487_536_129_085_061_485_25e-2, 7.868_691_311_456_132_591_00e-4,
    1.846_318_317_510_054_681_80e-5, 1.421_511_758_316_445_888_70e-7,
    2.044_263_103_389_939_785_64e-15,
  ]
}

/// The point below which a variable with the beta distribution lies with probability p.
///
/// ```
/// I(betaQuantile(p; a, b); a, b) = p
/// ```
///
/// Relative error about 1e-12. Bisection with Newton steps on the incomplete beta function.
///
/// - Complexity: O(√max(a, b)) times some tens of steps.
public func betaQuantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
  precondition(p >= 0 && p <= 1 && a > 0 && b > 0, "beta quantile of \(p) at (\(a), \(b))")
  if p == 0 { return 0 }
  if p == 1 { return 1 }
  // Solved on the side where the quantile is the smaller number, so that it keeps its digits.
  let half = incompleteBeta(0.5, complement: 0.5, a, b)
  if p <= half.lower { return smallBetaQuantile(lower: p, upper: 1 - p, a, b) }
  return 1 - smallBetaQuantile(lower: 1 - p, upper: p, b, a)
}

/// The quantile, known to be at most ½, of lower tail `lower` = 1 − `upper`.
func smallBetaQuantile(lower: Double, upper: Double, _ a: Double, _ b: Double) -> Double {
  increasingRoot(from: 0, to: 0.5) { x in
    let tails = incompleteBeta(x, complement: 1 - x, a, b)
    // The difference is taken between the small tails.
    return lower <= upper ? log(tails.lower / lower) : log(upper / tails.upper)
  }
}

/// The point below which a χ² variable lies with probability p.
///
/// ```
/// P(ν/2, χ²/2) = p
/// ```
///
/// Relative error about 1e-12. For a small upper tail use ``chiSquareQuantile(upperTail:degreesOfFreedom:)``.
///
/// - Complexity: O(√ν) times some tens of steps.
public func chiSquareQuantile(_ p: Double, degreesOfFreedom: Double) -> Double {
  precondition(p >= 0 && p <= 1 && degreesOfFreedom > 0, "χ² quantile of \(p)")
  return 2 * gammaQuantile(lower: p, upper: 1 - p, shape: degreesOfFreedom / 2)
}

/// The point above which a χ² variable lies with probability α.
///
/// ```
/// Q(ν/2, χ²/2) = α
/// ```
///
/// - Complexity: O(√ν) times some tens of steps.
public func chiSquareQuantile(upperTail: Double, degreesOfFreedom: Double) -> Double {
  precondition(upperTail >= 0 && upperTail <= 1 && degreesOfFreedom > 0, "χ² tail \(upperTail)")
  return 2 * gammaQuantile(lower: 1 - upperTail, upper: upperTail, shape: degreesOfFreedom / 2)
}

private func gammaQuantile(lower: Double, upper: Double, shape: Double) -> Double {
  if lower == 0 { return 0 }
  if upper == 0 { return .infinity }
  var high = shape + 1
  while incompleteGamma(shape: shape, high).upper > upper { high *= 2 }
  return increasingRoot(from: 0, to: high) { x in
    let tails = incompleteGamma(shape: shape, x)
    return lower <= upper ? log(tails.lower / lower) : log(upper / tails.upper)
  }
}

/// The point below which a variable with Student's distribution lies with probability p.
///
/// ```
/// P(|t| > x) = I(ν / (ν + x²); ν/2, ½)
/// ```
///
/// Relative error about 1e-12, 1e-11 for ν above 10⁶; the normal quantile for ν = ∞.
/// Source: Abramowitz and Stegun 1964, eq. 26.7.1.
///
/// - Complexity: O(√ν) times some tens of steps.
public func studentQuantile(_ p: Double, degreesOfFreedom: Double) -> Double {
  precondition(p >= 0 && p <= 1 && degreesOfFreedom > 0, "Student quantile of \(p)")
  if p == 0 { return -.infinity }
  if p == 1 { return .infinity }
  if p == 0.5 { return 0 }
  if degreesOfFreedom > 1e15 { return normalQuantile(p) }
  let tail = 2 * Swift.min(p, 1 - p)
  let a = degreesOfFreedom / 2
  // Either z = ν/(ν + t²) or its complement is at most ½, and is the one solved for.
  let ratio: Double
  if tail <= incompleteBeta(0.5, complement: 0.5, a, 0.5).lower {
    let z = smallBetaQuantile(lower: tail, upper: 1 - tail, a, 0.5)
    ratio = (1 - z) / z
  } else {
    let centre = 2 * abs(p - 0.5)
    let y = smallBetaQuantile(lower: centre, upper: tail, 0.5, a)
    ratio = y / (1 - y)
  }
  let size = (degreesOfFreedom * ratio).squareRoot()
  return p < 0.5 ? -size : size
}

/// The root of an increasing function between two bounds.
///
/// Bisection, on the logarithmic scale once the lower bound has left zero, then Illinois' regula
/// falsi. A lower bound of zero stands for a value of −∞.
private func increasingRoot(
  from lower: Double, to upper: Double, _ function: (Double) -> Double
) -> Double {
  var low = lower
  var high = upper
  var lowValue = -Double.infinity
  var highValue = function(upper)
  if highValue <= 0 { return upper }
  var kept = 0
  for _ in 0..<4000 {
    if high - low <= 4e-16 * high { break }
    var middle = 0.5 * (low + high)
    if low == 0 {
      middle = high * 0x1p-4
    } else if high > 2 * low {
      middle = (low * high).squareRoot()
    } else if lowValue.isFinite && highValue.isFinite {
      let secant = (low * highValue - high * lowValue) / (highValue - lowValue)
      if secant > low && secant < high { middle = secant }
    }
    if middle <= low || middle >= high { break }
    let value = function(middle)
    if value == 0 { return middle }
    if value < 0 {
      (low, lowValue) = (middle, value)
      if kept < 0 { highValue *= 0.5 }
      kept = -1
    } else {
      (high, highValue) = (middle, value)
      if kept > 0 { lowValue *= 0.5 }
      kept = 1
    }
  }
  return 0.5 * (low + high)
}
