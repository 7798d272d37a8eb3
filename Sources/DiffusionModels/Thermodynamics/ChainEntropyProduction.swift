internal import Foundation
public import NumericalCore

extension DiffusionEntropyProduction {
  /// The entropy that the forward process of a reverse chain produces, with the score that its means tell.
  ///
  /// ```
  /// ∇ ln q_t(x) = (√(1 − β_t) μ(x, t) − x)/β_t,   t = 2 … T
  /// ```
  ///
  /// which is Tweedie's formula for one step, exact for the best means. The path is that along which the log-SNR λ falls
  /// linearly; times are those of the steps, from t = 2 (0) to the last with λ ≥ −12 (1), integrals are trapezoids over them.
  ///
  /// - Parameters:
  ///   - kernel: The reverse chain, of three steps or more.
  ///   - data: Samples x_0, one a row.
  ///   - seed: Of the noise.
  ///   - confidence: That of the intervals.
  ///   - workers: The threads; the kernel is called from several.
  /// - Throws: `usage` for a chain of fewer steps, or data that do not fit.
  /// - Complexity: One call of the kernel a step.
  public init(
    of kernel: any GaussianReverseKernel, data: Matrix<Double>, seed: UInt64,
    confidence: Double = 0.95, workers: Workers = Workers()
  ) throws {
    let schedule = kernel.diffusion.schedule
    let ratios = (1...schedule.steps).map { schedule.level($0).logSignalToNoise }
    let steps = (2...max(2, schedule.steps)).prefix {
      $0 <= schedule.steps && ratios[$0 - 1] >= -12
    }
    guard let first = steps.first, let last = steps.last, last > first else {
      throw SzilardError(.usage, "entropy production along a chain needs three steps at least")
    }
    let (high, low) = (ratios[first - 1], ratios[last - 1])
    try self.init(
      of: ChainScore(kernel: kernel, ratios: ratios, steps: first...last), data: data,
      path: .linearLogSignalToNoise(first: high, last: low),
      grid: TimeGrid(trapezoidsBetween: steps.map { (high - ratios[$0 - 1]) / (high - low) }),
      seed: seed, confidence: confidence, workers: workers)
  }
}

/// The score at the levels of a reverse chain.
private struct ChainScore: Denoiser {
  let kernel: any GaussianReverseKernel
  /// λ of each step from 1 on.
  let ratios: [Double]
  /// The steps that are asked about.
  let steps: ClosedRange<Int>

  var dimension: Int { kernel.dimension }
  var native: Prediction { .score }

  /// The score at the step whose level is the nearest one.
  func nativePrediction(of states: Matrix<Double>, at level: NoiseLevel) throws -> Matrix<Double> {
    let ratio = level.logSignalToNoise
    let step = steps.min { abs(ratios[$0 - 1] - ratio) < abs(ratios[$1 - 1] - ratio) } ?? 2
    // The chain's frame is a² + s² = 1.
    let scale = 1 / (level.signal * level.signal + level.noise * level.noise).squareRoot()
    let rate = kernel.diffusion.schedule.rate(step)
    let mean = try kernel.reverse(states.mixed(scale, 0, states), step: step).mean
    return states.mixed(-scale * scale / rate, scale * (1 - rate).squareRoot() / rate, mean)
  }

  func nativeGradient(
    of states: Matrix<Double>, at level: NoiseLevel, cotangents: Matrix<Double>
  ) throws -> (prediction: Matrix<Double>, gradient: Matrix<Double>) {
    throw SzilardError(.usage, "the score of a reverse chain has no derivative here")
  }
}
