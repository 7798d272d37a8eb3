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
