public import Learning

/// A network by its kind and sizes, as a run folder stores it.
public enum NetworkDescription: Sendable, Equatable, Codable {
  case radialBasis(RadialBasisNetwork)
  case sigmoid(SigmoidNetwork)
  case multiScale(MultiScaleConvolution)
  case residual(ResidualNetwork)
  case convolution(ResidualConvolution)

  /// The network.
  public var network: any ConditionedNetwork {
    switch self {
    case .radialBasis(let network): network
    case .sigmoid(let network): network
    case .multiScale(let network): network
    case .residual(let network): network
    case .convolution(let network): network
    }
  }

  /// All numbers that it is made of.
  var sizes: [Int] {
    switch self {
    case .radialBasis(let n): [n.inputSize, n.units, n.steps, n.outputSize]
    case .sigmoid(let n): [n.inputSize, n.steps, n.outputSize] + n.hidden
    case .multiScale(let n): [n.height, n.width, n.channels, n.steps, n.layers, n.maps]
    case .residual(let n): [n.inputSize, n.width, n.blocks, n.waves, n.outputSize]
    case .convolution(let n):
      [n.height, n.width, n.channels, n.outputsPerInput, n.waves, n.conditionUnits] + n.maps
        + n.blocks
    }
  }

  /// The name, as `--network` takes it.
  public var name: String {
    switch self {
    case .radialBasis: "radial-basis"
    case .sigmoid: "sigmoid"
    case .multiScale: "multi-scale"
    case .residual: "residual"
    case .convolution: "convolution"
    }
  }
}
