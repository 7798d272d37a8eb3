public import NumericalCore

/// How −G, the approximation of ln Z, changes with the parameters at a mean-field state.
///
///     −∂G/∂a = m,   −∂G/∂b = m̄,   −∂G/∂W_ij = mᵢ m̄ⱼ + W_ij vᵢ v̄ⱼ + ½ W_ij² κᵢ κ̄ⱼ
///
/// (orders 1, 2, 3; for 0/1 units v = m − m², κ = v(1 − 2m)). G is stationary in the means, so that their
/// own change does not count. These are the means and correlations ⟨v⟩, ⟨h⟩, ⟨v h⟩ of the expansion: the
/// negative phase of learning with Plefka's free energy (Gabrié, Tramel and Krzakala 2015), in the
/// native convention of the units.
public struct MeanFieldGradient: Sendable, Equatable {
  /// −∂G/∂W, shape [visible, hidden].
  public let weights: Matrix<Double>
  /// −∂G/∂a.
  public let visibleBiases: [Double]
  /// −∂G/∂b.
  public let hiddenBiases: [Double]

  /// The gradient at a state of the machine, to the order of the state.
  ///
  /// - Complexity: O(visible × hidden).
  public init(of machine: RestrictedBoltzmannMachine, at state: MeanFieldState) {
    visibleBiases = state.visible
    hiddenBiases = state.hidden
    let power = state.order.power
    let visible = MeanFieldGradient.cumulants(of: state.visible, in: machine.visible)
    let hidden = MeanFieldGradient.cumulants(of: state.hidden, in: machine.hidden)
    var result = Matrix<Double>(rows: state.visible.count, columns: state.hidden.count)
    for i in state.visible.indices {
      for j in state.hidden.indices {
        let w = Double(machine.weights[i, j])
        var value = state.visible[i] * state.hidden[j]
        if power > 1 { value += w * visible.variance[i] * hidden.variance[j] }
        if power > 2 { value += 0.5 * w * w * visible.third[i] * hidden.third[j] }
        result[i, j] = value
      }
    }
    weights = result
  }

  /// Variances and third cumulants of units of the given means, in native values.
  private static func cumulants(
    of means: [Double], in layer: Layer
  ) -> (variance: [Double], third: [Double]) {
    let variances = RestrictedBoltzmannMachine.variances(of: layer, means: means)
    let slopes: [Double] =
      switch layer.kind {
      case .gaussian: means.map { _ in 0 }
      case .spin: means.map { -2 * $0 }
      case .bernoulli, .potts: means.map { 1 - 2 * $0 }
      }
    return (variances, zip(variances, slopes).map(*))
  }
}
