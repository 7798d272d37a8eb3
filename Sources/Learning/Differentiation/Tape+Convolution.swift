internal import NumericalCore

extension Tape {
  /// The 3 × 3 convolution of images, beyond whose edges there are zeros.
  ///
  ///     y[p, c] = b[c] + Σ_{d, k} x[p + d, k] W[d, k, c],    d ∈ {−1, 0, 1}²
  ///     x̄[p, k] = Σ_{d, c} ȳ[p − d, c] W[d, k, c],    W̄[d, k, c] = Σ_p x[p + d, k] ȳ[p, c]
  ///
  /// The gradient with respect to x is the convolution of ȳ with the weights turned by half a turn and
  /// transposed.
  ///
  /// - Parameter weights: Shape `[9 · channels of x, channels of y]`, row (3 i + j) · channels + k.
  /// - Parameter bias: Shape `[1, channels of y]`, or nothing.
  public func convolution(_ x: Node, weights: Node, bias: Node? = nil) -> Node {
    precondition(
      weights.rows == 9 * x.channels, "\(weights.rows) rows of weights, \(x.channels) channels")
    let output = node(
      samples: x.samples, height: x.height, width: x.width, channels: weights.channels,
      of: x, weights, bias)
    withWorkspace(Kernels.convolutionWorkspace(x.images)) { workspace in
      kernels.convolve(
        x.value, x.images, weights: weights.value, weightStride: weights.stride,
        columns: weights.channels, bias: bias?.value, accumulates: false, out: output.value,
        workspace: workspace)
    }
    record(output) { tape, slopes in
      tape.convolutionGradient(x, weights, bias, slopes, output.images)
    }
    return output
  }

  private func convolutionGradient(
    _ x: Node, _ weights: Node, _ bias: Node?, _ slopes: UnsafeMutablePointer<Float>,
    _ shape: Kernels.Images
  ) {
    if weights.needsGradient {
      withWorkspace(Kernels.convolutionWorkspace(x.images)) { workspace in
        kernels.convolutionGradient(
          x.value, x.images, slopes: slopes, columns: shape.channels,
          sums: weights.storage.gradientSink().pointer, sumStride: weights.stride,
          workspace: workspace)
      }
    }
    if let bias, bias.needsGradient {
      kernels.columnSums(
        slopes, stride: shape.channels, rows: x.rows, columns: shape.channels,
        out: bias.storage.gradientSink().pointer)
    }
    guard x.needsGradient else { return }
    let sink = x.storage.gradientSink()
    let stride = (x.channels + 15) / 16 * 16
    let turned = 9 * shape.channels * stride
    withWorkspace(turned + Kernels.convolutionWorkspace(shape)) { workspace in
      for tap in 0..<9 {
        kernels.transposeFloats(
          weights.value + tap * x.channels * weights.stride, stride: weights.stride,
          rows: x.channels, columns: shape.channels,
          out: workspace + (8 - tap) * shape.channels * stride, outStride: stride)
      }
      kernels.convolve(
        slopes, shape, weights: workspace, weightStride: stride, columns: x.channels, bias: nil,
        accumulates: sink.accumulates, out: sink.pointer, workspace: workspace + turned)
    }
  }
}
