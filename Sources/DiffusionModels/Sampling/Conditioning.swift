internal import Foundation
public import NumericalCore

/// What samples of a chain are to agree with: its law multiplied by r(x).
///
/// ```
/// p̃(x_0) ∝ p(x_0) r(x_0):    p̃(x_{t−1}|x_t) ∝ p(x_{t−1}|x_t) r(x_{t−1})^κ,   p̃(x_T) ∝ π(x_T) r(x_T)^κ
/// κ = 1,   or κ = (T − t)/T at x_t
/// ```
///
/// Not the posterior: r is asked of noisy states as it should be of data, and each kernel is normalised anew. The
/// bias stays when steps become small; where the law of the data is a ``GaussianMixture``, ``PosteriorStudy``
/// reports it against the exact posterior.
/// Source: Sohl-Dickstein et al. 2015, section 2.5 and appendix C.
public struct Conditioning: Sendable {
  /// r(x).
  public enum Factor: Sendable {
    /// r = N(x; y, s²): data seen with noise. One row of y for all samples, or one for each in turn.
    ///
    /// The kernel stays Gaussian: 1/σ̃² = 1/σ² + κ/s²,  μ̃ = σ̃² (μ/σ² + κ y/s²).
    case noisy(observations: Matrix<Double>, deviation: Double)
    /// r = δ on known coordinates: they are overwritten by their values after each step (``diffused``
    /// false), or by their values with the noise of the level (true: "replacement").
    case known(values: Matrix<Double>, coordinates: [Int], diffused: Bool)
    /// Any smooth r by ∇ ln r, a row for each row: μ̃ = μ + κ Σ ∇ ln r(μ).
    ///
    /// Right where r varies little within a kernel's width.
    case smooth(gradient: @Sendable (Matrix<Double>) throws -> Matrix<Double>)
  }

  /// r.
  public var factor: Factor
  /// Whether r(x_t) fades as κ = (T − t)/T towards noise.
  public var isFading: Bool

  /// Agreement with a factor.
  public init(_ factor: Factor, isFading: Bool = false) {
    self.factor = factor
    self.isFading = isFading
  }

  /// Refuses a factor that does not fit a model.
  func check(dimension: Int) throws(SzilardError) {
    switch factor {
    case .noisy(let observations, let deviation):
      try checkStates(observations, dimension: dimension)
      guard deviation > 0, deviation.isFinite else {
        throw SzilardError(.usage, "the noise of the observation must be above 0")
      }
    case .known(let values, let coordinates, _):
      try checkStates(values, dimension: dimension)
      guard coordinates.allSatisfy({ $0 >= 0 && $0 < dimension }) else {
        throw SzilardError(.usage, "a known coordinate is not one of the \(dimension)")
      }
    case .smooth: break
    }
  }

  /// x_T, from standard normal numbers.
  func start(
    _ noise: Matrix<Double>, _ numbers: Range<Int>, seed: UInt64, diffusion: GaussianDiffusion
  ) throws -> Matrix<Double> {
    let steps = diffusion.schedule.steps
    let prior = GaussianRows(
      mean: Matrix(rows: noise.rows, columns: noise.columns), variance: 1)
    let states = try changed(prior, numbers, number: steps, of: steps).states(noise: noise)
    return imposed(states, numbers, seed: seed, number: steps, diffusion: diffusion)
  }

  /// The law of x_t, `number` t, times r(x_t)^κ.
  func changed(
    _ law: GaussianRows, _ numbers: Range<Int>, number: Int, of steps: Int
  ) throws -> GaussianRows {
    let power = isFading ? Double(steps - number) / Double(steps) : 1
    var result = law
    switch factor {
    case .known: break
    case .noisy(let observations, let deviation):
      let precision = power / (deviation * deviation)
      for (row, sample) in numbers.enumerated() {
        for column in 0..<law.mean.columns {
          let width = law.variance[row, column]
          let value = observations[sample % observations.rows, column]
          let narrowed = width / (1 + width * precision)
          result.variance[row, column] = narrowed
          result.mean[row, column] =
            narrowed / width * law.mean[row, column] + narrowed * precision * value
        }
      }
    case .smooth(let gradient):
      let slope = try gradient(law.mean)
      for row in 0..<law.mean.rows {
        for column in 0..<law.mean.columns {
          result.mean[row, column] += power * law.variance[row, column] * slope[row, column]
        }
      }
    }
    return result
  }

  /// States x_t, `number` t, with the known coordinates as they should be.
  func imposed(
    _ states: Matrix<Double>, _ numbers: Range<Int>, seed: UInt64, number: Int,
    diffusion: GaussianDiffusion
  ) -> Matrix<Double> {
    guard case .known(let values, let coordinates, let diffused) = factor else { return states }
    var result = states
    let level = diffusion.schedule.level(number)
    let noise = Matrix<Double>.normal(
      rows: diffused ? numbers.count : 0, columns: states.columns, seed: seed,
      purpose: .samplerCorrector, step: UInt64(number), firstRow: numbers.lowerBound)
    for (row, sample) in numbers.enumerated() {
      for column in coordinates {
        let value = values[sample % values.rows, column]
        result[row, column] =
          diffused ? level.signal * value + level.noise * noise[row, column] : value
      }
    }
    return result
  }
}
