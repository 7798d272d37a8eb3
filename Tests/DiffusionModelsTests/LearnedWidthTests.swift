import DataSets
import Foundation
import Learning
import NumericalCore
import TestSupport
import Testing

@testable import DiffusionModels

@Suite("Widths and paths that are learned")
struct LearnedWidthTests {
  private let samples: Matrix<Float>
  private let set: DataSet

  init() throws {
    let law = try GaussianMixture(variances: [1.75, 0.25])
    let drawn = law.samples(4000, seed: testSeed(1))
    var samples = Matrix<Float>(rows: 4000, columns: 2)
    for row in 0..<4000 { samples.setRow(row, to: drawn.row(row).map(Float.init)) }
    self.samples = samples
    set = DataSet(values: .reals(samples), variableKind: .continuous, name: "Gaussian")
  }

  private func description(_ loss: DiffusionLoss, path: String, steps: Int) -> DiffusionDescription
  {
    var result = DiffusionDescription(
      kind: .denoiser, schedule: ScheduleDescription(.cosine, steps: steps),
      network: .residual(
        ResidualNetwork(
          inputSize: 2, width: 32, blocks: 1, outputs: loss == .hybrid ? 4 : 2)),
      variables: "continuous")
    result.head = .v
    result.loss = loss
    result.path = path
    return result
  }

  private func options(_ updates: Int) -> DiffusionTrainingOptions {
    var options = DiffusionTrainingOptions()
    options.updates = updates
    options.learningRate = 0.003
    options.averageDecay = 0.99
    options.seed = testSeed(2)
    return options
  }

  @Test("Learned widths are those of the true reverse chain, and raise the bound")
  func widths() throws {
    let steps = 10
    let model = try DiffusionModel.trained(
      description(.hybrid, path: "cosine", steps: steps), on: set, options: options(3000),
      workers: Workers())
    #expect(model.usualVariance == .learned)
    let chain = try model.description.diffusion()
    let kernel = try model.reverseKernel()
    // The best width of a step is β_t v_{t−1}/v_t, whatever the state.
    let axes = [1.75, 0.25].map { $0 / pow(model.description.scale ?? 1, 2) }
    func best(_ step: Int, _ variance: Double) -> Double {
      func total(_ t: Int) -> Double {
        chain.schedule.signalPowers[t] * variance + chain.schedule.noisePowers[t]
      }
      return chain.schedule.rate(step) * total(step - 1) / total(step)
    }
    let states = Matrix<Double>(rows: 1, columns: 2, elements: [0.5, -0.3])
    for step in 2...steps {
      let found = try kernel.reverse(states, step: step).variance
      for (axis, variance) in axes.enumerated() {
        // A third of the distance between the two ends is what 3000 updates leave open at most.
        let room =
          (log(chain.schedule.rate(step)) - log(chain.posterior(step).variance)) / 3 + 0.05
        #expect(
          abs(log(found[0, axis] / best(step, variance))) < room, "step \(step), axis \(axis)")
      }
    }
    let data = try model.description.data(samples)
    let held = data.scaled(0..<500, seed: 1)
    func bound(_ variance: DenoisingKernel.Variance) throws -> EvidenceBoundValue {
      try EvidenceBound(try model.reverseKernel(variance: variance), lastStep: .model)
        .evaluate(held, seed: testSeed(3))
    }
    let (learned, posterior) = (try bound(.learned), try bound(.posterior))
    // What the best widths Σ* gain over β̃ with the true means: ½ (Σ*/β̃ − 1 − ln(Σ*/β̃)) a step and axis.
    var possible = 0.0
    for step in 2...steps {
      for variance in axes {
        let ratio = best(step, variance) / chain.posterior(step).variance
        possible += 0.5 * (ratio - 1 - log(ratio))
      }
    }
    let gain = Estimate(
      meanOf: zip(learned.values, posterior.values).map { $0 - $1 }, method: "difference")
    // Half of what is possible, beyond the error of 500 points.
    #expect(gain.value - zBound() * gain.halfWidth / 1.96 > 0.5 * possible, "\(gain), \(possible)")
  }

  @Test("The bound's part of the hybrid loss has the gradient of differences for the widths alone")
  func gradient() throws {
    var description = description(.hybrid, path: "cosine", steps: 20)
    description.shift = [0, 0]
    description.scale = 1
    let batch = try description.objective(set).batch(
      of: [0, 1, 2, 3], update: 3, seed: testSeed(4), workers: Workers(count: 1))
    var output = Matrix<Float>(rows: 4, columns: 4)
    for row in 0..<4 {
      for column in 0..<4 { output[row, column] = Float(sin(Double(row * 7 + column))) }
    }
    var (gradient, scratch) = (output, output)
    _ = batch.loss(0..<4, output, &gradient)
    for row in 0..<4 {
      for column in 2..<4 {
        var (up, down) = (output, output)
        up[row, column] += 1e-2
        down[row, column] -= 1e-2
        let slope =
          (batch.loss(0..<4, up, &scratch) - batch.loss(0..<4, down, &scratch))
          / Double(up[row, column] - down[row, column])
        let exact = Double(gradient[row, column])
        #expect(abs(slope - exact) < 1e-3 * max(abs(exact), 1e-3))
      }
    }
    // The means are taught by the error alone: their gradient does not know of the widths.
    var other = output
    for row in 0..<4 { for column in 2..<4 { other[row, column] += 0.7 } }
    var changed = gradient
    _ = batch.loss(0..<4, other, &changed)
    for row in 0..<4 {
      for column in 0..<2 {
        #expect(gradient[row, column] == changed[row, column] && gradient[row, column] != 0)
      }
      for column in 2..<4 { #expect(gradient[row, column] != changed[row, column]) }
    }
  }

  @Test("Without a hybrid loss there are no widths to ask for")
  func refusal() throws {
    let model = try DiffusionModel.trained(
      description(.simple, path: "cosine", steps: 10), on: set, options: options(1),
      workers: Workers(count: 1))
    #expect(throws: SzilardError.self) { try model.reverseKernel(variance: .learned) }
    #expect(model.usualVariance == .posterior)
  }

  @Test("A learned path makes the terms of the continuous bound vary less than the straight line")
  func path() throws {
    let asked = description(.continuous, path: "learned", steps: 10)
    var measured = asked
    let data = try GaussianData(measuring: samples, quantum: 0)
    measured.shift = data.shift
    measured.scale = data.scale
    let trainer = try DiffusionTrainer(
      objective: try measured.objective(set),
      evaluator: NetworkEvaluator(asked.network.network, workers: Workers()),
      options: options(1000))
    for _ in 0..<1000 { _ = try trainer.step() }
    let course = try #require(trainer.learnedPath)
    #expect(course.first == 10 && course.last == -8)
    #expect(isClose(course.shares.reduce(0, +), 1, relative: 1e-9))
    func moments(_ path: MonotoneSchedule?) throws -> (mean: Double, error: Double) {
      measured.learnedPath = path
      let objective = try measured.objective(set)
      let batch = objective.batch(
        of: ArraySlice(0..<4000), update: 0, seed: testSeed(5), workers: Workers())
      let outputs = try trainer.evaluator.outputs(
        of: batch.inputs, conditions: batch.conditions,
        parameters: trainer.average.parameters)
      let values = (0..<4000).map { row -> Double in
        var gradient = Matrix<Float>(rows: 1, columns: 2)
        return batch.loss(row..<row + 1, outputs.selectingRows([row]), &gradient)
      }
      return (mean(of: values), variance(of: values).squareRoot())
    }
    let (learned, straight) = (try moments(course), try moments(nil))
    // The same integral, with a smaller spread; means to 3.9 standard errors and the ends cut at 1/1000.
    let error =
      3.9 * hypot(learned.error, straight.error) / 4000.0.squareRoot() + 0.02 * straight.mean
    #expect(abs(learned.mean - straight.mean) < error)
    #expect(learned.error < 0.9 * straight.error)
  }

  @Test("scheduler_config.json says the chain rate by rate")
  func scheduler() throws {
    let denoiser = description(.simple, path: "cosine", steps: 10)
    let configuration = try #require(try SchedulerConfiguration(denoiser))
    let object = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(configuration))
        as? [String: Any])
    #expect(object["_class_name"] as? String == "DDPMScheduler")
    #expect(object["prediction_type"] as? String == "v_prediction")
    #expect(object["num_train_timesteps"] as? Int == 10)
    let rates = try #require(object["trained_betas"] as? [Double])
    var power = 1.0
    let schedule = try denoiser.schedule.schedule()
    for (index, rate) in rates.enumerated() {
      power *= 1 - rate
      #expect(isClose(power, schedule.signalPowers[index + 1], relative: 1e-9))
    }
    var other = denoiser
    other.head = .velocity
    #expect(try SchedulerConfiguration(other) == nil)
  }
}

@Suite("Draws of a posterior")
struct PosteriorDrawsTests {
  private let draws = PosteriorDraws([
    Matrix<Double>(rows: 2, columns: 2, elements: [1, 2, 3, 4]),
    Matrix<Double>(rows: 2, columns: 2, elements: [3, 2, 1, 0]),
  ])

  @Test("Mean and order")
  func mean() {
    #expect(draws.mean == Matrix<Double>(rows: 2, columns: 2, elements: [2, 2, 2, 2]))
    #expect(
      draws.rows == Matrix<Double>(rows: 4, columns: 2, elements: [1, 2, 3, 2, 3, 4, 1, 0]))
  }

  @Test("PSNR of a known error")
  func ratio() throws {
    let data = Matrix<Double>(rows: 1, columns: 4, elements: [0, 1, 0.5, 0.25])
    // An error of 0.1 everywhere, range 1: 20 dB.
    let all = try #require(data.map { $0 + 0.1 }.peakSignalToNoiseRatio(against: data))
    #expect(isClose(all, 20, relative: 1e-9))
    var one = data
    one[0, 1] += 0.2
    // Two coordinates, one of them 0.2 away: mean square 0.02, range 1.
    let two = try #require(one.peakSignalToNoiseRatio(against: data, coordinates: [0, 1]))
    #expect(isClose(two, 10 * log10(1 / 0.02), relative: 1e-9))
    #expect(data.peakSignalToNoiseRatio(against: data) == nil)
    #expect(one.peakSignalToNoiseRatio(against: data, coordinates: [1]) == nil)
  }
}

@Suite("Normal numbers of rows")
struct NormalRowsTests {
  @Test("A row's numbers do not depend on the rows around it", arguments: [1, 2, 5, 100, 300, 784])
  func rows(columns: Int) {
    func numbers(_ rows: Range<Int>) -> Matrix<Double> {
      .normal(
        rows: rows.count, columns: columns, seed: 3, purpose: .test, step: 2,
        firstRow: rows.lowerBound)
    }
    let all = numbers(0..<600)
    for range in [0..<1, 5..<15, 127..<131, 250..<513, 599..<600] {
      #expect(numbers(range) == all.selectingRows(Array(range)))
    }
    // Rows are not copies of one another.
    #expect(all.row(0) != all.row(1))
    #expect(all.row(127) != all.row(255))
  }
}
