internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f2: a binomial diffusion learns a heartbeat.
  static let heartbeatLearning = Reproduction(
    id: "diff-f2", title: "A binomial diffusion learns a heartbeat",
    paper:
      "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, figure 2, table 1, appendix D.1.2",
    claim: """
      Two thousand steps of flipping bits are reversed by a network of three layers of 50 sigmoid units: K = −2.414 bits of at most \
      −log₂ 5 = −2.322 is reported.
      """,
    settings: """
      20 bits, a 1 at every fifth place; B(0.2), β_t = 1/(T − t + 1), T = 2000; 20-50-50-50 sigmoid units with a readout a step, which gives \
      P(x_0|x_t) and through the posterior the kernel; Adam on the bound, batches of 4096 with a step each. Evaluated with all \
      steps on 1000 fresh samples.
      """,
    criterion: """
      −2.45 ≤ K ≤ −2.365 bits (the best kernel of this form has −2.368; more is a mistake); K − L_null ≥ 11.98 bits; at least 95 % of 5000 \
      samples are heartbeats; their phases uniform (χ², p > 0.01).
      """,
    run: { context in try HeartbeatLearning(context).run() })
}

/// The run of diff-f2.
private struct HeartbeatLearning {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let steps = 2000
    let train = try Generators.generate("heartbeat:samples=20000,seed=\(context.seed)")
    let test = try Generators.generate("heartbeat:samples=1000,seed=\(context.seed &+ 1)")
    var description = DiffusionDescription(
      kind: .categorical, schedule: ScheduleDescription(.reciprocal, steps: steps),
      network: .sigmoid(SigmoidNetwork(inputSize: 20, steps: steps, outputs: 20)),
      variables: "binary")
    description.categories = 2
    description.noise = .uniform
    description.activity = 0.2
    var options = DiffusionTrainingOptions()
    options.updates = context.isFull ? 12_000 : 4000
    options.batchSize = 4096
    options.learningRate = 0.01
    options.averageDecay = 0.99
    options.seed = context.seed
    let model = try DiffusionModel.trained(
      description, on: train, options: options, workers: context.workers
    ) { done, _ in context.progress(0.7 * done) }
    let kernel = try model.categoricalKernel()
    let bound = try CategoricalEvidenceBound(
      of: kernel, diffusion: kernel.diffusion, data: try model.description.states(of: test),
      seed: context.seed, workers: context.workers
    ) { context.progress(0.7 + 0.15 * $0) }
    let bits = bound.bound.scaled(by: 1 / log(2))
    let gain = bits.value - bound.nullLogLikelihood / log(2)
    let sampler = try CategoricalAncestralSampler(
      kernel, diffusion: kernel.diffusion, workers: context.workers)
    let states = try sampler.samples(5000, seed: context.seed)
    let patterns = try PatternSet.heartbeat(diffusion: kernel.diffusion)
    let phases = patterns.identify(states).compactMap { $0 }
    let valid = Double(phases.count) / 5000
    let expected = Double(phases.count) / 5
    let statistic = (0..<5).reduce(0.0) { sum, phase in
      let count = Double(phases.filter { $0 == phase }.count)
      return sum + (count - expected) * (count - expected) / expected
    }
    outcome.measured = [
      ("K (bits)", bits.value), ("half width of its interval", bits.halfWidth),
      ("K − L_null (bits)", gain), ("valid samples", valid),
      ("χ² of the phases, 4 degrees", statistic),
    ]
    outcome.checks = [
      .exact("K (bits)", bits.value, atLeast: -2.45),
      .exact("K (bits), not above the best kernel's", bits.value, atMost: -2.365),
      .exact("K − L_null (bits)", gain, atLeast: 11.98),
      .exact("valid samples", valid, atLeast: 0.95),
      .exact(
        "χ² of the phases", statistic,
        atMost: chiSquareQuantile(upperTail: 0.01, degreesOfFreedom: 4)),
    ]
    let exact = try CategoricalEvidenceBound(
      of: DataPredictionKernel(patterns, diffusion: kernel.diffusion),
      diffusion: kernel.diffusion, data: try model.description.states(of: test),
      seed: context.seed, workers: context.workers)
    outcome.measured.append(("K of the best kernel (bits)", exact.bound.value / log(2)))
    outcome.figures = [
      SeriesFigure.make(
        name: "diff-f2", title: "The bound of the heartbeat, step by step",
        caption:
          "KL of a step under the trained network and under the best kernel of independent bits, at the same states.",
        xLabel: "step t", yLabel: "KL (nats)",
        series: [
          SeriesFigure.Series(
            name: "trained", x: bound.terms.map { Double($0.step) }, y: bound.terms.map(\.mean)),
          SeriesFigure.Series(
            name: "best kernel", x: exact.terms.map { Double($0.step) },
            y: exact.terms.map(\.mean)),
        ], isYLogarithmic: true)
    ]
    context.progress(1)
    return outcome
  }
}
