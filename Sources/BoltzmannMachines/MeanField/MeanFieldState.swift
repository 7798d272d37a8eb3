/// A solution of the mean-field equations, or where the iteration was given up.
///
/// Magnetisations are in the native convention of the units: in 0...1, in −1...1, or real for Gaussian
/// units.
public struct MeanFieldState: Sendable, Equatable {
  /// Whether the equations are solved.
  public enum Verdict: String, Sendable, Codable {
    /// The residual is at most the tolerance.
    case converged
    /// The iterations ran out before; the state is no solution.
    case notConverged
  }

  /// How the state answers to a small push.
  ///
  /// The Hessian of the free energy is positive definite, and the state a minimum, exactly if the
  /// spectral radius is below 1; its square is then the factor by which an iteration shrinks the error.
  /// A radius above 1 is a saddle.
  public struct Stability: Sendable, Equatable, Encodable {
    /// The largest singular value of A^{−1/2} C B^{−1/2}, for the Hessian [[A, −C], [−Cᵀ, B]].
    public let spectralRadius: Double
    /// How far the radius is from a singular value at most, as Lanczos' iteration knows it.
    public let residual: Double
    /// Whether the state is a minimum; nil where the residual does not let it be told.
    public var isStable: Bool? {
      if spectralRadius - residual >= 1 { return false }
      return spectralRadius + residual < 1 ? true : nil
    }

    /// A stability.
    public init(spectralRadius: Double, residual: Double) {
      self.spectralRadius = spectralRadius
      self.residual = residual
    }
  }

  /// Means of the visible units.
  public let visible: [Double]
  /// Means of the hidden units.
  public let hidden: [Double]
  /// The expansion's free energy G, an approximation of −ln Z, in nats.
  public let freeEnergy: Double
  /// max |m − f(m)| over all units, f the right-hand side of the equations.
  public let residual: Double
  /// Sweeps over both layers that it took, and products of like cost in Newton's method.
  public let iterations: Int
  /// The order of the equations.
  public let order: MeanFieldOrder
  /// Whether the equations are solved.
  public let verdict: Verdict
  /// Whether the state is a minimum of G; nil where it was not measured.
  public internal(set) var stability: Stability?

  /// Whether the verdict is `converged`.
  public var isConverged: Bool { verdict == .converged }
  /// Whether the state is known to be no minimum of G.
  public var isUnstable: Bool { stability?.isStable == false }

  /// A state.
  public init(
    visible: [Double], hidden: [Double], freeEnergy: Double, residual: Double, iterations: Int,
    order: MeanFieldOrder, verdict: Verdict, stability: Stability? = nil
  ) {
    self.visible = visible
    self.hidden = hidden
    self.freeEnergy = freeEnergy
    self.residual = residual
    self.iterations = iterations
    self.order = order
    self.verdict = verdict
    self.stability = stability
  }
}
