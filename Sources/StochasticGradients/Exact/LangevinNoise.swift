/// When the steps of a Langevin sampler take their noise.
public enum LangevinNoise: String, Sendable, Codable, CaseIterable {
  /// √(2ηT) ξₖ at each step.
  case step
  /// √(2ηTP) ξ at the end of each epoch of P steps.
  case epoch
  /// √(ηT/2) (ξₖ + ξₖ₊₁) at each step: no bias of first order where the potential is quadratic
  /// (Leimkuhler and Matthews 2013).
  case leimkuhlerMatthews = "lm"
}
