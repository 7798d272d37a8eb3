import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Fluctuation theorems and entropy production by listing all states: no randomness, no false alarms.
@Suite struct ThermodynamicsExactTests {
  static let sizes = [(4, 3), (6, 4)]
  static let baths = [0.6, 1.4]
  static let reversible: [GibbsSequence] = [
    .palindrome(), .init([.visible, .hidden, .visible]), .palindrome(sweeps: 3), .init([.either]),
    .init([.either, .either, .either]),
  ]
  static let sweeps: [GibbsSequence] = [.init([.hidden, .visible]), .init([.visible, .hidden])]

  private func machines(
    _ pairing: Pairing = Pairing(visible: .bernoulli, hidden: .bernoulli)
  ) throws -> [EnumeratedMachine] {
    try ThermodynamicsExactTests.sizes.enumerated().compactMap { index, size in
      // The larger size for one pairing is enough: it has a million pairs of states.
      if size.0 > 4, pairing.description != "bernoulli-bernoulli" { return nil }
      return try EnumeratedMachine(
        pairing.machine(visible: size.0, hidden: size.1, seed: 40 + UInt64(index)))
    }
  }

  // MARK: Heat exchange (R1)

  @Test(arguments: Pairing.discrete)
  func integralTheoremHoldsForEverySequence(_ pairing: Pairing) throws {
    let sequences =
      ThermodynamicsExactTests.reversible + ThermodynamicsExactTests.sweeps + [.sweeps(10)]
    for machine in try machines(pairing) {
      for bath in ThermodynamicsExactTests.baths {
        for moves in sequences {
          let average = machine.integralHeatAverage(bath: bath, moves: moves)
          #expect(abs(average - 1) < 1e-12, "\(moves) at \(bath)")
        }
      }
    }
  }

  @Test(arguments: Pairing.discrete)
  func detailedTheoremHoldsForPalindromesAlone(_ pairing: Pairing) throws {
    for machine in try machines(pairing) {
      for bath in ThermodynamicsExactTests.baths {
        for moves in ThermodynamicsExactTests.reversible {
          let heat = try machine.heatDistribution(bath: bath, moves: moves)
          #expect(
            heat.detailedViolation(inverseTemperatureDifference: 1 - bath) < 1e-8, "\(moves)")
          #expect(
            try machine.detailedBalanceViolation(inverseTemperature: bath, moves: moves) < 1e-15)
          // Second law, and the integral theorem from the distribution itself.
          #expect((1 - bath) * heat.mean > 0)
          let average = zip(heat.values, heat.probabilities).reduce(0) {
            $0 + $1.1 * exp(-(1 - bath) * $1.0)
          }
          #expect(abs(average - 1) < 1e-10)
          #expect(abs(heat.probabilities.reduce(0, +) - 1) < 1e-12)
        }
        // The negative control: a sweep is not its own reversal.
        for moves in ThermodynamicsExactTests.sweeps {
          let heat = try machine.heatDistribution(bath: bath, moves: moves)
          #expect(
            heat.detailedViolation(inverseTemperatureDifference: 1 - bath) > 1e-2, "\(moves)")
          #expect(
            try machine.detailedBalanceViolation(inverseTemperature: bath, moves: moves) > 1e-6)
        }
        // A wrong temperature is seen.
        let heat = try machine.heatDistribution(bath: bath, moves: .palindrome())
        #expect(heat.detailedViolation(inverseTemperatureDifference: 1.1 * (1 - bath)) > 1e-2)
      }
    }
  }

  /// p_F(Q)/p_R(−Q) = e^{(β₁ − β₂)Q} with the reversed order of moves, for any sequence.
  @Test func sweepsObeyTheTheoremAgainstTheirReversal() throws {
    let moves = GibbsSequence([.hidden, .visible])
    for machine in try machines() {
      let forward = try machine.heatDistribution(bath: 0.6, moves: moves)
      let reverse = try machine.heatDistribution(bath: 0.6, moves: moves.reversed)
      #expect(forward.values.count == reverse.values.count)
      let last = reverse.values.count - 1
      for index in forward.values.indices {
        let ratio = log(forward.probabilities[index] / reverse.probabilities[last - index])
        #expect(abs(ratio - 0.4 * forward.values[index]) < 1e-8)
      }
    }
  }

  @Test func tenSweepsForgetAndBecomeSymmetric() throws {
    let machine = try machines()[0]
    let heat = try machine.heatDistribution(bath: 0.6, moves: .sweeps(10))
    let short = try machine.heatDistribution(bath: 0.6, moves: .sweeps(1))
    #expect(
      heat.detailedViolation(inverseTemperatureDifference: 0.4)
        < 1e-2 * short.detailedViolation(inverseTemperatureDifference: 0.4))
  }

  // MARK: The kernels as they run

  @Test(arguments: Pairing.discrete)
  func theKernelsLeaveTheMachineInvariant(_ pairing: Pairing) throws {
    for machine in try machines(pairing) {
      for beta in [0.5, 1, 1.3] {
        let exact = machine.transition(inverseTemperature: beta)
        let kernels = machine.kernelTransition(inverseTemperature: beta)
        for (a, b) in zip(exact.hiddenGivenVisible, kernels.hiddenGivenVisible) {
          #expect(abs(a - b) < 1e-6)
        }
        for (a, b) in zip(exact.visibleGivenHidden, kernels.visibleGivenHidden) {
          #expect(abs(a - b) < 1e-6)
        }
        #expect(
          machine.stationarityViolation(of: exact, inverseTemperature: beta) < 1e-14)
        #expect(
          machine.stationarityViolation(of: kernels, inverseTemperature: beta) < 1e-6)
      }
      // Kernels at another temperature, or of another machine, are seen.
      #expect(
        machine.stationarityViolation(of: machine.kernelTransition(inverseTemperature: 0.9)) > 1e-4)
      var broken = machine.machine
      broken.hidden.biases[0] += 0.5
      #expect(
        machine.stationarityViolation(of: try EnumeratedMachine(broken).kernelTransition()) > 1e-4)
    }
  }

  // MARK: Contrastive divergence (R3)

  @Test(arguments: Pairing.discrete, [0.7, 1.0])
  func contrastiveDivergenceIsEntropyProduction(_ pairing: Pairing, _ beta: Double) throws {
    for machine in try machines(pairing) {
      var random = RandomStream(seed: 6, purpose: .test)
      let weights = (0..<machine.visibleStateCount).map { $0 % 3 == 0 ? 0 : random.uniform() }
      let total = weights.reduce(0, +)
      let data = weights.map { $0 / total }
      let result = machine.contrastiveDivergence(
        from: data, sweeps: 512, inverseTemperature: beta)
      #expect(result.identityViolation < 1e-12)
      #expect(result.leastProduction > -1e-12)
      let last = try #require(result.steps.last)
      // KL(data ‖ model), from the marginal of the joint equilibrium.
      let model = machine.visibleMarginal(of: machine.equilibrium(inverseTemperature: beta))
      let limit = zip(data, model).reduce(0) { $1.0 > 0 ? $0 + $1.0 * log($1.0 / $1.1) : $0 }
      #expect(abs(last.contrastiveDivergence - limit) < 1e-9)
      #expect(abs(result.steps[0].divergence - limit) < 1e-12)
      #expect(result.steps[1].contrastiveDivergence > 1e-3)
      // The negative control: the heat at another temperature does not balance.
      let step = result.steps[1]
      #expect(
        abs(step.contrastiveDivergence - (step.systemEntropyChange - 1.2 * beta * step.heat)) > 1e-3
      )
    }
  }

  @Test func equilibriumProducesNoEntropy() throws {
    for machine in try machines() {
      let marginal = machine.visibleMarginal(of: machine.equilibrium())
      let result = machine.contrastiveDivergence(from: marginal, sweeps: 3)
      #expect(abs(result.steps[3].contrastiveDivergence) < 1e-13)
    }
  }

  // MARK: Annealing (R4a)

  @Test(arguments: Pairing.discrete)
  func annealingIsJarzynskiForAnyLadder(_ pairing: Pairing) throws {
    let ladders: [[Double]] = [
      [0, 1], [0, 0.5, 1], [0, 0.9, 0.1, 1.3, 0.4, 1],
      AnnealingSchedule.linear(temperatures: 30),
    ]
    for machine in try machines(pairing) {
      let base = IndependentUnits(baseRateOf: machine.machine)
      for ladder in ladders {
        let result = machine.annealing(ladder: ladder, base: base)
        #expect(result.violation < 1e-12, "\(ladder)")
        #expect(result.dissipatedWork > -1e-12)
      }
      // ln Z of the end is that of the machine.
      let form = BernoulliForm(machine.machine)
      let ratio = machine.annealing(ladder: [0, 1], base: base).logPartitionRatio
      #expect(
        abs(
          ratio + base.logPartitionFunction(of: form) + form.offset
            - machine.logPartitionFunction()) < 1e-5)
      // A slower ladder dissipates less.
      let slow = machine.annealing(ladder: ladders[3], base: base).dissipatedWork
      #expect(slow < machine.annealing(ladder: [0, 1], base: base).dissipatedWork)
    }
  }

  /// The sampler's works have the exact mean; α = 1e-9.
  @Test(arguments: Pairing.discrete)
  func sampledWorksHaveTheExactMean(_ pairing: Pairing) throws {
    let seed = testSeed(31)
    let machine = try machines(pairing)[0]
    let base = IndependentUnits(baseRateOf: machine.machine)
    let ladder = [0, 0.3, 0.7, 1]
    let exact = machine.annealing(ladder: ladder, base: base)
    let run = AnnealedImportanceSampling(schedule: ladder, chains: 40_000, seed: seed)
      .run(machine.machine, base: base, workers: Workers(count: 1))
    let works = StreamingMoments(run.logWeights.map { -$0 })
    #expect(abs(works.mean - exact.meanWork) < zBound() * works.standardError, "seed \(seed)")
    // The mutant: another ladder has another mean work.
    let other = machine.annealing(ladder: [0, 1], base: base)
    #expect(abs(works.mean - other.meanWork) > zBound() * works.standardError, "seed \(seed)")
  }

  // MARK: What cannot be listed

  @Test func machinesThatCannotBeListedAreRefused() {
    for (visible, hidden, count) in [
      (UnitKind.gaussian, UnitKind.bernoulli, 3), (.bernoulli, .gaussian, 3),
      (.bernoulli, .bernoulli, 8),
    ] {
      let machine = RestrictedBoltzmannMachine(
        visible: Layer(kind: visible, count: count), hidden: Layer(kind: hidden, count: count))
      #expect(throws: SzilardError.self) { try EnumeratedMachine(machine) }
    }
    #expect(throws: SzilardError.self) {
      try EnumeratedMachine(
        Pairing.all[0].machine(visible: 7, hidden: 5, seed: 1)
      ).heatDistribution(bath: 0.6, moves: .palindrome())
    }
  }

  @Test func sequencesAreRead() {
    #expect(GibbsSequence("h,v,h") == .palindrome())
    #expect(GibbsSequence("h,v,h,v,h") == .palindrome(sweeps: 2))
    #expect(GibbsSequence("h,v")?.isReversible == false)
    #expect(GibbsSequence("h,v")?.reversed == GibbsSequence("v,h"))
    #expect(GibbsSequence("r")?.isReversible == true)
    for text in ["", "h,", "x", "h v"] { #expect(GibbsSequence(text) == nil) }
    #expect(GibbsSequence.palindrome().description == "h,v,h")
  }
}
