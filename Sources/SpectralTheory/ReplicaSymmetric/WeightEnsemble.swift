/// The ensemble of random weights of a machine of ±1 units: a few modes, and noise.
///
///     W_ij = Σₐ wₐ Uᵢᵃ Vⱼᵃ / √(N_v N_h) + r_ij,   r_ij ~ N(0, σ²/L),   L = √(N_v N_h),   κ = N_h/N_v
///
/// with components U, V that are independent, of unit variance and of one law. Fields aᵃ and bᵃ are
/// those of the units projected on the modes: unit i has the visible field κ^{1/4} Σₐ aᵃ Uᵢᵃ, unit j
/// the hidden field κ^{−1/4} Σₐ bᵃ Vⱼᵃ.
///
/// Decelle, Fissore and Furtlehner 2018, J. Stat. Phys. 172, 1576; fields have the sign of the energy
/// −a·s here, opposite to theirs.
public struct WeightEnsemble: Sendable, Equatable {
  /// The strengths wₐ of the modes, one each.
  public var strengths: [Double]
  /// σ, the size of the noise.
  public var noise: Double
  /// κ = N_h / N_v.
  public var aspectRatio: Double
  /// The law of the components of all modes.
  public var components: ComponentLaw
  /// aᵃ, a visible field along each mode.
  public var visibleFields: [Double]
  /// bᵃ, a hidden field along each mode.
  public var hiddenFields: [Double]

  /// An ensemble; without fields unless given.
  ///
  /// The work grows with the number K of modes in which the state is not zero: as 1 for Gaussian
  /// components, 2^K for signs, 25^K for Laplace.
  public init(
    strengths: [Double], noise: Double, aspectRatio: Double = 1,
    components: ComponentLaw = .gaussian, visibleFields: [Double] = [], hiddenFields: [Double] = []
  ) {
    precondition(noise >= 0 && noise.isFinite, "a noise of \(noise)")
    precondition(aspectRatio > 0 && aspectRatio.isFinite, "an aspect ratio of \(aspectRatio)")
    precondition(
      strengths.allSatisfy { $0 >= 0 && $0.isFinite }, "strengths \(strengths), none negative")
    for fields in [visibleFields, hiddenFields] {
      precondition(fields.isEmpty || fields.count == strengths.count, "a field for each mode")
      precondition(fields.allSatisfy(\.isFinite), "finite fields")
    }
    let none = [Double](repeating: 0, count: strengths.count)
    self.strengths = strengths
    self.noise = noise
    self.aspectRatio = aspectRatio
    self.components = components
    self.visibleFields = visibleFields.isEmpty ? none : visibleFields
    self.hiddenFields = hiddenFields.isEmpty ? none : hiddenFields
  }

  /// The number of modes K.
  public var modeCount: Int { strengths.count }
  /// Whether any field is not zero.
  public var hasFields: Bool { (visibleFields + hiddenFields).contains { $0 != 0 } }
}
