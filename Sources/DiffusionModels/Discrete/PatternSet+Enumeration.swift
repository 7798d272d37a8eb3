internal import Foundation
public import NumericalCore

/// Sums over all states of a ``PatternSet``, by classes of states that it does not tell apart.
///
/// Sites on which all patterns agree in pairs can be exchanged, so that a state counts by how many of
/// such sites have each category: the 2²⁰ states of the heartbeat make 5⁵ classes.
extension PatternSet {
  /// One state of each class, one a row, with ln of the number of states in it.
  public struct StateClasses: Sendable {
    /// A state of each class.
    public let states: Matrix<UInt8>
    /// ln of how many states are like it.
    public let logSizes: [Double]
  }

  /// All states up to exchanges of equivalent sites.
  ///
  /// - Parameter limit: The most classes to make.
  /// - Throws: `usage` when there are more.
  public func stateClasses(limit: Int = 1 << 20) throws(SzilardError) -> StateClasses {
    var groups: [[UInt8]: [Int]] = [:]
    for site in 0..<sites {
      groups[(0..<patterns.rows).map { patterns[$0, site] }, default: []].append(site)
    }
    let ordered = groups.values.sorted { $0[0] < $1[0] }
    var states = [[UInt8]](repeating: [UInt8](repeating: 0, count: sites), count: 1)
    var logSizes = [0.0]
    for group in ordered {
      let fillings = Self.compositions(of: group.count, into: categories)
      guard states.count * fillings.count <= limit else {
        throw SzilardError(
          .usage,
          "the patterns have more than \(limit) classes of states; they are too many to list")
      }
      var nextStates: [[UInt8]] = []
      var nextSizes: [Double] = []
      for (state, size) in zip(states, logSizes) {
        for filling in fillings {
          var one = state
          var position = 0
          var logSize = size + logGamma(Double(group.count) + 1)
          for (category, count) in filling.enumerated() {
            logSize -= logGamma(Double(count) + 1)
            for _ in 0..<count {
              one[group[position]] = UInt8(category)
              position += 1
            }
          }
          nextStates.append(one)
          nextSizes.append(logSize)
        }
      }
      (states, logSizes) = (nextStates, nextSizes)
    }
    return StateClasses(
      states: Matrix(rows: states.count, columns: sites, elements: states.flatMap { $0 }),
      logSizes: logSizes)
  }

  /// H_q(X_t) in nats by the sum over all states.
  public func entropy(step: Int, classes: StateClasses) -> Double {
    zip(logProbability(of: classes.states, step: step), classes.logSizes).reduce(0) { sum, pair in
      pair.0 > -.infinity ? sum - exp(pair.0 + pair.1) * pair.0 : sum
    }
  }

  /// Σ_i KL of the steps of a kernel from q(x_{t−1}|x_t, x_0) in the mean over all states, in nats.
  ///
  /// The kernel must treat equivalent sites alike, as the exact one does.
  public func meanDivergence(
    of kernel: any CategoricalReverseKernel, step: Int, classes: StateClasses
  ) throws -> Double {
    let reverse = try kernel.reverse(classes.states, step: step)
    var data = Matrix<UInt8>(rows: classes.states.rows, columns: sites)
    var sum = 0.0
    for (index, weight) in weights.enumerated() where weight > 0 {
      for row in 0..<data.rows { data.setRow(row, to: patterns.row(index)) }
      let divergences = diffusion.divergences(
        data: data, states: classes.states, reverse: reverse, step: step)
      for row in 0..<data.rows {
        var logShare = log(weight) + classes.logSizes[row]
        for site in 0..<sites {
          logShare += log(
            diffusion.marginal(
              data: Int(data[row, site]), to: Int(classes.states[row, site]), step: step))
        }
        if logShare > -.infinity { sum += exp(logShare) * divergences[row] }
      }
    }
    return sum
  }

  /// All ways to write a number as a sum of so many.
  private static func compositions(of total: Int, into parts: Int) -> [[Int]] {
    if parts == 1 { return [[total]] }
    return (0...total).flatMap { first in
      compositions(of: total - first, into: parts - 1).map { [first] + $0 }
    }
  }
}
