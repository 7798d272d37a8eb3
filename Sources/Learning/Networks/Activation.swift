internal import Foundation
internal import NumericalCore

/// The function φ of a hidden unit.
///
/// Its derivatives are told from its value a = φ(s), so that a pass needs to keep nothing else.
public enum Activation: String, Sendable, Equatable, Codable, CaseIterable {
  /// tanh s:  φ' = 1 − a²,  φ'' = −2 a (1 − a²).
  case tanh
  /// ln(1 + eˢ):  φ' = 1 − e⁻ᵃ,  φ'' = e⁻ᵃ (1 − e⁻ᵃ).
  case softplus
  /// max(s, 0):  φ' = 1 where a > 0, else 0.
  case rectifier
  /// s.
  case identity

  /// φ(s).
  func value(_ s: Double) -> Double {
    switch self {
    case .tanh: Foundation.tanh(s)
    case .softplus: NumericalCore.softplus(s)
    case .rectifier: Swift.max(s, 0)
    case .identity: s
    }
  }

  /// φ' where φ = a.
  func slope(_ a: Double) -> Double {
    switch self {
    case .tanh: 1 - a * a
    case .softplus: -expm1(-a)
    case .rectifier: a > 0 ? 1 : 0
    case .identity: 1
    }
  }

  /// φ'' where φ = a.
  func curvature(_ a: Double) -> Double {
    switch self {
    case .tanh: -2 * a * (1 - a * a)
    case .softplus: -expm1(-a) * exp(-a)
    case .rectifier, .identity: 0
    }
  }

  /// The same for the kernels; nil where they have none.
  var kernel: Kernels.Activation? {
    switch self {
    case .tanh: .tanh
    case .rectifier: .rectifier
    case .identity: .identity
    case .softplus: nil
    }
  }
}
