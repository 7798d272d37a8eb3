internal import NumericalCore

extension Tape {
  /// Means of 2 × 2 pixels; the gradient of a mean goes to its four pixels in equal parts.
  public func meanPooled(_ x: Node) -> Node {
    precondition(x.height % 2 == 0 && x.width % 2 == 0, "pooling \(x.height) x \(x.width) pixels")
    let output = node(
      samples: x.samples, height: x.height / 2, width: x.width / 2, channels: x.channels, of: x)
    kernels.poolPixels(
      x.value, output.images, scale: 0.25, accumulates: false, out: output.value)
    let shape = output.images
    record(output) { tape, slopes in
      let sink = x.storage.gradientSink()
      tape.kernels.spreadPixels(
        slopes, shape, scale: 0.25, accumulates: sink.accumulates, out: sink.pointer)
    }
    return output
  }

  /// Each pixel at 2 × 2 places; the gradient of a pixel is the sum of those of its places.
  public func upsampled(_ x: Node) -> Node {
    let output = node(
      samples: x.samples, height: 2 * x.height, width: 2 * x.width, channels: x.channels, of: x)
    kernels.spreadPixels(x.value, x.images, scale: 1, accumulates: false, out: output.value)
    record(output) { tape, slopes in
      let sink = x.storage.gradientSink()
      tape.kernels.poolPixels(
        slopes, x.images, scale: 1, accumulates: sink.accumulates, out: sink.pointer)
    }
    return output
  }
}
