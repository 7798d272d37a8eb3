import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import BoltzmannMachines

/// The audit: nothing fails of what is healthy, and each fault is found by the row that is there for it.
@Suite struct AuditTests {
  private static let binary = Pairing(visible: .bernoulli, hidden: .bernoulli)

  private func audit(seed: UInt64) -> Audit {
    var audit = Audit()
    audit.trajectories = 20_000
    audit.chains = 400
    audit.sweeps = 200
    audit.annealingChains = 300
    audit.ladders = 8
    audit.falseAlarmRate = 1e-9
    audit.seed = seed
    return audit
  }

  private func exact(_ machine: RestrictedBoltzmannMachine, _ count: Int, _ seed: UInt64) throws
    -> StateMatrix
  {
    try ExactSampling.visibleStates(of: machine, count: count, seed: seed &+ 99)
  }

  private func row(_ name: String, _ result: Audit.Result) throws -> Check {
    try #require(
      result.checks.first { $0.name.hasPrefix(name) }, "no row \(name): \(result.checks)")
  }

  /// A line of metrics.jsonl of a run that kept a ledger.
  private func record(
    violation: Double = 1e-13, logZ: Double, secondLaw: Check.Verdict = .pass
  ) -> TrainingRecord {
    let estimate = Estimate(
      value: logZ, interval: logZ - 0.1...logZ + 0.1, method: "along", effectiveSampleSize: 30)
    return TrainingRecord(
      update: 10, epoch: 1, seconds: 1, learningRate: 0.1, logPartitionFunction: estimate,
      logLikelihood: [], singularValues: [],
      thermodynamics: TrainingThermodynamics(
        updates: 10, work: 0.1, heat: -0.1, totalWork: 1, totalHeat: -1,
        firstLawViolation: violation, logPartitionFunction: estimate, logLikelihood: [],
        secondLaw: Check(
          name: "second law of learning", statistic: 1, expected: 0, relation: .atLeast,
          interval: 0.9...1.1, verdict: secondLaw, trajectories: 10)))
  }

  // MARK: Whole audits

  /// All rows are there, and all pass: machines of several strengths and seeds.
  @Test(arguments: [(0.8, UInt64(1)), (0.6, 2), (1.0, 3), (0.6, 4), (0.6, 5)])
  func aHealthyMachinePasses(_ scale: Double, _ number: UInt64) throws {
    let seed = testSeed(number)
    let machine = AuditTests.binary.machine(visible: 7, hidden: 6, scale: scale, seed: number)
    let logZ = try ExactEnumeration.logPartitionFunction(of: machine)
    let result = try audit(seed: seed).run(
      machine, data: exact(machine, 500, seed), records: [record(logZ: logZ)])
    for name in [
      "kernels leave the model unchanged", "stationarity", "drift", "thermalisation time",
      "autocorrelation time", "R-hat", "effective chains", "heat exchange: slope",
      "heat exchange: <exp", "annealing, Jarzynski", "annealing, Crooks",
      "annealing, second law", "ln Z by annealing against enumeration",
      "parallel tempering: round trips", "ln Z by annealing less that by tempering",
      "training, first law", "training, second law",
      "ln Z by annealing less that by annealing along the training",
    ] {
      let check = try row(name, result)
      #expect(check.verdict == .pass, "\(check), seed \(seed)")
      #expect(check.reason.isEmpty && check.advice.isEmpty, "\(check)")
    }
    #expect(result.checks.count == 18)
    #expect(result.verdict == .pass)
    #expect(!result.works.forward.isEmpty && result.heatExchange?.bins.isEmpty == false)
  }

  /// A machine that is next to independent units does hardly any work: one row says so, no other.
  @Test func nextToIndependentUnitsThereIsNothingToTest() throws {
    let seed = testSeed(6)
    let machine = AuditTests.binary.machine(visible: 7, hidden: 6, scale: 0.02, seed: 1)
    let result = try audit(seed: seed).run(machine, data: nil)
    let left = result.checks.filter { $0.verdict != .pass }
    #expect(left.allSatisfy { $0.verdict == .unresolved }, "\(left), seed \(seed)")
    let crooks = try row("annealing, Crooks", result)
    #expect(
      crooks.verdict == .unresolved && crooks.reason.contains("independent units"),
      "\(crooks), seed \(seed)")
    #expect(result.workTemperatures == 2)
  }

  /// Units of every kind: no row fails, and what needs data or a run is left out without them.
  @Test(arguments: Pairing.all) func everyPairingIsAudited(_ pairing: Pairing) throws {
    let seed = testSeed(7)
    var audit = audit(seed: seed)
    audit.trajectories = 4000
    audit.ladders = 4
    let machine = pairing.machine(visible: 5, hidden: 4, scale: 0.4, seed: 3)
    let result = try audit.run(machine, data: nil)
    #expect(result.verdict != .fail, "\(result.checks), seed \(seed)")
    let names = result.checks.map(\.name)
    #expect(!names.contains("drift") && !names.contains { $0.hasPrefix("training") })
    #expect(
      names.contains { $0.hasPrefix("kernels") }
        == Pairing.discrete.contains {
          $0.description == pairing.description
        })
    #expect(result.thermalisation == nil)
    for check in result.checks where check.verdict == .unresolved {
      #expect(!check.reason.isEmpty && !check.advice.isEmpty, "\(check)")
    }
  }

  /// Too large to list: chains are brought to equilibrium by Gibbs sampling.
  @Test func aMachineThatCannotBeListedPasses() throws {
    let seed = testSeed(8)
    let machine = AuditTests.binary.machine(visible: 24, hidden: 24, scale: 0.25, seed: 4)
    var data = GibbsSampling.noise(for: machine, count: 500, seed: seed)
    var burst = ChainBurst(machine, from: data, seed: seed &+ 5, use: 9, workers: Workers())
    burst.run(to: 300)
    data = burst.visible
    let result = try audit(seed: seed).run(machine, data: data)
    #expect(result.verdict == .pass, "\(result.checks), seed \(seed)")
    #expect(!result.checks.contains { $0.name.hasPrefix("kernels") })
    #expect(!result.checks.contains { $0.name.contains("enumeration") })
  }

  /// Two modes that Gibbs sampling never leaves: drift fails, and the theorems are not blamed.
  @Test func chainsThatDoNotMixAreNotTakenForBrokenKernels() throws {
    let seed = testSeed(9)
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .spin, count: 20), hidden: Layer(kind: .spin, count: 2))
    for i in 0..<20 {
      machine.visible.biases[i] = 0.02
      for j in 0..<2 { machine.weights[i, j] = 1 }
    }
    var up = BitMatrix(rows: 300, columns: 20)
    for row in 0..<300 { for i in 0..<20 { up[row, i] = true } }
    let result = try audit(seed: seed).run(machine, data: .bits(up))
    #expect(result.verdict == .fail)
    #expect(try row("drift", result).verdict == .fail)
    #expect(try row("thermalisation", result).verdict == .unresolved)
    for name in ["heat exchange: slope", "heat exchange: <exp", "annealing, Crooks"] {
      let check = try row(name, result)
      #expect(check.verdict != .fail, "\(check)")
    }
    for check in result.checks where check.verdict != .pass {
      #expect(!check.reason.isEmpty && !check.advice.isEmpty, "\(check)")
    }
  }

  @Test func threadsDoNotChangeTheTable() throws {
    let machine = AuditTests.binary.machine(visible: 7, hidden: 6, scale: 0.6, seed: 5)
    let tables = try [1, 2, 3].map { threads in
      var audit = audit(seed: 5)
      audit.workers = Workers(count: threads)
      return try audit.run(machine, data: exact(machine, 300, 5)).checks
    }
    #expect(tables[0] == tables[1] && tables[1] == tables[2])
  }

  // MARK: Faults

  /// Kernels that belong to other biases.
  @Test func kernelsOfAnotherMachineFail() throws {
    let machine = AuditTests.binary.machine(visible: 6, hidden: 5, scale: 0.6, seed: 6)
    var other = machine
    other.visible.biases[0] += 0.1
    let listed = try EnumeratedMachine(machine)
    let own = listed.stationarityViolation(of: listed.kernelTransition())
    let foreign = try listed.stationarityViolation(
      of: EnumeratedMachine(other).kernelTransition())
    #expect(Audit.kernelRow(violation: own).verdict == .pass, "\(own)")
    #expect(Audit.kernelRow(violation: foreign).verdict == .fail, "\(foreign)")
  }

  private func heats(
    _ machine: RestrictedBoltzmannMachine, from states: StateMatrix, seed: UInt64,
    moves: GibbsSequence = .palindrome()
  ) throws -> HeatExchange.Result {
    var experiment = HeatExchange(bath: 0.6)
    experiment.moves = moves
    experiment.trajectories = 40_000
    experiment.seed = seed
    return try experiment.run(machine, from: states)
  }

  private func heatVerdicts(
    _ result: HeatExchange.Result, difference: Double? = nil
  ) -> (Check.Verdict, Check.Verdict) {
    let (detailed, integral) = Audit.heatRows(
      result.heats, difference: difference ?? result.difference,
      effectiveFraction: min(1, 1 / result.statisticalInefficiency), falseAlarmRate: 1e-9)
    return (detailed.check.verdict, integral.verdict)
  }

  /// Heat exchange: a wrong temperature and chains of another machine fail.
  @Test func heatRowsSeeWhatIsWrong() throws {
    let seed = testSeed(11)
    let machine = AuditTests.binary.machine(visible: 8, hidden: 6, scale: 1, seed: 7)
    let states = try exact(machine, 2000, seed)
    let right = try heats(machine, from: states, seed: seed)
    #expect(heatVerdicts(right) == (.pass, .pass), "seed \(seed)")
    #expect(heatVerdicts(right, difference: 1.4 * right.difference) == (.fail, .fail))
    #expect(heatVerdicts(right, difference: -right.difference) == (.fail, .fail))
    var other = machine
    for i in 0..<8 { other.visible.biases[i] += i % 2 == 0 ? 1 : -1 }
    // The first burst alone: chains relax, and the theorem becomes true.
    var experiment = HeatExchange(bath: 0.6)
    experiment.trajectories = 20_000
    experiment.seed = seed
    let foreign = try experiment.run(machine, from: exact(other, 20_000, seed))
    #expect(heatVerdicts(foreign).0 == .fail)
  }

  /// Works: a wrong ΔF, a reverse leg from elsewhere and a wrong sign fail.
  @Test func workRowsSeeWhatIsWrong() throws {
    let seed = testSeed(12)
    let machine = AuditTests.binary.machine(visible: 8, hidden: 6, scale: 1, seed: 8)
    let base = IndependentUnits(baseRateOf: machine)
    let sampling = AnnealedImportanceSampling(
      schedule: AnnealingSchedule.linear(temperatures: 8), chains: 4000, seed: seed)
    let forward = sampling.run(machine, base: base)
    let states = try exact(machine, 4000, seed)
    let reverse = sampling.runReverse(machine, base: base, from: states).works
    let difference =
      try forward.baseLogPartitionFunction - ExactEnumeration.logPartitionFunction(of: machine)
    func verdicts(
      _ forward: [Double], _ reverse: [Double], _ difference: Double
    ) -> [Check.Verdict] {
      Audit.workRows(
        forward: forward, reverse: reverse, difference: difference, isExact: true,
        effectiveReverse: 4000, falseAlarmRate: 1e-9
      ).rows.map(\.verdict)
    }
    let right = verdicts(forward.works, reverse, difference)
    #expect(right == [.pass, .pass, .pass], "\(right), seed \(seed)")
    let dissipated = mean(of: forward.works) - difference
    // Jarzynski, Crooks.
    let low = verdicts(forward.works, reverse, difference - 0.5)
    #expect(low[1] == .fail && low[0] != .pass, "\(low)")
    let high = verdicts(forward.works, reverse, difference + 0.5)
    #expect(high[0] == .fail && high[1] == .fail, "\(high)")
    // The second law.
    let beyond = verdicts(forward.works, reverse, difference + dissipated + 0.5)
    #expect(beyond[2] == .fail, "\(beyond)")
    let signs = verdicts(forward.works, reverse.map { -$0 }, difference)
    #expect(signs[1] == .fail, "\(signs)")
    let elsewhere = sampling.runReverse(
      machine, base: base, from: GibbsSampling.noise(for: machine, count: 4000, seed: seed)
    ).works
    #expect(verdicts(forward.works, elsewhere, difference)[1] == .fail)
  }

  @Test func estimatesThatDisagreeFail() {
    func estimate(_ value: Double) -> Estimate {
      Estimate(
        value: value, interval: value - 0.1...value + 0.1, method: "m", effectiveSampleSize: 100)
    }
    let unknown = Estimate.unresolved("no overlap", value: 3, method: "m")
    func exact(_ one: Estimate, _ value: Double) -> Check {
      Audit.agreement(one, value, falseAlarmRate: 1e-3)
    }
    // 3.29 standard errors of 0.1/1.96.
    #expect(exact(estimate(3), 3.16).verdict == .pass)
    #expect(exact(estimate(3), 3.18).verdict == .fail)
    #expect(exact(estimate(3), 2.82).verdict == .fail)
    #expect(exact(unknown, 3).verdict == .unresolved)
    func both(_ one: Estimate, _ other: Estimate) -> Check {
      Audit.agreement(one, other, of: "x", advice: "do", falseAlarmRate: 1e-3)
    }
    #expect(both(estimate(3), estimate(3.2)).verdict == .pass)
    #expect(both(estimate(3), estimate(3.3)).verdict == .fail)
    let left = both(estimate(3), unknown)
    #expect(left.verdict == .unresolved && left.reason.contains("no overlap"))
  }

  @Test func faultsOfTrainingFail() throws {
    let annealing = Estimate(
      value: 5, interval: 4.9...5.1, method: "m", effectiveSampleSize: 100)
    func verdicts(_ record: TrainingRecord) throws -> [Check.Verdict] {
      try Audit.trainingRows(
        #require(record.thermodynamics), annealing: annealing, falseAlarmRate: 1e-3
      ).map(\.verdict)
    }
    #expect(try verdicts(record(logZ: 5)) == [.pass, .pass, .pass])
    #expect(try verdicts(record(violation: 1e-9, logZ: 5)) == [.fail, .pass, .pass])
    #expect(try verdicts(record(violation: .nan, logZ: 5))[0] == .fail)
    #expect(try verdicts(record(logZ: 5, secondLaw: .fail))[1] == .fail)
    #expect(try verdicts(record(logZ: 6))[2] == .fail)
  }

  /// Where ln Z along the training is unresolved, the second law is held against ln Z by annealing.
  @Test func theSecondLawTakesTheBetterFreeEnergy() throws {
    func row(work: Double, error: Double?) throws -> Check {
      let change = 4.0
      var record = record(logZ: 3, secondLaw: .unresolved)
      record.thermodynamics?.logPartitionFunction = .unresolved("few", value: 3, method: "along")
      record.thermodynamics?.workError = error
      // ⟨W⟩ − ΔF with the ln Z along the training, 3, of a base with ln Z = −1.
      record.thermodynamics?.secondLaw?.statistic = work + change
      let annealing = Estimate(
        value: 3.5, interval: 3.4...3.6, method: "m", effectiveSampleSize: 100)
      return try Audit.trainingRows(
        #require(record.thermodynamics), annealing: annealing, falseAlarmRate: 1e-3)[1]
    }
    let right = try row(work: -4, error: 0.1)
    #expect(right.verdict == .pass && isClose(right.statistic, 0.5), "\(right)")
    #expect(try row(work: -6, error: 0.1).verdict == .fail)
    #expect(try row(work: -4, error: nil).verdict == .unresolved)
  }

  @Test func onlyFailuresAreWithdrawn() {
    for verdict in [Check.Verdict.pass, .fail, .unresolved] {
      let check = Audit.withdrawn(
        Check(
          name: "n", statistic: 0, expected: 1, interval: 0...0, verdict: verdict, trajectories: 1,
          reason: "why"))
      #expect(check.verdict == (verdict == .fail ? .unresolved : verdict))
      #expect(check.reason.contains("why"))
    }
  }

  @Test func noDistributionIsAnError() {
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .gaussian, count: 2), hidden: Layer(kind: .gaussian, count: 2))
    machine.weights[0, 0] = 5
    #expect(throws: SzilardError.self) { try Audit().run(machine, data: nil) }
  }
}
