public import NumericalCore

/// Moments of work, heat and energy change over trajectories, of which none is kept.
public struct LedgerMoments: Sendable, Equatable, Codable {
  /// Work done on a trajectory.
  public var work = StreamingMoments()
  /// Heat absorbed by it.
  public var heat = StreamingMoments()
  /// Its energy change.
  public var energyChange = StreamingMoments()
  /// The entropy that flowed into the baths.
  public var entropyFlow = StreamingMoments()
  /// max |ΔE − W − Q| so far.
  public var firstLawViolation = 0.0

  /// No trajectories yet.
  public init() {}

  /// Adds all trajectories of a ledger.
  public mutating func add(_ ledger: Ledger) {
    let (works, heats) = (ledger.work, ledger.heat)
    let (changes, flows) = (ledger.energyChange, ledger.entropyFlow)
    for index in works.indices {
      work.add(works[index])
      heat.add(heats[index])
      energyChange.add(changes[index])
      entropyFlow.add(flows[index])
    }
    firstLawViolation = Swift.max(firstLawViolation, ledger.firstLawViolation)
  }

  /// Adds what another one has seen.
  public mutating func merge(_ other: LedgerMoments) {
    work.merge(other.work)
    heat.merge(other.heat)
    energyChange.merge(other.energyChange)
    entropyFlow.merge(other.entropyFlow)
    firstLawViolation = Swift.max(firstLawViolation, other.firstLawViolation)
  }
}
