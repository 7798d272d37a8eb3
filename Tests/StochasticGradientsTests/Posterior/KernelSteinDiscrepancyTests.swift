import Foundation
import NumericalCore
import StochasticGradients
import TestSupport
import Testing

@Suite struct KernelSteinDiscrepancyTests {
  /// Two points 0 and 1 of a standard normal density, c = 1, by hand: k₀(0,0) = 1, k₀(1,1) = 2,
  /// k₀(0,1) = 0 − 1·2^(−3/2) + 2^(−3/2) − 3·2^(−5/2), as s = −x.
  @Test func twoPoints() {
    let x = Matrix<Double>(rows: 2, columns: 1, elements: [0, 1])
    let discrepancy = KernelSteinDiscrepancy(samples: x, scores: x.map { -$0 }, draws: 10)
    let cross = -1 / (2 * 2.squareRoot()) + 1 / (2 * 2.squareRoot()) - 3 / (4 * 2.squareRoot())
    let expected = ((1 + 2 + 2 * cross) / 4).squareRoot()
    #expect(isClose(discrepancy.value, expected, relative: 1e-14))
  }

  /// The double sum of the textbook formula for any β.
  @Test func doubleSum() {
    var random = RandomStream(seed: 1, purpose: .test)
    let (n, d, c, beta) = (7, 3, 1.5, -0.5)
    var x = Matrix<Double>(rows: n, columns: d)
    var s = x
    for i in 0..<n {
      for k in 0..<d {
        x[i, k] = random.normal()
        s[i, k] = random.normal()
      }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    var sum = 0.0
    for i in 0..<n {
      for j in 0..<n {
        let r = zip(x.row(i), x.row(j)).map { $0 - $1 }
        let b = c * c + dot(r, r)
        sum += pow(b, beta) * dot(s.row(i), s.row(j))
        sum -= 2 * beta * pow(b, beta - 1) * (dot(s.row(i), r) - dot(s.row(j), r))
        sum -= 2 * Double(d) * beta * pow(b, beta - 1)
        sum -= 4 * beta * (beta - 1) * pow(b, beta - 2) * dot(r, r)
      }
    }
    let measured = KernelSteinDiscrepancy(samples: x, scores: s, length: c, draws: 10)
    #expect(isClose(measured.value, sum.squareRoot() / Double(n), relative: 1e-12))
  }

  /// As a test it keeps its level, and tells a variance 1.4 times too large.
  @Test func levelAndPower() {
    let seed = testSeed(7)
    func pValue(_ width: Double, _ index: UInt64) -> Double {
      var random = RandomStream(seed: seed, purpose: .test, index: index)
      var x = Matrix<Double>(rows: 200, columns: 2)
      for i in 0..<200 {
        for k in 0..<2 { x[i, k] = width * random.normal() }
      }
      return KernelSteinDiscrepancy(
        samples: x, scores: x.map { -$0 }, draws: 200, seed: index, workers: Workers(count: 2)
      ).pValue
    }
    let refused = (0..<60).count { pValue(1, UInt64($0)) <= 0.05 }
    // The wild bootstrap keeps its level in the limit; here up to twice the level is let pass.
    #expect(
      refused <= binomialAcceptance(trials: 60, probability: 0.1).upperBound, "seed \(seed)")
    let seen = (60..<80).count { pValue(1.5, UInt64($0)) <= 0.05 }
    #expect(seen >= 15, "seed \(seed)")
  }
}
