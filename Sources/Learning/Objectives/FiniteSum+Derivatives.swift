public import NumericalCore

// Derivatives of the whole sum and of single samples, allocated afresh: for analysis, not for steps.
//
// Samples are cut into blocks of fixed size whose sums are added in their order, so results are the same bits
// for any number of threads.
extension FiniteSum {
  /// L(θ), over all samples.
  public func value(at parameters: [Double], workers: Workers = Workers(count: 1)) -> Double {
    mean(workers) { block, workspace in
      [value(of: block, at: parameters, workspace: &workspace)]
    }[0]
  }

  /// ∇L(θ), over all samples.
  public func gradient(at parameters: [Double], workers: Workers = Workers(count: 1)) -> [Double] {
    mean(workers) { block, workspace in
      var part = [Double](repeating: 0, count: parameterCount)
      gradient(of: block, at: parameters, into: &part, workspace: &workspace)
      return part
    }
  }

  /// ∇²L(θ) v, over all samples.
  public func hessianProduct(
    at parameters: [Double], with direction: [Double], workers: Workers = Workers(count: 1)
  ) -> [Double] {
    mean(workers) { block, workspace in
      var part = [Double](repeating: 0, count: parameterCount)
      hessianProduct(
        of: block, at: parameters, with: direction, into: &part, workspace: &workspace)
      return part
    }
  }

  /// ∇Lᵢ(θ) of each sample, one a row.
  ///
  /// - Returns: Shape `[N, d]`.
  public func sampleGradients(at parameters: [Double]) -> Matrix<Double> {
    var gradient = [Double](repeating: 0, count: parameterCount)
    var workspace = [Double](repeating: 0, count: workspaceCount(batchSize: 1))
    var result = Matrix<Double>(rows: sampleCount, columns: parameterCount)
    for sample in 0..<sampleCount {
      self.gradient(of: [sample], at: parameters, into: &gradient, workspace: &workspace)
      result.setRow(sample, to: gradient)
    }
    return result
  }

  /// The mean Hessian of some samples (by default of all), symmetric.
  ///
  /// - Returns: Shape `[d, d]`.
  /// - Complexity: As d Hessian-vector products, unless the objective knows better.
  public func hessian(
    at parameters: [Double], of samples: [Int]? = nil, workers: Workers = Workers(count: 1)
  ) -> Matrix<Double> {
    if let samples { return hessian(of: samples[...], at: parameters) }
    let sum = mean(workers) { block, _ in hessian(of: block, at: parameters).elements }
    return Matrix(rows: parameterCount, columns: parameterCount, elements: sum)
  }

  /// The mean over all samples of what `body` returns as the mean over a block.
  private func mean(
    _ workers: Workers, _ body: (ArraySlice<Int>, inout [Double]) -> [Double]
  ) -> [Double] {
    let size = Swift.min(sampleCount, 512)
    let all = Array(0..<sampleCount)
    let blocks = (sampleCount + size - 1) / size
    // Some blocks at a time, so that memory does not grow with the samples.
    let together = 16
    var sum: [Double] = []
    for first in stride(from: 0, to: blocks, by: together) {
      let parts = workers.map(Swift.min(together, blocks - first)) { index -> [Double] in
        let block = all[
          (first + index) * size..<Swift.min((first + index + 1) * size, sampleCount)]
        var workspace = [Double](repeating: 0, count: workspaceCount(batchSize: size))
        let weight = Double(block.count) / Double(sampleCount)
        return body(block, &workspace).map { weight * $0 }
      }
      for part in parts {
        if sum.isEmpty {
          sum = part
        } else {
          for k in sum.indices { sum[k] += part[k] }
        }
      }
    }
    return sum
  }
}
