internal import Foundation
public import NumericalCore

/// Entropy production per lag from lagged covariances.
///
/// A pair (x, x') of states a lag apart is seen at its middle m = (x + x')/2 and by its displacement
/// δ = x' − x. Backwards in time m is the same and δ changes its sign, so that forwards and backwards the
/// covariances are
///
///     F = [[P, B], [Bᵀ, D]],   R = [[P, −B], [−Bᵀ, D]],   P = ⟨m mᵀ⟩, D = ⟨δ δᵀ⟩, B = ⟨m δᵀ⟩
///     ½ tr(R⁻¹F) − d = 2 tr[P⁻¹ B (D − BᵀP⁻¹B)⁻¹ Bᵀ]
///
/// (B is antisymmetric in a stationary state, B_ij is half the area ⟨x_i x'_j − x_j x'_i⟩ swept.) It is the
/// divergence of Kullback and Leibler between the two Gaussian laws: the entropy production per lag of a
/// linear Gaussian Markov chain, exactly; of anything else the part that linear currents and covariances
/// show, which is neither bound nor zero by itself, but vanishes for every reversible process.
///
/// The plug-in value is too large. For d coordinates in a reversible linear chain of n steps, whatever its
/// relaxation, n times the value tends to 2χ² of d(d − 1)/2 degrees of freedom, the bias to d(d − 1)/n; pairs
/// that overlap have about lag times that. It is estimated by leaving out blocks (``QuadraticEstimate``).
/// One coordinate alone has no antisymmetric part: it needs another method.
///
/// - Complexity: O(n d²) time.
public enum GaussianLag {
  /// The estimate of stationary trajectories.
  ///
  /// - Parameters:
  ///   - lag: States from the beginning to the end of a pair.
  ///   - confidence: That of the interval.
  ///   - replicates: Draws of the null.
  ///   - seed: Of the null.
  ///   - workers: Threads, which do not change the numbers.
  /// - Throws: ``SzilardError`` of kind `usage` for a lag that no chain holds.
  public static func estimate(
    _ trajectories: Trajectories, lag: Int = 1, confidence: Double = 0.95, replicates: Int = 999,
    seed: UInt64 = 1, workers: Workers = Workers(count: 1)
  ) throws(SzilardError) -> EntropyProductionEstimate {
    LinearAlgebra.useOneThread()
    try checkLag(lag, trajectories)
    let method = "Gaussian lag: divergence of lagged covariances forwards and backwards"
    let blocks = TrajectoryBlocks(trajectories, minimumLength: lag)
    func unresolved(_ reason: String) -> EntropyProductionEstimate {
      .unresolved(.gaussian, reason, method: method, lag: lag, blocks: blocks)
    }
    if let problem = blocks.problem { return unresolved(problem) }
    guard blocks.dimension > 1 else { return unresolved(oneCoordinate) }
    let states = trajectories.chains * trajectories.length
    let wanted = statesPerCoordinate * blocks.dimension
    guard states >= wanted else {
      return unresolved(
        "\(states) states are too few for the covariances of \(blocks.dimension) coordinates: take at least \(wanted), or fewer coordinates"
      )
    }
    let moments = workers.map(blocks.ranges.count) { Moments(blocks, block: $0, lag: lag) }
      .filter { $0.count > 0 }
    let total = moments.reduce(Moments(dimension: blocks.dimension)) { $0.adding($1) }
    guard moments.count >= TrajectoryBlocks.fewest, let parts = total.covariances,
      let value = entropyProduction(parts)
    else {
      if let column = total.covariances.flatMap({ LinearAlgebra.dependentColumn($0.displacement) })
      {
        return unresolved(
          "the displacements of column \(column + 1) are a linear combination of those before it: "
            + "the noise has a direction without noise")
      }
      return unresolved("the noise has a direction without noise, or the blocks are too few")
    }
    let without = workers.map(moments.count) { index in
      total.adding(moments[index], factor: -1).covariances.flatMap(entropyProduction)
    }.compactMap { $0 }
    guard without.count == moments.count else {
      return unresolved("without one of its blocks the covariances are singular")
    }
    let quadratic = QuadraticEstimate(plugIn: value, leavingOut: without)
    // The antisymmetric part of each block, less the mean: what random directions of blocks leave.
    let d = blocks.dimension
    let currents = moments.map { part -> [Double] in
      let own = antisymmetric(part.cross(around: total))
      return LinearAlgebra.sum(own, parts.current, factor: -part.count).map { $0 / total.count }
        .elements
    }
    let null = ReversibleNull(
      blocks: currents.count, replicates: replicates, seed: seed, value: value, centred: true
    ) { signs in
      var current = [Double](repeating: 0, count: d * d)
      for (sign, part) in zip(signs, currents) {
        for k in current.indices { current[k] += sign * part[k] }
      }
      return entropyProduction(
        Covariances(
          middle: parts.middle, current: Matrix(rows: d, columns: d, elements: current),
          displacement: parts.displacement))
    }
    return EntropyProductionEstimate(
      kind: .gaussian,
      estimate: quadratic.estimate(
        blocks: moments.count, confidence: confidence, method: method,
        effectiveSampleSize: max(1, total.count / (2 * blocks.relaxationTime))),
      lag: lag, dimension: blocks.dimension, samples: Int(total.count), blocks: moments.count,
      relaxationTime: blocks.relaxationTime, bias: quadratic.bias, null: null)
  }

  /// The value for known covariances ⟨x xᵀ⟩ and ⟨x' xᵀ⟩; nil where the noise is singular.
  public static func entropyProduction(
    covariance: Matrix<Double>, lagged: Matrix<Double>
  ) -> Double? {
    let even = LinearAlgebra.sum(lagged, lagged.transposed).map { $0 / 2 }
    return entropyProduction(
      Covariances(
        middle: LinearAlgebra.sum(covariance, even).map { $0 / 2 },
        current: antisymmetric(lagged.transposed),
        displacement: LinearAlgebra.sum(covariance, even, factor: -1).map { 2 * $0 }))
  }

  static let oneCoordinate =
    "one coordinate has no linear current; take the method neighbours or neural"

  /// States that a coordinate asks for: below, the inverse covariances are off by more than a few percent, and the
  /// correction of the bias, which is of first order in coordinates over states, does not hold.
  public static let statesPerCoordinate = 80

  static func checkLag(_ lag: Int, _ trajectories: Trajectories) throws(SzilardError) {
    guard lag >= 1, lag < trajectories.length else {
      throw SzilardError(
        .usage,
        "a lag of \(lag): give 1 to \(trajectories.length - 1), for chains of "
          + "\(trajectories.length) states")
    }
  }

  /// P, B and D.
  struct Covariances {
    var middle: Matrix<Double>
    var current: Matrix<Double>
    var displacement: Matrix<Double>
  }

  /// 2 tr[P⁻¹ B (D − BᵀP⁻¹B)⁻¹ Bᵀ].
  static func entropyProduction(_ parts: Covariances) -> Double? {
    let backwards = parts.current.transposed
    guard LinearAlgebra.dependentColumn(parts.displacement) == nil,
      let drift = LinearAlgebra.solve(parts.middle, parts.current)
    else { return nil }
    let noise = LinearAlgebra.sum(
      parts.displacement, LinearAlgebra.product(backwards, drift), factor: -1)
    guard LinearAlgebra.choleskyFactor(noise) != nil,
      let force = LinearAlgebra.solve(noise, backwards)
    else { return nil }
    return 2 * LinearAlgebra.trace(LinearAlgebra.product(drift, force))
  }

  static func antisymmetric(_ matrix: Matrix<Double>) -> Matrix<Double> {
    LinearAlgebra.sum(matrix, matrix.transposed, factor: -1).map { $0 / 2 }
  }

  /// Sums over the pairs of a block.
  struct Moments: Sendable {
    var count: Double
    /// Σ m and Σ δ.
    var first: [[Double]]
    /// Σ m mᵀ, Σ m δᵀ, Σ δ δᵀ.
    var second: [Matrix<Double>]

    init(dimension d: Int) {
      count = 0
      first = [[Double]](repeating: [Double](repeating: 0, count: d), count: 2)
      second = [Matrix<Double>](repeating: Matrix(rows: d, columns: d), count: 3)
    }

    init(_ blocks: TrajectoryBlocks, block: Int, lag: Int) {
      let d = blocks.dimension
      self.init(dimension: d)
      let last = min(blocks.ranges[block].upperBound, blocks.chainEnds[block] - lag)
      let range = blocks.ranges[block].lowerBound..<max(blocks.ranges[block].lowerBound, last)
      let rows = 512
      var middle = [Double](repeating: 0, count: rows * d)
      var displacement = middle
      blocks.values.withUnsafeBufferPointer { x in
        for start in stride(from: range.lowerBound, to: range.upperBound, by: rows) {
          let used = min(rows, range.upperBound - start)
          for row in 0..<used {
            for column in 0..<d {
              let here = x[(start + row) * d + column]
              let there = x[(start + row + lag) * d + column]
              middle[row * d + column] = (here + there) / 2
              displacement[row * d + column] = there - here
              first[0][column] += (here + there) / 2
              first[1][column] += there - here
            }
          }
          middle.withUnsafeBufferPointer { m in
            displacement.withUnsafeBufferPointer { n in
              guard let m = m.baseAddress, let n = n.baseAddress else { return }
              for (index, pair) in [(m, m), (m, n), (n, n)].enumerated() {
                second[index] = LinearAlgebra.sum(
                  second[index], TrajectoryBlocks.gram(pair.0, pair.1, d, rows: used))
              }
            }
          }
        }
      }
      count = Double(range.count)
    }

    func adding(_ other: Moments, factor: Double = 1) -> Moments {
      var result = self
      result.count += factor * other.count
      for index in first.indices {
        result.first[index] = zip(first[index], other.first[index]).map { $0 + factor * $1 }
      }
      for index in second.indices {
        result.second[index] = LinearAlgebra.sum(
          second[index], other.second[index], factor: factor)
      }
      return result
    }

    /// Σ (m − ⟨m⟩)(δ − ⟨δ⟩)ᵀ over these pairs, with means over all.
    func cross(around all: Moments) -> Matrix<Double> {
      var result = second[1]
      for row in 0..<result.rows {
        for column in 0..<result.columns {
          let (middle, displacement) = (
            all.first[0][row] / all.count, all.first[1][column] / all.count
          )
          result[row, column] +=
            count * middle * displacement - middle * first[1][column]
            - first[0][row] * displacement
        }
      }
      return result
    }

    var covariances: Covariances? {
      guard count > 1 else { return nil }
      func central(_ index: Int, _ a: Int, _ b: Int) -> Matrix<Double> {
        var result = second[index]
        for row in 0..<result.rows {
          for column in 0..<result.columns {
            result[row, column] =
              result[row, column] / count - first[a][row] / count * (first[b][column] / count)
          }
        }
        return result
      }
      return Covariances(
        middle: central(0, 0, 0), current: antisymmetric(central(1, 0, 1)),
        displacement: central(2, 1, 1))
    }
  }
}
