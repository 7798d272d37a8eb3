internal import Foundation
public import NumericalCore

/// Samples of a machine by many independent chains of block Gibbs sampling.
public struct GibbsSampling: Sendable {
  /// Sweeps that each chain makes.
  public var sweeps = 1000
  /// The seed of the streams.
  public var seed: UInt64 = 0
  /// The threads.
  public var workers = Workers()

  /// The defaults.
  public init() {}

  /// What sampling brought back.
  public struct Result: Sendable {
    /// The visible states of the chains at the end.
    public let states: StateMatrix
    /// The integrated autocorrelation time of the effective energy F(v), in sweeps, as measured on
    /// sweeps after the end; a lower bound when ``autocorrelationResolved`` is false.
    public let statisticalInefficiency: Double
    /// Whether the measurement was long enough to be believed.
    public let autocorrelationResolved: Bool
    /// Split R-hat of the effective energy over the measured chains.
    public let potentialScaleReduction: Double
  }

  /// Samples from `start` on, one chain a row.
  ///
  /// After the asked sweeps, up to 64 of the chains go on for the measurement of the autocorrelation
  /// time: at least 200 sweeps, then as long as the time grows with them, at most `maximumSweeps`.
  /// These extra sweeps do not change the states returned.
  ///
  /// - Parameter kept: For each visible unit whether it keeps its value (in-painting), or nil.
  public func run(
    _ machine: RestrictedBoltzmannMachine, from start: StateMatrix, kept: [Bool]? = nil,
    maximumSweeps: Int = 3200, progress: (Double) -> Void = { _ in }
  ) -> Result {
    LinearAlgebra.useOneThread()
    let form = BernoulliForm(machine)
    var visible = start
    let clamp = kept.map { Clamp(visible: start, kept: $0) }
    let sampler = GibbsSampler(form: form, chains: start.rows, workers: workers)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: start.rows)
    sampler.lanes.seedAll(seed: seed, purpose: .samples)
    let step = max(1, min(100, sweeps / 20))
    var done = 0
    while done < sweeps {
      let now = min(step, sweeps - done)
      sampler.run(visible: &visible, hidden: &hidden, sweeps: now, clamped: clamp)
      done += now
      progress(Double(done) / Double(sweeps))
    }
    let energies = measure(form, visible, kept: kept, maximumSweeps: maximumSweeps)
    let length = energies.first?.count ?? 0
    let effective = effectiveSampleSize(of: energies)
    let inefficiency = max(1, Double(length * energies.count) / max(effective, 1e-9))
    return Result(
      states: visible, statisticalInefficiency: inefficiency,
      autocorrelationResolved: Double(length) >= 20 * inefficiency,
      potentialScaleReduction: NumericalCore.potentialScaleReduction(of: energies))
  }

  /// F(v) of some chains over sweeps that go on from `states`.
  private func measure(
    _ form: BernoulliForm, _ states: StateMatrix, kept: [Bool]?, maximumSweeps: Int
  ) -> [[Double]] {
    let count = min(64, states.rows)
    var visible = states.selectingRows((0..<count).map { $0 * states.rows / count })
    let clamp = kept.map { Clamp(visible: visible, kept: $0) }
    let sampler = GibbsSampler(form: form, chains: count, workers: workers)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: count)
    sampler.lanes.seedAll(seed: seed, purpose: .samples, step: 1)
    var energies = [[Double]](repeating: [], count: count)
    var target = 200
    while true {
      while (energies.first?.count ?? target) < target {
        sampler.run(visible: &visible, hidden: &hidden, sweeps: 1, clamped: clamp)
        for (chain, energy) in form.freeEnergies(of: visible, workers: workers).enumerated() {
          energies[chain].append(energy)
        }
      }
      // Long enough: twenty autocorrelation times a chain.
      if target >= maximumSweeps { return energies }
      if effectiveSampleSize(of: energies) >= 20 * Double(count) { return energies }
      target *= 2
    }
  }

  /// Chains that start at independent noise: fair coins, uniform colours, N(0, σ²).
  public static func noise(
    for machine: RestrictedBoltzmannMachine, count: Int, seed: UInt64
  ) -> StateMatrix {
    Trainer.randomStates(
      of: machine, rows: count, means: nil, seed: seed, purpose: .initialChains, step: 0)
  }
}
