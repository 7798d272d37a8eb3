internal import Foundation
public import NumericalCore

/// Reference forms in double precision, one state at a time: what the kernels are tested against.
///
/// A state is the vector of native values: 0/1, ±1, reals, or the concatenated one-hot vectors.
extension RestrictedBoltzmannMachine {
  /// The energy, excluding any temperature.
  ///
  ///     E(v, h) = − a·v − b·h − vᵀ W h + Σ x²/2σ²
  ///
  /// - Complexity: O(visible size × hidden count).
  public func energy(visible v: [Double], hidden h: [Double]) -> Double {
    precondition(v.count == visible.size && h.count == hidden.size)
    var energy = ownEnergy(of: v, in: visible) + ownEnergy(of: h, in: hidden)
    for i in 0..<v.count where v[i] != 0 {
      var field = 0.0
      for j in 0..<h.count { field += Double(weights[i, j]) * h[j] }
      energy -= v[i] * field
    }
    return energy
  }

  /// The effective energy of a visible state, hidden units summed out ("free energy").
  ///
  ///     F(v) = − ln Σ_h e^{−E(v, h)}
  ///
  /// - Complexity: O(visible size × hidden count).
  public func freeEnergy(ofVisible v: [Double]) -> Double {
    precondition(v.count == visible.size)
    return ownEnergy(of: v, in: visible)
      - RestrictedBoltzmannMachine.logPartition(of: hidden, fields: hiddenFields(visible: v))
  }

  /// The fields b + Wᵀ v that the hidden units see.
  public func hiddenFields(visible v: [Double]) -> [Double] {
    var fields = hidden.biases.map(Double.init)
    for i in 0..<v.count where v[i] != 0 {
      for j in 0..<fields.count { fields[j] += v[i] * Double(weights[i, j]) }
    }
    return fields
  }

  /// The fields a + W h that the visible units see.
  public func visibleFields(hidden h: [Double]) -> [Double] {
    var fields = visible.biases.map(Double.init)
    for i in 0..<fields.count {
      for j in 0..<h.count { fields[i] += Double(weights[i, j]) * h[j] }
    }
    return fields
  }

  /// Σ over units of the logarithm of a unit's partition function in the given fields:
  /// softplus x for 0/1, ln 2cosh x for ±1, σ²x²/2 + ln(2πσ²)/2 for Gaussian, log-sum-exp for Potts.
  static func logPartition(of layer: Layer, fields: [Double]) -> Double {
    switch layer.kind {
    case .bernoulli:
      return fields.reduce(0) { $0 + softplus($1) }
    case .spin:
      return fields.reduce(0) { $0 + abs($1) + log1p(exp(-2 * abs($1))) }
    case .gaussian:
      return zip(fields, layer.variances).reduce(0) { sum, unit in
        let variance = Double(unit.1)
        return sum + variance * unit.0 * unit.0 / 2 + log(2 * .pi * variance) / 2
      }
    case .potts(let colours):
      return stride(from: 0, to: fields.count, by: colours).reduce(0) {
        $0 + logSumExp(Array(fields[$1..<$1 + colours]))
      }
    }
  }

  /// The mean of each unit in the given fields: logistic, tanh, σ²x, or softmax.
  static func means(of layer: Layer, fields: [Double]) -> [Double] {
    switch layer.kind {
    case .bernoulli: return fields.map { logistic($0) }
    case .spin: return fields.map { tanh($0) }
    case .gaussian: return zip(fields, layer.variances).map { $0 * Double($1) }
    case .potts(let colours):
      return stride(from: 0, to: fields.count, by: colours).flatMap { first in
        let site = fields[first..<first + colours]
        let norm = logSumExp(Array(site))
        return site.map { exp($0 - norm) }
      }
    }
  }

  /// The variance of each unit at the given means: m(1 − m) for 0/1 units and each colour, 1 − m², σ².
  static func variances(of layer: Layer, means: [Double]) -> [Double] {
    switch layer.kind {
    case .bernoulli, .potts: return means.map { max(0, $0 * (1 - $0)) }
    case .spin: return means.map { max(0, 1 - $0 * $0) }
    case .gaussian: return layer.variances.map(Double.init)
    }
  }

  /// The native values of one row of states.
  public static func values(of states: StateMatrix, row: Int, in layer: Layer) -> [Double] {
    switch states {
    case .bits(let bits):
      return (0..<bits.columns).map {
        Double((bits[row, $0] ? 1 : 0) * layer.kind.bitScale + layer.kind.bitShift)
      }
    case .colours(let colours, let count):
      return (0..<colours.columns).flatMap { site in
        (0..<count).map { Int(colours[row, site]) == $0 ? 1.0 : 0 }
      }
    case .reals(let reals):
      return reals.row(row).map(Double.init)
    }
  }

  private func ownEnergy(of values: [Double], in layer: Layer) -> Double {
    var energy = 0.0
    for i in 0..<values.count { energy -= Double(layer.biases[i]) * values[i] }
    for i in 0..<layer.variances.count {
      energy += values[i] * values[i] / (2 * Double(layer.variances[i]))
    }
    return energy
  }
}
