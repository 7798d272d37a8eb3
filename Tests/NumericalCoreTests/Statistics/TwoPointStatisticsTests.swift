import NumericalCore
import TestSupport
import Testing

@Suite("Two-point statistics")
struct TwoPointStatisticsTests {
  private typealias Pair = TwoPointStatistics.Pair

  @Test("bits, spins, colours and reals agree with the sums written out", arguments: [1, 64, 131])
  func sums(rows: Int) {
    let units = 5
    let seed = testSeed(31)
    var stream = RandomStream(seed: seed, purpose: .test)
    var bits = BitMatrix(rows: rows, columns: units)
    var colours = Matrix<UInt8>(rows: rows, columns: units)
    var reals = Matrix<Float>(rows: rows, columns: units)
    for row in 0..<rows {
      for unit in 0..<units {
        bits[row, unit] = stream.uniform() < 0.3
        colours[row, unit] = UInt8(stream.index(below: 3))
        reals[row, unit] = Float(stream.normal())
      }
    }
    let random = (0..<rows).map { _ in stream.uniform() }
    let cases: [(StateMatrix, Bool, Int, (Int, Int) -> Double)] = [
      (.bits(bits), false, 1, { bits[$0, $1] ? 1 : 0 }),
      (.bits(bits), true, 1, { bits[$0, $1] ? 1 : -1 }),
      (.colours(colours, count: 3), false, 3, { Int(colours[$0, $1 / 3]) == $1 % 3 ? 1 : 0 }),
      (.reals(reals), false, 1, { Double(reals[$0, $1]) }),
    ]
    for (states, isSpin, channels, value) in cases {
      let pairs = TwoPointStatistics.pairs(
        units: units, channels: channels, limit: .max, seed: seed)
      for weights in [nil, random] {
        let result = TwoPointStatistics(
          of: states, isSpin: isSpin, weights: weights, pairs: pairs)
        let w = weights ?? [Double](repeating: 1, count: rows)
        let total = w.reduce(0, +)
        func mean(_ term: (Int) -> Double) -> Double {
          (0..<rows).reduce(0) { $0 + w[$1] * term($1) } / total
        }
        for component in 0..<units * channels {
          #expect(
            isClose(result.means[component], mean { value($0, component) }, absolute: 1e-12))
        }
        for (index, pair) in pairs.enumerated() {
          let expected =
            mean { value($0, pair.first) * value($0, pair.second) }
            - mean { value($0, pair.first) } * mean { value($0, pair.second) }
          #expect(isClose(result.connected[index], expected, absolute: 1e-12), "seed \(seed)")
        }
      }
    }
  }

  @Test("all pairs of different units come once, in order")
  func allPairs() {
    #expect(
      TwoPointStatistics.pairs(units: 3, channels: 1, limit: 3, seed: 1)
        == [Pair(0, 1), Pair(0, 2), Pair(1, 2)])
    #expect(
      TwoPointStatistics.pairs(units: 2, channels: 2, limit: 100, seed: 1)
        == [Pair(0, 2), Pair(0, 3), Pair(1, 2), Pair(1, 3)])
    #expect(TwoPointStatistics.pairs(units: 1, channels: 4, limit: 100, seed: 1).isEmpty)
    #expect(TwoPointStatistics.pairs(units: 0, channels: 1, limit: 100, seed: 1).isEmpty)
  }

  @Test("a subset is distinct pairs of the whole, the same for the same seed")
  func subset() {
    let all = Set(TwoPointStatistics.pairs(units: 9, channels: 3, limit: .max, seed: 0))
    #expect(all.count == 36 * 9)
    for seed in 0..<20 as Range<UInt64> {
      let some = TwoPointStatistics.pairs(units: 9, channels: 3, limit: 50, seed: seed)
      #expect(some.count == 50)
      #expect(Set(some).count == 50)
      #expect(Set(some).isSubset(of: all))
      #expect(some == TwoPointStatistics.pairs(units: 9, channels: 3, limit: 50, seed: seed))
    }
  }

  @Test("each pair is as likely to be in a subset")
  func uniformSubsets() {
    let seed = testSeed(32)
    let trials = 3000
    var counts: [Pair: Int] = [:]
    for trial in 0..<trials {
      for pair in TwoPointStatistics.pairs(
        units: 4, channels: 1, limit: 2, seed: seed &+ UInt64(trial))
      {
        counts[pair, default: 0] += 1
      }
    }
    let accepted = binomialAcceptance(trials: trials, probability: 1 / 3.0, alpha: 1e-9 / 6)
    #expect(counts.count == 6)
    for (pair, count) in counts {
      #expect(accepted.contains(count), "\(pair): \(count), seed \(seed)")
    }
  }

  @Test("the correlation coefficient of known series")
  func correlation() {
    #expect(TwoPointStatistics.correlationCoefficient([1, 2, 3], [2, 4, 6]) == 1)
    #expect(TwoPointStatistics.correlationCoefficient([1, 2, 3], [3, 2, 1]) == -1)
    #expect(TwoPointStatistics.correlationCoefficient([0, 1, 0, 1], [0, 0, 1, 1]) == 0)
    #expect(TwoPointStatistics.correlationCoefficient([1, 1], [2, 3]) == nil)
    #expect(TwoPointStatistics.correlationCoefficient([1], [2]) == nil)
  }
}
