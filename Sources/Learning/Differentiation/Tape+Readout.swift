internal import NumericalCore

extension Tape {
  /// An affine map of its own for each step:  y_i = x_i W_t + b_t, where t is the step of row i.
  ///
  ///     x̄_i = ȳ_i W_tᵀ,   W̄_t = Σ_{i: t_i = t} x_iᵀ ȳ_i,   b̄_t = Σ_{i: t_i = t} ȳ_i
  ///
  /// Rows of equal steps are brought together, so that they are one product of matrices; a batch of one
  /// step is worked in place.
  ///
  /// - Parameter weights: Shape `[steps · channels of x, channels of y]`.
  /// - Parameter biases: Shape `[steps, channels of y]`.
  /// - Parameter steps: For each sample its step, from 0.
  public func readout(_ x: Node, weights: Node, biases: Node, steps: [Int]) -> Node {
    precondition(x.height == 1 && x.width == 1 && steps.count == x.rows, "a step for each row")
    precondition(weights.rows == biases.rows * x.channels, "weights of other steps")
    precondition(
      steps.allSatisfy { $0 >= 0 && $0 < biases.rows }, "steps from 0 to \(biases.rows - 1)")
    let columns = weights.channels
    let output = node(samples: x.samples, channels: columns, of: x, weights, biases)
    let runs = Tape.runs(of: steps)
    forEachRun(runs, x) { step, rows, values, places in
      let matrix = weights.value + step * x.channels * weights.stride
      let bias = biases.value + step * biases.stride
      gathered(places, columns, output.value, isResult: true) { out in
        kernels.productOfRows(
          values, stride: x.channels, rows: rows, inner: x.channels, weights: matrix,
          weightStride: weights.stride, columns: columns, bias: bias, accumulates: false,
          out: out, outStride: columns)
      }
    }
    record(output) { tape, slopes in
      tape.readoutGradient(x, weights, biases, runs, slopes)
    }
    return output
  }

  /// A step and the rows that are at it.
  private struct Run {
    let step: Int
    /// Nothing: all rows in order.
    let rows: [Int]?
  }

  private static func runs(of steps: [Int]) -> [Run] {
    guard let first = steps.first else { return [] }
    if steps.allSatisfy({ $0 == first }) { return [Run(step: first, rows: nil)] }
    // Rows of a step stay in their order.
    let order = steps.indices.sorted { (steps[$0], $0) < (steps[$1], $1) }
    var runs: [Run] = []
    var low = 0
    for high in 1...order.count
    where high == order.count || steps[order[high]] != steps[order[low]] {
      runs.append(Run(step: steps[order[low]], rows: Array(order[low..<high])))
      low = high
    }
    return runs
  }

  private func forEachRun(
    _ runs: [Run], _ x: Node,
    _ body: (_ step: Int, _ rows: Int, UnsafeMutablePointer<Float>, _ places: [Int]?) -> Void
  ) {
    for run in runs {
      guard let rows = run.rows else { return body(run.step, x.rows, x.value, nil) }
      gathered(rows, x.channels, x.value, isResult: false) { body(run.step, rows.count, $0, rows) }
    }
  }

  /// Lends the given rows of a matrix side by side, and writes them back where they are a result.
  private func gathered(
    _ rows: [Int]?, _ columns: Int, _ matrix: UnsafeMutablePointer<Float>, isResult: Bool,
    _ body: (UnsafeMutablePointer<Float>) -> Void
  ) {
    guard let rows else { return body(matrix) }
    withWorkspace(rows.count * columns) { buffer in
      if !isResult {
        for (k, row) in rows.enumerated() {
          (buffer + k * columns).update(from: matrix + row * columns, count: columns)
        }
      }
      body(buffer)
      if isResult {
        for (k, row) in rows.enumerated() {
          (matrix + row * columns).update(from: buffer + k * columns, count: columns)
        }
      }
    }
  }

  private func readoutGradient(
    _ x: Node, _ weights: Node, _ biases: Node, _ runs: [Run],
    _ slopes: UnsafeMutablePointer<Float>
  ) {
    let columns = weights.channels
    let sink = x.needsGradient ? x.storage.gradientSink() : nil
    let stride = (x.channels + 15) / 16 * 16
    forEachRun(runs, x) { step, rows, values, places in
      gathered(places, columns, slopes, isResult: false) { d in
        if weights.needsGradient {
          kernels.outerProducts(
            values, stride: x.channels, inner: x.channels, out: d, outStride: columns,
            columns: columns, rows: rows,
            sums: weights.storage.gradientSink().pointer + step * x.channels * weights.stride,
            sumStride: weights.stride)
        }
        if biases.needsGradient {
          kernels.columnSums(
            d, stride: columns, rows: rows, columns: columns,
            out: biases.storage.gradientSink().pointer + step * biases.stride)
        }
        guard let sink else { return }
        withWorkspace(columns * stride + rows * x.channels) { transposed in
          kernels.transposeFloats(
            weights.value + step * x.channels * weights.stride, stride: weights.stride,
            rows: x.channels, columns: columns, out: transposed, outStride: stride)
          let back = transposed + columns * stride
          kernels.productOfRows(
            d, stride: columns, rows: rows, inner: columns, weights: transposed,
            weightStride: stride, columns: x.channels, bias: nil, accumulates: false, out: back,
            outStride: x.channels)
          for k in 0..<rows {
            kernels.scale(
              back + k * x.channels, count: x.channels, accumulates: sink.accumulates,
              out: sink.pointer + (places?[k] ?? k) * x.channels)
          }
        }
      }
    }
  }
}
