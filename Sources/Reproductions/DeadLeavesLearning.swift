internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-t4: dead leaves.
  static let deadLeavesLearning = Reproduction(
    id: "diff-t4", title: "Dead leaves against a Gaussian model of neighbours",
    paper:
      "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, table 1 (1.489 bits a pixel, 3.536 above the null model)",
    claim: """
      Discs that cover one another have edges and flat parts, which no Gaussian model sees: a diffusion's bound is above that of the \
      best linear prediction from neighbours.
      """,
    settings: """
      Discs with p(r) ∝ r⁻³ on 24 × 24 pixels, unit variance, pixel noise of 0.05 (the paper's generator is not known, so neither are its \
      bits); a denoiser of residual convolutions, 1500 updates of 128 pictures (--full: 8000), T = 1000 cosine; K of 64 fresh pictures, \
      all steps. Baseline: each pixel from its 12 causal neighbours by least squares, Gaussian residuals, on the pixels that have \
      all of them.
      """,
    criterion: """
      K − L_null above 2 bits a pixel, and K a pixel above the baseline's log-density.
      """,
    run: { context in try DeadLeavesLearning(context).run() })
}

/// The run of diff-t4.
private struct DeadLeavesLearning {
  let context: ReproductionContext
  private let size = 24

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let train = try leaves(samples: 8000, seed: context.seed)
    let test = try leaves(samples: 64, seed: context.seed &+ 1)
    let denoiser = PictureDenoiser(
      updates: context.isFull ? 12_000 : 3000, batchSize: 64)
    let model = try denoiser.trained(on: train, context: context) { context.progress(0.8 * $0) }
    let data = try model.description.data(try test.reals)
    let bound = try EvidenceBound(
      try model.reverseKernel(), lastStep: .model, workers: context.workers
    ).evaluate(data.scaled(0..<test.count, seed: context.seed), seed: context.seed)
    context.progress(0.95)
    let pixels = Double(size * size) * log(2)
    let value = bound.total.scaled(by: 1 / pixels)
    let gain = bound.gain.scaled(by: 1 / pixels)
    // The baseline is of the pictures as they are; K of the scaled ones.
    let neighbours = try baseline(train, test) + log(data.scale) / log(2)
    outcome.measured = [
      ("K (bits a pixel)", value.value), ("half width", value.halfWidth),
      ("K − L_null (bits a pixel)", gain.value),
      ("linear prediction (bits a pixel)", neighbours),
    ]
    outcome.checks = [
      .exact("K − L_null (bits a pixel), lower end", gain.interval.lowerBound, atLeast: 2),
      .exact(
        "K over linear prediction (bits a pixel), lower end",
        value.interval.lowerBound - neighbours, atLeast: 0),
    ]
    let samples = try HeunSampler(try model.denoiser(), levels: 25).samples(
      64, seed: context.seed, workers: context.workers
    ).samples
    outcome.figures = [
      PicturesFigure.make(
        name: "diff-t4", title: "Dead leaves", caption: "Samples of the model beside data.",
        height: size, width: size,
        panels: [("Model", data.unscaled(samples)), ("Data", try train.reals)])
    ]
    context.progress(1)
    return outcome
  }

  private func leaves(samples: Int, seed: UInt64) throws -> DataSet {
    try Generators.generate(
      "dead-leaves:size=\(size),largest=\(size),samples=\(samples),seed=\(seed)",
      workers: context.workers)
  }

  /// Mean log₂-density of a pixel given the twelve before it within two rows and columns.
  private func baseline(_ train: DataSet, _ test: DataSet) throws -> Double {
    var offsets: [(Int, Int)] = []
    for row in -2...0 {
      for column in -2...2 where row < 0 || column < 0 { offsets.append((row, column)) }
    }
    let n = offsets.count + 1
    func forEachPixel(_ set: DataSet, limit: Int, _ body: ([Double], Double) -> Void) throws {
      let values = try set.reals
      for picture in 0..<min(limit, set.count) {
        let pixels = values.row(picture)
        for row in 2..<size {
          for column in 2..<size - 2 {
            let inputs = offsets.map {
              Double(pixels[(row + $0.0) * size + column + $0.1])
            }
            body(inputs + [1], Double(pixels[row * size + column]))
          }
        }
      }
    }
    var a = Matrix<Double>(rows: n, columns: n)
    var b = Matrix<Double>(rows: n, columns: 1)
    try forEachPixel(train, limit: 500) { inputs, value in
      for i in 0..<n {
        b[i, 0] += inputs[i] * value
        for j in 0..<n { a[i, j] += inputs[i] * inputs[j] }
      }
    }
    guard let weights = LinearAlgebra.solve(a, b) else {
      throw SzilardError(.internalFault, "the neighbours of dead leaves are dependent")
    }
    func residual(_ inputs: [Double], _ value: Double) -> Double {
      inputs.indices.reduce(value) { $0 - weights[$1, 0] * inputs[$1] }
    }
    var (squares, count) = (0.0, 0.0)
    try forEachPixel(train, limit: 500) { inputs, value in
      let error = residual(inputs, value)
      squares += error * error
      count += 1
    }
    let width = squares / count
    var (sum, seen) = (0.0, 0.0)
    try forEachPixel(test, limit: test.count) { inputs, value in
      let error = residual(inputs, value)
      sum -= 0.5 * (error * error / width + log(2 * .pi * width))
      seen += 1
    }
    return sum / seen / log(2)
  }
}
