internal import Foundation
public import NumericalCore
internal import StochasticThermodynamics

/// The log-likelihood by many paths: Jarzynski's average of their works.
///
/// ```
/// L_k = E ln (1/k) Σ_{j≤k} e^{−w_j},   E(−w) = L_1 ≤ L_2 ≤ … ≤ ln p(x_0) = ln E e^{−w}
/// ```
///
/// with w of ``PathWork`` over forward paths from x_0. L_1 is the bound of ``EvidenceBound`` without its
/// assumption on second moments; the bias of L_k falls as 1/k once the works overlap, and needs about
/// e^{Var w} paths before. Each L_k of a data point is the mean over disjoint groups of its paths, so
/// that it is unbiased. The work dissipated, E w + ln p(x_0), is the gap of L_1.
/// Source: Sohl-Dickstein et al. 2015, equation 9; Burda, Grosse and Salakhutdinov 2016, theorem 1.
public struct PathLikelihood: Sendable {
  /// The works.
  public var work: PathWork
  /// Paths from each data point.
  public var paths: Int

  /// The likelihood of a chain by its paths.
  public init(_ work: PathWork, paths: Int) {
    precondition(paths > 0, "\(paths) paths")
    self.work = work
    self.paths = paths
  }

  /// What the paths from one data point tell, in nats.
  public struct Point: Sendable, Equatable, Encodable {
    /// ln p(x_0) by the exponential average of all paths, with its verdict.
    public let logLikelihood: Estimate
    /// L_1 = E(−w).
    public let bound: Estimate
    /// (Σ e^{−w})²/(k Σ e^{−2w}): the part of the paths that counts, from 1/k to 1.
    public let effectiveFraction: Double
    /// E w + ln p(x_0): the work dissipated.
    public var dissipation: Double { logLikelihood.value - bound.value }

    init(works: [Double]) {
      let weights = works.map { -$0 }
      logLikelihood = ExponentialAverage.estimate(logWeights: weights)
      bound =
        logLikelihood.isResolved && variance(of: weights) < 1e-18
        ? logLikelihood : Estimate(meanOf: weights, method: "mean over paths")
      effectiveFraction = effectiveSampleSize(ofLogWeights: weights) / Double(works.count)
    }
  }

  /// What paths tell of many data points, in nats a sample.
  ///
  /// As JSON: `{"unit": "nats", "bounds": [{"paths", "estimate"}], "logLikelihood", "dissipation",
  /// "effectiveFraction", "resolvedPoints", "dimension", "points": […]}`.
  public struct Value: Sendable, Encodable {
    /// L_k with the number of paths k.
    public struct Bound: Sendable, Equatable, Encodable {
      private enum CodingKeys: String, CodingKey { case paths, estimate }

      /// k.
      public let paths: Int
      /// L_k: the mean over data.
      public let estimate: Estimate
      /// L_k of each data point, the mean over groups of its paths.
      public let values: [Double]
    }

    /// The unit of all numbers.
    public let unit = "nats"
    /// L_k for k = 1, 2, 4 … and the number of paths.
    public let bounds: [Bound]
    /// ln p: the mean over data; resolved where each data point's is.
    public let logLikelihood: Estimate
    /// E w + ln p: the mean over data, at least 0.
    public let dissipation: Double
    /// The median over data of the part of the paths that counts.
    public let effectiveFraction: Double
    /// Data points whose exponential average is resolved.
    public let resolvedPoints: Int
    /// Coordinates of a data point.
    public let dimension: Int
    /// Each data point.
    public let points: [Point]
  }

  /// The likelihood of rows of data.
  ///
  /// - Parameters:
  ///   - data: x_0, one a row.
  ///   - seed: Of the noise; path j of a row is the same for any number of rows and paths.
  ///   - progress: Told how far it is, from 0 to 1.
  /// - Throws: `badData` when rows do not fit the kernel.
  /// - Complexity: T · paths evaluations of the kernel a row.
  public func evaluate(
    _ data: Matrix<Double>, seed: UInt64, progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> Value {
    var works = [[Double]](repeating: [], count: data.rows)
    if data.rows >= 128 || paths == 1 {
      for path in 0..<paths {
        let values = try work.forward(from: data, seed: seed, path: path).works
        for row in values.indices { works[row].append(values[row]) }
        progress(Double(path + 1) / Double(paths))
      }
    } else {
      // Few data points: the paths are the rows of a block.
      try work.kernel.check(data)
      for row in 0..<data.rows {
        works[row] = try work.forward(from: data.row(row), paths: paths, seed: seed, row: row)
        progress(Double(row + 1) / Double(data.rows))
      }
    }
    return Self.value(of: works, dimension: data.columns, workers: work.workers)
  }

  /// What works say, as many of each data point.
  static func value(of works: [[Double]], dimension: Int, workers: Workers) -> Value {
    let paths = works.first?.count ?? 0
    let points = workers.map(works.count) { Point(works: works[$0]) }
    var sizes = [1]
    while let last = sizes.last, last < paths { sizes.append(min(paths, 2 * last)) }
    let bounds = sizes.map { size in
      let values = works.map { Self.groupedBound($0, size: size) }
      return Value.Bound(
        paths: size,
        estimate: Estimate(
          meanOf: values,
          method: "mean over \(works.count) data points of ln of the mean over \(size) paths"),
        values: values)
    }
    var likelihood = Estimate(
      meanOf: points.map(\.logLikelihood.value),
      method: "mean over \(works.count) data points of the exponential average of \(paths) paths")
    let resolved = points.count { $0.logLikelihood.isResolved }
    if resolved < points.count {
      likelihood = likelihood.unresolved(
        because: "the paths of \(points.count - resolved) of \(points.count) data points do not "
          + "resolve their average; the value is a lower bound in the mean")
    }
    return Value(
      bounds: bounds, logLikelihood: likelihood, dissipation: mean(of: points.map(\.dissipation)),
      effectiveFraction: quantile(0.5, of: points.map(\.effectiveFraction)),
      resolvedPoints: resolved, dimension: dimension, points: points)
  }

  /// The mean over disjoint groups of `size` works of ln (1/size) Σ e^{−w}.
  static func groupedBound(_ works: [Double], size: Int) -> Double {
    mean(
      of: (0..<works.count / size).map { group in
        logMeanExp(works[group * size..<(group + 1) * size].map { -$0 })
      })
  }
}
