public import Learning
public import NumericalCore

/// The samplers of a posterior, by their names in the literature.
///
/// With U = −ln posterior, ĝ an unbiased estimate of ∇U, T the temperature and ξ standard normal numbers:
///
///     SGLD       θ ← θ − η ĝ + √(2ηT) ξ
///     SGLD-CV    the same with ĝ = ∇U(c) + ĝ(θ) − ĝ(c), c the mode
///     pSGLD      θ ← θ − η G ĝ + √(2ηT G) ξ,   G = 1/(δ + √V),  V ← λV + (1 − λ) ĝ²
///     SGHMC      v ← (1 − α) v − η ĝ + √(2αηT) ξ,   θ ← θ + v
///     SGNHT      v ← (1 − α) v − η ĝ + √(2aηT) ξ,   θ ← θ + v,   α ← α + a² ((1 − α/2) v·v/dηT − 1)
///     BAOAB      v ← v − η ĝ,  θ ← θ + v/2,  v ← (1 − α) v + √(α(2 − α) η T) ξ,  θ ← θ + v/2
///     cyclical   SGLD with η falling as a cosine over each cycle, its first part without noise
///     HMC        full gradients, leapfrog, accepted or not: exact
///     ULA        SGLD with full gradients
///     SGWORLD    SGLD with minibatches without replacement, recorded at the ends of epochs
///
/// η is a squared time step and the same for all: a step is stable while η times the largest curvature is
/// below about 2. The step ε of Welling and Teh is 2η. In BAOAB the two halves of the kick stand together,
/// so that a step takes one gradient; positions are those of BAOAB. In SGNHT Ding et al. have v·v without the
/// factor 1 − α/2, which is the first order in α: with it positions have the temperature T for any friction as
/// η → 0. pSGLD leaves out the divergence of G, as its authors do, which biases it.
///
/// Sources: Welling, Teh 2011; Baker et al. 2019 (control variates); Li et al. 2016 (pSGLD); Chen, Fox,
/// Guestrin 2014 (SGHMC); Ding et al. 2014 (SGNHT); Leimkuhler, Matthews 2013 (BAOAB); Zhang et al. 2020
/// (cyclical); Neal 2011 (HMC); Adhikari et al. 2023 (SGWORLD).
public enum PosteriorSampler: String, Sendable, Codable, CaseIterable {
  case sgld
  case controlVariates = "sgld-cv"
  case preconditioned = "psgld"
  case sghmc
  case sgnht
  case baoab
  case cyclical
  case hmc
  case ula
  case sgworld

  /// Whether its steps take the gradient over all samples.
  public var usesFullGradients: Bool { self == .hmc || self == .ula }

  /// Whether it has velocities.
  public var isKinetic: Bool { self == .sghmc || self == .sgnht || self == .baoab }

  /// How its batches hang together unless it is told otherwise.
  public var defaultPolicy: MinibatchPolicy {
    self == .sgworld ? .withoutReplacement : .withReplacement
  }

  /// When its states are recorded unless it is told otherwise.
  public var defaultRecording: SamplerSettings.Recording { self == .sgworld ? .epoch : .step }
}

/// A sampler with all that its steps depend on.
public struct SamplerSettings: Sendable, Equatable, Codable {
  /// When states count as samples.
  public enum Recording: String, Sendable, Codable, CaseIterable {
    /// After each step.
    case step
    /// At the ends of epochs. In mid-epoch, without replacement, a state has an extra spread
    /// η² C k(P − k)/(P − 1), with C the covariance of a batch's gradient.
    case epoch
  }

  /// The sampler.
  public var sampler: PosteriorSampler
  /// η.
  public var stepSize: Double
  /// T; 1 is the posterior, 0 descent.
  public var temperature = 1.0
  /// B.
  public var batchSize: Int
  /// Whether successive batches are independent.
  public var policy: MinibatchPolicy
  /// When overdamped samplers add noise.
  public var noise = LangevinNoise.step
  /// When states count.
  public var recording: Recording
  /// Whether the drift is corrected for the bias that minibatches without replacement have at first order
  /// in η: by + (η/4) ∇ tr C, estimated with one Hessian-vector product a step.
  public var isDebiased = false
  /// α (a in SGNHT), the part of the velocity lost in a step.
  public var friction = 0.1
  /// λ of pSGLD.
  public var preconditionerMemory = 0.99
  /// δ of pSGLD, in units of the gradient over N.
  public var preconditionerFloor = 1e-5
  /// Steps of a cycle.
  public var cycleLength = 1000
  /// The part of a cycle without noise.
  public var exploration = 0.5
  /// The acceptance that HMC adapts its step to in the warm-up.
  public var targetAcceptance = 0.8

  /// A sampler with its usual batches and recording.
  public init(_ sampler: PosteriorSampler, stepSize: Double, batchSize: Int) {
    self.sampler = sampler
    self.stepSize = stepSize
    self.batchSize = batchSize
    policy = sampler.defaultPolicy
    recording = sampler.defaultRecording
  }

  /// What cannot be meant.
  ///
  /// - Throws: ``SzilardError`` of kind `usage`.
  public func check() throws(SzilardError) {
    func wrong(_ text: String) -> SzilardError { SzilardError(.usage, text) }
    guard stepSize > 0, stepSize.isFinite else {
      throw wrong("the step size is \(stepSize); it must be positive")
    }
    guard batchSize > 0 else { throw wrong("a batch of \(batchSize) samples") }
    guard temperature >= 0, temperature.isFinite else {
      throw wrong("the temperature is \(temperature)")
    }
    guard friction > 0, friction <= 1 else {
      throw wrong(
        "the friction is \(friction); it is the part of the velocity lost in a step, in (0, 1]")
    }
    if sampler == .sgnht || sampler == .hmc, temperature == 0 {
      throw wrong("\(sampler.rawValue) has no temperature 0")
    }
    let isOverdamped = !sampler.isKinetic && sampler != .hmc
    if !isOverdamped || sampler == .preconditioned || sampler == .cyclical, noise != .step {
      throw wrong("noise '\(noise.rawValue)' goes with sgld, sgld-cv, ula and sgworld")
    }
    if isDebiased,
      policy != .withoutReplacement || !isOverdamped || sampler == .preconditioned
        || sampler == .controlVariates || sampler == .ula
    {
      throw wrong("the debiased drift goes with sgld and sgworld, without replacement")
    }
    guard cycleLength > 1, exploration >= 0, exploration < 1 else {
      throw wrong("a cycle of \(cycleLength) steps, of which \(exploration) without noise")
    }
    if sampler == .cyclical, recording == .epoch {
      throw wrong("cyclical records after steps")
    }
  }
}
