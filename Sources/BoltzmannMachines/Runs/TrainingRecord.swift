public import NumericalCore

/// One line of `metrics.jsonl`.
public struct TrainingRecord: Sendable, Codable {
  /// Updates done.
  public var update: Int
  /// Passes over the training data.
  public var epoch: Double
  /// Seconds of training so far, evaluation included.
  public var seconds: Double
  /// The learning rate of the next update.
  public var learningRate: Double
  /// ln Z.
  public var logPartitionFunction: Estimate
  /// Log-likelihoods of training and held-out data (at most some thousand samples each).
  public var logLikelihood: [DataLogLikelihood]
  /// The largest singular values of W, in the native convention of the units.
  public var singularValues: [Double]
  /// The noise of the couplings and what stands out of it; nil in runs of earlier versions and for layers
  /// of more than ``TrainingRun/spectrumLimit`` units.
  public var spectrum: SpectrumSummary?
  /// The run as a work protocol; nil where no ledger is kept.
  public var thermodynamics: TrainingThermodynamics?

  /// The log-likelihood of held-out data, where there are some.
  public var heldOut: DataLogLikelihood? { logLikelihood.first { $0.data == "test" } }
}
