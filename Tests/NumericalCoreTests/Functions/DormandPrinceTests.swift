import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite struct DormandPrinceTests {
  @Test func followsAnOscillatorBothWays() {
    let integrator = DormandPrince(tolerance: 1e-11)
    let there = integrator.solve(from: 0, to: 20, state: [1, 0]) { _, y in [y[1], -y[0]] }
    #expect(there.isComplete && there.time == 20)
    #expect(isClose(there.state[0], cos(20), absolute: 1e-8))
    #expect(isClose(there.state[1], -sin(20), absolute: 1e-8))
    let back = integrator.solve(from: 20, to: 0, state: there.state) { _, y in [y[1], -y[0]] }
    #expect(isClose(back.state[0], 1, absolute: 1e-8))
  }

  @Test func isOfOrderFive() {
    // At fixed accuracy p the steps grow as tolerance^(−1/5): a factor of 10⁵ makes 10 times as many.
    func steps(_ tolerance: Double) -> Double {
      Double(
        DormandPrince(tolerance: tolerance).solve(from: 0, to: 50, state: [1, 0]) { _, y in
          [y[1], -y[0]]
        }.steps)
    }
    let ratio = steps(1e-12) / steps(1e-7)
    #expect(ratio > 8 && ratio < 12)
  }

  @Test func dependsOnTimeWhereTheEquationDoes() {
    let solution = DormandPrince().solve(from: 1, to: 3, state: [1]) { t, _ in [3 * t * t] }
    #expect(isClose(solution.state[0], 27, relative: 1e-8))
  }

  @Test func saysWhenItGaveUp() {
    // y' = y² reaches infinity at t = 1.
    let solution = DormandPrince(tolerance: 1e-9, maximumSteps: 2000).solve(
      from: 0, to: 2, state: [1]
    ) { _, y in [y[0] * y[0]] }
    #expect(!solution.isComplete)
    #expect(solution.time < 1.001)
    #expect(solution.state[0].isFinite)
    let none = DormandPrince().solve(from: 0, to: 1, state: [1]) { _, _ in [Double.nan] }
    #expect(!none.isComplete && none.state == [1])
  }
}
