internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f3: noise taken off, holes filled.
  static let restorationOfPictures = Reproduction(
    id: "diff-f3", title: "Noise taken off, holes filled",
    paper: "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, figures 3 and 5, section 2.5",
    claim: """
      A diffusion multiplied step by step with a likelihood draws from the posterior: pictures behind noise of their own \
      strength, and what may stand in a hole.
      """,
    settings: """
      Pictures of 28 × 28 pixels, digits with --mnist, dead leaves without; a denoiser (residual convolutions) of 500 updates (--full: \
      5000). 32 test pictures with noise of signal-to-noise ratio 1, four draws each by the chain from that level (100 steps); centre \
      holes of 8 × 8, known pixels diffused. Gaussian data of two coordinates with correlation: denoising by the start at the noise's level and by constant r, \
      4000 samples of 400 steps, against the exact posterior.
      """,
    criterion: """
      Mean of the draws at least 6 dB above the noisy pictures. Gaussian: mean and covariance of the chain started at the noise's level \
      within 3.9 standard errors of the exact posterior (α = 10⁻⁴ each); the bias of constant r is measured and above 10 standard errors.
      """,
    run: { context in try RestorationOfPictures(context).run() })
}

/// The run of diff-f3.
private struct RestorationOfPictures {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    try gaussian(&outcome)
    context.progress(0.1)
    let train: DataSet
    let test: DataSet
    if let digits = try context.digits(train: true, limit: 20_000),
      let held = try context.digits(train: false, limit: 32)
    {
      (train, test) = (digits, held)
    } else {
      train = try Generators.generate(
        "dead-leaves:size=28,samples=4000,seed=\(context.seed)", workers: context.workers)
      test = try Generators.generate(
        "dead-leaves:size=28,samples=32,seed=\(context.seed &+ 1)", workers: context.workers)
    }
    let denoiser = PictureDenoiser(
      updates: context.isFull ? 5000 : 500, quantum: context.mnist == nil ? 0 : 1.0 / 255)
    let model = try denoiser.trained(on: train, context: context) {
      context.progress(0.1 + 0.7 * $0)
    }
    let data = try model.description.data(try test.reals)
    let clean = data.scaled(0..<test.count, seed: context.seed)
    let noise = normals(clean.rows, clean.columns)
    var noisy = clean
    for row in 0..<clean.rows {
      for column in 0..<clean.columns { noisy[row, column] += noise[row, column] }
    }
    let kernel = try model.reverseKernel(schedule: ScheduleDescription(.cosine, steps: 100))
    let start = try NoisyStart(kernel, deviation: 1)
    let draws = try (0..<4).map {
      try start.samples(
        of: noisy, draw: $0, seed: context.seed, workers: context.workers)
    }
    context.progress(0.9)
    func ratio(_ states: Matrix<Double>) -> Double {
      states.peakSignalToNoiseRatio(against: clean) ?? .nan
    }
    let gain = ratio(PosteriorDraws(draws).mean) - ratio(noisy)
    let single = ratio(draws[0]) - ratio(noisy)
    outcome.measured += [
      ("gain of the mean of draws (dB)", gain), ("gain of one draw (dB)", single),
    ]
    outcome.checks.append(.exact("gain of the mean of draws (dB)", gain, atLeast: 6))
    let hole = Set((10..<18).flatMap { row in (10..<18).map { row * 28 + $0 } })
    let filled = try AncestralSampler(
      kernel,
      conditioning: Conditioning(
        .known(
          values: clean, coordinates: (0..<784).filter { !hole.contains($0) }, diffused: true))
    ).samples(clean.rows, seed: context.seed, workers: context.workers).samples
    var holed = clean
    for row in 0..<holed.rows { for column in hole { holed[row, column] = 0 } }
    outcome.measured.append(
      (
        "hole: squared error over that of zeros",
        squaredError(filled, clean) / squaredError(holed, clean)
      ))
    outcome.figures = [
      pictures("diff-f3-noisy", "Noise taken off", [("Noisy", noisy), ("One draw", draws[0])]),
      pictures("diff-f3-holes", "Holes filled", [("Holes", holed), ("One draw", filled)]),
    ]
    context.progress(1)
    return outcome
  }

  private func pictures(
    _ name: String, _ title: String, _ panels: [(title: String, states: Matrix<Double>)]
  ) -> Figure {
    PicturesFigure.make(
      name: name, title: title, caption: "Pictures that the model was not trained on.", height: 28,
      width: 28, panels: panels.map { ($0.title, $0.states.map { Float($0) }) })
  }

  private func squaredError(_ one: Matrix<Double>, _ other: Matrix<Double>) -> Double {
    zip(one.elements, other.elements).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  private func normals(_ rows: Int, _ columns: Int) -> Matrix<Double> {
    var result = Matrix<Double>(rows: rows, columns: columns)
    var numbers = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      var stream = NormalStream(
        seed: context.seed, purpose: .observationNoise, index: UInt64(row))
      stream.fill(&numbers)
      result.setRow(row, to: numbers)
    }
    return result
  }

  /// Every way against the exact posterior of Gaussian data.
  private func gaussian(_ outcome: inout ReproductionOutcome) throws {
    let covariance = Matrix<Double>(rows: 2, columns: 2, elements: [1.2, 0.7, 0.7, 0.8])
    let law = try GaussianMixture(mean: [0, 0], covariance: covariance, workers: Workers(count: 1))
    let chain = GaussianDiffusion(
      try NoiseSchedule(path: .cosine(offset: 0.008), steps: 400))
    let study = try PosteriorStudy(
      law, diffusion: chain, values: [0.8, -0.5], coordinates: [0, 1], deviation: 0.7)
    let started = try study.moments(
      .start, count: 4000, seed: context.seed, workers: context.workers)
    outcome.measured.append(
      ("Gaussian, start: largest deviation (standard errors)", started.largestDeviation))
    outcome.checks.append(
      .exact(
        "Gaussian, start: largest deviation (standard errors)", started.largestDeviation,
        atMost: 3.9))
    let constant = try study.moments(
      .constant, count: 4000, seed: context.seed, workers: context.workers)
    outcome.measured += [
      ("Gaussian, constant r: bias of the mean", constant.meanBias),
      ("Gaussian, constant r: bias of the covariance", constant.covarianceBias),
    ]
    outcome.checks.append(
      .exact(
        "Gaussian, constant r: largest deviation (standard errors)", constant.largestDeviation,
        atLeast: 10))
  }
}
