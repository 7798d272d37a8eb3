public import NumericalCore

/// Linear and logistic regression: the log-likelihood of a generalised linear model and a Gaussian prior.
///
///     Lᵢ(θ) = c ℓ(xᵢ·θ, yᵢ) + (τ/2) |θ|²
///
/// with ℓ minus the log-likelihood of a ``Response`` with one predictor. With c = N the mean over samples is the potential −ln posterior (up to a constant), τ being the precision
/// of the prior; with c = 1 it is the mean loss with L2 coefficient τ. An intercept is a column of ones.
public struct LinearModel: FiniteSum {
  /// x, one sample a row, shape `[N, d]`.
  public let inputs: Matrix<Float>
  /// y, one a sample.
  public let targets: [Float]
  /// The law of the response.
  public let response: Response
  /// τ, the precision of the prior, or coefficient of L2.
  public let priorPrecision: Double
  /// c.
  public let lossScale: Double

  /// The model of the given samples; `lossScale` is N, that of a posterior, unless given.
  ///
  /// - Throws: ``SzilardError`` where the shapes differ or a number is not finite or out of range.
  public init(
    inputs: Matrix<Float>, targets: [Float], response: Response, priorPrecision: Double,
    lossScale: Double? = nil
  ) throws(SzilardError) {
    guard response != .categorical else {
      throw SzilardError(.usage, "a linear model has one predictor; categories take a network")
    }
    guard inputs.rows == targets.count, inputs.rows > 0, inputs.columns > 0 else {
      throw SzilardError(
        .badData, "\(targets.count) targets for inputs of \(inputs.rows) x \(inputs.columns)")
    }
    for (row, target) in targets.enumerated() {
      guard target.isFinite, inputs.row(row).allSatisfy(\.isFinite) else {
        throw SzilardError(.badData, "sample \(row + 1) has a number that is not finite")
      }
      if response == .bernoulli, target != 0, target != 1 {
        throw SzilardError(
          .badData,
          "the target of sample \(row + 1) is \(target); logistic regression takes 0 and 1")
      }
    }
    try response.check()
    guard priorPrecision >= 0, priorPrecision.isFinite else {
      throw SzilardError(.usage, "the precision of the prior is \(priorPrecision)")
    }
    self.inputs = inputs
    self.targets = targets
    self.response = response
    self.priorPrecision = priorPrecision
    self.lossScale = lossScale ?? Double(inputs.rows)
  }

  /// N.
  public var sampleCount: Int { inputs.rows }
  /// d.
  public var parameterCount: Int { inputs.columns }

  /// A copy of the parameters and of the gradient, in whole tiles.
  public func workspaceCount(batchSize: Int) -> Int {
    Kernels.linearGradientWorkspace(columns: parameterCount)
  }

  /// gradient ← (c/|b|) Σ ℓ'(zᵢ, yᵢ) xᵢ + τ θ.
  public func gradient(
    of batch: ArraySlice<Int>, at parameters: [Double], into gradient: inout [Double],
    workspace: inout [Double]
  ) {
    precondition(parameters.count == parameterCount && gradient.count == parameterCount)
    precondition(workspace.count >= workspaceCount(batchSize: batch.count))
    precondition(batch.allSatisfy { $0 >= 0 && $0 < inputs.rows }, "no such sample")
    inputs.withUnsafePointer { x in
      batch.withUnsafeBufferPointer { samples in
        gradient.withUnsafeMutableBufferPointer { sum in
          workspace.withUnsafeMutableBufferPointer { work in
            guard let sum = sum.baseAddress, let work = work.baseAddress else { return }
            Kernels.current.linearGradient(
              inputs: x, stride: inputs.stride, columns: inputs.columns, targets: targets,
              samples: samples, response: response.kernel, parameters: parameters, gradient: sum,
              workspace: work)
          }
        }
      }
    }
    let scale = lossScale / Double(batch.count)
    for k in gradient.indices { gradient[k] = scale * gradient[k] + priorPrecision * parameters[k] }
  }

  /// (c/|b|) Σ ℓ(zᵢ, yᵢ) + (τ/2) |θ|².
  public func value(
    of batch: ArraySlice<Int>, at parameters: [Double], workspace: inout [Double]
  ) -> Double {
    var sum = 0.0
    forEach(batch, parameters) { _, z, y in sum += response.loss(z, y) }
    let square = parameters.reduce(0) { $0 + $1 * $1 }
    return lossScale * sum / Double(batch.count) + priorPrecision * square / 2
  }

  /// product ← (c/|b|) Σ ℓ''(zᵢ) (xᵢ·v) xᵢ + τ v.
  public func hessianProduct(
    of batch: ArraySlice<Int>, at parameters: [Double], with direction: [Double],
    into product: inout [Double], workspace: inout [Double]
  ) {
    let scale = lossScale / Double(batch.count)
    for k in product.indices { product[k] = priorPrecision * direction[k] }
    forEach(batch, parameters) { x, z, _ in
      var along = 0.0
      for k in product.indices { along += Double(x[k]) * direction[k] }
      let factor = scale * response.curvature(z) * along
      for k in product.indices { product[k] += factor * Double(x[k]) }
    }
  }

  /// (c/|b|) Σ ℓ''(zᵢ) xᵢ xᵢᵀ + τ, one product of matrices.
  public func hessian(of batch: ArraySlice<Int>, at parameters: [Double]) -> Matrix<Double> {
    var rows: [Double] = []
    rows.reserveCapacity(batch.count * parameterCount)
    forEach(batch, parameters) { x, z, _ in
      let root = (lossScale / Double(batch.count) * response.curvature(z)).squareRoot()
      for k in parameters.indices { rows.append(root * Double(x[k])) }
    }
    let scaled = Matrix<Double>(rows: batch.count, columns: parameterCount, elements: rows)
    return LinearAlgebra.sum(
      LinearAlgebra.product(scaled.transposed, scaled), LinearAlgebra.identity(parameterCount),
      factor: priorPrecision)
  }

  /// The row, the predictor and the target of each sample of a batch.
  private func forEach(
    _ batch: ArraySlice<Int>, _ parameters: [Double],
    _ body: (UnsafePointer<Float>, Double, Double) -> Void
  ) {
    inputs.withUnsafePointer { first in
      for sample in batch {
        precondition(sample >= 0 && sample < inputs.rows)
        let x = first + sample * inputs.stride
        var z = 0.0
        for k in parameters.indices { z += Double(x[k]) * parameters[k] }
        body(x, z, Double(targets[sample]))
      }
    }
  }
}
