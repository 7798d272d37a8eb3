internal import Foundation
public import NumericalCore

/// Works of discrete paths, forward from data and backward from noise.
///
/// ```
/// w = −ln [ π(x_T) Π_t p(x_{t−1}|x_t)/q(x_t|x_{t−1}) ]
/// p(x_0) = E_q(·|x_0) e^{−w},   E w averaged over data = −K,   Σ = ln q(x_0) + w
/// ```
///
/// Σ = ln q(x_{0…T})/p(x_{0…T}) is the entropy production of a forward path; for data that take a part
/// of all states alone, E_q e^{−Σ} is not 1 but the probability that the model makes data
/// (absolute irreversibility: Murashita, Funo and Ueda 2014). Source: Sohl-Dickstein et al. 2015,
/// equations 6 to 9.
public struct CategoricalPathWork: Sendable {
  /// w of each path, in nats.
  public let works: [Double]
  /// x_0 of each path.
  public let data: Matrix<UInt8>

  /// Works of forward paths from the rows of `data`, `pathsPerSample` paths from each, row by row.
  public static func forward(
    _ sampler: CategoricalAncestralSampler, data: Matrix<UInt8>, pathsPerSample: Int = 1,
    seed: UInt64
  ) throws -> CategoricalPathWork {
    let diffusion = sampler.diffusion
    try diffusion.check(sampler.kernel, data: data, lastStep: sampler.lastStep)
    let start = data.selectingRows((0..<data.rows * pathsPerSample).map { $0 / pathsPerSample })
    let works = try sampler.workers.mapBlocks(of: start.rows) { rows in
      try forward(sampler, start: start, rows: rows, seed: seed)
    }
    return CategoricalPathWork(works: works.flatMap { $0 }, data: start)
  }

  /// Works w of the paths that the reverse chain makes.
  public static func reverse(
    _ sampler: CategoricalAncestralSampler, count: Int, seed: UInt64
  ) throws -> CategoricalPathWork {
    let diffusion = sampler.diffusion
    let finished = try sampler.workers.mapBlocks(of: count) { rows -> CategoricalPathWork in
      var works = [Double](repeating: 0, count: rows.count)
      var later = Matrix<UInt8>(rows: 0, columns: 0)
      try sampler.trajectories(rows: rows, seed: seed) { step, states, logs in
        for row in works.indices { works[row] -= logs[row] }
        if later.rows > 0 {
          let forward = diffusion.logTransitions(states, later, step: step + 1)
          for row in works.indices { works[row] += forward[row] }
        }
        later = states
      }
      return CategoricalPathWork(works: works, data: later)
    }
    return CategoricalPathWork(
      works: finished.flatMap(\.works),
      data: Matrix(
        rows: count, columns: sampler.kernel.sites, elements: finished.flatMap(\.data.elements)))
  }

  /// The log-likelihood by the exponential average of the works, with a verdict.
  ///
  /// - Parameter pathsPerSample: k, as the works were made.
  public func likelihood(pathsPerSample: Int, workers: Workers = Workers()) -> PathLikelihood.Value
  {
    precondition(pathsPerSample > 0 && works.count % pathsPerSample == 0, "paths a sample")
    return PathLikelihood.value(
      of: stride(from: 0, to: works.count, by: pathsPerSample).map {
        Array(works[$0..<$0 + pathsPerSample])
      }, dimension: data.columns, workers: workers)
  }

  /// The bound of several paths a sample, E ln (1/k) Σ e^{−w}: it rises with k from K to E ln p(x_0).
  ///
  /// - Parameter pathsPerSample: k, as the works were made.
  public func multiSampleBound(pathsPerSample: Int) -> Estimate {
    precondition(pathsPerSample > 0 && works.count % pathsPerSample == 0, "paths a sample")
    let values = stride(from: 0, to: works.count, by: pathsPerSample).map { begin in
      logMeanExp(works[begin..<begin + pathsPerSample].map { -$0 })
    }
    return Estimate(
      value: mean(of: values),
      standardError: values.count > 1
        ? (variance(of: values) / Double(values.count)).squareRoot() : .infinity,
      degreesOfFreedom: Double(max(1, values.count - 1)),
      method: "mean over samples of the log of the mean weight of \(pathsPerSample) paths",
      effectiveSampleSize: Double(values.count))
  }

  private static func forward(
    _ sampler: CategoricalAncestralSampler, start: Matrix<UInt8>, rows: Range<Int>, seed: UInt64
  ) throws -> [Double] {
    let diffusion = sampler.diffusion
    let k = diffusion.categories
    var streams = rows.map {
      RandomStream(seed: seed, purpose: .categoricalNoise, index: UInt64($0))
    }
    var states = start.selectingRows(rows)
    var works = [Double](repeating: 0, count: rows.count)
    for step in 1...diffusion.steps {
      let laws = (0..<k).map { from in
        (0..<k).map { diffusion.transition(from: from, to: $0, step: step) }
      }
      var next = states
      for row in 0..<rows.count {
        for site in 0..<states.columns {
          let law = laws[Int(states[row, site])]
          let value = streams[row].category(law)
          next[row, site] = UInt8(value)
          works[row] += log(law[value])
        }
      }
      let reverse = try diffusion.reverse(
        sampler.kernel, states: next, step: step, lastStep: sampler.lastStep)
      for row in 0..<rows.count {
        for site in 0..<states.columns {
          works[row] -= log(reverse[row, site * k + Int(states[row, site])])
        }
      }
      states = next
    }
    for row in 0..<rows.count {
      for site in 0..<states.columns {
        works[row] -= log(diffusion.stationary[Int(states[row, site])])
      }
    }
    return works
  }
}

extension CategoricalDiffusion {
  /// ln q(x_t|x_{t−1}) of each row.
  func logTransitions(_ from: Matrix<UInt8>, _ to: Matrix<UInt8>, step: Int) -> [Double] {
    let table = (0..<categories * categories).map {
      log(transition(from: $0 / categories, to: $0 % categories, step: step))
    }
    return (0..<from.rows).map { row in
      (0..<from.columns).reduce(0) {
        $0 + table[Int(from[row, $1]) * categories + Int(to[row, $1])]
      }
    }
  }
}
