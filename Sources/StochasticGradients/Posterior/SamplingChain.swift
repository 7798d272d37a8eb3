internal import Learning
internal import NumericalCore

/// What a chain needs to go on: with the settings and the seed, the same bits as if it had not stopped.
public struct ChainState: Sendable, Equatable, Codable {
  /// θ.
  public var position: [Double]
  /// v; zeros where the sampler has none.
  public var velocity: [Double]
  /// The noise added last (Leimkuhler and Matthews), or V of pSGLD.
  var memory: [Double]
  /// The gradient of the batch before (debiased).
  var lastGradient: [Double]
  /// α of SGNHT.
  public var friction: Double
  /// Steps done.
  public var step = 0
  /// Gradients of single samples taken; a Hessian-vector product counts as one.
  public var gradientEvaluations = 0
  /// The adaptation of HMC.
  var adaptation = DualAveraging()
  /// Trajectories of HMC after the warm-up, and those accepted.
  var trajectories = 0
  var accepted = 0
}

/// A chain of a sampler: its state, and the memory of its steps, which allocate none.
struct SamplingChain: Sendable {
  let model: any FiniteSum
  let settings: SamplerSettings
  let laplace: LaplaceApproximation
  /// The number of the chain; with the seed it names the streams.
  let index: UInt64
  let seed: UInt64
  var state: ChainState
  var batches: Minibatches
  var gradient: [Double]
  var other: [Double]
  var noise: [Double]
  var workspace: [Double]
  /// ∇U at the mode (control variates).
  let gradientAtMode: [Double]

  init(
    model: any FiniteSum, settings: SamplerSettings, laplace: LaplaceApproximation,
    gradientAtMode: [Double], seed: UInt64, index: Int, state: ChainState? = nil
  ) {
    self.model = model
    self.settings = settings
    self.laplace = laplace
    self.seed = seed
    self.index = UInt64(index)
    self.gradientAtMode = gradientAtMode
    let zeros = [Double](repeating: 0, count: model.parameterCount)
    gradient = zeros
    other = zeros
    noise = zeros
    batches = Minibatches(
      sampleCount: model.sampleCount, batchSize: settings.batchSize, policy: settings.policy,
      ragged: .weighted, seed: seed, chain: UInt64(index))
    workspace = [Double](
      repeating: 0, count: model.workspaceCount(batchSize: batches.batchSize))
    if let state {
      self.state = state
      return
    }
    // From the Gaussian of the mode, so that the chains of a Gaussian posterior need no warm-up.
    var stream = NormalStream(seed: seed, purpose: .posteriorStarts, index: UInt64(index))
    var start = zeros
    stream.fill(&start)
    let width = settings.temperature.squareRoot()
    var velocity = zeros
    if settings.sampler.isKinetic {
      stream.fill(&velocity)
      scale(&velocity, by: (settings.stepSize * settings.temperature).squareRoot())
    }
    self.state = ChainState(
      position: laplace.position(whitened: start.map { width * $0 }), velocity: velocity,
      memory: zeros, lastGradient: zeros, friction: settings.friction)
    if settings.noise == .leimkuhlerMatthews { drawNoise(number: 0, into: &self.state.memory) }
    if settings.sampler == .preconditioned {
      // V begins with the squares of one batch, not with zeros.
      estimateGradient(number: 0)
      for k in zeros.indices { self.state.memory[k] = gradient[k] * gradient[k] }
      self.state.gradientEvaluations = 0
    }
  }

  /// Steps from one possible record to the next.
  var stepsPerMove: Int {
    settings.recording == .epoch && settings.sampler != .hmc && settings.sampler != .ula
      ? batches.batchesPerEpoch : 1
  }

  /// One step, one epoch or one trajectory: from one state that may be recorded to the next.
  mutating func move(isWarmUp: Bool) {
    switch settings.sampler {
    case .hmc: trajectory(isWarmUp: isWarmUp)
    case .cyclical: repeat { langevinStep() } while isExploring(step: state.step - 1)
    case .sghmc, .sgnht, .baoab: for _ in 0..<stepsPerMove { kineticStep() }
    default: for _ in 0..<stepsPerMove { langevinStep() }
    }
  }

  /// The normal numbers with the given number of this chain.
  func drawNoise(number: Int, into values: inout [Double]) {
    var stream = NormalStream(
      seed: seed, purpose: .posteriorNoise, index: index, step: UInt64(number))
    stream.fill(&values)
  }

  /// `gradient` ← the sampler's estimate of ∇U at the position, for the step of this number.
  mutating func estimateGradient(number: Int) {
    if settings.sampler.usesFullGradients {
      gradient = model.gradient(at: state.position)
      state.gradientEvaluations += model.sampleCount
      return
    }
    let batch = batches.batch(update: number)
    let weight = batches.weight(update: number)
    model.gradient(of: batch, at: state.position, into: &gradient, workspace: &workspace)
    state.gradientEvaluations += batch.count
    if settings.sampler == .controlVariates {
      model.gradient(of: batch, at: laplace.mode, into: &other, workspace: &workspace)
      state.gradientEvaluations += batch.count
      add(-1, other, to: &gradient)
      if weight != 1 { scale(&gradient, by: weight) }
      add(1, gradientAtMode, to: &gradient)
    } else if weight != 1 {
      scale(&gradient, by: weight)
    }
  }
}
