internal import Foundation
public import Learning
internal import NumericalCore

/// How well samples of a posterior predict rows they have not seen.
///
///     (1/n) Σᵢ ln (1/S) Σₛ p(yᵢ | xᵢ, θₛ)
///
/// For one predictor, by at most 500 samples at even distances.
public struct PosteriorPrediction: Sendable {
  /// The mean log-likelihood of a row under the mean of the predictions, in nats.
  public let logLikelihood: Double
  /// The same for the mode alone.
  public let logLikelihoodAtMode: Double
  /// The root mean square of y less its mean prediction; or the part predicted wrongly, for two classes.
  public let error: Double
  /// Rows.
  public let count: Int

  /// Predictions of rows.
  ///
  /// - Parameter predictor: z of all rows for parameters.
  public init(
    of targets: [Float], response: Response, samples: PosteriorSamples, mode: [Double],
    predictor: ([Double]) -> [Double]
  ) {
    let pooled = samples.pooled
    let used = Swift.min(500, pooled.rows)
    func logDensity(_ z: Double, _ y: Double) -> Double {
      if case .gaussian(let s) = response {
        return -(z - y) * (z - y) / (2 * s * s) - log(s) - 0.5 * log(2 * .pi)
      }
      return y * z - softplus(z)
    }
    func point(_ z: Double) -> Double {
      if case .gaussian = response { return z }
      return logistic(z)
    }
    var densities = [[Double]](repeating: [], count: targets.count)
    var means = [Double](repeating: 0, count: targets.count)
    for index in 0..<used {
      let z = predictor(pooled.row(index * pooled.rows / used))
      for row in targets.indices {
        densities[row].append(logDensity(z[row], Double(targets[row])))
        means[row] += point(z[row]) / Double(used)
      }
    }
    logLikelihood = mean(of: densities.map { logSumExp($0) - log(Double(used)) })
    let atMode = predictor(mode)
    logLikelihoodAtMode = mean(
      of: targets.indices.map { logDensity(atMode[$0], Double(targets[$0])) })
    if case .gaussian = response {
      error = mean(
        of: targets.indices.map {
          (Double(targets[$0]) - means[$0]) * (Double(targets[$0]) - means[$0])
        }
      ).squareRoot()
    } else {
      error = mean(of: targets.indices.map { (means[$0] > 0.5) == (targets[$0] > 0.5) ? 0 : 1 })
    }
    count = targets.count
  }
}
