internal import Foundation
public import NumericalCore
public import StochasticThermodynamics

/// Annealing both ways: forward from the base model, back from samples of the machine, combined by the
/// acceptance ratio.
///
/// The two legs are one work protocol and its reverse. Their works obey Crooks' relation
///
///     p_F(W) / p_R(−W) = e^{W − ΔF},     ΔF = − ln (Z / Z_base),
///
/// so that forward works alone bound ln Z from below, reverse works alone from above (both in the mean,
/// Grosse, Ghahramani and Adams 2015), and Bennett's acceptance ratio of both has the least variance. Each
/// leg dissipates, ⟨W_F⟩ − ΔF and ⟨W_R⟩ + ΔF.
///
/// Samples of the machine are the forward chains where they ended, drawn anew in proportion to e^{−W} and
/// carried on by Gibbs sweeps. They inherit the chance of how many chains reached which mode: a forward chain
/// and the reverse trajectories that began where it ended form one cluster, and the variance over clusters
/// gives the interval. The samples are trusted when their energies do not drift in these sweeps, both
/// legs obey Crooks' relation, and the clusters are worth a quarter of the chains at least; otherwise the forward leg stands alone. A mode that no chain reached is not
/// seen.
public struct BidirectionalAnnealing: Sendable {
  /// The temperatures, from 0 to 1.
  public let schedule: [Double]
  /// Chains of each leg.
  public let chains: Int
  /// The seed of all streams.
  public let seed: UInt64

  /// Annealing along a schedule that ascends from 0 to 1.
  public init(schedule: [Double], chains: Int, seed: UInt64) {
    self.schedule = schedule
    self.chains = chains
    self.seed = seed
  }

  /// Independent trajectories, of the chains of a leg, below which the reverse leg adds nothing.
  public static let leastEffectiveFraction = 0.25

  /// What both legs brought.
  public struct Result: Sendable, Codable {
    /// Temperatures of the schedule.
    public let temperatures: Int
    /// Chains of each leg.
    public let chains: Int
    /// ln Z from the forward leg alone; in the mean a lower bound.
    public let forward: Estimate
    /// ln Z from the reverse leg alone; in the mean an upper bound.
    public let reverse: Estimate
    /// ln Z by the acceptance ratio of both legs.
    public let combined: Estimate
    /// How far p_F(W) and p_R(−W) overlap, 0 to 1.
    public let overlap: Double
    /// ⟨W_F⟩ − ΔF, in nats.
    public let dissipatedWork: Double
    /// ⟨W_R⟩ + ΔF, in nats.
    public let reverseDissipatedWork: Double
    /// Independent trajectories that each leg is worth in the combination.
    public let effectiveTrajectories: Double
    /// Whether the samples that the reverse leg began from are at equilibrium.
    public let equilibration: Check
    /// Crooks' relation between both legs.
    public let crooks: Check
    /// The lower limit of the forward leg to the upper limit of the reverse leg; nil where a leg is
    /// unresolved or the reverse leg is not to be trusted.
    public let bracket: ClosedRange<Double>?
    /// ln Z: the combination, or the forward leg where the reverse leg is not to be trusted.
    public let logPartitionFunction: Estimate

    /// Works done in the forward leg, and in the reverse leg; not in JSON.
    public var works: (forward: [Double], reverse: [Double]) = ([], [])
    /// ln Z of the base model, where the forward leg begins; not in JSON.
    public var baseLogPartitionFunction = 0.0

    private enum CodingKeys: String, CodingKey {
      case temperatures, chains, forward, reverse, combined, overlap, dissipatedWork
      case reverseDissipatedWork, effectiveTrajectories, equilibration, crooks, bracket
      case logPartitionFunction
    }
  }

  /// Runs both legs.
  public func run(
    _ machine: RestrictedBoltzmannMachine, base: IndependentUnits, workers: Workers = Workers(),
    progress: (@Sendable (Double) -> Void)? = nil
  ) -> Result {
    run(form: BernoulliForm(machine), base: base, workers: workers, progress)
  }

  func run(
    form: BernoulliForm, base: IndependentUnits, workers: Workers,
    _ progress: (@Sendable (Double) -> Void)? = nil
  ) -> Result {
    let sampling = AnnealedImportanceSampling(schedule: schedule, chains: chains, seed: seed)
    let forward = sampling.run(form: form, base: base, workers: workers, recordVariances: false) {
      progress?(0.45 * $0)
    }
    var random = RandomStream(seed: seed, purpose: .resampling)
    let ancestors = Resampling.systematic(
      logWeights: forward.logWeights[...], uniform: random.uniform())
    let (starts, equilibration) = samples(form, forward, ancestors, workers: workers)
    let reverse = sampling.run(
      form: form, base: base, workers: workers, recordVariances: false, reverseFrom: starts
    ) { progress?(0.55 + 0.45 * $0) }
    return result(forward, reverse, ancestors, equilibration: equilibration)
  }

  /// Sweeps that carry the samples on before the reverse leg.
  private var relaxationSweeps: Int { max(10, schedule.count / 4) }

  /// Samples of the machine for the reverse leg, and whether they stay where they are.
  private func samples(
    _ form: BernoulliForm, _ forward: AnnealedImportanceSampling.Result, _ ancestors: [Int],
    workers: Workers
  ) -> (StateMatrix, Check) {
    var visible = forward.states.selectingRows(ancestors)
    let before = form.freeEnergies(of: visible, workers: workers)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: chains)
    let sampler = GibbsSampler(form: form, chains: chains, workers: workers)
    sampler.lanes.seedAll(seed: seed, purpose: .equilibration)
    sampler.run(visible: &visible, hidden: &hidden, sweeps: relaxationSweeps)
    let after = form.freeEnergies(of: visible, workers: workers)
    let effective = effectiveSampleSize(ofLogWeights: forward.logWeights)
    return (visible, BidirectionalAnnealing.drift(before, after, effective: effective))
  }

  /// Whether the mean energy stays within 3.3 standard errors of its change (α = 1e-3).
  static func drift(_ before: [Double], _ after: [Double], effective: Double) -> Check {
    let name = "samples of the reverse leg are at equilibrium: drift of <F>"
    let (old, new) = (StreamingMoments(before), StreamingMoments(after))
    let count = Double(before.count)
    // Copies of one chain are no independent samples of the beginning.
    let error = (old.variance / max(1, effective) + new.variance / count).squareRoot()
    let change = new.mean - old.mean
    let fits = abs(change) <= 3.3 * error + 1e-9 * max(1, abs(old.mean))
    return Check(
      name: name, statistic: change, expected: 0,
      interval: change - 1.96 * error...change + 1.96 * error,
      verdict: effective < 10 ? .unresolved : fits ? .pass : .fail, trajectories: before.count,
      reason: effective < 10
        ? "fewer than ten effective chains reached the machine"
        : fits ? "" : "the energies of the samples still change under Gibbs sampling",
      advice: fits && effective >= 10 ? "" : "more --temperatures")
  }

  /// By how much the variance of a difference of sums exceeds that of independent trajectories.
  ///
  ///     ρ = Σ_i (a_i − Σ_{j from i} b_j)² / (Σ_i a_i² + Σ_j b_j²) ≥ 1
  ///
  /// a_i and b_j are what forward and reverse trajectories contribute, less their means; the reverse ones that
  /// began where forward chain i ended count with it (clustered variance: Liang and Zeger 1986). A chain
  /// of large weight that leads to a mode of its own moves both sums the same way.
  static func designEffect(forward: [Double], reverse: [Double], ancestors: [Int]) -> Double {
    func centred(_ values: [Double]) -> [Double] {
      let mean = values.reduce(0, +) / Double(max(1, values.count))
      return values.map { $0 - mean }
    }
    let a = centred(forward)
    let b = centred(reverse)
    var clusters = a
    for (value, ancestor) in zip(b, ancestors) { clusters[ancestor] -= value }
    let independent = a.reduce(0) { $0 + $1 * $1 } + b.reduce(0) { $0 + $1 * $1 }
    guard independent > 0 else { return 1 }
    return max(1, clusters.reduce(0) { $0 + $1 * $1 } / independent)
  }

  func result(
    _ forward: AnnealedImportanceSampling.Result, _ reverse: AnnealedImportanceSampling.Result,
    _ ancestors: [Int], equilibration: Check
  ) -> Result {
    let base = forward.baseLogPartitionFunction
    let (difference, effective) = combine(forward, reverse, ancestors)
    let crooks = CrooksTheorem.check(
      name: "Crooks: ln p_F(W)/p_R(-W) = W - dF", forward: forward.works, reverse: reverse.works,
      effectiveFraction: min(1, effective / Double(chains))
    ).check
    let lower = ExponentialAverage.estimate(logWeights: forward.logWeights)
      .scaled(by: 1, plus: base)
    let upper = upperBound(reverse, ancestors).scaled(by: -1, plus: base)
    let combined = named(
      difference.estimate.scaled(by: -1, plus: base), "annealing both ways, acceptance ratio")
    // Where chains stay in their modes the reverse leg knows of their masses what the forward leg
    // knows, and its interval does not know how skew that is.
    let inherits =
      effective < BidirectionalAnnealing.leastEffectiveFraction * Double(chains)
    let isTrusted =
      equilibration.verdict == .pass && crooks.verdict != .fail && agree(lower, upper) && !inherits
    let alone = named(lower, "annealed importance sampling")
    return Result(
      temperatures: schedule.count, chains: chains, forward: lower, reverse: upper,
      combined: combined, overlap: difference.overlap ?? 0,
      dissipatedWork: mean(of: forward.works) + combined.value - base,
      reverseDissipatedWork: mean(of: reverse.works) - combined.value + base,
      effectiveTrajectories: effective, equilibration: equilibration, crooks: crooks,
      bracket: isTrusted ? bracket(lower, upper) : nil,
      logPartitionFunction: isTrusted ? combined : alone,
      works: (forward.works, reverse.works), baseLogPartitionFunction: base)
  }

  /// The acceptance ratio, with trajectories counted by their clusters.
  private func combine(
    _ forward: AnnealedImportanceSampling.Result, _ reverse: AnnealedImportanceSampling.Result,
    _ ancestors: [Int]
  ) -> (difference: FreeEnergyDifference, effective: Double) {
    let (w, r) = (forward.works, reverse.works)
    let value = BennettAcceptanceRatio.freeEnergyDifference(forward: w, reverse: r).value
    let effect = BidirectionalAnnealing.designEffect(
      forward: w.map { logistic(value - $0) }, reverse: r.map { logistic(-value - $0) },
      ancestors: ancestors)
    let effective = Double(chains) / effect
    return (
      BennettAcceptanceRatio.freeEnergyDifference(
        forward: w, reverse: r, effectiveForward: effective, effectiveReverse: effective), effective
    )
  }

  /// ln ⟨e^{−W_R}⟩, its interval widened for trajectories that began at copies of one chain.
  private func upperBound(
    _ reverse: AnnealedImportanceSampling.Result, _ ancestors: [Int]
  ) -> Estimate {
    let estimate = ExponentialAverage.estimate(logWeights: reverse.logWeights)
    let largest = reverse.logWeights.max() ?? 0
    let effect = BidirectionalAnnealing.designEffect(
      forward: [Double](repeating: 0, count: chains),
      reverse: reverse.logWeights.map { exp($0 - largest) }, ancestors: ancestors)
    let (value, reach) = (estimate.value, effect.squareRoot())
    let low = value - reach * (value - estimate.interval.lowerBound)
    let high = value + reach * (estimate.interval.upperBound - value)
    guard low.isFinite, high.isFinite else { return estimate }
    return Estimate(
      value: value, interval: low...high, confidence: estimate.confidence,
      method: estimate.method, effectiveSampleSize: estimate.effectiveSampleSize / effect,
      verdict: estimate.verdict)
  }

  private func bracket(_ lower: Estimate, _ upper: Estimate) -> ClosedRange<Double>? {
    guard lower.isResolved, upper.isResolved else { return nil }
    let (low, high) = (lower.interval.lowerBound, upper.interval.upperBound)
    return low.isFinite && high.isFinite && low <= high ? low...high : nil
  }

  private func named(_ estimate: Estimate, _ method: String) -> Estimate {
    Estimate(
      value: estimate.value, interval: estimate.interval, confidence: estimate.confidence,
      method: "\(method), \(schedule.count) temperatures, \(chains) chains",
      effectiveSampleSize: estimate.effectiveSampleSize, verdict: estimate.verdict)
  }

  /// Whether the intervals of both legs are compatible: the bounds of 95 % widened by 1.7 (α = 1e-3).
  private func agree(_ lower: Estimate, _ upper: Estimate) -> Bool {
    guard lower.isResolved, upper.isResolved else { return true }
    let low = lower.value + 1.7 * (lower.interval.upperBound - lower.value)
    let high = upper.value - 1.7 * (upper.value - upper.interval.lowerBound)
    let below = lower.value - 1.7 * (lower.value - lower.interval.lowerBound)
    let above = upper.value + 1.7 * (upper.interval.upperBound - upper.value)
    return high <= low + 1e-9 && below <= above + 1e-9
  }
}
