internal import Foundation
package import NumericalCore

/// The law of the components of singular vectors: mean 0, variance 1, symmetric.
///
/// Each law is a mixture of normal laws, which is what makes averages over it one-dimensional
/// (``LayerAverages``):
///
///     Gaussian   U = z,                      kurtosis 3
///     Laplace    U = √E z, E ~ Exp(1),       kurtosis 6,   p(u) = e^{−√2|u|}/√2
///     sign       U = ±1,                     kurtosis 1
public enum ComponentLaw: String, Sendable, Codable, CaseIterable {
  /// Normal components: the weights of a matrix without preferred units.
  case gaussian
  /// Heavy tails: a few units carry much of a mode.
  case laplace
  /// All units carry a mode alike: patterns, as in the model of Hopfield.
  case sign

  /// E U⁴, for unit variance.
  public var kurtosis: Double {
    switch self {
    case .gaussian: 3
    case .laplace: 6
    case .sign: 1
    }
  }

  /// The law with the kurtosis nearest in ratio to a measured one.
  public static func nearest(kurtosis: Double) -> ComponentLaw {
    func distance(_ law: ComponentLaw) -> Double {
      abs(log(max(kurtosis, 1e-9) / law.kurtosis))
    }
    return allCases.min { distance($0) < distance($1) } ?? .gaussian
  }

  /// One component.
  package func draw(using stream: inout RandomStream) -> Double {
    switch self {
    case .gaussian: return stream.normal()
    case .laplace:
      let scale = -log(stream.uniform())
      return scale.squareRoot() * stream.normal()
    case .sign: return stream.uniform() < 0.5 ? 1 : -1
    }
  }

  /// A normal law N(mean, variance) of the mixture, and its weight.
  struct Normal {
    let weight: Double
    let mean: Double
    let variance: Double
  }

  /// The normal laws that U is a mixture of; integrals over the continuous ones as a quadrature.
  var mixture: [Normal] {
    switch self {
    case .gaussian: ComponentLaw.oneNormal
    case .laplace: ComponentLaw.exponentialMixture
    case .sign: ComponentLaw.twoPoints
    }
  }

  private static let oneNormal = [Normal(weight: 1, mean: 0, variance: 1)]
  private static let twoPoints = [
    Normal(weight: 0.5, mean: 1, variance: 0), Normal(weight: 0.5, mean: -1, variance: 0),
  ]

  /// ∫₀^∞ e^{−E} f(E) dE by the trapezoidal rule in y, E = e^{y − e^{−y}}.
  ///
  /// Takahasi and Mori 1974, Publ. RIMS 9, 721. The integrands of the Laplace law are functions of
  /// √(a + bE), on which Gauss–Laguerre rules converge slowly where b is large (Design note 0011).
  private static let exponentialMixture: [Normal] = {
    let step = 0.3
    var result: [Normal] = []
    for index in -14...14 {
      let y = step * Double(index)
      let value = exp(y - exp(-y))
      let weight = step * value * (1 + exp(-y)) * exp(-value)
      if weight > 1e-18 { result.append(Normal(weight: weight, mean: 0, variance: value)) }
    }
    return result
  }()
}
