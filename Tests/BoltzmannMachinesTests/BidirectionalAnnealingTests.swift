import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Annealing both ways, against enumeration.
@Suite struct BidirectionalAnnealingTests {
  private static let binary = Pairing(visible: .bernoulli, hidden: .bernoulli)

  /// Samples of a machine: exact where the visible layer can be listed, else of long chains.
  private func samples(
    _ machine: RestrictedBoltzmannMachine, _ count: Int, seed: UInt64
  ) -> StateMatrix {
    if let exact = try? ExactSampling.visibleStates(of: machine, count: count, seed: seed &+ 99) {
      return exact
    }
    var burst = ChainBurst(
      machine, from: GibbsSampling.noise(for: machine, count: count, seed: seed), seed: seed,
      use: 9, workers: Workers())
    burst.run(to: 200)
    return burst.visible
  }

  private func sampling(_ temperatures: Int, chains: Int, seed: UInt64)
    -> AnnealedImportanceSampling
  {
    AnnealedImportanceSampling(
      schedule: AnnealingSchedule.linear(temperatures: temperatures), chains: chains, seed: seed)
  }

  private func both(_ temperatures: Int, chains: Int, seed: UInt64) -> BidirectionalAnnealing {
    BidirectionalAnnealing(
      schedule: AnnealingSchedule.linear(temperatures: temperatures), chains: chains, seed: seed)
  }

  // MARK: Crooks

  /// Forward and reverse works obey p_F(W)/p_R(−W) = e^{W − ΔF} with the exact ΔF, for all units.
  @Test(arguments: Pairing.all) func worksObeyCrooks(_ pairing: Pairing) throws {
    let seed = testSeed(21)
    let machine = pairing.machine(visible: 6, hidden: 5, scale: 0.8, seed: 11)
    let base = IndependentUnits(baseRateOf: machine)
    let sampling = sampling(4, chains: 4000, seed: seed)
    let forward = sampling.run(machine, base: base)
    let difference =
      try forward.baseLogPartitionFunction - ExactEnumeration.logPartitionFunction(of: machine)
    let reverse = sampling.runReverse(
      machine, base: base, from: samples(machine, 4000, seed: seed))
    func check(_ reverse: [Double], _ difference: Double) -> Check {
      CrooksTheorem.check(
        name: "Crooks", forward: forward.works, reverse: reverse,
        freeEnergyDifference: difference, falseAlarmRate: 1e-9
      ).check
    }
    let right = check(reverse.works, difference)
    #expect(right.verdict != .fail, "\(right), seed \(seed)")
    // Enough work is done that slope and crossing are known.
    if variance(of: forward.works) > 0.05 { #expect(right.verdict == .pass, "\(right)") }
    let wrong = check(reverse.works, difference + 0.5)
    #expect(wrong.verdict == .fail, "\(wrong)")
    let signs = check(reverse.works.map { -$0 }, difference)
    #expect(signs.verdict != .pass, "\(signs)")
  }

  /// In the mean the forward leg bounds ln Z from below, the reverse leg from above.
  ///
  /// Means of 2000 repeats of 4 chains, strictly on their sides by the z bound at α = 1e-9.
  @Test func theLegsBoundLnZ() throws {
    let seed = testSeed(22)
    let machine = BidirectionalAnnealingTests.binary.machine(
      visible: 8, hidden: 8, scale: 1.2, seed: 12)
    let exact = try ExactEnumeration.logPartitionFunction(of: machine)
    let base = IndependentUnits(baseRateOf: machine)
    let (repeats, chains) = (2000, 4)
    let sampling = sampling(2, chains: repeats * chains, seed: seed)
    let forward = sampling.run(machine, base: base)
    let reverse = sampling.runReverse(
      machine, base: base, from: samples(machine, repeats * chains, seed: seed))
    func means(_ logWeights: [Double], sign: Double) -> [Double] {
      (0..<repeats).map { index in
        sign * logMeanExp(Array(logWeights[index * chains..<(index + 1) * chains]))
          + forward.baseLogPartitionFunction
      }
    }
    let lower = means(forward.logWeights, sign: 1)
    let upper = means(reverse.logWeights, sign: -1)
    func error(_ values: [Double]) -> Double {
      (variance(of: values) / Double(repeats)).squareRoot()
    }
    #expect(mean(of: lower) + zBound() * error(lower) < exact, "seed \(seed)")
    #expect(mean(of: upper) - zBound() * error(upper) > exact, "seed \(seed)")
    // Even the mean works alone, far apart.
    #expect(forward.baseLogPartitionFunction - mean(of: forward.works) < mean(of: lower))
    #expect(forward.baseLogPartitionFunction + mean(of: reverse.works) > mean(of: upper))
  }

  // MARK: ln Z

  /// Of resolved results 95 % of the intervals hold the enumerated ln Z, and of brackets at least so many.
  ///
  /// 300 machines of growing strength; exact binomial acceptance at α = 1e-9, one-sided, because
  /// intervals may be too long. Intervals half as long are seen.
  @Test func intervalsAndBracketsHoldLnZ() throws {
    var (resolved, covered, short, bracketed, held, combined) = (0, 0, 0, 0, 0, 0)
    let machines = 300
    for number in 0..<UInt64(machines) {
      let seed = testSeed(number)
      let machine = BidirectionalAnnealingTests.binary.machine(
        visible: 7, hidden: 7, scale: 0.2 + 2.3 * Double(number) / Double(machines),
        seed: 2000 + number)
      let exact = try ExactEnumeration.logPartitionFunction(of: machine)
      let result = both(40, chains: 128, seed: seed)
        .run(machine, base: IndependentUnits(baseRateOf: machine), workers: Workers(count: 1))
      let estimate = result.logPartitionFunction
      #expect(result.bracket == nil || estimate == result.combined)
      if let bracket = result.bracket {
        bracketed += 1
        if bracket.contains(exact) { held += 1 }
        #expect(result.equilibration.verdict == .pass && result.crooks.verdict != .fail)
      }
      guard estimate.isResolved else { continue }
      resolved += 1
      if estimate.interval.contains(exact) { covered += 1 }
      if estimate == result.combined { combined += 1 }
      let low = estimate.value + (estimate.interval.lowerBound - estimate.value) / 2
      let high = estimate.value + (estimate.interval.upperBound - estimate.value) / 2
      if low <= exact, exact <= high { short += 1 }
    }
    func least(_ trials: Int) -> Int {
      binomialAcceptance(trials: trials, probability: 0.95).lowerBound
    }
    #expect(covered >= least(resolved), "\(covered) of \(resolved) resolved")
    #expect(held >= least(bracketed), "\(held) of \(bracketed) brackets")
    #expect(short < least(resolved), "intervals half as long: \(short) of \(resolved)")
    #expect(resolved > machines / 2 && bracketed > machines / 2, "\(resolved), \(bracketed)")
    #expect(combined > machines / 2)
  }

  /// Every pairing of units is resolved near the exact value, with a bracket where both legs are resolved.
  @Test(arguments: Pairing.all) func everyPairingHasABracket(_ pairing: Pairing) throws {
    let seed = testSeed(23)
    let machine = pairing.machine(visible: 6, hidden: 5, scale: 0.7, seed: 13)
    let exact = try ExactEnumeration.logPartitionFunction(of: machine)
    let result = both(60, chains: 400, seed: seed)
      .run(machine, base: IndependentUnits(baseRateOf: machine))
    let estimate = result.logPartitionFunction
    #expect(estimate.isResolved, "\(estimate), seed \(seed)")
    let half = (estimate.interval.upperBound - estimate.interval.lowerBound) / 2
    #expect(abs(estimate.value - exact) < zBound() / 1.96 * half, "\(estimate), \(exact)")
    let legsAreResolved = result.forward.isResolved && result.reverse.isResolved
    #expect((result.bracket != nil) == legsAreResolved, "seed \(seed)")
    if let bracket = result.bracket {
      // Each end is a limit of 97.5 %.
      let width = bracket.upperBound - bracket.lowerBound
      #expect(bracket.lowerBound - 3 * width < exact && exact < bracket.upperBound + 3 * width)
    }
    #expect(result.overlap > 0.3 && result.overlap <= 1)
    #expect(
      abs(
        result.dissipatedWork
          - (mean(of: result.works.forward) + estimate.value
            - result.baseLogPartitionFunction)) < 1e-9)
  }

  /// Dissipation falls with the number of temperatures and is never negative beyond its error.
  @Test func slowerDrivingDissipatesLess() {
    let machine = BidirectionalAnnealingTests.binary.machine(
      visible: 8, hidden: 8, scale: 1.2, seed: 14)
    let base = IndependentUnits(baseRateOf: machine)
    let dissipated = [5, 20, 80].map {
      both($0, chains: 2000, seed: 1).run(machine, base: base)
    }
    #expect(dissipated[0].dissipatedWork > 2 * dissipated[1].dissipatedWork)
    #expect(dissipated[1].dissipatedWork > 2 * dissipated[2].dissipatedWork)
    #expect(dissipated.allSatisfy { $0.dissipatedWork > 0 && $0.reverseDissipatedWork > 0 })
  }

  // MARK: What is not to be trusted

  /// A reverse leg from states that are not the machine's: equilibration fails, or Crooks does; no bracket.
  @Test func aReverseLegFromElsewhereIsCaught() throws {
    let seed = testSeed(24)
    let machine = BidirectionalAnnealingTests.binary.machine(
      visible: 8, hidden: 8, scale: 1.5, seed: 15)
    let form = BernoulliForm(machine)
    let base = IndependentUnits(baseRateOf: machine)
    let annealing = both(10, chains: 2000, seed: seed)
    let sampling = sampling(10, chains: 2000, seed: seed)
    let forward = sampling.run(machine, base: base)
    let pass = Check(
      name: "as if", statistic: 0, expected: 0, interval: 0...0, verdict: .pass, trajectories: 1)
    func result(_ states: StateMatrix) -> BidirectionalAnnealing.Result {
      annealing.result(
        forward, sampling.runReverse(machine, base: base, from: states), Array(0..<2000),
        equilibration: pass)
    }
    let right = result(samples(machine, 2000, seed: seed))
    #expect(right.bracket != nil && right.crooks.verdict == .pass, "\(right), seed \(seed)")
    let noise = GibbsSampling.noise(for: machine, count: 2000, seed: seed)
    let wrong = result(noise)
    #expect(wrong.bracket == nil && wrong.crooks.verdict == .fail, "\(wrong), seed \(seed)")
    #expect(wrong.logPartitionFunction.value == wrong.forward.value)
    // And their energies drift.
    var burst = ChainBurst(machine, from: noise, seed: seed, use: 9, workers: Workers())
    burst.run(to: 10)
    let before = form.freeEnergies(of: noise, workers: Workers())
    let after = form.freeEnergies(of: burst.visible, workers: Workers())
    #expect(
      BidirectionalAnnealing.drift(before, after, effective: 2000).verdict == .fail)
    #expect(
      BidirectionalAnnealing.drift(before, after, effective: 5).verdict == .unresolved)
    #expect(
      BidirectionalAnnealing.drift(after, after, effective: 2000).verdict == .pass)
  }

  /// A strong machine annealed in a few steps: few chains arrive, and nothing is claimed.
  @Test func tooFewTemperaturesGiveNoBracket() throws {
    let machine = BidirectionalAnnealingTests.binary.machine(
      visible: 14, hidden: 14, scale: 5, seed: 16)
    let exact = try ExactEnumeration.logPartitionFunction(of: machine)
    for number in 1...5 {
      let seed = testSeed(UInt64(number))
      let result = both(3, chains: 200, seed: seed)
        .run(machine, base: IndependentUnits(baseRateOf: machine))
      let estimate = result.logPartitionFunction
      #expect(
        result.bracket == nil || result.bracket?.contains(exact) == true,
        "\(result), exact \(exact), seed \(seed)")
      #expect(
        !estimate.isResolved
          || abs(estimate.value - exact)
            < 3.2 * (estimate.interval.upperBound - estimate.interval.lowerBound) / 2,
        "\(estimate), exact \(exact), seed \(seed)")
    }
  }

  // MARK: Families

  @Test func copiesCountOnce() {
    let seed = testSeed(25)
    var random = RandomStream(seed: seed, purpose: .test)
    let none = [Double](repeating: 0, count: 600)
    func effect(_ forward: [Double], _ reverse: [Double], _ ancestors: [Int]) -> Double {
      BidirectionalAnnealing.designEffect(
        forward: forward, reverse: reverse, ancestors: ancestors)
    }
    let values = (0..<600).map { _ in random.normal() }
    // Each from a chain of its own.
    #expect(isClose(effect(none, values, Array(0..<600)), 1, relative: 1e-12))
    // Identical copies are worth as much as their families.
    for copies in [2, 3, 10] {
      let ancestors = (0..<600).map { $0 / copies }
      #expect(
        isClose(
          effect(none, ancestors.map { values[$0] }, ancestors), Double(copies), relative: 1e-9))
    }
    // Copies that have forgotten one another: 1 up to chance, of order 1/√n.
    let pairs = (0..<600).map { $0 / 2 }
    #expect(effect(none, values, pairs) < 1 + zBound() * (2.0 / 600).squareRoot(), "seed \(seed)")
    // Where both sums move against each other the difference moves twice: (1 + 1)² / (1 + 1).
    #expect(isClose(effect(values, values.map { -$0 }, Array(0..<600)), 2, relative: 1e-9))
    // Where they move together the sums cancel, which is not counted in favour.
    #expect(effect(values, values, Array(0..<600)) == 1)
  }

  @Test(arguments: Pairing.all) func threadsDoNotChangeTheBits(_ pairing: Pairing) {
    let machine = pairing.machine(visible: 20, hidden: 12, scale: 0.1, seed: 17)
    let base = IndependentUnits(baseRateOf: machine)
    let results = [1, 2, 3].map {
      both(20, chains: 150, seed: 3).run(machine, base: base, workers: Workers(count: $0))
    }
    for other in results.dropFirst() {
      #expect(results[0].works.forward == other.works.forward)
      #expect(results[0].works.reverse == other.works.reverse)
      #expect(results[0].logPartitionFunction == other.logPartitionFunction)
      #expect(results[0].bracket == other.bracket)
      #expect(results[0].effectiveTrajectories == other.effectiveTrajectories)
    }
  }
}
