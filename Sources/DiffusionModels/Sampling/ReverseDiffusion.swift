internal import Foundation
public import NumericalCore

/// The reverse stochastic differential equation in equal steps of time (Euler and Maruyama), with
/// Langevin steps at each level where wanted (predictor and corrector).
///
/// ```
/// x(t − h) = x − h [f x − 2T ∇ln q_t(x)] + √(2Th) z            f = a′/a,  T = a s (s/a)′
/// x ← x + ε ∇ln q_t(x) + √(2ε) z,   ε = 2 (r s)²             the corrector, at the new level
/// ```
///
/// The last step has no noise, and then data are taken to be E[x_0|x]. Weak order 1. The corrector's step is that
/// of Song et al. with the norm of the score put at that of the noise, √d/s, which keeps samples independent of
/// one another; r is their signal-to-noise ratio.
/// Source: Anderson 1982; Song et al. 2021, equation 6 and algorithms 2 to 5.
public struct ReverseDiffusion: Sampler {
  /// The model.
  public let denoiser: any Denoiser
  /// The course from data to noise.
  public let path: NoisePath
  /// Where it ends, at data.
  public var start: Double
  /// Where it begins, at noise.
  public var end: Double
  /// Steps of time.
  public let steps: Int
  /// Langevin steps after each.
  public var corrections: Int
  /// r.
  public var signalToNoise: Double

  /// The sampler along a path.
  ///
  /// - Throws: `usage` where the process has no finite speed at an end.
  public init(
    _ denoiser: any Denoiser, path: NoisePath, steps: Int, from start: Double = 1e-3,
    to end: Double = 1, corrections: Int = 0, signalToNoise: Double = 0.16
  ) throws(SzilardError) {
    guard steps > 0, corrections >= 0, start < end, signalToNoise > 0 else {
      throw SzilardError(
        .usage, "a reverse diffusion needs a step, times in order and a ratio above 0")
    }
    for time in [start, end] {
      let level = try path.flowLevel(at: time)
      guard level.temperature.isFinite, level.driftRate.isFinite else {
        throw SzilardError(
          .usage,
          "the process \(path.name) has no finite drift at time \(time); choose times between its "
            + "ends, or a sampler of the probability flow")
      }
    }
    self.denoiser = denoiser
    self.path = path
    self.steps = steps
    self.start = start
    self.end = end
    self.corrections = corrections
    self.signalToNoise = signalToNoise
  }

  /// Coordinates of a state.
  public var dimension: Int { denoiser.dimension }

  /// The samples of the given numbers; see ``Sampler/sample(_:seed:visit:)``.
  public func sample(
    _ numbers: Range<Int>, seed: UInt64, visit: (Int, Matrix<Double>) -> Void
  ) throws -> (states: Matrix<Double>, evaluations: Int) {
    let h = (end - start) / Double(steps)
    var states = noise(numbers, seed: seed, step: 0)
    states = states.mixed(path.level(at: end).noise, 0, states)
    visit(steps, states)
    for step in stride(from: steps, through: 1, by: -1) {
      let level = path.level(at: start + h * Double(step))
      let score = try denoiser.predict(.score, of: states, at: level)
      let temperature = level.temperature
      states = states.mixed(1 - h * level.driftRate, 2 * temperature * h, score)
      if step > 1 {
        states = states.mixed(
          1, (2 * temperature * h).squareRoot(), noise(numbers, seed: seed, step: step))
      }
      try correct(&states, path.level(at: start + h * Double(step - 1)), numbers, seed, step)
      if step > 1 { visit(step - 1, states) }
    }
    states = try denoiser.predict(.data, of: states, at: path.level(at: start))
    visit(0, states)
    return (states, steps * (1 + corrections) + 1)
  }

  private func correct(
    _ states: inout Matrix<Double>, _ level: NoiseLevel, _ numbers: Range<Int>, _ seed: UInt64,
    _ step: Int
  ) throws {
    let length = 2 * signalToNoise * signalToNoise * level.noise * level.noise
    for correction in 0..<corrections {
      let score = try denoiser.predict(.score, of: states, at: level)
      let fresh = Matrix<Double>.normal(
        rows: numbers.count, columns: dimension, seed: seed, purpose: .samplerCorrector,
        step: UInt64(step) << 32 | UInt64(correction), firstRow: numbers.lowerBound)
      states = states.mixed(1, length, score).mixed(1, (2 * length).squareRoot(), fresh)
    }
  }
}
