import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

/// Whether the mean of light-tailed samples lies within its derived distance of the truth.
private func expectMean(
  _ samples: [Double], _ truth: Double, seed: UInt64,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let moments = StreamingMoments(samples)
  #expect(
    abs(moments.mean - truth) <= zBound() * moments.standardError,
    "\(moments.mean) ± \(moments.standardError), not \(truth), seed \(seed)",
    sourceLocation: sourceLocation)
}

/// Jarzynski, Crooks, first and second law on trajectories in both directions; α = 1e-9 each.
private func expectLaws(
  _ forward: Ledger, _ reverse: Ledger, freeEnergyDifference: Double, seed: UInt64,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(forward.firstLawViolation < 1e-10, sourceLocation: sourceLocation)
  let sigma = forward.work.map { $0 - freeEnergyDifference }
  let backward = reverse.work.map { $0 + freeEnergyDifference }
  let checks = [
    IntegralFluctuationTheorem.check(
      name: "Jarzynski", entropyProductions: sigma, reverse: backward, falseAlarmRate: 1e-9),
    IntegralFluctuationTheorem.check(
      name: "reverse", entropyProductions: backward, reverse: sigma, falseAlarmRate: 1e-9),
    CrooksTheorem.check(
      name: "Crooks", forward: forward.work, reverse: reverse.work,
      freeEnergyDifference: freeEnergyDifference, falseAlarmRate: 1e-9
    ).check,
    SecondLaw.check(name: "second law", entropyProductions: sigma, falseAlarmRate: 1e-9),
  ]
  for check in checks {
    #expect(check.verdict == .pass, "\(check), seed \(seed)", sourceLocation: sourceLocation)
  }
  // Mutants: another free energy, another temperature.
  #expect(
    CrooksTheorem.check(
      name: "", forward: forward.work, reverse: reverse.work,
      freeEnergyDifference: freeEnergyDifference + 0.2
    ).check.verdict == .fail, sourceLocation: sourceLocation)
  #expect(
    CrooksTheorem.check(
      name: "", forward: forward.work.map { 0.6 * $0 }, reverse: reverse.work.map { 0.6 * $0 }
    ).check.verdict == .fail, sourceLocation: sourceLocation)
}

@Suite struct TwoStateSystemTests {
  private let system = TwoStateSystem(gaps: [0.5, 1.5, 1, 2.5, 2], relaxation: 0.6)

  @Test func exactWorkDistribution() {
    let law = system.workDistribution()
    #expect(isClose(law.reduce(0) { $0 + $1.probability }, 1, relative: 1e-14))
    let difference = -log((1 + exp(-2)) / (1 + exp(-0.5)))
    #expect(isClose(system.freeEnergyDifference, difference, relative: 1e-14))
    let average = law.reduce(0) { $0 + $1.probability * exp(-$1.value) }
    #expect(isClose(-log(average), difference, relative: 1e-13))
    // Crooks, value by value.
    let reverse = system.reversed.workDistribution()
    for outcome in law {
      let mirrored = reverse.first { abs($0.value + outcome.value) < 1e-12 }
      let ratio = log(outcome.probability / (mirrored?.probability ?? 0))
      #expect(isClose(ratio, outcome.value - difference, relative: 1e-12, absolute: 1e-12))
    }
    // One step, by hand.
    let quench = TwoStateSystem(gaps: [0, 1]).workDistribution()
    #expect(quench == [.init(value: 0, probability: 0.5), .init(value: 1, probability: 0.5)])
  }

  @Test func samplesFollowTheExactLaw() {
    let seed = testSeed(201)
    let law = system.workDistribution()
    let ledger = system.sample(count: 40000, seed: seed)
    let works = ledger.work
    let counts = law.map { outcome in works.filter { abs($0 - outcome.value) < 1e-9 }.count }
    #expect(counts.reduce(0, +) == works.count)
    expectCounts(counts, probabilities: law.map(\.probability), seed: seed)
    // The mutant of another relaxation.
    let other = TwoStateSystem(gaps: system.gaps, relaxation: 0.5).workDistribution()
    #expect(countsViolation(counts, probabilities: other.map(\.probability)) != nil)
    expectLaws(
      ledger, system.sampleReverse(count: 40000, seed: seed),
      freeEnergyDifference: system.freeEnergyDifference, seed: seed)
  }

  @Test func heatExchange() {
    let seed = testSeed(202)
    let law = TwoStateSystem.heatDistribution(gap: 1.2, from: 1, to: 0.4, relaxation: 0.7)
    #expect(
      isClose(log(law[2].probability / law[0].probability), 0.6 * 1.2, relative: 1e-13))
    let ledger = TwoStateSystem.sampleHeatExchange(
      gap: 1.2, from: 1, to: 0.4, relaxation: 0.7, count: 50000, seed: seed)
    let counts = law.map { outcome in
      ledger.heat.filter { abs($0 - outcome.value) < 1e-9 }.count
    }
    expectCounts(counts, probabilities: law.map(\.probability), seed: seed)
    let detailed = DetailedFluctuationTheorem.check(
      name: "", values: ledger.heat, expectedSlope: 0.6, falseAlarmRate: 1e-9)
    #expect(detailed.check.verdict == .pass)
    #expect(
      IntegralFluctuationTheorem.check(
        name: "", entropyProductions: ledger.heat.map { 0.6 * $0 }, falseAlarmRate: 1e-9
      ).verdict == .pass)
    #expect(
      DetailedFluctuationTheorem.check(name: "", values: ledger.heat, expectedSlope: 0.8)
        .check.verdict == .fail)
  }

  @Test func sameSeedSameBits() {
    #expect(system.sample(count: 50, seed: 3).work == system.sample(count: 50, seed: 3).work)
    let many = system.sample(count: 80, seed: 3).work
    #expect(Array(many.prefix(50)) == system.sample(count: 50, seed: 3).work)
  }
}

@Suite struct HarmonicTrapTests {
  /// k 1 → 4 in updates of length 0.01; digits of a separate computation of the same recursion.
  ///
  /// A Monte Carlo estimate with 200,000 trajectories had 0.807, 0.681, 0.243, 0.0340.
  @Test(arguments: [
    (1, 0.8068528194400547), (10, 0.6769812514792916), (100, 0.24295434826197904),
    (1000, 0.03288291316364844),
  ])
  func linearRampDissipates(_ updates: Int, _ expected: Double) {
    let trap = HarmonicTrap.stiffened(
      from: 1, to: 4, duration: 0.01 * Double(updates), updates: updates)
    #expect(isClose(trap.freeEnergyDifference, 0.6931471805599453, relative: 1e-14))
    #expect(isClose(trap.dissipation, expected, relative: 1e-10), "\(trap.dissipation)")
  }

  /// The limit of many updates: ⟨W⟩ = ∫ ½ k̇ s dt with ṡ = 2 − 2ks, by the method of Runge and Kutta.
  @Test(arguments: [0.3, 1, 10.0])
  func continuousRamp(_ duration: Double) {
    let steps = 20000
    let h = duration / Double(steps)
    func rate(_ time: Double, _ s: Double) -> Double { 2 - 2 * (1 + 3 * time / duration) * s }
    var s = 1.0
    var work = 0.0
    for step in 0..<steps {
      let t = Double(step) * h
      let a = rate(t, s)
      let b = rate(t + h / 2, s + h / 2 * a)
      let c = rate(t + h / 2, s + h / 2 * b)
      let d = rate(t + h, s + h * c)
      let next = s + h / 6 * (a + 2 * b + 2 * c + d)
      work += h / 2 * 1.5 / duration * (s + next)
      s = next
    }
    let trap = HarmonicTrap.stiffened(from: 1, to: 4, duration: duration, updates: 20000)
    #expect(isClose(trap.meanWork, work, relative: 2e-4))
  }

  @Test func slowDriving() {
    // Linear: ∫ζk̇²dt = 0.3 · 0.1171875 at τ = 10; optimal: L²/τ.
    #expect(isClose(HarmonicTrap.friction(stiffness: 2), 1 / 32.0))
    #expect(isClose(HarmonicTrap.thermodynamicLength(from: 1, to: 4), 0.5))
    let slow = HarmonicTrap.stiffened(from: 1, to: 4, duration: 1000, updates: 100_000)
    #expect(isClose(slow.dissipation * 1000, 3 * 0.1171875, relative: 0.01))
    let geodesic = HarmonicTrap.stiffened(
      from: 1, to: 4, duration: 1000, updates: 100_000, course: .geodesic)
    #expect(isClose(geodesic.dissipation * 1000, 0.25, relative: 0.02))
  }

  @Test func optimalStiffening() {
    let instant = HarmonicTrap.stiffened(
      from: 1, to: 4, duration: 0.5, updates: 1, course: .instant)
    #expect(isClose(instant.meanWork, HarmonicTrap.instantWork(from: 1, to: 4)))
    for duration in [0.1, 0.5, 2, 10] {
      let exact = HarmonicTrap.optimalWork(from: 1, to: 4, duration: duration)
      let trap = HarmonicTrap.stiffened(
        from: 1, to: 4, duration: duration, updates: 4000, course: .optimal)
      #expect(isClose(trap.meanWork, exact, relative: 1e-5), "\(duration)")
      #expect(exact > trap.freeEnergyDifference && exact < 1.5)
      // No other protocol does better.
      for course in [HarmonicTrap.Course.linear, .geodesic] {
        let other = HarmonicTrap.stiffened(
          from: 1, to: 4, duration: duration, updates: 4000, course: course)
        #expect(other.meanWork > exact)
      }
      // Nor does the same with a slightly other course.
      for sign in [-1.0, 1] {
        var bent = trap
        for index in 1...4000 {
          bent.settings[index].stiffness *= 1 + sign * 0.05 * sin(Double(index) / 900)
        }
        #expect(bent.meanWork > exact)
      }
    }
    // The limits: nothing gained instantly, nothing dissipated slowly.
    #expect(isClose(HarmonicTrap.optimalWork(from: 1, to: 4, duration: 1e-9), 1.5, relative: 1e-6))
    #expect(
      isClose(
        HarmonicTrap.optimalWork(from: 1, to: 4, duration: 1e4) - log(2), 0.25e-4,
        relative: 1e-2))
  }

  @Test func draggedWorkIsGaussian() {
    let seed = testSeed(211)
    let exact = HarmonicTrap.linearDragWork(distance: 2, stiffness: 1.5, duration: 1)
    let trap = HarmonicTrap.dragged(distance: 2, stiffness: 1.5, duration: 1, updates: 4000)
    #expect(isClose(trap.meanWork, exact, relative: 1e-3))
    let optimum = HarmonicTrap.optimalDragWork(distance: 2, stiffness: 1.5, duration: 1)
    let best = HarmonicTrap.dragged(
      distance: 2, stiffness: 1.5, duration: 1, updates: 4000, course: .optimal)
    #expect(isClose(best.meanWork, optimum, relative: 1e-6))
    #expect(optimum < exact && isClose(optimum, 6 / 3.5, relative: 1e-14))
    #expect(best.freeEnergyDifference == 0)
    let few = HarmonicTrap.dragged(distance: 1.2, stiffness: 1.5, duration: 1, updates: 8)
    let ledger = few.sample(count: 30000, seed: seed)
    let mean = few.meanWork
    expectDistribution(ledger.work, seed: seed) {
      normalDistribution(($0 - mean) / (2 * mean).squareRoot())
    }
    #expect(
      kolmogorovDistance(ledger.work) {
        normalDistribution(($0 - mean) / (1.5 * mean).squareRoot())
      } > dkwBound(samples: 30000))
    expectLaws(
      ledger, few.sampleReverse(count: 30000, seed: seed), freeEnergyDifference: 0, seed: seed)
  }

  @Test func stiffenedTrajectories() {
    let seed = testSeed(212)
    let trap = HarmonicTrap.stiffened(from: 1, to: 4, duration: 0.6, updates: 12)
    let ledger = trap.sample(count: 40000, seed: seed)
    expectMean(ledger.work, trap.meanWork, seed: seed)
    // Long tails make wide bins; their points lie on the line all the same.
    let bins = CrooksTheorem.check(
      name: "", forward: ledger.work, reverse: trap.sampleReverse(count: 40000, seed: seed).work
    ).bins
    let difference = trap.freeEnergyDifference
    #expect(
      bins.allSatisfy {
        abs($0.logRatio - ($0.centre - difference)) < (zBound() + 1) * $0.standardError
      })
    let coarse = HarmonicTrap.stiffened(from: 1, to: 4, duration: 0.4, updates: 2)
    #expect(
      abs(StreamingMoments(ledger.work).mean - coarse.meanWork)
        > zBound() * StreamingMoments(ledger.work).standardError)
    expectLaws(
      ledger, trap.sampleReverse(count: 40000, seed: seed),
      freeEnergyDifference: trap.freeEnergyDifference, seed: seed)
  }
}

@Suite struct BiasedRingTests {
  private let ring = BiasedRing(forwardRate: 2, backwardRate: 0.8)

  @Test func closedForms() {
    #expect(
      isClose(ring.entropyProductionPerJump, 1.2 / 2.8 * log(2.5), relative: 1e-14))
    #expect(isClose(ring.entropyProductionRate, 1.2 * log(2.5), relative: 1e-14))
    #expect(isClose(ring.affinity, 3 * log(2.5), relative: 1e-14))
    // The integral theorem, the symmetry, and the first cumulant.
    #expect(abs(ring.cumulantGeneratingFunction(1)) < 1e-14)
    #expect(
      isClose(
        ring.cumulantGeneratingFunction(0.3), ring.cumulantGeneratingFunction(0.7),
        relative: 1e-12))
    let h = 1e-5
    let slope =
      (ring.cumulantGeneratingFunction(-h) - ring.cumulantGeneratingFunction(h)) / (2 * h)
    #expect(isClose(slope, ring.entropyProductionRate, relative: 1e-8))
    let law = (-60...80).map { ring.probability(ofNetJumps: $0, duration: 3) }
    #expect(isClose(law.reduce(0, +), 1, relative: 1e-12))
    #expect(isClose(log(law[60 + 4] / law[60 - 4]), 4 * log(2.5), relative: 1e-10))
  }

  @Test func trajectories() {
    let seed = testSeed(221)
    let jumps = ring.sampleNetJumps(duration: 0.8, count: 40000, seed: seed)
    let range = -8...12
    let counts = range.map { n in jumps.filter { $0 == n }.count }
    let law = range.map { ring.probability(ofNetJumps: $0, duration: 0.8) }
    let outside = jumps.filter { !range.contains($0) }.count
    expectCounts(
      counts + [outside], probabilities: law + [max(0, 1 - law.reduce(0, +))], seed: seed)
    let wrong = range.map { ring.probability(ofNetJumps: $0, duration: 0.95) }
    #expect(
      countsViolation(counts + [outside], probabilities: wrong + [max(0, 1 - wrong.reduce(0, +))])
        != nil)
    let sigma = ring.sampleEntropyProductions(duration: 0.8, count: 40000, seed: seed)
    expectMean(sigma, 0.8 * ring.entropyProductionRate, seed: seed)
    let detailed = DetailedFluctuationTheorem.check(
      name: "", values: sigma, expectedSlope: 1, falseAlarmRate: 1e-9)
    #expect(detailed.check.verdict == .pass)
    #expect(
      IntegralFluctuationTheorem.check(
        name: "", entropyProductions: sigma, falseAlarmRate: 1e-9
      ).verdict == .pass)
    #expect(
      DetailedFluctuationTheorem.check(name: "", values: sigma, expectedSlope: 1.15)
        .check.verdict == .fail)
  }
}

@Suite struct OrnsteinUhlenbeckTests {
  /// O1: three forms agree.
  @Test func threeForms() throws {
    for index in 0..<5 {
      var random = RandomStream(seed: 4, purpose: .test, index: UInt64(index))
      let size = 2 + index
      var drift = LinearAlgebra.identity(size).map { 3 * $0 }
      var root = Matrix<Double>(rows: size, columns: size)
      for row in 0..<size {
        for column in 0..<size {
          drift[row, column] += random.normal() / 2
          root[row, column] = random.normal() / 2
        }
      }
      let diffusion = LinearAlgebra.sum(
        LinearAlgebra.product(root, root.transposed), LinearAlgebra.identity(size))
      let process = try OrnsteinUhlenbeckProcess(drift: drift, diffusion: diffusion)
      let rates = process.entropyProductionRates
      #expect(rates[0] > 0.01)
      #expect(isClose(rates[0], rates[1], relative: 1e-12, absolute: 1e-12))
      #expect(isClose(rates[0], rates[2], relative: 1e-12, absolute: 1e-12))
      // Detailed balance: A = D S⁻¹ of any S.
      let balanced = try OrnsteinUhlenbeckProcess(
        drift: LinearAlgebra.product(diffusion, diffusion), diffusion: diffusion)
      #expect(balanced.entropyProductionRates.allSatisfy { abs($0) < 1e-11 })
    }
  }

  /// O2 and O3: k = 1, ω = 2.
  @Test func rotating() throws {
    let process = try OrnsteinUhlenbeckProcess.rotating(
      stiffness: 1, frequency: 2, diffusion: 0.7)
    #expect(isClose(process.entropyProductionRate, 8, relative: 1e-13))
    #expect(isClose(process.covariance[0, 0], 0.7) && abs(process.covariance[0, 1]) < 1e-15)
    #expect(isClose(process.circulation[0, 1], -2 * 0.7, relative: 1e-13))
    let observed = [
      (0.001, 7.9920), (0.01, 7.9192), (0.1, 7.1308), (0.5, 3.2967), (1, 0.5176),
    ]
    for (interval, rate) in observed {
      let chain = try process.observed(every: interval)
      #expect(abs(chain.entropyProduction / interval - rate) < 5.1e-5, "\(interval)")
      let modulus = exp(-2 * interval)
      let exact = 4 * modulus * pow(sin(2 * interval), 2) / (1 - modulus)
      #expect(isClose(chain.entropyProduction, exact, relative: 1e-9))
      #expect(isClose(chain.covariance[1, 1], 0.7, relative: 1e-10))
    }
    for (interval, rate) in [(0.001, 8.0201), (0.01, 8.2051), (0.1, 10.6667)] {
      let chain = try process.discretised(interval: interval)
      #expect(abs(chain.entropyProduction / interval - rate) < 5.1e-5, "\(interval)")
    }
  }

  @Test func stepsObeyTheTheorems() throws {
    let seed = testSeed(231)
    let process = try OrnsteinUhlenbeckProcess.rotating(stiffness: 1, frequency: 2)
    let chain = try process.observed(every: 0.1)
    let sigma = chain.sampleSteps(count: 40000, seed: seed).map {
      chain.entropyProduction(from: $0.start, to: $0.end)
    }
    expectMean(sigma, chain.entropyProduction, seed: seed)
    #expect(
      DetailedFluctuationTheorem.check(
        name: "", values: sigma, expectedSlope: 1, falseAlarmRate: 1e-9
      ).check.verdict == .pass)
    #expect(
      DetailedFluctuationTheorem.check(name: "", values: sigma, expectedSlope: 1.2)
        .check.verdict == .fail)
    #expect(
      IntegralFluctuationTheorem.check(
        name: "", entropyProductions: sigma, falseAlarmRate: 1e-9
      ).verdict != .fail)
    // The mean rate of area, ½⟨x dy − y dx⟩/dt → −ωD₀/k (as Q₁₂).
    let area = chain.sampleSteps(count: 40000, seed: seed).map {
      ($0.start[0] * $0.end[1] - $0.start[1] * $0.end[0]) / 2
    }
    expectMean(area, -exp(-0.1) * sin(0.2), seed: seed)
  }

  @Test func trajectoriesAreStationary() throws {
    let chain = try OrnsteinUhlenbeckProcess.rotating(stiffness: 1, frequency: 2)
      .observed(every: 0.5)
    let states = chain.sampleTrajectory(count: 100_000, seed: testSeed(232))
    let squares = states.map { $0[0] * $0[0] }
    #expect(abs(StreamingMoments(squares).mean - 1) < 0.05)
    let mean = zip(states, states.dropFirst()).reduce(0) {
      $0 + chain.entropyProduction(from: $1.0, to: $1.1)
    }
    #expect(isClose(mean / 99999, chain.entropyProduction, relative: 0.05))
  }

  @Test func badInputIsRefused() {
    let unstable = Matrix<Double>(rows: 2, columns: 2, elements: [1, 0, 0, -1])
    let one = LinearAlgebra.identity(2)
    #expect(throws: SzilardError.self) {
      try OrnsteinUhlenbeckProcess(drift: unstable, diffusion: one)
    }
    #expect(throws: SzilardError.self) {
      try OrnsteinUhlenbeckProcess(drift: one, diffusion: unstable)
    }
    #expect(throws: SzilardError.self) {
      try LinearGaussianChain(propagator: one.map { 1.1 * $0 }, noise: one)
    }
    #expect(throws: SzilardError.self) {
      try BrownianGyrator(stiffnesses: (1, 1), coupling: 2, temperatures: (1, 1))
    }
  }

  /// O4.
  @Test func gyrator() throws {
    let beads = try BrownianGyrator.twoBeads(stiffness: 1, temperatures: (10, 1))
    #expect(isClose(beads.entropyProductionRate, 2.025, relative: 1e-13))
    #expect(isClose(beads.covariance[0, 0], 71 / 12.0, relative: 1e-13))
    let gyrator = try BrownianGyrator(
      stiffnesses: (1, 2), coupling: 0.5, temperatures: (1, 0.1), friction: 1.3)
    #expect(abs(gyrator.entropyProductionRate - 0.5192308) < 5e-8)
    #expect(abs(gyrator.circulation + 0.1153846) < 5e-8)
    let expected = [1.1, -0.2, -0.2, 0.1]
    for (value, digit) in zip(gyrator.covariance.elements, expected) {
      #expect(isClose(value, digit, relative: 1e-12))
    }
    for one in [beads, gyrator] {
      let process = try one.process()
      for rate in process.entropyProductionRates {
        #expect(isClose(rate, one.entropyProductionRate, relative: 1e-12))
      }
      #expect(isClose(process.circulation[0, 1], one.circulation, relative: 1e-12))
      for (value, other) in zip(process.covariance.elements, one.covariance.elements) {
        #expect(isClose(value, other, relative: 1e-12))
      }
      // What is seen at intervals is less, and becomes all.
      let fine = try process.observed(every: 1e-4)
      #expect(isClose(fine.entropyProduction / 1e-4, one.entropyProductionRate, relative: 1e-3))
      let coarse = try process.observed(every: 0.5)
      #expect(coarse.entropyProduction / 0.5 < one.entropyProductionRate)
    }
  }
}

@Suite struct GaussianWorkTests {
  @Test func closedForms() {
    let work = GaussianWork(freeEnergyDifference: -3, standardDeviation: 2)
    #expect(work.mean == -1 && work.dissipation == 2 && work.freeEnergyDifference == -3)
    #expect(GaussianWork(mean: 1, standardDeviation: 0).overlap == 1)
    // 2⟨logistic(−σ)⟩ by Simpson's rule on another grid.
    let n = 20000
    let h = 24.0 / Double(n)
    let sum = (0...n).reduce(0.0) { sum, index in
      let z = -12 + h * Double(index)
      let weight = index == 0 || index == n ? 1.0 : index % 2 == 1 ? 4 : 2
      return sum + weight * exp(-z * z / 2) * logistic(-(2 + 2 * z))
    }
    #expect(
      isClose(work.overlap, 2 * sum * h / 3 / (2 * Double.pi).squareRoot(), relative: 1e-11))
  }

  @Test func samples() {
    let seed = testSeed(241)
    let work = GaussianWork(freeEnergyDifference: -3, standardDeviation: 1.2)
    let forward = work.sampleForward(count: 30000, seed: seed)
    let reverse = work.sampleReverse(count: 30000, seed: seed)
    expectDistribution(forward, seed: seed) { normalDistribution(($0 - work.mean) / 1.2) }
    expectDistribution(reverse, seed: seed) {
      normalDistribution(($0 - (1.44 - work.mean)) / 1.2)
    }
    #expect(
      kolmogorovDistance(reverse) { normalDistribution(($0 + work.mean) / 1.2) }
        > dkwBound(samples: 30000))
    let result = CrooksTheorem.check(
      name: "", forward: forward, reverse: reverse, freeEnergyDifference: -3,
      falseAlarmRate: 1e-9)
    #expect(result.check.verdict == .pass)
    #expect(abs(result.overlap - work.overlap) < 0.03)
  }
}
