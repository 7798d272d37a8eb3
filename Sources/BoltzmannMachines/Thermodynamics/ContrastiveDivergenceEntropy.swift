internal import Foundation
internal import NumericalCore

/// Contrastive divergence as entropy production, exactly.
///
/// The chains of CD-k start at the data, p₀(v, h) = p_data(v) p(h | v), and make k sweeps to p_k. With
/// Q the heat absorbed and ΔS the change of the system's entropy (Salazar 2017, section on contrastive
/// divergence; Hinton 2002, equation 5 for CD_k)
///
///     CD_k = KL(p₀ ‖ π) − KL(p_k ‖ π) = ΔS − β ⟨Q⟩ ≥ 0
///
/// is the entropy produced in k sweeps: it never falls with k, and tends to KL(p_data ‖ π). The left
/// side is formed over visible states, the right over joint states.
public struct ContrastiveDivergenceEntropy: Sendable, Equatable {
  /// The chains after some sweeps.
  public struct Step: Sendable, Equatable {
    /// Sweeps done: k.
    public let sweeps: Int
    /// KL(p_k ‖ π) over visible states, in nats.
    public let divergence: Double
    /// CD_k = KL(p₀ ‖ π) − KL(p_k ‖ π).
    public let contrastiveDivergence: Double
    /// S[p_k] − S[p₀] over joint states.
    public let systemEntropyChange: Double
    /// ⟨Q⟩ absorbed since the beginning.
    public let heat: Double
    /// ΔS − β ⟨Q⟩ since the beginning.
    public let entropyProduction: Double
  }

  /// The steps, by ascending k.
  public let steps: [Step]
  /// β.
  public let inverseTemperature: Double

  /// max_k |CD_k − (ΔS − β⟨Q⟩)|: zero in theory.
  public var identityViolation: Double {
    steps.reduce(0) { max($0, abs($1.contrastiveDivergence - $1.entropyProduction)) }
  }

  /// The least entropy produced from one step to the next: never negative in theory.
  public var leastProduction: Double {
    zip(steps, steps.dropFirst()).map { $1.entropyProduction - $0.entropyProduction }.min() ?? 0
  }
}

extension EnumeratedMachine {
  /// The entropy production of chains that start at data, after 0, 1, … `sweeps` sweeps.
  ///
  /// - Complexity: O(sweeps × joint states).
  public func contrastiveDivergence(
    from data: [Double], sweeps: Int, inverseTemperature: Double = 1
  ) -> ContrastiveDivergenceEntropy {
    contrastiveDivergence(
      from: data, at: Array(0...sweeps), inverseTemperature: inverseTemperature)
  }

  /// The entropy production of chains that start at data.
  ///
  /// - Parameters:
  ///   - data: p_data over the visible states, in the order of ``visibleStates``; see
  ///     ``visibleFrequencies(of:)``.
  ///   - sweeps: The k to look at, ascending.
  /// - Complexity: O(largest k × joint states).
  public func contrastiveDivergence(
    from data: [Double], at sweeps: [Int], inverseTemperature: Double = 1
  ) -> ContrastiveDivergenceEntropy {
    precondition(data.count == visibleStateCount && (sweeps.first ?? 0) >= 0)
    precondition(zip(sweeps, sweeps.dropFirst()).allSatisfy { $0 < $1 }, "sweeps ascend")
    let transition = transition(inverseTemperature: inverseTemperature)
    let hiddenCount = hiddenStateCount
    var joint = (0..<stateCount).map {
      data[$0 / hiddenCount] * transition.hiddenGivenVisible[$0]
    }
    let logZ = logPartitionFunction(inverseTemperature: inverseTemperature)
    let logEquilibrium = (0..<visibleStateCount).map { v in
      logSumExp((0..<hiddenCount).map { -inverseTemperature * energies[v * hiddenCount + $0] })
        - logZ
    }
    func divergence() -> Double {
      zip(visibleMarginal(of: joint), logEquilibrium).reduce(0) {
        $1.0 > 0 ? $0 + $1.0 * (log($1.0) - $1.1) : $0
      }
    }
    func entropy() -> Double { joint.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 } }
    func energy() -> Double { zip(joint, energies).reduce(0) { $0 + $1.0 * $1.1 } }
    let start = (divergence: divergence(), entropy: entropy(), energy: energy())
    var done = 0
    let steps = sweeps.map { k in
      while done < k {
        done += 1
        transition.apply(.visible, to: &joint)
        transition.apply(.hidden, to: &joint)
        // Rounding must not leak probability over many sweeps.
        let total = joint.reduce(into: CompensatedSum()) { $0.add($1) }.value
        for x in joint.indices { joint[x] /= total }
      }
      let divergence = divergence()
      let change = entropy() - start.entropy
      let heat = energy() - start.energy
      return ContrastiveDivergenceEntropy.Step(
        sweeps: k, divergence: divergence, contrastiveDivergence: start.divergence - divergence,
        systemEntropyChange: change, heat: heat,
        entropyProduction: change - inverseTemperature * heat)
    }
    return ContrastiveDivergenceEntropy(steps: steps, inverseTemperature: inverseTemperature)
  }
}
