internal import Foundation
internal import NumericalCore

/// The replica-symmetric equations of state of a ``WeightEnsemble``.
///
///     h_v = κ^{1/4}  (σ √q̄ x + Σ_g (w_g m̄_g + a_g) U^g),   mₐ = κ^{−1/4} E[Uᵃ tanh h_v],   q = E tanh² h_v
///     h_h = κ^{−1/4} (σ √q x + Σ_g (w_g m_g + b_g) V^g),    m̄ₐ = κ^{1/4} E[Vᵃ tanh h_h],   q̄ = E tanh² h_h
///
/// They are the conditions for a stationary point of
///
///     ln Z / L = −Σₐ wₐ mₐ m̄ₐ + (σ²/2)(1 − q)(1 − q̄) + κ^{−1/2} E ln 2cosh h_v + κ^{1/2} E ln 2cosh h_h
///
/// Decelle, Fissore and Furtlehner 2018, J. Stat. Phys. 172, 1576, section 4; derived anew with κ and
/// fields.
struct ReplicaSymmetricEquations {
  let ensemble: WeightEnsemble
  private let visibleScale: Double
  private let hiddenScale: Double

  init(_ ensemble: WeightEnsemble) {
    self.ensemble = ensemble
    visibleScale = pow(ensemble.aspectRatio, 0.25)
    hiddenScale = 1 / visibleScale
  }

  /// The fields of a layer, given the magnetisations and the overlap of the other layer.
  private func couplings(_ magnetisations: [Double], _ fields: [Double]) -> [Double] {
    ensemble.strengths.indices.map { ensemble.strengths[$0] * magnetisations[$0] + fields[$0] }
  }

  private func noise(_ overlap: Double) -> Double { ensemble.noise * ensemble.noise * overlap }

  private func visible(_ hidden: [Double], overlap: Double) -> LayerAverages {
    LayerAverages(
      ensemble.components, couplings: couplings(hidden, ensemble.visibleFields),
      noise: noise(overlap), scale: visibleScale)
  }

  private func hidden(_ visible: [Double], overlap: Double) -> LayerAverages {
    LayerAverages(
      ensemble.components, couplings: couplings(visible, ensemble.hiddenFields),
      noise: noise(overlap), scale: hiddenScale)
  }

  /// One pass through both layers, from (m̄, q̄) to (m, q) to new (m̄, q̄).
  struct Pass {
    /// m and q, which solve their equations given the old m̄ and q̄; and the new m̄ and q̄.
    let parameters: OrderParameters
    /// σ² √(E sech⁴ h_v · E sech⁴ h_h).
    let deAlmeidaThouless: Double
    /// d(new m̄, q̄)/d(old m̄, q̄).
    let jacobian: Matrix<Double>
  }

  func pass(hidden old: [Double], overlap: Double) -> Pass {
    let first = visible(old, overlap: overlap)
    let magnetisations = first.projections.map { $0 / visibleScale }
    let second = hidden(magnetisations, overlap: first.overlap)
    let parameters = OrderParameters(
      visible: magnetisations, hidden: second.projections.map { $0 / hiddenScale },
      visibleOverlap: first.overlap, hiddenOverlap: second.overlap)
    return Pass(
      parameters: parameters,
      deAlmeidaThouless: ensemble.noise * ensemble.noise
        * (first.fourth * second.fourth)
        .squareRoot(),
      jacobian: LinearAlgebra.product(
        chain(second.jacobian, scale: hiddenScale), chain(first.jacobian, scale: visibleScale)))
  }

  /// Derivatives by (c, v) into those by (m, q), and of E[U tanh h] into those of m.
  private func chain(_ layer: Matrix<Double>, scale: Double) -> Matrix<Double> {
    var result = layer
    let count = ensemble.modeCount
    for row in 0...count {
      for column in 0...count {
        let inner =
          column < count ? ensemble.strengths[column] : ensemble.noise * ensemble.noise
        result[row, column] = layer[row, column] * inner / (row < count ? scale : 1)
      }
    }
    return result
  }

  /// ln Z / L at any order parameters, stationary or not.
  func logPartitionFunction(at point: OrderParameters) -> Double {
    var sum = 0.0
    for (mode, strength) in ensemble.strengths.enumerated() {
      sum -= strength * point.visible[mode] * point.hidden[mode]
    }
    sum +=
      ensemble.noise * ensemble.noise / 2 * (1 - point.visibleOverlap) * (1 - point.hiddenOverlap)
    sum +=
      LayerAverages.logTwoCosh(
        ensemble.components, couplings: couplings(point.hidden, ensemble.visibleFields),
        noise: noise(point.hiddenOverlap), scale: visibleScale)
      / (visibleScale * visibleScale)
    sum +=
      LayerAverages.logTwoCosh(
        ensemble.components, couplings: couplings(point.visible, ensemble.hiddenFields),
        noise: noise(point.visibleOverlap), scale: hiddenScale)
      / (hiddenScale * hiddenScale)
    return sum
  }
}
