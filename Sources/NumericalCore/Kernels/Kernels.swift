internal import CSzilardKernels

/// The biases and scales of a field on the path from a base model to the model.
///
///     x[r, c] = base[c] + rowScale[r] (product[r, c] + slope[c])
///
/// A missing `rowScale` is 1, a missing bias is 0. The pointers must outlive the call.
package struct FieldPath {
  package var base: UnsafePointer<Float>?
  package var slope: UnsafePointer<Float>?
  package var rowScale: UnsafePointer<Float>?

  package init(
    base: UnsafePointer<Float>? = nil, slope: UnsafePointer<Float>? = nil,
    rowScale: UnsafePointer<Float>? = nil
  ) {
    self.base = base
    self.slope = slope
    self.rowScale = rowScale
  }

  var c: szk_field { szk_field(baseBias: base, slopeBias: slope, rowScale: rowScale) }
}

/// The binary kernels of one instruction set, with Swift's types around C's.
///
/// Shapes, layouts and the order of random draws are specified in `CSzilardKernels.h`. A kernel
/// works on a range of rows, so that workers can share matrices; ranges begin at block boundaries.
package struct Kernels: Sendable {
  package let instructionSet: InstructionSet
  private let table: UncheckedSendable<szk_kernels>

  /// The kernels in use.
  package static var current: Kernels { Kernels(InstructionSet.current) }

  /// The kernels of one instruction set, which must be supported.
  package init(_ set: InstructionSet) {
    guard let table = szk_kernels_for(szk_level(rawValue: UInt32(set.rawValue))) else {
      preconditionFailure("kernels '\(set)' do not run on this machine")
    }
    instructionSet = set
    self.table = UncheckedSendable(table.pointee)
  }

  var c: szk_kernels { table.value }

  /// Bytes of scratch for a table product.
  package func scratchBytes(rows: Int, inner: Int) -> Int { c.scratchBytes(rows, inner) }

  /// out = bits · weights for tiles of sixteen columns.
  package func product(
    bits: UnsafePointer<UInt64>, bitStride: Int, rows: Int, inner: Int,
    weights: UnsafePointer<Float>, weightStride: Int, tiles: Range<Int>,
    out: UnsafeMutablePointer<Float>, outStride: Int, scratch: UnsafeMutableRawPointer
  ) {
    c.product(
      bits, bitStride, rows, inner, weights, weightStride, tiles.lowerBound, tiles.upperBound, out,
      outStride, scratch)
  }

  /// out = logistic(field of bits · weights).
  package func means(
    bits: UnsafePointer<UInt64>, bitStride: Int, rows: Int, inner: Int,
    weights: UnsafePointer<Float>, weightStride: Int, columns: Int, field: FieldPath,
    out: UnsafeMutablePointer<Float>, outStride: Int, scratch: UnsafeMutableRawPointer
  ) {
    c.means(
      bits, bitStride, rows, inner, weights, weightStride, columns, field.c, out, outStride, scratch
    )
  }

  /// outBits ~ Bernoulli(logistic(field of bits · weights)); rows begin at block `firstBlock`.
  package func sample(
    bits: UnsafePointer<UInt64>, bitStride: Int, rows: Int, inner: Int,
    weights: UnsafePointer<Float>, weightStride: Int, columns: Int, field: FieldPath,
    lanes: RandomLanes, firstBlock: Int, outBits: UnsafeMutablePointer<UInt64>, outBitStride: Int,
    scratch: UnsafeMutableRawPointer
  ) {
    c.sample(
      bits, bitStride, rows, inner, weights, weightStride, columns, field.c,
      lanes.pointer(block: firstBlock), outBits, outBitStride, scratch)
  }

  /// outBits ~ Bernoulli(logistic(field)) from a stored product.
  package func sampleFields(
    product: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, field: FieldPath,
    lanes: RandomLanes, firstBlock: Int, outBits: UnsafeMutablePointer<UInt64>, outBitStride: Int
  ) {
    c.sampleFields(
      product, stride, rows, columns, field.c, lanes.pointer(block: firstBlock), outBits,
      outBitStride)
  }

  /// out = logistic(field) from a stored product.
  package func meansOfFields(
    product: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, field: FieldPath,
    out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    c.meansOfFields(product, stride, rows, columns, field.c, out, outStride)
  }

  /// out[r] += Σ_c softplus(field).
  package func softplusSums(
    product: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, field: FieldPath,
    out: UnsafeMutablePointer<Double>
  ) {
    c.softplusSums(product, stride, rows, columns, field.c, out)
  }

  /// out[r] += Σ_c softplus(field at scale `to`) − softplus(field at scale `from`).
  package func softplusDifferences(
    product: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, field: FieldPath,
    from: Float, to: Float, out: UnsafeMutablePointer<Double>
  ) {
    c.softplusDifferences(product, stride, rows, columns, field.c, from, to, out)
  }

  /// out[r] += Σ_c bits[r, c] values[c].
  package func bitDots(
    bits: UnsafePointer<UInt64>, bitStride: Int, rows: Int, columns: Int,
    values: UnsafePointer<Float>, out: UnsafeMutablePointer<Double>
  ) {
    c.bitDots(bits, bitStride, rows, columns, values, out)
  }

  /// out = transpose of a rows × columns bit matrix.
  package func transposeBits(
    _ bits: UnsafePointer<UInt64>, stride: Int, rows: Int, columns: Int,
    out: UnsafeMutablePointer<UInt64>, outStride: Int
  ) {
    c.transposeBits(bits, stride, rows, columns, out, outStride)
  }

  /// out = transpose of a rows × columns matrix.
  package func transposeFloats(
    _ values: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int,
    out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    c.transposeFloats(values, stride, rows, columns, out, outStride)
  }

  /// out[r] = Σ_i weights[i q + colours[r, i]].
  package func gatherRows(
    colours: UnsafePointer<UInt8>, colourStride: Int, rows: Int, sites: Int, colourCount: Int,
    weights: UnsafePointer<Float>, weightStride: Int, columns: Int,
    out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    c.gatherRows(
      colours, colourStride, rows, sites, colourCount, weights, weightStride, columns, out,
      outStride)
  }

  /// sums[i q + colours[r, i]] += values[r] for tiles of sixteen columns.
  package func scatterRows(
    colours: UnsafePointer<UInt8>, colourStride: Int, rows: Int, sites: Int, colourCount: Int,
    values: UnsafePointer<Float>, valueStride: Int, tiles: Range<Int>,
    sums: UnsafeMutablePointer<Float>, sumStride: Int
  ) {
    c.scatterRows(
      colours, colourStride, rows, sites, colourCount, values, valueStride, tiles.lowerBound,
      tiles.upperBound, sums, sumStride)
  }

  /// colours ~ softmax(field) at each site, from a stored product.
  package func sampleCategories(
    product: UnsafePointer<Float>, stride: Int, rows: Int, sites: Int, colourCount: Int,
    field: FieldPath, lanes: RandomLanes, firstBlock: Int, colours: UnsafeMutablePointer<UInt8>,
    colourStride: Int
  ) {
    c.sampleCategories(
      product, stride, rows, sites, colourCount, field.c, lanes.pointer(block: firstBlock), colours,
      colourStride)
  }

  /// out = softmax(field) at each site, from a stored product.
  package func categoryMeans(
    product: UnsafePointer<Float>, stride: Int, rows: Int, sites: Int, colourCount: Int,
    field: FieldPath, out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    c.categoryMeans(product, stride, rows, sites, colourCount, field.c, out, outStride)
  }

  /// out[r] += Σ_i ln Σ_k exp(field[i q + k]).
  package func logSumExpSums(
    product: UnsafePointer<Float>, stride: Int, rows: Int, sites: Int, colourCount: Int,
    field: FieldPath, out: UnsafeMutablePointer<Double>
  ) {
    c.logSumExpSums(product, stride, rows, sites, colourCount, field.c, out)
  }

  /// out ~ N(variance · field, variance), from a stored product.
  package func sampleGaussians(
    product: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, field: FieldPath,
    variances: UnsafePointer<Float>, lanes: RandomLanes, firstBlock: Int,
    out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    c.sampleGaussians(
      product, stride, rows, columns, field.c, variances, lanes.pointer(block: firstBlock), out,
      outStride)
  }

  /// Uniform numbers in (0, 1) from the lanes of one block.
  package func uniforms(
    lanes: RandomLanes, block: Int, count: Int, out: UnsafeMutablePointer<Float>
  ) {
    c.uniforms(lanes.pointer(block: block), count, out)
  }

  /// out[k] = Σ_i ln(1 + high[i] low[k, i]).
  package func logOnePlusProducts(
    high: UnsafePointer<Double>, low: UnsafePointer<Double>, count: Int, rows: Int,
    out: UnsafeMutablePointer<Double>
  ) {
    c.logOnePlusProducts(high, low, count, rows, out)
  }

  /// out[i] = standard normals.
  func normals(
    lanes: UnsafeMutablePointer<szk_lanes>, count: Int, out: UnsafeMutablePointer<Double>
  ) {
    c.normals(lanes, count, out)
  }

  /// How a response scatters about the predictors of a model.
  package enum Response {
    case gaussian(precision: Double)
    case bernoulli
    case categorical

    var c: (szk_response, Double) {
      switch self {
      case .gaussian(let precision): (SZK_GAUSSIAN, precision)
      case .bernoulli: (SZK_BERNOULLI, 1)
      case .categorical: (SZK_CATEGORICAL, 1)
      }
    }
  }

  /// What the hidden units of a network do with their fields.
  package enum Activation {
    case tanh, rectifier, identity

    var c: szk_activation {
      switch self {
      case .tanh: SZK_TANH
      case .rectifier: SZK_RECTIFIER
      case .identity: SZK_IDENTITY
      }
    }
  }

  /// Numbers that ``linearGradient`` needs for itself.
  package static func linearGradientWorkspace(columns: Int) -> Int {
    2 * ((columns + Int(SZK_LANES) - 1) / Int(SZK_LANES) * Int(SZK_LANES))
  }

  /// gradient = Σ slope(x·θ, y) x over the samples.
  package func linearGradient(
    inputs: UnsafePointer<Float>, stride: Int, columns: Int, targets: UnsafePointer<Float>,
    samples: UnsafeBufferPointer<Int>, response: Response, parameters: UnsafePointer<Double>,
    gradient: UnsafeMutablePointer<Double>, workspace: UnsafeMutablePointer<Double>
  ) {
    let (kind, precision) = response.c
    samples.withMemoryRebound(to: Int64.self) {
      c.linearGradient(
        inputs, stride, columns, targets, $0.baseAddress, $0.count, kind, precision, parameters,
        gradient, workspace)
    }
  }

  /// Numbers that ``networkGradient`` needs for itself.
  package static func networkGradientWorkspace(samples: Int, units: Int, width: Int) -> Int {
    8 + (samples + 7) / 8 * 8 * (units + 2 * width)
  }

  /// gradient = Σ ∂ℓ/∂θ over the samples, by backpropagation.
  package func networkGradient(
    layerSizes: [Int], activation: Activation, inputs: UnsafePointer<Float>, inputStride: Int,
    targets: UnsafePointer<Float>, targetStride: Int, samples: UnsafeBufferPointer<Int>,
    response: Response, parameters: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>,
    workspace: UnsafeMutablePointer<Double>
  ) {
    let (kind, precision) = response.c
    layerSizes.withUnsafeBufferPointer { sizes in
      let network = szk_network(
        sizes: sizes.baseAddress, layers: sizes.count, activation: activation.c)
      samples.withMemoryRebound(to: Int64.self) {
        c.networkGradient(
          network, inputs, inputStride, targets, targetStride, $0.baseAddress, $0.count, kind,
          precision, parameters, gradient, workspace)
      }
    }
  }
}
