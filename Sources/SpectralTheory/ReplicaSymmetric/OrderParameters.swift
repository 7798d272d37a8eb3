/// Order parameters of a replica-symmetric state.
///
///     mₐ = L^{−1/2} Σᵢ uᵢᵃ ⟨sᵢ⟩,   m̄ₐ = L^{−1/2} Σⱼ vⱼᵃ ⟨σⱼ⟩,   q = Σᵢ ⟨sᵢ⟩² / N_v,   q̄ = Σⱼ ⟨σⱼ⟩² / N_h
public struct OrderParameters: Sendable, Equatable, Codable {
  /// mₐ, the visible magnetisation along each mode.
  public var visible: [Double]
  /// m̄ₐ, the hidden magnetisation along each mode.
  public var hidden: [Double]
  /// q, in [0, 1].
  public var visibleOverlap: Double
  /// q̄, in [0, 1].
  public var hiddenOverlap: Double

  /// Order parameters.
  public init(
    visible: [Double], hidden: [Double], visibleOverlap: Double, hiddenOverlap: Double
  ) {
    self.visible = visible
    self.hidden = hidden
    self.visibleOverlap = visibleOverlap
    self.hiddenOverlap = hiddenOverlap
  }

  /// The largest difference of any of them.
  func distance(to other: OrderParameters) -> Double {
    zip(visible + hidden, other.visible + other.hidden).reduce(
      max(
        abs(visibleOverlap - other.visibleOverlap), abs(hiddenOverlap - other.hiddenOverlap))
    ) { max($0, abs($1.0 - $1.1)) }
  }
}
