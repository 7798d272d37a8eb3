internal import Foundation
internal import NumericalCore

/// The account of many trajectories that run side by side: energy change, work, heat, entropy.
///
/// Work is done when the energy function changes at a fixed state, heat is absorbed when the state
/// changes at a fixed energy function (Jarzynski 1997; Sekimoto 2010, chapter 4):
///
///     W ← W + E_new(x) − E_old(x),    Q ← Q + E(x_new) − E(x_old),    ΔE = W + Q
///
/// Work done on the system and heat absorbed by it are positive. A bath at inverse temperature β that
/// gives the heat Q loses the entropy βQ, so that the entropy flow into the baths is −ΣβQ; together
/// with the change of the system's own entropy it is the entropy production.
///
/// Sums are compensated (Neumaier 1974): the first law holds to the rounding of one energy, however
/// long the trajectory. A ledger holds five numbers a trajectory and no history;
/// ``LedgerMoments`` gathers finished trajectories.
public struct Ledger: Sendable, Equatable {
  /// Energies when the account was opened.
  public private(set) var initialEnergies: [Double]
  /// Energies now.
  public private(set) var energies: [Double]
  private var works: [CompensatedSum]
  private var heats: [CompensatedSum]
  private var flows: [CompensatedSum]

  /// Opens an account of trajectories with the given energies.
  public init(energies: [Double]) {
    initialEnergies = energies
    self.energies = energies
    works = Array(repeating: CompensatedSum(), count: energies.count)
    heats = works
    flows = works
  }

  /// The number of trajectories.
  public var count: Int { energies.count }

  /// The energy function changed at fixed states: what the energies changed by is work.
  public mutating func drive(to newEnergies: [Double]) {
    precondition(newEnergies.count == count)
    for index in newEnergies.indices {
      works[index].add(newEnergies[index] - energies[index])
      energies[index] = newEnergies[index]
    }
  }

  /// The states changed at a fixed energy function in contact with a bath: what the energies changed
  /// by is heat.
  public mutating func relax(to newEnergies: [Double], inverseTemperature: Double = 1) {
    precondition(newEnergies.count == count)
    for index in newEnergies.indices {
      let heat = newEnergies[index] - energies[index]
      heats[index].add(heat)
      flows[index].add(-inverseTemperature * heat)
      energies[index] = newEnergies[index]
    }
  }

  /// Work done on each trajectory.
  public var work: [Double] { works.map(\.value) }
  /// Heat absorbed by each trajectory.
  public var heat: [Double] { heats.map(\.value) }
  /// Entropy that flowed into the baths from each trajectory, −ΣβQ.
  public var entropyFlow: [Double] { flows.map(\.value) }
  /// Energy change of each trajectory.
  public var energyChange: [Double] { zip(energies, initialEnergies).map { $0 - $1 } }

  /// max |ΔE − W − Q| over the trajectories: zero to rounding, by the first law.
  public var firstLawViolation: Double {
    var worst = 0.0
    for index in energies.indices {
      let change = energies[index] - initialEnergies[index]
      worst = max(worst, abs(change - works[index].value - heats[index].value))
    }
    return worst
  }

  /// The trajectories `rows`, in this order: resampling, or a change of places.
  public mutating func select(_ rows: [Int]) {
    initialEnergies = rows.map { initialEnergies[$0] }
    energies = rows.map { energies[$0] }
    works = rows.map { works[$0] }
    heats = rows.map { heats[$0] }
    flows = rows.map { flows[$0] }
  }

  /// All that a checkpoint keeps, as rows of `count` numbers.
  public var storage: [[Double]] {
    [
      initialEnergies, energies, works.map(\.sum), works.map(\.compensation), heats.map(\.sum),
      heats.map(\.compensation), flows.map(\.sum), flows.map(\.compensation),
    ]
  }

  /// The ledger that a checkpoint kept; nil when the rows are not of its shape.
  public init?(storage rows: [[Double]]) {
    guard rows.count == 8, Set(rows.map(\.count)).count == 1 else { return nil }
    initialEnergies = rows[0]
    energies = rows[1]
    func sums(_ first: Int) -> [CompensatedSum] {
      zip(rows[first], rows[first + 1]).map { CompensatedSum(sum: $0, compensation: $1) }
    }
    works = sums(2)
    heats = sums(4)
    flows = sums(6)
  }
}
