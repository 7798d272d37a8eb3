/// Where along a chain a reverse process dissipates.
///
/// ```
/// σ_t = ln [q(x_t|x_{t−1}) q(x_{t−1})] / [p(x_{t−1}|x_t) q(x_t)]
/// E_q σ_t = E KL(q(x_{t−1}|x_t) ‖ p(x_{t−1}|x_t))
///         = E KL(q(x_{t−1}|x_t, x_0) ‖ p(x_{t−1}|x_t)) − I(X_{t−1}; X_0|X_t) ≥ 0
/// ```
///
/// The divergence is the step's term of the bound, the information is known where entropies are
/// (``EntropyBounds/leastDivergence``), for numbers and for symbols alike. Summed, and with the ends of
/// the chain, this is the mean of Σ = ln q/p over paths.
public struct StepEntropyProduction: Sendable, Equatable, Codable {
  /// t.
  public let step: Int
  /// E σ_t in nats.
  public let mean: Double
  /// Its standard error.
  public let standardError: Double

  /// The dissipation of a step.
  public init(step: Int, mean: Double, standardError: Double) {
    self.step = step
    self.mean = mean
    self.standardError = standardError
  }

  /// E σ_t of the steps that have both a term of the bound and entropies.
  ///
  /// - Parameters:
  ///   - divergences: The terms of the bound: t, mean and standard error in nats.
  ///   - entropies: Of the same chain and law of data.
  public static func steps(
    divergences: [(step: Int, mean: Double, standardError: Double)], entropies: [EntropyBounds]
  ) -> [StepEntropyProduction] {
    let known = Dictionary(
      entropies.map { ($0.step, $0) }, uniquingKeysWith: { first, _ in first })
    return divergences.compactMap { term in
      known[term.step].map {
        StepEntropyProduction(
          step: term.step, mean: term.mean - $0.leastDivergence,
          standardError: (term.standardError * term.standardError + $0.standardError
            * $0.standardError)
            .squareRoot())
      }
    }
  }
}
