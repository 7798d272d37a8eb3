internal import ArgumentParser
internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import Learning
internal import NumericalCore

/// The command that trains a diffusion.
///
/// `szilard diffusion train DATA --run DIR`
struct DiffusionTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a diffusion model.",
    discussion: """
      Writes run.json, metrics.jsonl, checkpoints and model.safetensors into the run folder. Ctrl-C saves \
      a checkpoint; --resume goes on from the newest one and ends with the same bits as an uninterrupted \
      run. DATA may be swiss-roll, heartbeat or dead-leaves.
      """)

  @Argument(help: "Training data: a file or a generator such as swiss-roll.")
  var data: String

  @Option(name: .customLong("run"), help: "The folder of the run.")
  var folderPath: String

  @Option(help: "Held-out data (default: a tenth of the training data is held out).")
  var test: String?

  @Option(help: "The part of the training data held out when there is no --test (default: 0.1).")
  var heldOut: Double?

  @OptionGroup var model: DiffusionModelOptions

  @Option(help: "Parameter updates (default: 20000).")
  var updates: Int?

  @Option(help: "Samples a batch (default: 256; 128 for pictures).")
  var batchSize: Int?

  @Option(help: "The learning rate of Adam (default: 0.001).")
  var learningRate: Double?

  @Option(
    help: "constant, linear:F, exponential:F or cosine:F, F = final factor (default: cosine:0).")
  var learningRateSchedule: String?

  @Option(help: "Decay of the average of parameters, which is the model (default: 0.999).")
  var average: Double?

  @Option(help: "Updates between records of the held-out loss (default: a twentieth).")
  var evaluateEvery: Int?

  @Option(help: "Updates between checkpoints (default: a tenth).")
  var checkpointEvery: Int?

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
    for (name, value) in [("--updates", updates), ("--batch-size", batchSize)] {
      if let value, value < 1 || value > 100_000_000 {
        throw ValidationError("\(name) \(value): give a whole number from 1 on")
      }
    }
    for (name, value) in [
      ("--evaluate-every", evaluateEvery), ("--checkpoint-every", checkpointEvery),
    ] {
      if let value, value < 0 { throw ValidationError("\(name) \(value): give 0 or more updates") }
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate \(learningRate): give a number above 0")
    }
    if let average, !(average >= 0 && average < 1) {
      throw ValidationError("--average \(average): give a number from 0 to below 1")
    }
    if let heldOut, !(heldOut >= 0 && heldOut < 1) {
      throw ValidationError("--held-out \(heldOut): give a number from 0 to below 1")
    }
    if test != nil, heldOut != nil {
      throw ValidationError("--held-out: --test names the held-out data; give one of them")
    }
    if let schedule = learningRateSchedule, LearningRateSchedule(schedule) == nil {
      throw ValidationError(
        "--learning-rate-schedule \(schedule): give constant, linear:F, exponential:F or cosine:F "
          + "with F in [0, 1]")
    }
    if resume {
      let own: [(String, Bool)] = [
        ("--updates", updates != nil), ("--batch-size", batchSize != nil),
        ("--learning-rate", learningRate != nil),
        ("--learning-rate-schedule", learningRateSchedule != nil), ("--average", average != nil),
        ("--evaluate-every", evaluateEvery != nil), ("--checkpoint-every", checkpointEvery != nil),
        ("--test", test != nil), ("--held-out", heldOut != nil), ("--seed", seed != nil),
      ]
      if reading.reading != ReadingDescription() {
        throw ValidationError(
          "options of reading the data: a run that is resumed keeps them; leave them out")
      }
      let given = model.given + own.filter(\.1).map(\.0)
      if let first = given.first {
        throw ValidationError("\(first): a run that is resumed keeps its options; leave it out")
      }
    }
  }

  func run() throws {
    let workers = try compute.apply()
    LinearAlgebra.useOneThread()
    // The folder is looked at first: nobody wants to hear after an hour of reading that it exists.
    let folder = try RunFolder(folderPath, mode: resume ? .resume : overwrite ? .overwrite : .new)
    let earlier = resume ? try folder.description(as: DiffusionRunDescription.self) : nil
    let chosenSeed = earlier?.training.seed ?? resolvedSeed(seed)
    if let earlier, earlier.data != data {
      throw SzilardError(
        .usage, "DATA \(data): this run was begun with \(earlier.data); name the same data")
    }
    let (train, held) = try loadTrainingData(
      data, test: earlier?.test ?? test, heldOut: earlier?.heldOut ?? heldOut,
      reading: earlier?.reading ?? reading.reading, seed: chosenSeed, workers: workers)
    var description = try describe(earlier, train: train, seed: chosenSeed, workers: workers)
    let training = try DiffusionRun(
      folder: folder, description: description, train: train, test: held, workers: workers,
      resume: resume)
    Interruption.watch()
    if !resume { try folder.create() }
    try folder.writeDescription(description)
    announce(description, train: train, held: held, training: training)
    let outcome = try follow(training, description: &description)
    try finish(training, outcome: outcome, description: description)
  }

  private func describe(
    _ earlier: DiffusionRunDescription?, train: DataSet, seed: UInt64, workers: Workers
  ) throws -> DiffusionRunDescription {
    let machine = MachineDescription(
      host: ProcessInfo.processInfo.hostName,
      instructionSet: InstructionSet.current.description, blas: LinearAlgebra.blasName,
      threads: workers.count)
    if var earlier {
      earlier.machine = machine
      earlier.status = "running"
      return earlier
    }
    var options = DiffusionTrainingOptions()
    options.seed = seed
    options.updates = updates ?? options.updates
    options.batchSize = batchSize ?? (train.pictureShape == nil ? 256 : 128)
    options.learningRate = learningRate ?? options.learningRate
    options.schedule = learningRateSchedule ?? options.schedule
    options.averageDecay = average ?? options.averageDecay
    return DiffusionRunDescription(
      version: szilardVersion, data: data, test: test, heldOut: heldOut ?? 0.1,
      reading: reading.reading, model: try model.description(for: train), training: options,
      evaluateEvery: evaluateEvery ?? max(1, options.updates / 20),
      checkpointEvery: checkpointEvery ?? max(1, options.updates / 10), machine: machine)
  }

  private func announce(
    _ description: DiffusionRunDescription, train: DataSet, held: DataSet?, training: DiffusionRun
  ) {
    let model = description.model
    let options = description.training
    var what = "\(model.kind.rawValue), network \(model.network.name)"
    if let head = model.head { what += ", output \(head.rawValue)" }
    if let loss = model.loss { what += ", loss \(loss.rawValue)" }
    if let path = model.path { what += ", path \(path)" }
    Console.message(
      """
      \(what), \(training.trainer.parameters.count) parameters; chain of \(model.schedule.steps) steps, \
      schedule \(model.schedule.name.rawValue)
      \(train.count) training samples of \(train.unitCount), \(held?.count ?? 0) held out; batch \
      \(options.batchSize), Adam at \(options.learningRate), \(options.updates) updates, seed \
      \(options.seed), \(description.machine.threads) threads, \
      \(description.machine.instructionSet) kernels
      """)
    if let quantum = model.quantum, quantum > 0 {
      Console.message(
        "the data are quantised: uniform noise of width \(quantum) makes them continuous")
    }
    if model.kind != .categorical, (model.quantum ?? 0) == 0,
      case .reals(let values) = train.values,
      (0..<min(100, values.rows)).allSatisfy({ values.row($0).allSatisfy { $0 == $0.rounded() } })
    {
      Console.message(
        "the data are whole numbers, whose density is unbounded; scaled to 0 ... 1 and with --levels they get "
          + "noise of a level")
    }
    if training.trainer.update > 0 {
      Console.message("going on from update \(training.trainer.update)")
    }
  }

  private func follow(
    _ training: DiffusionRun, description: inout DiffusionRunDescription
  ) throws -> DiffusionRun.Outcome {
    let line = ProgressLine()
    defer { line.finish() }
    do {
      return try training.run(
        progress: { progress in
          guard line.isShown else { return }
          let left = Double(progress.updates - progress.update) / max(progress.rate, 1e-9)
          var text =
            ProgressLine.bar(Double(progress.update) / Double(max(1, progress.updates)))
            + " \(progress.update)/\(progress.updates)"
            + "  \(Console.number(progress.rate, digits: 1))/s  \(Console.duration(left)) left"
            + "  loss \(Console.number(progress.loss, digits: 4))"
          if let held = progress.record?.heldOutLoss {
            text += "  held out \(Console.number(held.value, digits: 4))"
          }
          if let bound = progress.record?.bound {
            text += "  K \(Console.number(bound.value, digits: 3)) nats"
          }
          line.show(text)
        }, shouldStop: { Interruption.wanted })
    } catch {
      description.status = "failed"
      description.cost.seconds = training.seconds
      try? training.folder.writeDescription(description)
      throw error
    }
  }

  private func finish(
    _ training: DiffusionRun, outcome: DiffusionRun.Outcome, description: DiffusionRunDescription
  ) throws {
    var description = description
    description.model = training.description
    description.cost.seconds = training.seconds
    description.status = outcome == .finished ? "finished" : "interrupted"
    try training.folder.writeDescription(description)
    if outcome == .interrupted {
      Console.message(
        "stopped at update \(training.trainer.update); a checkpoint is saved. Go on with: szilard "
          + "diffusion train \(description.data) --run \(training.folder.path) --resume")
      throw ExitCode(130)
    }
    guard let record = training.folder.metrics(as: DiffusionRecord.self).last else { return }
    if json { return try Console.json(record) }
    Console.output("update \(record.update), \(Console.duration(training.seconds))")
    Console.output("training loss \(Console.number(record.trainingLoss, digits: 5))")
    if let held = record.heldOutLoss { Console.output("held-out loss \(held)") }
    if let bound = record.bound {
      Console.output("held-out bound K \(bound.scaled(by: 1 / log(2))) bits a sample")
    }
    Console.output("model: \(training.folder.modelFile)")
  }
}
