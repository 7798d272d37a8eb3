public import NumericalCore

// Backpropagation (Rumelhart, Hinton and Williams 1986), a batch at a time: three products of matrices a
// layer. With δₗ the gradient of the summed loss with respect to the fields Wₗ aₗ₋₁ + bₗ, a row a sample,
//
//     ∂/∂Wₗ = δₗᵀ aₗ₋₁,   ∂/∂bₗ = Σ δₗ,   δₗ₋₁ = (δₗ Wₗ) ∘ φ'(aₗ₋₁)
//
// Activations lie one layer behind the other, each a row-major matrix with a row a sample.
extension DenseNetwork {
  /// What a batch left in the units of a network.
  public struct Pass: Sendable {
    /// Samples in the batch.
    public let count: Int
    let activations: [Double]
    let outputCount: Int
    /// f(x) of each sample, one behind the other.
    public var outputs: [Double] { Array(activations.suffix(count * outputCount)) }
  }

  /// Sends the rows of a matrix through the network.
  public func forward(_ inputs: Matrix<Float>, parameters: [Double]) -> Pass {
    precondition(inputs.columns == inputCount, "\(inputs.columns) inputs, not \(inputCount)")
    precondition(parameters.count == parameterCount, "\(parameters.count) parameters")
    var activations = [Double](repeating: 0, count: inputs.rows * unitCount)
    for (k, value) in inputs.elements.enumerated() { activations[k] = Double(value) }
    activations.withUnsafeMutableBufferPointer { units in
      guard let units = units.baseAddress else { return }
      forward(inputs.rows, parameters, units)
    }
    return Pass(count: inputs.rows, activations: activations, outputCount: outputCount)
  }

  /// The gradient with respect to θ of a quantity whose gradients with respect to the outputs are given.
  ///
  /// - Parameter outputGradients: Shape `[count, outputCount]`, row by row.
  public func backward(
    _ pass: Pass, outputGradients: [Double], parameters: [Double]
  ) -> [Double] {
    precondition(outputGradients.count == pass.count * outputCount)
    var gradient = [Double](repeating: 0, count: parameterCount)
    var deltas = [Double](repeating: 0, count: 2 * pass.count * width)
    for (k, value) in outputGradients.enumerated() { deltas[k] = value }
    pass.activations.withUnsafeBufferPointer { units in
      deltas.withUnsafeMutableBufferPointer { deltas in
        guard let units = units.baseAddress, let deltas = deltas.baseAddress else { return }
        backward(pass.count, parameters, units, deltas, into: &gradient)
      }
    }
    return gradient
  }

  /// Fills the units behind the first layer, whose activations are the inputs.
  func forward(
    _ count: Int, _ parameters: [Double], _ units: UnsafeMutablePointer<Double>
  ) {
    parameters.withUnsafeBufferPointer { theta in
      guard let theta = theta.baseAddress else { return }
      for layer in layers {
        let inputs = units + count * (layer.unitsBefore - layer.inputs)
        let outputs = units + count * layer.unitsBefore
        let isLast = layer == layers.last
        apply(layer, count, theta, inputs, into: outputs)
        let biases = theta + layer.biasOffset
        for row in 0..<count {
          let fields = outputs + row * layer.outputs
          for k in 0..<layer.outputs {
            let field = fields[k] + biases[k]
            fields[k] = isLast ? field : activation.value(field)
          }
        }
      }
    }
  }

  /// The gradient of the summed loss, from its gradients with respect to the outputs, with which `deltas`
  /// begins; `deltas` holds 2 · count · width numbers.
  func backward(
    _ count: Int, _ parameters: [Double], _ units: UnsafePointer<Double>,
    _ deltas: UnsafeMutablePointer<Double>, into gradient: inout [Double]
  ) {
    var delta = deltas
    var next = deltas + count * width
    parameters.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { gradient in
        guard let theta = theta.baseAddress, let gradient = gradient.baseAddress else { return }
        for layer in layers.reversed() {
          let inputs = units + count * (layer.unitsBefore - layer.inputs)
          accumulate(layer, count, delta, inputs, into: gradient)
          guard layer.offset > 0 else { break }
          carry(layer, count, theta, delta, into: next)
          for k in 0..<count * layer.inputs { next[k] *= activation.slope(inputs[k]) }
          swap(&delta, &next)
        }
      }
    }
  }

  /// fields = a Wᵀ + beta · fields.
  func apply(
    _ layer: Layer, _ count: Int, _ theta: UnsafePointer<Double>, _ inputs: UnsafePointer<Double>,
    beta: Double = 0, into fields: UnsafeMutablePointer<Double>
  ) {
    LinearAlgebra.multiply(
      rows: count, columns: layer.outputs, inner: layer.inputs, inputs, strideA: layer.inputs,
      theta + layer.offset, transposingB: true, strideB: layer.inputs, beta: beta, into: fields,
      strideC: layer.outputs)
  }

  /// ∂/∂W = δᵀ a + beta · ∂/∂W, and the same for the biases.
  func accumulate(
    _ layer: Layer, _ count: Int, _ delta: UnsafePointer<Double>, _ inputs: UnsafePointer<Double>,
    beta: Double = 0, addingBiases: Bool = true, into gradient: UnsafeMutablePointer<Double>
  ) {
    LinearAlgebra.multiply(
      rows: layer.outputs, columns: layer.inputs, inner: count, delta, transposingA: true,
      strideA: layer.outputs, inputs, strideB: layer.inputs, beta: beta,
      into: gradient + layer.offset, strideC: layer.inputs)
    guard addingBiases else { return }
    let biases = gradient + layer.biasOffset
    for k in 0..<layer.outputs { biases[k] = 0 }
    for row in 0..<count {
      for k in 0..<layer.outputs { biases[k] += delta[row * layer.outputs + k] }
    }
  }

  /// next = δ W + beta · next.
  func carry(
    _ layer: Layer, _ count: Int, _ theta: UnsafePointer<Double>, _ delta: UnsafePointer<Double>,
    beta: Double = 0, into next: UnsafeMutablePointer<Double>
  ) {
    LinearAlgebra.multiply(
      rows: count, columns: layer.inputs, inner: layer.outputs, delta, strideA: layer.outputs,
      theta + layer.offset, strideB: layer.inputs, beta: beta, into: next, strideC: layer.inputs)
  }
}
