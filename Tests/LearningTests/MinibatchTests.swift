import Learning
import TestSupport
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

  /// A ragged last batch is used, and its weight keeps the sum over the samples.
  @Test(arguments: [(13, 4), (12, 4), (7, 5), (3, 10)])
  func raggedBatches(_ samples: Int, _ size: Int) {
    var batches = Minibatches(
      sampleCount: samples, batchSize: size, ragged: .weighted, seed: testSeed(902))
    var seen: [Int] = []
    for update in 0..<batches.batchesPerEpoch {
      let batch = batches.batch(update: update)
      seen += batch
      // The weight of a sample in the sum of weighted means: the same for all.
      let weight = batches.weight(update: update) / Double(batch.count)
      #expect(isClose(weight, Double(batches.batchesPerEpoch) / Double(samples), relative: 1e-14))
    }
    #expect(seen.sorted() == Array(0..<samples))
  }

  /// Independent batches hold distinct samples; each pair of samples is as likely as any other.
  @Test func independentBatches() {
    let (samples, size, draws) = (6, 3, 20_000)
    var batches = Minibatches(
      sampleCount: samples, batchSize: size, policy: .withReplacement, seed: testSeed(903))
    var pairs = [Int](repeating: 0, count: samples * samples)
    var repeated = 0
    var last: Set<Int> = []
    for update in 0..<draws {
      let batch = batches.batch(update: update)
      let set = Set(batch)
      #expect(set.count == size)
      // Within an epoch of two batches partitions would never share a sample.
      if update % 2 == 1, !set.isDisjoint(with: last) { repeated += 1 }
      last = set
      for i in set { for j in set { pairs[i * samples + j] += 1 } }
    }
    let band = binomialAcceptance(trials: draws, probability: 0.2, alpha: 1e-9 / 15)
    for i in 0..<samples {
      for j in 0..<i { #expect(band.contains(pairs[i * samples + j])) }
    }
    // Two of the twenty choices of three of six share nothing with the first.
    let shared = binomialAcceptance(trials: draws / 2, probability: 0.95, alpha: 1e-9)
    #expect(shared.contains(repeated))
    // And they follow from the update alone.
    var fresh = Minibatches(
      sampleCount: samples, batchSize: size, policy: .withReplacement, seed: testSeed(903))
    #expect(Set(fresh.batch(update: draws - 1)) == last)
  }
}
