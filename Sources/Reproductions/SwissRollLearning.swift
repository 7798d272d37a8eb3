internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f1: a diffusion learns a spiral.
  static let swissRollLearning = Reproduction(
    id: "diff-f1", title: "A diffusion learns a spiral",
    paper: "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, figure 1 and appendix D.1.1",
    claim: """
      Forty Gaussian steps take a spiral to noise and learned steps bring it back: samples fill the spiral, and the bound comes near \
      to the best that kernels of this form have.
      """,
    settings: """
      Spiral of thickness 0.02, uniform in its angle, average second moment 1; T = 40, β_1 = 10⁻⁴, steps of equal log-SNR; the \
      paper's normalised radial-basis network of 16 units with a readout a step, and a residual network of width 128; Adam on K. \
      20,000 training points, 4000 fresh ones; K_opt by the best diagonal kernels of the spiral itself on the same points.
      """,
    criterion: """
      K − K_opt ≥ −0.3 bits (residual network), ≥ −1.0 bits (16 radial units), and at most three standard errors above 0; sliced W_2 of \
      4000 samples to the fresh points within 1.5 of its value between two sets of data (residual network).
      """,
    run: { context in try SwissRollLearning(context).run() })
}

/// The run of diff-f1.
private struct SwissRollLearning {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  private let schedule = ScheduleDescription(
    .uniformLogSNR, steps: 40, firstRate: 1e-4, lastSignalPower: 1e-4)

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let train = try Generators.generate(
      "swiss-roll:samples=20000,seed=\(context.seed)", workers: context.workers)
    let test = try states("swiss-roll:samples=4000,seed=\(context.seed &+ 1)")
    let other = try states("swiss-roll:samples=4000,seed=\(context.seed &+ 2)")
    let chain = GaussianDiffusion(try schedule.schedule())
    let law = try SwissRollLaw.law(points: 1000, thickness: 0.02, workers: Workers(count: 1))
    let best = try EvidenceBound(
      DenoisingKernel(law, diffusion: chain, variance: .optimal), workers: context.workers
    ).evaluate(test, seed: context.seed)
    outcome.measured.append(("K_opt (bits)", best.bits.value))
    let between = WassersteinDistance.sliced(test, other, projections: 64, seed: context.seed)
    outcome.measured.append(("sliced W_2 between two sets of data", between))
    let networks: [(String, NetworkDescription, Int, Double, Double)] = [
      (
        "16 radial units",
        .radialBasis(RadialBasisNetwork(inputSize: 2, units: 16, steps: 40, outputs: 4)),
        context.isFull ? 40_000 : 15_000, 0.01, -1.0
      ),
      (
        "residual network",
        .residual(ResidualNetwork(inputSize: 2, width: 128, blocks: 3, outputs: 4)),
        context.isFull ? 20_000 : 4000, 0.002, -0.3
      ),
    ]
    for (index, (name, network, updates, rate, least)) in networks.enumerated() {
      var options = DiffusionTrainingOptions()
      options.updates = updates
      options.batchSize = 512
      options.learningRate = rate
      options.seed = context.seed
      let model = try DiffusionModel.trained(
        DiffusionDescription(
          kind: .reverseKernel, schedule: schedule, network: network, variables: "continuous"),
        on: train, options: options, workers: context.workers
      ) { done, _ in context.progress((Double(index) + done) / 2) }
      // The model has its own shift and scale: both bounds are of the spiral as it is.
      let data = try model.description.data(test.map(Float.init))
      let kernel = try model.reverseKernel()
      let value = try EvidenceBound(kernel, workers: context.workers).evaluate(
        data.scaled(0..<test.rows, seed: 0), seed: context.seed)
      let shift = log(data.scale) * 2 / log(2)
      let difference = Estimate(
        meanOf: zip(value.values, best.values).map { ($0 - $1) / log(2) - shift },
        method: "mean over data points of the difference of bounds")
      let error = difference.halfWidth / 1.96
      outcome.measured += [
        ("\(name): K (bits)", value.bits.value - shift),
        ("\(name): K − K_opt (bits)", difference.value),
        ("\(name): standard error", error),
      ]
      outcome.checks += [
        .exact("\(name): K − K_opt (bits)", difference.value, atLeast: least),
        .exact(
          "\(name): K above K_opt (standard errors)", max(0, difference.value / error), atMost: 3),
      ]
      let slices = [40, 20, 0]
      let samples = try AncestralSampler(kernel, lastStep: .forward).samples(
        4000, seed: context.seed, keeping: Set(slices), workers: context.workers)
      let drawn = data.unscaled(samples.samples).map(Double.init)
      let distance = WassersteinDistance.sliced(
        drawn, test, projections: 64, seed: context.seed)
      outcome.measured.append(("\(name): sliced W_2 to data", distance))
      if index == 1 {
        outcome.checks.append(
          .exact("\(name): sliced W_2 over that between data", distance / between, atMost: 1.5))
      }
      outcome.figures += [
        slicesFigure(index, name, test, chain, samples.slices),
        try driftFigure(index, name, test, kernel),
      ]
    }
    return outcome
  }

  private func states(_ generator: String) throws -> Matrix<Double> {
    guard
      case .reals(let values) = try Generators.generate(generator, workers: context.workers)
        .values
    else { throw SzilardError(.internalFault, "\(generator) is not continuous") }
    return values.map(Double.init)
  }

  private func slicesFigure(
    _ index: Int, _ name: String, _ data: Matrix<Double>, _ chain: GaussianDiffusion,
    _ reverse: [Int: Matrix<Double>]
  ) -> Figure {
    DiffusionSlicesFigure.make(
      name: "diff-f1-slices-\(index + 1)", title: "Forward and reverse process: \(name)",
      slices: [0, 20, 40].map { step in
        DiffusionSlicesFigure.Slice(
          label: "t = \(step)", forward: chain.states(from: data, step: step, seed: context.seed),
          reverse: reverse[step] ?? data)
      })
  }

  private func driftFigure(
    _ index: Int, _ name: String, _ data: Matrix<Double>, _ kernel: any GaussianReverseKernel
  ) throws -> Figure {
    let fields = try [8, 20, 36].map { ($0, try DriftField(of: kernel, step: $0)) }
    let panels = fields.map { step, field in
      DriftFieldFigure.Slice(
        label: "t = \(step)",
        states: kernel.diffusion.states(from: data, step: step, seed: context.seed),
        positions: field.positions, drifts: field.drifts)
    }
    return DriftFieldFigure.make(
      name: "diff-f1-drift-\(index + 1)", title: "Drift f_μ(x, t) − x: \(name)", slices: panels,
      spacing: fields[0].1.spacing)
  }
}
