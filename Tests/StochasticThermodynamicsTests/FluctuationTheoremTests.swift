import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

/// Entropy productions that obey the detailed theorem exactly: any magnitudes, and signs that are
/// positive with probability logistic(magnitude).
private func lawful(
  count: Int, seed: UInt64, index: Int = 0, _ magnitude: (inout RandomStream) -> Double
) -> [Double] {
  var random = RandomStream(seed: seed, purpose: .test, index: UInt64(index))
  return (0..<count).map { _ in
    let x = magnitude(&random)
    return random.uniform() < logistic(x) ? x : -x
  }
}

private func gaussian(
  _ deviation: Double, count: Int, seed: UInt64, index: Int = 0
) -> [Double] {
  var random = RandomStream(seed: seed, purpose: .test, index: UInt64(index))
  return (0..<count).map { _ in deviation * deviation / 2 + deviation * random.normal() }
}

/// How often checks of a true theorem may fail, and how often they did.
private func expectRare(
  _ verdicts: [Check.Verdict], rate: Double, seed: UInt64,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let failures = verdicts.filter { $0 == .fail }.count
  let allowed = binomialAcceptance(trials: verdicts.count, probability: rate).upperBound
  #expect(
    failures <= allowed, "\(failures) of \(verdicts.count) failed, seed \(seed)",
    sourceLocation: sourceLocation)
}

@Suite struct IntegralFluctuationTheoremTests {
  @Test func averageIsStated() {
    let check = IntegralFluctuationTheorem.check(
      name: "integral", entropyProductions: [log(2), -log(1.5), 0, log(4)])
    #expect(isClose(check.statistic, (0.5 + 1.5 + 1 + 0.25) / 4, relative: 1e-14))
    #expect(check.name == "integral" && check.expected == 1 && check.trajectories == 4)
    #expect(check.verdict == .unresolved)
  }

  /// From good sampling to none: a true theorem fails no more often than α = 0.01.
  ///
  /// Band: exact binomial at 1e-9. Gaussian, exponential (with infinite variance of the weights) and
  /// discrete entropy production.
  @Test(arguments: [0.1, 0.5, 1.0, 1.4, 2.0, 3.0, 6.0])
  func falseAlarmsGaussian(_ deviation: Double) {
    let seed = testSeed(101)
    let verdicts = (0..<3000).map {
      IntegralFluctuationTheorem.check(
        name: "", entropyProductions: gaussian(deviation, count: 400, seed: seed, index: $0),
        falseAlarmRate: 0.01
      ).verdict
    }
    expectRare(verdicts, rate: 0.01, seed: seed)
    if deviation <= 0.5 { #expect(verdicts.filter { $0 == .pass }.count > 2900) }
    if deviation >= 3 { #expect(!verdicts.contains(.pass)) }
  }

  @Test(arguments: [0.4, 0.8, 1.5, 4.0])
  func falseAlarmsExponential(_ rate: Double) {
    let seed = testSeed(102)
    for count in [100, 1000] {
      let verdicts = (0..<2000).map { index in
        IntegralFluctuationTheorem.check(
          name: "",
          entropyProductions: lawful(count: count, seed: seed, index: index) {
            -log($0.uniform()) / rate
          }, falseAlarmRate: 0.01
        ).verdict
      }
      expectRare(verdicts, rate: 0.01, seed: seed)
    }
  }

  @Test(arguments: [0.2, 1.0, 3.0, 8.0])
  func falseAlarmsDiscrete(_ size: Double) {
    let seed = testSeed(103)
    let verdicts = (0..<2000).map { index in
      IntegralFluctuationTheorem.check(
        name: "",
        entropyProductions: lawful(count: 500, seed: seed, index: index) {
          size * Double($0.index(below: 3))
        }, falseAlarmRate: 0.01
      ).verdict
    }
    expectRare(verdicts, rate: 0.01, seed: seed)
  }

  /// The mutant: a normal interval of the average raises false alarms where tails were not sampled.
  @Test func intervalAloneRaisesFalseAlarms() {
    let seed = testSeed(107)
    let alarms = (0..<1000).filter { index in
      let sigma = lawful(count: 500, seed: seed, index: index) { 8 * Double($0.index(below: 2)) }
      let weights = StreamingMoments(sigma.map { exp(-$0) })
      return weights.mean + normalQuantile(0.995) * weights.standardError < 1
    }.count
    #expect(alarms > binomialAcceptance(trials: 1000, probability: 0.01).upperBound)
  }

  /// Works that cannot be negative: σ ≥ −ln 2 is all there is.
  ///
  /// Many are above ln 2, but what is known to be near 1 lacks nothing.
  @Test func oneSidedWorkPasses() {
    var random = RandomStream(seed: testSeed(108), purpose: .test)
    let sigma = (0..<50000).map { _ -> Double in
      let x = random.normal()
      return 1.5 * x * x - log(2.0)
    }
    #expect(IntegralFluctuationTheorem.check(name: "", entropyProductions: sigma).verdict == .pass)
    // Shifted by 0.2, the average is 0.82: without reverse trajectories nobody knows.
    let shifted = sigma.map { $0 + 0.2 }
    #expect(
      IntegralFluctuationTheorem.check(name: "", entropyProductions: shifted).verdict
        == .unresolved)
    let reverse = (0..<50000).map { _ -> Double in
      let x = random.normal() / 2
      return log(2.0) - 1.5 * x * x - 0.2
    }
    #expect(
      IntegralFluctuationTheorem.check(
        name: "", entropyProductions: shifted, reverse: reverse
      ).verdict == .fail)
  }

  /// What rare trajectories carry is not missed loudly: 0.5 on all that are seen, and one in 20,000
  /// with weight 10,000 (a piston that is pulled away fast).
  @Test func unsampledTailNeverFails() {
    let seed = testSeed(104)
    let cases: [(Double, Double, Int)] = [(0.7, 0, 1000), (0.7, 0.1, 20000), (3, 0.5, 5000)]
    for (typical, deviation, count) in cases {
      var random = RandomStream(seed: seed, purpose: .test)
      let seen = (0..<count).map { _ in typical + deviation * random.normal() }
      let check = IntegralFluctuationTheorem.check(name: "", entropyProductions: seen)
      #expect(check.verdict == .unresolved)
      #expect((check.neededTrajectories ?? 0) >= 10 * count)
      #expect(!check.reason.isEmpty && !check.advice.isEmpty)
    }
    // Gaussian, mean 18: about e^18 are needed.
    let far = IntegralFluctuationTheorem.check(
      name: "", entropyProductions: gaussian(6, count: 1000, seed: seed))
    #expect(far.verdict == .unresolved)
    let needed = far.neededTrajectories ?? 0
    #expect(needed > 50_000_000 && needed < 10_000_000_000_000)
  }

  @Test func wrongTemperatureFails() {
    let seed = testSeed(105)
    let sigma = gaussian(0.7, count: 20000, seed: seed)
    for factor in [0.6, 0.8, 1.2, 1.5, -1] {
      let check = IntegralFluctuationTheorem.check(
        name: "", entropyProductions: sigma.map { factor * $0 })
      #expect(check.verdict == .fail, "factor \(factor), \(check), seed \(seed)")
    }
    #expect(
      IntegralFluctuationTheorem.check(name: "", entropyProductions: sigma).verdict == .pass)
  }

  /// Too large is evidence however few: one trajectory of σ = −30.
  @Test func tooLargeAlwaysFails() {
    var sigma = [Double](repeating: 1, count: 10)
    sigma[3] = -30
    #expect(
      IntegralFluctuationTheorem.check(name: "", entropyProductions: sigma).verdict == .fail)
  }

  /// Crooks' form: each of ten identical copies counts as a tenth.
  @Test func copiesCountOnce() {
    let seed = testSeed(106)
    let verdicts = (0..<2000).map { index -> Check.Verdict in
      let sigma = gaussian(0.5, count: 300, seed: seed, index: index)
      let copies = sigma.flatMap { [Double](repeating: $0, count: 10) }
      return IntegralFluctuationTheorem.check(
        name: "", entropyProductions: copies, effectiveFraction: 0.1, falseAlarmRate: 0.01
      ).verdict
    }
    expectRare(verdicts, rate: 0.01, seed: seed)
    #expect(verdicts.filter { $0 == .pass }.count > 1000)
  }

  @Test func badNumbersAreUnresolved() {
    for values in [[], [1], [1, .nan], [1, .infinity]] as [[Double]] {
      let check = IntegralFluctuationTheorem.check(name: "", entropyProductions: values)
      #expect(check.verdict == .unresolved && check.statistic.isFinite)
      #expect(SecondLaw.check(name: "", entropyProductions: values).verdict == .unresolved)
      #expect(
        DetailedFluctuationTheorem.check(name: "", values: values, expectedSlope: 1).check.verdict
          == .unresolved)
      #expect(
        CrooksTheorem.check(name: "", forward: values, reverse: [1, 2]).check.verdict
          == .unresolved)
    }
  }
}

@Suite struct SecondLawTests {
  @Test(arguments: [0.0, 0.01, 0.1, 1.0])
  func falseAlarms(_ deviation: Double) {
    let seed = testSeed(111)
    let verdicts = (0..<3000).map {
      SecondLaw.check(
        name: "", entropyProductions: gaussian(deviation, count: 100, seed: seed, index: $0),
        falseAlarmRate: 0.02
      ).verdict
    }
    expectRare(verdicts, rate: 0.02, seed: seed)
  }

  /// −0.1 on all that are seen; one in 200 with 30 was not: the sum −10·0.1 proves nothing.
  @Test func unseenTrajectoriesAreNoViolation() {
    let check = SecondLaw.check(
      name: "", entropyProductions: (0..<20).map { -0.1 + 1e-3 * Double($0 % 3) })
    #expect(check.verdict == .unresolved && (check.neededTrajectories ?? 0) > 20)
  }

  @Test func violationFails() {
    let sigma = gaussian(1, count: 2000, seed: testSeed(112)).map { $0 - 0.7 }
    #expect(SecondLaw.check(name: "", entropyProductions: sigma).verdict == .fail)
    #expect(
      SecondLaw.check(name: "", entropyProductions: sigma.map { $0 + 0.7 }).verdict == .pass)
  }
}

@Suite struct DetailedFluctuationTheoremTests {
  /// Magnitudes: densities, atoms, and magnitudes for which one sign is rare.
  static let laws: [@Sendable (inout RandomStream) -> Double] = [
    { -log($0.uniform()) },
    { -0.05 * log($0.uniform()) },
    { -8 * log($0.uniform()) },
    { abs($0.normal()) },
    { Double($0.index(below: 4)) },
    { _ in 1.5 },
    { 4 + $0.uniform() },
  ]

  @Test(arguments: laws.indices)
  func falseAlarmsAndCoverage(_ law: Int) {
    let seed = testSeed(121)
    var verdicts: [Check.Verdict] = []
    var covered = 0
    var informed = 0
    for index in 0..<2000 {
      let values = lawful(
        count: 1000, seed: seed, index: index, DetailedFluctuationTheoremTests.laws[law])
      let result = DetailedFluctuationTheorem.check(
        name: "", values: values, expectedSlope: 1, falseAlarmRate: 0.01)
      verdicts.append(result.check.verdict)
      if result.slope.isResolved, result.check.verdict != .unresolved {
        informed += 1
        if result.slope.interval.contains(1) { covered += 1 }
      }
    }
    expectRare(verdicts, rate: 0.01, seed: seed)
    let low = binomialAcceptance(trials: informed, probability: 0.93).lowerBound
    let high = binomialAcceptance(trials: informed, probability: 0.97).upperBound
    #expect((low...high).contains(covered), "law \(law): \(covered) of \(informed), seed \(seed)")
  }

  @Test func slopeAndInterceptAreEstimated() {
    let seed = testSeed(122)
    let values = gaussian(0.9, count: 200_000, seed: seed).map { $0 / 0.4 }
    let result = DetailedFluctuationTheorem.check(name: "x", values: values, expectedSlope: 0.4)
    #expect(result.check.verdict == .pass, "\(result.check), seed \(seed)")
    #expect(abs(result.slope.value - 0.4) < 0.02)
    #expect(abs(result.intercept.value) < 0.05)
    #expect(result.bins.count > 10)
    let distances = result.bins.map { ($0.logRatio - 0.4 * $0.centre) / $0.standardError }
    #expect(distances.allSatisfy { abs($0) < zBound() + 1 })
    #expect(result.bins.reduce(0) { $0 + $1.positive + $1.negative } == 200_000)
  }

  /// A single atom: the slope is ln(n₊/n₋)/x, by hand.
  @Test func oneAtom() {
    let values = [Double](repeating: 2, count: 300) + [Double](repeating: -2, count: 100)
    let result = DetailedFluctuationTheorem.check(
      name: "", values: values, expectedSlope: log(3) / 2)
    #expect(isClose(result.slope.value, log(3) / 2, relative: 1e-9))
    // Variance 1/(n p q x²).
    let half = (result.slope.interval.upperBound - result.slope.interval.lowerBound) / 2
    #expect(isClose(half, 1.959963984540054 / (300.0).squareRoot(), relative: 1e-9))
    #expect(result.check.verdict == .pass && !result.intercept.isResolved)
  }

  /// As many positive as negative values of each size: slope zero, known well.
  @Test(arguments: [1e-6, 1, 1e6])
  func balancedValuesHaveNoSlope(_ unit: Double) {
    let values = (0..<3000).map { index -> Double in
      let magnitude = unit * (0.1 + Double(index / 2) / 900)
      return index % 2 == 0 ? magnitude : -magnitude
    }
    let result = DetailedFluctuationTheorem.check(
      name: "", values: values, expectedSlope: 1 / unit)
    #expect(result.slope.isResolved && abs(result.slope.value) < 1e-9 / unit)
    #expect(result.intercept.isResolved && result.check.verdict == .fail)
  }

  @Test func controlsFail() {
    let seed = testSeed(123)
    let values = gaussian(0.8, count: 40000, seed: seed)
    func verdict(_ transform: (Double) -> Double, slope: Double = 1) -> Check.Verdict {
      DetailedFluctuationTheorem.check(
        name: "", values: values.map(transform), expectedSlope: slope
      ).check.verdict
    }
    #expect(verdict { $0 } == .pass)
    #expect(verdict { 1.25 * $0 } == .fail)
    #expect(verdict { -$0 } == .fail)
    #expect(verdict({ $0 }, slope: 0.8) == .fail)
    // Odd, but not a line.
    #expect(verdict { $0 * (1 + 0.4 * $0 * $0) } == .fail)
    // A jump at zero.
    #expect(verdict { abs($0) < 0.3 ? abs($0) : $0 } == .fail)
  }

  /// Each of ten identical copies counts as a tenth, in the verdict and in the interval.
  @Test func copiesCountOnce() {
    let seed = testSeed(126)
    var verdicts: [Check.Verdict] = []
    var naive: [Check.Verdict] = []
    for index in 0..<1000 {
      let values = gaussian(1, count: 300, seed: seed, index: index)
      let copies = values.flatMap { [Double](repeating: $0, count: 10) }
      let once = DetailedFluctuationTheorem.check(name: "", values: values, expectedSlope: 1)
      let result = DetailedFluctuationTheorem.check(
        name: "", values: copies, expectedSlope: 1, effectiveFraction: 0.1, falseAlarmRate: 0.01)
      verdicts.append(result.check.verdict)
      #expect(
        isClose(
          once.slope.interval.upperBound, result.slope.interval.upperBound, relative: 1e-6))
      naive.append(
        DetailedFluctuationTheorem.check(
          name: "", values: copies, expectedSlope: 1, falseAlarmRate: 0.01
        ).check.verdict)
    }
    expectRare(verdicts, rate: 0.01, seed: seed)
    // The mutant that takes copies for independent trajectories.
    let allowed = binomialAcceptance(trials: 1000, probability: 0.01).upperBound
    #expect(naive.filter { $0 == .fail }.count > allowed)
  }

  /// Rounding has a sign: values that should be zero are left out.
  @Test func roundingIsZero() {
    let values = gaussian(1, count: 5000, seed: testSeed(127))
    let rounding = [Double](repeating: 3e-14, count: 2000)
    let check = DetailedFluctuationTheorem.check(
      name: "", values: values + rounding, expectedSlope: 1, falseAlarmRate: 1e-9
    ).check
    #expect(check.verdict == .pass && check.trajectories == 7000)
    #expect(
      DetailedFluctuationTheorem.check(
        name: "", values: values + rounding, expectedSlope: 1, zeroTolerance: 0
      ).check.verdict == .fail)
  }

  /// Curved, with the right slope and intercept on average: only the shape tells.
  @Test func curvatureFails() {
    let seed = testSeed(124)
    var random = RandomStream(seed: seed, purpose: .test)
    let values = (0..<60000).map { _ in
      let x = 3 * random.uniform()
      return random.uniform() < logistic(x + 0.8 * sin(2 * .pi * x)) ? x : -x
    }
    let check = DetailedFluctuationTheorem.check(name: "", values: values, expectedSlope: 1).check
    #expect(check.verdict == .fail, "\(check), seed \(seed)")
  }

  @Test func rareSignsAreUnresolved() {
    let result = DetailedFluctuationTheorem.check(
      name: "", values: (0..<1000).map { 15 + 0.001 * Double($0) }, expectedSlope: 1)
    #expect(result.check.verdict == .unresolved)
    #expect((result.check.neededTrajectories ?? 0) > 10_000_000)
    #expect(!result.slope.isResolved)
    // But as many negative as positive values of this size contradict the theorem.
    let balanced = DetailedFluctuationTheorem.check(
      name: "", values: (0..<1000).map { $0 % 2 == 0 ? 15 : -15 }, expectedSlope: 1)
    #expect(balanced.check.verdict == .fail)
    // Too small to be told from nothing.
    let tiny = DetailedFluctuationTheorem.check(
      name: "", values: gaussian(0.001, count: 1000, seed: testSeed(125)), expectedSlope: 1)
    #expect(tiny.check.verdict == .unresolved)
  }
}

@Suite struct CrooksTheoremTests {
  /// Gaussian works: W_F ~ N(ΔF + s²/2, s²), W_R ~ N(−ΔF + s²/2, s²).
  private func works(
    _ deviation: Double, _ difference: Double, _ counts: (Int, Int), seed: UInt64, index: Int = 0
  ) -> (forward: [Double], reverse: [Double]) {
    (
      gaussian(deviation, count: counts.0, seed: seed, index: 2 * index).map { $0 + difference },
      gaussian(deviation, count: counts.1, seed: seed, index: 2 * index + 1).map {
        $0 - difference
      }
    )
  }

  @Test(arguments: [(0.7, 300, 300), (1.5, 1000, 200), (3.0, 500, 1500), (5.0, 500, 500)])
  func falseAlarmsAndCoverage(_ deviation: Double, _ forward: Int, _ reverse: Int) {
    let seed = testSeed(131)
    var verdicts: [Check.Verdict] = []
    var covered = 0
    var crossed = 0
    var resolved = 0
    for index in 0..<1500 {
      let (f, r) = works(deviation, -2.5, (forward, reverse), seed: seed, index: index)
      let result = CrooksTheorem.check(
        name: "", forward: f, reverse: r, freeEnergyDifference: -2.5, falseAlarmRate: 0.01)
      verdicts.append(result.check.verdict)
      guard result.check.verdict != .unresolved else { continue }
      resolved += 1
      if result.slope.interval.contains(1) { covered += 1 }
      if result.crossing.interval.contains(-2.5) { crossed += 1 }
    }
    expectRare(verdicts, rate: 0.01, seed: seed)
    let low = binomialAcceptance(trials: resolved, probability: 0.93).lowerBound
    let high = binomialAcceptance(trials: resolved, probability: 0.97).upperBound
    #expect((low...high).contains(covered), "slope \(covered) of \(resolved), seed \(seed)")
    #expect((low...high).contains(crossed), "crossing \(crossed) of \(resolved), seed \(seed)")
    if deviation >= 5 { #expect(resolved < 100) } else { #expect(resolved > 1000) }
  }

  @Test func controlsFail() {
    let seed = testSeed(132)
    let (f, r) = works(1.2, 4, (8000, 5000), seed: seed)
    func verdict(_ f: [Double], _ r: [Double], _ difference: Double? = nil) -> Check.Verdict {
      CrooksTheorem.check(
        name: "", forward: f, reverse: r, freeEnergyDifference: difference
      ).check.verdict
    }
    #expect(verdict(f, r) == .pass)
    #expect(verdict(f, r, 4) == .pass)
    #expect(verdict(f, r, 4.2) == .fail)
    #expect(verdict(f.map { 1.3 * $0 }, r.map { 1.3 * $0 }) == .fail)
    #expect(verdict(f.map { $0 + 0.3 * ($0 - 4) * ($0 - 4) }, r) == .fail)
    // The second law upside down: no overlap at all, and yet a contradiction.
    #expect(verdict(f.map { $0 - 30 }, r) == .fail)
  }

  @Test func noOverlapIsUnresolved() {
    let (f, r) = works(9, 4, (500, 500), seed: testSeed(133))
    let result = CrooksTheorem.check(name: "", forward: f, reverse: r)
    #expect(result.check.verdict == .unresolved)
    #expect((result.check.neededTrajectories ?? 0) > 10_000)
    #expect(result.overlap < 0.01)
    #expect(result.check.interval.lowerBound <= result.check.interval.upperBound)
  }

  @Test func binsLieOnTheLine() {
    let (f, r) = works(1.2, 4, (30000, 10000), seed: testSeed(134))
    let bins = CrooksTheorem.check(name: "", forward: f, reverse: r).bins
    #expect(bins.count > 10)
    #expect(
      bins.allSatisfy { abs($0.logRatio - ($0.centre - 4)) < (zBound() + 1) * $0.standardError })
    #expect(bins.reduce(0) { $0 + $1.positive } == 30000)
  }
}

/// Theory 1.3: what a reversible kernel, a sweep in one order, and a broken kernel do.
@Suite struct SmallChainTests {
  private let chain = SmallChain.blocks()
  private let hot = 0.6
  private let cold = 1.0

  private func kernels() -> (palindrome: SmallChain.Kernel, sweep: SmallChain.Kernel) {
    let (h, v) = chain.moves(hot)
    let sweep = SmallChain.product(h, v)
    return (SmallChain.product(sweep, h), sweep)
  }

  /// max |ln p(Q)/p(−Q) − (β₁ − β₂)Q| over the heats of all pairs of states.
  private func violation(_ kernel: SmallChain.Kernel) -> Double {
    var worst = 0.0
    let law = chain.heats(from: cold, kernel)
    let n = chain.energies.count
    for i in 0..<n {
      for j in 0..<n where i != j {
        let (forward, backward) = (law[i * n + j], law[j * n + i])
        if forward.weight > 0, backward.weight > 0 {
          let ratio = log(forward.weight / backward.weight)
          worst = max(worst, abs(ratio - (cold - hot) * forward.heat))
        }
      }
    }
    return worst
  }

  @Test func exactLaws() {
    let (palindrome, sweep) = kernels()
    for kernel in [palindrome, sweep] {
      let average = chain.heats(from: cold, kernel).reduce(0) {
        $0 + $1.weight * exp(-(cold - hot) * $1.heat)
      }
      #expect(isClose(average, 1, relative: 1e-13))
    }
    #expect(violation(palindrome) < 1e-11)
    #expect(violation(sweep) > 0.5)
  }

  @Test func palindromePassesAndSweepFails() {
    let seed = testSeed(141)
    let (palindrome, sweep) = kernels()
    let slope = cold - hot
    for (kernel, verdict) in [(palindrome, Check.Verdict.pass), (sweep, .fail)] {
      let heats = chain.sample(chain.heats(from: cold, kernel), count: 200_000, seed: seed)
      let detailed = DetailedFluctuationTheorem.check(
        name: "", values: heats, expectedSlope: slope, falseAlarmRate: 1e-9)
      #expect(detailed.check.verdict == verdict, "\(detailed.check), seed \(seed)")
      let integral = IntegralFluctuationTheorem.check(
        name: "", entropyProductions: heats.map { slope * $0 }, falseAlarmRate: 1e-9)
      #expect(integral.verdict == .pass, "\(integral), seed \(seed)")
    }
  }

  @Test func wrongTemperatureFails() {
    let seed = testSeed(142)
    let heats = chain.sample(
      chain.heats(from: cold, kernels().palindrome), count: 100_000, seed: seed)
    for slope in [0.3, 0.5, 0.8] {
      let detailed = DetailedFluctuationTheorem.check(
        name: "", values: heats, expectedSlope: slope)
      #expect(detailed.check.verdict == .fail)
      let integral = IntegralFluctuationTheorem.check(
        name: "", entropyProductions: heats.map { slope * $0 })
      #expect(integral.verdict == .fail, "\(slope) \(integral)")
    }
  }

  /// A kernel that favours one state and so does not leave the equilibrium of the bath unchanged.
  @Test func brokenKernelFails() {
    let seed = testSeed(143)
    let broken = kernels().palindrome.map { row in
      row.indices.map { 0.9 * row[$0] + ($0 == 4 ? 0.1 : 0) }
    }
    let heats = chain.sample(chain.heats(from: cold, broken), count: 100_000, seed: seed)
    let slope = cold - hot
    #expect(
      DetailedFluctuationTheorem.check(name: "", values: heats, expectedSlope: slope).check.verdict
        == .fail)
    #expect(
      IntegralFluctuationTheorem.check(name: "", entropyProductions: heats.map { slope * $0 })
        .verdict == .fail)
  }

  /// Three states, pairs relaxed in turn: invariant, but it runs in a circle.
  @Test func circulationFailsTheDetailedForm() {
    let seed = testSeed(144)
    let ring = SmallChain(energies: [0, 1, 2.3])
    let (hot, cold) = (0.5, 1.2)
    let cycle = SmallChain.product(
      SmallChain.product(
        ring.heatBath(hot, classes: [0, 0, 1]), ring.heatBath(hot, classes: [0, 1, 1])),
      ring.heatBath(hot, classes: [0, 1, 0]))
    let heats = ring.sample(ring.heats(from: cold, cycle), count: 100_000, seed: seed)
    #expect(
      DetailedFluctuationTheorem.check(name: "", values: heats, expectedSlope: cold - hot)
        .check.verdict == .fail)
    #expect(
      IntegralFluctuationTheorem.check(
        name: "", entropyProductions: heats.map { (cold - hot) * $0 }
      ).verdict == .pass)
  }
}
