public import DataSets
internal import Learning

/// What `run.json` says: what was asked, with every option resolved, where it ran, what it cost.
public struct RunDescription: Sendable, Codable, Equatable {
  /// The version of Szilard.
  public var version: String
  /// The kind of run.
  public var command = "train"
  /// The training data, as asked.
  public var data: String
  /// The held-out data, as asked.
  public var test: String?
  /// The part of the training data held out where no test data were given.
  public var heldOut: Double
  /// How the data were read.
  public var reading: Reading
  /// What was trained.
  public var model: Model
  /// How.
  public var training: Training
  /// Updates between records.
  public var evaluateEvery: Int
  /// Updates between checkpoints.
  public var checkpointEvery: Int
  /// Annealing temperatures of each record.
  public var temperatures: Int
  /// Where it ran.
  public var machine: Machine
  /// What it cost so far.
  public var cost = Cost()
  /// `running`, `finished`, `interrupted` or `failed`.
  public var status = "running"

  /// How data files are read.
  public typealias Reading = ReadingDescription
  /// Where a run runs.
  public typealias Machine = MachineDescription
  /// What a run cost.
  public typealias Cost = CostDescription

  /// The machine that is trained.
  public struct Model: Sendable, Codable, Equatable {
    /// Kind of the visible units.
    public var visibleUnits: String
    /// Kind of the hidden units.
    public var hiddenUnits: String
    /// Visible units.
    public var visible: Int
    /// Hidden units.
    public var hidden: Int

    /// A description.
    public init(visibleUnits: String, hiddenUnits: String, visible: Int, hidden: Int) {
      self.visibleUnits = visibleUnits
      self.hiddenUnits = hiddenUnits
      self.visible = visible
      self.hidden = hidden
    }
  }

  /// The training options under the names of the command line.
  public struct Training: Sendable, Codable, Equatable {
    /// Where the negative phase comes from.
    public var method: TrainingMethod
    /// Sweeps an update.
    public var gibbsSteps: Int
    /// Chains.
    public var chains: Int
    /// Samples a batch.
    public var batchSize: Int
    /// The learning rate at the beginning.
    public var learningRate: Double
    /// The learning-rate schedule, as `--schedule` takes it.
    public var schedule: String
    /// `sgd` or `adam`.
    public var optimizer: String
    /// Momentum of `sgd`.
    public var momentum: Double
    /// Updates in all.
    public var updates: Int
    /// L1 penalty.
    public var l1: Double
    /// L2 penalty.
    public var l2: Double
    /// Whether gradients are centred.
    public var centred: Bool
    /// Standard deviation of the initial weights.
    public var initialWeights: Double
    /// Whether work and heat of the chains are booked (runs of earlier versions: no).
    public var ledger: Bool?
    /// Probe chains of the annealing along the training.
    public var probes: Int?
    /// The seed.
    public var seed: UInt64

    /// The options as text and numbers.
    public init(_ options: TrainingOptions) {
      method = options.method
      gibbsSteps = options.gibbsSteps
      chains = options.chains
      batchSize = options.batchSize
      learningRate = options.learningRate
      schedule = options.schedule.description
      optimizer = options.optimizer.name
      if case .gradientAscent(let momentum) = options.optimizer {
        self.momentum = momentum
      } else {
        momentum = 0
      }
      updates = options.updates
      l1 = options.l1
      l2 = options.l2
      centred = options.centred
      initialWeights = options.initialWeightScale
      ledger = options.keepsLedger
      probes = options.probes
      seed = options.seed
    }

    /// The options of a run that is resumed.
    public var options: TrainingOptions {
      var result = TrainingOptions()
      result.method = method
      result.gibbsSteps = gibbsSteps
      result.chains = chains
      result.batchSize = batchSize
      result.learningRate = learningRate
      result.schedule = LearningRateSchedule(schedule) ?? .constant
      result.optimizer =
        optimizer == "adam"
        ? .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8)
        : .gradientAscent(momentum: momentum)
      result.updates = updates
      result.l1 = l1
      result.l2 = l2
      result.centred = centred
      result.initialWeightScale = initialWeights
      result.keepsLedger = ledger ?? false
      result.probes = probes ?? 0
      result.seed = seed
      return result
    }
  }

  /// A description of a run that begins.
  public init(
    version: String, data: String, test: String?, heldOut: Double, reading: Reading, model: Model,
    training: Training, evaluateEvery: Int, checkpointEvery: Int, temperatures: Int,
    machine: Machine
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
    self.temperatures = temperatures
    self.machine = machine
  }
}
