import Foundation
import Learning
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// The reservoir of frozen machines, for training by trajectory tempering.
@Suite struct TemperingReservoirTests {
  private let pairing = Pairing(visible: .bernoulli, hidden: .bernoulli)

  /// Exact chains and an exact reservoir stay exact; chains of another machine do not become so by
  /// one exchange, which the same test sees.
  @Test func exchangesKeepBothDistributions() {
    let seed = testSeed(3)
    let machine = pairing.machine(visible: 4, hidden: 4, scale: 0.8, seed: 2)
    var reservoir = TrajectoryReservoir(
      below: machine, chains: 20_000, seed: seed, workers: Workers())
    let base = reservoir.machine
    expectCounts(
      stateCounts(reservoir.samples, of: 16), probabilities: base.visibleProbabilities, seed: seed)
    var chains = exactStates(of: machine, count: 20_000, seed: seed)
    var acceptance = 0.0
    for step in 0..<5 { acceptance = reservoir.exchange(chains: &chains, of: machine, step: step) }
    #expect(acceptance > 0.05 && acceptance < 0.95)
    expectCounts(
      stateCounts(chains, of: 16), probabilities: machine.visibleProbabilities, seed: seed)
    expectCounts(
      stateCounts(reservoir.samples, of: 16), probabilities: base.visibleProbabilities, seed: seed)
    var wrong = exactStates(of: base, count: 20_000, seed: seed)
    _ = reservoir.exchange(chains: &wrong, of: machine, step: 6)
    #expect(
      countsViolation(stateCounts(wrong, of: 16), probabilities: machine.visibleProbabilities)
        != nil)
  }

  /// A chain of freezes reaches ln Z and the samples of a machine far from independent units.
  @Test func freezesLeadToTheMachine() {
    let seed = testSeed(4)
    let target = pairing.machine(visible: 6, hidden: 6, scale: 1.8, seed: 6)
    let path = TemperingPath(to: target)
    let chains = 1000
    var reservoir = TrajectoryReservoir(
      below: target, chains: chains, seed: seed, workers: Workers())
    var states = reservoir.samples.selectingRows(0..<chains)
    var low = 1.0
    for step in 1...40 {
      let machine = path.machine(at: Double(step) / 40)
      var burst = ChainBurst(
        machine, from: states, seed: seed, use: UInt64(100 + step), workers: Workers())
      burst.run(to: 5)
      states = burst.visible
      let acceptance = reservoir.exchange(chains: &states, of: machine, step: step)
      low = min(low, acceptance)
      if TrajectoryReservoir.advice(acceptance: acceptance) != .proceed || step == 40 {
        reservoir.freeze(machine, chains: states)
      }
    }
    #expect(reservoir.frozen > 2 && low > TrajectoryReservoir.rejectAcceptance)
    #expect(reservoir.machine == target)
    let estimate = reservoir.logPartitionFunction
    let exact = target.bruteForceLogPartitionFunction
    let reach = (estimate.interval.upperBound - estimate.value) / 1.96 * zBound()
    #expect(estimate.isResolved && abs(estimate.value - exact) < reach, "\(estimate) for \(exact)")
    #expect(reach < 0.3)
    // Samples of one chain are correlated in time, those of one look are independent.
    let look = reservoir.samples.selectingRows((0..<chains).map { 9 * chains + $0 })
    expectCounts(
      stateCounts(look, of: 64), probabilities: target.visibleProbabilities, seed: seed)
  }

  @Test func adviceFollowsTheAcceptance() {
    #expect(TrajectoryReservoir.advice(acceptance: 0.5) == .proceed)
    #expect(TrajectoryReservoir.advice(acceptance: 0.29) == .freeze)
    #expect(TrajectoryReservoir.advice(acceptance: 0.05) == .reject)
  }
}
