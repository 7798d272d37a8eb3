internal import Foundation
public import Learning
public import NumericalCore

/// A network that denoises, at any level of any path.
///
/// States are brought to the frame a² + s² = 1 that the network was trained in: x/√(a² + s²) has the
/// same x₀ and ε behind it, so one network serves chains, flows and straight lines alike.
public struct NetworkDenoiser: Denoiser {
  /// The network on its threads.
  public let evaluator: NetworkEvaluator
  /// Its parameters.
  public var parameters: NetworkParameters
  /// What its output stands for.
  public let head: NetworkHead

  /// A network with the meaning of its output.
  public init(evaluator: NetworkEvaluator, parameters: NetworkParameters, head: NetworkHead) {
    self.evaluator = evaluator
    self.parameters = parameters
    self.head = head
  }

  /// Coordinates of a state.
  public var dimension: Int { evaluator.network.inputSize }

  /// `noise` where the output is the noise or the score, `v` otherwise: both are well-conditioned at
  /// every level at which the network is.
  public var native: Prediction { head == .noise || head == .score ? .noise : .v }

  /// Whether the network's second outputs are widths of the steps of a chain.
  public var hasWidths: Bool { evaluator.network.outputSize == 2 * dimension }

  /// E[native | x], and the share v of the wider of the two variances of a step.
  func nativePredictionWithWidths(
    of states: Matrix<Double>, at level: NoiseLevel
  ) throws -> (prediction: Matrix<Double>, shares: Matrix<Double>) {
    precondition(hasWidths)
    let frame = Frame(level, head)
    let outputs = try evaluator.outputs(
      of: frame.inputs(states), conditions: conditions(level, states.rows), parameters: parameters)
    return (
      states.mixed(frame.state, frame.output, Matrix(widening: outputs, columns: dimension)),
      Matrix(widening: outputs.slice(from: dimension, dimension), columns: dimension)
    )
  }

  /// E[native | x].
  public func nativePrediction(
    of states: Matrix<Double>, at level: NoiseLevel
  ) throws -> Matrix<Double> {
    let frame = Frame(level, head)
    let outputs = try evaluator.outputs(
      of: frame.inputs(states), conditions: conditions(level, states.rows), parameters: parameters)
    return states.mixed(
      frame.state, frame.output, Matrix(widening: outputs, columns: dimension))
  }

  /// E[native | x] and cᵀ ∂native/∂x by backpropagation to the input.
  public func nativeGradient(
    of states: Matrix<Double>, at level: NoiseLevel, cotangents: Matrix<Double>
  ) throws -> (prediction: Matrix<Double>, gradient: Matrix<Double>) {
    let frame = Frame(level, head)
    let width = evaluator.network.outputSize
    let (outputs, gradients) = try evaluator.inputGradients(
      of: frame.inputs(states), conditions: conditions(level, states.rows), parameters: parameters,
      outputGradients: cotangents.narrowed().paddedColumns(width))
    return (
      states.mixed(frame.state, frame.output, Matrix(widening: outputs, columns: dimension)),
      cotangents.mixed(
        frame.state, frame.output * frame.scale, Matrix(widening: gradients, columns: dimension))
    )
  }

  private func conditions(_ level: NoiseLevel, _ count: Int) -> [NetworkCondition] {
    [NetworkCondition](
      repeating: NetworkCondition(step: 0, logSignalToNoise: level.logSignalToNoise),
      count: count)
  }

  /// How native = state · x + output · F(scale · x) at a level.
  private struct Frame {
    let scale: Double
    let state: Double
    let output: Double

    init(_ level: NoiseLevel, _ head: NetworkHead) {
      scale =
        1 / (level.signal * level.signal + level.noise * level.noise).squareRoot()
      let inner = NoiseLevel(signal: scale * level.signal, noise: scale * level.noise)
      if head == .noise || head == .score {
        let (p, q) = head.noiseCombination(inner)
        state = p * scale
        output = q
      } else {
        // v = a ε − s x₀ at the caller's level.
        let (e, x) = (head.noiseCombination(inner), head.dataCombination(inner))
        state = (level.signal * e.state - level.noise * x.state) * scale
        output = level.signal * e.output - level.noise * x.output
      }
    }

    func inputs(_ states: Matrix<Double>) -> Matrix<Float> {
      states.narrowed(times: scale)
    }
  }
}
