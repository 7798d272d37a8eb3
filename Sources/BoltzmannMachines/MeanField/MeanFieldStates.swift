internal import Foundation
internal import NumericalCore

/// The distinct solutions among mean-field states, and how they share the probability.
///
///     p_s = e^{−G_s} / Σ e^{−G},    −ln Z ≈ −ln Σ_s e^{−G_s}
///
/// over the minima of G. States are one solution where chains of Euclidean distances of the visible
/// means, none above the tolerance, connect them (``SingleLinkage``). Only states that converged take
/// part. Saddles are listed but weigh nothing, unless there are saddles only.
public struct MeanFieldStates: Sendable, Equatable {
  /// One state for each solution, of lowest free energy first.
  public let distinct: [MeanFieldState]
  /// The probability of each solution; 0 for saddles.
  public let weights: [Double]
  /// The solution each state belongs to; −1 for those that did not converge.
  public let basins: [Int]
  /// States in each solution.
  public let basinCounts: [Int]

  /// The distance up to which states are one solution, unless said otherwise.
  public static let defaultTolerance = 1e-3

  /// The solutions among states of one machine.
  ///
  /// - Complexity: see ``SingleLinkage``.
  public init(of states: [MeanFieldState], tolerance: Double = defaultTolerance) {
    let solved = states.indices.filter { states[$0].isConverged }
    let groups = SingleLinkage.groups(of: solved.map { states[$0].visible }, distance: tolerance)
    let count = (groups.max() ?? -1) + 1
    var firsts = [Int](repeating: -1, count: count)
    var sizes = [Int](repeating: 0, count: count)
    for (index, group) in zip(solved, groups) {
      if firsts[group] < 0 { firsts[group] = index }
      sizes[group] += 1
    }
    let order = (0..<count).sorted {
      (states[firsts[$0]].freeEnergy, $0) < (states[firsts[$1]].freeEnergy, $1)
    }
    var ranks = [Int](repeating: 0, count: count)
    for (rank, group) in order.enumerated() { ranks[group] = rank }
    distinct = order.map { states[firsts[$0]] }
    basinCounts = order.map { sizes[$0] }
    var basins = [Int](repeating: -1, count: states.count)
    for (index, group) in zip(solved, groups) { basins[index] = ranks[group] }
    self.basins = basins
    let hasMinima = distinct.contains { !$0.isUnstable }
    let exponents = distinct.map { hasMinima && $0.isUnstable ? -.infinity : -$0.freeEnergy }
    let total = logSumExp(exponents)
    weights = exponents.map { exp($0 - total) }
  }

  /// The solutions that are not known to be saddles.
  public var minima: [MeanFieldState] { distinct.filter { !$0.isUnstable } }
  /// States that did not converge.
  public var unconverged: Int { basins.count { $0 < 0 } }

  /// The free energy of the state that weighs most; nil without states.
  public var dominantFreeEnergy: Double? {
    zip(distinct, weights).first { $0.1 > 0 }?.0.freeEnergy
  }

  /// −ln Σ e^{−G} over the solutions that weigh; nil without states.
  public var mixtureFreeEnergy: Double? {
    let exponents = zip(distinct, weights).filter { $0.1 > 0 }.map { -$0.0.freeEnergy }
    return exponents.isEmpty ? nil : -logSumExp(exponents)
  }
}
