internal import Foundation
public import NumericalCore

/// Round Gaussians of one width about many points; with width 0, a finite set of data.
///
/// ```
/// q_t(x) = Σ_k w_k N(x; a μ_k, v),   v = a² c + s²
/// E[x₀|x] = (s² Σ r_k μ_k + a c x)/v,   Var(x₀|x) = c s²/v + (s²/v)² Var_r(μ),
/// r_k ∝ w_k N(x; a μ_k, v)
/// ```
///
/// With the training set as points and c = 0 this is the denoiser that remembers everything: a network
/// with a lower loss than the law of the data allows is on its way there.
public struct PointMixture: DataLaw {
  /// μ_k, one a row.
  public let points: Matrix<Double>
  /// w_k, summing to 1.
  public let weights: [Double]
  /// c ≥ 0: the variance of a component.
  public let variance: Double
  /// The threads to use.
  public var workers: Workers
  private let logWeights: [Double]

  /// The mixture; weights are normalised, equal when not given.
  ///
  /// - Throws: `usage` when there is no point, a weight is negative or the variance is.
  public init(
    points: Matrix<Double>, weights: [Double]? = nil, variance: Double = 0,
    workers: Workers = Workers()
  ) throws(SzilardError) {
    let weights = weights ?? [Double](repeating: 1, count: points.rows)
    let sum = weights.reduce(0, +)
    guard points.rows > 0, weights.count == points.rows, weights.allSatisfy({ $0 >= 0 }), sum > 0,
      sum.isFinite, variance >= 0, variance.isFinite
    else {
      throw SzilardError(
        .usage,
        "a mixture about points needs a point, one weight a point, none negative, and a "
          + "variance that is not negative")
    }
    self.points = points
    self.weights = weights.map { $0 / sum }
    self.variance = variance
    self.workers = workers
    logWeights = self.weights.map { log($0) }
  }

  /// Coordinates of a state.
  public var dimension: Int { points.columns }

  /// −∞ at a level without noise, where c = 0.
  public func logDensity(of states: Matrix<Double>, at level: NoiseLevel) -> [Double] {
    let width = total(level)
    let constant = -0.5 * Double(dimension) * log(2 * .pi * width)
    return forEachRow(states, level) { _, logs in constant + logSumExp(logs) }
  }

  /// Mean and variance of the data behind each noisy state.
  public func dataMoments(
    behind states: Matrix<Double>, at level: NoiseLevel
  ) -> (mean: Matrix<Double>, variance: Matrix<Double>) {
    let width = total(level)
    let (a, s2) = (level.signal, level.noise * level.noise)
    let d = dimension
    let rows = forEachRow(states, level) { x, logs -> ([Double], [Double]) in
      let top = logs.max() ?? 0
      var sum = 0.0
      var first = [Double](repeating: 0, count: d)
      var second = first
      points.withUnsafePointer { p in
        for k in logs.indices where logs[k] > top - 745 {
          let r = exp(logs[k] - top)
          sum += r
          for j in 0..<d {
            let value = p[k * points.stride + j]
            first[j] += r * value
            second[j] += r * value * value
          }
        }
      }
      var mean = first
      var spread = first
      for j in 0..<d {
        let centre = first[j] / sum
        mean[j] = (s2 * centre + a * variance * x[j]) / width
        spread[j] =
          variance * s2 / width
          + s2 / width * (s2 / width) * max(0, second[j] / sum - centre * centre)
      }
      return (mean, spread)
    }
    var mean = Matrix<Double>(rows: states.rows, columns: d)
    var spread = mean
    for row in 0..<states.rows {
      mean.setRow(row, to: rows[row].0)
      spread.setRow(row, to: rows[row].1)
    }
    return (mean, spread)
  }

  /// ∂E[x₀|x]/∂x = (a/s²) Cov(x₀|x), of which the part between components is (s²/v)² Cov_r(μ).
  public func nativeGradient(
    of states: Matrix<Double>, at level: NoiseLevel, cotangents: Matrix<Double>
  ) -> (prediction: Matrix<Double>, gradient: Matrix<Double>) {
    let width = total(level)
    let (a, s2) = (level.signal, level.noise * level.noise)
    let d = dimension
    let moments = dataMoments(behind: states, at: level)
    var gradient = Matrix<Double>(rows: states.rows, columns: d)
    let rows = forEachRow(states, level, numbered: cotangents) { _, logs, c -> [Double] in
      let norm = logSumExp(logs)
      var mean = [Double](repeating: 0, count: d)
      var product = mean
      var projection = 0.0
      for k in logs.indices where logs[k] > norm - 745 {
        let r = exp(logs[k] - norm)
        let point = points.row(k)
        let along = zip(point, c).reduce(0) { $0 + $1.0 * $1.1 }
        projection += r * along
        for j in 0..<d {
          mean[j] += r * point[j]
          product[j] += r * along * point[j]
        }
      }
      return (0..<d).map { j in
        a / width * (variance * c[j] + s2 / width * (product[j] - projection * mean[j]))
      }
    }
    for row in 0..<states.rows { gradient.setRow(row, to: rows[row]) }
    return (moments.mean, gradient)
  }

  /// Independent samples; a row's depend on its number alone.
  public func samples(_ count: Int, seed: UInt64) -> Matrix<Double> {
    var result = Matrix<Double>(rows: count, columns: dimension)
    var cumulative = weights
    for k in 1..<max(1, cumulative.count) { cumulative[k] += cumulative[k - 1] }
    for row in 0..<count {
      var stream = RandomStream(seed: seed, purpose: .mixtureSamples, index: UInt64(row))
      let place = stream.uniform() * (cumulative.last ?? 1)
      var (low, high) = (0, cumulative.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if cumulative[middle] < place { low = middle + 1 } else { high = middle }
      }
      for column in 0..<dimension {
        let noise = variance > 0 ? variance.squareRoot() * stream.normal() : 0
        result[row, column] = points[low, column] + noise
      }
    }
    return result
  }

  /// v = a² c + s².
  private func total(_ level: NoiseLevel) -> Double {
    level.signal * level.signal * variance + level.noise * level.noise
  }

  /// `body` of each row x with ln w_k − |x − a μ_k|²/2v for each k.
  private func forEachRow<Result>(
    _ states: Matrix<Double>, _ level: NoiseLevel, _ body: ([Double], [Double]) -> Result
  ) -> [Result] {
    forEachRow(states, level, numbered: states) { x, logs, _ in body(x, logs) }
  }

  private func forEachRow<Result>(
    _ states: Matrix<Double>, _ level: NoiseLevel, numbered other: Matrix<Double>,
    _ body: ([Double], [Double], [Double]) -> Result
  ) -> [Result] {
    let scale = -0.5 / total(level)
    let a = level.signal
    return workers.map(states.rows) { row in
      let x = states.row(row)
      var logs = logWeights
      points.withUnsafePointer { p in
        for k in logs.indices {
          var distance = 0.0
          for j in 0..<x.count {
            let difference = x[j] - a * p[k * points.stride + j]
            distance += difference * difference
          }
          logs[k] += scale * distance
        }
      }
      return body(x, logs, other.row(row))
    }
  }
}
