/// A solution of the replica-symmetric equations, with what is needed to trust it or not.
public struct ReplicaSymmetricState: Sendable, Equatable, Codable {
  /// m, m̄, q, q̄.
  public var parameters: OrderParameters
  /// ln Z / L, L = √(N_v N_h), in nats.
  public var logPartitionFunction: Double
  /// σ² √(E sech⁴ h_v · E sech⁴ h_h), de Almeida and Thouless 1978; replica symmetry holds below 1.
  public var deAlmeidaThouless: Double
  /// The largest factor by which one pass through both equations stretches a small deviation.
  ///
  /// Above 1 the state is no solution that anything comes to: at m = 0 it is the largest of
  /// w²(1 − q)(1 − q̄) and, at q = 0, σ⁴.
  public var growth: Double
  /// The largest change that another pass through the equations makes.
  public var residual: Double
  /// Passes made, those in Newton's steps included.
  public var iterations: Int
  /// Whether the residual came below the tolerance of the solver.
  public var isConverged: Bool

  /// The largest |mₐ| and |m̄ₐ|.
  public var magnetisation: Double {
    (parameters.visible + parameters.hidden).reduce(0) { max($0, abs($1)) }
  }

  /// Whether small deviations of m and q die out; on a degenerate manifold they stay.
  public var isStable: Bool { growth <= 1 + 1e-6 }

  /// Whether replica symmetry holds.
  public var isReplicaSymmetric: Bool { deAlmeidaThouless < 1 }

  /// The phase that the state is of.
  ///
  /// Magnetisations below 1e-4 and overlaps below 1e-5 count as zero: at a transition they are not
  /// known better.
  public var phase: Phase {
    if magnetisation > 1e-4 {
      return isReplicaSymmetric ? .ferromagnet : .unstableFerromagnet
    }
    return parameters.visibleOverlap > 1e-5 ? .spinGlass : .paramagnet
  }

  /// A phase of a machine with random weights.
  public enum Phase: String, Sendable, Codable, CaseIterable {
    /// m = 0, q = 0: nothing is stored.
    case paramagnet
    /// m ≠ 0: the machine has the mode.
    case ferromagnet
    /// m ≠ 0, but replica symmetry does not hold: the state of the mode is broken up by the noise.
    case unstableFerromagnet = "unstable-ferromagnet"
    /// m = 0, q ≠ 0: the machine is frozen in its noise.
    case spinGlass = "spin-glass"
  }
}
