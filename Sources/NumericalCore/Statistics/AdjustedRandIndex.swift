/// How well two partitions of the same samples agree, corrected for chance.
///
///     ARI = (Σ C(n_ab, 2) − E) / ((Σ C(n_a, 2) + Σ C(n_b, 2))/2 − E),
///     E = Σ C(n_a, 2) Σ C(n_b, 2) / C(n, 2)
///
/// n_ab counts samples in class a of the one and b of the other. 1 for equal partitions, 0 in the mean
/// over random ones of the same sizes. Where the denominator vanishes (both partitions have one class,
/// or both have only classes of one sample) they are equal, and the index is 1. Hubert and Arabie
/// 1985, Journal of Classification 2, 193.
///
/// - Complexity: O(n).
public func adjustedRandIndex(_ first: [Int], _ second: [Int]) -> Double {
  precondition(first.count == second.count, "\(first.count) and \(second.count) samples")
  struct Cell: Hashable {
    let a: Int
    let b: Int
  }
  var joint: [Cell: Int] = [:]
  var rows: [Int: Int] = [:]
  var columns: [Int: Int] = [:]
  for (a, b) in zip(first, second) {
    joint[Cell(a: a, b: b), default: 0] += 1
    rows[a, default: 0] += 1
    columns[b, default: 0] += 1
  }
  // Sums of whole numbers: the order of a dictionary does not matter.
  func pairs(_ counts: some Sequence<Int>) -> Double {
    Double(counts.reduce(0) { $0 + $1 * ($1 - 1) / 2 })
  }
  let all = pairs([first.count])
  let (a, b) = (pairs(rows.values), pairs(columns.values))
  let expected = all > 0 ? a * b / all : 0
  let denominator = (a + b) / 2 - expected
  return denominator == 0 ? 1 : (pairs(joint.values) - expected) / denominator
}
