internal import Learning
internal import NumericalCore

/// The states, conditions and loss of one update.
struct TrainingBatch: Sendable {
  /// What the network sees, one noisy state a row.
  var inputs: Matrix<Float>
  /// Where each stands.
  var conditions: [NetworkCondition]
  /// The sum of losses of a range of rows whose outputs are given, and its gradient.
  var loss: @Sendable (Range<Int>, Matrix<Float>, inout Matrix<Float>) -> Double
}

/// Data with a loss: what a trainer draws its batches from.
protocol TrainingObjective: Sendable {
  /// Samples to draw from.
  var sampleCount: Int { get }
  /// The batch of the given samples in an update; its streams follow from the seed and the update.
  func batch(
    of samples: ArraySlice<Int>, update: Int, seed: UInt64, workers: Workers
  ) -> TrainingBatch
  /// The path with which training goes on from an update, where the path is learned and this update
  /// measures it; nil otherwise.
  func refittedPath(
    update: Int, of updates: Int, parameters: NetworkParameters, evaluator: NetworkEvaluator,
    seed: UInt64
  ) throws -> MonotoneSchedule?
  /// Takes the path that was measured.
  mutating func follow(_ path: MonotoneSchedule)
}

extension TrainingObjective {
  func refittedPath(
    update: Int, of updates: Int, parameters: NetworkParameters, evaluator: NetworkEvaluator,
    seed: UInt64
  ) throws -> MonotoneSchedule? { nil }

  mutating func follow(_ path: MonotoneSchedule) {}
}

extension NetworkCondition {
  /// The condition of a state at a level, with the log-SNR kept in reach of an embedding.
  init(_ level: NoiseLevel, step: Int = 0) {
    self.init(step: step, logSignalToNoise: min(20, max(-20, level.logSignalToNoise)))
  }
}
