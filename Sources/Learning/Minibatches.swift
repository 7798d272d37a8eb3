internal import NumericalCore

/// How the minibatches of successive steps hang together.
public enum MinibatchPolicy: String, Sendable, Equatable, Codable, CaseIterable {
  /// Each step draws a batch of distinct samples, independently of all other steps.
  case withReplacement = "with"
  /// Each epoch is one permutation of the samples, cut into batches.
  case withoutReplacement = "without"
}

/// What becomes of the last batch of an epoch without replacement where the batch size does not divide
/// the number of samples.
public enum RaggedBatch: String, Sendable, Equatable, Codable, CaseIterable {
  /// It is left out: the samples in it are not used in this epoch.
  case dropped
  /// It is used with the weight |b| P/N, as all batches are.
  ///
  /// The weighted means of the gradients over an epoch of P batches then sum to P times the mean over all
  /// samples, as they do where B divides N, so that an epoch has no noise of first order in the rate.
  case weighted
}

/// The minibatches of a run.
///
/// The batches of an epoch follow from (seed, chain, epoch) alone, so a resumed run sees the same
/// batches.
public struct Minibatches: Sendable {
  /// The number of samples.
  public let sampleCount: Int
  /// Samples in a batch (but for a ragged last one).
  public let batchSize: Int
  /// Whether successive batches are independent.
  public let policy: MinibatchPolicy
  /// What becomes of the last batch of an epoch.
  public let ragged: RaggedBatch
  private let seed: UInt64
  private let chain: UInt64
  private var epoch = -1
  private var permutation: [Int] = []
  // With replacement: the batch drawn last, its number in the epoch, and the stream behind it.
  private var current: [Int] = []
  private var position = -1
  private var stream: RandomStream

  /// Batches of `batchSize` of `sampleCount` samples; a larger size means all of them.
  public init(
    sampleCount: Int, batchSize: Int, policy: MinibatchPolicy = .withoutReplacement,
    ragged: RaggedBatch = .dropped, seed: UInt64, chain: UInt64 = 0
  ) {
    precondition(sampleCount > 0 && batchSize > 0)
    self.sampleCount = sampleCount
    self.batchSize = Swift.min(batchSize, sampleCount)
    self.policy = policy
    self.ragged = ragged
    self.seed = seed
    self.chain = chain
    stream = RandomStream(seed: seed, purpose: .independentBatches)
  }

  /// P, the batches in an epoch; with replacement an epoch is as many gradients as without.
  public var batchesPerEpoch: Int {
    switch ragged {
    case .dropped: sampleCount / batchSize
    case .weighted: (sampleCount + batchSize - 1) / batchSize
    }
  }

  /// The samples of the batch of update `update` (counted from 0).
  ///
  /// - Complexity: O(batch size), and O(samples) more when an epoch begins.
  public mutating func batch(update: Int) -> ArraySlice<Int> {
    let wanted = update / batchesPerEpoch
    let number = update % batchesPerEpoch
    switch policy {
    case .withoutReplacement:
      if wanted != epoch {
        stream = RandomStream(seed: seed, purpose: .shuffle, index: UInt64(wanted), step: chain)
        permutation = Array(0..<sampleCount)
        permutation.shuffle(using: &stream)
        epoch = wanted
      }
      let first = number * batchSize
      return permutation[first..<Swift.min(first + batchSize, sampleCount)]
    case .withReplacement:
      if wanted != epoch || number < position {
        stream = RandomStream(
          seed: seed, purpose: .independentBatches, index: UInt64(wanted), step: chain)
        permutation = Array(0..<sampleCount)
        current = Array(repeating: 0, count: batchSize)
        epoch = wanted
        position = -1
      }
      while position < number {
        drawBatch()
        position += 1
      }
      return current[...]
    }
  }

  /// The factor on the mean gradient of the batch of update `update`: 1, but for ragged batches.
  public func weight(update: Int) -> Double {
    guard policy == .withoutReplacement, ragged == .weighted else { return 1 }
    let first = update % batchesPerEpoch * batchSize
    let size = Swift.min(first + batchSize, sampleCount) - first
    return Double(size * batchesPerEpoch) / Double(sampleCount)
  }

  /// B distinct samples, by the first B exchanges of Fisher and Yates; the order that earlier draws left
  /// behind does not matter.
  private mutating func drawBatch() {
    for k in 0..<batchSize {
      permutation.swapAt(k, k + stream.index(below: sampleCount - k))
      current[k] = permutation[k]
    }
  }
}
