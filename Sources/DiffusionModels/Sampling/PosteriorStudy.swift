internal import Foundation
public import NumericalCore

/// Samples of a posterior against the exact one, where the law of the data is a mixture of Gaussians.
///
/// The sampler of the exact posterior (its own mixture as the law behind the chain) should agree; those
/// that multiply kernels by r (``Conditioning``) have a bias, which is reported.
public struct PosteriorStudy: Sendable {
  /// The ways to sample a posterior.
  public enum Way: String, Sendable, Codable, CaseIterable {
    /// The chain of the exact posterior.
    case exact
    /// r constant: the observation asked of every state.
    case constant
    /// r^{(T−t)/T}.
    case fading
    /// Known coordinates with the noise of the level.
    case diffused
    /// The chain of the law itself, begun at the level of the noise (``NoisyStart``).
    case start
  }

  /// Means and covariances of samples against the exact ones.
  public struct Moments: Sendable, Encodable {
    /// How the samples were drawn.
    public let way: Way
    /// The mean of the samples less the exact one, by coordinate.
    public let meanErrors: [Double]
    /// Their standard errors.
    public let meanStandardErrors: [Double]
    /// The covariance of the samples less the exact one, of pairs i ≤ j.
    public let covarianceErrors: [Double]
    /// Their standard errors.
    public let covarianceStandardErrors: [Double]

    /// The largest error in units of its standard error; coordinates that do not vary must be exact.
    public var largestDeviation: Double {
      let errors = zip(
        meanErrors + covarianceErrors, meanStandardErrors + covarianceStandardErrors)
      return errors.map { error, width in
        if abs(error) < 1e-12 { return 0 }
        return width > 0 ? abs(error) / width : .infinity
      }.max() ?? 0
    }

    /// The root mean square of the errors of the mean.
    public var meanBias: Double {
      (meanErrors.reduce(0) { $0 + $1 * $1 } / Double(meanErrors.count)).squareRoot()
    }

    /// The root mean square of the errors of the variances and covariances.
    public var covarianceBias: Double {
      (covarianceErrors.reduce(0) { $0 + $1 * $1 } / Double(covarianceErrors.count)).squareRoot()
    }
  }

  /// The law of the data.
  public let law: GaussianMixture
  /// The chain.
  public let diffusion: GaussianDiffusion
  /// What is observed.
  public let values: [Double]
  /// Of which coordinates.
  public let coordinates: [Int]
  /// With how much noise; 0 for in-painting.
  public let deviation: Double

  /// A study of an observation: all coordinates with noise, or some without.
  ///
  /// - Throws: `usage` for some coordinates with noise, which kernels that are multiplied by r do not have here.
  public init(
    _ law: GaussianMixture, diffusion: GaussianDiffusion, values: [Double], coordinates: [Int],
    deviation: Double
  ) throws(SzilardError) {
    guard deviation == 0 || coordinates == Array(0..<law.dimension) else {
      throw SzilardError(
        .usage, "a posterior is studied of all coordinates with noise or of some without")
    }
    self.law = law
    self.diffusion = diffusion
    self.values = values
    self.coordinates = coordinates
    self.deviation = deviation
  }

  /// The exact posterior.
  public func posterior() throws(SzilardError) -> GaussianMixture {
    try law.conditional(on: values, of: coordinates, deviation: deviation)
  }

  /// Samples of the posterior.
  ///
  /// - Throws: `usage` for replacement where nothing is known exactly, and for a start at the level of
  ///   noise where there is none.
  public func samples(
    _ way: Way, count: Int, seed: UInt64, workers: Workers = Workers()
  ) throws -> Matrix<Double> {
    let source = way == .exact ? try posterior() : law
    let kernel = try DenoisingKernel(source, diffusion: diffusion, variance: .optimal)
    if way == .start {
      var observations = Matrix<Double>(rows: count, columns: law.dimension)
      for row in 0..<count { observations.setRow(row, to: values) }
      return try NoisyStart(kernel, deviation: deviation, isLastStepNoiseless: false).samples(
        of: observations, seed: seed, workers: workers)
    }
    var sampler = AncestralSampler(kernel)
    if way != .exact {
      guard way != .diffused || deviation == 0 else {
        throw SzilardError(.usage, "replacement is for coordinates that are known exactly")
      }
      var row = Matrix<Double>(rows: 1, columns: law.dimension)
      for (value, coordinate) in zip(values, coordinates) { row[0, coordinate] = value }
      sampler.conditioning = Conditioning(
        deviation > 0
          ? .noisy(observations: row, deviation: deviation)
          : .known(values: row, coordinates: coordinates, diffused: way == .diffused),
        isFading: way == .fading)
    }
    return try sampler.samples(count, seed: seed, workers: workers).samples
  }

  /// The moments of samples of the posterior against the exact ones.
  public func moments(
    _ way: Way, count: Int, seed: UInt64, workers: Workers = Workers()
  ) throws -> Moments {
    let exact = try posterior()
    let samples = try samples(way, count: count, seed: seed, workers: workers)
    let (centre, covariance) = (exact.moments.mean, exact.covariance)
    let n = Double(count)
    var errors: ([Double], [Double]) = ([], [])
    var widths: ([Double], [Double]) = ([], [])
    let columns = (0..<law.dimension).map { column in
      (0..<count).map { samples[$0, column] }
    }
    let means = columns.map { mean(of: $0) }
    for i in columns.indices {
      errors.0.append(means[i] - centre[i])
      widths.0.append((variance(of: columns[i]) / n).squareRoot())
      for j in i..<columns.count {
        let products = zip(columns[i], columns[j]).map { ($0 - means[i]) * ($1 - means[j]) }
        errors.1.append(mean(of: products) * n / (n - 1) - covariance[i, j])
        widths.1.append((variance(of: products) / n).squareRoot())
      }
    }
    return Moments(
      way: way, meanErrors: errors.0, meanStandardErrors: widths.0, covarianceErrors: errors.1,
      covarianceStandardErrors: widths.1)
  }
}
