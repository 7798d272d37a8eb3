internal import Foundation

/// Whether two modes of equal strength are seen one at a time or mixed.
///
/// For small m the price of a magnetisation is, up to a positive factor,
///
///     (k − 3) Σₐ mₐ⁴ + 3 (Σₐ mₐ²)²,   k = E U⁴
///
/// so that components with k < 3 favour a single mode and those with k > 3 mixtures; at k = 3 all
/// directions are alike. Decelle, Fissore and Furtlehner 2018 call the mixtures compositional. Here
/// the rule stands beside the two solved states.
public struct ModeComposition: Sendable, Equatable {
  /// What wins.
  public enum Kind: String, Sendable, Codable {
    /// One mode at a time, as in the retrieval of patterns.
    case single
    /// All directions in the space of the modes alike.
    case degenerate
    /// Both modes together.
    case mixture
  }

  /// What the kurtosis says.
  public let rule: Kind
  /// The state with one mode.
  public let pure: ReplicaSymmetricState
  /// The state with both modes alike.
  public let mixed: ReplicaSymmetricState

  /// What the kurtosis k of the components says; within `tolerance` of 3 neither wins.
  public static func rule(kurtosis: Double, tolerance: Double = 0) -> Kind {
    abs(kurtosis - 3) <= tolerance ? .degenerate : kurtosis < 3 ? .single : .mixture
  }

  /// The states of two modes of one strength.
  public init(
    strength: Double, noise: Double, aspectRatio: Double = 1, components: ComponentLaw
  ) {
    rule = ModeComposition.rule(kurtosis: components.kurtosis)
    let ensemble = WeightEnsemble(
      strengths: [strength, strength], noise: noise, aspectRatio: aspectRatio,
      components: components)
    let solver = ReplicaSymmetricSolver()
    let full = pow(aspectRatio, 0.25)
    pure = solver.state(of: ensemble, hidden: [full, 0])
    mixed = solver.state(of: ensemble, hidden: [full, full])
  }

  /// ln Z / L of the pure state less that of the mixed one.
  public var difference: Double { pure.logPartitionFunction - mixed.logPartitionFunction }

  /// What the solved states say; nil where one of them is not converged.
  public var solved: Kind? {
    guard pure.isConverged, mixed.isConverged else { return nil }
    return abs(difference) < 1e-9 ? .degenerate : difference > 0 ? .single : .mixture
  }
}
