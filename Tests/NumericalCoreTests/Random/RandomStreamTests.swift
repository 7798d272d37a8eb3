import NumericalCore
import TestSupport
import Testing

@Suite struct RandomStreamTests {
  // An implementation in Python, written from the papers, which gives 41943041, 58720359,
  // 3588806011781223, 3591011842654386 from the state (1, 2, 3, 4), the published answer of
  // xoshiro256++. Three first outputs and the 1000th.
  static let reference: [(StreamKey, [UInt64], UInt64)] = [
    (
      StreamKey(seed: 0, purpose: .initialWeights),
      [0xd434_2947_6126_f555, 0xc975_b0d6_bd40_5f53, 0x563c_d0d3_7e6d_3800],
      0x805e_4f3c_05e9_eab3
    ),
    (
      StreamKey(seed: 1, purpose: .chains, index: 2, step: 3),
      [0x7f62_ff72_071c_6346, 0x30cd_f91f_ff4a_138c, 0xfe43_f811_e346_9d86],
      0xe038_159d_6ce9_97f1
    ),
    (
      StreamKey(seed: .max, purpose: .test, index: .max, step: .max),
      [0x60f0_c9c1_bd8e_7e2b, 0xe1ae_3aaf_d4d6_22bf, 0xba62_b68a_f8da_0c20],
      0x7db7_dded_a06b_bc15
    ),
    (
      StreamKey(seed: 42, purpose: .bootstrap, index: 1 << 40, step: 7),
      [0x1fd9_0070_5116_f89b, 0x66f0_d07d_3091_22c0, 0xa32f_c13a_c936_528f],
      0x9f8e_8e99_9457_2ad4
    ),
  ]

  @Test func `streams are those of an independent implementation`() {
    for (key, first, thousandth) in Self.reference {
      var stream = RandomStream(key)
      let outputs = (0..<1000).map { _ in stream.next() }
      #expect(Array(outputs[..<3]) == first)
      #expect(outputs[999] == thousandth)
    }
  }

  @Test func `equal names are equal streams`() {
    var one = RandomStream(seed: 5, purpose: .chains, index: 6, step: 7)
    var two = RandomStream(StreamKey(seed: 5, purpose: .chains, index: 6, step: 7))
    for _ in 0..<10 { #expect(one.next() == two.next()) }
  }

  @Test func `uniform numbers are uniform`() {
    let seed = testSeed(1)
    var stream = RandomStream(seed: seed, purpose: .test)
    let draws = (0..<200_000).map { _ in stream.uniform() }
    #expect(draws.allSatisfy { $0 > 0 && $0 < 1 })
    expectDistribution(draws, seed: seed) { $0 }
    expectMean(draws, in: 0...1, equals: 0.5, seed: seed)
  }

  @Test func `bytes of the output are uniform, each place on its own`() {
    let seed = testSeed(2)
    var stream = RandomStream(seed: seed, purpose: .test)
    var counts = [[Int]](repeating: [Int](repeating: 0, count: 256), count: 8)
    for _ in 0..<200_000 {
      let output = stream.next()
      for place in 0..<8 { counts[place][Int(output >> UInt64(8 * place) & 255)] += 1 }
    }
    let probabilities = [Double](repeating: 1.0 / 256, count: 256)
    for place in 0..<8 {
      let chiSquare = pearsonChiSquare(counts: counts[place], probabilities: probabilities)
      #expect(chiSquare <= chiSquareBound(degreesOfFreedom: 255), "place \(place), seed \(seed)")
      // Power both ways: counts that are too even would be as wrong as uneven ones.
      #expect(
        chiSquare >= chiSquareQuantile(defaultAlpha, degreesOfFreedom: 255), "seed \(seed)")
    }
  }

  @Test func `normal numbers are normal`() {
    let seed = testSeed(3)
    var stream = RandomStream(seed: seed, purpose: .test)
    let draws = (0..<200_000).map { _ in stream.normal() }
    expectDistribution(draws, seed: seed) { normalDistribution($0) }
    // Consecutive ones are independent: signs agree half of the time.
    let agreements = zip(draws, draws.dropFirst()).count { ($0 > 0) == ($1 > 0) }
    #expect(
      binomialAcceptance(trials: draws.count - 1, probability: 0.5).contains(agreements),
      "seed \(seed)")
  }

  @Test(arguments: [1, 2, 7, 1000])
  func `indices below a bound are uniform`(bound: Int) {
    let seed = testSeed(4)
    var stream = RandomStream(seed: seed, purpose: .test)
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<100_000 { counts[stream.index(below: bound)] += 1 }
    expectCounts(
      counts, probabilities: [Double](repeating: 1 / Double(bound), count: bound), seed: seed)
  }
}
