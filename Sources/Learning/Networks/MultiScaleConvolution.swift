internal import NumericalCore

/// The network for images of the paper that introduced diffusion models.
///
/// It is that of appendix D.2 in Sohl-Dickstein et al. 2015. A multi-scale layer pools the image to 2⁻ᵏ of its size for each scale k, convolves there, brings
/// everything back to full size, adds it up and takes the softplus:
///
///     a_l = softplus(Σ_k upsample_k(conv_k(pool_k(a_{l−1}))) + b_l)
///
/// Beside it a dense net sees the whole image and gives some numbers for each pixel. Both together go
/// through layers of tanh units in each pixel, and then to J numbers for each output y, which bumps in
/// time contract:  z = Σ_j y_j g_j(t). The outputs are two for each number of the image: all first ones
/// (means), then all second ones (variances). They begin at zero.
public struct MultiScaleConvolution: ConditionedNetwork, Codable, Equatable {
  /// Pixels from top to bottom; sizes that the coarsest scale does not divide are padded with zeros.
  public var height: Int
  /// Pixels from left to right.
  public var width: Int
  /// Numbers of a pixel.
  public var channels: Int
  /// T.
  public var steps: Int
  /// Multi-scale layers.
  public var layers: Int
  /// Maps of a layer.
  public var maps: Int
  /// Scales of a layer, each half the size of the one before.
  public var scales: Int
  /// Units of the dense net on the whole image; with none it is left out.
  public var denseUnits: Int
  /// Numbers for each pixel that the dense net gives.
  public var denseOutputs: Int
  /// tanh units in each pixel.
  public var pixelUnits: Int
  /// Layers of them.
  public var pixelLayers: Int
  /// J, bumps in time.
  public var bumps: Int

  /// The defaults are those of the authors' program for MNIST.
  public init(
    height: Int, width: Int, channels: Int = 1, steps: Int, layers: Int = 4, maps: Int = 20,
    scales: Int = 1, denseUnits: Int = 500, denseOutputs: Int = 2, pixelUnits: Int = 20,
    pixelLayers: Int = 2, bumps: Int = 10
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    self.steps = steps
    self.layers = layers
    self.maps = maps
    self.scales = scales
    self.denseUnits = denseUnits
    self.denseOutputs = denseOutputs
    self.pixelUnits = pixelUnits
    self.pixelLayers = pixelLayers
    self.bumps = bumps
  }

  /// Numbers of an image.
  public var inputSize: Int { height * width * channels }
  /// Two for each of them.
  public var outputSize: Int { 2 * inputSize }
  /// Enough for the dense net, whose weights are many.
  public var samplesPerPiece: Int { 32 }

  /// Random maps; the last one is zero.
  public func initialParameters(seed: UInt64) -> NetworkParameters {
    var parameters = NetworkParameters()
    var inputs = channels
    for layer in 1...Swift.max(1, layers) where layer <= layers {
      for scale in 0..<scales {
        parameters.append(
          "layer-\(layer).scale-\(scale).weights", rows: 9 * inputs, columns: maps,
          deviation: (1 / Double(9 * inputs * scales)).squareRoot(), seed: seed)
      }
      parameters.append("layer-\(layer).biases", rows: 1, columns: maps)
      inputs = maps
    }
    if denseUnits > 0 {
      parameters.appendMap("dense-1", rows: inputSize, columns: denseUnits, seed: seed)
      parameters.appendMap(
        "dense-2", rows: denseUnits, columns: height * width * denseOutputs, seed: seed)
      inputs += denseOutputs
    }
    for layer in 1...Swift.max(1, pixelLayers) where layer <= pixelLayers {
      parameters.appendMap("pixel-\(layer)", rows: inputs, columns: pixelUnits, seed: seed)
      inputs = pixelUnits
    }
    parameters.appendMap(
      "output", rows: inputs, columns: 2 * channels * bumps, gain: 0, seed: seed)
    return parameters
  }

  /// Appends the network to a tape; conditions have steps 1 … T.
  public func apply(
    to input: Tape.Node, conditions: ArraySlice<NetworkCondition>, parameters: [Tape.Node],
    on tape: Tape
  ) -> Tape.Node {
    var reader = ParameterReader(parameters)
    func affine(_ x: Tape.Node) -> Tape.Node {
      let (weights, biases) = reader.map()
      return tape.affine(x, weights: weights, bias: biases)
    }
    let images = tape.reshaped(input, height: height, width: width)
    let coarsest = 1 << (scales - 1)
    var x = tape.resized(
      images, height: (height + coarsest - 1) / coarsest * coarsest,
      width: (width + coarsest - 1) / coarsest * coarsest)
    for _ in 0..<layers {
      let weights = (0..<scales).map { _ in reader.next() }
      let bias = reader.next()
      x = tape.apply(.softplus, to: multiScale(x, weights: weights, bias: bias, on: tape))
    }
    x = tape.resized(x, height: height, width: width)
    if denseUnits > 0 {
      let whole = affine(tape.apply(.tanh, to: affine(input)))
      x = tape.concatenated(x, tape.reshaped(whole, height: height, width: width))
    }
    for _ in 0..<pixelLayers { x = tape.apply(.tanh, to: affine(x)) }
    let bumps = tape.temporalBumps(of: conditions, count: self.bumps, steps: steps)
    return tape.separated(tape.contracted(affine(x), with: bumps), parts: 2)
  }

  /// The sum of convolutions at each scale; from the coarsest up, so that each doubles once.
  private func multiScale(
    _ x: Tape.Node, weights: [Tape.Node], bias: Tape.Node, on tape: Tape
  ) -> Tape.Node {
    var pooled = [x]
    for _ in 1..<Swift.max(1, scales) { pooled.append(tape.meanPooled(pooled[pooled.count - 1])) }
    var total: Tape.Node?
    for scale in (0..<scales).reversed() {
      let here = tape.convolution(
        pooled[scale], weights: weights[scale], bias: scale == 0 ? bias : nil)
      total = total.map { tape.sum(here, tape.upsampled($0)) } ?? here
    }
    guard let total else { preconditionFailure("a layer has a scale") }
    return total
  }
}
