public import ArgumentParser
public import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore
internal import StochasticThermodynamics

/// The command that trains a machine.
///
/// `szilard train DATA --run DIR`
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a restricted Boltzmann machine.",
    discussion: """
      Writes run.json, metrics.jsonl, checkpoints and model.safetensors into the run folder. \
      Ctrl-C saves a checkpoint; --resume goes on from the newest one and ends with the same \
      bits as an uninterrupted run.
      """)

  @Argument(help: "Training data: a file or a generator such as ising:size=16.")
  var data: String

  @Option(name: .customLong("run"), help: "The folder of the run.")
  var folderPath: String

  @Option(help: "Held-out data (default: a tenth of the training data is held out).")
  var test: String?

  @Option(help: "The part of the training data held out when there is no --test (default: 0.1).")
  var heldOut: Double?

  @Option(help: "Hidden units (default: 100).")
  var hidden: Int?

  @Option(help: "Visible units: bernoulli, spin, gaussian or potts (default: what fits the data).")
  var visibleUnits: String?

  @Option(help: "Hidden units: bernoulli, spin or gaussian (default: bernoulli; spin for spins).")
  var hiddenUnits: String?

  @Option(help: "Negative phase: pcd, cd, random, jarzynski or ptt (default: pcd).")
  var method: TrainingMethod?

  @Option(help: "Gibbs sweeps an update (default: 10).")
  var gibbsSteps: Int?

  @Option(help: "Chains (default: 500).")
  var chains: Int?

  @Option(help: "Samples a batch (default: 500).")
  var batchSize: Int?

  @Option(
    help:
      "Learning rate (default: 0.05; 0.01 for spins, 0.002 for mixed and Gaussian units; 0.001 with adam)."
  )
  var learningRate: Double?

  @Option(
    help: "Learning-rate schedule: constant, linear:F, exponential:F or cosine:F, F = final factor."
  )
  var schedule: String?

  @Option(help: "Optimizer: sgd or adam (default: sgd).")
  var optimizer: String?

  @Option(help: "Momentum of sgd (default: 0).")
  var momentum: Double?

  @Option(help: "Parameter updates (default: 10000).")
  var updates: Int?

  @Option(help: "Passes over the data, instead of --updates.")
  var epochs: Int?

  @Option(help: "L1 penalty on the weights.")
  var l1: Double?

  @Option(help: "L2 penalty on the weights.")
  var l2: Double?

  @Flag(help: "Use plain instead of centred gradients.")
  var noCentring = false

  @Option(help: "Standard deviation of the initial weights (default: 0.01).")
  var initialWeights: Double?

  @Option(help: "Updates between records of the held-out likelihood (default: a twentieth).")
  var evaluateEvery: Int?

  @Option(help: "Annealing temperatures of each record (default: 1000).")
  var temperatures: Int?

  @Option(help: "Updates between checkpoints (default: a tenth).")
  var checkpointEvery: Int?

  @Option(
    help: "Probe chains that measure ln Z along the training, in sixteens (default: 512; 0: none).")
  var probes: Int?

  @Flag(help: "Keep no ledger of work and heat.")
  var noLedger = false

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Go on with the run in the folder.")
  var resume = false

  @Flag(help: "Replace the run in the folder.")
  var overwrite = false

  @Flag(help: "Print the last record as JSON.")
  var json = false

  func validate() throws {
    if resume && overwrite { throw ValidationError("give --resume or --overwrite, not both") }
    if updates != nil && epochs != nil {
      throw ValidationError("give --updates or --epochs, not both")
    }
    let counts: [(String, Int?)] = [
      ("--hidden", hidden), ("--gibbs-steps", gibbsSteps), ("--chains", chains),
      ("--batch-size", batchSize), ("--updates", updates), ("--epochs", epochs),
    ]
    for (name, value) in counts {
      if let value, value < 1 || value > 100_000_000 {
        throw ValidationError("\(name) \(value): give a whole number from 1 on")
      }
    }
    if let temperatures, temperatures < 2 || temperatures > 100_000_000 {
      throw ValidationError("--temperatures \(temperatures): give at least 2")
    }
    if let probes, probes < 0 || probes > 10_000_000 {
      throw ValidationError("--probes \(probes): give a number of chains, 0 for none")
    }
    if noLedger, let probes, probes > 0 {
      throw ValidationError("--probes \(probes): there are no probes without a ledger")
    }
    if noLedger, method == .jarzynski {
      throw ValidationError("--no-ledger: the weights of --method jarzynski are the ledger's work")
    }
    for (name, value) in [
      ("--evaluate-every", evaluateEvery), ("--checkpoint-every", checkpointEvery),
    ] {
      if let value, value < 0 { throw ValidationError("\(name) \(value): give 0 or more updates") }
    }
    let amounts: [(String, Double?)] = [
      ("--learning-rate", learningRate), ("--l1", l1), ("--l2", l2),
      ("--initial-weights", initialWeights),
    ]
    for (name, value) in amounts {
      if let value, !(value >= 0 && value.isFinite) {
        throw ValidationError("\(name) \(value): give a number, 0 or more")
      }
    }
    if let initialWeights, initialWeights > 1000 {
      throw ValidationError("--initial-weights \(initialWeights): give a number up to 1000")
    }
    if let momentum, !(momentum >= 0 && momentum < 1) {
      throw ValidationError("--momentum \(momentum): give a number from 0 to below 1")
    }
    if let heldOut, !(heldOut >= 0 && heldOut < 1) {
      throw ValidationError("--held-out \(heldOut): give a number from 0 to below 1")
    }
    if let schedule, LearningRateSchedule(schedule) == nil {
      throw ValidationError(
        "--schedule \(schedule): give constant, linear:F, exponential:F or cosine:F with F in [0, 1]"
      )
    }
    if let optimizer, optimizer != "sgd", optimizer != "adam" {
      throw ValidationError("--optimizer \(optimizer): give sgd or adam")
    }
  }

  func run() throws {
    let workers = try compute.apply()
    // The folder is looked at first: nobody wants to hear after an hour of reading that it exists.
    let folder = try RunFolder(folderPath, mode: resume ? .resume : overwrite ? .overwrite : .new)
    var earlier: RunDescription?
    if resume { earlier = try folder.description(as: RunDescription.self) }
    let chosenSeed = earlier?.training.seed ?? resolvedSeed(seed)
    let (train, held) = try loadTrainingData(
      earlier?.data ?? data, test: earlier?.test ?? test, heldOut: earlier?.heldOut ?? heldOut,
      reading: earlier?.reading ?? reading.reading, seed: chosenSeed, workers: workers)
    var description = try describe(
      earlier, train: train, seed: chosenSeed, workers: workers)
    let options = description.training.options
    let kind = UnitKind(
      name: description.model.visibleUnits, colours: UnitKind(fitting: train).channels)
    let hiddenKind = UnitKind(name: description.model.hiddenUnits)
    guard let kind, let hiddenKind else {
      throw SzilardError(.badData, "\(folder.runFile): names units that do not exist")
    }
    var machine = RestrictedBoltzmannMachine.initial(
      visible: kind, hidden: hiddenKind, hiddenCount: description.model.hidden,
      data: try train.states(for: kind), weights: train.weights, scale: options.initialWeightScale,
      seed: chosenSeed)
    if case .categorical(let alphabet) = train.variableKind { machine.alphabet = alphabet.symbols }
    machine.shape = train.pictureShape.map { [$0.height, $0.width] }
    Interruption.watch()
    if !resume { try folder.create() }
    try folder.writeDescription(description)
    let training = try TrainingRun(
      folder: folder, machine: machine, train: train, test: held, options: options,
      evaluateEvery: description.evaluateEvery, checkpointEvery: description.checkpointEvery,
      workers: workers, resume: resume)
    training.evaluator.temperatures = description.temperatures
    announce(description, train: train, held: held, from: training.trainer.update)
    let outcome = try follow(training, description: &description)
    try finish(training, outcome: outcome, description: description)
  }

  /// The description of a new run, or the old one after a check that nothing else is asked for.
  private func describe(
    _ earlier: RunDescription?, train: DataSet, seed: UInt64, workers: Workers
  ) throws -> RunDescription {
    let machine = RunDescription.Machine(
      host: ProcessInfo.processInfo.hostName,
      instructionSet: InstructionSet.current.description, blas: LinearAlgebra.blasName,
      threads: workers.count)
    if var earlier {
      try checkUnchanged(earlier)
      if let updates { earlier.training.updates = updates }
      earlier.machine = machine
      earlier.status = "running"
      return earlier
    }
    let visibleName = visibleUnits ?? UnitKind(fitting: train).name
    guard
      let visible = UnitKind(name: visibleName, colours: UnitKind(fitting: train).channels)
    else {
      throw SzilardError(
        .usage, "--visible-units \(visibleName): give bernoulli, spin, gaussian or potts")
    }
    let hiddenName = hiddenUnits ?? (visible == .spin ? "spin" : "bernoulli")
    guard let hiddenKind = UnitKind(name: hiddenName), hiddenKind.channels == 1,
      hiddenName != "potts"
    else {
      throw SzilardError(.usage, "--hidden-units \(hiddenName): give bernoulli, spin or gaussian")
    }
    let states = try train.states(for: visible)
    var options = TrainingOptions()
    options.seed = seed
    options.method = method ?? .pcd
    options.gibbsSteps = gibbsSteps ?? 10
    options.chains = chains ?? 500
    options.batchSize = min(batchSize ?? 500, states.rows)
    let isAdam = optimizer == "adam"
    options.optimizer =
      isAdam
      ? .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8)
      : .gradientAscent(momentum: momentum ?? 0)
    options.learningRate =
      learningRate ?? (isAdam ? 0.001 : TrainCommand.usualRate(visible, hiddenKind))
    options.schedule = schedule.flatMap { LearningRateSchedule($0) } ?? .constant
    let perEpoch = max(1, states.rows / options.batchSize)
    options.updates = updates ?? epochs.map { $0 * perEpoch } ?? 10_000
    options.l1 = l1 ?? 0
    options.l2 = l2 ?? 0
    options.centred = !noCentring
    options.initialWeightScale = initialWeights ?? 1e-2
    options.keepsLedger = !noLedger
    options.probes = noLedger ? 0 : probes ?? 512
    return RunDescription(
      version: szilardVersion, data: data, test: test, heldOut: heldOut ?? 0.1,
      reading: reading.reading,
      model: RunDescription.Model(
        visibleUnits: visible.name, hiddenUnits: hiddenKind.name, visible: states.columns,
        hidden: hidden ?? 100),
      training: RunDescription.Training(options),
      evaluateEvery: evaluateEvery ?? max(1, options.updates / 20),
      checkpointEvery: checkpointEvery ?? max(1, options.updates / 10),
      temperatures: temperatures ?? 1000, machine: machine)
  }

  /// Rates at which plain gradient ascent is stable on data of the usual sizes.
  private static func usualRate(_ visible: UnitKind, _ hidden: UnitKind) -> Double {
    switch (visible, hidden) {
    case (.gaussian, _), (_, .gaussian): 0.002
    case (.spin, .spin): 0.01
    case (.spin, _), (_, .spin): 0.002
    default: 0.05
    }
  }

  /// A resumed run takes its options from run.json; what is given again must agree.
  private func checkUnchanged(_ earlier: RunDescription) throws {
    func check<Value: Equatable>(_ name: String, _ given: Value?, _ old: Value) throws {
      if let given, given != old {
        throw SzilardError(
          .usage, "\(name) \(given): this run was begun with \(old); leave the option out")
      }
    }
    try check("DATA", data, earlier.data)
    try check("--test", test, earlier.test ?? "none")
    try check("--held-out", heldOut, earlier.heldOut)
    try check("--hidden", hidden, earlier.model.hidden)
    try check("--visible-units", visibleUnits, earlier.model.visibleUnits)
    try check("--hidden-units", hiddenUnits, earlier.model.hiddenUnits)
    try check("--method", method, earlier.training.method)
    try check("--gibbs-steps", gibbsSteps, earlier.training.gibbsSteps)
    try check("--chains", chains, earlier.training.chains)
    try check("--batch-size", batchSize, earlier.training.batchSize)
    try check("--learning-rate", learningRate, earlier.training.learningRate)
    try check("--schedule", schedule, earlier.training.schedule)
    try check("--optimizer", optimizer, earlier.training.optimizer)
    try check("--momentum", momentum, earlier.training.momentum)
    try check("--l1", l1, earlier.training.l1)
    try check("--l2", l2, earlier.training.l2)
    try check("--initial-weights", initialWeights, earlier.training.initialWeights)
    try check("--seed", seed, earlier.training.seed)
    try check("--evaluate-every", evaluateEvery, earlier.evaluateEvery)
    try check("--temperatures", temperatures, earlier.temperatures)
    try check("--checkpoint-every", checkpointEvery, earlier.checkpointEvery)
    try check("--probes", probes, earlier.training.probes ?? 0)
    if noLedger && earlier.training.ledger == true {
      throw SzilardError(.usage, "--no-ledger: this run was begun with a ledger")
    }
    if noCentring && earlier.training.centred {
      throw SzilardError(.usage, "--no-centring: this run was begun with centred gradients")
    }
    if reading.reading != RunDescription.Reading(), reading.reading != earlier.reading {
      throw SzilardError(
        .usage, "the data are read otherwise than when the run was begun; leave those options out")
    }
    if let updates, updates != earlier.training.updates,
      earlier.training.schedule != "constant"
    {
      throw SzilardError(
        .usage,
        "--updates \(updates): this run has the schedule \(earlier.training.schedule) over \(earlier.training.updates) updates"
      )
    }
  }

  private func announce(
    _ description: RunDescription, train: DataSet, held: DataSet?, from update: Int
  ) {
    let model = description.model
    let training = description.training
    Console.message(
      """
      \(model.visible) \(model.visibleUnits) x \(model.hidden) \(model.hiddenUnits) units, \
      \(train.count) training samples, \(held?.count ?? 0) held out
      \(training.method.rawValue)-\(training.gibbsSteps), \(training.chains) chains, batch \
      \(training.batchSize), \(training.optimizer) at \(training.learningRate), \
      \(training.updates) updates, seed \(training.seed), \(description.machine.threads) threads, \
      \(description.machine.instructionSet) kernels
      """)
    if update > 0 { Console.message("going on from update \(update)") }
  }

  private func follow(
    _ training: TrainingRun, description: inout RunDescription
  ) throws -> TrainingRun.Outcome {
    let line = ProgressLine()
    defer { line.finish() }
    do {
      var running: DataLogLikelihood?
      var measured = Date.distantPast
      return try training.run(
        progress: { progress in
          // The running likelihood costs as much as an update: every two seconds, for a terminal.
          if line.isShown, Date().timeIntervalSince(measured) > 2 {
            running = training.runningLogLikelihood()
            measured = Date()
          }
          line.show(TrainCommand.text(progress, running: running))
        }, shouldStop: { Interruption.wanted })
    } catch {
      description.status = "failed"
      description.cost.seconds = training.seconds
      try? training.folder.writeDescription(description)
      throw error
    }
  }

  private static func text(
    _ progress: TrainingRun.Progress, running: DataLogLikelihood?
  ) -> String {
    let fraction = Double(progress.update) / Double(max(1, progress.updates))
    let left = Double(progress.updates - progress.update) / max(progress.rate, 1e-9)
    var text =
      "\(ProgressLine.bar(fraction)) \(progress.update)/\(progress.updates)"
      + "  \(Console.number(progress.rate, digits: 1))/s  \(Console.duration(left)) left"
    func show(_ name: String, _ value: DataLogLikelihood) {
      let width = (value.interval.upperBound - value.interval.lowerBound) / 2
      text += "  \(name) \(Console.number(value.value, digits: 2))"
      text += value.verdict == .resolved ? "+-\(Console.number(width, digits: 2))" : "?"
    }
    if let running { show("\(running.data) now", running) }
    if let record = progress.record {
      for value in record.logLikelihood { show(value.data, value) }
      if let dissipated = record.thermodynamics?.dissipatedWork {
        text += "  dissipated \(Console.number(dissipated.value, digits: 4)) an update"
      }
    }
    return text
  }

  private func finish(
    _ training: TrainingRun, outcome: TrainingRun.Outcome, description: RunDescription
  ) throws {
    var description = description
    description.cost.seconds = training.seconds
    description.status = outcome == .finished ? "finished" : "interrupted"
    try training.folder.writeDescription(description)
    if outcome == .interrupted {
      Console.message(
        "stopped at update \(training.trainer.update); a checkpoint is saved. Go on with: szilard train \(description.data) --run \(training.folder.path) --resume"
      )
      throw ExitCode(130)
    }
    guard let record = training.folder.metrics(as: TrainingRecord.self).last else { return }
    if json { return try Console.json(record) }
    Console.output("update \(record.update), \(Console.duration(training.seconds))")
    Console.output(EvaluateCommand.table(record.logPartitionFunction, record.logLikelihood))
    if let thermodynamics = record.thermodynamics {
      Console.output(TrainCommand.account(thermodynamics))
    }
    Console.output("model: \(training.folder.modelFile)")
  }
}

extension TrainCommand {
  /// The ledger for a person.
  private static func account(_ thermodynamics: TrainingThermodynamics) -> String {
    var lines = [
      "work \(Console.number(thermodynamics.totalWork)), heat "
        + "\(Console.number(thermodynamics.totalHeat)) a chain; first law to "
        + String(format: "%.1e", thermodynamics.firstLawViolation)
    ]
    if let logZ = thermodynamics.logPartitionFunction {
      lines.append("ln Z along the training: \(logZ)")
    }
    if let dissipated = thermodynamics.dissipatedWork {
      lines.append("dissipated work an update: \(dissipated)")
    }
    if let produced = thermodynamics.entropyProduction {
      let (low, high) = (produced.interval.lowerBound, produced.interval.upperBound)
      lines.append(
        "entropy production of the sweeps from the data: "
          + (produced.isExact
            ? "\(Console.number(low, digits: 4))"
            : "between \(Console.number(low)) and \(Console.number(high))"))
    }
    if let exchange = thermodynamics.exchange {
      lines.append(
        "\(exchange.frozen) frozen machines, acceptance \(Console.number(exchange.acceptance)); "
          + "ln Z along them \(exchange.logPartitionFunction)")
    }
    if let secondLaw = thermodynamics.secondLaw {
      lines.append(
        "second law, <W> - dF = \(Console.number(secondLaw.statistic)): \(secondLaw.verdict.rawValue)"
      )
    }
    return lines.joined(separator: "\n")
  }
}

extension TrainingMethod: ExpressibleByArgument {}
