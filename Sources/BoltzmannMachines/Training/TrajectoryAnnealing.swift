internal import Foundation
public import NumericalCore
internal import StochasticThermodynamics

/// Annealed importance sampling along a training run: ln Z as the parameters move.
///
/// Probe chains, of which training knows nothing, follow the parameters θ_0, θ_1, … from the base model
/// without couplings. Each change of the parameters does the work F_new(v) − F_old(v) on a chain; a Gibbs
/// sweep follows. Then, by Jarzynski's identity and for any protocol that does not depend on the probes,
///
///     ln Z_t = ln Z_base + ln ⟨e^{−W_t}⟩
///
/// (Bereux et al. 2024, section 4: "trajectory AIS"). The chains that training itself learns from will not
/// do: each update raises the energy where they are, which is work without a free energy.
///
/// Probes live on islands of sixteen. An island whose effective sample size falls below half is resampled;
/// its running average of e^{−W} stays unbiased (Del Moral, Doucet and Jasra 2006). The islands are
/// independent, so that their spread gives the interval.
///
/// - Complexity: three products of the probes with W a move; memory for the probes.
public final class TrajectoryAnnealing {
  /// Chains of an island.
  public static let islandSize = 16
  /// The part of an island's size below which its effective sample size calls for resampling.
  public static let resamplingThreshold = 0.5

  /// The visible states of the probes.
  public private(set) var states: StateMatrix
  /// Minus the work on each probe since its island was resampled.
  public private(set) var logWeights: [Double]
  /// ln of each island's average of e^{−W} at its last resampling.
  public private(set) var islandLogAverages: [Double]
  /// F(v) of each probe at the parameters that it last moved under.
  public private(set) var energies: [Double]
  /// How many times an island was resampled.
  public private(set) var resamplings = 0
  /// ln Z of the base model.
  public private(set) var baseLogPartitionFunction: Double

  private let seed: UInt64
  private let form: BernoulliForm
  private let sampler: GibbsSampler
  private let workers: Workers
  private var hidden: StateMatrix

  /// Probes at equilibrium in the base model of a machine.
  init(
    machine: RestrictedBoltzmannMachine, form: BernoulliForm, probes: Int, seed: UInt64,
    workers: Workers
  ) {
    let size = TrajectoryAnnealing.islandSize
    let count = (max(probes, size) + size - 1) / size * size
    let base = IndependentUnits(baseRateOf: machine)
    let baseForm = BernoulliForm(base.machine(like: form))
    // Without couplings one sweep is an exact sample.
    let start = GibbsSampler(form: baseForm, chains: count, workers: workers)
    start.lanes.seedAll(seed: seed, purpose: .probes)
    states = StateMatrix(zerosFor: form.visible, rows: count)
    hidden = StateMatrix(zerosFor: form.hidden, rows: count)
    start.run(visible: &states, hidden: &hidden, sweeps: 1)
    energies = baseForm.freeEnergies(of: states, workers: workers)
    baseLogPartitionFunction = base.logPartitionFunction(of: form)
    logWeights = [Double](repeating: 0, count: count)
    islandLogAverages = [Double](repeating: 0, count: count / size)
    self.seed = seed
    self.form = form
    self.workers = workers
    sampler = GibbsSampler(form: form, chains: count, workers: workers)
  }

  /// The number of probes.
  public var count: Int { logWeights.count }

  /// Takes the work of the parameters' change since the last move, and moves by one sweep.
  func advance(update: Int) {
    sampler.lanes.seedAll(seed: seed, purpose: .probes, step: UInt64(update) + 1)
    var driven = energies
    driven.withUnsafeMutableBufferPointer {
      sampler.run(visible: &states, hidden: &hidden, sweeps: 1, startEnergies: $0.baseAddress)
    }
    for k in driven.indices { logWeights[k] += energies[k] - driven[k] }
    energies.withUnsafeMutableBufferPointer {
      if let target = $0.baseAddress { sampler.freeEnergies(of: states, into: target) }
    }
    resample(update: update)
  }

  private func resample(update: Int) {
    let size = TrajectoryAnnealing.islandSize
    var rows = Array(0..<count)
    var changed = false
    for island in islandLogAverages.indices {
      let range = island * size..<(island + 1) * size
      if effectiveFraction(of: range) >= TrajectoryAnnealing.resamplingThreshold { continue }
      let weights = logWeights[range]
      var random = RandomStream(
        seed: seed, purpose: .resampling, index: UInt64(island), step: UInt64(update))
      rows.replaceSubrange(
        range, with: Resampling.systematic(logWeights: weights, uniform: random.uniform()))
      islandLogAverages[island] += logMeanExp(Array(weights))
      for k in range { logWeights[k] = 0 }
      resamplings += 1
      changed = true
    }
    guard changed else { return }
    states = states.selectingRows(rows)
    energies = rows.map { energies[$0] }
  }

  /// (Σw)² / (n Σw²) of some probes.
  private func effectiveFraction(of range: Range<Int>) -> Double {
    var largest = -Double.infinity
    for k in range { largest = max(largest, logWeights[k]) }
    var sum = 0.0
    var squares = 0.0
    for k in range {
      let weight = exp(logWeights[k] - largest)
      sum += weight
      squares += weight * weight
    }
    return sum * sum / (squares * Double(range.count))
  }

  /// ln Z of the machine as it is now; nothing moves.
  public func logPartitionFunction() -> Estimate {
    let now = form.freeEnergies(of: states, workers: workers)
    let size = TrajectoryAnnealing.islandSize
    let islands = islandLogAverages.indices.map { island in
      islandLogAverages[island]
        + logMeanExp(
          (island * size..<(island + 1) * size).map { logWeights[$0] + energies[$0] - now[$0] })
    }
    let estimate = ExponentialAverage.estimate(logWeights: islands, minimumCount: size)
      .scaled(by: 1, plus: baseLogPartitionFunction)
    return Estimate(
      value: estimate.value, interval: estimate.interval, confidence: estimate.confidence,
      method: "annealing along training, \(count) probes, \(resamplings) resamplings",
      effectiveSampleSize: estimate.effectiveSampleSize, verdict: estimate.verdict)
  }

  /// Takes over a saved state.
  func restore(
    states: StateMatrix, logWeights: [Double], islandLogAverages: [Double], energies: [Double],
    resamplings: Int, baseLogPartitionFunction: Double
  ) -> Bool {
    guard states.rows == count, logWeights.count == count, energies.count == count,
      islandLogAverages.count == self.islandLogAverages.count
    else { return false }
    self.states = states
    self.logWeights = logWeights
    self.islandLogAverages = islandLogAverages
    self.energies = energies
    self.resamplings = resamplings
    self.baseLogPartitionFunction = baseLogPartitionFunction
    return true
  }
}
