import Foundation
import Learning
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

@Suite struct TrainingTests {
  /// Mean log-likelihood of the data by enumeration, in double precision.
  private func logLikelihood(
    _ machine: RestrictedBoltzmannMachine, _ data: [[Double]]
  ) -> Double {
    -data.reduce(0) { $0 + machine.freeEnergy(ofVisible: $1) } / Double(data.count)
      - machine.bruteForceLogPartitionFunction
  }

  /// The gradient with exact moments of the model is the derivative of the exact log-likelihood.
  @Test(arguments: Pairing.discreteVisible)
  func gradientIsTheDerivative(_ pairing: Pairing) {
    let machine = pairing.machine(visible: 4, hidden: 3, scale: 0.5, seed: 71)
    let (states, values) = allStates(of: machine.visible)
    let rows = [0, 3, 5, 5, 7, 9, 12, 12, 12]
    let gradient = exactGradient(machine, data: states.selectingRows(rows), states, centred: false)
    let data = rows.map { values[$0] }
    let step: Float = 1.0 / 64
    func derivative(_ change: (inout RestrictedBoltzmannMachine, Float) -> Void) -> Double {
      // Richardson's extrapolation of central differences: error of order step⁴.
      func difference(_ h: Float) -> Double {
        var up = machine
        var down = machine
        change(&up, h)
        change(&down, -h)
        return (logLikelihood(up, data) - logLikelihood(down, data)) / Double(2 * h)
      }
      return (4 * difference(step / 2) - difference(step)) / 3
    }
    for i in 0..<machine.visible.size {
      #expect(
        isClose(
          Double(gradient.visible[0, i]), derivative { $0.visible.biases[i] += $1 },
          absolute: 5e-6))
      for j in 0..<machine.hidden.count {
        #expect(
          isClose(
            Double(gradient.weights[i, j]), derivative { $0.weights[i, j] += $1 }, absolute: 5e-6))
      }
    }
    for j in 0..<machine.hidden.count {
      #expect(
        isClose(
          Double(gradient.hidden[0, j]), derivative { $0.hidden.biases[j] += $1 }, absolute: 5e-6))
    }
  }

  /// The centred gradient is the plain one in other coordinates: with offsets μ, λ,
  /// G = ∂W − μ ∂bᵀ − ∂a λᵀ (moments cancel), ∂a_c = ∂a − G λ, ∂b_c = ∂b − Gᵀ μ.
  @Test(arguments: Pairing.discreteVisible)
  func centredGradientIsThePlainOneInOtherCoordinates(_ pairing: Pairing) {
    let machine = pairing.machine(visible: 4, hidden: 3, scale: 0.5, seed: 72)
    let (states, values) = allStates(of: machine.visible)
    let rows = [1, 2, 2, 6, 10, 11]
    let plain = exactGradient(machine, data: states.selectingRows(rows), states, centred: false)
    let centred = exactGradient(machine, data: states.selectingRows(rows), states, centred: true)
    let mu = (0..<machine.visible.size).map { i in
      rows.reduce(0) { $0 + values[$1][i] } / Double(rows.count)
    }
    let means = rows.map {
      RestrictedBoltzmannMachine.means(
        of: machine.hidden, fields: machine.hiddenFields(visible: values[$0]))
    }
    let lambda = (0..<machine.hidden.count).map { j in
      means.reduce(0) { $0 + $1[j] } / Double(rows.count)
    }
    func g(_ i: Int, _ j: Int) -> Double {
      Double(plain.weights[i, j]) - mu[i] * Double(plain.hidden[0, j])
        - Double(plain.visible[0, i]) * lambda[j]
    }
    for i in 0..<machine.visible.size {
      for j in 0..<machine.hidden.count {
        #expect(isClose(Double(centred.weights[i, j]), g(i, j), absolute: 3e-6))
      }
      let shift = (0..<machine.hidden.count).reduce(0) { $0 + g(i, $1) * lambda[$1] }
      #expect(
        isClose(Double(centred.visible[0, i]), Double(plain.visible[0, i]) - shift, absolute: 5e-6))
    }
    for j in 0..<machine.hidden.count {
      let shift = (0..<machine.visible.size).reduce(0) { $0 + g($1, j) * mu[$1] }
      #expect(
        isClose(Double(centred.hidden[0, j]), Double(plain.hidden[0, j]) - shift, absolute: 5e-6))
    }
  }

  private func exactGradient(
    _ machine: RestrictedBoltzmannMachine, data: StateMatrix, _ states: StateMatrix, centred: Bool
  ) -> LikelihoodGradient {
    let form = BernoulliForm(machine)
    let workers = Workers(count: 2)
    var dataMoments = Moments(form: form, rows: data.rows, workers: workers)
    dataMoments.measure(data)
    var modelMoments = Moments(form: form, rows: states.rows, workers: workers)
    modelMoments.measure(states, weights: machine.visibleProbabilities.map { Float($0) })
    var gradient = LikelihoodGradient(form: form)
    gradient.form(
      data: dataMoments, model: modelMoments, visibleKind: machine.visible.kind,
      hiddenKind: machine.hidden.kind, centred: centred, workers: workers)
    return gradient
  }

  /// With W = 0 the machine has the data's means.
  @Test(arguments: Pairing.all)
  func initialBiasesAreTheLogOdds(_ pairing: Pairing) {
    let source = pairing.machine(visible: 5, hidden: 2, scale: 1, seed: 81)
    let data = GibbsSampling.noise(for: source, count: 64, seed: 1)
    let machine = RestrictedBoltzmannMachine.initial(
      visible: source.visible.kind, hidden: source.hidden.kind, hiddenCount: 3, data: data,
      scale: 0, seed: 1)
    let means = RestrictedBoltzmannMachine.means(
      of: machine.visible, fields: machine.visible.biases.map(Double.init))
    for (mean, expected) in zip(means, machine.dataMeans ?? []) {
      #expect(isClose(mean, Double(expected), absolute: 1e-5))
    }
  }

  private func options(_ method: TrainingMethod, adam: Bool = false) -> TrainingOptions {
    var options = TrainingOptions()
    options.method = method
    options.gibbsSteps = 3
    options.chains = 70
    options.batchSize = 40
    options.learningRate = adam ? 0.003 : 0.02
    options.optimizer =
      adam
      ? .adam(firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8)
      : .gradientAscent(momentum: 0.5)
    options.updates = 30
    options.seed = 17
    return options
  }

  private func trainer(
    _ pairing: Pairing, _ options: TrainingOptions, threads: Int
  ) -> Trainer {
    let source = pairing.machine(visible: 30, hidden: 4, scale: 0.3, seed: 91)
    let data = GibbsSampling.noise(for: source, count: 200, seed: 2)
    let machine = RestrictedBoltzmannMachine.initial(
      visible: source.visible.kind, hidden: source.hidden.kind, hiddenCount: 20, data: data,
      scale: 0.01, seed: 3)
    let weights = (0..<200).map { 0.5 + Double($0 % 3) }
    return Trainer(
      machine: machine, data: data, weights: weights, options: options,
      workers: Workers(count: threads))
  }

  @Test(arguments: Pairing.all)
  func threadsDoNotChangeTheBits(_ pairing: Pairing) throws {
    for method in TrainingMethod.allCases {
      let one = trainer(pairing, options(method), threads: 1)
      let two = trainer(pairing, options(method), threads: 2)
      let three = trainer(pairing, options(method), threads: 3)
      for _ in 0..<10 {
        try one.step()
        try two.step()
        try three.step()
      }
      #expect(one.machine == two.machine)
      #expect(one.machine == three.machine)
      #expect(one.chains == two.chains)
      #expect(one.ledger != nil && one.ledger == two.ledger && one.ledger == three.ledger)
      #expect(one.probes?.logWeights == two.probes?.logWeights)
      #expect(one.probes?.states == three.probes?.states)
      #expect(one.chainLogWeights == three.chainLogWeights)
    }
  }

  @Test(arguments: Pairing.all)
  func aResumedRunHasTheSameBits(_ pairing: Pairing) throws {
    try temporaryDirectory { folder in
      for method in TrainingMethod.allCases {
        let adam = method == .cd
        let options = options(method, adam: adam)
        let undisturbed = trainer(pairing, options, threads: 2)
        let first = trainer(pairing, options, threads: 2)
        for _ in 0..<30 { try undisturbed.step() }
        for _ in 0..<13 { try first.step() }
        let path = folder.appendingPathComponent("checkpoint-\(method).safetensors").path
        try Checkpoint(of: first, seconds: 1.5).write(to: path)
        let saved = try Checkpoint(path: path, rule: options.optimizer)
        let source = pairing.machine(visible: 30, hidden: 4, scale: 0.3, seed: 91)
        let second = Trainer(
          machine: saved.machine, data: GibbsSampling.noise(for: source, count: 200, seed: 2),
          weights: (0..<200).map { 0.5 + Double($0 % 3) }, options: options,
          workers: Workers(count: 1), optimizer: saved.optimizer, chains: saved.chains,
          update: saved.update)
        #expect(saved.account != nil)
        try saved.restore(to: second)
        while second.update < 30 { try second.step() }
        #expect(second.machine == undisturbed.machine)
        #expect(second.chains == undisturbed.chains)
        #expect(second.ledger == undisturbed.ledger)
        #expect(second.settledLedger() == undisturbed.settledLedger())
        #expect(second.chainLogWeights == undisturbed.chainLogWeights)
        #expect(second.reservoirLogPartitionFunction == undisturbed.reservoirLogPartitionFunction)
        #expect(second.weightedLogPartitionRatio == undisturbed.weightedLogPartitionRatio)
        #expect(
          second.probes?.logPartitionFunction() == undisturbed.probes?.logPartitionFunction())
      }
    }
  }

  /// Training on a small known distribution reaches its entropy: within 0.05 nat of the best possible.
  @Test(arguments: [TrainingMethod.pcd, .cd])
  func trainingApproachesTheEntropy(_ method: TrainingMethod) throws {
    // Two noisy patterns, each the other's negative.
    var source = Pairing(visible: .bernoulli, hidden: .bernoulli)
      .machine(visible: 6, hidden: 1, scale: 0, seed: 101)
    for i in 0..<6 {
      source.weights[i, 0] = i % 2 == 0 ? 5 : -5
      source.visible.biases[i] = i % 2 == 0 ? -2.5 : 2.5
    }
    let (states, values) = allStates(of: source.visible)
    let probabilities = source.visibleProbabilities
    let rows = probabilities.enumerated().flatMap {
      [Int](repeating: $0.offset, count: Int((5000 * $0.element).rounded()))
    }
    let data = states.selectingRows(rows)
    var options = TrainingOptions()
    options.method = method
    options.learningRate = 0.1
    options.schedule = .linear(final: 0.02)
    options.updates = 3000
    options.gibbsSteps = 5
    options.batchSize = 1000
    options.chains = 1000
    let machine = RestrictedBoltzmannMachine.initial(
      visible: .bernoulli, hidden: .bernoulli, hiddenCount: 6, data: data, scale: 0.05, seed: 1)
    let trainer = Trainer(
      machine: machine, data: data, options: options, workers: Workers())
    while trainer.update < options.updates { try trainer.step() }
    let entropy = rows.reduce(0) { $0 - log(probabilities[$1]) } / Double(rows.count)
    let reached = logLikelihood(trainer.machine, rows.map { values[$0] })
    let begun = logLikelihood(machine, rows.map { values[$0] })
    #expect(reached > -entropy - 0.05, "reached \(reached), bound \(-entropy)")
    #expect(begun < -entropy - 1, "the test must have something to learn: \(begun)")
  }

  @Test func divergenceIsAnErrorAndKeepsTheLastMachine() throws {
    var options = options(.pcd)
    options.learningRate = 1e30
    let trainer = trainer(.init(visible: .gaussian, hidden: .bernoulli), options, threads: 1)
    #expect(throws: SzilardError.self) {
      for _ in 0..<30 { try trainer.step() }
    }
  }
}
