internal import Foundation
public import NumericalCore

/// A network with a law of the response and a Gaussian prior: its loss, or its posterior.
///
///     Lᵢ(θ) = c ℓ(f(xᵢ; θ), yᵢ) + (τ/2) |θ|²
///
/// With c = N the mean over samples is the potential −ln posterior, τ being the precision of the prior; with
/// c = 1 it is the mean loss with L2 coefficient τ. Gradients go through a kernel made for small networks,
/// or through BLAS; Hessian-vector products are exact.
public struct NetworkModel: FiniteSum {
  /// The network f.
  public let network: DenseNetwork
  /// x, one sample a row.
  public let inputs: Matrix<Float>
  /// y, one sample a row; for categories one column is 1 and the others 0.
  public let targets: Matrix<Float>
  /// The law of the response.
  public let response: Response
  /// τ, the precision of the prior, or coefficient of L2.
  public let priorPrecision: Double
  /// c.
  public let lossScale: Double

  /// The model of the given samples; `lossScale` is N, that of a posterior, unless given.
  ///
  /// - Throws: ``SzilardError`` where shapes differ or a number is not finite or out of range.
  public init(
    network: DenseNetwork, inputs: Matrix<Float>, targets: Matrix<Float>, response: Response,
    priorPrecision: Double, lossScale: Double? = nil
  ) throws(SzilardError) {
    guard inputs.rows > 0, inputs.rows == targets.rows, inputs.columns == network.inputCount,
      targets.columns == network.outputCount
    else {
      throw SzilardError(
        .badData,
        "inputs of \(inputs.rows) x \(inputs.columns) and targets of \(targets.rows) x "
          + "\(targets.columns) for a network with \(network.inputCount) inputs and "
          + "\(network.outputCount) outputs")
    }
    for row in 0..<inputs.rows {
      let y = targets.row(row)
      guard inputs.row(row).allSatisfy(\.isFinite), y.allSatisfy(\.isFinite) else {
        throw SzilardError(.badData, "sample \(row + 1) has a number that is not finite")
      }
      let isBinary = y.allSatisfy { $0 == 0 || $0 == 1 }
      if response == .bernoulli, !isBinary {
        throw SzilardError(.badData, "the targets of sample \(row + 1) are not 0 or 1")
      }
      if response == .categorical, !isBinary || y.reduce(0, +) != 1 {
        throw SzilardError(.badData, "the targets of sample \(row + 1) do not name one category")
      }
    }
    try response.check()
    guard priorPrecision >= 0, priorPrecision.isFinite else {
      throw SzilardError(.usage, "the precision of the prior is \(priorPrecision)")
    }
    self.network = network
    self.inputs = inputs
    self.targets = targets
    self.response = response
    self.priorPrecision = priorPrecision
    self.lossScale = lossScale ?? Double(inputs.rows)
  }

  /// The model of samples with labels 0, 1, …: a categorical response.
  public static func categories(
    network: DenseNetwork, inputs: Matrix<Float>, labels: [Int], priorPrecision: Double,
    lossScale: Double? = nil
  ) throws(SzilardError) -> NetworkModel {
    var targets = Matrix<Float>(rows: labels.count, columns: network.outputCount)
    for (row, label) in labels.enumerated() {
      guard (0..<network.outputCount).contains(label) else {
        throw SzilardError(
          .badData,
          "the label of sample \(row + 1) is \(label); the network has \(network.outputCount) outputs"
        )
      }
      targets[row, label] = 1
    }
    return try NetworkModel(
      network: network, inputs: inputs, targets: targets, response: .categorical,
      priorPrecision: priorPrecision, lossScale: lossScale)
  }

  /// N.
  public var sampleCount: Int { inputs.rows }
  /// d.
  public var parameterCount: Int { network.parameterCount }

  /// Units and their tangents, and the deltas of two layers of each.
  public func workspaceCount(batchSize: Int) -> Int {
    2
      * Kernels.networkGradientWorkspace(
        samples: batchSize, units: network.unitCount, width: network.width)
  }

  /// Layers of so few units that products of matrices cost more to call than to do.
  private static let kernelWidth = 64

  /// gradient ← (c/|b|) Σ ∂ℓ/∂θ + τ θ.
  public func gradient(
    of batch: ArraySlice<Int>, at parameters: [Double], into gradient: inout [Double],
    workspace: inout [Double]
  ) {
    precondition(parameters.count == parameterCount && gradient.count == parameterCount)
    let count = batch.count
    withWorkspace(&workspace, count) { units in
      if let activation = network.activation.kernel, network.width <= Self.kernelWidth {
        return smallGradient(of: batch, activation, parameters, &gradient, units)
      }
      let deltas = units + count * network.unitCount
      gather(batch, into: units)
      network.forward(count, parameters, units)
      forEachOutput(batch, units) { row, z, y in
        response.slopes(z, y, into: deltas + row * network.outputCount)
      }
      network.backward(count, parameters, units, deltas, into: &gradient)
    }
    finish(&gradient, count, parameters)
  }

  /// (c/|b|) Σ ℓ + (τ/2) |θ|².
  public func value(
    of batch: ArraySlice<Int>, at parameters: [Double], workspace: inout [Double]
  ) -> Double {
    var sum = 0.0
    withWorkspace(&workspace, batch.count) { units in
      gather(batch, into: units)
      network.forward(batch.count, parameters, units)
      forEachOutput(batch, units) { _, z, y in sum += response.loss(z, y) }
    }
    let square = parameters.reduce(0) { $0 + $1 * $1 }
    return lossScale * sum / Double(batch.count) + priorPrecision * square / 2
  }

  /// product ← (c/|b|) Σ (∂²ℓ/∂θ²) v + τ v, exactly.
  public func hessianProduct(
    of batch: ArraySlice<Int>, at parameters: [Double], with direction: [Double],
    into product: inout [Double], workspace: inout [Double]
  ) {
    precondition(parameters.count == parameterCount && direction.count == parameterCount)
    precondition(product.count == parameterCount)
    let count = batch.count
    withWorkspace(&workspace, count) { units in
      let tangents = units + count * network.unitCount
      let deltas = tangents + count * network.unitCount
      let deltaTangents = deltas + 2 * count * network.width
      gather(batch, into: units)
      network.forward(count, parameters, units)
      network.forwardTangent(count, parameters, direction, units, into: tangents)
      let outputs = network.outputCount
      let last = tangents + count * (network.unitCount - outputs)
      forEachOutput(batch, units) { row, z, y in
        response.slopes(z, y, into: deltas + row * outputs)
        response.slopeTangents(z, last + row * outputs, into: deltaTangents + row * outputs)
      }
      network.backwardTangent(
        count, parameters, direction, units, tangents, deltas, deltaTangents, into: &product)
    }
    finish(&product, count, direction)
  }

  private func smallGradient(
    of batch: ArraySlice<Int>, _ activation: Kernels.Activation, _ parameters: [Double],
    _ gradient: inout [Double], _ workspace: UnsafeMutablePointer<Double>
  ) {
    precondition(batch.allSatisfy { $0 >= 0 && $0 < inputs.rows }, "no such sample")
    inputs.withUnsafePointer { x in
      targets.withUnsafePointer { y in
        batch.withUnsafeBufferPointer { samples in
          gradient.withUnsafeMutableBufferPointer { sum in
            guard let sum = sum.baseAddress else { return }
            Kernels.current.networkGradient(
              layerSizes: network.layerSizes, activation: activation, inputs: x,
              inputStride: inputs.stride, targets: y, targetStride: targets.stride,
              samples: samples, response: response.kernel, parameters: parameters, gradient: sum,
              workspace: workspace)
          }
        }
      }
    }
  }

  private func withWorkspace(
    _ workspace: inout [Double], _ count: Int, _ body: (UnsafeMutablePointer<Double>) -> Void
  ) {
    precondition(workspace.count >= workspaceCount(batchSize: count), "the workspace is too small")
    workspace.withUnsafeMutableBufferPointer { numbers in
      guard let numbers = numbers.baseAddress else { return }
      body(numbers)
    }
  }

  private func gather(_ batch: ArraySlice<Int>, into units: UnsafeMutablePointer<Double>) {
    let width = inputs.columns
    inputs.withUnsafePointer { first in
      for (row, sample) in batch.enumerated() {
        precondition(sample >= 0 && sample < inputs.rows)
        for k in 0..<width { units[row * width + k] = Double(first[sample * inputs.stride + k]) }
      }
    }
  }

  /// The row, the outputs and the targets of each sample of a batch.
  private func forEachOutput(
    _ batch: ArraySlice<Int>, _ units: UnsafePointer<Double>,
    _ body: (Int, UnsafeBufferPointer<Double>, UnsafePointer<Float>) -> Void
  ) {
    let outputs = network.outputCount
    let first = units + batch.count * (network.unitCount - outputs)
    targets.withUnsafePointer { y in
      for (row, sample) in batch.enumerated() {
        body(
          row, UnsafeBufferPointer(start: first + row * outputs, count: outputs),
          y + sample * targets.stride)
      }
    }
  }

  private func finish(_ sum: inout [Double], _ count: Int, _ parameters: [Double]) {
    let scale = lossScale / Double(count)
    for k in sum.indices { sum[k] = scale * sum[k] + priorPrecision * parameters[k] }
  }
}
