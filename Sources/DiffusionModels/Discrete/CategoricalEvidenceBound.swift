internal import Foundation
public import NumericalCore

/// The lower bound K of the log-likelihood of discrete data, in nats a sample.
///
/// ```
/// K = −Σ_{t=2}^T E_q KL(q(x_{t−1}|x_t, x_0) ‖ p(x_{t−1}|x_t))
///     + H_q(X_T|X_0) − H_q(X_1|X_0) − H_p(X_T)                            last step by π
/// K = −Σ_{t=2}^T E_q KL(…) + E_q ln p(x_0|x_1) + H_q(X_T|X_0) − H_p(X_T)   the model's last step
/// ```
///
/// H_p(X_T) stands where the chain has E_q[−ln π(x_t)] = H_p(X_T) for all t, which is so when the data
/// have the mean activity of π. The exact expectations are put in its place, so that K is a bound for
/// any data, and ``activityMismatch`` tells what the formula as printed would have been off by.
///
/// x_t is drawn and the divergence at x_t is summed, never sampled. Each sample's K is unbiased and
/// independent of the others'. Source: Sohl-Dickstein et al. 2015, equations 13, 14 and appendix B.
public struct CategoricalEvidenceBound: Sendable {
  /// K in nats a sample.
  public let bound: Estimate
  /// K of each sample.
  public let samples: [Double]
  /// The steps, ascending.
  public let terms: [BoundTerm]
  /// H_q(X_T|X_0), in the mean over the samples.
  public let finalEntropy: Double
  /// H_q(X_1|X_0).
  public let firstEntropy: Double
  /// H_p(X_T).
  public let priorEntropy: Double
  /// E ln π(x_0): the log-likelihood of independent sites of the stationary law.
  public let nullLogLikelihood: Double
  /// K as printed, with H_p(X_T) for all cross entropies, less K: 0 for data of the activity of π.
  public let activityMismatch: Double

  /// The bound of a reverse chain.
  ///
  /// - Parameters:
  ///   - kernel: The reverse chain.
  ///   - diffusion: The forward chain.
  ///   - data: The samples x_0, one a row.
  ///   - lastStep: What p(x_0|x_1) is.
  ///   - stepsPerSample: How many steps, drawn uniformly, each sample is looked at; nil for all.
  ///   - seed: The seed of x_t.
  ///   - confidence: That of the interval.
  ///   - workers: The threads; the kernel is called from several.
  ///   - progress: Told how far it is, from 0 to 1.
  /// - Throws: `usage` when shapes do not agree or the last step by π is impossible (masks); what the
  ///   kernel throws.
  public init(
    of kernel: any CategoricalReverseKernel, diffusion: CategoricalDiffusion,
    data: Matrix<UInt8>, lastStep: LastStep = .forward,
    stepsPerSample: Int? = nil, seed: UInt64, confidence: Double = 0.95,
    workers: Workers = Workers(), progress: (Double) -> Void = { _ in }
  ) throws {
    try diffusion.check(kernel, data: data, lastStep: lastStep)
    let first = lastStep == .model ? 1 : 2
    let count = max(0, diffusion.steps - first + 1)
    var totals = [Double](repeating: 0, count: data.rows)
    var terms: [BoundTerm] = []
    if count > 0 {
      let rows = Self.rows(data.rows, steps: count, perSample: stepsPerSample, seed: seed)
      let chunk = 32
      for begin in stride(from: 0, to: count, by: chunk) {
        let part = begin..<min(count, begin + chunk)
        let results = workers.map(part.count) { index -> Result<[Double], any Error> in
          Result {
            let step = first + part.lowerBound + index
            let chosen = rows?[part.lowerBound + index] ?? Array(0..<data.rows)
            guard !chosen.isEmpty else { return [] }
            let states = diffusion.states(from: data, step: step, seed: seed, rows: chosen)
            return diffusion.divergences(
              data: data.selectingRows(chosen), states: states,
              reverse: try kernel.reverse(states, step: step), step: step)
          }
        }
        for (index, result) in results.enumerated() {
          let values = try result.get()
          let place = part.lowerBound + index
          let weight = stepsPerSample.map { Double(count) / Double($0) } ?? 1
          for (row, value) in zip(rows?[place] ?? Array(0..<data.rows), values) {
            totals[row] += weight * value
          }
          if !values.isEmpty { terms.append(BoundTerm(step: first + place, values: values)) }
        }
        progress(Double(part.upperBound) / Double(count))
      }
    }
    let edges = Edges(diffusion, data: data)
    samples = (0..<data.rows).map { row in
      -totals[row] + edges.final[row] - edges.crossFinal[row]
        + (lastStep == .model
          ? 0 : -edges.first[row] - edges.crossData[row] + edges.crossFirst[row])
    }
    self.terms = terms
    finalEntropy = mean(of: edges.final)
    firstEntropy = mean(of: edges.first)
    priorEntropy = diffusion.priorEntropy * Double(data.columns)
    nullLogLikelihood = -mean(of: edges.crossData)
    activityMismatch =
      mean(of: edges.crossFinal) - priorEntropy
      + (lastStep == .model ? 0 : mean(of: edges.crossData) - mean(of: edges.crossFirst))
    bound = Estimate(
      value: mean(of: samples),
      standardError: data.rows > 1
        ? (variance(of: samples) / Double(data.rows)).squareRoot() : .infinity,
      degreesOfFreedom: Double(max(1, data.rows - 1)), confidence: confidence,
      method: "mean over samples of the bound with divergences summed at drawn states",
      effectiveSampleSize: Double(data.rows))
  }

  /// E[−ln P(x_0|x_t)] a sample in nats at one step: the loss of cross entropy.
  public static func crossEntropy(
    of denoiser: any CategoricalDenoiser, diffusion: CategoricalDiffusion, data: Matrix<UInt8>,
    step: Int, seed: UInt64
  ) throws -> Estimate {
    let states = diffusion.states(from: data, step: step, seed: seed)
    let probabilities = try denoiser.dataProbabilities(behind: states, step: step)
    let values = (0..<data.rows).map { row in
      (0..<data.columns).reduce(0.0) {
        $0 - log(probabilities[row, $1 * diffusion.categories + Int(data[row, $1])])
      }
    }
    return Estimate(
      value: mean(of: values),
      standardError: values.count > 1
        ? (variance(of: values) / Double(values.count)).squareRoot() : .infinity,
      degreesOfFreedom: Double(max(1, values.count - 1)), method: "mean over samples",
      effectiveSampleSize: Double(values.count))
  }

  /// The rows that each step looks at; nil for all.
  private static func rows(
    _ count: Int, steps: Int, perSample: Int?, seed: UInt64
  ) -> [[Int]]? {
    guard let perSample else { return nil }
    precondition(perSample > 0, "\(perSample) steps a sample")
    var result = [[Int]](repeating: [], count: steps)
    for row in 0..<count {
      var stream = RandomStream(seed: seed, purpose: .diffusionTimes, index: UInt64(row))
      for _ in 0..<perSample { result[stream.index(below: steps)].append(row) }
    }
    return result
  }

  /// What is known exactly of each sample.
  private struct Edges {
    var final: [Double] = []
    var first: [Double] = []
    var crossData: [Double] = []
    var crossFirst: [Double] = []
    var crossFinal: [Double] = []

    init(_ diffusion: CategoricalDiffusion, data: Matrix<UInt8>) {
      func table(_ value: (Int) -> Double) -> [Double] { (0..<diffusion.categories).map(value) }
      let last = diffusion.steps
      let tables = [
        table { diffusion.conditionalEntropy(data: $0, step: last) },
        table { diffusion.conditionalEntropy(data: $0, step: 1) },
        table { diffusion.crossEntropy(data: $0, step: 0) },
        table { diffusion.crossEntropy(data: $0, step: 1) },
        table { diffusion.crossEntropy(data: $0, step: last) },
      ]
      let sums = tables.map { table in
        (0..<data.rows).map { row in data.row(row).reduce(0) { $0 + table[Int($1)] } }
      }
      (final, first, crossData) = (sums[0], sums[1], sums[2])
      (crossFirst, crossFinal) = (sums[3], sums[4])
    }
  }
}

extension CategoricalDiffusion {
  /// Whether a kernel fits the data and the chain.
  func check(
    _ kernel: any CategoricalReverseKernel, data: Matrix<UInt8>, lastStep: LastStep
  ) throws(SzilardError) {
    guard kernel.categories == categories, kernel.sites == data.columns, data.rows > 0,
      data.elements.allSatisfy({ Int($0) < categories })
    else {
      throw SzilardError(
        .usage,
        "the model has \(kernel.sites) sites of \(kernel.categories) categories, the data "
          + "\(data.rows) rows of \(data.columns) sites, the diffusion \(categories) categories")
    }
    try check(lastStep)
  }

  /// Whether the last step can be the first one reversed under π.
  func check(_ lastStep: LastStep) throws(SzilardError) {
    if lastStep == .forward, stationary.contains(0) {
      throw SzilardError(
        .usage,
        "the last step cannot be the first one reversed: some categories have no stationary "
          + "probability (masks); use the model's last step")
    }
  }
}
