internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import Learning
internal import NumericalCore

/// A network and a batch whose steps are timed, and which another program can build from a file.
struct NetworkBenchmark {
  let name: String
  let file: String
  let network: any ConditionedNetwork
  let batch: Int
  /// The chain of a reverse kernel, which is sampled instead of a step of training.
  var chain: ScheduleDescription?

  static let all = [
    NetworkBenchmark(
      name: "training step, convolution 28x28, batch 128", file: "convolution",
      network: ResidualConvolution(height: 28, width: 28), batch: 128),
    NetworkBenchmark(
      name: "training step, residual network 2-128, batch 512", file: "residual",
      network: ResidualNetwork(inputSize: 2, outputs: 2), batch: 512),
    NetworkBenchmark(
      name: "1000 samples, radial basis 2-16-4, T = 40", file: "radial",
      network: RadialBasisNetwork(inputSize: 2, steps: 40, outputs: 4), batch: 1000,
      chain: ScheduleDescription(
        .uniformLogSNR, steps: 40, firstRate: 1e-4, lastSignalPower: 1e-3)),
  ]

  private func normals(_ columns: Int, _ index: UInt64) -> Matrix<Float> {
    var stream = RandomStream(seed: 7, purpose: .test, index: index)
    return Matrix(
      rows: batch, columns: columns,
      elements: (0..<batch * columns).map { _ in Float(stream.normal()) })
  }

  private var conditions: [NetworkCondition] {
    (0..<batch).map {
      NetworkCondition(
        step: chain == nil ? 1 + $0 % 40 : 1, logSignalToNoise: Double($0 % 40) / 4 - 5)
    }
  }

  /// Parameters of which none is zero, so that every part of the network shows in its outputs.
  private var parameters: NetworkParameters {
    var parameters = network.initialParameters(seed: 7)
    for (index, tensor) in parameters.tensors.enumerated() {
      var stream = RandomStream(seed: 8, purpose: .test, index: UInt64(index))
      let deviation = 0.5 / Double(max(1, tensor.rows)).squareRoot()
      parameters.tensors[index] = tensor.map { $0 + Float(deviation * stream.normal()) }
    }
    return parameters
  }

  private static func squares(
    _ targets: Matrix<Float>
  ) -> @Sendable (Range<Int>, Matrix<Float>, inout Matrix<Float>) -> Double {
    { range, outputs, slopes in
      var sum = 0.0
      for (row, sample) in range.enumerated() {
        for k in 0..<outputs.columns {
          let d = targets[sample, k] - outputs[row, k]
          slopes[row, k] = d
          sum += Double(d * d) / 2
        }
      }
      return sum
    }
  }

  /// What is timed; each call goes on where the last one ended.
  func step(workers: Workers) throws -> () throws -> Void {
    if let chain {
      let kernel = LearnedReverseKernel(
        evaluator: NetworkEvaluator(network, workers: Workers(count: 1)), parameters: parameters,
        diffusion: GaussianDiffusion(try chain.schedule()))
      let sampler = AncestralSampler(kernel, lastStep: .forward)
      return { _ = try sampler.samples(batch, seed: 7, workers: workers) }
    }
    let evaluator = NetworkEvaluator(network, workers: workers)
    let inputs = normals(network.inputSize, 1)
    var parameters = network.initialParameters(seed: 7)
    let conditions = conditions
    let loss = NetworkBenchmark.squares(normals(network.outputSize, 2))
    var optimizer = Optimizer(
      rule: .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8), shapes: parameters.shapes)
    var average = MovingAverage(of: parameters)
    return {
      let (_, gradient) = try evaluator.gradient(
        of: inputs, conditions: conditions, parameters: parameters, loss: loss)
      optimizer.beginUpdate()
      for k in gradient.indices {
        optimizer.apply(
          slot: k, gradient: gradient[k], to: &parameters.tensors[k], rate: 1e-3, workers: workers)
      }
      average.update(with: parameters, workers: workers)
    }
  }

  /// Writes parameters, a batch, the outputs and the gradient of half their squared distance to targets.
  static func write(to folder: String, workers: Workers) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for benchmark in all {
      let evaluator = NetworkEvaluator(benchmark.network, workers: workers)
      let parameters = benchmark.parameters
      let inputs = benchmark.normals(benchmark.network.inputSize, 1)
      let targets = benchmark.normals(benchmark.network.outputSize, 2)
      let conditions = benchmark.conditions
      let outputs = try evaluator.outputs(
        of: inputs, conditions: conditions, parameters: parameters)
      // `squares` gives the slopes that ascend.
      let (loss, gradient) = try evaluator.gradient(
        of: inputs, conditions: conditions, parameters: parameters, loss: squares(targets))
      var file = Safetensors(metadata: ["loss": "\(loss)"])
      func keep(_ name: String, _ matrix: Matrix<Float>) {
        file.tensors[name] = StoredArray(matrix.elements, shape: [matrix.rows, matrix.columns])
      }
      keep("inputs", inputs)
      keep("targets", targets)
      keep("outputs", outputs)
      file.tensors["ratios"] = StoredArray(conditions.map { Float($0.logSignalToNoise) })
      for (index, name) in parameters.names.enumerated() {
        keep("parameters." + name, parameters.tensors[index])
        keep("ascent." + name, gradient[index])
      }
      try file.write(to: "\(folder)/\(benchmark.file).safetensors")
    }
  }
}
