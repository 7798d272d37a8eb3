internal import NumericalCore

/// Where in the diffusion an input of a network stands.
public struct NetworkCondition: Sendable, Equatable {
  /// The step 1 … T; 0 when there are no steps.
  public var step: Int
  /// λ = ln(a² / s²) of the noise in the input.
  public var logSignalToNoise: Double

  /// A place by its step, its signal-to-noise ratio, or both.
  public init(step: Int = 0, logSignalToNoise: Double = 0) {
    self.step = step
    self.logSignalToNoise = logSignalToNoise
  }
}

/// A network whose input comes with a condition.
public protocol ConditionedNetwork: Sendable {
  /// Columns of the input; of images height · width · channels, channels of a pixel side by side.
  var inputSize: Int { get }
  /// Columns of the output.
  var outputSize: Int { get }
  /// Samples that are worked at once.
  ///
  /// Batches are cut in pieces of so many samples whatever the number of threads; values of a piece should
  /// fit a cache, and a piece should be work enough that its gradient is worth adding.
  var samplesPerPiece: Int { get }
  /// Parameters with which to begin.
  func initialParameters(seed: UInt64) -> NetworkParameters
  /// Appends the network to a tape; rows of the input are samples.
  func apply(
    to input: Tape.Node, conditions: ArraySlice<NetworkCondition>, parameters: [Tape.Node],
    on tape: Tape
  ) -> Tape.Node
}

extension ConditionedNetwork {
  /// 128, for tables.
  public var samplesPerPiece: Int { 128 }
}
