internal import Foundation
internal import NumericalCore

/// Systematic resampling: rows drawn in proportion to their weights, with one uniform number.
///
///     row k is drawn ⌊n w_k⌋ or ⌈n w_k⌉ times,   Σ w_k = 1
///
/// Unbiased: the expected number of copies of row k is n w_k. Source: Douc, Cappé and Moulines 2005,
/// section 2.4.
enum Resampling {
  /// The rows that take the places 0 ..< n.
  static func systematic(logWeights: ArraySlice<Double>, uniform: Double) -> [Int] {
    let count = logWeights.count
    let largest = logWeights.max() ?? 0
    let weights = logWeights.map { exp($0 - largest) }
    let total = weights.reduce(0, +)
    var rows: [Int] = []
    rows.reserveCapacity(count)
    var row = 0
    var cumulative = weights[0]
    for place in 0..<count {
      let target = (Double(place) + uniform) * total / Double(count)
      while cumulative < target, row < count - 1 {
        row += 1
        cumulative += weights[row]
      }
      rows.append(logWeights.startIndex + row)
    }
    return rows
  }
}
