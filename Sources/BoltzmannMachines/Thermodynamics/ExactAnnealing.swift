internal import Foundation
internal import NumericalCore

/// Annealed importance sampling of an enumerated machine, exactly: every path at once.
///
/// The kernels of ``AnnealedImportanceSampling`` carry a distribution along, tilted by e^{−W} (Jarzynski
/// 1997, equation 2; Neal 2001, section 2). With W = Σ_k [F_{k+1}(v_k) − F_k(v_k)],
///
///     ⟨e^{−W}⟩ = Z / Z_base     for any ladder whatever,         ⟨W⟩ ≥ −ln Z / Z_base
public struct ExactAnnealing: Sendable, Equatable {
  /// ln ⟨e^{−W}⟩, from the tilted propagation.
  public let logAverage: Double
  /// ln Z / Z_base, by enumeration.
  public let logPartitionRatio: Double
  /// ⟨W⟩ over all paths.
  public let meanWork: Double

  /// |⟨e^{−W}⟩ Z_base / Z − 1|: zero in theory.
  public var violation: Double { abs(expm1(logAverage - logPartitionRatio)) }
  /// ⟨W⟩ − ΔF: never negative.
  public var dissipatedWork: Double { meanWork + logPartitionRatio }
}

extension EnumeratedMachine {
  /// The exact averages of annealing along a ladder.
  ///
  /// - Parameter ladder: Numbers β from 0 to 1 in any order between; the first is 0, the last 1.
  /// - Complexity: O(ladder × joint states × units).
  public func annealing(ladder: [Double], base: IndependentUnits) -> ExactAnnealing {
    precondition(ladder.count >= 2 && ladder.first == 0 && ladder.last == 1)
    let path = ExactAnnealingPath(self, base: base)
    var from = path.point(0)
    let start = from.logZ
    var plain = from.equilibrium
    var tilted = plain
    var logAverage = 0.0
    var work = CompensatedSum()
    for (index, scale) in ladder.enumerated().dropFirst() {
      let to = path.point(scale)
      // e^{−W} = e^{F_from(v) − F_to(v)} of each visible state.
      let increments = zip(to.negativeFreeEnergies, from.negativeFreeEnergies).map { $0 - $1 }
      work.add(-zip(plain, increments).reduce(0) { $0 + $1.0 * $1.1 })
      let largest = increments.max() ?? 0
      tilted = zip(tilted, increments).map { $0 * exp($1 - largest) }
      let total = tilted.reduce(0, +)
      tilted = tilted.map { $0 / total }
      logAverage += largest + log(total)
      if index < ladder.count - 1 {
        plain = to.sweep(plain)
        tilted = to.sweep(tilted)
      }
      from = to
    }
    return ExactAnnealing(
      logAverage: logAverage, logPartitionRatio: from.logZ - start, meanWork: work.value)
  }
}

/// The path of models from the base to the machine, in the 0/1 form and in double precision.
private struct ExactAnnealingPath {
  let visible: [[Double]]
  let hidden: [[Double]]
  let couplings: [Double]
  let ends: (visible: [Double], hidden: [Double])
  let base: (visible: [Double], hidden: [Double])

  init(_ enumerated: EnumeratedMachine, base: IndependentUnits) {
    let machine = enumerated.machine
    let form = machine.convertedToBernoulliInDouble().parameters
    func bits(_ values: [[Double]], _ layer: Layer) -> [[Double]] {
      layer.kind == .spin ? values.map { $0.map { ($0 + 1) / 2 } } : values
    }
    visible = bits(enumerated.visible.values, machine.visible)
    hidden = bits(enumerated.hidden.values, machine.hidden)
    couplings = form.w
    ends = (form.a, form.b)
    self.base = (base.visible.map(Double.init), base.hidden.map(Double.init))
  }

  /// One model of the path.
  struct Point {
    /// −F(v) of each visible state.
    let negativeFreeEnergies: [Double]
    /// −E(v, h) of each joint state.
    let logWeights: [[Double]]
    let logZ: Double

    var equilibrium: [Double] { negativeFreeEnergies.map { exp($0 - logZ) } }

    /// One sweep of a distribution over visible states: h given v, then v given h.
    func sweep(_ distribution: [Double]) -> [Double] {
      var hidden = [Double](repeating: 0, count: logWeights[0].count)
      var norms = [Double](repeating: -.infinity, count: hidden.count)
      for (v, row) in logWeights.enumerated() {
        for h in row.indices {
          hidden[h] += distribution[v] * exp(row[h] - negativeFreeEnergies[v])
          norms[h] = logAddExp(norms[h], row[h])
        }
      }
      return logWeights.map { row in
        row.indices.reduce(0) { $0 + hidden[$1] * exp(row[$1] - norms[$1]) }
      }
    }
  }

  func point(_ scale: Double) -> Point {
    func biases(_ base: [Double], _ end: [Double]) -> [Double] {
      zip(base, end).map { $0 + scale * ($1 - $0) }
    }
    let a = biases(base.visible, ends.visible)
    let b = biases(base.hidden, ends.hidden)
    let logWeights = visible.map { v in
      var fields = b
      for i in v.indices where v[i] != 0 {
        for j in fields.indices { fields[j] += scale * couplings[i * fields.count + j] }
      }
      let own = zip(a, v).reduce(0) { $0 + $1.0 * $1.1 }
      return hidden.map { h in zip(h, fields).reduce(own) { $0 + $1.0 * $1.1 } }
    }
    let negativeFreeEnergies = logWeights.map { logSumExp($0) }
    return Point(
      negativeFreeEnergies: negativeFreeEnergies, logWeights: logWeights,
      logZ: logSumExp(negativeFreeEnergies))
  }
}
