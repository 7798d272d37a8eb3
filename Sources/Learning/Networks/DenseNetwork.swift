public import NumericalCore

/// A network of fully connected layers.
///
///     a₀ = x,   aₗ = φ(Wₗ aₗ₋₁ + bₗ)  for l = 1 … L − 1,   f(x) = W_L a_{L−1} + b_L
///
/// The parameters are one vector θ: for each layer its weights (a row for each output), then its biases.
/// A network is its shape alone; parameters are passed to it, as descent and samplers move them.
public struct DenseNetwork: Sendable, Equatable {
  /// Units from the inputs through the hidden layers to the outputs.
  public let layerSizes: [Int]
  /// φ of the hidden units; outputs are linear.
  public let activation: Activation
  /// d, the number of parameters.
  public let parameterCount: Int
  let layers: [Layer]

  /// Where a layer's parameters stand in θ.
  struct Layer: Sendable, Equatable {
    let inputs: Int
    let outputs: Int
    /// Of the first weight.
    let offset: Int
    /// Of the first bias.
    var biasOffset: Int { offset + inputs * outputs }
    /// Units in all layers before the outputs of this one.
    let unitsBefore: Int
  }

  /// The network with the given numbers of units: inputs, hidden layers if any, outputs.
  public init(layerSizes: [Int], activation: Activation = .tanh) {
    precondition(layerSizes.count >= 2 && layerSizes.allSatisfy { $0 > 0 }, "\(layerSizes)")
    self.layerSizes = layerSizes
    self.activation = activation
    var layers: [Layer] = []
    var offset = 0
    var units = 0
    for (inputs, outputs) in zip(layerSizes, layerSizes.dropFirst()) {
      units += inputs
      layers.append(Layer(inputs: inputs, outputs: outputs, offset: offset, unitsBefore: units))
      offset += (inputs + 1) * outputs
    }
    self.layers = layers
    parameterCount = offset
  }

  /// Inputs of the network.
  public var inputCount: Int { layers[0].inputs }
  /// Outputs of the network.
  public var outputCount: Int { layers[layers.count - 1].outputs }
  /// Units in all layers, inputs and outputs among them.
  var unitCount: Int { layerSizes.reduce(0, +) }
  /// Units of the widest layer.
  var width: Int { layerSizes.max() ?? 0 }

  /// Weights drawn so that signals keep their size from layer to layer; biases zero.
  ///
  ///     W ~ N(0, 1/inputs), 2/inputs for rectifiers
  ///
  /// LeCun, Bottou, Orr and Müller 1998; He, Zhang, Ren and Sun 2015.
  public func initialParameters(seed: UInt64, index: UInt64 = 0) -> [Double] {
    var stream = RandomStream(seed: seed, purpose: .networkWeights, index: index)
    var parameters = [Double](repeating: 0, count: parameterCount)
    for layer in layers {
      let variance = (activation == .rectifier ? 2 : 1) / Double(layer.inputs)
      for k in layer.offset..<layer.biasOffset {
        parameters[k] = variance.squareRoot() * stream.normal()
      }
    }
    return parameters
  }

  /// f(x) of each row.
  ///
  /// - Parameter inputs: Shape `[n, inputCount]`.
  /// - Returns: Shape `[n, outputCount]`.
  public func outputs(of inputs: Matrix<Float>, parameters: [Double]) -> Matrix<Double> {
    let pass = forward(inputs, parameters: parameters)
    return Matrix(rows: inputs.rows, columns: outputCount, elements: pass.outputs)
  }
}
