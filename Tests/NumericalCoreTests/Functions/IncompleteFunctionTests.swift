import NumericalCore
import TestSupport
import Testing

@Suite struct IncompleteFunctionTests {
  // (a, x, P, Q); scipy.special.gammainc, gammaincc 1.17.1.
  static let gamma: [(Double, Double, Double, Double)] = [
    (0.5, 0.1, 0.34527915398142317, 0.6547208460185768),
    (1, 2, 0.8646647167633873, 0.1353352832366127),
    (10, 3, 0.0011024881301154815, 0.9988975118698845),
    (10, 30, 0.9999928782491372, 7.121750862815593e-06),
    (1000, 1000, 0.5042052441802155, 0.4957947558197845),
    (1e6, 1.001e6, 0.8413447863683402, 0.15865521363165971),
    (0.01, 5, 0.9999882464805873, 1.1753519412750834e-05),
  ]
  // (a, b, x, I, 1 − I); scipy.special.betainc, betaincc 1.17.1.
  static let beta: [(Double, Double, Double, Double, Double)] = [
    (0.5, 0.5, 0.2, 0.2951672353008665, 0.7048327646991335),
    (2, 3, 0.9, 0.9963, 0.0036999999999999976),
    (1e4, 1e4, 0.505, 0.9213529911183369, 0.07864700888166413),
    (1e6, 2, 0.99999, 0.0004993742579044041, 0.9995006257420956),
    (3, 1e5, 1e-5, 0.08030415619556053, 0.9196958438044395),
    (200, 0.5, 0.99, 0.04509410713707966, 0.9549058928629203),
  ]
  // (k, n, p, P(K ≤ k), P(K > k)); scipy.stats.binom 1.17.1.
  static let binomial: [(Int, Int, Double, Double, Double)] = [
    (3, 10, 0.3, 0.6496107184000002, 0.3503892815999998),
    (480, 1000, 0.5, 0.10872414660207075, 0.8912758533979293),
    (0, 50, 1e-3, 0.9512056281970314, 0.048794371802968646),
    (99, 1_000_000, 1e-4, 0.4866992085550729, 0.513300791444927),
  ]

  @Test func `incomplete gamma agrees with SciPy`() {
    for (a, x, lower, upper) in Self.gamma {
      let tails = incompleteGamma(shape: a, x)
      #expect(isClose(tails.lower, lower, relative: 2e-12), "\(a), \(x)")
      #expect(isClose(tails.upper, upper, relative: 2e-12), "\(a), \(x)")
    }
    #expect(incompleteGamma(shape: 2, 0) == (0, 1))
    #expect(incompleteGamma(shape: 2, .infinity) == (1, 0))
  }

  @Test func `incomplete beta agrees with SciPy`() {
    for (a, b, x, lower, upper) in Self.beta {
      let tails = incompleteBeta(x, complement: 1 - x, a, b)
      // 1 − x itself is rounded where x is close to 1.
      #expect(isClose(tails.lower, lower, relative: 1e-10), "\(a), \(b), \(x)")
      #expect(isClose(tails.upper, upper, relative: 1e-10), "\(a), \(b), \(x)")
    }
  }

  @Test func `incomplete beta is a polynomial for whole parameters`() {
    // I(x; 1, b) = 1 − (1 − x)ᵇ and I(x; 2, 1) = x².
    for x in [1e-12, 0.01, 0.3, 0.5, 0.77, 0.999] {
      let power = (1 - x) * (1 - x) * (1 - x)
      #expect(isClose(incompleteBeta(x, complement: 1 - x, 1, 3).upper, power, relative: 1e-13))
      #expect(isClose(incompleteBeta(x, complement: 1 - x, 2, 1).lower, x * x, relative: 1e-13))
    }
  }

  @Test func `binomial tails agree with SciPy`() {
    for (k, n, p, lower, upper) in Self.binomial {
      let tails = binomialTails(k, trials: n, probability: p)
      #expect(isClose(tails.lower, lower, relative: 1e-11), "\(k) of \(n)")
      #expect(isClose(tails.upper, upper, relative: 1e-11), "\(k) of \(n)")
    }
    #expect(binomialTails(-1, trials: 5, probability: 0.5) == (0, 1))
    #expect(binomialTails(5, trials: 5, probability: 0.5) == (1, 0))
    #expect(binomialTails(2, trials: 5, probability: 0) == (1, 0))
    #expect(binomialTails(2, trials: 5, probability: 1) == (0, 1))
  }

  @Test func `log gamma is that of factorials`() {
    #expect(isClose(logGamma(11), 15.104412573075516))
    #expect(isClose(logGamma(0.5), 0.5723649429247001))
  }
}
