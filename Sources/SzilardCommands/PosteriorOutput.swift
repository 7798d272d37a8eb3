internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

/// The JSON of `szilard posterior`.
struct PosteriorOutput: Encodable {
  struct Parameter: Encodable {
    let name: String
    let mean: Estimate
    let deviation: Double
    let interval: [Double]
    let originalMean: Double?
    let originalDeviation: Double?
    let bulkEffectiveSampleSize: Double
    let tailEffectiveSampleSize: Double
    let scaleReduction: Double?
    let predictedShift: Double?
    let predictedVarianceError: Double?
    let exactMean: Double?
    let exactDeviation: Double?
  }

  struct Stein: Encodable {
    let value: Double
    let pValue: Double
    let criticalValue: Double
    let samples: Int
  }

  struct Prediction: Encodable {
    let rows: Int
    let logLikelihood: Double
    let logLikelihoodAtMode: Double
    let error: Double
  }

  struct Predicted: Encodable {
    let worstVariance: Double?
    let worstMean: Double
    let entropyProduction: Double?
    let effectiveTemperature: Double
    let isStable: Bool
  }

  struct Temperature: Encodable {
    let curvature: Double
    let temperature: Double
  }

  let data: String
  let model: String
  let seed: UInt64
  let settings: SamplerSettings
  let chains: Int
  let samples: Int
  let warmUp: Int
  let thinning: Int
  let gradientEvaluations: Int
  let acceptance: Double?
  let curvatures: [Double]
  let parameters: [Parameter]
  let predicted: Predicted?
  let stein: Stein
  let virialTemperature: Estimate
  let noiseTemperatures: [Temperature]
  let entropyProduction: EntropyProductionEstimate
  let exactDivergence: Double?
  let prediction: Prediction?
  let checks: [Check]
  let verdict: Check.Verdict
  let output: String?
  let page: String?

  init(_ result: PosteriorResult, seed: UInt64, output: String?, page: String?) {
    let diagnostics = result.diagnostics
    func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
    data = result.data
    model = result.model
    self.seed = seed
    settings = result.samples.settings
    chains = result.samples.chains.count
    samples = result.samples.length
    warmUp = result.sampling.warmUp
    thinning = result.sampling.thinning
    gradientEvaluations = result.samples.gradientEvaluations
    acceptance = result.samples.acceptance
    curvatures = result.laplace.curvatures
    let original = result.originalMoments
    let exact = result.exact
    parameters = diagnostics.parameters.enumerated().map { index, one in
      Parameter(
        name: result.names[index], mean: one.mean, deviation: one.deviation,
        interval: [one.interval.lowerBound, one.interval.upperBound],
        originalMean: original?.means[index], originalDeviation: original?.deviations[index],
        bulkEffectiveSampleSize: one.bulkEffectiveSampleSize,
        tailEffectiveSampleSize: one.tailEffectiveSampleSize,
        scaleReduction: finite(one.scaleReduction), predictedShift: finite(one.predictedShift),
        predictedVarianceError: finite(one.predictedVarianceError),
        exactMean: exact?.mean[index],
        exactDeviation: exact.map { $0.covariance[index, index].squareRoot() })
    }
    predicted = diagnostics.predicted.map {
      Predicted(
        worstVariance: finite($0.worstVariance), worstMean: $0.worstMean,
        entropyProduction: finite($0.entropyProduction),
        effectiveTemperature: $0.effectiveTemperature, isStable: $0.isStable)
    }
    stein = Stein(
      value: diagnostics.stein.value, pValue: diagnostics.stein.pValue,
      criticalValue: diagnostics.stein.criticalValue, samples: diagnostics.stein.sampleCount)
    virialTemperature = diagnostics.virialTemperature
    noiseTemperatures = diagnostics.noiseTemperatures.map {
      Temperature(curvature: $0.curvature, temperature: $0.temperature)
    }
    entropyProduction = diagnostics.entropyProduction
    exactDivergence = finite(result.exactDivergence)
    prediction = result.prediction.map {
      Prediction(
        rows: $0.count, logLikelihood: $0.logLikelihood,
        logLikelihoodAtMode: $0.logLikelihoodAtMode, error: $0.error)
    }
    checks = diagnostics.checks
    verdict = diagnostics.verdict
    self.output = output
    self.page = page
  }

  /// A table for a person.
  static func table(_ result: PosteriorResult) -> String {
    let diagnostics = result.diagnostics
    let settings = result.samples.settings
    func cell(_ value: Double?, _ format: String = "%.4g", width: Int = 11) -> String {
      let text = value.map { $0.isFinite ? String(format: format, $0) : "-" } ?? "-"
      return String(repeating: " ", count: Swift.max(1, width - text.count)) + text
    }
    var lines = [
      "\(settings.sampler.rawValue), step size \(String(format: "%.4g", settings.stepSize)), batches of \(settings.batchSize) \(settings.policy.rawValue) replacement",
      "\(result.samples.chains.count) chains of \(result.samples.length) samples, \(result.sampling.thinning) moves apart after \(result.sampling.warmUp); \(result.samples.gradientEvaluations) gradients of single samples",
      "parameter            mean  deviation       2.5 %      97.5 %        ESS   tail ESS   R-hat  shift/sd  variance",
    ]
    let original = result.originalMoments
    if original != nil {
      lines[2] += "   in the units of the file"
    }
    let shown = Swift.min(diagnostics.parameters.count, 40)
    for (index, one) in diagnostics.parameters.prefix(shown).enumerated() {
      var line = result.names[index].padding(toLength: 14, withPad: " ", startingAt: 0)
      line += cell(one.mean.value) + cell(one.deviation) + cell(one.interval.lowerBound, width: 12)
      line += cell(one.interval.upperBound, width: 12) + cell(one.bulkEffectiveSampleSize, "%.0f")
      line += cell(one.tailEffectiveSampleSize, "%.0f") + cell(one.scaleReduction, "%.3f", width: 8)
      line += cell(one.predictedShift, "%+.3f", width: 10)
      line += cell(one.predictedVarianceError.map { 100 * $0 }, "%+.1f %%", width: 10)
      if let original {
        line +=
          cell(original.means[index], width: 14) + " ±"
          + cell(original.deviations[index], width: 10)
      }
      lines.append(line)
    }
    if shown < diagnostics.parameters.count {
      lines.append("... and \(diagnostics.parameters.count - shown) more (--json has all)")
    }
    lines.append("shift and variance: the bias predicted for this step size")
    if let divergence = result.exactDivergence {
      lines.append(
        "divergence of the samples' Gaussian from the exact posterior \(String(format: "%.3g", divergence)) nats"
      )
    }
    lines.append(
      "entropy production of a sample to the next \(diagnostics.entropyProduction.estimate)")
    if let prediction = result.prediction {
      lines.append(
        "\(prediction.count) rows held out: log-likelihood \(Console.number(prediction.logLikelihood, digits: 4)) nats a row (mode alone \(Console.number(prediction.logLikelihoodAtMode, digits: 4))), error \(String(format: "%.4g", prediction.error))"
      )
    }
    for check in diagnostics.checks {
      let relation = check.relation == .equal ? "=" : check.relation == .atMost ? "<=" : ">="
      var line = check.name.padding(toLength: 46, withPad: " ", startingAt: 0)
      line += cell(check.statistic) + " \(relation)" + cell(check.expected, width: 8)
      line += "  \(check.verdict.rawValue)"
      if check.verdict != .pass { line += ": \(check.reason); \(check.advice)" }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }
}

/// The JSON of chains that diverged at once.
struct PosteriorDivergenceOutput: Encodable {
  let verdict = "fail"
  let chain: Int
  let step: Int
  let stepSize: Double
  /// 2/h_max.
  let stableStepSize: Double
  /// The last good state of each chain.
  let lastGood: [[Double]]
  let output: String?
}
