internal import Foundation
package import NumericalCore

/// Free energies along a ladder: Bennett's acceptance ratio between neighbouring rungs.
///
/// With as many works upwards as downwards ΔF = F_{r+1} − F_r solves (Bennett 1976, equation 12; Shirts
/// et al. 2003, equation 8)
///
///     Σ 1/(1 + e^{W⁺ − ΔF}) = Σ 1/(1 + e^{W⁻ + ΔF})
///
/// and ln Z_r = ln Z_0 − Σ ΔF. Works of one ladder are correlated, in time and between pairs; those of
/// different ladders are independent. So the error comes from the ladders: with g_c the part of ladder
/// c in the difference of the two sides and g′ the derivative by ΔF, ladder c moves ΔF by −g_c/g′, and
///
///     Var ln Z_r = C/(C − 1) Σ_c (Σ_{pairs} g_c/g′)²
///
/// (the sandwich estimator for clusters; Liang and Zeger 1986), Student's t with C − 1 degrees of
/// freedom. Consistent; the bias is of the order of the variance.
package struct LadderFreeEnergies: Sendable {
  /// Ladders below which no interval is given.
  package static let minimumLadders = 8

  /// ΔF of each pair.
  package let differences: [Double]
  /// What each ladder moves ΔF by: [pair][ladder].
  private let influences: [[Double]]

  /// The differences between neighbours from the works of an exchange.
  package init(_ record: ExchangeRecord) {
    self.init(ladders: record.ladders, pairs: record.rungs - 1) {
      record.works(pair: $0, ladder: $1)
    }
  }

  /// By how much ln Z at the top changes from the first half of a record to the second, and the standard
  /// error of that change, from the spread over ladders: a start that is not forgotten shows as drift.
  static func drift(in record: ExchangeRecord) -> (change: Double, error: Double) {
    func half(_ part: Int) -> LadderFreeEnergies {
      LadderFreeEnergies(ladders: record.ladders, pairs: record.rungs - 1) { pair, ladder in
        let (forward, reverse) = record.works(pair: pair, ladder: ladder)
        let middle = forward.count / 2
        let range = part == 0 ? 0..<middle : middle..<forward.count
        return (Array(forward[range]), Array(reverse[range]))
      }
    }
    let (first, second) = (half(0), half(1))
    var change = 0.0
    for (old, new) in zip(first.differences, second.differences) { change += old - new }
    var squares = 0.0
    for ladder in 0..<record.ladders {
      var moved = 0.0
      for pair in first.influences.indices {
        moved += first.influences[pair][ladder] - second.influences[pair][ladder]
      }
      squares += moved * moved
    }
    let n = Double(record.ladders)
    return (change, n > 1 ? (squares * n / (n - 1)).squareRoot() : 0)
  }

  /// The differences from works by pair and ladder, as many upwards as downwards.
  init(
    ladders: Int, pairs: Int,
    works: (_ pair: Int, _ ladder: Int) -> (forward: [Double], reverse: [Double])
  ) {
    var differences: [Double] = []
    var influences: [[Double]] = []
    for pair in 0..<pairs {
      let all = (0..<ladders).map { works(pair, $0) }
      let difference = LadderFreeEnergies.solve(all)
      var slope = 0.0
      var parts: [Double] = []
      for one in all {
        let part = LadderFreeEnergies.balance(one, at: difference)
        parts.append(part.value)
        slope += part.slope
      }
      differences.append(difference)
      influences.append(parts.map { slope > 0 ? -$0 / slope : 0 })
    }
    self.differences = differences
    self.influences = influences
  }

  /// Left side minus right side of Bennett's equation, and its derivative by ΔF, for one ladder.
  private static func balance(
    _ works: (forward: [Double], reverse: [Double]), at difference: Double
  ) -> (value: Double, slope: Double) {
    var value = 0.0
    var slope = 0.0
    for work in works.forward {
      let p = logistic(difference - work)
      value += p
      slope += p * (1 - p)
    }
    for work in works.reverse {
      let p = logistic(-difference - work)
      value -= p
      slope += p * (1 - p)
    }
    return (value, slope)
  }

  /// The root, by Newton's method held within a bracket; the left side minus the right one ascends.
  private static func solve(_ works: [(forward: [Double], reverse: [Double])]) -> Double {
    var low = Double.infinity
    var high = -Double.infinity
    for one in works {
      for work in one.forward {
        low = Swift.min(low, work)
        high = Swift.max(high, work)
      }
      for work in one.reverse {
        low = Swift.min(low, -work)
        high = Swift.max(high, -work)
      }
    }
    guard low < high else { return low.isFinite ? low : 0 }
    var x = (low + high) / 2
    for _ in 0..<200 {
      var value = 0.0
      var slope = 0.0
      for one in works {
        let part = balance(one, at: x)
        value += part.value
        slope += part.slope
      }
      if value > 0 { high = x } else { low = x }
      var next = slope > 0 ? x - value / slope : .nan
      if !(next > low && next < high) { next = (low + high) / 2 }
      if abs(next - x) <= 1e-12 * Swift.max(1, abs(x)) { return next }
      x = next
    }
    return x
  }

  /// ln Z of every rung, from that of the lowest.
  package func logPartitionFunctions(bottom: Double, confidence: Double = 0.95) -> [Estimate] {
    let ladders = influences.first?.count ?? 0
    var value = bottom
    var moved = [Double](repeating: 0, count: ladders)
    let method = "Bennett's acceptance ratio along a ladder"
    let exact = 1e-9 * Swift.max(1, abs(bottom))
    var result = [
      Estimate(
        value: bottom, interval: bottom - exact...bottom + exact, confidence: confidence,
        method: "independent units", effectiveSampleSize: .infinity)
    ]
    for (difference, influence) in zip(differences, influences) {
      value -= difference
      for ladder in 0..<ladders { moved[ladder] -= influence[ladder] }
      let squares = moved.reduce(0) { $0 + $1 * $1 }
      let n = Double(ladders)
      // Rungs of equal machines differ by nothing but rounding.
      let rounding = 1e-9 * Swift.max(1, abs(value))
      let error = ladders > 1 ? (squares * n / (n - 1)).squareRoot() : 0
      var estimate = Estimate(
        value: value, standardError: Swift.max(error, rounding),
        degreesOfFreedom: Swift.max(1, n - 1), confidence: confidence, method: method,
        effectiveSampleSize: n)
      if ladders < LadderFreeEnergies.minimumLadders {
        let reason =
          "\(ladders) independent ladders, fewer than \(LadderFreeEnergies.minimumLadders)"
        estimate =
          ladders > 1
          ? estimate.unresolved(because: reason)
          : .unresolved(reason, value: value, method: method, effectiveSampleSize: n)
      }
      result.append(estimate)
    }
    return result
  }
}
