public import DataSets
internal import Foundation
internal import Learning
public import NumericalCore

/// A run of a diffusion in its folder: updates, held-out losses, checkpoints.
public final class DiffusionRun {
  /// What a run is doing, for progress bars.
  public struct Progress: Sendable {
    /// Updates done.
    public let update: Int
    /// Updates in all.
    public let updates: Int
    /// Updates a second since this process began.
    public let rate: Double
    /// The mean loss of the last updates.
    public let loss: Double
    /// The newest record.
    public let record: DiffusionRecord?
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
  /// What is trained.
  public private(set) var description: DiffusionDescription
  /// The trainer.
  public let trainer: DiffusionTrainer

  private let heldOut: (any TrainingObjective)?
  private let entropies: Double?
  private let evaluateEvery: Int
  private let checkpointEvery: Int
  private let sampleCount: Int
  private let units: Int
  private let earlierSeconds: Double
  private let started = Date()
  private var newest: DiffusionRecord?
  private var losses: (sum: Double, count: Int) = (0, 0)
  private var smoothed = 0.0

  /// Samples of the held-out data that are evaluated on the way.
  public static let evaluatedSamples = 4096

  /// Numbers of them: pictures are fewer.
  private static let evaluatedNumbers = 500_000

  /// A run that begins, or goes on from the newest checkpoint in the folder.
  ///
  /// - Throws: `badData` when the data do not fit the model.
  public init(
    folder: RunFolder, description: DiffusionRunDescription, train: DataSet, test: DataSet?,
    workers: Workers, resume: Bool
  ) throws(SzilardError) {
    self.folder = folder
    self.description = description.model
    evaluateEvery = description.evaluateEvery
    checkpointEvery = description.checkpointEvery
    sampleCount = train.count
    units = train.unitCount
    trainer = try DiffusionTrainer(
      objective: try description.model.objective(train),
      evaluator: NetworkEvaluator(description.model.network.network, workers: workers),
      options: description.training)
    if let test, test.count > 0 {
      let count = min(
        DiffusionRun.evaluatedSamples, test.count,
        max(256, DiffusionRun.evaluatedNumbers / max(1, test.unitCount)))
      let some = test.selecting((0..<count).map { $0 * test.count / count })
      heldOut = try description.model.objective(some)
    } else {
      heldOut = nil
    }
    entropies = try description.model.boundEntropies(test ?? train)
    guard resume, let update = folder.checkpoints.last else {
      earlierSeconds = 0
      return
    }
    let file = folder.checkpointFile(update: update)
    let state: DiffusionCheckpoint.State
    do {
      state = try DiffusionCheckpoint.restore(trainer, from: file)
    } catch {
      throw SzilardError(
        error.kind, "\(error.message); delete the file to go on from the checkpoint before it")
    }
    earlierSeconds = state.seconds
    losses = (state.lossSum, state.lossCount)
    try folder.keepMetrics(as: DiffusionRecord.self) { $0.update <= update }
    newest = folder.metrics(as: DiffusionRecord.self).last
    self.description.learnedPath = trainer.learnedPath
  }

  /// Seconds of training so far, over all processes.
  public var seconds: Double { earlierSeconds + Date().timeIntervalSince(started) }

  /// The model as it is now.
  public var model: DiffusionModel {
    DiffusionModel(
      description: description, parameters: trainer.average.parameters,
      workers: trainer.evaluator.workers)
  }

  /// Trains to the end, or until `shouldStop` says so.
  ///
  /// - Throws: ``SzilardError`` when training diverges or the folder cannot be written. The last good
  ///   state is then in the newest checkpoint.
  public func run(
    progress: (Progress) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) throws -> Outcome {
    let first = trainer.update
    let updates = trainer.options.updates
    while trainer.update < updates {
      let loss: Double
      do {
        loss = try trainer.step()
      } catch {
        // Parameters that are no numbers any more are not worth keeping.
        if trainer.isFinite { try? checkpoint() }
        throw error
      }
      if let path = trainer.learnedPath { description.learnedPath = path }
      losses = (losses.sum + loss, losses.count + 1)
      smoothed = smoothed == 0 ? loss : 0.98 * smoothed + 0.02 * loss
      let update = trainer.update
      let isLast = update == updates
      if evaluateEvery > 0 && update % evaluateEvery == 0 || isLast { try record() }
      let stops = shouldStop()
      if checkpointEvery > 0 && update % checkpointEvery == 0 || isLast || stops {
        try checkpoint()
      }
      progress(
        Progress(
          update: update, updates: updates,
          rate: Double(update - first) / max(Date().timeIntervalSince(started), 1e-9),
          loss: smoothed, record: newest))
      if stops, !isLast { return .interrupted }
    }
    return .finished
  }

  private func checkpoint() throws(SzilardError) {
    try DiffusionCheckpoint.write(
      trainer, description: description,
      state: .init(seconds: seconds, lossSum: losses.sum, lossCount: losses.count),
      to: folder.checkpointFile(update: trainer.update))
    try model.write(to: folder.modelFile)
    if let configuration = try SchedulerConfiguration(description) {
      try folder.writeScheduler(configuration)
    }
  }

  private func record() throws {
    var record = DiffusionRecord(
      update: trainer.update,
      epoch: Double(trainer.update) * Double(trainer.options.batchSize) / Double(sampleCount),
      seconds: seconds, learningRate: trainer.learningRate,
      trainingLoss: losses.sum / Double(max(1, losses.count)))
    losses = (0, 0)
    if let heldOut {
      let values = try sampleLosses(of: heldOut)
      let estimate = Estimate(meanOf: values, method: "mean over held-out samples")
      record.heldOutLoss = estimate
      if let entropies {
        let size = Double(units)
        record.bound = estimate.scaled(by: -size, plus: entropies)
      }
    }
    newest = record
    try folder.appendMetrics(record)
  }

  /// The loss of each held-out sample under the averaged parameters, with the same times and noise at
  /// every record.
  private func sampleLosses(of objective: any TrainingObjective) throws -> [Double] {
    let batch = objective.batch(
      of: ArraySlice(0..<objective.sampleCount), update: 0, seed: trainer.options.seed &+ 1,
      workers: trainer.evaluator.workers)
    let outputs = try trainer.evaluator.outputs(
      of: batch.inputs, conditions: batch.conditions, parameters: trainer.average.parameters)
    let width = outputs.columns
    return trainer.evaluator.workers.map(objective.sampleCount) { row in
      var gradient = Matrix<Float>(rows: 1, columns: width)
      return batch.loss(row..<row + 1, outputs.selectingRows([row]), &gradient)
    }
  }
}
