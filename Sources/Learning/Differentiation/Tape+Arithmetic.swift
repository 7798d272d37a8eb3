internal import NumericalCore

extension Tape {
  /// The sum of two nodes of one shape, the second one times a number:  y = u + c v.
  public func sum(_ u: Node, _ v: Node, times factor: Float = 1) -> Node {
    precondition(u.count == v.count && u.channels == v.channels, "a sum of different shapes")
    let output = node(
      samples: u.samples, height: u.height, width: u.width, channels: u.channels, of: u, v)
    kernels.sum(u.value, v.value, times: factor, count: u.count, out: output.value)
    record(output) { tape, slopes in
      for (part, factor) in [(u, Float(1)), (v, factor)] where part.needsGradient {
        let sink = part.storage.gradientSink()
        tape.kernels.scale(
          slopes, count: part.count, by: factor, accumulates: sink.accumulates, out: sink.pointer)
      }
    }
    return output
  }

  /// The channels of the first node, then those of the second.
  public func concatenated(_ u: Node, _ v: Node) -> Node {
    precondition(u.rows == v.rows, "channels of different pixels")
    let channels = u.channels + v.channels
    let output = node(
      samples: u.samples, height: u.height, width: u.width, channels: channels, of: u, v)
    for (part, offset) in [(u, 0), (v, u.channels)] {
      kernels.copyRows(
        part.value, stride: part.channels, rows: part.rows, columns: part.channels,
        out: output.value + offset, outStride: channels)
    }
    record(output) { tape, slopes in
      for (part, offset) in [(u, 0), (v, u.channels)] where part.needsGradient {
        let sink = part.storage.gradientSink()
        tape.kernels.copyRows(
          slopes + offset, stride: channels, rows: part.rows, columns: part.channels,
          accumulates: sink.accumulates, out: sink.pointer, outStride: part.channels)
      }
    }
    return output
  }

  /// Images with rows and columns of zeros added below and at the right, or cut off there.
  public func resized(_ x: Node, height: Int, width: Int) -> Node {
    if x.height == height && x.width == width { return x }
    let output = node(
      samples: x.samples, height: height, width: width, channels: x.channels, of: x)
    output.value.update(repeating: 0, count: output.count)
    let part = Swift.min(width, x.width) * x.channels
    // Where a row of pixels begins in x, and where in the result.
    func places(_ body: (_ here: Int, _ there: Int) -> Void) {
      for sample in 0..<x.samples {
        for y in 0..<Swift.min(height, x.height) {
          body(
            (sample * x.height + y) * x.width * x.channels,
            (sample * height + y) * width * x.channels)
        }
      }
    }
    places { (output.value + $1).update(from: x.value + $0, count: part) }
    record(output) { tape, slopes in
      let sink = x.storage.gradientSink()
      if !sink.accumulates { sink.pointer.update(repeating: 0, count: x.count) }
      places {
        tape.kernels.scale(slopes + $1, count: part, accumulates: true, out: sink.pointer + $0)
      }
    }
    return output
  }

  /// The channels of images in equal parts, one whole image behind the other, as one row a sample.
  public func separated(_ x: Node, parts: Int) -> Node {
    precondition(x.channels % parts == 0, "\(parts) parts of \(x.channels) channels")
    if parts == 1 { return reshaped(x, height: 1, width: 1) }
    let (pixels, size) = (x.height * x.width, x.channels / parts)
    let output = node(samples: x.samples, channels: pixels * x.channels, of: x)
    // Where a pixel of a part begins in x, and where in the result.
    func places(_ body: (_ here: Int, _ there: Int) -> Void) {
      for sample in 0..<x.samples {
        for part in 0..<parts {
          for pixel in 0..<pixels {
            body(
              (sample * pixels + pixel) * x.channels + part * size,
              sample * pixels * x.channels + (part * pixels + pixel) * size)
          }
        }
      }
    }
    places { (output.value + $1).update(from: x.value + $0, count: size) }
    record(output) { _, slopes in
      let sink = x.storage.gradientSink()
      places { here, there in
        for k in 0..<size {
          let slope = slopes[there + k]
          sink.pointer[here + k] = sink.accumulates ? sink.pointer[here + k] + slope : slope
        }
      }
    }
    return output
  }

  /// Sums of neighbouring channels with weights of the sample, such as bumps in time.
  ///
  ///     y[p, c] = Σ_j x[p, c J + j] g[sample, j],    x̄[p, c J + j] = ȳ[p, c] g[sample, j]
  ///
  /// - Parameter weights: Constant rows g, J numbers for each sample.
  public func contracted(_ x: Node, with weights: Node) -> Node {
    let (terms, rows) = (weights.channels, x.height * x.width)
    precondition(x.channels % terms == 0 && weights.rows == x.samples, "weights of other samples")
    precondition(!weights.needsGradient, "the weights are constants")
    let columns = x.channels / terms
    let output = node(
      samples: x.samples, height: x.height, width: x.width, channels: columns, of: x)
    let stride = (columns + 15) / 16 * 16
    withWorkspace(x.channels * stride) { matrix in
      matrix.update(repeating: 0, count: x.channels * stride)
      for sample in 0..<x.samples {
        for k in 0..<x.channels {
          matrix[k * stride + k / terms] = weights.value[sample * terms + k % terms]
        }
        kernels.productOfRows(
          x.value + sample * rows * x.channels, stride: x.channels, rows: rows, inner: x.channels,
          weights: matrix, weightStride: stride, columns: columns, bias: nil, accumulates: false,
          out: output.value + sample * rows * columns, outStride: columns)
      }
    }
    record(output) { tape, slopes in
      let sink = x.storage.gradientSink()
      if !sink.accumulates { sink.pointer.update(repeating: 0, count: x.count) }
      for row in 0..<x.rows {
        let bumps = weights.value + row / rows * terms
        for c in 0..<columns {
          let slope = slopes[row * columns + c]
          let place = sink.pointer + row * x.channels + c * terms
          for j in 0..<terms { place[j] += slope * bumps[j] }
        }
      }
    }
    return output
  }
}
