internal import NumericalCore

extension Tape {
  /// The affine map of each row:  y = x W + b.
  ///
  ///     x̄ = ȳ Wᵀ,   W̄ = Σ_rows xᵀ ȳ,   b̄ = Σ_rows ȳ
  ///
  /// On images it is the 1 × 1 convolution.
  ///
  /// - Parameter weights: Shape `[channels of x, channels of y]`.
  /// - Parameter bias: Shape `[1, channels of y]`, or nothing.
  public func affine(_ x: Node, weights: Node, bias: Node? = nil) -> Node {
    precondition(
      weights.rows == x.channels, "\(weights.rows) rows of weights, \(x.channels) inputs")
    let output = node(
      samples: x.samples, height: x.height, width: x.width, channels: weights.channels,
      of: x, weights, bias)
    kernels.productOfRows(
      x.value, stride: x.stride, rows: x.rows, inner: x.channels, weights: weights.value,
      weightStride: weights.stride, columns: weights.channels, bias: bias?.value,
      accumulates: false, out: output.value, outStride: output.channels)
    record(output) { tape, slopes in
      tape.affineGradient(x, weights, bias, slopes)
    }
    return output
  }

  private func affineGradient(
    _ x: Node, _ weights: Node, _ bias: Node?, _ slopes: UnsafeMutablePointer<Float>
  ) {
    let columns = weights.channels
    if weights.needsGradient {
      let sums = weights.storage.gradientSink().pointer
      // Rows that stay in the first cache while all weights pass.
      let grain = 256
      for first in Swift.stride(from: 0, to: x.rows, by: grain) {
        kernels.outerProducts(
          x.value + first * x.stride, stride: x.stride, inner: x.channels,
          out: slopes + first * columns, outStride: columns, columns: columns,
          rows: Swift.min(grain, x.rows - first), sums: sums, sumStride: weights.stride)
      }
    }
    if let bias, bias.needsGradient {
      kernels.columnSums(
        slopes, stride: columns, rows: x.rows, columns: columns,
        out: bias.storage.gradientSink().pointer)
    }
    if x.needsGradient {
      let sink = x.storage.gradientSink()
      let stride = (x.channels + 15) / 16 * 16
      withWorkspace(columns * stride) { transposed in
        kernels.transposeFloats(
          weights.value, stride: weights.stride, rows: x.channels, columns: columns,
          out: transposed, outStride: stride)
        kernels.productOfRows(
          slopes, stride: columns, rows: x.rows, inner: columns, weights: transposed,
          weightStride: stride, columns: x.channels, bias: nil, accumulates: sink.accumulates,
          out: sink.pointer, outStride: x.channels)
      }
    }
  }
}
