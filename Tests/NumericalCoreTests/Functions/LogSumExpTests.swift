import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite struct LogSumExpTests {
  @Test func `sums over nothing are zero`() {
    #expect(logSumExp([]) == -.infinity)
    #expect(logSumExp([], weights: []) == -.infinity)
    #expect(logMeanExp([]) == -.infinity)
    #expect(logSumExp([-.infinity, -.infinity]) == -.infinity)
    #expect(logSumExp([1, 2], weights: [0, 0]) == -.infinity)
  }

  @Test func `extremes do not overflow`() {
    #expect(logSumExp([1000, 1000]) == 1000 + log(2.0))
    #expect(logSumExp([-2000, -.infinity]) == -2000)
    #expect(logSumExp([.infinity, 0]) == .infinity)
    #expect(logSumExp([0, .nan]).isNaN)
    #expect(logSumExp([.nan, 1], weights: [0, 1]) == 1)
    #expect(logSumExp([.infinity, 1], weights: [0, 2]) == 1 + log(2.0))
    #expect(isClose(logMeanExp([5, 5, 5]), 5))
  }

  @Test func `agrees with SciPy`() {
    // scipy.special.logsumexp 1.17.1
    let z = linearCongruential(200, seed: 3)
    let weights = linearCongruential(200, seed: 9).map { $0 + 0.5 }
    let values = z.map { 800 * $0 + 700 }
    #expect(isClose(logSumExp(values), 1099.5264418418667, relative: 1e-14))
    #expect(isClose(logSumExp(values, weights: weights), 1098.6041386071638, relative: 1e-14))
  }

  @Test func `pieces add up`() {
    let values = linearCongruential(100, seed: 4).map { 50 * $0 }
    let whole = logSumExp(values)
    let pieces = logAddExp(logSumExp(Array(values[..<37])), logSumExp(Array(values[37...])))
    #expect(isClose(whole, pieces, relative: 1e-14))
    #expect(isClose(logSumExp(values, weights: values.map { _ in 2 }), whole + log(2.0)))
  }
}
