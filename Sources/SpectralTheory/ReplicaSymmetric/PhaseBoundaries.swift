internal import Foundation

/// The boundaries of the phases of a machine with one mode and no fields.
///
///     paramagnet  | ferromagnet   w = 1                     (σ ≤ 1)
///     paramagnet  | spin glass    σ = 1                     (w ≤ 1)
///     spin glass  | ferromagnet   w²(1 − q)(1 − q̄) = 1      (σ ≥ 1), q and q̄ those of m = 0
///     ferromagnet | its instability  σ² √(E sech⁴ h_v · E sech⁴ h_h) = 1 in the ferromagnet
///
/// The first three hold for all laws of the components, as they belong to an infinitesimal m. The
/// third is replica-symmetric: the true boundary is expected at w = σ, as in the model of Sherrington
/// and Kirkpatrick (Toulouse 1980).
public struct PhaseBoundaries: Sendable {
  /// The law of the components.
  public let components: ComponentLaw
  /// κ = N_h / N_v.
  public let aspectRatio: Double

  private let solver = ReplicaSymmetricSolver()

  /// The boundaries for a law and a shape.
  public init(components: ComponentLaw = .gaussian, aspectRatio: Double = 1) {
    self.components = components
    self.aspectRatio = aspectRatio
  }

  /// The ensemble of one mode.
  public func ensemble(strength: Double, noise: Double) -> WeightEnsemble {
    WeightEnsemble(
      strengths: [strength], noise: noise, aspectRatio: aspectRatio, components: components)
  }

  /// The state without magnetisation: the spin glass for σ > 1, the paramagnet else.
  public func spinGlass(noise: Double) -> ReplicaSymmetricState {
    solver.state(
      of: WeightEnsemble(
        strengths: [], noise: noise, aspectRatio: aspectRatio, components: components), hidden: [])
  }

  /// The state that a machine started in the mode comes to.
  public func ferromagnet(strength: Double, noise: Double) -> ReplicaSymmetricState {
    solver.state(
      of: ensemble(strength: strength, noise: noise), hidden: [pow(aspectRatio, 0.25)])
  }

  /// w above which there is a magnetisation, 1/√((1 − q)(1 − q̄)); nil where the state did not converge.
  public func ferromagneticStrength(noise: Double) -> Double? {
    guard noise > 1 else { return 1 }
    let glass = spinGlass(noise: noise)
    guard glass.isConverged else { return nil }
    let state = glass.parameters
    return 1 / ((1 - state.visibleOverlap) * (1 - state.hiddenOverlap)).squareRoot()
  }

  /// w above which the ferromagnet is stable to replica symmetry breaking; nil for σ ≤ 1, where all are,
  /// and where no root was found or a state did not converge.
  ///
  /// Bisection to a relative width of 1e-9. Where σ → 1 the line comes to the boundary of the spin glass as
  /// (σ − 1)³; nearer than 1e-6 the two are not told apart.
  public func deAlmeidaThoulessStrength(noise: Double) -> Double? {
    guard noise > 1 else { return nil }
    var isConverged = true
    func isStable(_ strength: Double) -> Bool {
      let state = ferromagnet(strength: strength, noise: noise)
      isConverged = isConverged && state.isConverged
      return state.isReplicaSymmetric
    }
    guard let onset = ferromagneticStrength(noise: noise) else { return nil }
    var low = onset * (1 + 1e-6)
    if isStable(low) { return isConverged ? low : nil }
    var high = 1.2 * low
    while !isStable(high) {
      low = high
      high *= 1.5
      guard high < 1e3 * noise else { return nil }
    }
    while high - low > 1e-9 * high {
      let middle = (low + high) / 2
      if isStable(middle) { high = middle } else { low = middle }
    }
    return isConverged ? (low + high) / 2 : nil
  }
}
