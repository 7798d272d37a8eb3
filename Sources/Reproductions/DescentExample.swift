internal import Learning
internal import NumericalCore
internal import StochasticGradients
internal import StochasticThermodynamics

/// The regression network of sgd-f1 to sgd-f5 at its minimum, and runs about it.
struct DescentExample {
  static let paper =
    "Adhikari, Kabakçıoğlu, Strang, Yuret and Hinczewski 2023, arXiv 2306.03521"
  static let settings =
    "Network 1–2–1 with tanh, 7 weights; y = exp(−x²) + 0.1 ξ at 200 points; s = 0.1, prior of precision 20"

  let context: ReproductionContext
  let model: NetworkModel
  let minimum: Minimum

  /// The lowest minimum that eight starts lead to.
  init(_ context: ReproductionContext) throws {
    LinearAlgebra.useOneThread()
    self.context = context
    let model = try RegressionExample.model(seed: context.seed)
    let found = try (0..<8).map {
      try Minimum.find(
        of: model,
        from: model.network.initialParameters(seed: context.seed, index: UInt64($0)))
    }
    guard
      let best = found.filter(\.isStrict).min(by: { $0.value < $1.value })
    else { throw SzilardError(.badData, "no start leads to a minimum") }
    self.model = model
    minimum = best
  }

  func noise(_ batchSize: Int) -> GradientNoise {
    GradientNoise(of: model, at: minimum.parameters, batchSize: batchSize)
  }

  /// Theory with replacement.
  func state(rate: Double, batchSize: Int = 10) throws -> StationaryState {
    try StationaryState(
      hessian: minimum.hessian, diffusion: noise(batchSize).diffusion(rate: rate), rate: rate)
  }

  /// Chains of descent about a state, from starts drawn from it; `fractions` is where this run lies in the progress of
  /// the entry.
  func run(
    about state: StationaryState, centre: [Double]? = nil, rate: Double, batchSize: Int = 10,
    policy: MinibatchPolicy = .withReplacement, chains: Int = 8, steps: Int, burnIn: Int,
    windows: [Int] = [], salt: UInt64 = 0, fractions: ClosedRange<Double>
  ) throws -> DescentRun.Outcome {
    var run = DescentRun()
    run.chains = chains
    run.steps = steps / chains
    run.burnIn = burnIn / chains
    run.windows = windows
    run.workers = context.workers
    run.progress = {
      context.progress(
        fractions.lowerBound + min(1, $0) * (fractions.upperBound - fractions.lowerBound))
    }
    let seed = context.seed &+ salt &* 0x9e37_79b9
    let reference = centre ?? minimum.parameters
    let outcome = try run.run(
      about: state, reference: reference,
      starts: state.starts(count: chains, reference: reference, seed: seed)
    ) { chain in
      MinibatchStep(
        model: model, rate: rate, batchSize: batchSize, policy: policy, seed: seed,
        chain: UInt64(chain))
    }
    if let divergence = outcome.divergence {
      throw SzilardError(.badData, "the descent diverged in step \(divergence.step)")
    }
    return outcome
  }

  /// |a − b| / |b|.
  static func distance(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Double {
    LinearAlgebra.frobeniusNorm(LinearAlgebra.sum(a, b, factor: -1))
      / LinearAlgebra.frobeniusNorm(b)
  }

  /// The norm of the standard errors of the mean of matrices.
  static func samplingError(_ matrices: [Matrix<Double>]) -> Double {
    let all = matrices.map(\.elements)
    return all[0].indices.reduce(0) { sum, k in
      sum + variance(of: all.map { $0[k] }) / Double(all.count)
    }.squareRoot()
  }
}
