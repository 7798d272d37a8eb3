internal import Learning
public import NumericalCore

/// The largest step whose predicted bias is small.
///
///     |σ²/σ*² − 1| ≤ tolerance,   |μ − μ*| ≤ 2 tolerance σ*      of each parameter
///
/// and that is stable with a margin: η h_max ≤ 1, and η P h_max ≤ ½ without replacement, where the prediction
/// is of first order and holds for a small step of an epoch only. For HMC, which adapts its own step, 1/h_max.
public struct StepSizeSelection: Sendable {
  /// The largest relative error of a variance; twice it is the largest error of a mean, in deviations.
  public var tolerance = 0.05

  /// The usual tolerance.
  public init() {}

  /// The step for a sampler whose other settings are given.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` where no step above 10⁻⁸/h_max does.
  public func select(
    for settings: SamplerSettings, laplace: LaplaceApproximation, noise: MinibatchScatter
  ) throws(SzilardError) -> Double {
    let largest = laplace.largestCurvature
    guard settings.sampler != .hmc, settings.temperature > 0 else { return 1 / largest }
    if PredictedBias(of: settings, laplace: laplace, noise: noise) == nil {
      throw SzilardError(
        .usage,
        "the bias of \(settings.sampler.rawValue) with these batches, noise and records is not predicted; give --step-size, or change --replacement, --noise or --recording"
      )
    }
    func isFine(_ step: Double) -> Bool {
      var tried = settings
      tried.stepSize = step
      guard let bias = PredictedBias(of: tried, laplace: laplace, noise: noise) else {
        return false
      }
      return bias.isStable && bias.worstVariance <= tolerance && bias.worstMean <= 2 * tolerance
    }
    var high = 1 / largest
    if settings.sampler == .preconditioned {
      // A step multiplies G there, which is of the size of one over a gradient.
      high *=
        4
        * noise.typicalGradient(
          batchSize: settings.batchSize, laplace: laplace, temperature: settings.temperature)
    } else if settings.policy == .withoutReplacement, !settings.sampler.usesFullGradients {
      let batches =
        (noise.populationCount + settings.batchSize - 1) / Swift.max(1, settings.batchSize)
      high = 0.5 / (largest * Double(Swift.max(1, batches)))
    }
    if isFine(high) { return high }
    var low = high
    repeat { low /= 4 } while !isFine(low) && low > 1e-9 * high
    guard isFine(low) else {
      throw SzilardError(
        .usage,
        "no step of \(settings.sampler.rawValue) has a bias below \(tolerance); take larger batches, sgworld, sgld-cv or hmc"
      )
    }
    var top = low * 4
    for _ in 0..<12 {
      let middle = (low * top).squareRoot()
      if isFine(middle) { low = middle } else { top = middle }
    }
    return low
  }
}
