internal import Foundation
public import NumericalCore

/// A machine of discrete units so small that all its joint states x = (v, h) can be listed.
///
/// What sampling estimates is exact here, in double precision: equilibrium at any temperature, the
/// kernels of block Gibbs sampling, and what follows from them: heat, work and entropy production.
/// Distributions are arrays over the joint states; state (v, h) has the index v · (hidden states) + h.
public struct EnumeratedMachine: Sendable {
  /// Joint states at most.
  public static let maximumStates = 1 << 14

  /// The machine.
  public let machine: RestrictedBoltzmannMachine
  /// E(v, h) of every joint state.
  public let energies: [Double]
  let visible: LayerStates
  let hidden: LayerStates

  /// Lists the states of a machine.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` for continuous units or more than
  ///   ``maximumStates`` joint states.
  /// - Complexity: O(joint states × visible size × hidden count).
  public init(_ machine: RestrictedBoltzmannMachine) throws(SzilardError) {
    guard
      let visible = LayerStates(machine.visible, maximum: EnumeratedMachine.maximumStates),
      let hidden = LayerStates(machine.hidden, maximum: EnumeratedMachine.maximumStates),
      visible.count * hidden.count <= EnumeratedMachine.maximumStates
    else {
      throw SzilardError(
        .usage,
        """
        a machine of \(machine.visible.count) \(machine.visible.kind.name) and \
        \(machine.hidden.count) \(machine.hidden.kind.name) units cannot be enumerated: joint states \
        must be discrete and at most 2^14; use sampling instead
        """)
    }
    self.machine = machine
    self.visible = visible
    self.hidden = hidden
    energies = visible.values.flatMap { v in
      hidden.values.map { machine.energy(visible: v, hidden: $0) }
    }
  }

  /// The number of joint states.
  public var stateCount: Int { energies.count }
  /// The number of visible states.
  public var visibleStateCount: Int { visible.count }
  /// The number of hidden states.
  public var hiddenStateCount: Int { hidden.count }
  /// All visible states, one a row, in the order of distributions over them.
  public var visibleStates: StateMatrix { visible.states }
  /// All hidden states, one a row.
  public var hiddenStates: StateMatrix { hidden.states }

  /// ln Z(β) = ln Σ_x e^{−βE(x)}.
  public func logPartitionFunction(inverseTemperature: Double = 1) -> Double {
    logSumExp(energies.map { -inverseTemperature * $0 })
  }

  /// π(x) = e^{−βE(x)} / Z(β) of every joint state.
  public func equilibrium(inverseTemperature: Double = 1) -> [Double] {
    let logZ = logPartitionFunction(inverseTemperature: inverseTemperature)
    return energies.map { exp(-inverseTemperature * $0 - logZ) }
  }

  /// Σ_h p(v, h) of every visible state.
  public func visibleMarginal(of joint: [Double]) -> [Double] {
    precondition(joint.count == stateCount)
    return (0..<visible.count).map { v in
      joint[v * hidden.count..<(v + 1) * hidden.count].reduce(0, +)
    }
  }

  /// The frequencies of the visible states in a batch.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` when the states are not those of the visible units.
  public func visibleFrequencies(of states: StateMatrix) throws(SzilardError) -> [Double] {
    let fits =
      switch (states, visible.states) {
      case (.bits, .bits): true
      case (.colours(_, let count), .colours(_, let expected)): count == expected
      default: false
      }
    guard fits, states.columns == machine.visible.count, states.rows > 0 else {
      throw SzilardError(
        .badData,
        """
        \(states.rows) states of \(states.columns) units are not states of the machine's \
        \(machine.visible.count) \(machine.visible.kind.name) visible units
        """)
    }
    var frequencies = [Double](repeating: 0, count: visible.count)
    for row in 0..<states.rows {
      frequencies[LayerStates.index(of: states, row: row)] += 1 / Double(states.rows)
    }
    return frequencies
  }

  /// The exact kernels of block Gibbs sampling at inverse temperature β.
  ///
  ///     p(h | v) = Π_j e^{β h_j x_j} / z_j(β x_j),    x = b + Wᵀ v    (and likewise for v given h)
  ///
  /// From the fields of the units, so that detailed balance with the energies is a fact to be checked.
  public func transition(inverseTemperature: Double = 1) -> GibbsTransition {
    func rows(_ layer: Layer, _ states: LayerStates, _ fields: [[Double]]) -> [Double] {
      fields.flatMap { row -> [Double] in
        let scaled = row.map { inverseTemperature * $0 }
        let norm = RestrictedBoltzmannMachine.logPartition(of: layer, fields: scaled)
        return states.values.map { values in
          exp(zip(values, scaled).reduce(-norm) { $0 + $1.0 * $1.1 })
        }
      }
    }
    return GibbsTransition(
      visibleStates: visible.count, hiddenStates: hidden.count,
      hiddenGivenVisible: rows(
        machine.hidden, hidden, visible.values.map { machine.hiddenFields(visible: $0) }),
      visibleGivenHidden: rows(
        machine.visible, visible, hidden.values.map { machine.visibleFields(hidden: $0) }))
  }

  /// max_x |(π P)(x) − π(x)| of a sequence of moves: how far a sampler moves the equilibrium.
  ///
  /// - Parameter transition: The kernels, exact or as they run, at the same temperature.
  /// - Complexity: O(moves × joint states).
  public func stationarityViolation(
    of transition: GibbsTransition, moves: GibbsSequence = .sweeps(1),
    inverseTemperature: Double = 1
  ) -> Double {
    let equilibrium = equilibrium(inverseTemperature: inverseTemperature)
    var moved = equilibrium
    transition.apply(moves, to: &moved)
    return zip(moved, equilibrium).reduce(0) { Swift.max($0, abs($1.0 - $1.1)) }
  }

  /// Visible states drawn independently from the equilibrium at inverse temperature β.
  public func sampleVisible(
    count: Int, inverseTemperature: Double = 1, seed: UInt64
  ) -> StateMatrix {
    let marginal = visibleMarginal(of: equilibrium(inverseTemperature: inverseTemperature))
    return visible.states.selectingRows(
      ExactSampling.indices(count: count, probabilities: marginal, seed: seed))
  }
}
