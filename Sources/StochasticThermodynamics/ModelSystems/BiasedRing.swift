internal import Foundation
internal import NumericalCore

/// A walker on a ring that is pushed around: the simplest stationary state that is no equilibrium.
///
/// Jumps to the right at rate p, to the left at rate q, among N equal states in a ring. In a time t the
/// net number of jumps is n = n₊ − n₋ of two Poisson numbers (Skellam 1946), and the entropy production
/// of a trajectory is
///
///     σ = n ln(p/q),      ⟨σ⟩/t = (p − q) ln(p/q),      per jump (p − q)/(p + q) · ln(p/q)
///
/// p(n)/p(−n) = (p/q)ⁿ holds at all times. Lebowitz and Spohn 1999, Journal of Statistical Physics 95,
/// 333; Seifert 2012, Reports on Progress in Physics 75, 126001.
public struct BiasedRing: Sendable, Equatable, Codable {
  /// N.
  public var states: Int
  /// p.
  public var forwardRate: Double
  /// q.
  public var backwardRate: Double

  /// A ring of at least three states with positive rates.
  public init(states: Int = 3, forwardRate: Double, backwardRate: Double) {
    precondition(states >= 3, "a ring of \(states) states")
    precondition(forwardRate > 0 && backwardRate > 0, "rates must be positive")
    self.states = states
    self.forwardRate = forwardRate
    self.backwardRate = backwardRate
  }

  /// Entropy production of a jump to the right, ln(p/q).
  public var entropyPerStep: Double { log(forwardRate / backwardRate) }
  /// Entropy production of a turn, N ln(p/q): the affinity of the cycle.
  public var affinity: Double { Double(states) * entropyPerStep }
  /// Mean net jumps per unit of time, p − q.
  public var current: Double { forwardRate - backwardRate }
  /// Mean entropy production per unit of time.
  public var entropyProductionRate: Double { current * entropyPerStep }
  /// Mean entropy production per jump.
  public var entropyProductionPerJump: Double {
    entropyProductionRate / (forwardRate + backwardRate)
  }
  /// The growth rate of the variance of the entropy production, (p + q) ln²(p/q).
  public var entropyVarianceRate: Double {
    (forwardRate + backwardRate) * entropyPerStep * entropyPerStep
  }

  /// The scaled cumulant generating function lim ln⟨e^{−uσ}⟩/t = p (e^{−uA} − 1) + q (e^{uA} − 1),
  /// A = ln(p/q), which is symmetric about u = ½ (Gallavotti and Cohen 1995).
  public func cumulantGeneratingFunction(_ u: Double) -> Double {
    forwardRate * expm1(-u * entropyPerStep) + backwardRate * expm1(u * entropyPerStep)
  }

  /// The probability of n net jumps in a time t, by summation of the two Poisson laws.
  public func probability(ofNetJumps n: Int, duration: Double) -> Double {
    let (a, b) = (forwardRate * duration, backwardRate * duration)
    let first = max(0, -n)
    let last = first + Int(20 + 2 * (a + b) + 10 * (a + b).squareRoot())
    let terms = (first...last).map { k -> Double in
      let (right, left) = (Double(n + k), Double(k))
      return right * log(a) - lgamma(right + 1) + left * log(b) - lgamma(left + 1)
    }
    return exp(logSumExp(terms) - a - b)
  }

  /// Net jumps to the right of independent trajectories.
  public func sampleNetJumps(duration: Double, count: Int, seed: UInt64) -> [Int] {
    precondition(duration >= 0, "a duration of \(duration)")
    let total = forwardRate + backwardRate
    return (0..<count).map { index in
      var random = RandomStream(seed: seed, purpose: .modelSystem, index: UInt64(index))
      var time = -log(random.uniform()) / total
      var jumps = 0
      while time < duration {
        jumps += random.uniform() * total < forwardRate ? 1 : -1
        time -= log(random.uniform()) / total
      }
      return jumps
    }
  }

  /// Entropy productions of independent stationary trajectories.
  public func sampleEntropyProductions(duration: Double, count: Int, seed: UInt64) -> [Double] {
    sampleNetJumps(duration: duration, count: count, seed: seed).map {
      entropyPerStep * Double($0)
    }
  }
}
