internal import Foundation
public import NumericalCore

/// Posterior samples of data seen with Gaussian noise, by starting the reverse chain there.
///
/// ```
/// y = x_0 + σ z,   σ ≤ s_t/a_t for some t:   x_t = a_t (y + √(s_t²/a_t² − σ²) z′) ~ q(x_t|x_0)
/// ```
///
/// An observation with noise is a state of the chain. From the first step that is at least as noisy, the
/// reverse chain draws from p(x_0|y) as well as the model knows it: with exact kernels and small steps
/// exactly, but for what z′ hides. Nothing is clamped, so none of the bias of multiplying every step with
/// r(x) (``Conditioning``) arises.
public struct NoisyStart: Sendable {
  /// The reverse chain.
  public let kernel: any GaussianReverseKernel
  /// σ of the observations, in units of the scaled data.
  public let deviation: Double
  /// The step at which the chain starts.
  public let step: Int
  /// How the last step is taken.
  public var lastStep: LastStep
  /// Whether the noise of the last step is left out.
  public var isLastStepNoiseless: Bool

  /// - Throws: `usage` when no step of the chain is so noisy.
  public init(
    _ kernel: any GaussianReverseKernel, deviation: Double, lastStep: LastStep = .model,
    isLastStepNoiseless: Bool = true
  ) throws(SzilardError) {
    let schedule = kernel.diffusion.schedule
    let found = (1...schedule.steps).first {
      let level = schedule.level($0)
      return level.noise >= deviation * level.signal * (1 - 1e-12)
    }
    guard deviation > 0, deviation.isFinite, let found else {
      throw SzilardError(
        .usage,
        "noise of \(deviation) standard deviations of the data is none of the chain's: it "
          + "reaches \(schedule.level(schedule.steps).noise / schedule.level(schedule.steps).signal)"
      )
    }
    self.kernel = kernel
    self.deviation = deviation
    step = found
    self.lastStep = lastStep
    self.isLastStepNoiseless = isLastStepNoiseless
  }

  /// One posterior sample for each row of observations.
  ///
  /// - Parameter draw: Samples with other numbers are independent.
  public func samples(
    of observations: Matrix<Double>, draw: Int = 0, seed: UInt64, workers: Workers = Workers(),
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> Matrix<Double> {
    try kernel.check(observations)
    let level = kernel.diffusion.schedule.level(step)
    // At a last step without signal the observation is forgotten.
    let ratio = level.signal > 0 ? level.noise / level.signal : 0
    let extra = max(0, ratio * ratio - deviation * deviation).squareRoot()
    let done = ProgressCount(of: observations.rows, progress)
    let blocks = try workers.mapBlocks(of: observations.rows) { rows -> Matrix<Double> in
      func noise(_ number: Int) -> Matrix<Double> {
        .normal(
          rows: rows.count, columns: observations.columns, seed: seed, purpose: .reversePaths,
          step: UInt64(number + draw * (kernel.diffusion.schedule.steps + 1)),
          firstRow: rows.lowerBound)
      }
      let seen = observations.selectingRows(rows)
      var states =
        level.signal > 0
        ? seen.mixed(level.signal, level.signal * extra, noise(0)) : noise(0)
      for number in stride(from: step, through: 1, by: -1) {
        let law = try kernel.reverse(states, step: number, lastStep: lastStep)
        states =
          number == 1 && isLastStepNoiseless ? law.mean : law.states(noise: noise(number))
      }
      done.add(rows.count)
      return states
    }
    return .stacked(blocks, columns: observations.columns)
  }
}
