internal import NumericalCore

/// The function that a network in float applies to each of its numbers.
public enum Nonlinearity: String, Sendable, Equatable, Codable, CaseIterable {
  /// tanh x.
  case tanh
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// ln(1 + eˣ).
  case softplus
  /// x / (1 + e⁻ˣ), also called swish (Hendrycks and Gimpel 2016).
  case silu
  /// x above zero, 0.05 x below.
  case leakyRectifier

  var kernel: Kernels.Nonlinearity {
    switch self {
    case .tanh: .hyperbolicTangent
    case .sigmoid: .logistic
    case .softplus: .softplus
    case .silu: .swish
    case .leakyRectifier: .leakyRectifier
    }
  }
}

extension Tape {
  /// f of each number:  x̄ = ȳ f'(x).
  public func apply(_ function: Nonlinearity, to x: Node) -> Node {
    let output = node(
      samples: x.samples, height: x.height, width: x.width, channels: x.channels, of: x)
    let kind = function.kernel
    kernels.activate(kind, x.value, count: x.count, out: output.value)
    record(output) { tape, slopes in
      let sink = x.storage.gradientSink()
      tape.kernels.activationGradient(
        kind, x.value, slopes: slopes, count: x.count, accumulates: sink.accumulates,
        out: sink.pointer)
    }
    return output
  }
}
