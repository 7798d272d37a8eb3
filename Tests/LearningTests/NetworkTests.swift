import Foundation
import Learning
import NumericalCore
import TestSupport
import Testing

/// Networks with conditions, whole.
@Suite struct NetworkTests {
  private static let networks: [any ConditionedNetwork] = [
    RadialBasisNetwork(inputSize: 2, units: 5, steps: 7, outputs: 3),
    SigmoidNetwork(inputSize: 4, hidden: [6, 5], steps: 7, outputs: 4),
    ResidualNetwork(inputSize: 3, width: 16, blocks: 2, waves: 8, outputs: 3),
    MultiScaleConvolution(
      height: 6, width: 5, steps: 7, layers: 2, maps: 4, scales: 2, denseUnits: 8, pixelUnits: 6,
      pixelLayers: 1, bumps: 3),
    ResidualConvolution(
      height: 6, width: 8, channels: 2, outputsPerInput: 2, maps: [8, 16, 8], waves: 8,
      conditionUnits: 8),
  ]

  private static func numbers(_ rows: Int, _ columns: Int, _ index: Int) -> Matrix<Float> {
    var stream = RandomStream(seed: 911, purpose: .test, index: UInt64(index))
    return Matrix(
      rows: rows, columns: columns,
      elements: (0..<rows * columns).map { _ in Float(stream.normal()) })
  }

  /// a + c b.
  private static func moved(_ a: Matrix<Float>, _ c: Float, _ b: Matrix<Float>) -> Matrix<Float> {
    Matrix(
      rows: a.rows, columns: a.columns, elements: zip(a.elements, b.elements).map { $0 + c * $1 })
  }

  private static func conditions(_ count: Int) -> [NetworkCondition] {
    (0..<count).map { NetworkCondition(step: 1 + $0 % 7, logSignalToNoise: 3 - Double($0 % 7)) }
  }

  /// Parameters away from the beginning, where many gradients are zero.
  private static func parameters(_ network: any ConditionedNetwork) -> NetworkParameters {
    var parameters = network.initialParameters(seed: 3)
    for index in parameters.tensors.indices {
      let tensor = parameters.tensors[index]
      let noise = numbers(tensor.rows, tensor.columns, 1000 + index)
      parameters.tensors[index] = moved(tensor, 0.2, noise)
    }
    return parameters
  }

  /// Half the squared distance to targets.
  private static func squares(
    _ targets: Matrix<Float>
  ) -> @Sendable (Range<Int>, Matrix<Float>, inout Matrix<Float>) -> Double {
    { range, outputs, slopes in
      var sum = 0.0
      for (row, sample) in range.enumerated() {
        for k in 0..<outputs.columns {
          let d = outputs[row, k] - targets[sample, k]
          slopes[row, k] = d
          sum += Double(d) * Double(d) / 2
        }
      }
      return sum
    }
  }

  /// The slope of a function of a number, from differences at two distances.
  private func slope(_ value: (Float) throws -> Double) rethrows -> Double {
    func difference(_ h: Float) throws -> Double { (try value(h) - value(-h)) / (2 * Double(h)) }
    return try (4 * difference(1 / 512) - difference(1 / 256)) / 3
  }

  private func dot(_ a: Matrix<Float>, _ b: Matrix<Float>) -> Double {
    zip(a.elements, b.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  /// Gradients with respect to every tensor are slopes of the loss.
  @Test(arguments: 0..<5) func gradients(_ index: Int) throws {
    let network = Self.networks[index]
    let evaluator = NetworkEvaluator(network, workers: Workers(count: 2))
    let parameters = Self.parameters(network)
    #expect(parameters.names.count == Set(parameters.names).count)
    let inputs = Self.numbers(9, network.inputSize, 1)
    let conditions = Self.conditions(9)
    let loss = Self.squares(Self.numbers(9, network.outputSize, 2))
    let (value, gradient) = try evaluator.gradient(
      of: inputs, conditions: conditions, parameters: parameters, loss: loss)
    for (tensor, part) in gradient.enumerated() {
      let size = dot(part, part).squareRoot()
      #expect(size > 0, "\(parameters.names[tensor]) does nothing")
      // Along its own gradient, where the slope is the length of the gradient.
      let numeric = try slope { h in
        var moved = parameters
        moved.tensors[tensor] = Self.moved(parameters.tensors[tensor], h / Float(size), part)
        return try evaluator.gradient(
          of: inputs, conditions: conditions, parameters: moved, loss: loss
        ).loss
      }
      #expect(
        abs(numeric - size) <= 3e-3 * size + 1e-5 * value, "\(parameters.names[tensor]): \(size)")
    }
  }

  @Test(arguments: 0..<5) func gradientsOfInputs(_ index: Int) throws {
    let network = Self.networks[index]
    let evaluator = NetworkEvaluator(network, workers: Workers(count: 2))
    let parameters = Self.parameters(network)
    let inputs = Self.numbers(5, network.inputSize, 1)
    let conditions = Self.conditions(5)
    let weights = Self.numbers(5, network.outputSize, 2)
    let (outputs, gradients) = try evaluator.inputGradients(
      of: inputs, conditions: conditions, parameters: parameters, outputGradients: weights)
    #expect(
      try outputs
        == evaluator.outputs(of: inputs, conditions: conditions, parameters: parameters))
    for row in 0..<5 {
      let own = gradients.selectingRows([row])
      let size = dot(own, own).squareRoot()
      let numeric = try slope { h in
        var moved = inputs
        moved.setRow(
          row, to: zip(inputs.row(row), own.row(0)).map { $0 + h / Float(size) * $1 })
        return dot(
          try evaluator.outputs(of: moved, conditions: conditions, parameters: parameters), weights)
      }
      #expect(abs(numeric - size) <= 3e-3 * size + 1e-4)
    }
  }

  /// The same bits for any number of threads; a row of the output does not depend on the other rows.
  @Test(arguments: 0..<5) func threadsDoNotChangeTheBits(_ index: Int) throws {
    let network = Self.networks[index]
    let parameters = Self.parameters(network)
    let rows = 2 * network.samplesPerPiece + 3
    let inputs = Self.numbers(rows, network.inputSize, 1)
    let conditions = Self.conditions(rows)
    let targets = Self.numbers(rows, network.outputSize, 2)
    var kept:
      (outputs: Matrix<Float>, loss: Double, gradient: [Matrix<Float>], inputs: Matrix<Float>)?
    for threads in 1...3 {
      let evaluator = NetworkEvaluator(network, workers: Workers(count: threads))
      for _ in 0..<2 {  // the second time with buffers that were used before
        let outputs = try evaluator.outputs(
          of: inputs, conditions: conditions, parameters: parameters)
        let (loss, gradient) = try evaluator.gradient(
          of: inputs, conditions: conditions, parameters: parameters, loss: Self.squares(targets))
        let back = try evaluator.inputGradients(
          of: inputs, conditions: conditions, parameters: parameters, outputGradients: targets)
        guard let first = kept else {
          kept = (outputs, loss, gradient, back.gradients)
          continue
        }
        #expect(first.outputs == outputs && first.loss == loss && first.gradient == gradient)
        #expect(first.inputs == back.gradients && back.outputs == outputs)
      }
    }
    let evaluator = NetworkEvaluator(network, workers: Workers(count: 1))
    let some = [rows - 1, 1, 4]
    let alone = try evaluator.outputs(
      of: inputs.selectingRows(some), conditions: some.map { conditions[$0] },
      parameters: parameters)
    #expect(alone == kept?.outputs.selectingRows(some))
  }

  /// What a network begins with: readouts of zero, and another start for another seed.
  @Test(arguments: 0..<5) func beginning(_ index: Int) throws {
    let network = Self.networks[index]
    let evaluator = NetworkEvaluator(network, workers: Workers(count: 1))
    let parameters = network.initialParameters(seed: 1)
    #expect(parameters == network.initialParameters(seed: 1))
    #expect(parameters != network.initialParameters(seed: 2))
    let outputs = try evaluator.outputs(
      of: Self.numbers(4, network.inputSize, 1), conditions: Self.conditions(4),
      parameters: parameters)
    #expect(outputs.columns == network.outputSize && outputs.elements.allSatisfy { $0 == 0 })
    let none = try evaluator.gradient(
      of: Matrix(rows: 0, columns: network.inputSize), conditions: [], parameters: parameters
    ) { _, _, _ in 1 }
    #expect(none.loss == 0 && none.gradient.allSatisfy { $0.elements.allSatisfy { $0 == 0 } })
    #expect(throws: SzilardError.self) {
      try evaluator.outputs(
        of: Self.numbers(4, network.inputSize + 1, 1), conditions: Self.conditions(4),
        parameters: parameters)
    }
    #expect(throws: SzilardError.self) {
      try evaluator.outputs(
        of: Self.numbers(4, network.inputSize, 1), conditions: Self.conditions(3),
        parameters: parameters)
    }
  }

  /// An evaluator that learns: a line is fitted by steps against the gradient.
  @Test func networksLearn() throws {
    let network = ResidualNetwork(inputSize: 1, width: 16, blocks: 1, waves: 8, outputs: 1)
    let evaluator = NetworkEvaluator(network, workers: Workers(count: 2))
    var parameters = network.initialParameters(seed: testSeed(912))
    var optimizer = Optimizer(
      rule: .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8), shapes: parameters.shapes)
    let inputs = Matrix<Float>(rows: 64, columns: 1, elements: (0..<64).map { Float($0) / 32 - 1 })
    // What is to be learnt depends on the condition too.
    let conditions = (0..<64).map { NetworkCondition(logSignalToNoise: $0 % 2 == 0 ? 2 : -2) }
    let targets = Matrix<Float>(
      rows: 64, columns: 1,
      elements: (0..<64).map { $0 % 2 == 0 ? sin(3 * inputs[$0, 0]) : -inputs[$0, 0] })
    var losses: [Double] = []
    for _ in 0..<300 {
      let (loss, gradient) = try evaluator.gradient(
        of: inputs, conditions: conditions, parameters: parameters, loss: Self.squares(targets))
      losses.append(loss)
      optimizer.beginUpdate()
      for k in gradient.indices {
        optimizer.apply(
          slot: k, gradient: gradient[k].map { -$0 }, to: &parameters.tensors[k], rate: 1e-2,
          workers: Workers(count: 1))
      }
    }
    #expect(losses[299] < 0.02 * losses[0])
  }

  @Test func movingAverages() {
    let start = NetworkParameters(names: ["a"], tensors: [Matrix(rows: 3, columns: 5)])
    var average = MovingAverage(of: start, decay: 0.5)
    var expected = 0.0
    for n in 1...20 {
      let value = sin(Double(n))
      let current = NetworkParameters(
        names: ["a"], tensors: [Matrix<Float>(rows: 3, columns: 5).map { _ in Float(value) }])
      average.update(with: current, workers: Workers(count: 1 + n % 3))
      let mu = min(0.5, Double(1 + n) / Double(10 + n))
      expected = mu * expected + (1 - mu) * value
      #expect(abs(Double(average.parameters.tensors[0][2, 4]) - expected) <= 1e-6)
    }
    #expect(average.updates == 20)
  }
}
