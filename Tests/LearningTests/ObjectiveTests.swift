import Foundation
import Learning
import NumericalCore
import TestSupport
import Testing

@Suite struct ObjectiveTests {
  private static let samples = 7

  private static func normals(_ count: Int, _ n: UInt64) -> [Double] {
    var stream = RandomStream(seed: 900, purpose: .test, index: n)
    return (0..<count).map { _ in stream.normal() }
  }

  private static func matrix(_ columns: Int, _ n: UInt64) -> Matrix<Float> {
    Matrix(
      rows: samples, columns: columns, elements: normals(samples * columns, n).map { Float($0) })
  }

  private static func objectives() throws -> [any FiniteSum] {
    let x = matrix(3, 1)
    let bits = normals(samples, 2).map { Float($0 > 0 ? 1 : 0) }
    var result: [any FiniteSum] = [
      try LinearModel(
        inputs: x, targets: normals(samples, 3).map { Float($0) },
        response: .gaussian(deviation: 0.7), priorPrecision: 0.3),
      try LinearModel(
        inputs: x, targets: bits, response: .bernoulli, priorPrecision: 0.3, lossScale: 1),
    ]
    for activation in [Activation.tanh, .softplus, .identity, .rectifier] {
      let network = DenseNetwork(layerSizes: [3, 5, 4, 2], activation: activation)
      result.append(
        try NetworkModel(
          network: network, inputs: x, targets: matrix(2, 4), response: .gaussian(deviation: 0.7),
          priorPrecision: 0.3))
      result.append(
        try NetworkModel.categories(
          network: network, inputs: x, labels: bits.map { Int($0) }, priorPrecision: 0.1))
    }
    result.append(
      try NetworkModel(
        network: DenseNetwork(layerSizes: [3, 4, 1]), inputs: x,
        targets: Matrix(rows: samples, columns: 1, elements: bits), response: .bernoulli,
        priorPrecision: 0))
    return result
  }

  /// Gradients are slopes of values, and Hessian-vector products are slopes of gradients.
  @Test(arguments: 0..<11) func derivatives(_ index: Int) throws {
    let objective = try Self.objectives()[index]
    let parameters = Self.normals(objective.parameterCount, 5)
    let direction = Self.normals(objective.parameterCount, 6)
    let step = 1e-5
    func moved(_ sign: Double) -> [Double] {
      zip(parameters, direction).map { $0 + sign * step * $1 }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let slope = (objective.value(at: moved(1)) - objective.value(at: moved(-1))) / (2 * step)
    let gradient = objective.gradient(at: parameters)
    let size = dot(gradient, gradient).squareRoot() * dot(direction, direction).squareRoot()
    #expect(isClose(dot(gradient, direction), slope, absolute: 1e-7 * size))
    let product = objective.hessianProduct(at: parameters, with: direction)
    let high = objective.gradient(at: moved(1))
    let low = objective.gradient(at: moved(-1))
    let scale = dot(product, product).squareRoot()
    for k in product.indices {
      #expect(isClose(product[k], (high[k] - low[k]) / (2 * step), absolute: 1e-6 * scale))
    }
    // ∇² is symmetric: u·∇²v = v·∇²u.
    let other = Self.normals(objective.parameterCount, 7)
    let crossed = dot(objective.hessianProduct(at: parameters, with: other), direction)
    #expect(isClose(dot(product, other), crossed, absolute: 1e-11 * scale * dot(other, other)))
    // The whole Hessian, also of some samples, and with other threads.
    let hessian = objective.hessian(at: parameters)
    let applied = (0..<hessian.rows).map { dot(hessian.row($0), direction) }
    for k in product.indices { #expect(isClose(applied[k], product[k], absolute: 1e-10 * scale)) }
    let parts = (0..<Self.samples).map { objective.hessian(at: parameters, of: [$0]) }
    let mean = parts.dropFirst().reduce(parts[0]) { LinearAlgebra.sum($0, $1) }
    #expect(
      isClose(mean[0, 0] / Double(Self.samples), hessian[0, 0], absolute: 1e-10 * scale))
  }

  /// The gradients of samples are those of batches of one, and the batches of an epoch sum to P ∇L, ragged
  /// or not.
  @Test(arguments: 0..<11) func partitionIdentity(_ index: Int) throws {
    let objective = try Self.objectives()[index]
    let parameters = Self.normals(objective.parameterCount, 8)
    let full = objective.gradient(at: parameters)
    let size = full.map { abs($0) }.max() ?? 0
    let single = objective.sampleGradients(at: parameters)
    for k in full.indices {
      let mean = (0..<Self.samples).reduce(0) { $0 + single[$1, k] } / Double(Self.samples)
      #expect(isClose(mean, full[k], absolute: 1e-12 * size))
    }
    var part = full
    var workspace = [Double](repeating: .nan, count: objective.workspaceCount(batchSize: 3))
    for batchSize in 1...3 {
      var batches = Minibatches(
        sampleCount: Self.samples, batchSize: batchSize, ragged: .weighted, seed: testSeed(901))
      let count = batches.batchesPerEpoch
      var sum = [Double](repeating: 0, count: full.count)
      for update in 0..<count {
        objective.gradient(
          of: batches.batch(update: update), at: parameters, into: &part, workspace: &workspace)
        for k in part.indices { sum[k] += batches.weight(update: update) * part[k] }
      }
      for k in full.indices {
        #expect(isClose(sum[k], Double(count) * full[k], absolute: 1e-12 * Double(count) * size))
      }
    }
  }

  /// The regression network of Adhikari et al., whose parameters stand in their order.
  @Test func orderOfParameters() throws {
    let network = DenseNetwork(layerSizes: [1, 2, 1])
    #expect(network.parameterCount == 7)
    let w = Self.normals(7, 9)
    let x = 0.8
    let expected = w[4] * tanh(w[0] * x + w[2]) + w[5] * tanh(w[1] * x + w[3]) + w[6]
    let output = network.outputs(
      of: Matrix(rows: 1, columns: 1, elements: [Float(x)]), parameters: w)
    #expect(isClose(output[0, 0], expected, absolute: 1e-6))
  }

  /// The gradient of any function of the outputs, here of their sum.
  @Test func backwardOfOutputs() {
    let network = DenseNetwork(layerSizes: [3, 4, 2])
    let parameters = Self.normals(network.parameterCount, 10)
    let x = Self.matrix(3, 11)
    let pass = network.forward(x, parameters: parameters)
    let ones = [Double](repeating: 1, count: pass.outputs.count)
    let gradient = network.backward(pass, outputGradients: ones, parameters: parameters)
    for k in gradient.indices {
      func sum(_ step: Double) -> Double {
        var moved = parameters
        moved[k] += step
        return network.outputs(of: x, parameters: moved).elements.reduce(0, +)
      }
      #expect(isClose(gradient[k], (sum(1e-5) - sum(-1e-5)) / 2e-5, absolute: 1e-7))
    }
  }

  /// What a user's own potential gets without writing it: a Hessian from differences.
  @Test func ownPotential() {
    struct DoubleWell: FiniteSum {
      let sampleCount = 1
      let parameterCount = 2
      func gradient(
        of batch: ArraySlice<Int>, at x: [Double], into gradient: inout [Double],
        workspace: inout [Double]
      ) {
        gradient[0] = 4 * x[0] * (x[0] * x[0] - 1) + x[1]
        gradient[1] = x[1] + x[0]
      }
      func value(of batch: ArraySlice<Int>, at x: [Double], workspace: inout [Double]) -> Double {
        (x[0] * x[0] - 1) * (x[0] * x[0] - 1) + x[1] * x[1] / 2 + x[0] * x[1]
      }
    }
    let hessian = DoubleWell().hessian(at: [0.7, 0.2])
    #expect(isClose(hessian[0, 0], 12 * 0.49 - 4, absolute: 1e-8))
    #expect(isClose(hessian[0, 1], 1, absolute: 1e-8))
    #expect(isClose(hessian[1, 1], 1, absolute: 1e-8))
  }

  /// The kernel for small networks and products of matrices give one gradient.
  @Test func kernelAgreesWithMatrices() throws {
    let network = DenseNetwork(layerSizes: [3, 20, 5])
    let labels = (0..<Self.samples).map { $0 % 5 }
    let model = try NetworkModel.categories(
      network: network, inputs: Self.matrix(3, 1), labels: labels, priorPrecision: 0, lossScale: 1)
    let parameters = Self.normals(network.parameterCount, 12)
    let pass = network.forward(model.inputs, parameters: parameters)
    var slopes: [Double] = []
    for (row, label) in labels.enumerated() {
      let z = pass.outputs[row * 5..<row * 5 + 5]
      let logNorm = logSumExp(Array(z))
      slopes += z.enumerated().map { exp($1 - logNorm) - ($0 == label ? 1 : 0) }
    }
    let expected = network.backward(pass, outputGradients: slopes, parameters: parameters)
    let gradient = model.gradient(at: parameters)
    for k in gradient.indices {
      #expect(isClose(gradient[k], expected[k] / Double(Self.samples), absolute: 1e-14))
    }
  }
}
