internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore

/// The machines that entries run on.
enum ReproductionMachines {
  /// A machine of 0/1 units with normal parameters.
  static func random(
    visible: Int, hidden: Int, scale: Double, seed: UInt64
  ) -> RestrictedBoltzmannMachine {
    var random = RandomStream(
      seed: seed, purpose: .initialWeights, index: UInt64(visible), step: UInt64(hidden))
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .bernoulli, count: visible),
      hidden: Layer(kind: .bernoulli, count: hidden))
    for i in 0..<visible {
      machine.visible.biases[i] = Float(scale * random.normal())
      for j in 0..<hidden { machine.weights[i, j] = Float(scale * random.normal()) }
    }
    for j in 0..<hidden { machine.hidden.biases[j] = Float(scale * random.normal()) }
    return machine
  }

  /// A machine of 0/1 units trained by PCD on all bars and stripes of a side.
  static func barsAndStripes(
    side: Int, hidden: Int, updates: Int, gibbsSteps: Int = 10, chains: Int = 256, seed: UInt64,
    workers: Workers
  ) throws(SzilardError) -> (machine: RestrictedBoltzmannMachine, data: StateMatrix) {
    let data = try DataSet.load("bars-and-stripes:size=\(side)").states(for: .bernoulli)
    var options = TrainingOptions()
    options.learningRate = 0.05
    options.updates = updates
    options.batchSize = data.rows
    options.chains = chains
    options.gibbsSteps = gibbsSteps
    options.initialWeightScale = 0.1
    options.seed = seed
    let machine = RestrictedBoltzmannMachine.initial(
      visible: .bernoulli, hidden: .bernoulli, hiddenCount: hidden, data: data,
      scale: options.initialWeightScale, seed: seed)
    let trainer = Trainer(machine: machine, data: data, options: options, workers: workers)
    for _ in 0..<updates { try trainer.step() }
    return (trainer.machine, data)
  }

  /// The machine whose visible units are the Ising model on an L × L torus: a hidden spin a bond.
  ///
  ///     W = w at both ends of a bond,  cosh 2w = e^{2K},   ln Z = ln Z_Ising(K) + 2 L² (K + ln 2)
  static func bonds(
    of ising: IsingModel
  ) -> (machine: RestrictedBoltzmannMachine, logPartitionFunction: Double) {
    let side = ising.size
    let sites = side * side
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .spin, count: sites), hidden: Layer(kind: .spin, count: 2 * sites))
    let weight = Float(acosh(exp(2 * ising.inverseTemperature)) / 2)
    for row in 0..<side {
      for column in 0..<side {
        let site = row * side + column
        let right = row * side + (column + 1) % side
        let down = (row + 1) % side * side + column
        for (bond, end) in [(2 * site, right), (2 * site + 1, down)] {
          machine.weights[site, bond] += weight
          machine.weights[end, bond] += weight
        }
      }
    }
    // The weight is rounded to Float: the coupling that the machine has is the rounded one's.
    let coupling = log(cosh(2 * Double(weight))) / 2
    let rounded = IsingModel(size: side, inverseTemperature: coupling)
    return (
      machine, rounded.logPartitionFunction + 2 * Double(sites) * (coupling + log(2))
    )
  }
}
