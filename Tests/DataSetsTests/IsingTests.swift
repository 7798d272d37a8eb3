import Foundation
import NumericalCore
import Testing

@testable import DataSets

@Suite struct IsingTests {
  static let critical = IsingModel.criticalInverseTemperature

  /// Digits of an independent evaluation of Kaufman's formula.
  @Test(arguments: [
    (3, 0.2, 6.66974460), (3, critical, 9.02021340), (3, 0.6, 11.58769501),
    (4, 0.2, 11.77147036), (4, 0.3, 12.78552333), (4, 0.4, 14.56109302),
    (4, critical, 15.52191546), (4, 0.5, 17.10536712), (4, 0.6, 20.05653288),
    (8, 0.2, 47.01014742), (8, 0.3, 50.60933050), (8, 0.4, 56.59938876),
    (8, critical, 60.14178079), (8, 0.5, 66.34458188), (8, 0.6, 78.14164886),
    (16, 0.2, 188.03988796), (16, 0.3, 202.38323226), (16, 0.4, 225.22884676),
    (16, critical, 238.64225664), (16, 0.5, 263.29621043), (16, 0.6, 310.48703859),
    (32, 0.2, 752.15955177), (32, 0.3, 809.53248866), (32, 0.4, 900.47830776),
    (32, critical, 952.64807955), (32, 0.5, 1051.10498761), (32, 0.6, 1239.86871279),
  ]) func kaufman(_ size: Int, _ coupling: Double, _ expected: Double) {
    let model = IsingModel(size: size, inverseTemperature: coupling)
    #expect(abs(model.logPartitionFunction - expected) < 1e-8)
  }

  /// All states of small tori.
  @Test(arguments: [2, 3, 4]) func enumeration(_ size: Int) {
    let sites = size * size
    var counts: [Int: Double] = [:]
    let any = IsingModel(size: size, inverseTemperature: 0)
    for state in 0..<1 << sites {
      counts[any.energy(of: (0..<sites).map { state >> $0 & 1 == 1 }), default: 0] += 1
    }
    for coupling in [0, 1e-9, 0.01, 0.2, 0.44, IsingTests.critical, 0.7, 2, 10] {
      let model = IsingModel(size: size, inverseTemperature: coupling)
      let ground = Double(-2 * sites)
      var (sum, energy) = (0.0, 0.0)
      for (level, count) in counts {
        let weight = count * exp(-coupling * (Double(level) - ground))
        sum += weight
        energy += weight * Double(level)
      }
      let logZ = log(sum) - coupling * ground
      #expect(abs(model.logPartitionFunction - logZ) < 1e-12 * max(1, abs(logZ)))
      #expect(abs(model.meanEnergy - energy / sum) < 1e-10)
      #expect(abs(model.entropy - (logZ + coupling * energy / sum)) < 1e-9)
    }
  }

  @Test func largeSystems() {
    // Onsager's free energy a site at the critical point: ln 2 / 2 + 2 G / π; the finite torus
    // approaches it like 1 / L².
    let catalan = 0.915965594177219015
    let limit = log(2) / 2 + 2 * catalan / .pi
    let model = IsingModel(size: 1024, inverseTemperature: IsingTests.critical)
    #expect(abs(model.logPartitionFunction / 1048576 - limit) < 1e-6)
    // The frozen system: two states of energy −2N.
    let cold = IsingModel(size: 64, inverseTemperature: 300)
    #expect(abs(cold.logPartitionFunction - (2 * 4096 * 300 + log(2))) < 1e-6)
    #expect(abs(cold.entropy - log(2)) < 1e-6)
  }

  /// The derivative against central differences.
  @Test func energyIsTheDerivative() {
    for size in [5, 16, 33] {
      for coupling in [0.1, 0.3, IsingTests.critical, 0.6] {
        let step = 1e-5
        let model = IsingModel(size: size, inverseTemperature: coupling)
        let above = IsingModel(size: size, inverseTemperature: coupling + step)
        let below = IsingModel(size: size, inverseTemperature: coupling - step)
        let slope = (above.logPartitionFunction - below.logPartitionFunction) / (2 * step)
        #expect(abs(slope + model.meanEnergy) < 1e-6 * abs(slope))
      }
    }
  }

  @Test func sampleValuesAreExact() throws {
    let data = try load("ising:size=4,samples=200,inverse-temperature=0.3,seed=7")
    let model = IsingModel(size: 4, inverseTemperature: 0.3)
    #expect(data.variableKind == .spin && data.unitCount == 16 && data.count == 200)
    #expect(data.exactEntropy == model.entropy)
    for sample in 0..<200 {
      let spins = (0..<16).map { data.value(sample, $0) > 0 }
      #expect(
        data.exactLogLikelihoods?[sample] == model.logProbability(energy: model.energy(of: spins)))
    }
  }

  @Test func sameForAnyNumberOfThreads() throws {
    let text = "ising:size=6,samples=300,seed=3"
    let one = try Generators.generate(text, workers: Workers(count: 1))
    let three = try Generators.generate(text, workers: Workers(count: 3))
    #expect(one.values == three.values)
    #expect(try load(text.replacingOccurrences(of: "seed=3", with: "seed=4")).values != one.values)
  }

  /// The mean energy of independent chains (one sample each, so that Hoeffding's bound holds):
  /// E/N lies in [−2, 2], α = 1e-9, hence |mean − exact| ≤ 4 √(ln(2/α) / 2n).
  @Test(arguments: [0.2, critical, 0.55]) func meanEnergy(_ coupling: Double) throws {
    let model = IsingModel(size: 8, inverseTemperature: coupling)
    #if DEBUG
      let chains = 1000
    #else
      let chains = 20_000
    #endif
    var energies: [Double] = []
    for chain in 0..<chains {
      var sampler = SwendsenWang(
        model: model, stream: RandomStream(seed: 9, purpose: .test, index: UInt64(chain)),
        startsAligned: chain % 2 == 0)
      for _ in 0..<40 { sampler.sweep() }
      energies.append(Double(sampler.energy) / 64)
    }
    let mean = energies.reduce(0, +) / Double(chains)
    let exact = model.meanEnergy / 64
    let bound = 4 * (log(2 / 1e-9) / Double(2 * chains)).squareRoot()
    #expect(abs(mean - exact) <= bound)
    // A sharper bound, asymptotic: z(1e-9) = 6.11 standard errors of independent chains.
    let variance = energies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(chains - 1)
    let standardError = (variance / Double(chains)).squareRoot()
    #expect(abs(mean - exact) <= 6.11 * standardError)
    // The mutant: bonds open with 1 − e^(−K) instead of 1 − e^(−2K) sample another temperature.
    let mutant = IsingModel(size: 8, inverseTemperature: coupling / 2).meanEnergy / 64
    #expect(abs(mean - mutant) > 6.11 * standardError)
  }

  /// The samples of the generator as they are: chains of 64, whose means are independent.
  @Test func generatorMeanEnergy() throws {
    let samples = 64 * 40
    let data = try load("ising:size=8,samples=\(samples),seed=5")
    let entropy = try #require(data.exactEntropy)
    let values = try #require(data.exactLogLikelihoods)
    let means = (0..<40).map { chain in values[64 * chain..<64 * chain + 64].reduce(0, +) / 64 }
    let mean = means.reduce(0, +) / 40
    let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 39
    // Student's t with 39 degrees of freedom, α = 1e-9: 7.97.
    #expect(abs(mean + entropy) <= 7.97 * (variance / 40).squareRoot())
  }
}
