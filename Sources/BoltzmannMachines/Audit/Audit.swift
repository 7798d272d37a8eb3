internal import Foundation
public import NumericalCore
public import StochasticThermodynamics

/// One table that judges a trained machine.
///
/// Do its samplers sample it, are its chains in equilibrium, do the fluctuation theorems and the laws of
/// thermodynamics hold for what was done with it?
///
/// A theorem that fails shows a broken kernel or a wrong energy; chains that are not in equilibrium make
/// it fail as well, so that the table says both. What cannot be told from the trajectories drawn is
/// unresolved.
public struct Audit: Sendable {
  /// Trajectories of the heat-exchange experiment.
  public var trajectories = 100_000
  /// Chains that are equilibrated for it.
  public var chains = 1000
  /// Sweeps that equilibrate them, and that the drift tests run.
  public var sweeps = 1000
  /// Chains of each way of the annealing.
  public var annealingChains = 500
  /// Independent ladders of the tempering; 0 for none.
  public var ladders = 16
  /// The rate at which each test fails where all is well.
  public var falseAlarmRate = 1e-3
  /// The seed of all streams.
  public var seed: UInt64 = 0
  /// The threads.
  public var workers = Workers()

  /// The defaults: 100,000 trajectories of 1000 chains, 1000 sweeps.
  public init() {}

  /// What an audit found.
  public struct Result: Sendable {
    /// The table.
    public internal(set) var checks: [Check] = []
    /// Heat exchange, for the figure.
    public internal(set) var heatExchange: DetailedFluctuationTheorem.Result?
    /// β₁ − β₂ of the heat exchange.
    public internal(set) var temperatureStep = 0.0
    /// Crooks' relation of the annealing, for the figure.
    public internal(set) var crooks: CrooksTheorem.Result?
    /// Both ways of the annealing.
    public internal(set) var annealing: BidirectionalAnnealing.Result?
    /// Works of both ways.
    public internal(set) var works: (forward: [Double], reverse: [Double]) = ([], [])
    /// Temperatures of the protocol that these works belong to.
    public internal(set) var workTemperatures = 0
    /// ΔF of the annealing.
    public internal(set) var freeEnergyDifference: Estimate?
    /// How chains come to equilibrium.
    public internal(set) var thermalisation: Thermalisation?
    /// The ladders between independent units and the machine.
    public internal(set) var tempering: TemperingResult?
    /// The records of the run, where there is one.
    public internal(set) var records: [TrainingRecord] = []

    /// `fail` if a check failed, else `unresolved` if one was, else `pass`.
    public var verdict: Check.Verdict {
      if checks.contains(where: { $0.verdict == .fail }) { return .fail }
      return checks.contains { $0.verdict == .unresolved } ? .unresolved : .pass
    }
  }

  /// Audits a machine.
  ///
  /// - Parameters:
  ///   - data: Samples in the storage of the visible units, or nil: the chains then start at noise alone.
  ///   - records: Records of the run that trained it, oldest first.
  ///   - progress: Told what is done, and the fraction of the whole.
  /// - Throws: ``SzilardError`` when the machine is no distribution.
  public func run(
    _ machine: RestrictedBoltzmannMachine, data: StateMatrix?, records: [TrainingRecord] = [],
    progress: @escaping @Sendable (String, Double) -> Void = { _, _ in }
  ) throws(SzilardError) -> Result {
    try machine.checkNormalisable()
    var result = Result()
    result.records = records
    progress("kernels", 0)
    if let kernels = exactKernels(machine) { result.checks.append(kernels) }
    progress("equilibrium", 0.05)
    let (states, isExact) = equilibrium(machine, data: data)
    checkEquilibrium(machine, states, isExact: isExact, data: data, into: &result, progress)
    progress("heat exchange", 0.35)
    try exchangeHeat(machine, states, isExact: isExact, into: &result)
    progress("annealing", 0.5)
    try anneal(machine, states, isExact: isExact, data: data, into: &result) {
      progress("annealing", 0.5 + 0.3 * $0)
    }
    if ladders > 0 {
      progress("tempering", 0.8)
      temper(machine, data: data, into: &result) { progress("tempering", 0.8 + 0.2 * $0) }
    }
    checkTraining(into: &result)
    progress("done", 1)
    return result
  }

  // MARK: Kernels

  /// |πP − π| of the kernels as they run, where all states can be listed.
  private func exactKernels(_ machine: RestrictedBoltzmannMachine) -> Check? {
    guard let listed = try? EnumeratedMachine(machine) else { return nil }
    return Audit.kernelRow(
      violation: listed.stationarityViolation(of: listed.kernelTransition()))
  }

  // MARK: Equilibrium

  /// Chains that should be in equilibrium: exact samples, or long chains from data and from noise.
  private func equilibrium(
    _ machine: RestrictedBoltzmannMachine, data: StateMatrix?
  ) -> (states: StateMatrix, isExact: Bool) {
    if let exact = try? ExactSampling.visibleStates(of: machine, count: chains, seed: seed) {
      return (exact, true)
    }
    var start = GibbsSampling.noise(for: machine, count: chains, seed: seed)
    if let data, data.rows > 0 {
      let half = chains / 2
      start = data.selectingRows((0..<half).map { $0 * data.rows / half })
        .appending(start.selectingRows(half..<chains))
    }
    let form = BernoulliForm(machine)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: chains)
    let sampler = GibbsSampler(form: form, chains: chains, workers: workers)
    sampler.lanes.seedAll(seed: seed, purpose: .equilibration)
    sampler.run(visible: &start, hidden: &hidden, sweeps: sweeps)
    return (start, false)
  }

  private func checkEquilibrium(
    _ machine: RestrictedBoltzmannMachine, _ states: StateMatrix, isExact: Bool,
    data: StateMatrix?, into result: inout Result,
    _ progress: (String, Double) -> Void
  ) {
    var stationarity = StationarityTest()
    stationarity.sweeps = Swift.min(sweeps, 200)
    stationarity.falseAlarmRate = falseAlarmRate
    stationarity.seed = seed
    stationarity.workers = workers
    result.checks.append(stationarity.run(machine, states: states))
    progress("equilibrium", 0.1)
    if let data, data.rows > 0 {
      var drift = DriftTest()
      drift.chains = chains
      drift.sweeps = sweeps
      drift.falseAlarmRate = falseAlarmRate
      drift.seed = seed
      drift.workers = workers
      result.checks.append(drift.run(machine, data: data))
      progress("equilibrium", 0.15)
      var test = ThermalisationTest()
      test.sweeps = sweeps
      test.falseAlarmRate = falseAlarmRate
      test.seed = seed
      test.workers = workers
      let thermalisation = test.run(machine, data: data)
      result.thermalisation = thermalisation
      result.checks.append(Audit.row(thermalisation, limit: sweeps))
      progress("equilibrium", 0.2)
    }
    var mixing = MixingTest()
    mixing.seed = seed
    mixing.workers = workers
    result.checks += mixing.run(machine, states: states)
  }

  // MARK: Heat

  private func exchangeHeat(
    _ machine: RestrictedBoltzmannMachine, _ states: StateMatrix, isExact: Bool,
    into result: inout Result
  ) throws(SzilardError) {
    var experiment = HeatExchange(bath: 1)
    experiment.trajectories = trajectories
    experiment.seed = seed
    experiment.workers = workers
    experiment = try experiment.withSuggestedBath(machine, from: states)
    let exchanged = try experiment.run(machine, from: states)
    let fraction = Swift.min(1, 1 / exchanged.statisticalInefficiency)
    var (detailed, integral) = Audit.heatRows(
      exchanged.heats, difference: exchanged.difference, effectiveFraction: fraction,
      falseAlarmRate: falseAlarmRate)
    // Without equilibrium at the start the theorem says nothing about the kernels.
    if !isEquilibrium(isExact, result) {
      detailed.check = Audit.withdrawn(detailed.check)
      integral = Audit.withdrawn(integral)
    }
    result.heatExchange = detailed
    result.temperatureStep = exchanged.difference
    result.checks += [detailed.check, integral]
  }

  /// Whether the chains that experiments start from are in equilibrium, as far as is known.
  private func isEquilibrium(_ isExact: Bool, _ result: Result) -> Bool {
    isExact
      || !result.checks.contains {
        ["stationarity", "drift"].contains($0.name) && $0.verdict == .fail
      }
  }

  // MARK: Work

  private func anneal(
    _ machine: RestrictedBoltzmannMachine, _ states: StateMatrix, isExact: Bool,
    data: StateMatrix?, into result: inout Result,
    progress: @escaping @Sendable (Double) -> Void
  ) throws(SzilardError) {
    var evaluator = LikelihoodEvaluator()
    evaluator.method = .bar
    evaluator.chains = annealingChains
    evaluator.seed = seed
    evaluator.workers = workers
    let means = IndependentUnits.baseRates(of: machine, from: data)
    guard
      let annealing = try evaluator.evaluate(machine, dataMeans: means, progress: progress)
        .annealing
    else { return }
    let base = annealing.baseLogPartitionFunction
    let count = ExactEnumeration.stateCount(of: machine) ?? .max
    let exact =
      count <= LikelihoodEvaluator.automaticStates
      ? try ExactEnumeration.logPartitionFunction(of: machine, workers: workers) : nil
    let difference = base - (exact ?? annealing.combined.value)
    var works = annealing.works
    func judged(effectiveReverse: Double) -> (crooks: CrooksTheorem.Result, rows: [Check]) {
      Audit.workRows(
        forward: works.forward, reverse: works.reverse, difference: difference,
        isExact: exact != nil, effectiveReverse: effectiveReverse, falseAlarmRate: falseAlarmRate)
    }
    var (crooks, rows) = judged(effectiveReverse: annealing.effectiveTrajectories)
    // Its way back begins at copies of where the way there ended.
    if annealing.equilibration.verdict != .pass || !isEquilibrium(false, result) {
      rows = rows.map(Audit.withdrawn)
    }
    // A protocol that dissipates next to nothing tells nothing about the slope: drive faster.
    var temperatures = annealing.temperatures
    while rows[1].verdict == .unresolved, crooks.overlap > 0.5, temperatures > 2 {
      temperatures = Swift.max(2, temperatures / 4)
      works = drive(machine, states, means: means, temperatures: temperatures)
      (crooks, rows) = judged(effectiveReverse: Double(works.reverse.count))
      if !isEquilibrium(isExact, result) { rows = rows.map(Audit.withdrawn) }
    }
    if rows[1].verdict == .unresolved, crooks.overlap > 0.5, let needed = rows[1].neededTrajectories
    {
      rows[1].reason = "the machine is so close to independent units that hardly any work is done"
      rows[1].advice = "about \(needed / 2) --chains; or take it that there is nothing to test"
    }
    // What is said of trajectories is said in the options of the audit.
    for index in rows.indices where rows[index].verdict == .unresolved && crooks.overlap <= 0.5 {
      guard let needed = rows[index].neededTrajectories else { continue }
      let legs = index == 1 ? 2 : 1
      rows[index].advice = "about \(needed / legs) annealing chains (--annealing-chains)"
    }
    crooks.check = rows[1]
    result.annealing = annealing
    result.crooks = crooks
    result.works = works
    result.workTemperatures = temperatures
    result.freeEnergyDifference = annealing.combined.scaled(by: -1, plus: base)
    result.checks += rows
    if let exact {
      result.checks.append(
        Audit.agreement(
          annealing.logPartitionFunction, exact, falseAlarmRate: falseAlarmRate))
    }
  }

  /// Works between the base model and the machine along few temperatures, the way back from the given
  /// samples of the machine.
  private func drive(
    _ machine: RestrictedBoltzmannMachine, _ states: StateMatrix, means: [Float]?,
    temperatures: Int
  ) -> (forward: [Double], reverse: [Double]) {
    let sampling = AnnealedImportanceSampling(
      schedule: AnnealingSchedule.linear(temperatures: temperatures), chains: states.rows,
      seed: seed &+ UInt64(temperatures))
    let base = IndependentUnits(baseRateOf: machine, dataMeans: means)
    return (
      sampling.run(machine, base: base, workers: workers).works,
      sampling.runReverse(machine, base: base, from: states, workers: workers).works
    )
  }

  // MARK: Tempering

  private func temper(
    _ machine: RestrictedBoltzmannMachine, data: StateMatrix?, into result: inout Result,
    progress: (Double) -> Void
  ) {
    var options = TemperingOptions()
    options.ladders = ladders
    options.sweeps = sweeps
    options.seed = seed
    options.workers = workers
    let tempering = ParallelTempering.run(
      machine, dataMeans: IndependentUnits.baseRates(of: machine, from: data), options: options,
      progress: progress)
    result.tempering = tempering
    let weakest = tempering.acceptance.min() ?? 1
    var reason = ""
    if case .unresolved(let why) = tempering.verdict { reason = why }
    result.checks.append(
      Check(
        name: "parallel tempering: round trips", statistic: Double(tempering.roundTrips),
        expected: 1, relation: .atLeast,
        interval: Double(tempering.roundTrips)...Double(tempering.roundTrips),
        verdict: tempering.roundTrips >= 1 ? .pass : .unresolved, trajectories: ladders,
        reason: tempering.roundTrips >= 1 ? "" : reason,
        advice: tempering.roundTrips >= 1
          ? "" : "the least acceptance along the ladder is \(weakest): more sweeps or rungs"))
    guard let annealing = result.annealing, tempering.verdict == .resolved,
      let ladder = tempering.rungs.last?.logPartitionFunction
    else { return }
    result.checks.append(
      Audit.agreement(
        annealing.logPartitionFunction, ladder, of: "tempering",
        advice: "more sweeps (--sweeps), or ladders (--ladders)", falseAlarmRate: falseAlarmRate))
  }

  // MARK: Training

  private func checkTraining(into result: inout Result) {
    guard let last = result.records.last(where: { $0.thermodynamics != nil }),
      let thermodynamics = last.thermodynamics
    else { return }
    result.checks += Audit.trainingRows(
      thermodynamics, annealing: result.annealing?.logPartitionFunction,
      falseAlarmRate: falseAlarmRate)
  }
}
