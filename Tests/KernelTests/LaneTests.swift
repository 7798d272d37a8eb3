import CSzilardKernels
import Testing

/// The generators: state, order of draws, uniforms.
@Suite struct LaneTests {
  @Test(arguments: levels) func uniformsFollowTheScalarGenerator(level: szk_level) throws {
    let kernels = try kernels(level)
    for count in [0, 1, 15, 16, 17, 1000] {
      let start = lanes(rows: 1)[0]
      var generators = (0..<16).map { ScalarLane(start, $0) }
      var state = start
      let out = Aligned<Float>(count, 0)
      kernels.uniforms(&state, count, out.pointer)
      for index in 0..<count {
        // Rounding towards zero keeps u below 1.
        let u = generators[index % 16].uniform()
        let expected = Float(u, rounding: .towardZero)
        #expect(out[index] == expected)
        #expect(out[index] > 0 && out[index] < 1)
      }
      #expect(out.isIntact)
    }
  }

  /// xoshiro128+ from the state 1, 2, 3, 4: the first outputs, worked out by hand from the paper's
  /// definition.
  @Test func knownAnswers() {
    var start = szk_lanes()
    withUnsafeMutableBytes(of: &start) { bytes in
      let words = bytes.bindMemory(to: UInt32.self)
      for lane in 0..<16 {
        for word in 0..<4 { words[16 * word + lane] = UInt32(word + 1) }
      }
    }
    // state 1 2 3 4 -> output 5; then s = (7, 0, 1026, 12288) -> output 12295;
    // then s = (12295, 1029, 1029, 25165824) -> output 25178119.
    var lane = ScalarLane(start, 3)
    #expect([lane.next(), lane.next(), lane.next()] == [5, 12295, 25_178_119])
  }

  @Test(arguments: levels) func extremeProbabilitiesAreCertain(level: szk_level) throws {
    let kernels = try kernels(level)
    let rows = 4096
    let product = Aligned<Float>(rows * 16, 0)
    for row in 0..<rows {
      for column in 0..<16 { product[row * 16 + column] = column < 8 ? 1e4 : -1e4 }
    }
    let generators = Aligned(lanes(rows: rows), szk_lanes())
    let out = Aligned<UInt64>(rows, 0)
    kernels.sampleFields(
      product.pointer, 16, rows, 16, szk_field(), generators.pointer, out.pointer, 1)
    #expect(out.array.allSatisfy { $0 == 0xff })
  }

  @Test func seedsAreDistinctAndReproducible() {
    var states = Set<[UInt32]>()
    for key in UInt64(0)..<20 {
      for index in UInt64(0)..<20 {
        var first = szk_lanes()
        var second = szk_lanes()
        szk_lanes_seed(&first, key, index)
        szk_lanes_seed(&second, key, index)
        let words = stateWords(first)
        #expect(words == stateWords(second))
        for lane in 0..<16 {
          states.insert([words[lane], words[16 + lane], words[32 + lane], words[48 + lane]])
        }
      }
    }
    #expect(states.count == 20 * 20 * 16)
  }

  /// Mean of n uniforms: Hoeffding gives P(|mean - 1/2| > t) <= 2 exp(-2 n t^2) = 1e-9.
  @Test func theMeanOfUniformsIsAHalf() throws {
    let count = 1 << 20
    let out = Aligned<Float>(count, 0)
    var state = lanes(rows: 1)[0]
    try kernels(SZK_BASELINE).uniforms(&state, count, out.pointer)
    let mean = out.array.reduce(0.0) { $0 + Double($1) } / Double(count)
    let bound = (21.42 / (2 * Double(count))).squareRoot()
    #expect(abs(mean - 0.5) < bound)
  }
}

extension Float {
  /// The float nearest to `value` in the given direction.
  init(_ value: Double, rounding: FloatingPointRoundingRule) {
    let nearest = Float(value)
    self = rounding == .towardZero && Double(nearest) > value ? nearest.nextDown : nearest
  }
}
