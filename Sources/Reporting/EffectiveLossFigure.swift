internal import Learning
internal import NumericalCore
internal import StochasticGradients

/// Where descent with and without replacement has its mean: displacements from the minimum of the loss.
public enum EffectiveLossFigure {
  /// A mean displacement, with the error of each component.
  public struct Mean: Sendable {
    /// What the key calls it.
    public let name: String
    /// Displacement from the minimum.
    public let shift: [Double]
    /// Standard errors.
    public let errors: [Double]

    /// A mean of chains, whose scatter is the error.
    public init(name: String, chains: [[Double]], minimum: [Double]) {
      self.name = name
      let columns = minimum.indices.map { k in chains.map { $0[k] - minimum[k] } }
      shift = columns.map { mean(of: $0) }
      errors = columns.map {
        $0.count > 1 ? (variance(of: $0) / Double($0.count)).squareRoot() : .nan
      }
    }
  }

  /// The figure.
  ///
  /// - Parameters:
  ///   - predicted: Displacement of the minimum of the effective loss without replacement.
  ///   - means: Measured means.
  ///   - labels: What the components are.
  ///   - name: The name of its files without extension.
  public static func make(
    predicted: [Double], means: [Mean], labels: String = "weight", name: String = "effective-loss"
  ) -> Figure {
    let count = min(predicted.count, 40)
    let places = (0..<count).map { Double($0 + 1) }
    var series = means.enumerated().map { index, one in
      SeriesFigure.Series(
        name: one.name,
        x: places.map { $0 + 0.12 * (Double(index) - Double(means.count - 1) / 2) },
        y: Array(one.shift.prefix(count)),
        low: (0..<count).map { one.shift[$0] - 1.96 * one.errors[$0] },
        high: (0..<count).map { one.shift[$0] + 1.96 * one.errors[$0] }, style: .points)
    }
    series.append(
      SeriesFigure.Series(
        name: "minimum of L_eff, without replacement", x: places, y: Array(predicted.prefix(count)))
    )
    return SeriesFigure.make(
      name: name, title: "Replacement decides which loss is minimised",
      caption:
        "Mean displacement of the descent from the minimum of the loss, component by component. Without replacement the mean lies at the minimum of L_eff = L − η(P−1)/4 |∇L|² + (η/4) tr C_b. With replacement the drift is that of L itself; its mean is known less well, for the weights spread far, and third derivatives of L shift it too. Bars are 95 % intervals.",
      xLabel: labels, yLabel: "mean displacement from the minimum of L", series: series,
      references: [SeriesFigure.ReferenceLine(value: 0, name: "minimum of L")])
  }
}

extension DescentReport {
  /// The means of the run and of the run beside it, against both minima; nil where there is no comparison.
  var effectiveLossFigure: Figure? {
    guard let comparison else { return nil }
    let other = EffectiveLossFigure.Mean(
      name: "\(comparison.policy.rawValue) replacement", chains: comparison.means,
      minimum: minimum.parameters)
    let own = EffectiveLossFigure.Mean(
      name: "\(policy.rawValue) replacement",
      chains: outcome.chains.map { state.parameters(of: $0.mean, reference: centre) },
      minimum: minimum.parameters)
    let shifted = policy == .withoutReplacement ? centre : comparison.centre
    return EffectiveLossFigure.make(
      predicted: zip(shifted, minimum.parameters).map { $0 - $1 }, means: [own, other])
  }
}
