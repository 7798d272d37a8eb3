internal import Foundation
public import Learning
public import NumericalCore
public import StochasticThermodynamics

/// What can be said of samples of a posterior: whether chains agree, and whether they agree on the right thing.
///
/// R̂ and effective sample sizes see mixing alone: chains of a step too large pass both. What sees its bias is here
/// too: the bias that theory predicts from curvature and gradient noise at the mode, the kernel Stein discrepancy with
/// full gradients, the virial temperature, and the entropy production, which is zero for an equilibrium.
public struct PosteriorDiagnostics: Sendable {
  /// One parameter.
  public struct Parameter: Sendable {
    /// The posterior mean, with the interval of sampling.
    public let mean: Estimate
    /// The posterior standard deviation.
    public let deviation: Double
    /// The central 95 % of the samples.
    public let interval: ClosedRange<Double>
    /// Effective samples of the middle.
    public let bulkEffectiveSampleSize: Double
    /// Effective samples of the tails (5 and 95 %).
    public let tailEffectiveSampleSize: Double
    /// R̂, rank-normalised.
    public let scaleReduction: Double
    /// Predicted bias of the mean, in deviations of the posterior; nil where there is no prediction.
    public let predictedShift: Double?
    /// Predicted relative bias of the variance.
    public let predictedVarianceError: Double?
  }

  /// The parameters in their order.
  public let parameters: [Parameter]
  /// ⟨(θ − θ*)·∇U⟩/d, which is T where the samples have the density e^(−U/T).
  public let virialTemperature: Estimate
  /// Noise of a record along directions of the curvature over what the noise of temperature 1 would be:
  /// curvature and temperature; empty for samplers with velocities or records apart.
  public let noiseTemperatures: [(curvature: Double, temperature: Double)]
  /// The discrepancy of a subset of the samples.
  public let stein: KernelSteinDiscrepancy
  /// Entropy production of a sample to the next, seen in the slowest directions.
  public let entropyProduction: EntropyProductionEstimate
  /// The predicted bias; nil for HMC.
  public let predicted: PredictedBias?
  /// The verdicts.
  public let checks: [Check]

  /// The worst R̂.
  public var worstScaleReduction: Double { parameters.map(\.scaleReduction).max() ?? .nan }
  /// The fewest effective samples.
  public var fewestEffectiveSamples: Double {
    parameters.map { Swift.min($0.bulkEffectiveSampleSize, $0.tailEffectiveSampleSize) }.min() ?? 0
  }
  /// `fail` if a check failed, else `unresolved` if one was, else `pass`.
  public var verdict: Check.Verdict {
    if checks.contains(where: { $0.verdict == .fail }) { return .fail }
    return checks.contains { $0.verdict == .unresolved } ? .unresolved : .pass
  }

  /// The diagnostics of samples.
  ///
  /// - Parameters:
  ///   - tolerance: Of the relative error of a variance; twice it is that of a mean, in deviations.
  ///   - limit: Samples for the discrepancy, each of which takes a gradient over all data.
  ///   - draws: Of its bootstrap.
  /// - Throws: ``SzilardError`` of kind `usage` for fewer than 8 samples a chain.
  public init(
    of samples: PosteriorSamples, model: any FiniteSum, laplace: LaplaceApproximation,
    noise: MinibatchScatter, thinning: Int, tolerance: Double = 0.05, limit: Int = 400,
    draws: Int = 500, seed: UInt64 = 1, workers: Workers = Workers()
  ) throws(SzilardError) {
    guard samples.length >= 8 else {
      let step = samples.divergences.first.map {
        "; chain \($0.chain + 1) diverged at step \($0.step)"
      }
      throw SzilardError(
        .usage,
        "\(samples.length) samples of a chain\(step ?? ""): at least 8 are wanted"
          + (step == nil ? "" : "; take a step size ten times smaller"))
    }
    let settings = samples.settings
    let temperature = settings.temperature
    let predicted = PredictedBias(of: settings, laplace: laplace, noise: noise)
    parameters = workers.map(samples.parameterCount) { index in
      Parameter(samples.values(ofParameter: index), index: index, predicted: predicted)
    }
    self.predicted = predicted

    // A subset, at even distances, with full gradients in the coordinates of the mode.
    let perChain = Swift.min(samples.length, Swift.max(4, limit / samples.chains.count))
    let places = samples.chains.flatMap { chain in
      (0..<perChain).map { chain.row(($0 * chain.rows + chain.rows - 1) / perChain) }
    }
    let width = temperature > 0 ? temperature.squareRoot() : 1
    let d = samples.parameterCount
    let found = workers.map(places.count) { index -> (x: [Double], s: [Double], virial: Double) in
      let gradient = model.gradient(at: places[index])
      let shift = zip(places[index], laplace.mode).map { $0 - $1 }
      let score = laplace.curvatures.indices.map {
        -dot(laplace.directions.row($0), gradient) / laplace.curvatures[$0].squareRoot() / width
      }
      return (
        laplace.whitened(places[index]).map { $0 / width }, score,
        dot(shift, gradient) / Double(d)
      )
    }
    virialTemperature = meanEstimate(
      of: (0..<samples.chains.count).map { chain in
        (0..<perChain).map { found[chain * perChain + $0].virial }
      }, confidence: 0.9973, maximumScaleReduction: .infinity)
    let inefficiency =
      Double(samples.length * samples.chains.count)
      / Swift.max(1, parameters.map(\.bulkEffectiveSampleSize).min() ?? 1)
    stein = KernelSteinDiscrepancy(
      samples: Matrix(rows: places.count, columns: d, elements: found.flatMap(\.x)),
      scores: Matrix(rows: places.count, columns: d, elements: found.flatMap(\.s)),
      correlationLength: inefficiency / 2 * Double(perChain) / Double(samples.length),
      chainLength: perChain, draws: draws, seed: seed, workers: workers)

    // Coordinates of the slowest directions.
    let slowest = Swift.min(6, d)
    let coordinates = samples.chains.map { chain in
      let white = (0..<chain.rows).map { laplace.whitened(chain.row($0)) }
      return Matrix(rows: chain.rows, columns: d, elements: white.flatMap { $0 })
    }
    entropyProduction = try GaussianLag.estimate(
      Trajectories(
        values: coordinates.flatMap { chain in
          (0..<chain.rows).flatMap { chain.row($0).prefix(slowest) }
        }, chains: coordinates.count, dimension: slowest), seed: seed, workers: workers)
    let isOverdamped = !settings.sampler.isKinetic && settings.sampler != .hmc
    noiseTemperatures =
      isOverdamped && settings.sampler != .preconditioned && settings.sampler != .cyclical
      ? PosteriorDiagnostics.noiseTemperatures(
        coordinates, laplace, step: settings.stepSize, steps: samples.stepsPerMove * thinning) : []
    checks = PosteriorDiagnostics.checks(
      samples, parameters, predicted, virial: virialTemperature, stein: stein, tolerance: tolerance)
  }

  /// Residuals of x' about their regression on x, over the variance of noise of temperature 1 in so many steps.
  private static func noiseTemperatures(
    _ chains: [Matrix<Double>], _ laplace: LaplaceApproximation, step: Double, steps: Int
  ) -> [(curvature: Double, temperature: Double)] {
    laplace.curvatures.indices.compactMap { k in
      let h = laplace.curvatures[k]
      var (xx, xy, yy, count) = (0.0, 0.0, 0.0, 0)
      let all = chains.flatMap { chain in (0..<chain.rows).map { chain[$0, k] } }
      let centre = mean(of: all)
      for chain in chains {
        for t in 1..<chain.rows {
          let (x, y) = (chain[t - 1, k] - centre, chain[t, k] - centre)
          xx += x * x
          xy += x * y
          yy += y * y
          count += 1
        }
      }
      guard xx > 0, count > 2 else { return nil }
      let residual = (yy - xy * xy / xx) / Double(count - 2)
      let square = (1 - step * h) * (1 - step * h)
      // Σ (1 − ηh)^2j over the steps, in whitened units times h.
      let unit = 2 * step * h * (1 - pow(square, Double(steps))) / (1 - square)
      return unit > 0 ? (h, residual / unit) : nil
    }
  }

  private static func checks(
    _ samples: PosteriorSamples, _ parameters: [Parameter], _ predicted: PredictedBias?,
    virial: Estimate, stein: KernelSteinDiscrepancy, tolerance: Double
  ) -> [Check] {
    let settings = samples.settings
    let count = samples.length * samples.chains.count
    func row(
      _ name: String, _ value: Double, _ relation: Check.Relation, _ limit: Double,
      otherwise: Check.Verdict, reason: String, advice: String, trajectories: Int
    ) -> Check {
      let isFine = relation == .atMost ? value <= limit : value >= limit
      return Check(
        name: name, statistic: value, expected: limit, relation: relation,
        interval: value.isNaN ? -.infinity ... .infinity : value...value,
        verdict: isFine ? .pass : otherwise, trajectories: trajectories,
        reason: isFine ? "" : reason, advice: isFine ? "" : advice)
    }
    let worst = parameters.map(\.scaleReduction).max() ?? .nan
    let fewest =
      parameters.map { Swift.min($0.bulkEffectiveSampleSize, $0.tailEffectiveSampleSize) }.min()
      ?? 0
    let longer = "sample longer or thin more (--samples, --thin)"
    var result = [
      row(
        "chains that diverged", Double(samples.divergences.count), .atMost, 0, otherwise: .fail,
        reason: samples.divergences.first.map {
          "chain \($0.chain + 1) left all bounds at step \($0.step)"
        } ?? "", advice: "take a step size ten times smaller", trajectories: samples.chains.count),
      row(
        "worst R-hat", worst, .atMost, 1.01, otherwise: .unresolved,
        reason: "the chains do not agree yet", advice: longer, trajectories: count),
      row(
        "fewest effective samples", fewest, .atLeast, 400, otherwise: .unresolved,
        reason: "the chains are short for their correlation", advice: longer, trajectories: count),
    ]
    if let predicted {
      let smaller: (Double) -> String = { excess in
        "divide the step size by \(Int(Swift.min(1e9, Swift.max(2, excess.rounded(.up))))), or take sgworld, sgld-cv or hmc"
      }
      result += [
        row(
          "predicted error of a variance", predicted.worstVariance, .atMost, tolerance,
          otherwise: .fail, reason: "the step size is too large for the posterior",
          advice: smaller(predicted.worstVariance / tolerance), trajectories: 0),
        row(
          "predicted shift of a mean, in deviations", predicted.worstMean, .atMost, 2 * tolerance,
          otherwise: .fail, reason: "the step size shifts the posterior",
          advice: smaller(predicted.worstMean / (2 * tolerance)), trajectories: 0),
      ]
    } else if settings.sampler != .hmc, settings.temperature > 0 {
      result.append(
        row(
          "predicted error of a variance", .nan, .atMost, tolerance, otherwise: .unresolved,
          reason:
            "the bias is not predicted for this sampler with these batches, noise and records",
          advice:
            "compare with a smaller step size, or change --replacement, --noise or --recording",
          trajectories: 0))
    }
    result.append(
      row(
        "p-value of the kernel Stein discrepancy", stein.pValue, .atLeast, 0.01, otherwise: .fail,
        reason:
          "the samples are told from the posterior: KSD \(String(format: "%.3g", stein.value)), "
          + "of its own samples below \(String(format: "%.3g", stein.criticalValue))",
        advice: "take a smaller step size or more warm-up", trajectories: stein.sampleCount))
    // Failed where three standard errors do not reach what is tolerated.
    let temperature = settings.temperature
    let isFine = virial.interval.overlaps(
      temperature * (1 - tolerance)...temperature * (1 + tolerance))
    result.append(
      Check(
        name: "virial temperature", statistic: virial.value, expected: temperature,
        interval: virial.interval,
        verdict: virial.isResolved ? (isFine ? .pass : .fail) : .unresolved,
        trajectories: stein.sampleCount,
        reason: isFine ? "" : "the samples are hotter or colder than they should be",
        advice: isFine ? "" : "take a smaller step size"))
    return result
  }
}

extension PosteriorDiagnostics.Parameter {
  fileprivate init(_ chains: [[Double]], index: Int, predicted: PredictedBias?) {
    let all = chains.flatMap { $0 }.sorted()
    let low = quantile(0.05, of: all)
    let high = quantile(0.95, of: all)
    func tail(_ limit: Double) -> Double {
      effectiveSampleSize(of: chains.map { chain in chain.map { $0 <= limit ? 1 : 0 } })
    }
    mean = meanEstimate(of: chains)
    deviation = variance(of: all).squareRoot()
    interval = quantile(0.025, of: all)...quantile(0.975, of: all)
    bulkEffectiveSampleSize = effectiveSampleSize(of: chains, rankNormalised: true)
    tailEffectiveSampleSize = Swift.min(tail(low), tail(high))
    scaleReduction = potentialScaleReduction(of: chains, rankNormalised: true)
    predictedShift = predicted.map { $0.meanShift[index] / $0.exactDeviations[index] }
    predictedVarianceError = predicted.map {
      $0.deviations[index] * $0.deviations[index]
        / ($0.exactDeviations[index] * $0.exactDeviations[index]) - 1
    }
  }
}
