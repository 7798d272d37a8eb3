import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// ln Z, effective energies and pseudo-likelihoods against enumeration and closed forms.
@Suite struct LikelihoodTests {
  @Test(arguments: Pairing.discreteVisible)
  func enumerationIsBruteForce(_ pairing: Pairing) throws {
    for (v, h) in [(4, 3), (3, 7), (6, 2), (2, 9)] {
      let machine = pairing.machine(visible: v, hidden: h, seed: UInt64(v * 10 + h))
      let exact = try ExactEnumeration.logPartitionFunction(of: machine)
      #expect(
        isClose(exact, machine.bruteForceLogPartitionFunction, relative: 1e-12, absolute: 1e-11))
    }
  }

  @Test func enumerationTakesLargeFields() throws {
    let machine = Pairing(visible: .bernoulli, hidden: .bernoulli)
      .machine(visible: 9, hidden: 8, scale: 60, seed: 1)
    let exact = try ExactEnumeration.logPartitionFunction(of: machine)
    #expect(isClose(exact, machine.bruteForceLogPartitionFunction, relative: 1e-12))
  }

  /// Both layers give the same ln Z when either is enumerated.
  @Test func gaussianVisibleUnitsAgreeWithQuadrature() throws {
    // One Gaussian visible unit, by the trapezoidal rule (exponentially accurate for such integrands).
    for hidden in [UnitKind.bernoulli, .spin, .gaussian] {
      let machine = Pairing(visible: .gaussian, hidden: hidden)
        .machine(visible: 1, hidden: 3, seed: 6)
      let step = 0.01
      let logs = stride(from: -40.0, to: 40.0, by: step).map {
        -machine.freeEnergy(ofVisible: [$0])
      }
      let quadrature = logSumExp(logs) + log(step)
      let exact = try ExactEnumeration.logPartitionFunction(of: machine)
      #expect(isClose(exact, quadrature, relative: 1e-10, absolute: 1e-10))
    }
  }

  /// Theory 4.1: W = 0, and one hidden unit.
  @Test func closedForms() throws {
    var free = RestrictedBoltzmannMachine(
      visible: Layer(kind: .bernoulli, count: 7), hidden: Layer(kind: .bernoulli, count: 5))
    free.visible.biases = [0.3, -1, 2, 0, 0.5, -0.25, 1]
    free.hidden.biases = [1, -2, 0.5, 0, 3]
    let expected = (free.visible.biases + free.hidden.biases).reduce(0) {
      $0 + softplus(Double($1))
    }
    #expect(isClose(try ExactEnumeration.logPartitionFunction(of: free), expected, relative: 1e-13))
    let one = Pairing(visible: .bernoulli, hidden: .bernoulli).machine(
      visible: 6, hidden: 1, seed: 9)
    let a = one.visible.biases.map(Double.init)
    let w = (0..<6).map { Double(one.weights[$0, 0]) }
    let without = a.reduce(1) { $0 * (1 + exp($1)) }
    let with = zip(a, w).reduce(1) { $0 * (1 + exp($1.0 + $1.1)) }
    let closed = log(without + exp(Double(one.hidden.biases[0])) * with)
    #expect(isClose(try ExactEnumeration.logPartitionFunction(of: one), closed, relative: 1e-13))
  }

  /// The bond machine of theory 4.3: ±1 units, one hidden unit for each bond of the L × L torus,
  /// cosh 2w = e^{2K}.
  static func bondMachine(size: Int, coupling: Double) -> RestrictedBoltzmannMachine {
    let sites = size * size
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .spin, count: sites), hidden: Layer(kind: .spin, count: 2 * sites))
    let w = Float(acosh(exp(2 * coupling)) / 2)
    for y in 0..<size {
      for x in 0..<size {
        let site = y * size + x
        let right = y * size + (x + 1) % size
        let down = (y + 1) % size * size + x
        machine.weights[site, 2 * site] = w
        machine.weights[right, 2 * site] = w
        machine.weights[site, 2 * site + 1] = w
        machine.weights[down, 2 * site + 1] = w
      }
    }
    return machine
  }

  static let critical = log(1 + 2.0.squareRoot()) / 2

  @Test func bondMachineIsTheIsingModel() throws {
    let digits = [
      (0.2, 22.7463938544), (LikelihoodTests.critical, 29.4292249342), (0.6, 34.8643443635),
    ]
    for (coupling, expected) in digits {
      let machine = LikelihoodTests.bondMachine(size: 3, coupling: coupling)
      let exact = try ExactEnumeration.logPartitionFunction(of: machine)
      // Weights are floats: relative rounding 6e-8 of ΣW⟨sσ⟩ about 20.
      #expect(isClose(exact, expected, absolute: 3e-6))
    }
    let machine = LikelihoodTests.bondMachine(size: 3, coupling: LikelihoodTests.critical)
    let converted = machine.convertedToBernoulli()
    let exact = try ExactEnumeration.logPartitionFunction(of: converted.machine)
    #expect(isClose(exact, 1.9149483835, absolute: 1e-5))
  }

  @Test(arguments: Pairing.discreteVisible)
  func conversionsAreExact(_ pairing: Pairing) throws {
    let machine = pairing.machine(visible: 4, hidden: 4, seed: 21)
    let logZ = machine.bruteForceLogPartitionFunction
    let states = allStates(of: machine.visible).states
    let energies = machine.freeEnergies(of: states)
    for (other, offset) in [
      machine.convertedToBernoulli(), machine.convertedToSpin(), machine.inZeroSumGauge(),
    ] {
      #expect(isClose(other.bruteForceLogPartitionFunction + offset, logZ, absolute: 5e-6))
      for (a, b) in zip(other.freeEnergies(of: states), energies) {
        #expect(isClose(a - offset, b, absolute: 2e-5))
      }
    }
  }

  @Test(arguments: Pairing.all)
  func freeEnergiesAreTheReference(_ pairing: Pairing) {
    let machine = pairing.machine(visible: 5, hidden: 20, seed: 31)
    let states: StateMatrix
    if machine.visible.kind == .gaussian {
      states = GibbsSampling.noise(for: machine, count: 300, seed: 4)
    } else {
      states = allStates(of: machine.visible).states
    }
    for (row, energy) in machine.freeEnergies(of: states, workers: Workers(count: 2)).enumerated() {
      let v = RestrictedBoltzmannMachine.values(of: states, row: row, in: machine.visible)
      #expect(isClose(energy, machine.freeEnergy(ofVisible: v), relative: 1e-5, absolute: 1e-5))
    }
  }

  @Test(arguments: Pairing.discreteVisible)
  func pseudoLikelihoodIsBruteForce(_ pairing: Pairing) throws {
    let machine = pairing.machine(visible: 4, hidden: 6, seed: 41)
    let (states, values) = allStates(of: machine.visible)
    let probabilities = machine.visibleProbabilities
    let channels = machine.visible.kind.channels
    let expected = values.map { v in
      (0..<machine.visible.count).reduce(0.0) { sum, i in
        // States that differ from v in unit i only.
        let family = values.indices.filter { k in
          (0..<v.count).allSatisfy { $0 / channels == i || values[k][$0] == v[$0] }
        }
        let here = family.first { values[$0] == v } ?? 0
        return sum + log(probabilities[here] / family.reduce(0) { $0 + probabilities[$1] })
      }
    }
    let mean = try #require(PseudoLikelihood.mean(of: machine, over: states))
    #expect(isClose(mean, expected.reduce(0, +) / Double(expected.count), relative: 1e-5))
  }

  @Test func gaussianMachinesThatDiverge() {
    var machine = Pairing(visible: .gaussian, hidden: .gaussian).machine(seed: 3)
    #expect(throws: Never.self) { try machine.checkNormalisable() }
    machine.weights[0, 0] = 5
    #expect(throws: SzilardError.self) { try machine.checkNormalisable() }
    machine.weights[0, 0] = .nan
    #expect(throws: SzilardError.self) { try machine.checkNormalisable() }
  }
}
