internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r2: the heat-exchange theorem by sampling of a trained machine.
  static let heatExchangeSampled = Reproduction(
    id: "bm-r2", title: "Heat-exchange fluctuation theorem of a trained machine",
    paper: "Salazar 2017, Phys. Rev. E 96, 022131",
    claim: """
      The heat that a trained machine in equilibrium at β₁ = 1 absorbs from a bath at β₂ in the moves \
      h,v,h obeys ln p(Q)/p(−Q) = (β₁ − β₂) Q: a straight line through the origin.
      """,
    settings: """
      4 × 4 bars and stripes, 12 hidden units, 3000 updates of PCD-10; 1,000,000 trajectories from \
      independent exact samples of equilibrium. With --mnist also MNIST digits (pixels above 1/2), \
      200 hidden units, 2000 updates of PCD-5 (with --full 500 hidden units, 20,000 updates); 1,000,000 \
      trajectories of 2000 chains that began at digits and at noise and made 2000 sweeps (10,000). β₂ such that \
      (β₁ − β₂) std(Q) is about 0.8. The paper's own settings are not known to us.
      """,
    criterion: """
      Slope within 2 % and 3 standard errors of β₁ − β₂, intercept within 3 standard errors of 0, \
      ⟨e^{−(β₁ − β₂) Q}⟩ within 3 standard errors of 1; (β₁ − β₂) std(Q) between 0.4 and 1.5; both \
      theorems pass as tests; the sweep h,v fails the detailed one (bars and stripes). MNIST chains \
      from digits and from noise agree, else unresolved.
      """,
    run: { context in try HeatExchangeSampled.run(context) })
}

/// The runs of bm-r2.
private enum HeatExchangeSampled {
  static func run(_ context: ReproductionContext) throws(SzilardError) -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    try barsAndStripes(&outcome, context)
    if let folder = context.mnist { try mnist(folder, &outcome, context) }
    context.progress(1)
    return outcome
  }

  // MARK: Bars and stripes

  private static func barsAndStripes(
    _ outcome: inout ReproductionOutcome, _ context: ReproductionContext
  ) throws(SzilardError) {
    let share = context.mnist == nil ? 1.0 : 0.3
    let trained = try ReproductionMachines.barsAndStripes(
      side: 4, hidden: 12, updates: 3000, seed: context.seed, workers: context.workers)
    let machine = trained.machine
    context.progress(0.2 * share)
    // One trajectory from each of a million independent states of equilibrium.
    let states = try ExactSampling.visibleStates(
      of: machine, count: 1_000_000, seed: context.seed)
    var experiment = HeatExchange(bath: 1)
    experiment.trajectories = states.rows
    experiment.seed = context.seed
    experiment.workers = context.workers
    experiment = try experiment.withSuggestedBath(
      machine, from: states.selectingRows(Array(0..<10_000)))
    let result = try experiment.run(machine, from: states) {
      context.progress(share * (0.2 + 0.3 * $0))
    }
    add("bars and stripes", "bm-r2-bars-and-stripes", result, to: &outcome)
    context.progress(0.7 * share)
    experiment.moves = .sweeps(1)
    let sweep = try experiment.run(machine, from: states)
    outcome.checks.append(
      negativeControl("bars and stripes: the sweep h,v fails the detailed theorem", sweep))
    let logZ = try ExactEnumeration.logPartitionFunction(of: machine, workers: context.workers)
    let energies = machine.freeEnergies(of: trained.data, workers: context.workers)
    outcome.measured.append(
      ("bars and stripes: mean log-likelihood of the data", -mean(of: energies) - logZ))
    context.progress(share)
  }

  private static func negativeControl(_ name: String, _ result: HeatExchange.Result) -> Check {
    let detailed = DetailedFluctuationTheorem.check(
      name: name, values: result.heats, expectedSlope: result.difference)
    var check = detailed.check
    check.verdict = check.verdict == .fail ? .pass : .fail
    check.reason =
      check.verdict == .pass ? "" : "a sequence that is not reversible was not told apart"
    check.advice = ""
    return check
  }

  // MARK: What is checked

  private static func add(
    _ name: String, _ figure: String, _ result: HeatExchange.Result,
    to outcome: inout ReproductionOutcome
  ) {
    let fraction = 1 / result.statisticalInefficiency
    let detailed = DetailedFluctuationTheorem.check(
      name: "\(name): detailed theorem", values: result.heats, expectedSlope: result.difference,
      effectiveFraction: fraction)
    let integral = IntegralFluctuationTheorem.check(
      name: "\(name): integral theorem", entropyProductions: result.entropyProductions,
      effectiveFraction: fraction)
    let weights = StreamingMoments(result.entropyProductions.map { exp(-$0) })
    let spread = abs(result.difference) * result.moments.standardDeviation
    func error(_ estimate: Estimate) -> Double {
      guard estimate.isResolved else { return .infinity }
      return estimate.halfWidth
        / normalQuantile((1 + estimate.confidence) / 2)
    }
    let count = result.heats.count
    outcome.measured += [
      ("\(name): trajectories", Double(count)), ("\(name): chains", Double(result.chains)),
      ("\(name): statistical inefficiency", result.statisticalInefficiency),
      ("\(name): β₁ − β₂", result.difference), ("\(name): mean of Q", result.moments.mean),
      ("\(name): standard deviation of Q", result.moments.standardDeviation),
      ("\(name): slope", detailed.slope.value),
      ("\(name): standard error of the slope", error(detailed.slope)),
      ("\(name): intercept", detailed.intercept.value),
      ("\(name): standard error of the intercept", error(detailed.intercept)),
      ("\(name): ⟨e^{−(β₁ − β₂) Q}⟩", weights.mean),
      (
        "\(name): its standard error",
        weights.standardError * result.statisticalInefficiency.squareRoot()
      ),
    ]
    outcome.checks += [
      Check(
        name: "\(name): (β₁ − β₂) std(Q)", statistic: spread, expected: 0.4, relation: .atLeast,
        interval: spread...spread, verdict: (0.4...1.5).contains(spread) ? .pass : .unresolved,
        trajectories: count,
        reason: (0.4...1.5).contains(spread) ? "" : "the temperature step is not fit"),
      .measured(
        "\(name): slope", detailed.slope.value, standardError: error(detailed.slope),
        expected: result.difference, tolerance: 0.02 * abs(result.difference), trajectories: count),
      .measured(
        "\(name): intercept", detailed.intercept.value, standardError: error(detailed.intercept),
        expected: 0, trajectories: count),
      .measured(
        "\(name): ⟨e^{−(β₁ − β₂) Q}⟩", weights.mean,
        standardError: weights.standardError * result.statisticalInefficiency.squareRoot(),
        expected: 1, trajectories: count),
      detailed.check, integral,
    ]
    outcome.figures.append(
      FluctuationFigure.make(
        name: figure, title: "Heat exchange, \(name)", bins: detailed.bins,
        expectedSlope: result.difference,
        fit: (detailed.slope.value, detailed.intercept.value)))
  }

  // MARK: MNIST

  private static func mnist(
    _ folder: String, _ outcome: inout ReproductionOutcome, _ context: ReproductionContext
  ) throws(SzilardError) {
    let (machine, data) = try trainedOnDigits(folder, context)
    let chains = 2000
    let start = try equilibrated(machine, data: data, chains: chains, &outcome, context)
    var experiment = HeatExchange(bath: 1)
    experiment.trajectories = 1_000_000
    experiment.sweepsBetween = 2
    experiment.seed = context.seed
    experiment.workers = context.workers
    experiment = try experiment.withSuggestedBath(machine, from: start)
    let result = try experiment.run(machine, from: start) { context.progress(0.85 + 0.14 * $0) }
    add("MNIST", "bm-r2-mnist", result, to: &outcome)
    // What kind of machine this is: its likelihood, by annealing.
    var evaluator = LikelihoodEvaluator()
    evaluator.chains = 200
    evaluator.temperatures = 2000
    evaluator.seed = context.seed
    evaluator.workers = context.workers
    let logZ = try evaluator.logPartitionFunction(of: machine)
    let some = data.selectingRows(Array(0..<min(10_000, data.rows)))
    let energies = machine.freeEnergies(of: some, workers: context.workers)
    outcome.measured.append(
      ("MNIST: mean log-likelihood of 10,000 training digits", -mean(of: energies) - logZ.value))
  }

  private static func trainedOnDigits(
    _ folder: String, _ context: ReproductionContext
  ) throws(SzilardError) -> (machine: RestrictedBoltzmannMachine, data: StateMatrix) {
    var reading = DataOptions()
    reading.binarisation = .threshold(0.5)
    reading.workers = context.workers
    let data = try DataSet.load(folder + "/train-images-idx3-ubyte.gz", options: reading)
      .states(for: .bernoulli)
    var options = TrainingOptions()
    options.updates = context.isFull ? 20_000 : 2000
    options.gibbsSteps = 5
    options.batchSize = 200
    options.chains = 200
    options.learningRate = 0.05
    options.seed = context.seed
    let trainer = Trainer(
      machine: .initial(
        visible: .bernoulli, hidden: .bernoulli, hiddenCount: context.isFull ? 500 : 200,
        data: data, scale: options.initialWeightScale, seed: context.seed),
      data: data, options: options, workers: context.workers)
    for update in 0..<options.updates {
      try trainer.step()
      if update % 100 == 0 {
        context.progress(0.3 + 0.35 * Double(update) / Double(options.updates))
      }
    }
    return (trainer.machine, data)
  }

  /// Chains that began at digits and at noise, and the check that they no longer know which.
  private static func equilibrated(
    _ machine: RestrictedBoltzmannMachine, data: StateMatrix, chains: Int,
    _ outcome: inout ReproductionOutcome, _ context: ReproductionContext
  ) throws(SzilardError) -> StateMatrix {
    var sampling = GibbsSampling()
    sampling.workers = context.workers
    sampling.sweeps = context.isFull ? 10_000 : 2000
    let half = chains / 2
    let digits = data.selectingRows((0..<half).map { $0 * data.rows / half })
    let noise = GibbsSampling.noise(for: machine, count: half, seed: context.seed)
    var ends: [StateMatrix] = []
    var reductions: [Double] = []
    for (index, start) in [digits, noise].enumerated() {
      sampling.seed = context.seed &+ UInt64(index)
      let result = sampling.run(machine, from: start) {
        context.progress(0.65 + 0.1 * (Double(index) + $0))
      }
      ends.append(result.states)
      reductions.append(result.potentialScaleReduction)
      outcome.measured.append(
        (
          "MNIST: statistical inefficiency of F(v) from \(index == 0 ? "digits" : "noise"), sweeps",
          result.statisticalInefficiency
        ))
    }
    let energies = ends.map {
      StreamingMoments(machine.freeEnergies(of: $0, workers: context.workers))
    }
    let error =
      (energies[0].variance / Double(half) + energies[1].variance / Double(half)).squareRoot()
    var agreement = Check.measured(
      "MNIST: ⟨F(v)⟩ of chains from digits less that from noise",
      energies[0].mean - energies[1].mean, standardError: error, expected: 0, trajectories: chains)
    if agreement.verdict == .fail {
      agreement.verdict = .unresolved
      agreement.reason = "the chains are not in equilibrium: " + agreement.reason
    }
    outcome.checks.append(agreement)
    outcome.measured.append(("MNIST: largest split R̂ of F(v)", reductions.max() ?? 1))
    return ends[0].appending(ends[1])
  }
}
