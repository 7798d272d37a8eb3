import Foundation
import NumericalCore
import TestSupport
import Testing

// Reference digits: scipy.special.ndtri, stdtrit, gammaincinv, betaincinv and scipy.stats 1.17.1.
@Suite struct QuantileTests {
  @Test func `normal quantile agrees with SciPy`() {
    let reference: [(Double, Double)] = [
      (1e-300, -37.0470962993612), (1e-20, -9.262340089798409), (1e-9, -5.9978070150076865),
      (0.001, -3.090232306167813), (0.025, -1.9599639845400545), (0.07, -1.4757910281791706),
      (0.3, -0.5244005127080409), (0.5, 0), (0.6, 0.2533471031357997),
      (0.975, 1.959963984540054), (0.999999, 4.753424308817087),
    ]
    for (p, z) in reference {
      #expect(isClose(normalQuantile(p), z, relative: 1e-14), "p = \(p)")
    }
    #expect(normalQuantile(0) == -.infinity)
    #expect(normalQuantile(1) == .infinity)
  }

  @Test func `normal quantile inverts the distribution`() {
    for exponent in stride(from: -290.0, through: -0.31, by: 3.3) {
      let p = pow(10, exponent)
      // The density turns an error of z into one of p times |z| + 1.
      #expect(isClose(normalDistribution(normalQuantile(p)), p, relative: 1e-12), "p = \(p)")
      #expect(isClose(normalQuantile(1 - p), -normalQuantile(p), relative: 1e-9) || p < 1e-7)
    }
  }

  // The value next to one half: mpmath 1.3 with 30 digits, where SciPy has 10.
  @Test func `Student quantile agrees with SciPy`() {
    let reference: [(Double, Double, Double)] = [
      (0.975, 1, 12.706204736174694), (0.975, 2, 4.302652729749462),
      (0.975, 9, 2.262157162798205), (0.975, 100, 1.9839715185235518),
      (0.6, 3, 0.2766706623326898), (0.5000001, 7, 2.5974602742784955e-07),
      (1e-9, 4, -234.02761040611892), (1e-9, 1000, -6.053690272079834),
      (0.3, 0.5, -1.0095258786071655), (0.995, 1e6, 2.5758342201053344),
    ]
    for (p, degrees, t) in reference {
      #expect(
        isClose(studentQuantile(p, degreesOfFreedom: degrees), t, relative: 1e-11),
        "p = \(p), ν = \(degrees)")
    }
    #expect(studentQuantile(0.5, degreesOfFreedom: 3) == 0)
    #expect(studentQuantile(0.975, degreesOfFreedom: .infinity) == normalQuantile(0.975))
    // ν = 2: t = (2p − 1) / √(2p(1 − p)).
    for p in [1e-12, 0.01, 0.2, 0.4, 0.49, 0.51, 0.8, 0.999] {
      let exact = (2 * p - 1) / (2 * p * (1 - p)).squareRoot()
      #expect(isClose(studentQuantile(p, degreesOfFreedom: 2), exact, relative: 1e-12), "p = \(p)")
    }
  }

  @Test func `chi-square quantile agrees with SciPy`() {
    let lower: [(Double, Double, Double)] = [
      (0.05, 1, 0.003932140000019522), (0.5, 1, 0.454936423119572),
      (0.95, 1, 3.841458820694124), (0.95, 10, 18.307038053275146),
      (1e-9, 10, 0.08315227448553102), (0.999, 255, 330.51974363400586),
      (0.5, 1000, 999.333412403381), (1e-6, 0.5, 1.3499395786223394e-24),
      (0.3, 1e5, 99764.99850203609),
    ]
    for (p, degrees, x) in lower {
      let quantile = chiSquareQuantile(p, degreesOfFreedom: degrees)
      #expect(isClose(quantile, x, relative: 2e-12), "p = \(p), ν = \(degrees)")
    }
    let upper: [(Double, Double, Double)] = [
      (1e-9, 1, 37.324893051362324), (1e-9, 255, 414.5450396641992),
      (1e-12, 15, 89.98098787409091), (1e-9, 1e5, 102705.65960579476),
    ]
    for (p, degrees, x) in upper {
      let quantile = chiSquareQuantile(upperTail: p, degreesOfFreedom: degrees)
      #expect(isClose(quantile, x, relative: 2e-12), "α = \(p), ν = \(degrees)")
    }
    // ν = 2 is exponential.
    #expect(isClose(chiSquareQuantile(upperTail: 1e-30, degreesOfFreedom: 2), 60 * log(10.0)))
    #expect(chiSquareQuantile(0, degreesOfFreedom: 3) == 0)
    #expect(chiSquareQuantile(1, degreesOfFreedom: 3) == .infinity)
  }

  @Test func `beta quantile agrees with SciPy`() {
    let reference: [(Double, Double, Double, Double)] = [
      (0.025, 3, 8, 0.06673951117773447), (0.975, 4, 7, 0.6524528500599973),
      (1e-9, 1, 1e6, 1.0000000004999996e-15), (0.5, 0.5, 0.5, 0.5),
      (0.3, 500, 2, 0.9951382927267172), (5e-10, 5000, 5000, 0.46948066964470075),
      (0.99, 1e5, 3, 0.9999956396014597), (1e-9, 40, 1e6, 1.2822842189103997e-05),
    ]
    for (p, a, b, x) in reference {
      #expect(isClose(betaQuantile(p, a, b), x, relative: 2e-12), "p = \(p), (\(a), \(b))")
    }
    #expect(betaQuantile(0, 2, 3) == 0)
    #expect(betaQuantile(1, 2, 3) == 1)
  }

  @Test func `Clopper-Pearson intervals agree with SciPy`() {
    let reference: [(Int, Int, Double, Double, Double)] = [
      (0, 10, 0.95, 0, 0.30849710781876294), (10, 10, 0.95, 0.6915028921812371, 1),
      (3, 10, 0.95, 0.06673951117773447, 0.652452850060008),
      (50, 1000, 0.99, 0.03392666271022023, 0.0705043752014578),
      (999, 100_000, 0.95, 0.009382861709032164, 0.010625806644240855),
    ]
    for (k, n, confidence, low, high) in reference {
      let interval = clopperPearsonInterval(successes: k, trials: n, confidence: confidence)
      #expect(isClose(interval.lowerBound, low, relative: 1e-11), "\(k) of \(n)")
      #expect(isClose(interval.upperBound, high, relative: 1e-11), "\(k) of \(n)")
    }
    #expect(clopperPearsonInterval(successes: 0, trials: 0) == 0...1)
  }

  @Test func `Clopper-Pearson intervals cover, exactly`() {
    // Exact coverage by summing the binomial distribution: at least the confidence for every p.
    let n = 25
    let intervals = (0...n).map { clopperPearsonInterval(successes: $0, trials: n) }
    for p in stride(from: 0.02, to: 1, by: 0.03) {
      var coverage = 0.0
      for k in 0...n where intervals[k].contains(p) {
        let tails = binomialTails(k, trials: n, probability: p)
        coverage += tails.lower - binomialTails(k - 1, trials: n, probability: p).lower
      }
      #expect(coverage >= 0.95 - 1e-12 && coverage < 1, "p = \(p)")
    }
  }
}
