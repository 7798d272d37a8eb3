internal import Foundation
public import NumericalCore

/// A lower bound of entropy production from the mean and the variance of a current.
///
///     Σ ≥ 2⟨J⟩²/Var J,   J = Σ_t w·φ((x_t + x_{t+1})/2; x_{t+1} − x_t)
///     φ = (dx_i), (x_j dx_i)                                  d + d² currents, products at the middle
///
/// the thermodynamic uncertainty relation for the current J over a window of `lag` steps (Barato and
/// Seifert 2015, Physical Review Letters 114, 158101; any window: Horowitz and Gingrich 2017, Physical
/// Review E 96, 020103). The weights w = K⁻¹⟨φ⟩, with K the covariance of the currents over a window, make the
/// bound largest; for overdamped Langevin processes and short windows the best of all currents reaches the
/// rate itself (Otsubo, Ito, Dechant and Sagawa 2020, Physical Review E 101, 062106). Weights are fitted on every
/// other block and the current is measured on the rest, and the other way round, so that noise that was
/// fitted counts for nothing; the noise of the mean current itself is taken off (``QuadraticEstimate``).
///
/// It bounds the entropy production of a process in continuous time per window. Of a process that goes in
/// steps, seen at each step, ``EntropyProductionEstimate/bound`` = ln(1 + value) holds instead
/// (Proesmans and Van den Broeck 2017, Europhysics Letters 119, 20001); for small values both are the same.
///
/// - Complexity: O(n d⁴ / lag + n d²) time.
public enum UncertaintyBound {
  /// The largest number of coordinates: 20, with 420 currents.
  public static let maximumDimension = 20

  /// The bound from stationary trajectories, in nats per window of `lag` steps.
  ///
  /// - Parameters as of ``GaussianLag``.
  /// - Throws: ``SzilardError`` of kind `usage` for a lag that no chain holds, and for more than
  ///   ``maximumDimension`` coordinates.
  public static func estimate(
    _ trajectories: Trajectories, lag: Int = 1, confidence: Double = 0.95, replicates: Int = 999,
    seed: UInt64 = 1, workers: Workers = Workers(count: 1)
  ) throws(SzilardError) -> EntropyProductionEstimate {
    LinearAlgebra.useOneThread()
    try GaussianLag.checkLag(lag, trajectories)
    guard trajectories.dimension <= maximumDimension else {
      throw SzilardError(
        .usage,
        "the method uncertainty takes \(maximumDimension) coordinates at most, not "
          + "\(trajectories.dimension); take the leading principal components")
    }
    let method = "uncertainty relation: lower bound from the best linear current, weights held out"
    // Four windows at least, so that each block tells a variance.
    let blocks = TrajectoryBlocks(trajectories, minimumLength: 4 * lag + 1)
    func unresolved(_ reason: String) -> EntropyProductionEstimate {
      .unresolved(.uncertainty, reason, method: method, lag: lag, blocks: blocks)
    }
    if let problem = blocks.problem { return unresolved(problem) }
    guard blocks.dimension > 1 else { return unresolved(GaussianLag.oneCoordinate) }
    let all = workers.map(blocks.ranges.count) { Currents(blocks, block: $0, window: lag) }
      .filter { $0.count > 0 }
    let blocksOfHalves = (0..<2).map { half in all.indices.filter { $0 % 2 == half }.map { all[$0] }
    }
    guard blocksOfHalves.allSatisfy({ $0.count >= TrajectoryBlocks.fewest / 2 }) else {
      return unresolved("each half holds fewer than \(TrajectoryBlocks.fewest / 2) blocks")
    }
    let halves = blocksOfHalves.compactMap { Half($0) }
    guard halves.count == 2 else {
      return unresolved("the currents of a window are linearly dependent")
    }
    var parts: [QuadraticEstimate] = []
    for half in 0..<2 {
      let weights = halves[1 - half].weights(for: halves[1 - half].mean)
      let held = halves[half].blocks.map { $0.along(weights) }
      let total = held.reduce(Along()) { $0.adding($1) }
      guard total.bound.isFinite, total.variance > 0 else {
        return unresolved("the best current does not fluctuate")
      }
      parts.append(
        QuadraticEstimate(
          plugIn: total.bound, leavingOut: held.map { total.adding($0, factor: -1).bound }))
    }
    let quadratic = QuadraticEstimate(correlatedMean: parts)
    // Weights are fitted again to the currents of the blocks in random directions.
    let null = ReversibleNull(
      blocks: all.count, replicates: replicates, seed: seed, value: quadratic.plugIn, centred: true
    ) { signs in
      let means = (0..<2).map { half in
        halves[half].mean(directions: signs.indices.filter { $0 % 2 == half }.map { signs[$0] })
      }
      return (0..<2).reduce(0.0) { sum, half in
        let weights = halves[1 - half].weights(for: means[1 - half])
        let current = zip(weights, means[half]).reduce(0) { $0 + $1.0 * $1.1 }
        return sum + current * current / halves[half].variance(along: weights)
      }
    }
    let count = all.reduce(0) { $0 + $1.count }
    let estimate = quadratic.estimate(
      blocks: all.count, confidence: confidence, method: method,
      effectiveSampleSize: max(
        1,
        min(count, Double(trajectories.chains * trajectories.length) / (2 * blocks.relaxationTime)))
    )
    return EntropyProductionEstimate(
      kind: .uncertainty, estimate: estimate, lag: lag, dimension: blocks.dimension,
      samples: Int(count), blocks: all.count, relaxationTime: blocks.relaxationTime,
      bias: quadratic.bias, bound: log1p(max(0, estimate.value)), null: null)
  }

  /// Every other block, with the statistics of its windows.
  private struct Half {
    let blocks: [Currents]
    let count: Double
    /// ⟨φ⟩.
    let mean: [Double]
    /// K.
    let covariance: Matrix<Double>
    private let inverse: Matrix<Double>
    /// What each block adds to the mean beyond its share.
    private let excess: [[Double]]

    /// Nil where currents are linearly dependent.
    init?(_ blocks: [Currents]) {
      guard let size = blocks.first?.sum.count else { return nil }
      let count = blocks.reduce(0) { $0 + $1.count }
      var mean = [Double](repeating: 0, count: size)
      var covariance = Matrix<Double>(rows: size, columns: size)
      for block in blocks {
        mean = zip(mean, block.sum).map { $0 + $1 / count }
        covariance = LinearAlgebra.sum(covariance, block.products, factor: 1 / count)
      }
      for row in 0..<size {
        for column in 0..<size { covariance[row, column] -= mean[row] * mean[column] }
      }
      guard LinearAlgebra.dependentColumn(covariance) == nil,
        let inverse = LinearAlgebra.solve(covariance, LinearAlgebra.identity(size))
      else { return nil }
      self.blocks = blocks
      self.count = count
      self.mean = mean
      self.covariance = covariance
      self.inverse = inverse
      excess = blocks.map { block in
        zip(block.sum, mean).map { ($0 - block.count * $1) / count }
      }
    }

    /// K⁻¹⟨φ⟩.
    func weights(for mean: [Double]) -> [Double] {
      LinearAlgebra.product(
        inverse, Matrix(rows: mean.count, columns: 1, elements: mean)
      ).elements
    }

    /// Var J of given weights.
    func variance(along weights: [Double]) -> Double {
      let column = Matrix(rows: weights.count, columns: 1, elements: weights)
      return LinearAlgebra.product(
        column.transposed, LinearAlgebra.product(covariance, column))[0, 0]
    }

    /// ⟨φ⟩ of the blocks in given directions, without the current that was measured.
    func mean(directions: [Double]) -> [Double] {
      var result = [Double](repeating: 0, count: mean.count)
      for (direction, part) in zip(directions, excess) {
        for k in result.indices { result[k] += direction * part[k] }
      }
      return result
    }
  }

  /// The current along given weights, over windows.
  private struct Along {
    var count = 0.0
    var sum = 0.0
    var square = 0.0

    var variance: Double { square / count - sum / count * (sum / count) }
    var bound: Double { 2 * (sum / count) * (sum / count) / variance }

    func adding(_ other: Along, factor: Double = 1) -> Along {
      Along(
        count: count + factor * other.count, sum: sum + factor * other.sum,
        square: square + factor * other.square)
    }
  }

  /// Sums of the currents of a block's windows.
  private struct Currents: Sendable {
    var count: Double
    /// Σ φ over windows.
    var sum: [Double]
    /// Σ φ φᵀ over windows.
    var products: Matrix<Double>

    init(_ blocks: TrajectoryBlocks, block: Int, window: Int) {
      let d = blocks.dimension
      let size = d + d * d
      sum = [Double](repeating: 0, count: size)
      products = Matrix(rows: size, columns: size)
      let start = blocks.ranges[block].lowerBound
      // A block's last window may end with the first state of the next block.
      let end = min(blocks.ranges[block].upperBound, blocks.chainEnds[block] - 1)
      let windows = max(0, (end - start) / window)
      count = Double(windows)
      let rows = 256
      var table = [Double](repeating: 0, count: rows * size)
      blocks.values.withUnsafeBufferPointer { x in
        for first in stride(from: 0, to: windows, by: rows) {
          let used = min(rows, windows - first)
          table.withUnsafeMutableBufferPointer { phi in
            phi.update(repeating: 0)
            for row in 0..<used {
              let base = row * size
              for step in 0..<window {
                let here = (start + (first + row) * window + step) * d
                for i in 0..<d {
                  let change = x[here + d + i] - x[here + i]
                  phi[base + i] += change
                  for j in 0..<d {
                    phi[base + d + i * d + j] += change * (x[here + j] + x[here + d + j]) / 2
                  }
                }
              }
              for k in 0..<size { sum[k] += phi[base + k] }
            }
          }
          table.withUnsafeBufferPointer { phi in
            guard let phi = phi.baseAddress else { return }
            products = LinearAlgebra.sum(
              products, TrajectoryBlocks.gram(phi, phi, size, rows: used))
          }
        }
      }
    }

    func along(_ weights: [Double]) -> Along {
      let column = Matrix(rows: weights.count, columns: 1, elements: weights)
      let square = LinearAlgebra.product(
        column.transposed, LinearAlgebra.product(products, column))[0, 0]
      return Along(
        count: count, sum: zip(weights, sum).reduce(0) { $0 + $1.0 * $1.1 }, square: square)
    }
  }
}
