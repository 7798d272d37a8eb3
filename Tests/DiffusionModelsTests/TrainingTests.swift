import DataSets
import Foundation
import Learning
import NumericalCore
import TestSupport
import Testing

@testable import DiffusionModels

@Suite("Training of diffusions")
struct TrainingTests {
  private func options(_ updates: Int) -> DiffusionTrainingOptions {
    var options = DiffusionTrainingOptions()
    options.updates = updates
    options.batchSize = 64
    options.seed = testSeed(1)
    return options
  }

  private func descriptions() throws -> [(String, DiffusionDescription)] {
    var denoiser = DiffusionDescription(
      kind: .denoiser, schedule: ScheduleDescription(.cosine, steps: 20),
      network: .residual(ResidualNetwork(inputSize: 2, width: 16, blocks: 1, outputs: 2)),
      variables: "continuous")
    denoiser.head = .v
    denoiser.loss = .simple
    denoiser.path = "cosine"
    var kernel = DiffusionDescription(
      kind: .reverseKernel, schedule: ScheduleDescription(.cosine, steps: 20),
      network: .radialBasis(RadialBasisNetwork(inputSize: 2, steps: 20, outputs: 4)),
      variables: "continuous")
    kernel.shift = [0, 0]
    kernel.scale = 1
    denoiser.shift = [0, 0]
    denoiser.scale = 1
    var bits = DiffusionDescription(
      kind: .categorical, schedule: ScheduleDescription(.reciprocal, steps: 20),
      network: .sigmoid(SigmoidNetwork(inputSize: 20, hidden: [8], steps: 20, outputs: 20)),
      variables: "binary")
    bits.categories = 2
    bits.noise = .uniform
    bits.activity = 0.2
    var learned = denoiser
    learned.loss = .continuous
    learned.path = "learned"
    return [
      ("swiss-roll:samples=300", denoiser), ("swiss-roll:samples=300", learned),
      ("swiss-roll:samples=300", kernel),
      ("heartbeat:samples=300", bits),
    ]
  }

  @Test("A run that is stopped and resumed ends with the same bits, for any number of threads")
  func resume() throws {
    for (data, description) in try descriptions() {
      try temporaryDirectory { folder in
        let set = try Generators.generate(data)
        func run(_ name: String, stopAfter: Int?, resume: Bool, threads: Int) throws {
          let path = folder.appendingPathComponent(name).path
          let place = try RunFolder(path, mode: resume ? .resume : .new)
          let asked = DiffusionRunDescription(
            version: "test", data: data, test: nil, heldOut: 0, reading: ReadingDescription(),
            model: description, training: options(12), evaluateEvery: 5, checkpointEvery: 4,
            machine: MachineDescription(
              host: "", instructionSet: "", blas: "", threads: threads))
          if !resume { try place.create() }
          try place.writeDescription(asked)
          let training = try DiffusionRun(
            folder: place, description: asked, train: set, test: set,
            workers: Workers(count: threads), resume: resume)
          var done = 0
          let outcome = try training.run(
            progress: { _ in done += 1 }, shouldStop: { done + 1 == stopAfter })
          #expect((outcome == .interrupted) == (stopAfter != nil))
        }
        try run("one", stopAfter: nil, resume: false, threads: 1)
        try run("two", stopAfter: 7, resume: false, threads: 2)
        try run("two", stopAfter: nil, resume: true, threads: 2)
        let one = try DiffusionModel(
          path: folder.appendingPathComponent("one/model.safetensors").path,
          workers: Workers(count: 1))
        let two = try DiffusionModel(
          path: folder.appendingPathComponent("two/model.safetensors").path,
          workers: Workers(count: 1))
        #expect(one.parameters == two.parameters)
        #expect(one.description == two.description)
        var same = one.description
        same.learnedPath = nil
        #expect(same == description)
        #expect((one.description.learnedPath != nil) == (description.path == "learned"))
        let initial = one.evaluator.network.initialParameters(seed: testSeed(1))
        #expect(one.parameters != initial)
        let records = try RunFolder(existing: folder.appendingPathComponent("two").path)
          .metrics(as: DiffusionRecord.self)
        #expect(records.map(\.update) == [5, 10, 12])
        let undisturbed = try RunFolder(existing: folder.appendingPathComponent("one").path)
          .metrics(as: DiffusionRecord.self)
        #expect(records.map(\.trainingLoss) == undisturbed.map(\.trainingLoss))
        #expect(records.map(\.heldOutLoss) == undisturbed.map(\.heldOutLoss))
      }
    }
  }

  @Test("Losses of all kinds have the gradients that differences give")
  func gradients() throws {
    for (data, description) in try descriptions() {
      let set = try Generators.generate(data)
      var kinds = [description]
      if description.kind == .denoiser {
        // The hybrid loss holds the mean fixed in its bound: LearnedWidthTests.
        for loss in DiffusionLoss.allCases where loss != .hybrid {
          for head in NetworkHead.allCases {
            var other = description
            other.loss = loss
            other.head = head
            if loss == .karras { other.path = "karras" }
            kinds.append(other)
          }
        }
      }
      if description.kind == .categorical {
        var other = description
        other.crossEntropyWeight = 0.3
        kinds.append(other)
      }
      for kind in kinds {
        let batch = try kind.objective(set).batch(
          of: [0, 1, 2, 3], update: 3, seed: testSeed(2), workers: Workers(count: 1))
        let width = kind.network.network.outputSize
        var output = Matrix<Float>(rows: 4, columns: width)
        for row in 0..<4 {
          for column in 0..<width { output[row, column] = Float(sin(Double(row * 7 + column))) / 4 }
        }
        var gradient = Matrix<Float>(rows: 4, columns: width)
        let value = batch.loss(0..<4, output, &gradient)
        #expect(value.isFinite)
        for (row, column) in [(0, 0), (2, 1), (3, width - 1)] {
          let step: Float = 1e-2
          var (up, down) = (output, output)
          up[row, column] += step
          down[row, column] -= step
          // The loss of the row alone, so that rows with larger weights hide nothing.
          func one(_ outputs: Matrix<Float>) -> Double {
            var part = Matrix<Float>(rows: 1, columns: width)
            return batch.loss(row..<row + 1, outputs.selectingRows([row]), &part)
          }
          let slope =
            (one(up) - one(down))
            / Double((output[row, column] + step) - (output[row, column] - step))
          let exact = Double(gradient[row, column])
          // Outputs are floats: an error of 1e-7 of the loss over a step of 2e-2.
          #expect(
            abs(slope - exact) < 3e-3 * max(abs(slope), abs(exact)) + 1e-4 * abs(one(output)),
            "\(kind)")
        }
      }
    }
  }

  @Test("The target of each output gives back data and noise", arguments: NetworkHead.allCases)
  func heads(_ head: NetworkHead) {
    for logRatio in [-6.0, -1, 0.3, 5] {
      let level = NoiseLevel(logSignalToNoise: logRatio)
      let (data, noise) = (0.8, -1.7)
      let x = level.signal * data + level.noise * noise
      let (u, w) = head.target(level)
      let output = u * data + w * noise
      let (p, q) = head.noiseCombination(level)
      #expect(isClose(p * x + q * output, noise, relative: 1e-9))
      let (r, s) = head.dataCombination(level)
      #expect(isClose(r * x + s * output, data, relative: 1e-9))
    }
  }

  @Test("One network is the same denoiser in every frame")
  func frames() throws {
    let network = ResidualNetwork(inputSize: 2, width: 16, blocks: 1, outputs: 2)
    var parameters = network.initialParameters(seed: testSeed(3))
    // The last layer begins at zero.
    for index in parameters.tensors.indices {
      parameters.tensors[index] = parameters.tensors[index].map { $0 + 0.05 }
    }
    let evaluator = NetworkEvaluator(network, workers: Workers(count: 1))
    let x = Matrix<Double>(rows: 1, columns: 2, elements: [0.4, -0.9])
    for head in NetworkHead.allCases {
      let model = NetworkDenoiser(evaluator: evaluator, parameters: parameters, head: head)
      let level = NoisePath.cosine(offset: 0.008).level(at: 0.4)
      let data = try model.predict(.data, of: x, at: level)
      for factor in [0.3, 1.7] {
        let other = NoiseLevel(signal: factor * level.signal, noise: factor * level.noise)
        let same = try model.predict(.data, of: x.map { factor * $0 }, at: other)
        for j in 0..<2 { #expect(isClose(same[0, j], data[0, j], relative: 1e-4)) }
      }
      // Backpropagation against differences.
      var c = Matrix<Double>(rows: 1, columns: 2)
      c[0, 1] = 1
      let gradient = try model.predictWithGradient(.noise, of: x, at: level, cotangents: c)
      var (up, down) = (x, x)
      up[0, 0] += 1e-2
      down[0, 0] -= 1e-2
      let difference =
        (try model.predict(.noise, of: up, at: level)[0, 1]
          - model.predict(.noise, of: down, at: level)[0, 1]) / 2e-2
      #expect(abs(difference - gradient.gradient[0, 0]) < 2e-2 * max(1, abs(difference)))
    }
  }

  @Test("Training on a Gaussian comes near its best bound and not above")
  func learnsGaussian() throws {
    var samples = Matrix<Float>(rows: 4000, columns: 2)
    let law = try GaussianMixture(variances: [1.75, 0.25])
    let drawn = law.samples(4000, seed: testSeed(4))
    for row in 0..<4000 { samples.setRow(row, to: drawn.row(row).map(Float.init)) }
    let set = DataSet(values: .reals(samples), variableKind: .continuous, name: "Gaussian")
    let description = DiffusionDescription(
      kind: .reverseKernel, schedule: ScheduleDescription(.cosine, steps: 40),
      network: .residual(ResidualNetwork(inputSize: 2, width: 32, blocks: 1, outputs: 4)),
      variables: "continuous")
    var options = options(1500)
    options.batchSize = 256
    options.learningRate = 0.003
    let model = try DiffusionModel.trained(
      description, on: set, options: options, workers: Workers(count: 2))
    let data = try model.description.data(samples)
    let states = data.scaled(0..<2000, seed: 0)
    let value = try EvidenceBound(try model.reverseKernel()).evaluate(states, seed: testSeed(5))
    // The table of 4.1 less the logarithms of the measured scale.
    let best = -3.502462 * log(2) + 2 * log(data.scale)
    #expect(value.total.value < best + 4 * value.total.halfWidth)
    #expect(value.gain.value > 0.5 * (best - value.nullValue))
  }
}

@Suite("Data as diffusions take them")
struct GaussianDataTests {
  @Test("Scaled data have second moment 1, and go back")
  func scaling() throws {
    let samples = Matrix<Float>(rows: 3, columns: 2, elements: [1, 5, 2, 9, 4, 1])
    let data = try GaussianData(measuring: samples)
    let scaled = data.scaled(0..<3, seed: 1)
    #expect(isClose(scaled.elements.reduce(0) { $0 + $1 * $1 } / 6, 1, relative: 1e-12))
    for (one, other) in zip(data.unscaled(scaled).elements, samples.elements) {
      #expect(abs(one - other) < 1e-5)
    }
    #expect(throws: SzilardError.self) {
      try GaussianData(measuring: Matrix<Float>(rows: 2, columns: 1, elements: [1, 1]))
    }
    #expect(throws: SzilardError.self) {
      try GaussianData(measuring: Matrix<Float>(rows: 2, columns: 1, elements: [1, .nan]))
    }
  }

  @Test("The noise of quantised data is uniform in a level and belongs to the row")
  func dequantisation() throws {
    let samples = Matrix<Float>(
      rows: 2, columns: 500, elements: (0..<1000).map { Float(($0 + $0 / 500) % 2) })
    let data = try GaussianData(measuring: samples, quantum: 1)
    let scaled = data.scaled([1], seed: 3, step: 2)
    let again = data.scaled([0, 1], seed: 3, step: 2)
    #expect(scaled.row(0) == again.row(1))
    let noise = zip(data.unscaled(scaled).elements, samples.row(1)).map { $0 - $1 }
    #expect(noise.allSatisfy { $0 > -1e-5 && $0 < 1 + 1e-5 })
    let mean = noise.reduce(0, +) / 500
    // Hoeffding at α = 1e-9.
    #expect(abs(mean - 0.5) < 0.147)
  }

  @Test("Parzen windows about one point are a Gaussian, and the best width is found")
  func parzen() {
    let point = Matrix<Float>(rows: 1, columns: 3, elements: [0, 0, 0])
    let data = Matrix<Float>(rows: 2, columns: 3, elements: [0.3, 0, 0, 0.1, 0.2, 0.2])
    let value = ParzenWindow(samples: point, width: 0.5).logDensities(of: data)
    #expect(isClose(value[0], -0.09 / 0.5 - 1.5 * log(2 * .pi * 0.25), relative: 1e-6))
    #expect(isClose(value[1], -0.09 / 0.5 - 1.5 * log(2 * .pi * 0.25), relative: 1e-6))
    let chosen = ParzenWindow(samples: point, validation: data)
    // σ² = E|x|²/d = 0.03: 0.173 lies between 0.1668 and 0.2154.
    #expect(isClose(chosen.width, ParzenWindow.widths[2], relative: 1e-12))
  }

  @Test("A chain that starts at the noise of the data draws from the posterior")
  func noisyStart() throws {
    let law = try GaussianMixture(variances: [1.75, 0.25], workers: Workers(count: 1))
    let chain = GaussianDiffusion(try NoiseSchedule(path: .cosine(offset: 0.008), steps: 400))
    let study = try PosteriorStudy(
      law, diffusion: chain, values: [0.8, -0.5], coordinates: [0, 1], deviation: 0.7)
    let start = try study.moments(.start, count: 3000, seed: testSeed(6))
    // Five moments at α = 1e-9 each; the step's size and its extra noise leave 1 %.
    #expect(start.largestDeviation < 7)
    let constant = try study.moments(.constant, count: 3000, seed: testSeed(6))
    #expect(constant.largestDeviation > 10)
    let kernel = try DenoisingKernel(law, diffusion: chain, variance: .optimal)
    #expect(throws: SzilardError.self) { try NoisyStart(kernel, deviation: 1e9) }
    #expect(throws: SzilardError.self) { try NoisyStart(kernel, deviation: 0) }
  }
}
