internal import Foundation
public import NumericalCore
public import StochasticThermodynamics

/// Work and heat of the chains that a machine learns from.
///
/// An update of the parameters at fixed chains does the work F_{t+1}(v) − F_t(v) on each chain; the Gibbs
/// burst that follows, at fixed parameters, exchanges the heat F_t(v') − F_t(v) with a bath at
/// temperature 1 (Salazar 2017, section on learning). Persistent chains have one account from the base model
/// on; chains that start anew at each update (CD, random start) have one a burst, and the work of an update
/// is then taken on the first ``workSample`` of them.
public struct TrainingLedger: Sendable, Equatable {
  /// Chains on which the work of an update is measured where none persist.
  public static let workSample = 64

  /// The account of each persistent chain since the beginning; nil where chains start anew.
  public internal(set) var chains: Ledger?
  /// Updates whose work and heat are in the sums.
  public private(set) var updates = 0
  /// Σ over updates of the mean work on a chain.
  public private(set) var work = CompensatedSum()
  /// Σ over updates of the mean heat of a chain's burst.
  public private(set) var heat = CompensatedSum()
  /// max |ΔE − W − Q| over all chains, at the records so far.
  public private(set) var firstLawViolation = 0.0
  /// What the sums and ln Z were at the last record.
  var recorded = Recorded()

  /// The sums at a record.
  struct Recorded: Sendable, Equatable, Codable {
    var updates = 0
    var work = 0.0
    var heat = 0.0
    var logPartitionFunction: Estimate?
  }

  /// A ledger of persistent chains with the given energies, or of bursts.
  public init(energies: [Double]?) {
    chains = energies.map { Ledger(energies: $0) }
  }

  /// Books one update of persistent chains: work on the way from the old parameters to the new, heat of
  /// the burst.
  ///
  /// - Parameter weights: Normalised weights of the chains, or nil for equal ones.
  mutating func book(driven: [Double], relaxed: [Double], weights: [Double]?) {
    guard let work = chains.map({ mean(of: driven, minus: $0.energies, weights: weights) }) else {
      return
    }
    add(work: work, heat: mean(of: relaxed, minus: driven, weights: weights))
    chains?.drive(to: driven)
    chains?.relax(to: relaxed)
  }

  /// Books one update of chains that start anew: the heat of their burst and the work that the last change
  /// of the parameters did on those before them.
  mutating func book(started: [Double], relaxed: [Double], work: Double) {
    var burst = Ledger(energies: started)
    burst.relax(to: relaxed)
    add(work: work, heat: mean(of: relaxed, minus: started, weights: nil))
    firstLawViolation = max(firstLawViolation, burst.firstLawViolation)
  }

  /// Adds the work of the last update of persistent chains.
  mutating func settle(driven: [Double], from energies: [Double], weights: [Double]?) {
    chains?.drive(to: driven)
    work.add(mean(of: driven, minus: energies, weights: weights))
    firstLawViolation = max(firstLawViolation, chains?.firstLawViolation ?? 0)
  }

  private mutating func add(work: Double, heat: Double) {
    updates += 1
    self.work.add(work)
    self.heat.add(heat)
  }

  private func mean(of new: [Double], minus old: [Double], weights: [Double]?) -> Double {
    var sum = 0.0
    for k in new.indices { sum += (new[k] - old[k]) * (weights?[k] ?? 1) }
    return weights == nil ? sum / Double(max(1, new.count)) : sum
  }

  /// Takes over saved sums.
  mutating func restore(
    chains: Ledger?, updates: Int, work: CompensatedSum, heat: CompensatedSum,
    firstLawViolation: Double, recorded: Recorded
  ) {
    self.chains = chains
    self.updates = updates
    self.work = work
    self.heat = heat
    self.firstLawViolation = firstLawViolation
    self.recorded = recorded
  }
}
