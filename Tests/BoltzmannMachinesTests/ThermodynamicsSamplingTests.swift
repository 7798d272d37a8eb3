import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Heat exchange and bounds by sampling, against what is exact; α = 1e-9 per assertion.
@Suite struct ThermodynamicsSamplingTests {
  // MARK: Energies

  @Test(arguments: Pairing.all)
  func batchEnergiesAreTheReference(_ pairing: Pairing) {
    for (count, hiddenCount) in [(4, 3), (70, 20)] {
      let machine = pairing.machine(
        visible: count, hidden: hiddenCount, scale: 0.4, seed: 3)
      let visible = GibbsSampling.noise(for: machine, count: 300, seed: 1)
      let mirrored = RestrictedBoltzmannMachine(
        visible: machine.hidden, hidden: Layer(kind: .bernoulli, count: 1))
      let hidden = GibbsSampling.noise(for: mirrored, count: 300, seed: 2)
      let energies = machine.energies(visible: visible, hidden: hidden)
      for row in 0..<300 {
        let exact = machine.energy(
          visible: RestrictedBoltzmannMachine.values(of: visible, row: row, in: machine.visible),
          hidden: RestrictedBoltzmannMachine.values(of: hidden, row: row, in: machine.hidden))
        #expect(isClose(energies[row], exact, relative: 1e-5, absolute: 2e-4))
      }
    }
  }

  // MARK: Heats against their exact distribution

  /// About ten bins of the exact distribution, with borders in gaps that rounding does not cross.
  private func bins(_ heat: HeatDistribution) -> (borders: [Double], probabilities: [Double]) {
    var borders: [Double] = []
    var probabilities: [Double] = []
    var sum = 0.0
    for index in heat.values.indices {
      sum += heat.probabilities[index]
      let next = index + 1 < heat.values.count ? heat.values[index + 1] : .infinity
      if next == .infinity || sum > 0.1 && next - heat.values[index] > 1e-4 {
        borders.append(next == .infinity ? .infinity : (next + heat.values[index]) / 2)
        probabilities.append(sum)
        sum = 0
      }
    }
    return (borders, probabilities)
  }

  private func counts(_ heats: [Double], _ borders: [Double]) -> [Int] {
    var counts = [Int](repeating: 0, count: borders.count)
    for heat in heats { counts[borders.firstIndex { heat < $0 } ?? 0] += 1 }
    return counts
  }

  @Test(arguments: Pairing.discrete, ["h,v,h", "h,v", "v,h,v", "v,h"])
  func heatsHaveTheExactDistribution(_ pairing: Pairing, _ text: String) throws {
    let seed = testSeed(21)
    let machine = pairing.machine(visible: 4, hidden: 3, seed: 7)
    let enumerated = try EnumeratedMachine(machine)
    var experiment = HeatExchange(bath: 0.6)
    experiment.moves = try #require(GibbsSequence(text))
    experiment.seed = seed
    let start = enumerated.sampleVisible(count: 50_000, seed: seed)
    experiment.trajectories = start.rows
    let result = try experiment.run(machine, from: start)
    #expect(result.heats.count == 50_000)
    let exact = try enumerated.heatDistribution(bath: 0.6, moves: experiment.moves)
    let (borders, probabilities) = bins(exact)
    #expect(borders.count >= 4)
    expectCounts(counts(result.heats, borders), probabilities: probabilities, seed: seed)
    // The mutant: a start that is not in equilibrium at β₁.
    let cold = try experiment.run(
      machine, from: enumerated.sampleVisible(count: 50_000, inverseTemperature: 2.5, seed: seed))
    #expect(
      countsViolation(counts(cold.heats, borders), probabilities: probabilities) != nil,
      "seed \(seed)")
  }

  /// Also where nothing can be listed: Gaussian layers.
  @Test(arguments: Pairing.all)
  func theoremsHoldForAllUnits(_ pairing: Pairing) throws {
    let seed = testSeed(22)
    let machine = pairing.machine(visible: 5, hidden: 4, scale: 0.4, seed: 8)
    var sampling = GibbsSampling()
    sampling.sweeps = 60
    sampling.seed = seed
    let start = sampling.run(
      machine, from: GibbsSampling.noise(for: machine, count: 40_000, seed: seed),
      maximumSweeps: 200
    ).states
    var experiment = HeatExchange(bath: 0.7)
    experiment.trajectories = start.rows
    experiment.seed = seed
    let result = try experiment.run(machine, from: start)
    let integral = IntegralFluctuationTheorem.check(
      name: "integral", entropyProductions: result.entropyProductions, falseAlarmRate: 1e-9)
    #expect(integral.verdict == .pass, "\(integral) seed \(seed)")
    let detailed = DetailedFluctuationTheorem.check(
      name: "detailed", values: result.heats, expectedSlope: result.difference,
      falseAlarmRate: 1e-9)
    #expect(detailed.check.verdict == .pass, "\(detailed.check) seed \(seed)")
    // The mutant: a bath of another temperature than is said.
    let wrong = DetailedFluctuationTheorem.check(
      name: "detailed", values: result.heats, expectedSlope: 2 * result.difference,
      falseAlarmRate: 1e-9)
    #expect(wrong.check.verdict == .fail, "\(wrong.check) seed \(seed)")
  }

  @Test func chainsGiveManyTrajectories() throws {
    let seed = testSeed(23)
    let machine = Pairing.all[0].machine(visible: 6, hidden: 4, seed: 9)
    let enumerated = try EnumeratedMachine(machine)
    let start = enumerated.sampleVisible(count: 1000, seed: seed)
    var experiment = HeatExchange(bath: 0.6)
    experiment.trajectories = 50_000
    experiment.seed = seed
    experiment.sweepsBetween = 20
    let result = try experiment.run(machine, from: start)
    #expect(result.rounds == 50)
    #expect(!result.isCorrelated, "\(result.statisticalInefficiency) seed \(seed)")
    let exact = try enumerated.heatDistribution(bath: 0.6, moves: .palindrome())
    let (borders, probabilities) = bins(exact)
    expectCounts(
      counts(result.independentHeats, borders), probabilities: probabilities, seed: seed)
    // Chains that stand still give the same trajectories again, and it is seen.
    experiment.sweepsBetween = 0
    let stale = try experiment.run(machine, from: start)
    #expect(stale.isCorrelated, "\(stale.statisticalInefficiency) seed \(seed)")
    #expect(stale.independentHeats.count < stale.heats.count)
  }

  @Test(arguments: Pairing.all)
  func threadsDoNotChangeHeats(_ pairing: Pairing) throws {
    let machine = pairing.machine(visible: 20, hidden: 17, scale: 0.1, seed: 2)
    let start = GibbsSampling.noise(for: machine, count: 200, seed: 4)
    var experiment = HeatExchange(bath: 0.9)
    experiment.trajectories = 600
    experiment.seed = 5
    experiment.workers = Workers(count: 1)
    let one = try experiment.run(machine, from: start)
    experiment.workers = Workers(count: 3)
    let three = try experiment.run(machine, from: start)
    #expect(one.heats == three.heats)
    #expect(one.states == three.states)
    experiment.seed = 6
    #expect(try experiment.run(machine, from: start).heats != one.heats)
  }

  @Test func theSuggestedBathHasTheWishedSpread() throws {
    let machine = Pairing.all[0].machine(visible: 12, hidden: 9, scale: 0.8, seed: 4)
    let start = try ExactSampling.visibleStates(of: machine, count: 4000, seed: 3)
    var experiment = HeatExchange(bath: 1)
    experiment.trajectories = 4000
    experiment = try experiment.withSuggestedBath(machine, from: start)
    let result = try experiment.run(machine, from: start)
    let spread = result.difference * result.moments.standardDeviation
    #expect((0.6...1.0).contains(spread), "\(spread) at \(experiment.bath)")
  }

  @Test func unfitExperimentsAreRefused() throws {
    let machine = Pairing.all[0].machine(seed: 1)
    let start = GibbsSampling.noise(for: machine, count: 4, seed: 1)
    var experiment = HeatExchange(bath: 0.5)
    experiment.moves = GibbsSequence([.either])
    #expect(throws: SzilardError.self) { try experiment.run(machine, from: start) }
    #expect(throws: SzilardError.self) { try HeatExchange(bath: 0).run(machine, from: start) }
  }

  // MARK: Exact samples

  @Test(arguments: Pairing.discreteVisible)
  func exactSamplesAreExact(_ pairing: Pairing) throws {
    let seed = testSeed(24)
    let machine = pairing.machine(visible: 4, hidden: 3, seed: 12)
    let states = try ExactSampling.visibleStates(of: machine, count: 50_000, seed: seed)
    let counts = stateCounts(states, of: machine.visibleProbabilities.count)
    expectCounts(counts, probabilities: machine.visibleProbabilities, seed: seed)
  }

  @Test func exactSamplesHaveATemperature() throws {
    let seed = testSeed(25)
    let enumerated = try EnumeratedMachine(Pairing.all[4].machine(seed: 12))
    let states = try ExactSampling.visibleStates(
      of: enumerated.machine, count: 50_000, inverseTemperature: 0.5, seed: seed)
    let exact = enumerated.visibleMarginal(of: enumerated.equilibrium(inverseTemperature: 0.5))
    let counts = stateCounts(states, of: exact.count)
    expectCounts(counts, probabilities: exact, seed: seed)
    let other = enumerated.visibleMarginal(of: enumerated.equilibrium())
    #expect(countsViolation(counts, probabilities: other) != nil, "seed \(seed)")
  }

  // MARK: Bounds of contrastive divergence

  /// The exact production lies within the bounds; three standard errors at each end and rounding.
  @Test(arguments: Pairing.discrete, [0.3, 1.0])
  func boundsHoldTheExactEntropyProduction(_ pairing: Pairing, _ scale: Double) throws {
    let machine = pairing.machine(visible: 5, hidden: 4, scale: scale, seed: 15)
    let enumerated = try EnumeratedMachine(machine)
    let data = enumerated.visibleStates.selectingRows([0, 3, 3, 7, 12, 20, 25, 31])
    let exact = enumerated.contrastiveDivergence(
      from: try enumerated.visibleFrequencies(of: data), sweeps: 8)
    let logZ = enumerated.logPartitionFunction()
    let estimate = Estimate(
      value: logZ, interval: logZ...logZ, method: "exact", effectiveSampleSize: 1)
    for sweeps in [1, 2, 8] {
      for known in [nil, estimate] {
        let bounds = try #require(
          ContrastiveDivergenceBounds.measure(
            machine, data: data, sweeps: sweeps, chains: 16_000, logPartitionFunction: known,
            seed: testSeed(26)))
        let production = exact.steps[sweeps].contrastiveDivergence
        // Each bound by itself, with the error that its statistics allow.
        for bound in bounds.lower {
          #expect(
            bound.value <= production + zBound() * bound.standardError + 1e-6, "\(bound)")
        }
        for bound in bounds.upper {
          #expect(
            bound.value >= production - zBound() * bound.standardError - 1e-6, "\(bound)")
        }
        #expect(bounds.upper.count == (known == nil ? 2 : 3))
        #expect(bounds.interval.upperBound < 20)
      }
    }
  }

  @Test func entropyOfRowsIsThatOfTheirFrequencies() throws {
    let enumerated = try EnumeratedMachine(Pairing.all[0].machine(seed: 1))
    let rows = enumerated.visibleStates.selectingRows([1, 1, 2, 3])
    #expect(isClose(ContrastiveDivergenceBounds.entropy(ofRows: rows), 1.5 * log(2)))
    #expect(
      isClose(ContrastiveDivergenceBounds.entropy(ofRows: enumerated.visibleStates), log(16)))
  }

  @Test func continuousDataHaveNoBounds() {
    let machine = Pairing.all[10].machine(seed: 1)
    let data = GibbsSampling.noise(for: machine, count: 10, seed: 1)
    #expect(
      ContrastiveDivergenceBounds.measure(machine, data: data, sweeps: 1, seed: 1) == nil)
  }
}
