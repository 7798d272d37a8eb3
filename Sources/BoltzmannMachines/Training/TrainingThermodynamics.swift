internal import Foundation
public import NumericalCore
public import StochasticThermodynamics

/// What a record says of a run as a work protocol.
///
/// Energies are in units of the temperature.
public struct TrainingThermodynamics: Sendable, Codable {
  /// Updates since the last record.
  public var updates: Int
  /// Mean work on a chain of one update, over these updates.
  public var work: Double
  /// Mean heat absorbed by a chain in the Gibbs burst of one update.
  public var heat: Double
  /// Mean work on a chain since the beginning of the run.
  public var totalWork: Double
  /// Mean heat absorbed by a chain since the beginning.
  public var totalHeat: Double
  /// max |ΔE − W − Q| over chains and updates so far.
  public var firstLawViolation: Double
  /// ln Z by annealing along the training (``TrajectoryAnnealing``).
  public var logPartitionFunction: Estimate?
  /// Log-likelihoods with that ln Z.
  public var logLikelihood: [DataLogLikelihood]
  /// Work that an update dissipates, ⟨W⟩ − ΔF an update.
  ///
  /// It has two parts: the lag of the chains behind the machine, which slow training avoids, and the
  /// work of their own noise in the gradient, about η Σ Var(s) / C for C independent chains with the
  /// sufficient statistics s, which only more chains avoid (`Documentation/Ledger.md`).
  public var dissipatedWork: Estimate?
  /// The second law: ⟨W⟩ ≥ ΔF from the base model on.
  public var secondLaw: Check?
  /// Entropy produced by the k sweeps of CD from the data, or nil for other methods.
  public var entropyProduction: EntropyProduction?
  /// Exchange with the reservoir where that is the method, or nil.
  public var exchange: Exchange?
  /// The effective number of chains where they are weighted (Jarzynski training), or nil.
  public var effectiveChains: Double?
  /// The standard error of ``totalWork`` over chains; nil where they are weighted or start anew.
  public var workError: Double?

  /// The entropy production of k sweeps that start at the data, CD_k, in nats.
  public struct EntropyProduction: Sendable, Codable {
    /// It lies in here; both ends are the same where it is exact.
    public var interval: ClosedRange<Double>
    /// Whether all states were enumerated (``ContrastiveDivergenceEntropy``); otherwise these are bounds
    /// (``ContrastiveDivergenceBounds``).
    public var isExact: Bool
  }

  /// Exchange of chains with equilibrium samples of a frozen machine.
  public struct Exchange: Sendable, Codable {
    /// The mean acceptance of the last exchange.
    public var acceptance: Double
    /// Machines frozen so far.
    public var frozen: Int
    /// What updates that were taken back have left of the learning rate.
    public var rateFactor: Double
    /// ln Z by the acceptance ratio along the frozen machines.
    public var logPartitionFunction: Estimate
  }
}

extension TrainingThermodynamics {
  /// ⟨W⟩ − ΔF ≥ 0, given that difference and the errors of the work and of ln Z.
  ///
  /// - Parameter stretch: Half intervals of 95 % below zero that are still no violation.
  static func secondLaw(
    _ value: Double, workError: Double, chains: Int, logPartitionFunction logZ: Estimate,
    stretch: Double = 1.5
  ) -> Check {
    let width = hypot(1.96 * workError, logZ.halfWidth)
    let fits = value >= -stretch * width
    return Check(
      name: "second law of learning: <W> - dF", statistic: value, expected: 0, relation: .atLeast,
      interval: width.isFinite ? value - width...value + width : -.infinity ... .infinity,
      verdict: !logZ.isResolved ? .unresolved : fits ? .pass : .fail, trajectories: chains,
      reason: !logZ.isResolved
        ? "ln Z is unresolved"
        : fits ? "" : "the chains were paid more work than the free energy allows",
      advice: !logZ.isResolved
        ? "more probes (--probes) or --temperatures, or a smaller learning rate"
        : fits
          ? ""
          : "the chains did not begin at equilibrium, or the kernels do not leave the model unchanged"
    )
  }

  /// ``secondLaw``; where ln Z along the training is unresolved, with another ln Z of the same machine.
  func secondLaw(orWith logZ: Estimate?, stretch: Double = 1.5) -> Check? {
    guard let secondLaw, secondLaw.verdict == .unresolved, let logZ, logZ.isResolved,
      let along = logPartitionFunction, let workError,
      case let value = secondLaw.statistic + logZ.value - along.value, value.isFinite
    else { return secondLaw }
    return TrainingThermodynamics.secondLaw(
      value, workError: workError, chains: secondLaw.trajectories, logPartitionFunction: logZ,
      stretch: stretch)
  }
}

extension Trainer {
  /// The ledger's numbers as the machine is now, and since the last record.
  ///
  /// - Parameter marking: Whether this is a record, from which the next one counts.
  public func thermodynamics(marking: Bool) -> TrainingThermodynamics? {
    guard let ledger = settledLedger() else { return nil }
    let recorded = ledger.recorded
    let updates = ledger.updates - recorded.updates
    let logZ = probes?.logPartitionFunction()
    func perUpdate(_ difference: Double) -> Double {
      updates > 0 ? difference / Double(updates) : 0
    }
    let work = ledger.work.value - recorded.work
    let result = TrainingThermodynamics(
      updates: updates, work: perUpdate(work),
      heat: perUpdate(ledger.heat.value - recorded.heat), totalWork: ledger.work.value,
      totalHeat: ledger.heat.value, firstLawViolation: ledger.firstLawViolation,
      logPartitionFunction: logZ, logLikelihood: [],
      dissipatedWork: Trainer.dissipation(
        work: work, updates: updates, from: recorded.logPartitionFunction, to: logZ),
      secondLaw: secondLaw(ledger, logPartitionFunction: logZ),
      entropyProduction: options.method == .cd
        ? entropyProduction(logPartitionFunction: logZ) : nil,
      exchange: exchangeRecord,
      effectiveChains: chainLogWeights.map { effectiveSampleSize(ofLogWeights: $0) },
      workError: chainLogWeights == nil
        ? ledger.chains.map { StreamingMoments($0.work).standardError } : nil)
    if marking {
      markRecord(
        TrainingLedger.Recorded(
          updates: ledger.updates, work: ledger.work.value, heat: ledger.heat.value,
          logPartitionFunction: logZ))
    }
    return result
  }

  /// CD_k of the machine as it is now: exact where all states can be listed, bounded otherwise.
  private func entropyProduction(
    logPartitionFunction logZ: Estimate?
  ) -> TrainingThermodynamics.EntropyProduction? {
    if let listed = try? EnumeratedMachine(machine),
      let frequencies = try? listed.visibleFrequencies(of: data)
    {
      let exact =
        listed.contrastiveDivergence(from: frequencies, at: [0, options.gibbsSteps]).steps.last?
        .contrastiveDivergence ?? 0
      return TrainingThermodynamics.EntropyProduction(interval: exact...exact, isExact: true)
    }
    let known = logZ.flatMap { $0.isResolved ? $0 : nil }
    guard
      let bounds = ContrastiveDivergenceBounds.measure(
        machine, data: data, sweeps: options.gibbsSteps, chains: 2000,
        logPartitionFunction: known, seed: options.seed, workers: workers),
      bounds.interval.upperBound.isFinite
    else { return nil }
    return TrainingThermodynamics.EntropyProduction(interval: bounds.interval, isExact: false)
  }

  private var exchangeRecord: TrainingThermodynamics.Exchange? {
    guard let reservoir, let logZ = reservoirLogPartitionFunction else { return nil }
    return TrainingThermodynamics.Exchange(
      acceptance: exchangeAcceptance ?? 1, frozen: reservoir.frozen, rateFactor: rateFactor,
      logPartitionFunction: logZ)
  }

  /// (⟨W⟩ + Δ ln Z) / updates, with the errors of both ln Z.
  static func dissipation(
    work: Double, updates: Int, from old: Estimate?, to new: Estimate?
  ) -> Estimate? {
    guard let old, let new, updates > 0 else { return nil }
    let value = (work + new.value - old.value) / Double(updates)
    let width = hypot(old.halfWidth, new.halfWidth) / Double(updates)
    let method = "mean work less the change of F, an update"
    guard width.isFinite else {
      return .unresolved("ln Z is not known", value: value, method: method)
    }
    let estimate = Estimate(
      value: value, interval: value - width...value + width, method: method,
      effectiveSampleSize: min(old.effectiveSampleSize, new.effectiveSampleSize))
    return old.isResolved && new.isResolved
      ? estimate : estimate.unresolved(because: "ln Z is unresolved")
  }

  /// ⟨W⟩ − ΔF ≥ 0 over the whole run, for chains that began at equilibrium in the base model.
  private func secondLaw(_ ledger: TrainingLedger, logPartitionFunction logZ: Estimate?) -> Check? {
    guard let chains = ledger.chains, let logZ, let probes, chainLogWeights == nil else {
      return nil
    }
    let moments = StreamingMoments(chains.work)
    return TrainingThermodynamics.secondLaw(
      moments.mean + logZ.value - probes.baseLogPartitionFunction,
      workError: moments.standardError, chains: chains.work.count, logPartitionFunction: logZ)
  }
}
