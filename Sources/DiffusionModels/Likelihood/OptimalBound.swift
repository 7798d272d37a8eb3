internal import Foundation
public import NumericalCore

/// The highest bound K that kernels of independent coordinates can reach for a law of data.
///
/// ```
/// K_opt = −Σ_{t=2…T} ½ E Σ_i ln[1 + c₀² Var(x_0i|x_t)/β̃_t] + H_q(X_T|X_0) − H_q(X_1|X_0) − H_p(X_T)
/// ```
///
/// The best kernel N(μ, Σ) with Σ diagonal has the mean and the variances of q(x_{t−1}|x_t); what is left of the
/// divergence is the mean over x_t of ½ Σ ln(Σ_i/β̃_t), in closed form given x_t. So a network's K is compared with
/// what its form allows, and the schedule with others. In nats a sample; at most −H_q(X_1).
public struct OptimalBound: Sendable {
  /// The law of the data.
  public let law: any DataLaw
  /// The forward chain.
  public let diffusion: GaussianDiffusion
  /// The threads.
  public var workers: Workers

  /// The best bound for a law and a chain.
  public init(_ law: any DataLaw, diffusion: GaussianDiffusion, workers: Workers = Workers()) {
    self.law = law
    self.diffusion = diffusion
    self.workers = workers
  }

  /// K_opt with the divergences that remain.
  public struct Value: Sendable, Encodable {
    /// K_opt in nats a sample.
    public let total: Estimate
    /// The least divergence of each step, t = 2 … T, in nats.
    public let divergences: [Double]
  }

  /// K_opt from so many paths: the same data with fresh noise at each step.
  ///
  /// - Complexity: T evaluations of the law a path.
  public func evaluate(
    paths: Int, seed: UInt64, progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> Value {
    let data = law.samples(paths, seed: seed)
    let steps = diffusion.schedule.steps
    let entropies =
      Double(law.dimension)
      * (diffusion.conditionalEntropy(steps) - diffusion.conditionalEntropy(1)
        - GaussianDiffusion.priorEntropy)
    var totals = [Double](repeating: entropies, count: paths)
    var divergences: [Double] = []
    for step in stride(from: 2, through: steps, by: 1) {
      let values = try workers.mapBlocks(of: paths, size: 64) { rows -> [Double] in
        let noise = Matrix<Double>.normal(
          rows: rows.count, columns: law.dimension, seed: seed, purpose: .diffusionBound,
          step: UInt64(step), firstRow: rows.lowerBound)
        return leastDivergence(
          diffusion.states(from: data.selectingRows(rows), noise: noise, step: step), step: step)
      }.flatMap { $0 }
      for row in values.indices { totals[row] -= values[row] }
      divergences.append(mean(of: values))
      progress(Double(step - 1) / Double(steps - 1))
    }
    return Value(
      total: Estimate(
        meanOf: totals, method: "mean over \(paths) paths of the bound with the best kernels"),
      divergences: divergences)
  }

  /// ½ Σ_i ln[1 + c₀² Var(x_0i|x_t)/β̃_t] of each row x_t.
  private func leastDivergence(_ states: Matrix<Double>, step: Int) -> [Double] {
    let posterior = diffusion.posterior(step)
    let factor = posterior.dataFactor * posterior.dataFactor / posterior.variance
    let spread = law.dataMoments(behind: states, at: diffusion.schedule.level(step)).variance
    return (0..<states.rows).map { row in
      0.5 * spread.row(row).reduce(0) { $0 + log1p(factor * $1) }
    }
  }
}
