internal import Foundation
public import NumericalCore

/// The acceptance ratio over many states at once.
///
/// Shirts and Chodera 2008, Journal of Chemical Physics 129, 124105. From samples of K states, and the
/// reduced potential u_k(xₙ) of every sample in every state, the free energies f_k = −ln Z_k solve
///
///     f_k = − ln Σₙ e^{−u_kn} / Σ_l N_l e^{f_l − u_ln}
///
/// up to a constant; here f of the first state is 0. For two states this is the acceptance ratio of
/// Bennett.
///
/// **Interval.** Var(f_i − f_j) = Θ_ii + Θ_jj − 2Θ_ij with the asymptotic covariance
///
///     Θ = Wᵀ (1 − W N Wᵀ)⁺ W,   W_nk = e^{f_k − u_kn} / Σ_l N_l e^{f_l − u_ln}
///
/// of equation 8 there, computed from the eigenvectors of WᵀW. It is asymptotic; the interval is wider by
/// √(1 + 8/m) and Student's quantile with m − 1 degrees of freedom, where m is the number of samples that
/// connect the two states: of all chains of states between them, the one whose weakest link has most. A
/// link of two sampled states has (Σg)²/Σg² samples, g = f (1 − f) with the acceptances f of their
/// acceptance ratio, or Σg where that is below two. Below m = 10 the verdict is `unresolved`.
///
/// **Overlap.** O_ij = N_j Σₙ W_ni W_nj is the probability that a sample of i would be taken for one of j
/// (Klimovich, Shirts and Mobley 2015, Journal of Computer-Aided Molecular Design 29, 397). Its rows sum
/// to one, its largest eigenvalue is 1, and ``overlap`` is the gap to the second, 1 − λ₂: 1 where all
/// states are the same, 0 where the samples fall into groups without overlap.
public struct MultistateBennettAcceptanceRatio: Sendable {
  static let method = "multistate Bennett acceptance ratio"
  /// Samples that must connect two states for their difference to be resolved.
  public static let minimumSamples = 10.0

  /// Free energies relative to the first state, with intervals; that of the first is exactly 0.
  public let freeEnergies: [FreeEnergyDifference]
  /// O_ij = N_j Σₙ W_ni W_nj, shape `[K, K]`.
  public let overlapMatrix: Matrix<Double>
  /// The gap 1 − λ₂ of the overlap matrix of the sampled states.
  public let overlap: Double
  /// Samples that each state's average rests on, 1/Σₙ W_nk².
  public let effectiveSampleSizes: [Double]
  /// Whether the equations were solved.
  public let converged: Bool
  /// Iterations that it took.
  public let iterations: Int

  private let equations: MultistateEquations
  private let solution: MultistateEquations.Solution
  private let covariance: Matrix<Double>
  private let confidence: Double

  /// Solves the equations.
  ///
  /// - Parameters:
  ///   - reducedPotentials: u_k(xₙ), shape `[K, N]`, samples in the order of their states.
  ///   - counts: N_k, the number of samples of each state; some may be 0.
  ///   - confidence: Of the intervals.
  /// - Throws: `SzilardError` when the shapes do not fit or a potential is NaN.
  /// - Complexity: O(K N) an iteration and O(K² N) for the covariance.
  public init(
    reducedPotentials: Matrix<Double>, counts: [Int], confidence: Double = 0.95
  ) throws(SzilardError) {
    try MultistateBennettAcceptanceRatio.check(reducedPotentials, counts)
    self.confidence = confidence
    equations = MultistateEquations(reducedPotentials, counts: counts)
    solution = equations.solve()
    converged = solution.converged
    iterations = solution.iterations
    let states = equations.stateCount
    let weights = MultistateCovariance(equations, solution)
    covariance = weights.covariance
    overlapMatrix = weights.overlapMatrix
    overlap = weights.gap
    effectiveSampleSizes = weights.effectiveSampleSizes
    var differences: [FreeEnergyDifference] = []
    for state in 0..<states {
      differences.append(
        MultistateBennettAcceptanceRatio.difference(
          from: 0, to: state, f: solution.f, weights, converged: solution.converged,
          confidence: confidence))
    }
    freeEnergies = differences
    multistate = weights
  }

  private let multistate: MultistateCovariance

  private static func check(_ u: Matrix<Double>, _ counts: [Int]) throws(SzilardError) {
    guard u.rows == counts.count, counts.allSatisfy({ $0 >= 0 }), u.rows > 0 else {
      throw SzilardError(
        .badData,
        "reduced potentials of \(u.rows) states and counts of \(counts.count): give one count, not "
          + "negative, for each state")
    }
    let total = counts.reduce(0, +)
    guard total == u.columns, total > 0 else {
      throw SzilardError(
        .badData,
        "reduced potentials of \(u.columns) samples and counts that add up to \(total): give each "
          + "sample's potential in every state, samples in the order of their states")
    }
    var owners: [Int] = []
    for (state, count) in counts.enumerated() {
      owners.append(contentsOf: repeatElement(state, count: count))
    }
    for state in 0..<u.rows {
      for (sample, value) in u.row(state).enumerated()
      where value.isNaN || value == -.infinity || owners[sample] == state && value == .infinity {
        throw SzilardError(
          .badData,
          "the reduced potential of sample \(sample + 1) in state \(state + 1) is \(value)")
      }
    }
  }

  /// f_to − f_from with its interval.
  public func difference(from: Int, to: Int) -> FreeEnergyDifference {
    MultistateBennettAcceptanceRatio.difference(
      from: from, to: to, f: solution.f, multistate, converged: converged, confidence: confidence)
  }

  /// The asymptotic standard error of f_to − f_from, before any correction.
  public func asymptoticError(from: Int, to: Int) -> Double {
    multistate.variance(from, to).squareRoot()
  }

  /// Weights of all samples for averages in a state: ⟨A⟩_k = Σₙ W_nk A(xₙ); they sum to one.
  public func weights(of state: Int) -> [Double] {
    let raw = equations.weights(of: state, solution.f, solution.denominators)
    let sum = raw.reduce(0, +)
    return raw.map { $0 / sum }
  }

  private static func difference(
    from: Int, to: Int, f: [Double], _ weights: MultistateCovariance, converged: Bool,
    confidence: Double
  ) -> FreeEnergyDifference {
    let value = f[to] - f[from]
    let size = Swift.min(
      weights.bridges[from, to], weights.effectiveSampleSizes[from],
      weights.effectiveSampleSizes[to])
    if from == to {
      return FreeEnergyDifference(
        estimate: Estimate(
          value: 0, interval: 0...0, confidence: confidence, method: method,
          effectiveSampleSize: size),
        overlap: 1)
    }
    var verdict = Estimate.Verdict.resolved
    if !converged {
      verdict = .unresolved("the equations did not converge")
    } else if size < minimumSamples {
      verdict = .unresolved(
        "the states hardly overlap: about \(Int(size.rounded())) samples connect them")
    }
    return FreeEnergyDifference(
      estimate: Estimate(
        value: value,
        standardError: (weights.variance(from, to) * (1 + 8 / Swift.max(1, size))).squareRoot(),
        degreesOfFreedom: Swift.max(1, size - 1), confidence: confidence, method: method,
        effectiveSampleSize: size, verdict: verdict),
      overlap: weights.gap)
  }
}
