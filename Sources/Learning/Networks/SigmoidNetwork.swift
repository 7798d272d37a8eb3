internal import NumericalCore

/// Layers of sigmoid units, with an affine readout of its own for each step.
///
/// The network for binary sequences of Sohl-Dickstein et al. 2015, appendix D.1.2:
///
///     a_l = 1 / (1 + exp(−a_{l−1} W_l − b_l)),    y = a_L W_t + b_t
public struct SigmoidNetwork: ConditionedNetwork, Codable, Equatable {
  /// Columns of the input.
  public var inputSize: Int
  /// Units of the hidden layers.
  public var hidden: [Int]
  /// T.
  public var steps: Int
  /// Columns of the output.
  public var outputSize: Int

  /// A network of T readouts.
  public init(inputSize: Int, hidden: [Int] = [50, 50, 50], steps: Int, outputs: Int) {
    self.inputSize = inputSize
    self.hidden = hidden
    self.steps = steps
    outputSize = outputs
  }

  /// Few pieces, because the gradients of T readouts are long to add: one or more samples a readout.
  public var samplesPerPiece: Int { (Swift.max(512, steps) + 511) / 512 * 512 }

  /// Weights that keep the spread of fields at one; readouts zero.
  public func initialParameters(seed: UInt64) -> NetworkParameters {
    var parameters = NetworkParameters()
    var width = inputSize
    for (layer, units) in hidden.enumerated() {
      // A sigmoid unit varies by about 1/5 about 1/2: hidden inputs need the larger weights.
      parameters.appendMap(
        "layer-\(layer + 1)", rows: width, columns: units, gain: layer == 0 ? 2 : 16, seed: seed)
      width = units
    }
    parameters.append("readouts", rows: steps * width, columns: outputSize)
    parameters.append("biases", rows: steps, columns: outputSize)
    return parameters
  }

  /// Appends the network to a tape; conditions have steps 1 … T.
  public func apply(
    to input: Tape.Node, conditions: ArraySlice<NetworkCondition>, parameters: [Tape.Node],
    on tape: Tape
  ) -> Tape.Node {
    var reader = ParameterReader(parameters)
    var x = input
    for _ in hidden {
      let (weights, biases) = reader.map()
      x = tape.apply(.sigmoid, to: tape.affine(x, weights: weights, bias: biases))
    }
    return tape.readout(
      x, weights: reader.next(), biases: reader.next(), steps: conditions.map { $0.step - 1 })
  }
}
