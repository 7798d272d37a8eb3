internal import CSzilardKernels

/// Sixteen xoshiro128+ generators side by side for each block of sixteen chains.
///
/// Block `k` of the chains draws from lanes `k` alone, so results do not depend on how blocks are
/// spread over threads.
package struct RandomLanes: Sendable {
  /// Chains in a block.
  package static let rowsPerBlock = Int(SZK_BLOCK_ROWS)

  private let buffer: AlignedBuffer<UInt32>
  /// The number of blocks.
  package let blocks: Int

  /// Memory for the lanes of `chains` chains; every block must be seeded before use.
  package init(chains: Int) {
    blocks = Swift.max(1, (chains + RandomLanes.rowsPerBlock - 1) / RandomLanes.rowsPerBlock)
    buffer = AlignedBuffer(count: blocks * RandomLanes.wordsPerBlock)
  }

  private static let wordsPerBlock = MemoryLayout<szk_lanes>.size / MemoryLayout<UInt32>.size

  /// Starts the stream of one block.
  package func seed(block: Int, _ key: StreamKey) {
    precondition(block >= 0 && block < blocks)
    szk_lanes_seed(pointer(block: block), key.high, key.low)
  }

  /// Starts the streams (seed, purpose, first + k, step) of all blocks k.
  package func seedAll(
    seed: UInt64, purpose: StreamPurpose, firstBlock: Int = 0, step: UInt64 = 0
  ) {
    for block in 0..<blocks {
      self.seed(
        block: block,
        StreamKey(seed: seed, purpose: purpose, index: UInt64(firstBlock + block), step: step))
    }
  }

  func pointer(block: Int) -> UnsafeMutablePointer<szk_lanes> {
    UnsafeMutableRawPointer(buffer.pointer + block * RandomLanes.wordsPerBlock)
      .assumingMemoryBound(to: szk_lanes.self)
  }
}
