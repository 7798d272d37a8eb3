import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Tests of equilibrium: false alarms at the stated rate, and machines that must be found out.
@Suite struct EquilibriumTests {
  /// A machine that mixes within a few sweeps.
  private let quick = Pairing(visible: .bernoulli, hidden: .bernoulli)
    .machine(visible: 6, hidden: 4, scale: 0.5, seed: 1)

  /// Spins in two modes of weights 0.3 and 0.7 that Gibbs sampling hardly ever leaves.
  private func twoModes() -> RestrictedBoltzmannMachine {
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .spin, count: 12), hidden: Layer(kind: .spin, count: 2))
    for i in 0..<12 {
      machine.visible.biases[i] = 0.035
      for j in 0..<2 { machine.weights[i, j] = 1 }
    }
    return machine
  }

  /// Independent draws from p(v).
  private func exactStates(
    of machine: RestrictedBoltzmannMachine, count: Int, seed: UInt64, index: UInt64 = 3
  ) -> StateMatrix {
    let states = allStates(of: machine.visible).states
    var cumulative: [Double] = []
    for p in machine.visibleProbabilities { cumulative.append((cumulative.last ?? 0) + p) }
    var random = RandomStream(seed: seed, purpose: .test, index: index)
    return states.selectingRows(
      (0..<count).map { _ in
        let u = random.uniform()
        return min(cumulative.firstIndex { u < $0 } ?? 0, states.rows - 1)
      })
  }

  /// All spins up: one mode alone.
  private func allUp(_ machine: RestrictedBoltzmannMachine, count: Int) -> StateMatrix {
    allStates(of: machine.visible).states.selectingRows(
      [Int](repeating: (1 << machine.visible.count) - 1, count: count))
  }

  /// Equilibrium samples fail at most at the stated rate; broken ones always.
  @Test func stationarityHoldsForExactSamplesOnly() {
    let seed = testSeed(4)
    var failures = 0
    let repeats = 400
    for index in 0..<repeats {
      var test = StationarityTest()
      test.sweeps = 3
      test.falseAlarmRate = 0.05
      test.seed = seed &+ UInt64(index)
      let states = exactStates(of: quick, count: 150, seed: seed, index: UInt64(index))
      let check = test.run(quick, states: states)
      #expect(check.verdict != .unresolved)
      if check.verdict == .fail { failures += 1 }
    }
    // Bonferroni makes the rate at most α; 0.02 from below would mean that the test sees nothing.
    let band = binomialAcceptance(trials: repeats, probability: 0.05)
    #expect(failures <= band.upperBound, "\(failures) of \(repeats), seed \(seed)")
    #expect(failures > 0, "no false alarm at all, seed \(seed)")
    var test = StationarityTest()
    test.sweeps = 3
    test.seed = seed
    let wrong = exactStates(
      of: Pairing(visible: .bernoulli, hidden: .bernoulli).machine(
        visible: 6, hidden: 4, scale: 0.5, seed: 2), count: 1000, seed: seed)
    #expect(test.run(quick, states: wrong).verdict == .fail)
    // Too few states to see half a standard deviation.
    #expect(
      test.run(quick, states: exactStates(of: quick, count: 8, seed: seed)).verdict != .pass)
  }

  @Test func driftSeesChainsThatRememberTheirStart() {
    let seed = testSeed(5)
    var test = DriftTest()
    test.seed = seed
    test.sweeps = 200
    let good = test.run(quick, data: exactStates(of: quick, count: 500, seed: seed))
    #expect(good.verdict == .pass, "\(good), seed \(seed)")
    let slow = twoModes()
    let bad = test.run(slow, data: allUp(slow, count: 300))
    #expect(bad.verdict == .fail, "\(bad)")
    #expect(!bad.advice.isEmpty && !bad.reason.isEmpty)
  }

  @Test func driftFailsAtMostAtItsRate() {
    let seed = testSeed(6)
    let data = exactStates(of: quick, count: 100, seed: seed)
    var failures = 0
    let repeats = 400
    for index in 0..<repeats {
      var test = DriftTest()
      test.chains = 100
      test.sweeps = 40
      test.falseAlarmRate = 0.05
      test.seed = seed &+ UInt64(index)
      if test.run(quick, data: data).verdict == .fail { failures += 1 }
    }
    let band = binomialAcceptance(trials: repeats, probability: 0.05)
    #expect(failures <= band.upperBound, "\(failures) of \(repeats), seed \(seed)")
  }

  @Test func thermalisationIsFoundOrNot() {
    let seed = testSeed(7)
    var test = ThermalisationTest()
    test.sweeps = 400
    test.seed = seed
    let good = test.run(quick, data: exactStates(of: quick, count: 2000, seed: seed))
    #expect(good.time.isResolved, "\(good.time), seed \(seed)")
    #expect(good.time.value <= 100)
    #expect(good.check(sweeps: 200).verdict == .pass)
    // In equilibrium each correlation differs by sampling alone: a product of two centred bits has a
    // variance of 1/16 at most.
    let error = (1.0 / 16 * (1 / 256.0 + 1 / 2000.0)).squareRoot()
    let bound = zBound(alpha: defaultAlpha / 15) * error
    #expect((good.points.last?.score ?? 1) < bound * bound, "seed \(seed)")
    #expect((good.scoreFloor ?? 1) < bound * bound && (good.scoreFloor ?? 0) > 0)
    let slow = twoModes()
    let bad = test.run(slow, data: allUp(slow, count: 300))
    #expect(!bad.time.isResolved)
    #expect(bad.check(sweeps: 200).verdict == .fail)
    #expect(bad.check(sweeps: 2000).verdict == .unresolved)
    #expect(bad.time.interval.upperBound == .infinity)
    // Both modes against noise: far off at the start.
    let both = test.run(slow, data: exactStates(of: slow, count: 2000, seed: seed))
    #expect((both.points.first?.score ?? 0) > 30 * bound * bound)
    let alone = test.run(quick, data: nil)
    #expect(!alone.time.isResolved && alone.points.allSatisfy { $0.score == nil })
  }

  /// ε⁽²⁾ of samples that are the data themselves is zero, and of others what the definition says.
  @Test func theScoreIsItsDefinition() throws {
    let data = exactStates(of: quick, count: 50, seed: 1)
    var test = ThermalisationTest()
    test.chains = 40
    test.sweeps = 0
    test.seed = 3
    let result = test.run(quick, data: data)
    let noise = ChainBurst.noise(quick, chains: 40, seed: 3)
    func correlations(_ states: StateMatrix) -> [Double] {
      let values = (0..<states.rows).map {
        RestrictedBoltzmannMachine.values(of: states, row: $0, in: quick.visible)
      }
      let n = Double(states.rows)
      var result: [Double] = []
      for i in 0..<6 {
        for j in (i + 1)..<6 {
          let both = values.reduce(0) { $0 + $1[i] * $1[j] } / n
          let one = values.reduce(0) { $0 + $1[i] } / n
          let two = values.reduce(0) { $0 + $1[j] } / n
          result.append(both - one * two)
        }
      }
      return result
    }
    let expected =
      zip(correlations(data), correlations(noise)).reduce(0) {
        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
      } * 2 / 30
    let score = try #require(result.points.first?.score)
    #expect(isClose(score, expected, relative: 1e-10))
  }

  @Test func mixingIsMeasured() {
    let seed = testSeed(9)
    var test = MixingTest()
    test.seed = seed
    let good = test.run(quick, states: exactStates(of: quick, count: 64, seed: seed))
    #expect(good.map(\.name) == ["autocorrelation time", "R-hat", "effective chains"])
    #expect(good.allSatisfy { $0.verdict == .pass }, "\(good), seed \(seed)")
    let slow = twoModes()
    test.maximumSweeps = 400
    let bad = test.run(slow, states: exactStates(of: slow, count: 64, seed: seed))
    #expect(bad.first { $0.name == "R-hat" }?.verdict != .pass)
    #expect(bad.first { $0.name == "autocorrelation time" }?.verdict != .pass)
  }

  @Test func threadsDoNotMatter() {
    let data = exactStates(of: quick, count: 100, seed: 1)
    let results = [1, 2, 3].map { threads in
      var test = ThermalisationTest()
      test.chains = 100
      test.sweeps = 20
      test.workers = Workers(count: threads)
      return test.run(quick, data: data).points.map(\.energyFromNoise.value)
    }
    #expect(results[0] == results[1] && results[1] == results[2])
  }
}
