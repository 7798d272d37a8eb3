internal import Foundation
internal import NumericalCore

/// Two states whose energy gap is driven in steps, in contact with a bath at temperature 1.
///
/// State 1 has the energy ε_k, state 0 none. The trajectory starts in equilibrium at ε₀. Each step does
/// the work n (ε_{k+1} − ε_k) at a fixed state n and then, with probability r, draws the state anew from
/// equilibrium at ε_{k+1} (a reversible kernel).
///
///     ΔF = −ln [(1 + e^{−ε_K})/(1 + e^{−ε₀})]
///
/// Energies are in units of the temperature.
public struct TwoStateSystem: Sendable, Equatable, Codable {
  /// A value and its probability.
  public struct Outcome: Sendable, Equatable, Codable {
    /// The value.
    public var value: Double
    /// Its probability.
    public var probability: Double

    /// A value and its probability.
    public init(value: Double, probability: Double) {
      self.value = value
      self.probability = probability
    }
  }

  /// ε₀ … ε_K.
  public var gaps: [Double]
  /// The probability r that a contact with the bath draws the state anew.
  public var relaxation: Double

  /// A protocol of at least one gap.
  public init(gaps: [Double], relaxation: Double = 1) {
    precondition(!gaps.isEmpty, "a protocol needs a gap")
    precondition(relaxation >= 0 && relaxation <= 1, "a relaxation of \(relaxation)")
    self.gaps = gaps
    self.relaxation = relaxation
  }

  /// The probability of state 1 in equilibrium.
  public static func occupation(gap: Double, inverseTemperature: Double = 1) -> Double {
    logistic(-inverseTemperature * gap)
  }

  /// ΔF.
  public var freeEnergyDifference: Double {
    softplus(-gaps[0]) - softplus(-gaps[gaps.count - 1])
  }

  /// The protocol backwards, from equilibrium at the last gap.
  public var reversed: TwoStateSystem {
    TwoStateSystem(gaps: gaps.reversed(), relaxation: relaxation)
  }

  /// The exact distribution of the work, ascending; equal works (to 1e-12) are one outcome.
  ///
  /// - Complexity: O(2^K) in the worst case of K steps; at most 20.
  public func workDistribution() -> [Outcome] {
    precondition(gaps.count <= 21, "\(gaps.count - 1) steps are too many to enumerate")
    let start = TwoStateSystem.occupation(gap: gaps[0])
    var branches = [
      [Outcome(value: 0, probability: 1 - start)], [Outcome(value: 0, probability: start)],
    ]
    for step in gaps.indices.dropFirst() {
      let work = gaps[step] - gaps[step - 1]
      let up = branches[1].map { Outcome(value: $0.value + work, probability: $0.probability) }
      let occupation = TwoStateSystem.occupation(gap: gaps[step])
      // To a state: who stays, and who is drawn anew.
      func arriving(_ stay: [Outcome], _ other: [Outcome], _ probability: Double) -> [Outcome] {
        TwoStateSystem.merged(
          stay.map {
            Outcome(
              value: $0.value,
              probability: $0.probability * (1 - relaxation + relaxation * probability))
          }
            + other.map {
              Outcome(value: $0.value, probability: $0.probability * relaxation * probability)
            })
      }
      branches = [arriving(branches[0], up, 1 - occupation), arriving(up, branches[0], occupation)]
    }
    return TwoStateSystem.merged(branches[0] + branches[1])
  }

  private static func merged(_ outcomes: [Outcome]) -> [Outcome] {
    var result: [Outcome] = []
    for outcome in outcomes.sorted(by: { $0.value < $1.value }) where outcome.probability > 0 {
      if let last = result.last, abs(last.value - outcome.value) <= 1e-12 {
        result[result.count - 1].probability += outcome.probability
      } else {
        result.append(outcome)
      }
    }
    return result
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
    func drawn(_ index: Int, _ gap: Double) -> Bool {
      streams[index].uniform() < TwoStateSystem.occupation(gap: gap)
    }
    var states = streams.indices.map { drawn($0, gaps[0]) }
    var ledger = Ledger(energies: states.map { $0 ? gaps[0] : 0 })
    for gap in gaps.dropFirst() {
      ledger.drive(to: states.map { $0 ? gap : 0 })
      for index in states.indices where streams[index].uniform() < relaxation {
        states[index] = drawn(index, gap)
      }
      ledger.relax(to: states.map { $0 ? gap : 0 })
    }
    return ledger
  }

  /// The exact distribution of the heat that a gap absorbs between equilibrium at β₁ and a contact with
  /// a bath at β₂.
  ///
  ///     p(±ε) = r π₁(0) π₂(1), r π₁(1) π₂(0):    p(ε)/p(−ε) = e^{(β₁ − β₂)ε}
  public static func heatDistribution(
    gap: Double, from first: Double, to second: Double, relaxation: Double = 1
  ) -> [Outcome] {
    let start = occupation(gap: gap, inverseTemperature: first)
    let end = occupation(gap: gap, inverseTemperature: second)
    let up = relaxation * (1 - start) * end
    let down = relaxation * start * (1 - end)
    return merged([
      Outcome(value: -gap, probability: down), Outcome(value: 0, probability: 1 - up - down),
      Outcome(value: gap, probability: up),
    ])
  }

  /// Independent quenches from equilibrium at β₁ into a bath at β₂: their heats are the exchange.
  public static func sampleHeatExchange(
    gap: Double, from first: Double, to second: Double, relaxation: Double = 1, count: Int,
    seed: UInt64
  ) -> Ledger {
    let start = occupation(gap: gap, inverseTemperature: first)
    let end = occupation(gap: gap, inverseTemperature: second)
    var energies: [Double] = []
    var later: [Double] = []
    for index in 0..<count {
      var random = RandomStream(
        seed: seed, purpose: .modelSystem, index: UInt64(index), step: 2)
      let before = random.uniform() < start
      let isRedrawn = random.uniform() < relaxation
      let after = random.uniform() < end
      energies.append(before ? gap : 0)
      later.append((isRedrawn ? after : before) ? gap : 0)
    }
    var ledger = Ledger(energies: energies)
    ledger.relax(to: later, inverseTemperature: second)
    return ledger
  }
}
