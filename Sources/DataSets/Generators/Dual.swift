internal import Foundation

/// A number and its derivative: arithmetic on duals differentiates exactly.
struct Dual {
  var value: Double
  var slope: Double

  init(_ value: Double, slope: Double = 0) {
    self.value = value
    self.slope = slope
  }

  static func + (left: Dual, right: Dual) -> Dual {
    Dual(left.value + right.value, slope: left.slope + right.slope)
  }

  static func - (left: Dual, right: Dual) -> Dual {
    Dual(left.value - right.value, slope: left.slope - right.slope)
  }

  static func * (left: Dual, right: Dual) -> Dual {
    Dual(left.value * right.value, slope: left.slope * right.value + left.value * right.slope)
  }

  static func / (left: Dual, right: Dual) -> Dual {
    let value = left.value / right.value
    return Dual(value, slope: (left.slope - value * right.slope) / right.value)
  }

  static func * (left: Double, right: Dual) -> Dual {
    Dual(left * right.value, slope: left * right.slope)
  }

  static func + (left: Double, right: Dual) -> Dual {
    Dual(left + right.value, slope: right.slope)
  }

  static func - (left: Double, right: Dual) -> Dual {
    Dual(left - right.value, slope: -right.slope)
  }

  /// √x for x > 0.
  var squareRoot: Dual {
    let root = value.squareRoot()
    return Dual(root, slope: slope / (2 * root))
  }

  /// xⁿ for n ≥ 1.
  func power(_ exponent: Int) -> Dual {
    let lower = Foundation.pow(value, Double(exponent - 1))
    return Dual(lower * value, slope: Double(exponent) * lower * slope)
  }

  var exp: Dual {
    let result = Foundation.exp(value)
    return Dual(result, slope: result * slope)
  }

  var log: Dual { Dual(Foundation.log(value), slope: slope / value) }

  /// ln(1 + x).
  var logOnePlus: Dual { Dual(Foundation.log1p(value), slope: slope / (1 + value)) }
}
