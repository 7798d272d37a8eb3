public import NumericalCore

/// Two coupled coordinates at two temperatures: the smallest heat engine that turns by itself.
///
///     U = (u₁x² + u₂y²)/2 + c x y,   γ dx = −∂U/∂x dt + √(2γT₁) dW₁,   likewise y at T₂
///
///     rate of entropy production = c²(T₁ − T₂)² / (γ (u₁ + u₂) T₁T₂)
///     Q₁₂ = c (T₂ − T₁)/(γ (u₁ + u₂))
///     S₁₁ = [T₁u₂(u₁ + u₂) + c²(T₂ − T₁)]/[(u₁u₂ − c²)(u₁ + u₂)],   S₂₂ by exchange
///     S₁₂ = −c (T₁u₂ + T₂u₁)/[(u₁u₂ − c²)(u₁ + u₂)]
///
/// Filliger and Reimann 2007, Physical Review Letters 99, 230602.
public struct BrownianGyrator: Sendable, Equatable {
  /// u₁ and u₂.
  public var stiffnesses: (Double, Double) { (firstStiffness, secondStiffness) }
  /// T₁ and T₂.
  public var temperatures: (Double, Double) { (firstTemperature, secondTemperature) }
  /// c.
  public let coupling: Double
  /// γ.
  public let friction: Double
  private let firstStiffness: Double
  private let secondStiffness: Double
  private let firstTemperature: Double
  private let secondTemperature: Double

  /// A gyrator; temperatures, friction and u₁u₂ − c² are positive.
  ///
  /// - Throws: ``SzilardError`` otherwise.
  public init(
    stiffnesses: (Double, Double), coupling: Double, temperatures: (Double, Double),
    friction: Double = 1
  ) throws(SzilardError) {
    guard stiffnesses.0 > 0, stiffnesses.0 * stiffnesses.1 > coupling * coupling else {
      throw SzilardError(
        .usage,
        "the potential is not a bowl: u₁u₂ = \(stiffnesses.0 * stiffnesses.1) must exceed c²")
    }
    guard temperatures.0 > 0, temperatures.1 > 0, friction > 0 else {
      throw SzilardError(.usage, "temperatures and friction must be positive")
    }
    firstStiffness = stiffnesses.0
    secondStiffness = stiffnesses.1
    firstTemperature = temperatures.0
    secondTemperature = temperatures.1
    self.coupling = coupling
    self.friction = friction
  }

  /// Two beads between walls, joined by springs of one stiffness: u = 2k, c = −k.
  public static func twoBeads(
    stiffness k: Double, temperatures: (Double, Double), friction: Double = 1
  ) throws(SzilardError) -> BrownianGyrator {
    try BrownianGyrator(
      stiffnesses: (2 * k, 2 * k), coupling: -k, temperatures: temperatures, friction: friction)
  }

  /// Entropy production per unit of time.
  public var entropyProductionRate: Double {
    let difference = firstTemperature - secondTemperature
    return coupling * coupling * difference * difference
      / (friction * (firstStiffness + secondStiffness) * firstTemperature * secondTemperature)
  }

  /// Q₁₂, the mean rate of area.
  public var circulation: Double {
    coupling * (secondTemperature - firstTemperature)
      / (friction * (firstStiffness + secondStiffness))
  }

  /// S.
  public var covariance: Matrix<Double> {
    let (u, w, c) = (firstStiffness, secondStiffness, coupling)
    let (t, s) = (firstTemperature, secondTemperature)
    let denominator = (u * w - c * c) * (u + w)
    let mixed = -c * (t * w + s * u) * (u + w) / (denominator * (u + w))
    return Matrix(
      rows: 2, columns: 2,
      elements: [
        (t * w * (u + w) + c * c * (s - t)) / denominator, mixed, mixed,
        (s * u * (u + w) + c * c * (t - s)) / denominator,
      ])
  }

  /// The process: A = U''/γ, D = diag(T)/γ.
  public func process() throws(SzilardError) -> OrnsteinUhlenbeckProcess {
    try OrnsteinUhlenbeckProcess(
      drift: Matrix(
        rows: 2, columns: 2,
        elements: [firstStiffness, coupling, coupling, secondStiffness].map { $0 / friction }),
      diffusion: Matrix(
        rows: 2, columns: 2,
        elements: [firstTemperature, 0, 0, secondTemperature].map { $0 / friction }))
  }
}
