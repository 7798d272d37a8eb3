public import Learning
public import NumericalCore

/// Chains of a sampler of a posterior, side by side.
///
///     let laplace = LaplaceApproximation(at: try Minimum.find(of: model, from: start))
///     var sampling = PosteriorSampling(SamplerSettings(.sgworld, stepSize: 1e-5, batchSize: 100))
///     let samples = sampling.run(model, laplace: laplace)
///
/// A move is a step, an epoch where states are recorded at ends of epochs, or a trajectory of HMC. Chain c
/// draws from streams of its own, so results are the same bits for any number of threads; a run that goes
/// on from ``PosteriorSamples/states`` gives the samples that one run would have given.
public struct PosteriorSampling: Sendable {
  /// The sampler.
  public var settings: SamplerSettings
  /// Chains.
  public var chains = 4
  /// Samples kept of each chain.
  public var samples = 1000
  /// Moves before the first sample.
  public var warmUp = 1000
  /// Moves from one sample to the next.
  public var thinning = 1
  /// Names the streams.
  public var seed: UInt64 = 1
  /// The threads.
  public var workers = Workers()

  /// Sampling with the given settings.
  public init(_ settings: SamplerSettings) { self.settings = settings }

  /// Runs the chains.
  ///
  /// A chain that leaves all bounds stops: its last good state is kept, and the samples end there.
  ///
  /// - Parameters:
  ///   - model: U.
  ///   - laplace: The Gaussian of the mode: where chains begin, and c of the control variates.
  ///   - states: Where earlier chains stopped; they go on, without warm-up.
  ///   - progress: Told the part that is done, from the calling thread.
  /// - Throws: ``SzilardError`` of kind `usage` for settings that do not go together.
  public func run(
    _ model: any FiniteSum, laplace: LaplaceApproximation, resuming states: [ChainState]? = nil,
    progress: (Double) -> Void = { _ in }
  ) throws(SzilardError) -> PosteriorSamples {
    try settings.check()
    guard chains > 0, samples > 0, thinning > 0, warmUp >= 0 else {
      throw SzilardError(
        .usage, "\(chains) chains of \(samples) samples, \(thinning) moves apart, after \(warmUp)")
    }
    guard states.map({ $0.count == chains }) ?? true else {
      throw SzilardError(.usage, "\(states?.count ?? 0) states to go on from, for \(chains) chains")
    }
    let size = model.parameterCount
    for state in states ?? []
    where [state.position, state.velocity, state.memory, state.lastGradient].contains(where: {
      $0.count != size
    }) {
      throw SzilardError(.usage, "states to go on from of another model: it has \(size) parameters")
    }
    LinearAlgebra.useOneThread()
    let gradientAtMode =
      settings.sampler == .controlVariates
      ? model.gradient(at: laplace.mode, workers: workers) : []
    let begin = states == nil ? -warmUp : 0
    let end = samples * thinning
    var runs = (0..<chains).map { index in
      ChainRun(
        chain: SamplingChain(
          model: model, settings: settings, laplace: laplace, gradientAtMode: gradientAtMode,
          seed: seed, index: index, state: states?[index]),
        samples: samples, moves: begin)
    }
    let parts = 20
    for part in 0..<parts {
      let last = begin + (end - begin) * (part + 1) / parts
      runs.withUnsafeMutableBufferPointer { slots in
        let slots = UncheckedSendable(slots)
        workers.forEach(chains) { slots.value[$0].advance(to: last, thinning: thinning) }
      }
      progress(Double(part + 1) / Double(parts))
    }
    return PosteriorSamples(settings: settings, runs: runs)
  }
}

/// A chain with the samples kept of it.
struct ChainRun: Sendable {
  var chain: SamplingChain
  var samples: Matrix<Double>
  var kept = 0
  /// Moves done, negative in the warm-up.
  var moves: Int
  var lastGood: ChainState
  var divergence: Int?
  private let limit: Double

  init(chain: SamplingChain, samples: Int, moves: Int) {
    self.chain = chain
    self.samples = Matrix(rows: samples, columns: chain.state.position.count)
    self.moves = moves
    lastGood = chain.state
    let mode = chain.laplace.mode.map(abs).max() ?? 0
    // A million times farther than the widest direction of the posterior.
    let width = 1 / (chain.laplace.curvatures.first ?? 1).squareRoot()
    limit = 1e6 * (1 + mode + width * Swift.max(1, chain.settings.temperature.squareRoot()))
  }

  mutating func advance(to last: Int, thinning: Int) {
    while moves < last, divergence == nil {
      chain.move(isWarmUp: moves < 0)
      moves += 1
      // Not true for NaN.
      guard chain.state.position.allSatisfy({ abs($0) < limit }) else {
        divergence = chain.state.step
        chain.state = lastGood
        return
      }
      if moves > 0, moves % thinning == 0 {
        samples.setRow(kept, to: chain.state.position)
        kept += 1
      }
      // Not at each move: a copy costs memory afresh.
      if moves % 64 == 0 { lastGood = chain.state }
    }
  }
}

extension PosteriorSampling {
  /// Moves in which the slowest direction of the posterior forgets.
  ///
  ///     overdamped 1/(η h_min),   with velocities α/(η h_min) + 1/√(η h_min),   HMC 1
  ///
  /// in steps; over the steps of a move. For pSGLD with the geometric mean of its own steps.
  public static func relaxation(
    of settings: SamplerSettings, laplace: LaplaceApproximation, noise: MinibatchScatter,
    sampleCount: Int
  ) -> Double {
    guard settings.sampler != .hmc, let least = laplace.curvatures.first else { return 1 }
    var rate = settings.stepSize * least
    if settings.sampler == .preconditioned {
      rate /= noise.typicalGradient(
        batchSize: settings.batchSize, laplace: laplace, temperature: settings.temperature)
    }
    if settings.sampler == .cyclical { rate /= 2 }
    let steps =
      settings.sampler.isKinetic ? settings.friction / rate + 1 / rate.squareRoot() : 1 / rate
    let isEpoch = settings.recording == .epoch && !settings.sampler.usesFullGradients
    let batches = (sampleCount + settings.batchSize - 1) / settings.batchSize
    return steps / Double(isEpoch ? Swift.max(1, batches) : 1)
  }
}
