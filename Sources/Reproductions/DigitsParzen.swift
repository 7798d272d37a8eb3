internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-t3: MNIST by Parzen windows, and what its likelihood is.
  static let digitsParzen = Reproduction(
    id: "diff-t3", title: "MNIST: Parzen windows, and bits a dimension",
    paper: "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, table 2",
    claim: """
      Parzen windows about 10,000 samples of a diffusion give the MNIST test images 317 ± 2.7 bits; about 10,000 training images, a \
      perfect model, 349 ± 3.3.
      """,
    settings: """
      Pixels in [0, 1]; width of ten from 0.1 to 1 in equal ratios by 1000 images of the training set from number 50,000 on; all 10,000 test \
      images. The model: a denoiser (residual convolutions of 16, 32 and 64 maps, flow matching), 1200 updates of 64; --full: 16, 64 and \
      128 maps with 1, 1 and 3 blocks, 32,500 updates (an hour on two cores). Samples by Heun steps of 25 levels with churn 20, which end \
      with the mean at a ratio of noise to signal of 0.5 (windows reward smooth pictures: see Design note 0020); K with T = 1000 on test \
      images. Needs --mnist.
      """,
    criterion: """
      Perfect model within three standard errors of 349 bits. With --full: own model at least 300 bits; the Parzen value of the short \
      default training is shown, not judged. K and bits a dimension are published with intervals.
      """,
    run: { context in try DigitsParzen(context).run() })
}

/// The run of diff-t3.
private struct DigitsParzen {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    guard let train = try context.digits(train: true), let test = try context.digits(train: false)
    else {
      outcome.checks = [.withoutDigits(expected: 10_000)]
      return outcome
    }
    let images = try test.reals
    let validation = try train.selecting(Array(50_000..<51_000)).reals
    func parzen(_ samples: Matrix<Float>) -> (windows: ParzenWindow, bits: Estimate) {
      let windows = ParzenWindow(
        samples: samples, validation: validation, workers: context.workers)
      return (windows, windows.estimate(of: images).scaled(by: 1 / log(2)))
    }
    let perfect = parzen(try train.selecting(Array(0..<10_000)).reals)
    outcome.measured += [
      ("perfect model: Parzen (bits)", perfect.bits.value),
      ("perfect model: half width", perfect.bits.halfWidth),
      ("perfect model: width of the windows", perfect.windows.width),
    ]
    outcome.checks.append(
      .exact(
        "perfect model: distance from 349 bits", abs(perfect.bits.value - 349), atMost: 3 * 3.3))
    context.progress(0.05)
    var denoiser = PictureDenoiser(loss: .flow, updates: 1200, batchSize: 64, quantum: 1 / 255)
    if context.isFull {
      denoiser.maps = [16, 64, 128]
      denoiser.blocks = [1, 1, 3]
      denoiser.updates = 32_500
    }
    let model = try denoiser.trained(on: train, context: context) {
      context.progress(0.05 + 0.7 * $0)
    }
    let states = try HeunSampler(
      try model.denoiser(), levels: 25, smallest: 0.5, churn: HeunSampler.Churn(amount: 20)
    ).samples(
      context.isFull ? 10_000 : 2000, seed: context.seed, workers: context.workers
    ).samples
    context.progress(0.9)
    let quantum = Float(model.description.quantum ?? 0)
    let data = try model.description.data(images)
    let drawn = data.unscaled(states).map { min(1, max(0, $0 - quantum / 2)) }
    let own = parzen(drawn)
    outcome.measured += [
      ("own model: Parzen (bits)", own.bits.value), ("own model: half width", own.bits.halfWidth),
      ("own model: samples", Double(drawn.rows)),
    ]
    if context.isFull {
      outcome.checks.append(
        .exact("own model: Parzen (bits)", own.bits.value, atLeast: 300))
    }
    try likelihood(model, data, &outcome)
    outcome.figures = [
      PicturesFigure.make(
        name: "diff-t3", title: "Digits of a diffusion",
        caption: "Samples of the model of this run beside test images.", height: 28, width: 28,
        panels: [("Model", drawn), ("Data", images)])
    ]
    context.progress(1)
    return outcome
  }

  private func likelihood(
    _ model: DiffusionModel, _ data: GaussianData, _ outcome: inout ReproductionOutcome
  ) throws {
    let count = context.isFull ? 200 : 50
    let rows = (0..<count).map { $0 * data.samples.rows / count }
    let states = data.scaled(rows, seed: context.seed)
    let bound = try EvidenceBound(
      try model.reverseKernel(), lastStep: .model, sum: .someSteps(draws: 20),
      workers: context.workers
    ).evaluate(states, seed: context.seed)
    let scaling = try BitsPerDimension(
      shift: data.shift.map { $0 / data.quantum },
      scale: data.shift.map { _ in data.scale / data.quantum })
    let bits = scaling.bits(ofLogDensity: bound.total)
    outcome.measured += [
      ("K (nats a sample of scaled data)", bound.total.value),
      ("K: half width", bound.total.halfWidth), ("bits a dimension, at most", bits.value),
      ("bits a dimension: half width", bits.halfWidth),
    ]
  }
}
