internal import Foundation
internal import NumericalCore

/// Evidence against a null hypothesis that needs no assumption about distributions.
enum Evidence {
  /// ln of the evidence that the mean of non-negative weights is above 1.
  ///
  ///     e = (1/K) Σₖ Πᵢ [1 + λₖ (wᵢ − 1)],   λₖ = 1, ½, ¼, …
  ///
  /// Where ⟨w⟩ ≤ 1 each product has expectation at most 1, so that P(e ≥ 1/α) ≤ α by Markov's
  /// inequality, whatever the distribution of w and the number of weights. The smallest λ is of the
  /// order n^{−1/2}, with which a mean is told from 1 at about five standard errors.
  ///
  /// Waudby-Smith and Ramdas 2024, Journal of the Royal Statistical Society B 86, 1.
  ///
  /// - Parameter effectiveFraction: Independent weights per weight; the products are raised to this
  ///   power.
  /// - Complexity: O(n log n).
  static func logExcess(logWeights: [Double], effectiveFraction: Double = 1) -> Double {
    let largest = Int((0.5 * log2(Double(max(1, logWeights.count)))).rounded(.up)) + 2
    let products = (0...largest).map { k -> Double in
      let lambda = exp2(-Double(k))
      return effectiveFraction * logWeights.reduce(0) { $0 + logStake(lambda, $1) }
    }
    return logSumExp(products) - log(Double(products.count))
  }

  /// ln [1 + λ (eˣ − 1)].
  private static func logStake(_ lambda: Double, _ x: Double) -> Double {
    if lambda == 1 { return x }
    return x < 500 ? log1p(lambda * expm1(x)) : log(lambda) + x
  }

  /// ln of a bound on the probability that a sum of independent 0/1 variables of mean μ is as far from
  /// it as k.
  ///
  ///     P ≤ exp(−μ h(k/μ)),   h(u) = u ln u − u + 1
  ///
  /// Chernoff 1952; holds for any, also very small, probabilities.
  static func logCountBound(count k: Double, mean: Double) -> Double {
    guard mean > 0 else { return k > 0 ? -.infinity : 0 }
    if k == 0 { return -mean }
    return -(k * log(k / mean) - k + mean)
  }

  /// About how many trajectories sample an exponential average whose reverse process dissipates m.
  ///
  ///     N ≈ 30/Φ(−√2m) ≈ 30 √(4πm) e^m
  ///
  /// The average is carried by trajectories that look like the reverse of the reverse process: for
  /// Gaussian entropy production of mean m, variance 2m, those beyond √2m deviations (Jarzynski 2006,
  /// Physical Review E 73, 046105). Thirty of them make an average.
  static func neededTrajectories(dissipation: Double) -> Double {
    let m = max(0.1, dissipation)
    return 30 * (4 * Double.pi * m).squareRoot() * exp(min(m, 600))
  }

  /// A number of trajectories as an integer, at most 10^15.
  static func integer(_ number: Double) -> Int {
    number.isFinite ? Int(min(max(number, 1), 1e15).rounded(.up)) : 1_000_000_000_000_000
  }
}
