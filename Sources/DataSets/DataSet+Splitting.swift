internal import NumericalCore

extension DataSet {
  /// Two parts without a common sample: a random subset and the rest, both in the order of the file.
  ///
  /// - Parameters:
  ///   - fraction: The first part gets `fraction · count` samples, rounded, in [0, 1].
  ///   - seed: The same seed gives the same parts.
  /// - Returns: The subset and the rest.
  /// - Complexity: O(count · unitCount).
  public func split(fraction: Double, seed: UInt64) -> (first: DataSet, second: DataSet) {
    precondition(fraction >= 0 && fraction <= 1, "a fraction of \(fraction)")
    var stream = RandomStream(seed: seed, purpose: .split)
    var order = Array(0..<count)
    order.shuffle(using: &stream)
    let cut = Int((fraction * Double(count)).rounded())
    return (selecting(order[..<cut].sorted()), selecting(order[cut...].sorted()))
  }
}
