internal import Foundation
internal import NumericalCore

/// An overdamped particle in a harmonic trap whose stiffness and centre are driven.
///
///     E(x) = k (x − c)²/2,   dx = −k (x − c) dt + √2 dW,   temperature and mobility 1
///
/// The trajectory starts in equilibrium of the first setting. Each update moves stiffness and centre
/// (work), and then the particle moves for the interval Δt by the exact propagator of the process
/// (heat), so that there is no error of discretisation: with m and s the mean and variance of x,
///
///     ⟨W⟩ = Σ ½ {k' [s + (m − c')²] − k [s + (m − c)²]},
///     m → c + (m − c) e^{−kΔt},   s → 1/k + (s − 1/k) e^{−2kΔt},      ΔF = ½ ln(k_last/k_first)
///
/// Continuous protocols are limits of many updates; their works in closed form are static functions.
/// Schmiedl and Seifert 2007, Physical Review Letters 98, 108301.
public struct HarmonicTrap: Sendable, Equatable, Codable {
  /// Stiffness and centre of the trap.
  public struct Setting: Sendable, Equatable, Codable {
    /// k > 0.
    public var stiffness: Double
    /// c.
    public var centre: Double

    /// A trap.
    public init(stiffness: Double, centre: Double = 0) {
      precondition(stiffness > 0, "a stiffness of \(stiffness)")
      self.stiffness = stiffness
      self.centre = centre
    }

    /// E(x).
    public func energy(_ x: Double) -> Double { stiffness * (x - centre) * (x - centre) / 2 }
  }

  /// The first setting, in equilibrium, and that of each update.
  public var settings: [Setting]
  /// Δt.
  public var interval: Double

  /// A protocol of at least one setting.
  public init(settings: [Setting], interval: Double) {
    precondition(!settings.isEmpty && interval >= 0, "a protocol needs a setting and an interval")
    self.settings = settings
    self.interval = interval
  }

  /// ΔF.
  public var freeEnergyDifference: Double {
    log(settings[settings.count - 1].stiffness / settings[0].stiffness) / 2
  }

  /// ⟨W⟩, exactly.
  public var meanWork: Double {
    var centre = settings[0].centre
    var variance = 1 / settings[0].stiffness
    var work = 0.0
    for (old, new) in zip(settings, settings.dropFirst()) {
      func energy(_ setting: Setting) -> Double {
        let distance = centre - setting.centre
        return setting.stiffness * (variance + distance * distance) / 2
      }
      work += energy(new) - energy(old)
      let decay = exp(-new.stiffness * interval)
      centre = new.centre + (centre - new.centre) * decay
      variance = 1 / new.stiffness + (variance - 1 / new.stiffness) * decay * decay
    }
    return work
  }

  /// ⟨W⟩ − ΔF.
  public var dissipation: Double { meanWork - freeEnergyDifference }

  /// The protocol backwards, from equilibrium of the last setting.
  public var reversed: HarmonicTrap {
    HarmonicTrap(settings: settings.reversed(), interval: interval)
  }

  /// Independent trajectories, each from its own stream.
  public func sample(count: Int, seed: UInt64) -> Ledger { sample(count, seed, direction: 0) }

  /// Independent trajectories of the reversed protocol, independent of those of the same seed.
  public func sampleReverse(count: Int, seed: UInt64) -> Ledger {
    reversed.sample(count, seed, direction: 1)
  }

  private func sample(_ count: Int, _ seed: UInt64, direction: UInt64) -> Ledger {
    var streams = (0..<count).map {
      RandomStream(seed: seed, purpose: .modelSystem, index: UInt64($0), step: direction)
    }
    let first = settings[0]
    var positions = streams.indices.map {
      first.centre + streams[$0].normal() / first.stiffness.squareRoot()
    }
    var ledger = Ledger(energies: positions.map { first.energy($0) })
    for setting in settings.dropFirst() {
      ledger.drive(to: positions.map { setting.energy($0) })
      let decay = exp(-setting.stiffness * interval)
      let spread = (-expm1(-2 * setting.stiffness * interval) / setting.stiffness).squareRoot()
      for index in positions.indices {
        let centred = positions[index] - setting.centre
        positions[index] = setting.centre + centred * decay + spread * streams[index].normal()
      }
      ledger.relax(to: positions.map { setting.energy($0) })
    }
    return ledger
  }
}
