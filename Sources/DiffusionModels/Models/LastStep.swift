public import NumericalCore

/// How a reverse chain takes its last step, from x_1 to x_0.
public enum LastStep: String, Sendable, Equatable, Codable, CaseIterable {
  /// The forward kernel read backwards: the edge rule of Sohl-Dickstein et al. 2015, appendix B.
  case forward
  /// The model's own kernel, as in Ho et al. 2020.
  case model
}

extension GaussianReverseKernel {
  /// p(x_{t−1}|x_t) with the last step as said.
  public func reverse(
    _ states: Matrix<Double>, step: Int, lastStep: LastStep
  ) throws -> GaussianRows {
    step == 1 && lastStep == .forward
      ? forwardStep(states, step: 1) : try reverse(states, step: step)
  }
}
