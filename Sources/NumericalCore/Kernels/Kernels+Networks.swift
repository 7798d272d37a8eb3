internal import CSzilardKernels

// Kernels of networks in float, with Swift's types around C's; `CSzilardKernels.h` says what each does.
extension Kernels {
  /// What a network does with each of its numbers.
  package enum Nonlinearity: Sendable {
    case hyperbolicTangent, logistic, softplus, swish, leakyRectifier

    var c: szk_nonlinearity {
      switch self {
      case .hyperbolicTangent: SZK_HYPERBOLIC_TANGENT
      case .logistic: SZK_LOGISTIC
      case .softplus: SZK_SOFTPLUS
      case .swish: SZK_SWISH
      case .leakyRectifier: SZK_LEAKY_RECTIFIER
      }
    }
  }

  /// Images of height × width pixels with channels side by side.
  package struct Images: Sendable {
    package var samples: Int
    package var height: Int
    package var width: Int
    package var channels: Int

    package init(samples: Int, height: Int, width: Int, channels: Int) {
      self.samples = samples
      self.height = height
      self.width = width
      self.channels = channels
    }
  }

  /// out[r, c] = bias[c] + Σ_k in[r, k] weights[k, c].
  package func productOfRows(
    _ input: UnsafePointer<Float>, stride: Int, rows: Int, inner: Int,
    weights: UnsafePointer<Float>, weightStride: Int, columns: Int, bias: UnsafePointer<Float>?,
    accumulates: Bool, out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    c.productOfRows(
      input, stride, rows, 1, 0, inner, weights, weightStride, columns, bias, accumulates ? 1 : 0,
      out, outStride)
  }

  /// sums[k, c] += Σ_r in[r, k] out[r, c].
  package func outerProducts(
    _ input: UnsafePointer<Float>, stride: Int, inner: Int, out: UnsafePointer<Float>,
    outStride: Int, columns: Int, rows: Int, sums: UnsafeMutablePointer<Float>, sumStride: Int
  ) {
    c.outerProducts(
      input, stride, inner, out, outStride, columns, rows, 1, 0, 0, sums, sumStride)
  }

  /// Floats that a convolution needs for itself.
  package static func convolutionWorkspace(_ input: Images) -> Int {
    (input.height + 2) * (input.width + 2) * input.channels
  }

  /// The 3 × 3 convolution of images, beyond which there are zeros.
  package func convolve(
    _ input: UnsafePointer<Float>, _ shape: Images, weights: UnsafePointer<Float>,
    weightStride: Int, columns: Int, bias: UnsafePointer<Float>?, accumulates: Bool,
    out: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    c.convolve(
      input, shape.samples, shape.height, shape.width, shape.channels, weights, weightStride,
      columns, bias, accumulates ? 1 : 0, out, workspace)
  }

  /// Adds the gradient of a convolution with respect to its weights.
  package func convolutionGradient(
    _ input: UnsafePointer<Float>, _ shape: Images, slopes: UnsafePointer<Float>, columns: Int,
    sums: UnsafeMutablePointer<Float>, sumStride: Int, workspace: UnsafeMutablePointer<Float>
  ) {
    c.convolutionGradient(
      input, shape.samples, shape.height, shape.width, shape.channels, slopes, columns, sums,
      sumStride, workspace)
  }

  /// out = f(x).
  package func activate(
    _ kind: Nonlinearity, _ x: UnsafePointer<Float>, count: Int, out: UnsafeMutablePointer<Float>
  ) {
    c.activate(kind.c, x, count, out)
  }

  /// out = slopes f'(x).
  package func activationGradient(
    _ kind: Nonlinearity, _ x: UnsafePointer<Float>, slopes: UnsafePointer<Float>, count: Int,
    accumulates: Bool, out: UnsafeMutablePointer<Float>
  ) {
    c.activationGradient(kind.c, x, slopes, count, accumulates ? 1 : 0, out)
  }

  /// out = scale x.
  package func scale(
    _ x: UnsafePointer<Float>, count: Int, by scale: Float = 1, accumulates: Bool,
    out: UnsafeMutablePointer<Float>
  ) {
    c.addScaled(x, count, scale, accumulates ? 1 : 0, out)
  }

  /// out = u + scale v.
  package func sum(
    _ u: UnsafePointer<Float>, _ v: UnsafePointer<Float>, times scale: Float, count: Int,
    out: UnsafeMutablePointer<Float>
  ) {
    c.sumOf(u, v, count, scale, out)
  }

  /// out[r, c] = in[r, c].
  package func copyRows(
    _ input: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, accumulates: Bool = false,
    out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    c.copyRows(input, stride, rows, columns, accumulates ? 1 : 0, out, outStride)
  }

  /// out[c] += Σ_r x[r, c].
  package func columnSums(
    _ x: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int,
    out: UnsafeMutablePointer<Float>
  ) {
    c.columnSums(x, stride, rows, columns, out)
  }

  /// Groups of channels at mean 0 and variance 1, then scaled, shifted and, where asked, x logistic(x).
  package func normalize(
    _ x: UnsafePointer<Float>, _ shape: Images, groups: Int, epsilon: Float,
    modulation: UnsafePointer<Float>?, modulationStride: Int, isSwish: Bool,
    statistics: UnsafeMutablePointer<Float>, out: UnsafeMutablePointer<Float>
  ) {
    c.normalize(
      x, shape.samples, shape.height * shape.width, shape.channels, groups, epsilon, modulation,
      modulationStride, isSwish ? 1 : 0, statistics, out)
  }

  /// Floats that the gradient of a normalisation needs for itself.
  package static func normalizationWorkspace(_ shape: Images) -> Int {
    shape.channels * (2 + shape.height * shape.width)
  }

  /// The gradients of ``normalize``.
  package func normalizationGradient(
    _ x: UnsafePointer<Float>, _ shape: Images, groups: Int, modulation: UnsafePointer<Float>?,
    modulationStride: Int, isSwish: Bool, statistics: UnsafePointer<Float>,
    slopes: UnsafePointer<Float>, modulationGradient: UnsafeMutablePointer<Float>?,
    modulationGradientStride: Int, accumulates: Bool, out: UnsafeMutablePointer<Float>?,
    workspace: UnsafeMutablePointer<Float>
  ) {
    c.normalizationGradient(
      x, shape.samples, shape.height * shape.width, shape.channels, groups, modulation,
      modulationStride, isSwish ? 1 : 0, statistics, slopes, modulationGradient,
      modulationGradientStride, accumulates ? 1 : 0, out, workspace)
  }

  /// Sums of 2 × 2 pixels, scaled; `shape` is that of the result.
  package func poolPixels(
    _ x: UnsafePointer<Float>, _ shape: Images, scale: Float, accumulates: Bool,
    out: UnsafeMutablePointer<Float>
  ) {
    c.poolPixels(
      x, shape.samples, shape.height, shape.width, shape.channels, scale, accumulates ? 1 : 0, out)
  }

  /// Each pixel, scaled, at 2 × 2 places; `shape` is that of the input.
  package func spreadPixels(
    _ x: UnsafePointer<Float>, _ shape: Images, scale: Float, accumulates: Bool,
    out: UnsafeMutablePointer<Float>
  ) {
    c.spreadPixels(
      x, shape.samples, shape.height, shape.width, shape.channels, scale, accumulates ? 1 : 0, out)
  }

  /// The most units of a radial basis.
  package static let mostRadialUnits = Int(SZK_MOST_UNITS)

  /// Normalised radial basis functions of rows.
  package func radialBasis(
    _ x: UnsafePointer<Float>, stride: Int, rows: Int, inputs: Int, centers: UnsafePointer<Float>,
    centerStride: Int, logWidths: UnsafePointer<Float>, units: Int,
    out: UnsafeMutablePointer<Float>
  ) {
    c.radialBasis(x, stride, rows, inputs, centers, centerStride, logWidths, units, out)
  }

  /// The gradients of ``radialBasis``.
  package func radialBasisGradient(
    _ x: UnsafePointer<Float>, stride: Int, rows: Int, inputs: Int, centers: UnsafePointer<Float>,
    centerStride: Int, logWidths: UnsafePointer<Float>, units: Int, values: UnsafePointer<Float>,
    slopes: UnsafePointer<Float>, centerGradient: UnsafeMutablePointer<Float>?,
    widthGradient: UnsafeMutablePointer<Float>?, accumulates: Bool,
    out: UnsafeMutablePointer<Float>?
  ) {
    c.radialBasisGradient(
      x, stride, rows, inputs, centers, centerStride, logWidths, units, values, slopes,
      centerGradient, widthGradient, accumulates ? 1 : 0, out)
  }

  /// out[r, k] = cos(2π(x[r] frequencies[k] + phases[k])).
  package func cosineWaves(
    _ x: [Float], frequencies: [Float], phases: [Float], out: UnsafeMutablePointer<Float>
  ) {
    c.cosineWaves(x, x.count, frequencies, phases, frequencies.count, out)
  }

  /// The numbers of an update by Adam.
  package struct Adam: Sendable {
    package var firstDecay: Float
    package var secondDecay: Float
    /// The rate over the correction of the first moment.
    package var step: Float
    /// The root of one over the correction of the second moment.
    package var scale: Float
    package var epsilon: Float

    package init(
      firstDecay: Float, secondDecay: Float, step: Float, scale: Float, epsilon: Float
    ) {
      self.firstDecay = firstDecay
      self.secondDecay = secondDecay
      self.step = step
      self.scale = scale
      self.epsilon = epsilon
    }
  }

  /// One update by Adam, ascending.
  package func adam(
    _ rule: Adam, gradient: UnsafePointer<Float>, count: Int, first: UnsafeMutablePointer<Float>,
    second: UnsafeMutablePointer<Float>, parameters: UnsafeMutablePointer<Float>
  ) {
    c.adam(
      szk_adam(
        firstDecay: rule.firstDecay, secondDecay: rule.secondDecay, step: rule.step,
        scale: rule.scale, epsilon: rule.epsilon), gradient, count, first, second, parameters)
  }

  /// average ← decay · average + (1 − decay) x.
  package func movingAverage(
    _ x: UnsafePointer<Float>, count: Int, decay: Float, average: UnsafeMutablePointer<Float>
  ) {
    c.movingAverage(x, count, decay, average)
  }
}
