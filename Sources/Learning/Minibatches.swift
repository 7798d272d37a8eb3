internal import NumericalCore

/// Minibatches without replacement: each epoch is one permutation of the samples, cut into batches;
/// samples left over at the end of an epoch are not used in it.
///
/// The permutation of an epoch follows from (seed, epoch) alone, so a resumed run sees the same
/// batches.
public struct Minibatches: Sendable {
  /// The number of samples.
  public let sampleCount: Int
  /// Samples in a batch.
  public let batchSize: Int
  private let seed: UInt64
  private var epoch = -1
  private var permutation: [Int] = []

  /// Batches of `batchSize` of `sampleCount` samples; a larger size means all of them.
  public init(sampleCount: Int, batchSize: Int, seed: UInt64) {
    precondition(sampleCount > 0 && batchSize > 0)
    self.sampleCount = sampleCount
    self.batchSize = Swift.min(batchSize, sampleCount)
    self.seed = seed
  }

  /// Batches in an epoch.
  public var batchesPerEpoch: Int { sampleCount / batchSize }

  /// The samples of the batch of update `update` (counted from 0).
  public mutating func batch(update: Int) -> ArraySlice<Int> {
    let wanted = update / batchesPerEpoch
    if wanted != epoch {
      var stream = RandomStream(seed: seed, purpose: .shuffle, index: UInt64(wanted))
      permutation = Array(0..<sampleCount)
      permutation.shuffle(using: &stream)
      epoch = wanted
    }
    let first = update % batchesPerEpoch * batchSize
    return permutation[first..<first + batchSize]
  }
}
