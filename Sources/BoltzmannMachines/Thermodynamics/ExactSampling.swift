internal import Foundation
public import NumericalCore

/// Independent samples of a machine whose visible layer can be listed.
///
///     p(v) = e^{−F_β(v)} / Z(β),    F_β(v) = −β a·v − Σ_j ln z_j(β (b + Wᵀ v)_j)
public enum ExactSampling {
  /// Visible states at most.
  public static let maximumStates = 1 << 18

  /// Visible states drawn independently from the equilibrium at inverse temperature β.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` when the visible layer is continuous or has more than
  ///   ``maximumStates`` states.
  /// - Complexity: O(states × visible size × hidden count + count × ln states).
  public static func visibleStates(
    of machine: RestrictedBoltzmannMachine, count: Int, inverseTemperature: Double = 1, seed: UInt64
  ) throws(SzilardError) -> StateMatrix {
    guard let all = LayerStates(machine.visible, maximum: maximumStates) else {
      throw SzilardError(
        .usage,
        """
        exact sampling takes at most 2^18 discrete visible states; this machine has \
        \(machine.visible.count) \(machine.visible.kind.name) visible units. Use Gibbs sampling
        """)
    }
    let logarithms = all.values.map {
      -machine.freeEnergy(ofVisible: $0, inverseTemperature: inverseTemperature)
    }
    let norm = logSumExp(logarithms)
    return all.states.selectingRows(
      indices(count: count, probabilities: logarithms.map { exp($0 - norm) }, seed: seed))
  }

  /// Independent draws of an index.
  static func indices(count: Int, probabilities: [Double], seed: UInt64) -> [Int] {
    var cumulative: [Double] = []
    var sum = CompensatedSum()
    for probability in probabilities {
      sum.add(probability)
      cumulative.append(sum.value)
    }
    let total = sum.value
    var random = RandomStream(seed: seed, purpose: .equilibration)
    return (0..<count).map { _ in
      let level = random.uniform() * total
      var (low, high) = (0, cumulative.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if cumulative[middle] > level { high = middle } else { low = middle + 1 }
      }
      return low
    }
  }
}

extension RestrictedBoltzmannMachine {
  /// The effective energy of a visible state at inverse temperature β, hidden units summed out.
  ///
  ///     F_β(v) = − ln Σ_h e^{−βE(v, h)}
  ///
  /// It is not β F₁(v).
  ///
  /// - Precondition: The hidden units are discrete, unless β = 1.
  public func freeEnergy(ofVisible v: [Double], inverseTemperature: Double) -> Double {
    precondition(hidden.kind != .gaussian || inverseTemperature == 1)
    let fields = hiddenFields(visible: v).map { inverseTemperature * $0 }
    // At h = 0 the joint energy is that of the visible layer alone.
    let own = energy(visible: v, hidden: [Double](repeating: 0, count: hidden.size))
    return inverseTemperature * own
      - RestrictedBoltzmannMachine.logPartition(of: hidden, fields: fields)
  }
}
