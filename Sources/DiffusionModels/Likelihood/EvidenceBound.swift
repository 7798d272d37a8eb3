internal import Foundation
public import NumericalCore

/// The lower bound on the log-likelihood that a reverse chain gives.
///
/// ```
/// K      = −Σ_{t=2…T} KL(q(x_{t−1}|x_t,x_0) || p(x_{t−1}|x_t)) + H_q(X_T|X_0) − H_q(X_1|X_0) − H_p(X_T)
/// K_full = −Σ_{t=2…T} KL(…) − KL(q(x_T|x_0) || π) + ln p(x_0|x_1)
/// ```
///
/// K takes the last step by the edge rule and K_full by the model (``LastStep``); both are means over
/// data, x_t ~ q(x_t|x_0), in nats a sample. Divergences are exact; x_t is drawn once for each data point
/// and step, and standard errors are those of the spread over data points. K assumes that the data have an
/// average second moment of 1: it lies above the true bound by ½ d (m − 1)(β_1 + ᾱ_T), and is unresolved
/// when that is more than the interval allows.
/// Source: Sohl-Dickstein et al. 2015, equations 10 to 14 and appendix B; Ho et al. 2020, equation 5.
public struct EvidenceBound: Sendable {
  /// Which steps are evaluated for a data point.
  public enum Sum: Sendable, Equatable {
    /// All of 2 … T.
    case everyStep
    /// Some, drawn uniformly from 2 … T with replacement, times (T − 1)/draws: unbiased. A last step of the model's is
    /// drawn as often again.
    case someSteps(draws: Int)
  }

  /// The reverse chain.
  public let kernel: any GaussianReverseKernel
  /// How the last step is taken: K or K_full.
  public var lastStep: LastStep
  /// Which steps are evaluated.
  public var sum: Sum
  /// The threads.
  public var workers: Workers

  /// The bound of a chain.
  public init(
    _ kernel: any GaussianReverseKernel, lastStep: LastStep = .forward, sum: Sum = .everyStep,
    workers: Workers = Workers()
  ) {
    self.kernel = kernel
    self.lastStep = lastStep
    self.sum = sum
    self.workers = workers
  }

  /// KL(q(x_{t−1}|x_t,x_0) || p(x_{t−1}|x_t)) of each row, in nats, at x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε.
  ///
  /// - Parameters:
  ///   - data: x_0, one a row.
  ///   - noise: ε.
  ///   - step: t, from 2 to T.
  public func divergence(
    data: Matrix<Double>, noise: Matrix<Double>, step: Int
  ) throws -> [Double] {
    let diffusion = kernel.diffusion
    let states = diffusion.states(from: data, noise: noise, step: step)
    let posterior = diffusion.posterior(step)
    return try kernel.reverse(states, step: step).relativeEntropy(
      ofMean: data.mixed(posterior.dataFactor, posterior.stateFactor, states),
      variance: posterior.variance)
  }

  /// The bound on rows of data.
  ///
  /// - Parameters:
  ///   - data: x_0, one a row, scaled to an average second moment of 1.
  ///   - seed: Of the noise; a row's is its own, whatever the number of rows.
  ///   - progress: Told how far it is, from 0 to 1.
  /// - Throws: `badData` when rows do not have the kernel's dimension or hold what is not a number.
  /// - Complexity: T evaluations of the kernel a row, or the number of draws.
  public func evaluate(
    _ data: Matrix<Double>, seed: UInt64, progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> EvidenceBoundValue {
    try kernel.check(data)
    var totals = [Double](repeating: 0, count: data.rows)
    var divergences: [Int: [Double]] = [:]
    let works = plan(data.rows, seed)
    for (done, work) in works.enumerated() {
      let values = try workers.mapBlocks(of: work.rows.count, size: blockSize(work.rows.count)) {
        range -> [Double] in
        let rows = Array(work.rows[range])
        let noise = Matrix<Double>.normal(
          indices: rows, columns: data.columns, seed: seed, purpose: .diffusionBound,
          step: UInt64(work.draw) << 32 | UInt64(work.step))
        return try divergence(data: data.selectingRows(rows), noise: noise, step: work.step)
      }.flatMap { $0 }
      for (row, value) in zip(work.rows, values) { totals[row] -= work.factor * value }
      divergences[work.step, default: []] += values
      progress(Double(done + 1) / Double(works.count))
    }
    let terms = divergences.sorted { $0.key < $1.key }.map {
      BoundTerm(step: $0.key, values: $0.value)
    }
    let constants = try ends(data, seed)
    for row in totals.indices { totals[row] += constants.each[row] }
    return EvidenceBoundValue(
      kernel: kernel, lastStep: lastStep, data: data, values: totals, terms: terms,
      decoder: constants.decoder)
  }

  /// Pictures are work enough that a few of them are worth a thread.
  private func blockSize(_ rows: Int) -> Int {
    kernel.dimension < 64 ? 256 : max(4, min(256, (rows + 7) / 8))
  }

  /// Rows to be evaluated at one step.
  private struct Work {
    var step: Int
    var draw: Int
    var rows: [Int]
    var factor: Double
  }

  private func plan(_ rows: Int, _ seed: UInt64) -> [Work] {
    let steps = kernel.diffusion.schedule.steps
    guard steps > 1 else { return [] }
    switch sum {
    case .everyStep:
      return (2...steps).map { Work(step: $0, draw: 0, rows: Array(0..<rows), factor: 1) }
    case .someSteps(let draws):
      var works: [Work] = []
      for draw in 0..<draws {
        var chosen = [[Int]](repeating: [], count: steps + 1)
        for row in 0..<rows {
          var stream = RandomStream(
            seed: seed, purpose: .diffusionBound, index: UInt64(row), step: UInt64(draw) << 32)
          chosen[2 + stream.index(below: steps - 1)].append(row)
        }
        works += (2...steps).filter { !chosen[$0].isEmpty }.map {
          Work(
            step: $0, draw: draw + 1, rows: chosen[$0], factor: Double(steps - 1) / Double(draws))
        }
      }
      return works
    }
  }

  /// What each row has besides the divergences: entropies, or the prior's divergence and ln p(x_0|x_1).
  private func ends(
    _ data: Matrix<Double>, _ seed: UInt64
  ) throws -> (each: [Double], decoder: [Double]) {
    let (diffusion, d) = (kernel.diffusion, Double(data.columns))
    let steps = diffusion.schedule.steps
    if lastStep == .forward {
      let entropies =
        d
        * (diffusion.conditionalEntropy(steps) - diffusion.conditionalEntropy(1)
          - GaussianDiffusion.priorEntropy)
      return ([Double](repeating: entropies, count: data.rows), [])
    }
    // The last step is in no draw of steps, so it is drawn as often as all others together.
    let draws = if case .someSteps(let count) = sum { count } else { 1 }
    let decoder = try workers.mapBlocks(of: data.rows, size: blockSize(data.rows)) {
      range -> [Double] in
      let start = data.selectingRows(range)
      var values = [Double](repeating: 0, count: range.count)
      for draw in 0..<draws {
        let noise = Matrix<Double>.normal(
          indices: range, columns: data.columns, seed: seed, purpose: .diffusionBound,
          step: UInt64(draw) << 32 | 1)
        let states = diffusion.states(from: start, noise: noise, step: 1)
        let logs = try kernel.reverse(states, step: 1).logDensity(of: start)
        for row in values.indices { values[row] += logs[row] / Double(draws) }
      }
      return values
    }.flatMap { $0 }
    let prior = (0..<data.rows).map { diffusion.priorDivergence(of: data.row($0)) }
    return (zip(decoder, prior).map { $0 - $1 }, decoder)
  }
}
