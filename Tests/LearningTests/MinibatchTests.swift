import Learning
import Testing

@Suite struct MinibatchTests {
  /// Each epoch takes samples once; left-over samples sit it out, others the next time.
  @Test(arguments: [(12, 4), (13, 4), (5, 5), (3, 10), (100, 7)])
  func epochsArePartitions(_ samples: Int, _ size: Int) {
    var batches = Minibatches(sampleCount: samples, batchSize: size, seed: 3)
    let width = min(size, samples)
    #expect(batches.batchesPerEpoch == samples / width)
    var orders: Set<[Int]> = []
    for epoch in 0..<3 {
      var seen: [Int] = []
      for k in 0..<batches.batchesPerEpoch {
        let batch = batches.batch(update: epoch * batches.batchesPerEpoch + k)
        #expect(batch.count == width)
        seen += batch
      }
      #expect(Set(seen).count == seen.count)
      #expect(seen.allSatisfy { (0..<samples).contains($0) })
      orders.insert(seen)
    }
    if samples >= 12 { #expect(orders.count == 3) }
  }

  /// A resumed run sees the batches that an undisturbed one sees.
  @Test func batchesFollowFromTheUpdateAlone() {
    var straight = Minibatches(sampleCount: 50, batchSize: 8, seed: 9)
    let all = (0..<20).map { Array(straight.batch(update: $0)) }
    for update in [0, 5, 6, 13, 19] {
      var fresh = Minibatches(sampleCount: 50, batchSize: 8, seed: 9)
      #expect(Array(fresh.batch(update: update)) == all[update])
    }
    var other = Minibatches(sampleCount: 50, batchSize: 8, seed: 10)
    #expect(Array(other.batch(update: 0)) != all[0])
  }
}
