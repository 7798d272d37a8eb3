public import DataSets
internal import Foundation
public import NumericalCore

/// A training run in its folder: updates, held-out likelihoods, checkpoints.
public final class TrainingRun {
  /// What a run is doing, for progress bars.
  public struct Progress: Sendable {
    /// Updates done.
    public let update: Int
    /// Updates in all.
    public let updates: Int
    /// Seconds since this process began to train.
    public let seconds: Double
    /// Updates a second since then.
    public let rate: Double
    /// The newest record.
    public let record: TrainingRecord?
  }

  /// How a run ended.
  public enum Outcome: Sendable {
    /// All updates were done.
    case finished
    /// It was asked to stop; a checkpoint was written.
    case interrupted
  }

  /// Where the run is kept.
  public let folder: RunFolder
  /// The trainer.
  public let trainer: Trainer
  /// Updates between records; 0 for none but the last.
  public let evaluateEvery: Int
  /// Updates between checkpoints; 0 for none but the last.
  public let checkpointEvery: Int
  /// How likelihoods are measured on the way.
  public var evaluator: LikelihoodEvaluator

  private let evaluated: [(name: String, states: StateMatrix, weights: [Double]?, exact: Double?)]
  private let earlierSeconds: Double
  private let started = Date()
  private let sampleCount: Int
  private var newest: TrainingRecord?

  /// Samples of a data set that are evaluated on the way.
  public static let evaluatedSamples = 2000

  /// The smaller layer up to which records have singular vectors: beyond, these take four times as long
  /// as the values alone.
  public static let spectrumLimit = 1024

  /// A run that begins, or goes on from the newest checkpoint in the folder.
  ///
  /// - Parameters:
  ///   - machine: Where to begin; on resuming, the checkpoint's machine takes its place.
  ///   - test: Held-out data, or nil.
  public init(
    folder: RunFolder, machine: RestrictedBoltzmannMachine, train: DataSet, test: DataSet?,
    options: TrainingOptions, evaluateEvery: Int, checkpointEvery: Int, workers: Workers,
    resume: Bool
  ) throws(SzilardError) {
    self.folder = folder
    self.evaluateEvery = evaluateEvery
    self.checkpointEvery = checkpointEvery
    let states = try train.states(for: machine.visible.kind)
    sampleCount = states.rows
    let newestCheckpoint = resume ? folder.checkpoints.last : nil
    if let update = newestCheckpoint {
      let checkpoint = try Checkpoint(
        path: folder.checkpointFile(update: update), rule: options.optimizer)
      guard checkpoint.machine.visible.kind == machine.visible.kind,
        checkpoint.machine.visible.count == states.columns
      else {
        throw SzilardError(
          .badData,
          "\(train.name): has \(states.columns) units, the run \(checkpoint.machine.visible.count)")
      }
      trainer = Trainer(
        machine: checkpoint.machine, data: states, weights: train.weights, options: options,
        workers: workers, optimizer: checkpoint.optimizer, chains: checkpoint.chains,
        update: checkpoint.update)
      do {
        try checkpoint.restore(to: trainer)
      } catch {
        throw SzilardError(
          error.kind, "\(folder.checkpointFile(update: update)): \(error.message)")
      }
      earlierSeconds = checkpoint.seconds
    } else {
      trainer = Trainer(
        machine: machine, data: states, weights: train.weights, options: options, workers: workers)
      earlierSeconds = 0
    }
    evaluator = LikelihoodEvaluator()
    evaluator.chains = 256
    evaluator.temperatures = 1000
    evaluator.measuresPseudoLikelihood = false
    evaluator.workers = workers
    var evaluated: [(String, StateMatrix, [Double]?, Double?)] = []
    for (name, data) in [("train", Optional(train)), ("test", test)] {
      guard let data else { continue }
      let count = min(TrainingRun.evaluatedSamples, data.count)
      let some = data.selecting((0..<count).map { $0 * data.count / count })
      evaluated.append(
        (name, try some.states(for: machine.visible.kind), some.weights, some.exactLogLikelihood))
    }
    self.evaluated = evaluated.map { (name: $0.0, states: $0.1, weights: $0.2, exact: $0.3) }
    let reached = trainer.update
    if resume {
      // Without a checkpoint the run begins anew, with its first record: the ledger counts from there.
      try folder.keepMetrics(as: TrainingRecord.self) {
        newestCheckpoint != nil && $0.update <= reached
      }
      newest = folder.metrics(as: TrainingRecord.self).last
    }
  }

  /// Seconds of training so far, over all processes.
  public var seconds: Double { earlierSeconds + Date().timeIntervalSince(started) }

  /// Trains to the end, or until `shouldStop` says so.
  ///
  /// - Throws: ``SzilardError`` when training diverges or the folder cannot be written. The last good
  ///   state is then in the newest checkpoint.
  public func run(
    progress: (Progress) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) throws(SzilardError) -> Outcome {
    let first = trainer.update
    let updates = trainer.options.updates
    func report() {
      let seconds = Date().timeIntervalSince(started)
      progress(
        Progress(
          update: trainer.update, updates: updates, seconds: seconds,
          rate: Double(trainer.update - first) / max(seconds, 1e-9), record: newest))
    }
    if first == 0 {
      // A run that was stopped before its first checkpoint has this record already; the next one still
      // counts from here.
      if newest == nil { try record() } else { _ = trainer.thermodynamics(marking: true) }
    }
    report()
    while trainer.update < updates {
      do {
        try trainer.step()
      } catch {
        try? checkpoint()
        throw error
      }
      let update = trainer.update
      let isLast = update == updates
      if evaluateEvery > 0 && update % evaluateEvery == 0 || isLast { try record() }
      let stops = shouldStop()
      if checkpointEvery > 0 && update % checkpointEvery == 0 || isLast || stops {
        try checkpoint()
      }
      report()
      if stops, !isLast { return .interrupted }
    }
    if newest == nil { try record() }
    return .finished
  }

  private func checkpoint() throws(SzilardError) {
    let checkpoint = Checkpoint(of: trainer, seconds: seconds)
    try checkpoint.write(to: folder.checkpointFile(update: trainer.update))
    try ModelFile.save(trainer.machine, to: folder.modelFile)
  }

  private func record() throws(SzilardError) {
    // The same streams whenever the run passes here, interrupted or not.
    evaluator.seed = trainer.options.seed &+ UInt64(trainer.update) &* 0x9e37_79b9
    let machine = trainer.machine
    let logZ = try evaluator.logPartitionFunction(of: machine)
    let spectrum =
      min(machine.weights.rows, machine.weights.columns) <= TrainingRun.spectrumLimit
      ? try? MachineSpectrum(of: machine, keeping: 0) : nil
    let values = spectrum?.values ?? LinearAlgebra.singularValues(machine.weights)
    var thermodynamics = trainer.thermodynamics(marking: true)
    if let account = thermodynamics {
      // Where the probes have lost the machine, the records' own ln Z serve.
      thermodynamics?.secondLaw = account.secondLaw(orWith: logZ)
      if account.dissipatedWork?.isResolved != true {
        thermodynamics?.dissipatedWork =
          Trainer.dissipation(
            work: account.work * Double(account.updates), updates: account.updates,
            from: newest?.logPartitionFunction, to: logZ) ?? account.dissipatedWork
      }
    }
    if let trajectory = thermodynamics?.logPartitionFunction {
      thermodynamics?.logLikelihood = logLikelihoods(of: machine, with: trajectory)
    }
    let record = TrainingRecord(
      update: trainer.update,
      epoch: Double(trainer.update) * Double(min(trainer.options.batchSize, sampleCount))
        / Double(sampleCount),
      seconds: seconds, learningRate: trainer.learningRate, logPartitionFunction: logZ,
      logLikelihood: logLikelihoods(of: machine, with: logZ),
      singularValues: Array(values.prefix(32)), spectrum: spectrum.map(SpectrumSummary.init),
      thermodynamics: thermodynamics)
    newest = record
    try folder.appendMetrics(record)
  }

  /// The log-likelihood of the held-out data as the machine is now, with ln Z along the training.
  ///
  /// Nil where there are no probes. Changes nothing.
  public func runningLogLikelihood() -> DataLogLikelihood? {
    guard let logZ = trainer.probes?.logPartitionFunction() else { return nil }
    return logLikelihoods(of: trainer.machine, with: logZ).last
  }

  private func logLikelihoods(
    of machine: RestrictedBoltzmannMachine, with logZ: Estimate
  ) -> [DataLogLikelihood] {
    evaluated.map {
      evaluator.logLikelihood(
        of: machine, data: $0.name, states: $0.states, weights: $0.weights,
        exactLogLikelihood: $0.exact, logPartitionFunction: logZ)
    }
  }
}
