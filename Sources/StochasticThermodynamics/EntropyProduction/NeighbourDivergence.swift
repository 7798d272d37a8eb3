internal import Foundation
public import NumericalCore

/// Entropy production per lag from distances of near neighbours, for one to three coordinates.
///
/// A pair z = (m, δ), its middle and its displacement (``GaussianLag``), is z̃ = (m, −δ) backwards. The
/// density at both is told from the distances ρ to the k-th nearest pair of another part of the record,
///
///     σ(z) = ln p(z)/p(z̃) ≈ 2d ln [ρ_k(z̃)/ρ_k(z)],       Σ = ⟨σ(z)⟩
///
/// the divergence of Kullback and Leibler between the laws of pairs forwards and backwards, estimated as
/// by Wang, Kulkarni and Verdú 2009 (IEEE Transactions on Information Theory 55, 2392) with equal sets of
/// points on both sides, so that factors of volume and number cancel. Pairs of every other block are looked up
/// among the pairs of the rest, and the other way round; a reversible process then gives zero without bias,
/// because σ(z̃) = −σ(z). Otherwise distances smooth the density and the value tends to be too small; it sees
/// any current, also of states that are not Gaussian, but needs many samples: the error falls slower than
/// n^{−½} with more coordinates. The interval is that of statistics alone.
///
/// - Complexity: O(n log n) for the pairs used, at most ``maximumPairs``.
public enum NeighbourDivergence {
  /// The largest number of coordinates.
  public static let maximumDimension = 3
  /// Pairs that are used at most; more are thinned evenly.
  public static let maximumPairs = 100_000

  /// The estimate of stationary trajectories.
  ///
  /// - Parameters as of ``GaussianLag``; `neighbours` is k.
  /// - Throws: ``SzilardError`` of kind `usage` for a lag that no chain holds, and for more than
  ///   ``maximumDimension`` coordinates.
  public static func estimate(
    _ trajectories: Trajectories, lag: Int = 1, neighbours: Int = 4, confidence: Double = 0.95,
    replicates: Int = 999, seed: UInt64 = 1, workers: Workers = Workers(count: 1)
  ) throws(SzilardError) -> EntropyProductionEstimate {
    guard neighbours >= 1, neighbours <= 100 else {
      throw SzilardError(.usage, "the \(neighbours)th neighbour; give 1 to 100")
    }
    try GaussianLag.checkLag(lag, trajectories)
    guard trajectories.dimension <= maximumDimension else {
      throw SzilardError(
        .usage,
        "the method neighbours takes \(maximumDimension) coordinates at most, not "
          + "\(trajectories.dimension)")
    }
    let method = "near neighbours: divergence of pairs forwards and backwards"
    let blocks = TrajectoryBlocks(trajectories, minimumLength: lag)
    func unresolved(_ reason: String) -> EntropyProductionEstimate {
      .unresolved(.neighbours, reason, method: method, lag: lag, blocks: blocks)
    }
    if let problem = blocks.problem { return unresolved(problem) }
    guard let pairs = TimePairs(blocks, lag: lag, limit: maximumPairs) else {
      return unresolved("the displacements are singular, or the blocks are too few")
    }
    let size = pairs.size
    let trees = (0..<2).map { half in
      NeighbourTree(
        (0..<pairs.blocks.count).filter { $0 % 2 == half }.flatMap { pairs.blocks[$0] },
        dimension: size)
    }
    let parts = workers.map(pairs.blocks.count) { block -> [Double] in
      let points = pairs.blocks[block]
      let tree = trees[1 - block % 2]
      return stride(from: 0, to: points.count, by: size).map { start in
        var place = Array(points[start..<(start + size)])
        let forward = tree.squaredDistance(to: place, rank: neighbours)
        for axis in size / 2..<size { place[axis].negate() }
        let backward = tree.squaredDistance(to: place, rank: neighbours)
        return Double(size) / 2 * log(backward / forward)
      }
    }
    guard parts.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      return unresolved(
        "states repeat exactly, so that distances are zero: they are not continuous")
    }
    return EntropyProductionEstimate(
      kind: .neighbours, ofBlocks: parts, confidence: confidence,
      method: method + ", k = \(neighbours)"
        + (pairs.thinning > 1 ? ", every \(pairs.thinning)th pair" : ""), lag: lag,
      blocks: blocks, replicates: replicates, seed: seed)
  }
}

/// Pairs of a record as points (m, δ), with m and δ whitened, block by block.
struct TimePairs: Sendable {
  /// The points of each block, `[pairs, size]`.
  var blocks: [[Double]]
  /// Coordinates of a point, 2d: the first half is even under reversal, the second odd.
  let size: Int
  /// Only every so many pairs are used.
  let thinning: Int

  /// Nil where covariances are singular or fewer than ``TrajectoryBlocks/fewest`` blocks hold pairs.
  init?(_ source: TrajectoryBlocks, lag: Int, limit: Int) {
    let d = source.dimension
    size = 2 * d
    let moments = source.ranges.indices.map { GaussianLag.Moments(source, block: $0, lag: lag) }
    let total = moments.reduce(GaussianLag.Moments(dimension: d)) { $0.adding($1) }
    guard let parts = total.covariances,
      LinearAlgebra.dependentColumn(parts.displacement) == nil,
      let middle = LinearAlgebra.choleskyFactor(parts.middle),
      let displacement = LinearAlgebra.choleskyFactor(parts.displacement)
    else { return nil }
    let thinning = max(1, Int((total.count / Double(limit)).rounded(.up)))
    self.thinning = thinning
    /// L⁻¹ x.
    func whitened(_ x: [Double], _ factor: Matrix<Double>) -> [Double] {
      var result = x
      for row in 0..<d {
        for column in 0..<row { result[row] -= factor[row, column] * result[column] }
        result[row] /= factor[row, row]
      }
      return result
    }
    blocks = source.ranges.indices.map { block in
      let range = source.ranges[block]
      let last = min(range.upperBound, source.chainEnds[block] - lag)
      var points: [Double] = []
      for row in stride(from: range.lowerBound, to: last, by: thinning) {
        let here = source.values[(row * d)..<((row + 1) * d)]
        let there = source.values[((row + lag) * d)..<((row + lag + 1) * d)]
        points += whitened(zip(here, there).map { ($0 + $1) / 2 }, middle)
        // The mean displacement of a stationary state is zero but for the ends of the record.
        points += whitened(zip(here, there).map { $1 - $0 }, displacement)
      }
      return points
    }.filter { !$0.isEmpty }
    guard blocks.count >= TrajectoryBlocks.fewest else { return nil }
  }
}

extension EntropyProductionEstimate {
  /// The mean of entropy productions of single pairs, with the interval and the null of their blocks.
  ///
  /// Even and odd blocks tell the densities for each other. The noise by which blocks of one half look
  /// irreversible to the other is the same both ways, ⟨g_A, δ_B⟩ = ⟨g_B, δ_A⟩ to first order, so that the mean
  /// of both halves is no better known than one of them: errors are taken for fully correlated, √2
  /// times those of independent blocks.
  init(
    kind: Method, ofBlocks parts: [[Double]], confidence: Double, method: String, lag: Int,
    blocks: TrajectoryBlocks, replicates: Int, seed: UInt64, bound: Double? = nil
  ) {
    let count = Double(parts.reduce(0) { $0 + $1.count })
    let value = parts.reduce(0) { $0 + $1.reduce(0, +) } / count
    // What each block adds to the mean beyond its share.
    let excess = parts.map {
      2.0.squareRoot() * ($0.reduce(0, +) - Double($0.count) * value) / count
    }
    let number = Double(parts.count)
    let error = (excess.reduce(0) { $0 + $1 * $1 } * number / max(1, number - 1)).squareRoot()
    self.init(
      kind: kind,
      estimate: Estimate(
        value: value, standardError: error, degreesOfFreedom: max(1, number - 1),
        confidence: confidence, method: method,
        effectiveSampleSize: max(
          1,
          min(count, Double(blocks.values.count / blocks.dimension) / (2 * blocks.relaxationTime)))),
      lag: lag, dimension: blocks.dimension, samples: Int(count), blocks: parts.count,
      relaxationTime: blocks.relaxationTime, bias: 0, bound: bound)
    null = ReversibleNull(
      blocks: parts.count, replicates: replicates, seed: seed, value: value, centred: false
    ) { signs in zip(signs, excess).reduce(0) { $0 + $1.0 * $1.1 } }
  }
}
