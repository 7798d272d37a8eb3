import DataSets
import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Work, heat and ln Z of training, against enumeration.
@Suite struct LedgerTests {
  private func barsAndStripes(
    _ options: TrainingOptions, hidden: Int = 8, size: Int = 3, threads: Int = 2
  ) throws -> Trainer {
    let data = try DataSet.load("bars-and-stripes:size=\(size)", options: DataOptions())
    let states = try data.states(for: .bernoulli)
    let machine = RestrictedBoltzmannMachine.initial(
      visible: .bernoulli, hidden: .bernoulli, hiddenCount: hidden, data: states, scale: 0.01,
      seed: options.seed)
    return Trainer(
      machine: machine, data: states, options: options, workers: Workers(count: threads))
  }

  private func options(_ method: TrainingMethod = .pcd, seed: UInt64) -> TrainingOptions {
    var options = TrainingOptions()
    options.method = method
    options.gibbsSteps = 2
    options.learningRate = 0.05
    options.updates = 2000
    options.seed = seed
    return options
  }

  /// ΔE = W + Q for each chain at all times, and its energy is the machine's own.
  @Test(arguments: [TrainingMethod.pcd, .jarzynski])
  func firstLaw(_ method: TrainingMethod) throws {
    let trainer = try barsAndStripes(options(method, seed: 3))
    for round in 1...10 {
      for _ in 0..<50 { try trainer.step() }
      let ledger = try #require(trainer.settledLedger())
      let chains = try #require(ledger.chains)
      #expect(chains.firstLawViolation <= 1e-10)
      #expect(ledger.firstLawViolation <= 1e-10)
      #expect(ledger.updates == 50 * round)
      for row in 0..<5 {
        let v = RestrictedBoltzmannMachine.values(
          of: trainer.chains, row: row, in: trainer.machine.visible)
        #expect(
          isClose(chains.energies[row], trainer.machine.freeEnergy(ofVisible: v), absolute: 2e-4))
      }
      if method == .pcd {
        // Without weights the sum of mean works is the mean of the chains' works.
        let mean = chains.work.reduce(0, +) / Double(chains.count)
        #expect(isClose(ledger.work.value, mean, absolute: 1e-9))
        let heat = chains.heat.reduce(0, +) / Double(chains.count)
        #expect(isClose(ledger.heat.value, heat, absolute: 1e-9))
      }
    }
  }

  /// Keeping a ledger does not change what is learned.
  @Test(arguments: TrainingMethod.allCases.filter { $0 != .jarzynski })
  func theLedgerOnlyLooksOn(_ method: TrainingMethod) throws {
    var without = options(method, seed: 5)
    without.keepsLedger = false
    let one = try barsAndStripes(options(method, seed: 5))
    let other = try barsAndStripes(without)
    for _ in 0..<40 {
      try one.step()
      try other.step()
    }
    #expect(one.machine == other.machine)
    #expect(one.chains == other.chains)
    #expect(other.ledger == nil && other.probes == nil)
  }

  /// R5: ln Z along the training holds the exact value at every checkpoint.
  ///
  /// Ten checkpoints of three runs; each error within the z bound of α = 1e-9 (the intervals are
  /// ±1.96 standard errors), and the median below 0.1 nat.
  @Test(arguments: [UInt64(1), 2, 3])
  func trajectoryAnnealingHoldsTheExactValue(_ number: UInt64) throws {
    let seed = testSeed(number)
    let trainer = try barsAndStripes(options(seed: seed), hidden: 10)
    var errors: [Double] = []
    for _ in 0..<10 {
      for _ in 0..<200 { try trainer.step() }
      let probes = try #require(trainer.probes)
      let estimate = probes.logPartitionFunction()
      let exact = try ExactEnumeration.logPartitionFunction(of: trainer.machine)
      #expect(estimate.isResolved, "seed \(seed): \(estimate)")
      let half = (estimate.interval.upperBound - estimate.interval.lowerBound) / 2
      #expect(
        abs(estimate.value - exact) <= zBound(alpha: 1e-9) * half / 1.96,
        "seed \(seed): \(estimate), exact \(exact)")
      errors.append(abs(estimate.value - exact))
    }
    #expect(errors.sorted()[errors.count / 2] < 0.1, "seed \(seed): \(errors)")
  }

  /// The same average over the chains that training learns from is wrong: updates follow them.
  @Test func chainsThatAreLearnedFromDoNotGiveTheFreeEnergy() throws {
    let trainer = try barsAndStripes(options(seed: 1), hidden: 10)
    for _ in 0..<2000 { try trainer.step() }
    let chains = try #require(trainer.settledLedger()?.chains)
    let probes = try #require(trainer.probes)
    let exact = try ExactEnumeration.logPartitionFunction(of: trainer.machine)
    let fed = ExponentialAverage.estimate(logWeights: chains.work.map { -$0 })
    #expect(abs(fed.value + probes.baseLogPartitionFunction - exact) > 0.5)
    let estimate = probes.logPartitionFunction()
    #expect(abs(estimate.value - exact) < 0.5)
  }

  /// The second law over the whole run, and the work that records tell.
  @Test func recordsTellTheSecondLaw() throws {
    let trainer = try barsAndStripes(options(seed: 4), hidden: 10)
    _ = trainer.thermodynamics(marking: true)
    for _ in 0..<500 { try trainer.step() }
    let first = try #require(trainer.thermodynamics(marking: true))
    #expect(first.updates == 500)
    #expect(first.secondLaw?.verdict == .pass)
    #expect((first.dissipatedWork?.value ?? 0) > 0)
    let total = first.totalWork
    for _ in 0..<500 { try trainer.step() }
    let second = try #require(trainer.thermodynamics(marking: true))
    #expect(isClose(second.work * 500, second.totalWork - total, absolute: 1e-9))
    // Looking twice changes nothing.
    let again = try #require(trainer.thermodynamics(marking: false))
    #expect(again.updates == 0 && again.totalWork == second.totalWork)
  }

  /// Systematic resampling draws row k ⌊n w⌋ or ⌈n w⌉ times.
  @Test func systematicResamplingKeepsTheWeights() {
    var random = RandomStream(seed: 3, purpose: .test)
    for _ in 0..<200 {
      let logWeights = (0..<16).map { _ in 2 * random.normal() }
      let norm = logSumExp(logWeights)
      let rows = Resampling.systematic(logWeights: logWeights[...], uniform: random.uniform())
      #expect(rows.count == 16 && rows == rows.sorted())
      for k in 0..<16 {
        let expected = 16 * exp(logWeights[k] - norm)
        let copies = Double(rows.count { $0 == k })
        #expect(abs(copies - expected) < 1 + 1e-9)
      }
    }
  }

  /// Jarzynski training: the weighted chains give ln Z while the machine changes fast.
  ///
  /// With 20,000 chains the feedback of the chains on the parameters is small.
  @Test func weightedChainsFollowTheModel() throws {
    let seed = testSeed(2)
    var options = options(.jarzynski, seed: seed)
    options.chains = 20_000
    options.learningRate = 0.2
    options.gibbsSteps = 1
    let trainer = try barsAndStripes(options)
    for _ in 0..<200 { try trainer.step() }
    let logWeights = try #require(trainer.chainLogWeights)
    let chains = try #require(trainer.settledLedger()?.chains)
    let weights = zip(logWeights, zip(trainer.ledger?.chains?.energies ?? [], chains.energies)).map
    {
      $0 + $1.0 - $1.1
    }
    let norm = logSumExp(weights)
    // The weighted mean of each unit is the model's, by enumeration.
    let states = allStates(of: trainer.machine.visible)
    let probabilities = trainer.machine.visibleProbabilities
    let effective = effectiveSampleSize(ofLogWeights: weights)
    for unit in 0..<9 {
      var mean = 0.0
      for row in 0..<trainer.chains.rows {
        let v = RestrictedBoltzmannMachine.values(
          of: trainer.chains, row: row, in: trainer.machine.visible)
        mean += exp(weights[row] - norm) * v[unit]
      }
      let exact = zip(states.values, probabilities).reduce(0) { $0 + $1.0[unit] * $1.1 }
      #expect(
        abs(mean - exact) < zBound(alpha: 1e-9) * 0.5 / effective.squareRoot() + 0.01,
        "seed \(seed), unit \(unit): \(mean), exact \(exact), \(effective) effective chains")
    }
  }

  /// PTT training keeps its chains in equilibrium, and ln Z along the frozen machines is the exact one.
  ///
  /// Six checkpoints; each error within the z bound of α = 1e-9 of a standard error from the interval.
  @Test func exchangeWithFrozenMachinesGivesTheExactValue() throws {
    let seed = testSeed(6)
    var fast = options(.ptt, seed: seed)
    fast.learningRate = 0.2
    let trainer = try barsAndStripes(fast, hidden: 10)
    for _ in 0..<6 {
      for _ in 0..<500 { try trainer.step() }
      let estimate = try #require(trainer.reservoirLogPartitionFunction)
      let exact = try ExactEnumeration.logPartitionFunction(of: trainer.machine)
      let half = (estimate.interval.upperBound - estimate.interval.lowerBound) / 2
      #expect(
        abs(estimate.value - exact) <= zBound(alpha: 1e-9) * half / 1.96,
        "seed \(seed): \(estimate), exact \(exact)")
    }
    #expect((trainer.reservoir?.frozen ?? 0) > 1)
  }

  /// CD tells the entropy that its sweeps produce: exact on a small machine, within the bounds of a
  /// larger one.
  @Test func contrastiveDivergenceProducesEntropy() throws {
    let small = try barsAndStripes(options(.cd, seed: 7), hidden: 4)
    for _ in 0..<300 { try small.step() }
    let exact = try #require(small.thermodynamics(marking: true)?.entropyProduction)
    #expect(exact.isExact && exact.interval.lowerBound > 0)
    let data = try EnumeratedMachine(small.machine).visibleFrequencies(of: small.data)
    let divergence = try EnumeratedMachine(small.machine)
      .contrastiveDivergence(from: data, sweeps: 2).steps[2].entropyProduction
    #expect(isClose(exact.interval.lowerBound, divergence, absolute: 1e-9))
    let large = try barsAndStripes(options(.cd, seed: 7), hidden: 20)
    for _ in 0..<300 { try large.step() }
    let bounded = try #require(large.thermodynamics(marking: true)?.entropyProduction)
    #expect(!bounded.isExact && bounded.interval.lowerBound >= 0)
    #expect(bounded.interval.upperBound > bounded.interval.lowerBound)
  }
}
