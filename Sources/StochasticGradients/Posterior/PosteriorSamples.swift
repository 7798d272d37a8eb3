public import NumericalCore

/// What a sampler of a posterior brought.
public struct PosteriorSamples: Sendable {
  /// A chain that left all bounds.
  public struct Divergence: Sendable, Equatable {
    /// The number of the chain.
    public let chain: Int
    /// The step at which it was seen.
    public let step: Int
  }

  /// The settings.
  public let settings: SamplerSettings
  /// The samples of each chain, one a row; as many for all, cut where the first diverged.
  public let chains: [Matrix<Double>]
  /// The last good states, to go on from.
  public let states: [ChainState]
  /// Chains that diverged.
  public let divergences: [Divergence]
  /// Gradients of single samples taken by all chains.
  public let gradientEvaluations: Int
  /// The part of HMC's trajectories that were accepted.
  public let acceptance: Double?
  /// Steps between two states that may be recorded.
  public let stepsPerMove: Int

  init(settings: SamplerSettings, runs: [ChainRun]) {
    self.settings = settings
    let length = runs.map(\.kept).min() ?? 0
    chains = runs.map {
      $0.samples.rows == length ? $0.samples : $0.samples.selectingRows(0..<length)
    }
    states = runs.map(\.chain.state)
    divergences = runs.enumerated().compactMap { index, run in
      run.divergence.map { Divergence(chain: index, step: $0) }
    }
    gradientEvaluations = states.reduce(0) { $0 + $1.gradientEvaluations }
    let tried = states.reduce(0) { $0 + $1.trajectories }
    acceptance =
      settings.sampler == .hmc && tried > 0
      ? Double(states.reduce(0) { $0 + $1.accepted }) / Double(tried) : nil
    stepsPerMove = runs.first?.chain.stepsPerMove ?? 1
  }

  /// d.
  public var parameterCount: Int { chains.first?.columns ?? 0 }
  /// Samples of a chain.
  public var length: Int { chains.first?.rows ?? 0 }

  /// One parameter along each chain.
  public func values(ofParameter index: Int) -> [[Double]] {
    chains.map { chain in (0..<chain.rows).map { chain[$0, index] } }
  }

  /// All chains below one another.
  public var pooled: Matrix<Double> {
    Matrix(
      rows: chains.count * length, columns: parameterCount, elements: chains.flatMap(\.elements))
  }

  /// The mean over all samples.
  public var mean: [Double] {
    (0..<parameterCount).map { index in
      NumericalCore.mean(of: values(ofParameter: index).flatMap { $0 })
    }
  }

  /// The covariance matrix of all samples.
  public var covariance: Matrix<Double> { covarianceMatrix(of: pooled) }
}
