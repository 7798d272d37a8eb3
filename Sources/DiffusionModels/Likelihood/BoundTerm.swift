internal import NumericalCore

/// What one step of a chain takes from the bound on the log-likelihood, in nats.
public struct BoundTerm: Sendable, Equatable, Codable {
  /// t.
  public let step: Int
  /// The mean divergence of the step, or −E ln p(x_0|x_1) for a last step of the model's.
  public let mean: Double
  /// Of the mean; nil for one value, which does not tell its error.
  public let standardError: Double?
  /// Values in the mean.
  public let count: Int

  init(step: Int, values: [Double]) {
    self.step = step
    mean = NumericalCore.mean(of: values)
    standardError =
      values.count > 1 ? (variance(of: values) / Double(values.count)).squareRoot() : nil
    count = values.count
  }
}
