import DataSets
import Foundation
import Learning
import NumericalCore
import SpectralTheory
import TestSupport
import Testing

@testable import BoltzmannMachines

/// The spectrum of a machine, and of a training.
@Suite struct SpectrumTests {
  private func machine(
    _ kind: UnitKind, _ hidden: UnitKind, _ rows: Int, _ columns: Int
  ) -> RestrictedBoltzmannMachine {
    var random = RandomStream(seed: testSeed(31), purpose: .test)
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: kind, count: rows), hidden: Layer(kind: hidden, count: columns))
    for i in 0..<machine.weights.rows {
      for j in 0..<columns { machine.weights[i, j] = Float(random.normal()) }
    }
    return machine
  }

  /// The spin factor takes singular values to those of the converted machine.
  @Test func nativeValuesConvertToSpins() throws {
    for kinds in [
      (UnitKind.bernoulli, UnitKind.bernoulli), (.bernoulli, .spin), (.spin, .bernoulli),
      (.spin, .spin),
    ] {
      let native = machine(kinds.0, kinds.1, 12, 7)
      let spectrum = try MachineSpectrum(of: native)
      let spins = try MachineSpectrum(of: native.convertedToSpin().machine)
      #expect(spins.spinFactor == 1 && spins.criticalValue == 1)
      #expect(spectrum.criticalValue == 1 / spectrum.spinFactor)
      for (a, b) in zip(spectrum.values, spins.values) {
        #expect(isClose(a * spectrum.spinFactor, b, relative: 1e-6))
      }
      // Kurtosis and outliers do not depend on the convention.
      #expect(spectrum.bulk.outliers == spins.bulk.outliers)
    }
    #expect(try MachineSpectrum(of: machine(.gaussian, .spin, 5, 4)).criticalValue == nil)
  }

  /// At half filling the gain is w/4 for 0/1 units, w for spins; off it, less.
  @Test func theGainIsTheSpectralRadiusOfTheScaledCouplings() throws {
    let spins = machine(.spin, .spin, 9, 6)
    let largest = try #require(try MachineSpectrum(of: spins, keeping: 1).values.first)
    #expect(isClose(MachineSpectrum.gain(of: spins), largest, relative: 1e-6))
    var bits = spins.convertedToBernoulli().machine
    bits.dataMeans = [Float](repeating: 0.5, count: 9)
    #expect(isClose(MachineSpectrum.gain(of: bits), largest, relative: 1e-5))
    var biased = bits
    biased.dataMeans = [Float](repeating: 0.02, count: 9)
    #expect(MachineSpectrum.gain(of: biased) < 0.5 * largest)
    // Potts with two colours is a 0/1 unit: W_0 = 0, W_1 = W.
    var potts = RestrictedBoltzmannMachine(
      visible: Layer(kind: .potts(colours: 2), count: 9), hidden: bits.hidden)
    for i in 0..<9 {
      potts.visible.biases[2 * i + 1] = bits.visible.biases[i]
      for j in 0..<6 { potts.weights[2 * i + 1, j] = bits.weights[i, j] }
    }
    potts.dataMeans = [Float](repeating: 0.5, count: 18)
    #expect(isClose(MachineSpectrum.gain(of: potts), largest, relative: 1e-5))
  }

  @Test func machinesWithoutASpectrumAreRefused() {
    var broken = machine(.spin, .spin, 3, 3)
    broken.weights[1, 1] = .nan
    let nan = #expect(throws: SzilardError.self) { try MachineSpectrum(of: broken) }
    #expect(nan?.kind == .badData)
    let empty = RestrictedBoltzmannMachine(
      visible: Layer(kind: .spin, count: 3), hidden: Layer(kind: .spin, count: 0))
    #expect(throws: SzilardError.self) { try MachineSpectrum(of: empty) }
  }

  private func trainer(_ kind: UnitKind, rate: Double, l2: Double = 0) throws -> Trainer {
    let data = try DataSet.load("bars-and-stripes:size=3,samples=64,seed=3")
      .states(for: kind)
    var options = TrainingOptions()
    options.batchSize = data.rows
    options.chains = 200
    options.gibbsSteps = 2
    options.learningRate = rate
    options.l2 = l2
    options.initialWeightScale = 0.3
    options.seed = testSeed(32)
    return Trainer(
      machine: .initial(
        visible: kind, hidden: kind, hiddenCount: 6, data: data,
        scale: options.initialWeightScale, seed: options.seed),
      data: data, options: options, workers: Workers(count: 1))
  }

  /// With all data in a batch, the velocity with the chains of an update is that update, to rounding.
  @Test(arguments: [UnitKind.bernoulli, .spin], [0, 0.1])
  func theWeightVelocityIsTheUpdate(_ kind: UnitKind, _ l2: Double) throws {
    let trainer = try trainer(kind, rate: 0.1, l2: l2)
    for _ in 0..<20 { try trainer.step() }
    var before = Checkpoint(of: trainer, seconds: 0)
    try trainer.step()
    before.chains = trainer.chains
    let velocity = try #require(
      before.weightVelocity(
        data: trainer.data, weights: nil, options: trainer.options, workers: Workers(count: 1)))
    var largest = 0.0
    for i in 0..<velocity.rows {
      for j in 0..<velocity.columns {
        let step = Double(trainer.machine.weights[i, j]) - Double(before.machine.weights[i, j])
        #expect(isClose(velocity[i, j], step, absolute: 1e-6))
        largest = max(largest, abs(step))
      }
    }
    #expect(largest > 1e-4)
    // Adam's step is no multiple of the gradient.
    var adam = trainer.options
    adam.optimizer = .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8)
    #expect(
      before.weightVelocity(
        data: trainer.data, weights: nil, options: adam, workers: Workers(count: 1)) == nil)
  }

  /// Growth and rotations between two neighbouring updates are those of the theory.
  @Test func modesMoveAsTheGradientSays() throws {
    let trainer = try trainer(.bernoulli, rate: 0.01)
    for _ in 0..<20 { try trainer.step() }
    var before = Checkpoint(of: trainer, seconds: 0)
    try trainer.step()
    before.chains = trainer.chains
    let after = Checkpoint(of: trainer, seconds: 0)
    let data = TrainingSpectrum.TrainingData(
      states: trainer.data, weights: nil, options: trainer.options)
    let components = PrincipalComponents(of: trainer.data)
    var series = TrainingSpectrum(
      keeping: 5, components: components, data: data, workers: Workers(count: 1))
    try series.append(before)
    try series.append(after)
    let motion = try #require(series.motions.first)
    #expect(motion.measured.isFollowed.allSatisfy { $0 })
    for rates in TrainingSpectrum.Rates.allCases {
      let points = motion.points(of: rates)
      #expect(points.count == (rates == .values ? 5 : 10))
      let scale = points.map { abs($0.measured) }.max() ?? 0
      #expect(scale > 1e-5)
      // Of second order in the step: a hundredth of the largest.
      for point in points {
        #expect(isClose(point.predicted, point.measured, absolute: 0.03 * scale), "\(rates)")
      }
      #expect((motion.agreement(of: rates) ?? 0) > 0.999)
    }
    let overlaps = try #require(series.points.first?.overlaps)
    #expect(overlaps.rows == 5 && overlaps.columns == 5)
    #expect(overlaps.elements.allSatisfy { (0...1.0001).contains($0) })
    // Without data there is nothing to predict, and nothing claimed.
    var alone = TrainingSpectrum(
      keeping: 5, components: nil, data: nil, workers: Workers(count: 1))
    try alone.append(before)
    try alone.append(after)
    #expect(alone.motions.first?.predicted == nil)
    #expect(alone.motions.first?.agreement(of: .values) == nil)
  }

  @Test func aRecordKeepsTheSpectrum() throws {
    let spectrum = try MachineSpectrum(of: machine(.bernoulli, .bernoulli, 40, 30), keeping: 0)
    let summary = SpectrumSummary(spectrum)
    #expect(summary.hiddenKurtosis.count == 10 && summary.edges.count == 2)
    let copy = try JSONDecoder().decode(
      SpectrumSummary.self, from: try JSONEncoder().encode(summary))
    #expect(copy.outliers == summary.outliers && copy.noise.verdict == summary.noise.verdict)
  }
}
