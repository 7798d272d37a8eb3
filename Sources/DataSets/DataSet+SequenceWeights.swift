public import NumericalCore

extension DataSet {
  /// One over the number of samples that are at least this identical to each sample, itself counted.
  ///
  /// ```
  /// w_i = 1 / |{ j : (number of sites with equal symbols of i and j) ≥ threshold · L }|
  /// ```
  ///
  /// Gaps count as a symbol like the others.
  ///
  /// - Parameters:
  ///   - identityThreshold: The fraction of equal sites, in (0, 1]; 0.8 is usual for proteins.
  ///   - workers: The threads to use; the weights do not depend on their number.
  /// - Returns: One weight in (0, 1] a sample; their sum is the effective number of sequences.
  /// - Throws: `usage` for a threshold out of range, or for continuous data.
  /// - Complexity: O(count² · unitCount) byte comparisons, 64 to a step.
  public func sequenceWeights(
    identityThreshold: Double, workers: Workers = Workers()
  ) throws(SzilardError) -> [Double] {
    guard identityThreshold > 0, identityThreshold <= 1 else {
      throw SzilardError(
        .usage, "an identity threshold of \(identityThreshold); it lies above 0 and is at most 1")
    }
    guard let symbols = NeighbourCounter.symbols(of: values) else {
      throw SzilardError(.usage, "\(name): continuous data have no identity to weight by")
    }
    // The smallest number of equal sites that is enough; the tolerance keeps 0.8 · 5 at 4.
    let enough = Int((identityThreshold * Double(unitCount) - 1e-9).rounded(.up))
    let counter = NeighbourCounter(symbols: symbols, count: count, unitCount: unitCount)
    return counter.counts(mismatchesAtMost: unitCount - enough, workers: workers).map {
      1 / Double($0)
    }
  }

  /// The sum of the weights: how many independent samples the data count for.
  public var effectiveSampleCount: Double { weights?.reduce(0, +) ?? Double(count) }
}
