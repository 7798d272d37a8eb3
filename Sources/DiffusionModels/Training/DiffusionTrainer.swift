internal import Foundation
public import Learning
internal import NumericalCore

/// How a diffusion is trained.
public struct DiffusionTrainingOptions: Sendable, Equatable, Codable {
  /// Updates in all.
  public var updates = 20_000
  /// Samples a batch.
  public var batchSize = 256
  /// The learning rate of Adam.
  public var learningRate = 1e-3
  /// How it changes, as ``LearningRateSchedule`` writes it.
  public var schedule = "cosine:0"
  /// The largest μ of the average of parameters.
  public var averageDecay = 0.999
  /// Gradients with a larger norm are shortened to it; 0 for none.
  public var largestGradient = 1.0
  /// The seed.
  public var seed: UInt64 = 1

  /// The defaults.
  public init() {}
}

/// Training of a network of a diffusion: batches, Adam, the average of parameters.
///
/// Batches and their noise follow from the seed and the number of the update, so a trainer that goes on
/// from its saved state ends with the same bits as one that was never stopped.
public final class DiffusionTrainer {
  /// How it is trained.
  public let options: DiffusionTrainingOptions
  /// The network on its threads.
  public let evaluator: NetworkEvaluator
  /// Parameters as they are.
  public internal(set) var parameters: NetworkParameters
  /// Their average, which is the model.
  public internal(set) var average: MovingAverage
  /// Adam with its memory.
  public internal(set) var optimizer: Optimizer
  /// Updates done.
  public internal(set) var update = 0
  /// The course of a learned path, once it has been measured.
  public private(set) var learnedPath: MonotoneSchedule?

  private var objective: any TrainingObjective
  private var batches: Minibatches
  private let rate: LearningRateSchedule

  init(
    objective: any TrainingObjective, evaluator: NetworkEvaluator,
    options: DiffusionTrainingOptions
  ) throws(SzilardError) {
    guard let rate = LearningRateSchedule(options.schedule) else {
      throw SzilardError(
        .usage,
        "the schedule '\(options.schedule)' of the learning rate: give constant, linear:F, "
          + "exponential:F or cosine:F")
    }
    self.rate = rate
    self.objective = objective
    self.evaluator = evaluator
    self.options = options
    parameters = evaluator.network.initialParameters(seed: options.seed)
    average = MovingAverage(of: parameters, decay: options.averageDecay)
    optimizer = Optimizer(
      rule: .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8), shapes: parameters.shapes)
    batches = Minibatches(
      sampleCount: objective.sampleCount, batchSize: options.batchSize, seed: options.seed)
  }

  /// Goes on from a saved state.
  func restore(
    parameters: NetworkParameters, average: NetworkParameters, first: [Matrix<Float>],
    second: [Matrix<Float>], update: Int, learnedPath: MonotoneSchedule?
  ) {
    self.parameters = parameters
    self.average = MovingAverage(of: average, decay: options.averageDecay, updates: update)
    optimizer.firstMoments = first
    optimizer.secondMoments = second
    optimizer.updates = update
    self.update = update
    if let learnedPath { follow(learnedPath) }
  }

  private func follow(_ path: MonotoneSchedule) {
    learnedPath = path
    objective.follow(path)
  }

  /// Whether all parameters are finite numbers.
  var isFinite: Bool {
    (parameters.tensors + average.parameters.tensors).allSatisfy { $0.sumOfSquares.isFinite }
  }

  /// The learning rate of the next update.
  public var learningRate: Double {
    options.learningRate * rate.factor(update: update, total: options.updates)
  }

  /// One update; returns the mean loss of the batch.
  ///
  /// - Throws: `badData` when the loss is no longer finite; parameters are then those before.
  public func step() throws -> Double {
    if let path = try objective.refittedPath(
      update: update, of: options.updates, parameters: average.parameters, evaluator: evaluator,
      seed: options.seed)
    {
      follow(path)
    }
    // A batch larger than the data goes through them more than once, each time with noise of its own.
    let share = min(options.batchSize, objective.sampleCount)
    var samples: [Int] = []
    let passes = (options.batchSize + share - 1) / share
    for pass in 0..<passes {
      samples += batches.batch(update: update * passes + pass)
    }
    let batch = objective.batch(
      of: samples.prefix(options.batchSize), update: update, seed: options.seed,
      workers: evaluator.workers)
    var (sum, slopes) = try evaluator.gradient(
      of: batch.inputs, conditions: batch.conditions, parameters: parameters, loss: batch.loss)
    let count = Double(batch.conditions.count)
    // The optimiser ascends.
    var factor = -1 / count
    if options.largestGradient > 0 {
      let norm = slopes.reduce(0.0) { $0 + $1.sumOfSquares }.squareRoot() / count
      if norm > options.largestGradient { factor *= options.largestGradient / norm }
    }
    guard sum.isFinite, factor.isFinite, factor != 0 else {
      throw SzilardError(
        .badData, "the loss of update \(update + 1) is not a finite number: lower the learning rate"
      )
    }
    optimizer.beginUpdate()
    let rate = learningRate
    for slot in parameters.tensors.indices {
      slopes[slot].scale(by: Float(factor))
      optimizer.apply(
        slot: slot, gradient: slopes[slot], to: &parameters.tensors[slot], rate: rate,
        workers: evaluator.workers)
    }
    update += 1
    average.update(with: parameters, workers: evaluator.workers)
    return sum / count
  }
}
