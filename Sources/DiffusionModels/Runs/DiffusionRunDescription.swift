public import DataSets
public import NumericalCore

/// What `run.json` of a diffusion says: what was asked, with every option resolved.
public struct DiffusionRunDescription: Sendable, Codable, Equatable {
  /// The version of Szilard.
  public var version: String
  /// The kind of run.
  public var command = "diffusion train"
  /// The training data, as asked.
  public var data: String
  /// The held-out data, as asked.
  public var test: String?
  /// The part of the training data held out where no test data were given.
  public var heldOut: Double
  /// How the data were read.
  public var reading: ReadingDescription
  /// The model.
  public var model: DiffusionDescription
  /// How it is trained.
  public var training: DiffusionTrainingOptions
  /// Updates between records.
  public var evaluateEvery: Int
  /// Updates between checkpoints.
  public var checkpointEvery: Int
  /// Where it ran.
  public var machine: MachineDescription
  /// What it cost so far.
  public var cost = CostDescription()
  /// `running`, `finished`, `interrupted` or `failed`.
  public var status = "running"

  /// A description of a run that begins.
  public init(
    version: String, data: String, test: String?, heldOut: Double, reading: ReadingDescription,
    model: DiffusionDescription, training: DiffusionTrainingOptions, evaluateEvery: Int,
    checkpointEvery: Int, machine: MachineDescription
  ) {
    self.version = version
    self.data = data
    self.test = test
    self.heldOut = heldOut
    self.reading = reading
    self.model = model
    self.training = training
    self.evaluateEvery = evaluateEvery
    self.checkpointEvery = checkpointEvery
    self.machine = machine
  }
}

/// One line of `metrics.jsonl` of a diffusion.
public struct DiffusionRecord: Sendable, Codable, Equatable {
  /// Updates done.
  public var update: Int
  /// Passes over the data.
  public var epoch: Double
  /// Seconds of training so far.
  public var seconds: Double
  /// The learning rate of the next update.
  public var learningRate: Double
  /// The mean loss of the updates since the record before.
  public var trainingLoss: Double
  /// The loss of the averaged parameters on held-out data; one draw of time and noise a sample.
  public var heldOutLoss: Estimate?
  /// The bound K on the log-likelihood of held-out data in nats a sample, where the loss is it.
  public var bound: Estimate?
}
