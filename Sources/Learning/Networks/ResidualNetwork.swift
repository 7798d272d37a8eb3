internal import NumericalCore

/// A residual network for tables, told of its condition by scales and shifts.
///
/// The blocks are those of He et al. 2016, the modulation is that of Perez et al. 2018:
///
///     e = silu(waves(λ) A + a) B + b,    x₀ = x C + c,
///     x_l = x_{l−1} + silu(norm(silu(norm(x_{l−1})) U_l; scale and shift from e)) V_l,
///     y = silu(norm(x_L)) D
///
/// where norm is layer normalisation. D and the V_l begin at zero.
public struct ResidualNetwork: ConditionedNetwork, Codable, Equatable {
  /// Columns of the input.
  public var inputSize: Int
  /// Units of the residual stream.
  public var width: Int
  /// Residual blocks.
  public var blocks: Int
  /// Waves of λ.
  public var waves: Int
  /// Columns of the output.
  public var outputSize: Int

  /// A network for tables.
  public init(inputSize: Int, width: Int = 128, blocks: Int = 3, waves: Int = 32, outputs: Int) {
    self.inputSize = inputSize
    self.width = width
    self.blocks = blocks
    self.waves = waves
    outputSize = outputs
  }

  /// Random maps; those that end a block or the network are zero.
  public func initialParameters(seed: UInt64) -> NetworkParameters {
    var parameters = NetworkParameters()
    parameters.appendMap("condition-1", rows: waves, columns: width, gain: 2, seed: seed)
    parameters.appendMap("condition-2", rows: width, columns: width, gain: 2, seed: seed)
    parameters.appendMap("input", rows: inputSize, columns: width, seed: seed)
    for block in 1...Swift.max(1, blocks) where block <= blocks {
      parameters.append("block-\(block).norm", rows: 1, columns: 2 * width)
      parameters.appendMap("block-\(block).first", rows: width, columns: width, gain: 2, seed: seed)
      parameters.appendMap(
        "block-\(block).modulation", rows: width, columns: 2 * width, gain: 0, seed: seed)
      parameters.appendMap(
        "block-\(block).second", rows: width, columns: width, gain: 0, seed: seed)
    }
    parameters.append("output.norm", rows: 1, columns: 2 * width)
    parameters.appendMap("output", rows: width, columns: outputSize, gain: 0, seed: seed)
    return parameters
  }

  /// Appends the network to a tape.
  public func apply(
    to input: Tape.Node, conditions: ArraySlice<NetworkCondition>, parameters: [Tape.Node],
    on tape: Tape
  ) -> Tape.Node {
    var reader = ParameterReader(parameters)
    func affine(_ x: Tape.Node) -> Tape.Node {
      let (weights, biases) = reader.map()
      return tape.affine(x, weights: weights, bias: biases)
    }
    let hidden = tape.apply(.silu, to: affine(tape.waves(of: conditions, count: waves)))
    let condition = tape.apply(.silu, to: affine(hidden))
    var x = affine(input)
    for _ in 0..<blocks {
      let first = affine(tape.normalised(x, modulation: reader.next(), silu: true))
      let second = affine(
        tape.normalised(first, modulation: affine(condition), silu: true))
      x = tape.sum(x, second)
    }
    return affine(tape.normalised(x, modulation: reader.next(), silu: true))
  }
}
