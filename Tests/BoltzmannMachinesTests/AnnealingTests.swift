import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

@Suite struct AnnealingTests {
  private func evaluator(chains: Int, temperatures: Int?, seed: UInt64) -> LikelihoodEvaluator {
    var evaluator = LikelihoodEvaluator()
    evaluator.method = .ais
    evaluator.chains = chains
    evaluator.temperatures = temperatures
    evaluator.seed = seed
    return evaluator
  }

  @Test(arguments: Pairing.all)
  func annealingFindsTheExactValue(_ pairing: Pairing) throws {
    let seed = testSeed(3)
    let machine = pairing.machine(visible: 6, hidden: 6, scale: 0.8, seed: 51)
    let exact = try ExactEnumeration.logPartitionFunction(of: machine)
    let estimate = try evaluator(chains: 2000, temperatures: 2000, seed: seed)
      .logPartitionFunction(of: machine)
    #expect(estimate.isResolved)
    // The interval is 95 %; α = 1e-9 is 6.1/1.96 half widths, asymptotically.
    let width = (estimate.interval.upperBound - estimate.interval.lowerBound) / 2
    #expect(abs(estimate.value - exact) < zBound() / 1.96 * width, "seed \(seed)")
    #expect(width < 0.5)
  }

  /// Without the step's work at one temperature the estimate is off: the test can fail.
  @Test func aWrongBaseIsSeen() throws {
    let machine = Pairing(visible: .bernoulli, hidden: .bernoulli)
      .machine(visible: 6, hidden: 6, scale: 0.8, seed: 51)
    let exact = try ExactEnumeration.logPartitionFunction(of: machine)
    let base = IndependentUnits(baseRateOf: machine)
    let result = AnnealedImportanceSampling(
      schedule: AnnealingSchedule.linear(temperatures: 300), chains: 2000, seed: 1
    ).run(machine, base: base)
    let right = result.logWeights.map { $0 + result.baseLogPartitionFunction }
    let wrong = right.map { $0 + 0.1 }
    func distance(_ values: [Double]) -> Double {
      let mean = values.reduce(0, +) / Double(values.count)
      let value = log(values.reduce(0) { $0 + exp($1 - mean) } / Double(values.count)) + mean
      let deviation = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      return abs(value - exact) / (deviation / Double(values.count)).squareRoot()
    }
    #expect(distance(right) < zBound())
    #expect(distance(wrong) > zBound())
  }

  /// Theory 4.3 and R4c: L = 8 within three standard errors and 0.1 nat of Kaufman.
  @Test(arguments: [
    (0.2, 47.01014742), (0.4, 56.59938876), (LikelihoodTests.critical, 60.14178079),
  ])
  func bondMachineOfSizeEight(_ coupling: Double, _ isingLogZ: Double) throws {
    let machine = LikelihoodTests.bondMachine(size: 8, coupling: coupling)
    let exact = isingLogZ + 128 * (coupling + log(2))
    let estimate = try evaluator(chains: 500, temperatures: 10_000, seed: 7)
      .logPartitionFunction(of: machine)
    let error = (estimate.interval.upperBound - estimate.interval.lowerBound) / 2 / 1.96
    #expect(estimate.isResolved)
    #expect(abs(estimate.value - exact) < 3 * error)
    #expect(abs(estimate.value - exact) < 0.1)
  }

  /// The 95 % interval contains the enumerated ln Z in 95 % of random machines, or says unresolved.
  ///
  /// Acceptance: the exact binomial interval at α = 1e-6 around 95 %; a mutant whose
  /// intervals are half as long must fall out of it.
  @Test(arguments: [0.3, 1.0, 2.5])
  func intervalsCoverTheTruth(_ scale: Double) throws {
    let machines = 400
    var covered = 0
    var resolved = 0
    var coveredByShort = 0
    for seed in 0..<UInt64(machines) {
      let machine = Pairing(visible: .bernoulli, hidden: .bernoulli)
        .machine(visible: 8, hidden: 8, scale: scale, seed: 1000 + seed)
      let exact = try ExactEnumeration.logPartitionFunction(of: machine)
      let estimate = try evaluator(chains: 128, temperatures: 60, seed: testSeed(seed))
        .logPartitionFunction(of: machine)
      guard estimate.isResolved else { continue }
      resolved += 1
      if estimate.interval.contains(exact) { covered += 1 }
      let low = estimate.value + (estimate.interval.lowerBound - estimate.value) / 2
      let high = estimate.value + (estimate.interval.upperBound - estimate.value) / 2
      if low <= exact, exact <= high { coveredByShort += 1 }
    }
    let band = binomialAcceptance(trials: resolved, probability: 0.95, alpha: 1e-6)
    #expect(band.contains(covered), "covered \(covered) of \(resolved) resolved, band \(band)")
    if resolved > machines / 2 { #expect(!band.contains(coveredByShort)) }
  }

  @Test func schedulesAscend() {
    let schedule = AnnealingSchedule.salakhutdinovMurray
    #expect(schedule.count == 14_501)
    #expect(zip(schedule, schedule.dropFirst()).allSatisfy { $0 < $1 })
    let variances = (0..<300).map { 1e-4 * Double($0) }
    let equal = AnnealingSchedule.equalDissipation(
      pilot: AnnealingSchedule.linear(temperatures: 301), variances: variances, temperatures: 1000)
    #expect(equal.first == 0 && equal.last == 1)
    #expect(zip(equal, equal.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test func threadsDoNotChangeTheBits() throws {
    for pairing in Pairing.all {
      let machine = pairing.machine(visible: 70, hidden: 35, scale: 0.05, seed: 61)
      let base = IndependentUnits(baseRateOf: machine)
      let sampling = AnnealedImportanceSampling(
        schedule: AnnealingSchedule.linear(temperatures: 20), chains: 150, seed: 5)
      let one = sampling.run(machine, base: base, workers: Workers(count: 1))
      for threads in [2, 3] {
        let many = sampling.run(machine, base: base, workers: Workers(count: threads))
        #expect(one.logWeights == many.logWeights, "\(pairing), \(threads) threads")
      }
    }
  }
}
