internal import NumericalCore

/// One layer of normalised radial basis functions, with a readout of its own for each step.
///
/// The network for the Swiss roll of Sohl-Dickstein et al. 2015, appendix D.1.1:
///
///     h_k(x) = exp(−|x − c_k|² / 2 w_k²) / Σ_l exp(−|x − c_l|² / 2 w_l²),    y = h(x) W_t + b_t
public struct RadialBasisNetwork: ConditionedNetwork, Codable, Equatable {
  /// Columns of the input.
  public var inputSize: Int
  /// Radial basis functions.
  public var units: Int
  /// T.
  public var steps: Int
  /// Columns of the output.
  public var outputSize: Int

  /// The most radial basis functions.
  public static var mostUnits: Int { Kernels.mostRadialUnits }

  /// A network of T readouts.
  public init(inputSize: Int, units: Int = 16, steps: Int, outputs: Int) {
    self.inputSize = inputSize
    self.units = units
    self.steps = steps
    outputSize = outputs
  }

  /// Small enough that a thread is worth waking for a thousand samples only.
  public var samplesPerPiece: Int { 1024 }

  /// Centres from N(0, 1), where the data are; widths one; readouts zero.
  public func initialParameters(seed: UInt64) -> NetworkParameters {
    var parameters = NetworkParameters()
    parameters.append("centres", rows: inputSize, columns: units, deviation: 1, seed: seed)
    parameters.append("log-widths", rows: 1, columns: units)
    parameters.append("readouts", rows: steps * units, columns: outputSize)
    parameters.append("biases", rows: steps, columns: outputSize)
    return parameters
  }

  /// Appends the network to a tape; conditions have steps 1 … T.
  public func apply(
    to input: Tape.Node, conditions: ArraySlice<NetworkCondition>, parameters: [Tape.Node],
    on tape: Tape
  ) -> Tape.Node {
    let hidden = tape.radialBasis(input, centres: parameters[0], logWidths: parameters[1])
    return tape.readout(
      hidden, weights: parameters[2], biases: parameters[3], steps: conditions.map { $0.step - 1 })
  }
}
