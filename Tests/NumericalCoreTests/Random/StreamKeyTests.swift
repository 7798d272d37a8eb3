import NumericalCore
import TestSupport
import Testing

/// Streams whose names differ in one component are as independent as two generators can show.
@Suite struct StreamKeyTests {
  enum Component: CaseIterable { case seed, purpose, index, step }

  /// The name number `number` along one component, the others fixed.
  private func key(_ number: Int, along component: Component, seed: UInt64) -> StreamKey {
    let purposes: [StreamPurpose] = [
      .initialWeights, .initialChains, .shuffle, .chains, .contrastiveDivergence, .annealing,
      .samples, .generator, .binarisation, .split, .bootstrap, .pseudoLikelihood, .test,
    ]
    let n = UInt64(number)
    return switch component {
    case .seed: StreamKey(seed: seed &+ n, purpose: .test)
    case .index: StreamKey(seed: seed, purpose: .test, index: n)
    case .step: StreamKey(seed: seed, purpose: .test, step: n)
    case .purpose:
      StreamKey(
        seed: seed, purpose: purposes[number % purposes.count],
        index: UInt64(number / purposes.count))
    }
  }

  /// What is wrong with the outputs of neighbouring streams, in one place of the streams, or nil.
  private func violation(_ outputs: [UInt64]) -> String? {
    let count = outputs.count
    // Every bit of an output differs from its neighbour's half of the time.
    for bit in 0..<64 {
      let flips = zip(outputs, outputs.dropFirst()).count { ($0 ^ $1) >> UInt64(bit) & 1 == 1 }
      let accepted = binomialAcceptance(
        trials: count - 1, probability: 0.5, alpha: defaultAlpha / 64)
      if !accepted.contains(flips) { return "bit \(bit) flips \(flips) times of \(count - 1)" }
    }
    // The outputs are uniform over the streams, and (this, next) over the square.
    let cells = 16
    var singles = [Int](repeating: 0, count: cells)
    var pairs = [Int](repeating: 0, count: cells * cells)
    for index in stride(from: 0, to: count - 1, by: 2) {
      let one = Int(outputs[index] >> 60)
      singles[one] += 1
      pairs[one * cells + Int(outputs[index + 1] >> 60)] += 1
    }
    let flat = [Double](repeating: 1 / Double(cells), count: cells)
    let square = [Double](repeating: 1 / Double(cells * cells), count: cells * cells)
    return countsViolation(singles, probabilities: flat)
      ?? countsViolation(pairs, probabilities: square)
  }

  @Test(arguments: Component.allCases)
  func `neighbours are independent`(component: Component) {
    let seed = testSeed(17)
    var first: [UInt64] = []
    var second: [UInt64] = []
    var seen: Set<UInt64> = []
    for number in 0..<40_000 {
      var stream = RandomStream(key(number, along: component, seed: seed))
      first.append(stream.next())
      second.append(stream.next())
      seen.insert(first[number])
    }
    #expect(violation(first) == nil, "seed \(seed)")
    #expect(violation(second) == nil, "seed \(seed)")
    // Among 40,000 64-bit numbers two agree with probability 4e-11.
    #expect(seen.count == first.count, "seed \(seed)")
  }

  @Test func `names that share components in other places differ`() {
    var keys: Set<[UInt64]> = []
    var count = 0
    for seed in 0..<12 as Range<UInt64> {
      for index in 0..<12 as Range<UInt64> {
        for step in 0..<12 as Range<UInt64> {
          for purpose in [StreamPurpose.initialWeights, .initialChains, .shuffle] {
            let key = StreamKey(seed: seed, purpose: purpose, index: index, step: step)
            keys.insert([key.high, key.low])
            count += 1
          }
        }
      }
    }
    #expect(keys.count == count)
  }

  // The mutants: streams seeded by a counter, by a linear map, and with one bit stuck.
  @Test func `the test of independence has power`() {
    let counter = (0..<40_000 as Range<UInt64>).map { $0 << 40 }
    let linear = (0..<40_000 as Range<UInt64>).map { $0 &* 0x9e37_79b9_7f4a_7c15 }
    var stream = RandomStream(seed: 1, purpose: .test)
    let stuck = (0..<40_000).map { _ in stream.next() & ~(1 << 17) }
    let good = (0..<40_000).map { _ in stream.next() }
    #expect(violation(counter) != nil && violation(linear) != nil && violation(stuck) != nil)
    #expect(violation(good) == nil)
  }
}
