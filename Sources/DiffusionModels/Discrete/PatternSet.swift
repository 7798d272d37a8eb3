internal import Foundation
public import NumericalCore

/// A finite set of patterns: discrete data under whose diffusion everything is known.
///
/// ```
/// q(x_t) = Σ_k w_k Π_i Q̄_t[k_i, x_{t,i}],   P(k|x_t) ∝ w_k Π_i Q̄_t[k_i, x_{t,i}]
/// P(x_{0,i} = c|x_t) = Σ_k P(k|x_t) [k_i = c]
/// ```
///
/// A model without error, as ``PointMixture`` is for numbers.
/// - Complexity: O(patterns · sites) a state.
public struct PatternSet: CategoricalDenoiser {
  /// The patterns, a category a site, one a row.
  public let patterns: Matrix<UInt8>
  /// w_k, summing to 1.
  public let weights: [Double]
  /// The forward chain.
  public let diffusion: CategoricalDiffusion

  /// The set; weights are normalised, equal when not given.
  ///
  /// - Throws: `usage` when there is no pattern, a weight is negative or a category is not one of the
  ///   chain.
  public init(
    _ patterns: Matrix<UInt8>, weights: [Double]? = nil, diffusion: CategoricalDiffusion
  ) throws(SzilardError) {
    let weights = weights ?? [Double](repeating: 1, count: patterns.rows)
    let sum = weights.reduce(0, +)
    guard patterns.rows > 0, weights.count == patterns.rows, weights.allSatisfy({ $0 >= 0 }),
      sum > 0, sum.isFinite
    else {
      throw SzilardError(
        .usage, "a set of patterns needs a pattern, and one weight each, none negative")
    }
    guard patterns.elements.allSatisfy({ Int($0) < diffusion.categories }) else {
      throw SzilardError(
        .usage, "a pattern has a category beyond the \(diffusion.categories) of the diffusion")
    }
    self.patterns = patterns
    self.weights = weights.map { $0 / sum }
    self.diffusion = diffusion
  }

  /// Bits with a one once a period, in all phases.
  ///
  /// Source: Sohl-Dickstein et al. 2015, appendix D.1.2, with 20 sites and a period of 5.
  public static func heartbeat(
    sites: Int = 20, period: Int = 5, diffusion: CategoricalDiffusion
  ) throws(SzilardError) -> PatternSet {
    precondition(period > 0 && sites > 0, "\(sites) sites, period \(period)")
    var patterns = Matrix<UInt8>(rows: period, columns: sites)
    for phase in 0..<period {
      for site in 0..<sites where site % period == phase { patterns[phase, site] = 1 }
    }
    return try PatternSet(patterns, diffusion: diffusion)
  }

  /// Sites of a pattern.
  public var sites: Int { patterns.columns }
  /// Values that a site can take.
  public var categories: Int { diffusion.categories }

  /// H_q(X_0) in nats.
  public var entropy: Double { weights.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 } }

  /// ln q(x_t) of each row, t = 0 … T; −∞ for what cannot be.
  public func logProbability(of states: Matrix<UInt8>, step: Int) -> [Double] {
    let table = logTable(step)
    return (0..<states.rows).map { logSumExp(logTerms(states, row: $0, table)) }
  }

  /// P(x_{0,i} = c|x_t) for each row x_t; the weights alone for a state that no pattern can reach.
  public func dataProbabilities(behind states: Matrix<UInt8>, step: Int) -> Matrix<Double> {
    let table = logTable(step)
    let k = categories
    var result = Matrix<Double>(rows: states.rows, columns: sites * k)
    let stride = result.stride
    result.withUnsafeMutablePointer { target in
      patterns.withUnsafePointer { pattern in
        for row in 0..<states.rows {
          let logs = logTerms(states, row: row, table)
          let norm = logSumExp(logs)
          let line = target + row * stride
          for index in logs.indices {
            // A state that no pattern can reach says nothing of the data.
            let share = norm == -.infinity ? weights[index] : exp(logs[index] - norm)
            guard share > 0 else { continue }
            let source = pattern + index * patterns.stride
            for site in 0..<sites { line[site * k + Int(source[site])] += share }
          }
        }
      }
    }
    return result
  }

  /// Independent patterns by their weights; a row's depends on its number alone.
  public func samples(_ count: Int, seed: UInt64) -> Matrix<UInt8> {
    patterns.selectingRows(
      (0..<count).map {
        var stream = RandomStream(seed: seed, purpose: .patternSamples, index: UInt64($0))
        return stream.category(weights)
      })
  }

  /// The pattern that each row is, nil for none.
  public func identify(_ states: Matrix<UInt8>) -> [Int?] {
    let known = Dictionary(
      (0..<patterns.rows).map { (patterns.row($0), $0) }, uniquingKeysWith: { first, _ in first })
    return (0..<states.rows).map { known[states.row($0)] }
  }

  /// ln Q̄_t[c, j] at c · categories + j.
  private func logTable(_ step: Int) -> [Double] {
    (0..<categories * categories).map {
      log(diffusion.marginal(data: $0 / categories, to: $0 % categories, step: step))
    }
  }

  /// ln w_k + ln q(x_t|k) for each pattern.
  private func logTerms(_ states: Matrix<UInt8>, row: Int, _ table: [Double]) -> [Double] {
    states.withUnsafePointer { states_ in
      patterns.withUnsafePointer { pattern in
        table.withUnsafeBufferPointer { table in
          let state = states_ + row * states.stride
          return weights.indices.map { index in
            let source = pattern + index * patterns.stride
            var sum = log(weights[index])
            for site in 0..<sites {
              sum += table[Int(source[site]) * categories + Int(state[site])]
            }
            return sum
          }
        }
      }
    }
  }
}
