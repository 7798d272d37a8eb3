internal import Foundation
internal import NumericalCore

/// The equation of the acceptance ratio, its root, and the set of c that its sampling error allows.
///
///     D(c) = Σ_F f(M + W_F − c) − Σ_R f(−M + W_R + c),   increasing in c
struct AcceptanceEquation {
  private let forward: [Double]
  private let reverse: [Double]
  private let effectiveForward: Double
  private let effectiveReverse: Double
  private let logRatio: Double

  init(
    forward: [Double], reverse: [Double], effectiveForward: Double, effectiveReverse: Double
  ) {
    self.forward = forward
    self.reverse = reverse
    self.effectiveForward = Swift.min(Double(forward.count), Swift.max(1, effectiveForward))
    self.effectiveReverse = Swift.min(Double(reverse.count), Swift.max(1, effectiveReverse))
    logRatio = log(Double(forward.count) / Double(reverse.count))
  }

  /// Independent trajectories of the direction that has fewer.
  var smallestCount: Double { Swift.min(effectiveForward, effectiveReverse) }
  var forwardWork: Double { forward[0] }
  var reverseWork: Double { reverse[0] }

  /// Whether no direction shows any variation beyond rounding.
  var isConstant: Bool {
    func same(_ works: [Double]) -> Bool {
      let first = works[0]
      return works.allSatisfy { abs($0 - first) <= 1e-12 * Swift.max(1, abs(first)) }
    }
    return same(forward) && same(reverse)
  }

  /// The sum of acceptances of one direction and its moments, all times e^−logScale.
  struct Side {
    var logScale: Double
    var sum: Double
    /// Σ f (1 − f).
    var products: Double
    /// n times the variance of one acceptance, corrected for correlation.
    var variance: Double
    /// n times the third central moment of one acceptance.
    var third: Double
    /// (Σf)²/Σf², corrected for correlation.
    var effectiveSampleSize: Double

    var logSum: Double { logScale + log(sum) }
  }

  /// The equation at one c.
  struct Value {
    /// ln Σ_F f − ln Σ_R f.
    var logDifference: Double
    /// The studentised difference of the sums.
    var statistic: Double
    /// The skewness of the difference.
    var skewness: Double
    /// Of the direction in which fewer trajectories decide.
    var effectiveSampleSize: Double
    /// Welch's degrees of freedom.
    var degreesOfFreedom: Double
    /// ln Σ f (1 − f) over all trajectories.
    var logProducts: Double
    /// Σ f (1 − f): trajectories that could as well belong to the other direction.
    var crossing: Double { exp(logProducts) }
  }

  private func side(_ works: [Double], shift: Double, effective: Double) -> Side {
    let n = Double(works.count)
    let smallest = (works.min() ?? 0) + shift
    // The largest acceptance is e^−lift up to a factor of two; all are taken relative to e^−lift.
    let lift = Swift.max(0, smallest)
    let scale = exp(-lift)
    var sum = 0.0
    var squares = 0.0
    var products = 0.0
    var values = [Double](repeating: 0, count: works.count)
    for index in works.indices {
      let x = works[index] + shift
      let value: Double
      if x >= 0 {
        let e = exp(lift - x)
        value = e / (1 + e * scale)
      } else {
        value = 1 / (1 + exp(x))
      }
      values[index] = value
      sum += value
      squares += value * value
      products += value * (1 - value * scale)
    }
    let mean = sum / n
    var second = 0.0
    var third = 0.0
    for value in values {
      let d = value - mean
      second += d * d
      third += d * d * d
    }
    let inefficiency = n / effective
    return Side(
      logScale: -lift, sum: sum, products: products, variance: second * n / (n - 1) * inefficiency,
      third: third * inefficiency * inefficiency,
      effectiveSampleSize: Swift.min(effective, sum * sum / squares / inefficiency))
  }

  func evaluate(_ c: Double) -> Value {
    var a = side(forward, shift: logRatio - c, effective: effectiveForward)
    var b = side(reverse, shift: c - logRatio, effective: effectiveReverse)
    let logDifference = a.logSum - b.logSum
    let common = Swift.max(a.logScale, b.logScale)
    rescale(&a, to: common)
    rescale(&b, to: common)
    let variance = a.variance + b.variance
    let welch =
      variance * variance
      / (a.variance * a.variance / Swift.max(1, effectiveForward - 1)
        + b.variance * b.variance / Swift.max(1, effectiveReverse - 1))
    return Value(
      logDifference: logDifference,
      statistic: (a.sum - b.sum) / variance.squareRoot(),
      skewness: (a.third - b.third) / (variance * variance.squareRoot()),
      effectiveSampleSize: Swift.min(a.effectiveSampleSize, b.effectiveSampleSize),
      degreesOfFreedom: welch.isFinite ? Swift.max(1, welch) : 1,
      logProducts: common + log(a.products + b.products))
  }

  private func rescale(_ side: inout Side, to logScale: Double) {
    let factor = exp(side.logScale - logScale)
    side.sum *= factor
    side.products *= factor
    side.variance *= factor * factor
    side.third *= factor * factor * factor
    side.logScale = logScale
  }

  /// The overlap integral of the two distributions of work.
  func overlap(at value: Value) -> Double {
    let n = Double(forward.count)
    let m = Double(reverse.count)
    return exp(value.logProducts + log((n + m) / (n * m)))
  }

  /// ΔF: the c at which the logarithms of the two sums are equal.
  ///
  /// Their difference increases with a slope between 0 and 2 that is 1 far away, so a bracket is found by
  /// steps that double, and regula falsi (Illinois) then converges always.
  func root(tolerance: Double = 1e-13) -> Double {
    let start =
      0.5
      * (forward.reduce(0, +) / Double(forward.count)
        - reverse.reduce(0, +) / Double(reverse.count))
    return increasingRoot(from: start, tolerance: tolerance) { evaluate($0).logDifference }
  }

  /// The c at which the corrected statistic lies within Student's quantiles.
  func interval(around value: Double, confidence: Double) -> ClosedRange<Double> {
    let level = (1 + confidence) / 2
    var known: (freedom: Double, quantile: Double)?
    func excess(_ c: Double, _ sign: Double) -> Double {
      let at = evaluate(c)
      guard at.statistic.isFinite, at.skewness.isFinite else { return sign * .infinity }
      // The quantile varies slowly with the degrees of freedom, which are rounded to be looked up once.
      let freedom = at.degreesOfFreedom.rounded()
      if known?.freedom != freedom {
        known = (freedom, studentQuantile(level, degreesOfFreedom: freedom))
      }
      let quantile = known?.quantile ?? 2
      return HallTransformation.corrected(at.statistic, skewness: at.skewness)
        - sign * quantile * HallTransformation.lengthening(skewness: at.skewness)
    }
    let low = increasingRoot(from: value, tolerance: 1e-7) { excess($0, -1) }
    let high = increasingRoot(from: value, tolerance: 1e-7) { excess($0, 1) }
    let few =
      evaluate(value).effectiveSampleSize < 2 * BennettAcceptanceRatio.minimumSamples
      ? BennettAcceptanceRatio.fewWhereOverlapIsPoor : BennettAcceptanceRatio.fewTrajectories
    let without = withoutFew(few)
    return Swift.min(low, value, without.low)...Swift.max(high, value, without.high)
  }

  /// −⟨W_R⟩ ≤ ΔF ≤ ⟨W_F⟩, the second law, each mean up to its sampling error.
  func secondLaw(confidence: Double) -> ClosedRange<Double> {
    func limit(_ works: [Double], _ effective: Double) -> Double {
      let n = Double(works.count)
      let mean = works.reduce(0, +) / n
      let variance = works.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1) / effective
      let t = studentQuantile((1 + confidence) / 2, degreesOfFreedom: Swift.max(1, effective - 1))
      return mean + t * variance.squareRoot()
    }
    let low = -limit(reverse, effectiveReverse)
    let high = limit(forward, effectiveForward)
    return Swift.min(low, high)...Swift.max(low, high)
  }

  /// The roots without the few trajectories of one direction that decide most.
  private func withoutFew(_ few: Int) -> (low: Double, high: Double) {
    func root(_ forward: [Double], _ reverse: [Double]) -> Double {
      AcceptanceEquation(
        forward: forward, reverse: reverse, effectiveForward: effectiveForward,
        effectiveReverse: effectiveReverse
      ).root(tolerance: 1e-7)
    }
    func rest(_ works: [Double]) -> [Double] {
      Array(works.sorted().dropFirst(Swift.min(few, works.count / 2)))
    }
    return (root(forward, rest(reverse)), root(rest(forward), reverse))
  }

  /// The first root of a function that increases at large, searched outwards from a start.
  private func increasingRoot(
    from start: Double, tolerance: Double, _ function: (Double) -> Double
  ) -> Double {
    var low = start
    var lowValue = function(start)
    if lowValue == 0 { return start }
    let direction: Double = lowValue < 0 ? 1 : -1
    var step = 0.125
    var high = start
    var highValue = lowValue
    for _ in 0..<80 {
      high = low + direction * step
      highValue = function(high)
      if highValue == 0 { return high }
      if highValue * lowValue < 0 { break }
      (low, lowValue) = (high, highValue)
      step *= 2
    }
    guard highValue * lowValue < 0 else { return high }
    var kept = 0
    for _ in 0..<200 {
      let resolution = tolerance * Swift.max(1, abs(high - start)) + 2 * high.ulp
      if abs(high - low) <= resolution { break }
      var middle = 0.5 * (low + high)
      if lowValue.isFinite, highValue.isFinite {
        let secant = (low * highValue - high * lowValue) / (highValue - lowValue)
        if secant > Swift.min(low, high), secant < Swift.max(low, high) { middle = secant }
      }
      if middle == low || middle == high { break }
      let value = function(middle)
      if value == 0 { return middle }
      if value * lowValue > 0 {
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
}
