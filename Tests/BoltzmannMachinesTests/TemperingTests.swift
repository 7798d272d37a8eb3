import Foundation
import Learning
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Ladders, their ln Z against enumeration, and their verdicts.
@Suite struct TemperingTests {
  private func options(
    ladders: Int = 64, sweeps: Int = 400, increment: Int = 2, seed: UInt64, threads: Int? = nil
  ) -> TemperingOptions {
    var options = TemperingOptions()
    options.ladders = ladders
    options.sweeps = sweeps
    options.increment = increment
    options.seed = seed
    options.workers = Workers(count: threads)
    return options
  }

  /// How far ln Z strays but with probability α, from the interval of the estimate itself.
  private func bound(_ estimate: Estimate, ladders: Int) -> Double {
    let n = Double(ladders - 1)
    let error =
      (estimate.interval.upperBound - estimate.value) / studentQuantile(0.975, degreesOfFreedom: n)
    return error * -studentQuantile(defaultAlpha / 2, degreesOfFreedom: n)
  }

  @Test(arguments: Pairing.all)
  func logPartitionFunctionsAreThoseOfEnumeration(_ pairing: Pairing) throws {
    let seed = testSeed(3)
    let isReal = pairing.visible == .gaussian || pairing.hidden == .gaussian
    let machine = pairing.machine(visible: 6, hidden: 5, scale: isReal ? 0.5 : 1, seed: 7)
    let result = ParallelTempering.run(machine, options: options(seed: seed))
    let exact = try ExactEnumeration.logPartitionFunction(of: machine)
    let estimate = result.logPartitionFunction
    #expect(estimate.isResolved, "\(estimate) seed \(seed)")
    #expect(
      abs(estimate.value - exact) <= bound(estimate, ladders: 64),
      "\(estimate) for \(exact), seed \(seed)")
    #expect(estimate.interval.upperBound - estimate.interval.lowerBound < 0.3)
    #expect(result.rungs.first?.position == 0 && result.rungs.last?.position == 1)
  }

  /// Intervals hold the truth as often as they say: 300 short runs, exact binomial band at α.
  @Test func intervalsCover() throws {
    let seed = testSeed(11)
    let machine = Pairing(visible: .bernoulli, hidden: .bernoulli)
      .machine(visible: 6, hidden: 5, scale: 1.2, seed: 4)
    let exact = try ExactEnumeration.logPartitionFunction(of: machine)
    let path = TemperingPath(to: machine)
    let ladder = TemperingLadder(on: path, options: options(seed: seed))
    var held = 0
    var tooHigh = 0
    let repeats = 300
    for index in 0..<repeats {
      let exchange = ReplicaExchange(
        machines: ladder.machines(on: path), start: ladder.states.map { $0.selectingRows(0..<32) },
        increment: 1, seed: seed &+ UInt64(index), workers: Workers())
      exchange.advance(rounds: 40)
      let record = ExchangeRecord(of: exchange, rounds: 40)
      exchange.advance(rounds: 40, record: record)
      let all = LadderFreeEnergies(record).logPartitionFunctions(
        bottom: path.knots[0].independentLogPartitionFunction)
      guard let estimate = all.last else { continue }
      if estimate.interval.contains(exact) { held += 1 }
      if estimate.value > exact { tooHigh += 1 }
    }
    let band = binomialAcceptance(trials: repeats, probability: 0.95)
    #expect(band.contains(held), "\(held) of \(repeats) hold, seed \(seed)")
    // The median is not far off: a biased estimate would show here first.
    #expect(binomialAcceptance(trials: repeats, probability: 0.5).contains(tooHigh), "\(tooHigh)")
  }

  /// Works of a Gaussian law with a known ΔF, correlated within ladders; the sign is right.
  @Test func clusteredIntervalsKnowOfCorrelations() {
    let seed = testSeed(13)
    let (difference, spread) = (1.3, 1.1)
    var held = 0
    var heldWithoutClusters = 0
    let repeats = 400
    for index in 0..<repeats {
      var random = RandomStream(seed: seed, purpose: .test, index: UInt64(index))
      // Every ladder repeats each of its works four times: as one sample, four times the count.
      func works(_ ladders: Int, _ visits: Int) -> [(forward: [Double], reverse: [Double])] {
        (0..<ladders).map { _ in
          var result: (forward: [Double], reverse: [Double]) = ([], [])
          for _ in 0..<visits {
            let dissipated = spread * spread / 2
            result.forward.append(difference + dissipated + spread * random.normal())
            result.reverse.append(-difference + dissipated + spread * random.normal())
          }
          return result
        }
      }
      let clean = works(24, 5).map { part in
        (
          forward: part.forward.flatMap { [Double](repeating: $0, count: 4) },
          reverse: part.reverse.flatMap { [Double](repeating: $0, count: 4) }
        )
      }
      let estimate = LadderFreeEnergies(ladders: 24, pairs: 1) { clean[$1] }
        .logPartitionFunctions(bottom: 0)[1]
      if estimate.interval.contains(-difference) { held += 1 }
      // The mutant takes the twenty works of a ladder for independent ones.
      let split = LadderFreeEnergies(ladders: 24 * 20, pairs: 1) { _, k in
        let part = clean[k / 20]
        return ([part.forward[k % 20]], [part.reverse[k % 20]])
      }.logPartitionFunctions(bottom: 0)[1]
      if split.interval.contains(-difference) { heldWithoutClusters += 1 }
    }
    let band = binomialAcceptance(trials: repeats, probability: 0.95)
    #expect(band.contains(held), "\(held) of \(repeats), seed \(seed)")
    #expect(!band.contains(heldWithoutClusters), "\(heldWithoutClusters) of \(repeats)")
  }

  @Test(arguments: [
    Pairing(visible: .bernoulli, hidden: .bernoulli), Pairing(visible: .gaussian, hidden: .spin),
    Pairing(visible: .potts(colours: 3), hidden: .bernoulli),
  ])
  func threadsDoNotMatter(_ pairing: Pairing) {
    let machine = pairing.machine(visible: 20, hidden: 12, scale: 0.5, seed: 2)
    let results = [1, 2, 3].map {
      ParallelTempering.run(
        machine, options: options(ladders: 150, sweeps: 60, seed: 9, threads: $0))
    }
    for other in results.dropFirst() {
      #expect(other.samples == results[0].samples)
      #expect(other.acceptance == results[0].acceptance)
      #expect(other.rungs.map(\.position) == results[0].rungs.map(\.position))
      #expect(other.logPartitionFunction == results[0].logPartitionFunction)
      #expect(other.roundTrips == results[0].roundTrips)
    }
  }

  /// Acceptance from one rung's energies alone: against all pairs, and against erfc(s/2), the exact
  /// value for differences of energy that are normal with variance s².
  @Test func acceptanceIsPredicted() {
    let seed = testSeed(5)
    var random = RandomStream(seed: seed, purpose: .test)
    let few = (0..<40).map { _ in 3 + 1.7 * random.normal() }
    let weights = few.map { exp(-$0) }
    var sum = 0.0
    for i in few.indices {
      for j in few.indices where i != j { sum += min(weights[i], weights[j]) }
    }
    let brute = sum / (39 * weights.reduce(0, +))
    #expect(isClose(TemperingLadder.acceptance(differences: few), brute, relative: 1e-12))
    let many = (0..<200_000).map { _ in -20 + random.normal() }
    // Variance of the weights is e − 1; ten standard errors of their mean bound the ratio's error.
    let tolerance = 2 * zBound() * ((exp(1) - 1) / 200_000).squareRoot()
    #expect(
      abs(TemperingLadder.acceptance(differences: many) - erfc(0.5)) < tolerance, "seed \(seed)")
  }

  /// The ladder exchanges about as often as it was asked to, and has no more rungs than allowed.
  @Test func laddersMeetTheirTarget() {
    let machine = Pairing(visible: .bernoulli, hidden: .bernoulli)
      .machine(visible: 40, hidden: 30, scale: 0.8, seed: 3)
    for target in [0.2, 0.5] {
      var options = options(ladders: 200, sweeps: 400, seed: testSeed(2))
      options.targetAcceptance = target
      let result = ParallelTempering.run(machine, options: options)
      // Rungs are at even distances, in a number that is rounded up: all about the target or above.
      #expect(result.acceptance.allSatisfy { $0 > 0.6 * target }, "\(result.acceptance)")
      // And no more of them than the length of the ladder asks for, but for one that noise may add.
      let length = result.acceptance.reduce(0) { $0 + TemperingLadder.distance(acceptance: $1) }
      let wished = length / TemperingLadder.distance(acceptance: target)
      #expect(result.acceptance.count <= Int(wished.rounded(.up)) + 1, "\(result.acceptance)")
      options.maximumRungs = 3
      #expect(ParallelTempering.run(machine, options: options).rungs.count <= 3)
    }
  }

  @Test func ladderThatIsTooShortIsUnresolved() {
    let machine = Pairing(visible: .bernoulli, hidden: .bernoulli)
      .machine(visible: 60, hidden: 60, scale: 2, seed: 3)
    var options = options(sweeps: 60, seed: 1)
    options.maximumRungs = 2
    let result = ParallelTempering.run(machine, options: options)
    #expect(!result.logPartitionFunction.isResolved)
    #expect(result.verdict != .resolved)
    #expect(result.logPartitionFunction.value.isFinite)
  }

  /// One ladder tells no error, and says so.
  @Test func oneLadderIsUnresolved() {
    let machine = Pairing(visible: .spin, hidden: .spin).machine(seed: 1)
    for ladders in [1, 7] {
      let estimate = ParallelTempering.run(machine, options: options(ladders: ladders, seed: 2))
        .logPartitionFunction
      #expect(!estimate.isResolved)
      #expect((estimate.interval.upperBound == .infinity) == (ladders == 1))
    }
  }

  /// Trajectory tempering on the checkpoints of a small training: ln Z at every rung that can be
  /// enumerated, which all can.
  @Test func trajectoriesTellTheLogPartitionFunctionOfEveryRung() throws {
    let seed = testSeed(21)
    var training = TrainingOptions()
    training.updates = 600
    training.chains = 100
    training.batchSize = 60
    training.learningRate = 0.1
    training.seed = 1
    var bits = BitMatrix(rows: 60, columns: 9)
    for row in 0..<60 {
      let pattern = row % 12 < 6 ? (row % 6 + 1) : 0
      for i in 0..<9 { bits[row, i] = pattern >> (row % 2 == 0 ? i / 3 : i % 3) & 1 == 1 }
    }
    let data = StateMatrix.bits(bits)
    let machine = RestrictedBoltzmannMachine.initial(
      visible: .bernoulli, hidden: .bernoulli, hiddenCount: 8, data: data, scale: 0.01, seed: 1)
    let trainer = Trainer(
      machine: machine, data: data, options: training, workers: Workers(count: 1))
    var checkpoints: [(update: Int, machine: RestrictedBoltzmannMachine)] = []
    while trainer.update < training.updates {
      try trainer.step()
      if trainer.update % 20 == 0 { checkpoints.append((trainer.update, trainer.machine)) }
    }
    var options = options(ladders: 100, sweeps: 1000, seed: seed)
    options.targetAcceptance = 0.8
    let result = try TrajectoryTempering.run(checkpoints: checkpoints, options: options)
    let path = try TemperingPath(along: checkpoints)
    #expect(result.rungs.count > 2)
    #expect(result.rungs.last?.update == 600)
    for rung in result.rungs.dropFirst() {
      let exact = path.machine(at: rung.position).bruteForceLogPartitionFunction
      let estimate = rung.logPartitionFunction
      #expect(estimate.isResolved, "\(estimate) seed \(seed)")
      #expect(
        abs(estimate.value - exact) < bound(estimate, ladders: 100),
        "\(estimate) for \(exact), seed \(seed)")
      #expect(abs(estimate.value - exact) < 0.3)
    }
    #expect(throws: SzilardError.self) {
      try TrajectoryTempering.run(checkpoints: [], options: options)
    }
    let other = RestrictedBoltzmannMachine(
      visible: Layer(kind: .bernoulli, count: 4), hidden: Layer(kind: .bernoulli, count: 8))
    #expect(throws: SzilardError.self) {
      try TrajectoryTempering.run(
        checkpoints: [(0, other)] + checkpoints, options: options)
    }
  }
}
