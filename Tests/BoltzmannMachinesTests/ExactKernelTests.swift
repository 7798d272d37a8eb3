import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// The kernels leave the Boltzmann distribution unchanged: exactly as matrices, and as they run.
@Suite struct ExactKernelTests {
  /// π(v, h) and the matrix of "all hidden given visible" and "all visible given hidden".
  private func joint(_ machine: RestrictedBoltzmannMachine) -> (
    pi: [[Double]], hiddenStep: [[Double]], visibleStep: [[Double]]
  ) {
    let v = allStates(of: machine.visible).values
    let h = allStates(of: machine.hidden).values
    let energies = v.map { v in h.map { -machine.energy(visible: v, hidden: $0) } }
    let logZ = logSumExp(energies.flatMap { $0 })
    let pi = energies.map { $0.map { exp($0 - logZ) } }
    let hiddenStep = v.map { v in
      let fields = machine.hiddenFields(visible: v)
      return h.map {
        RestrictedBoltzmannMachine.probability(of: $0, in: machine.hidden, fields: fields)
      }
    }
    let visibleStep = h.map { h in
      let fields = machine.visibleFields(hidden: h)
      return v.map {
        RestrictedBoltzmannMachine.probability(of: $0, in: machine.visible, fields: fields)
      }
    }
    return (pi, hiddenStep, visibleStep)
  }

  /// max |π P − π| of a sweep: h given v, then v given h.
  private func drift(
    pi: [[Double]], hiddenStep: [[Double]], visibleStep: [[Double]]
  ) -> Double {
    let visible = pi.map { $0.reduce(0, +) }
    var hidden = [Double](repeating: 0, count: visibleStep.count)
    for (v, p) in visible.enumerated() {
      for h in hidden.indices { hidden[h] += p * hiddenStep[v][h] }
    }
    var worst = 0.0
    for v in pi.indices {
      for h in hidden.indices {
        worst = max(worst, abs(hidden[h] * visibleStep[h][v] - pi[v][h]))
      }
    }
    return worst
  }

  @Test(arguments: Pairing.discrete)
  func sweepLeavesTheBoltzmannDistributionUnchanged(_ pairing: Pairing) {
    for seed in UInt64(0)..<5 {
      let machine = pairing.machine(seed: seed)
      let (pi, hiddenStep, visibleStep) = joint(machine)
      #expect(drift(pi: pi, hiddenStep: hiddenStep, visibleStep: visibleStep) <= 1e-12)
    }
  }

  @Test(arguments: Pairing.discrete)
  func aKernelWithoutABiasIsNoticed(_ pairing: Pairing) {
    let machine = pairing.machine(seed: 3)
    var broken = machine
    broken.hidden.biases[0] += 0.5
    let (pi, _, visibleStep) = joint(machine)
    let (_, wrongStep, _) = joint(broken)
    #expect(drift(pi: pi, hiddenStep: wrongStep, visibleStep: visibleStep) > 1e-4)
  }

  /// The probabilities that the kernels draw from are the reference's.
  @Test(arguments: Pairing.discreteVisible)
  func conditionalMeansAreTheReference(_ pairing: Pairing) {
    for (count, hiddenCount) in [(4, 3), (5, 17), (3, 40)] {
      let machine = pairing.machine(visible: count, hidden: hiddenCount, seed: 11)
      let (states, values) = allStates(of: machine.visible)
      let form = BernoulliForm(machine)
      let sampler = GibbsSampler(form: form, chains: states.rows, workers: Workers(count: 2))
      var means = Matrix<Float>(rows: states.rows, columns: hiddenCount)
      sampler.hiddenMeans(of: states, into: &means)
      for (row, v) in values.enumerated() {
        let fields = machine.hiddenFields(visible: v)
        let expected = RestrictedBoltzmannMachine.means(of: machine.hidden, fields: fields)
        for j in 0..<hiddenCount {
          // The 0/1 form's mean, in native values.
          let mean = Double(
            means[row, j] * machine.hidden.kind.bitScale + machine.hidden.kind.bitShift)
          #expect(isClose(mean, expected[j], relative: 2e-6, absolute: 2e-6))
        }
      }
    }
  }

  /// Chains drawn exactly from the distribution stay there, whatever the mixing time.
  ///
  /// The kernels as they run, for one and four sweeps; α = 1e-9 per assertion.
  @Test(arguments: Pairing.discreteVisible)
  func runningKernelsAreStationary(_ pairing: Pairing) {
    let seed = testSeed(5)
    let machine = pairing.machine(visible: 4, hidden: 5, scale: 0.9, seed: 2)
    for sweeps in [1, 4] {
      let counts = run(machine, exactStartOf: machine, sweeps: sweeps, seed: seed)
      expectCounts(counts, probabilities: machine.visibleProbabilities, seed: seed)
    }
  }

  /// The same test sees a machine whose bias the kernels do not know of.
  @Test(arguments: Pairing.discreteVisible)
  func aMissingBiasIsSeen(_ pairing: Pairing) {
    let machine = pairing.machine(visible: 4, hidden: 5, scale: 0.9, seed: 2)
    var broken = machine
    for i in broken.visible.biases.indices { broken.visible.biases[i] += i % 2 == 0 ? 0.5 : -0.5 }
    let counts = run(broken, exactStartOf: machine, sweeps: 4, seed: 5)
    #expect(countsViolation(counts, probabilities: machine.visibleProbabilities) != nil)
  }

  private func run(
    _ machine: RestrictedBoltzmannMachine, exactStartOf start: RestrictedBoltzmannMachine,
    sweeps: Int, seed: UInt64
  ) -> [Int] {
    let chains = 100_000
    let states = allStates(of: start.visible).states
    var cumulative: [Double] = []
    for p in start.visibleProbabilities { cumulative.append((cumulative.last ?? 0) + p) }
    var random = RandomStream(seed: seed, purpose: .test, index: 9)
    let rows = (0..<chains).map { _ in
      let u = random.uniform()
      return min(cumulative.firstIndex { u < $0 } ?? 0, states.rows - 1)
    }
    var visible = states.selectingRows(rows)
    let form = BernoulliForm(machine)
    let sampler = GibbsSampler(form: form, chains: chains, workers: Workers())
    sampler.lanes.seedAll(seed: seed, purpose: .test)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: chains)
    sampler.run(visible: &visible, hidden: &hidden, sweeps: sweeps)
    return stateCounts(visible, of: states.rows)
  }

  /// Gaussian visible units: the mean and covariance of a stationary chain are the exact ones.
  @Test(arguments: Pairing.all.filter { $0.visible == .gaussian })
  func gaussianVisibleUnitsAreStationary(_ pairing: Pairing) {
    let seed = testSeed(8)
    let machine = pairing.machine(visible: 3, hidden: 4, scale: 0.35, seed: 4)
    let chains = 200_000
    let form = BernoulliForm(machine)
    var visible = GibbsSampling.noise(for: machine, count: chains, seed: seed)
    let sampler = GibbsSampler(form: form, chains: chains, workers: Workers())
    sampler.lanes.seedAll(seed: seed, purpose: .test)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: chains)
    // Strongly coupled modes of these machines relax within a few sweeps; 60 leave no memory.
    sampler.run(visible: &visible, hidden: &hidden, sweeps: 60)
    guard case .reals(let reals) = visible else { return }
    let exact = exactGaussianMoments(machine)
    for i in 0..<3 {
      let values = (0..<chains).map { Double(reals[$0, i]) }
      let mean = values.reduce(0, +) / Double(chains)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(chains)
      let error = (exact.variance[i] / Double(chains)).squareRoot()
      #expect(abs(mean - exact.mean[i]) < zBound() * error, "seed \(seed)")
      // A mixture of Gaussians within reach of one: kurtosis at most 6.
      #expect(
        abs(variance - exact.variance[i])
          < zBound() * exact.variance[i] * (5.0 / Double(chains)).squareRoot(), "seed \(seed)")
    }
  }

  /// Mean and variance of Gaussian visible units, by enumerating discrete hidden units or from the
  /// joint precision matrix.
  private func exactGaussianMoments(
    _ machine: RestrictedBoltzmannMachine
  ) -> (mean: [Double], variance: [Double]) {
    let n = machine.visible.count
    let variances = machine.visible.variances.map(Double.init)
    if machine.hidden.kind != .gaussian {
      let states = allStates(of: machine.hidden).values
      let fields = states.map { machine.visibleFields(hidden: $0) }
      let logs = zip(states, fields).map { h, f in
        RestrictedBoltzmannMachine.logPartition(of: machine.visible, fields: f)
          + zip(h, machine.hidden.biases).reduce(0) { $0 + $1.0 * Double($1.1) }
      }
      let norm = logSumExp(logs)
      var mean = [Double](repeating: 0, count: n)
      var square = [Double](repeating: 0, count: n)
      for (log, field) in zip(logs, fields) {
        for i in 0..<n {
          let m = variances[i] * field[i]
          mean[i] += exp(log - norm) * m
          square[i] += exp(log - norm) * (m * m + variances[i])
        }
      }
      return (mean, (0..<n).map { square[$0] - mean[$0] * mean[$0] })
    }
    // Derivatives of ln Z by the biases, by central differences of the closed form.
    func logZ(_ i: Int, _ shift: Double) -> Double {
      var shifted = machine
      shifted.visible.biases[i] += Float(shift)
      return ExactEnumeration.gaussian(shifted)
    }
    let step = 0.125
    return (
      (0..<n).map { (logZ($0, step) - logZ($0, -step)) / (2 * step) },
      (0..<n).map { (logZ($0, step) - 2 * logZ($0, 0) + logZ($0, -step)) / (step * step) }
    )
  }
}
