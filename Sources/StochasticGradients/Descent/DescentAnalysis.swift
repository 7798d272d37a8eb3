internal import Foundation
public import Learning
public import NumericalCore

/// Which modes of the Hessian are looked at.
public enum ModeChoice: String, Sendable, CaseIterable {
  /// Those of the least curvature, which relax last.
  case slowest
  /// Those of the largest diffusion.
  case noisiest
}

/// A descent near its minimum, looked at as a Fokker–Planck process.
///
/// Finds a minimum, predicts from gradients and Hessian there what the descent will do in the long run (drift, diffusion,
/// covariance, current, entropy production), runs it, and holds what it did against the prediction and against the
/// integral and detailed fluctuation theorems.
public struct DescentAnalysis<Model: FiniteSum>: Sendable {
  /// L.
  public let model: Model
  /// Where searches for a minimum start; the lowest minimum found is taken.
  public let starts: [[Double]]
  /// B.
  public var batchSize = 10
  /// How batches hang together.
  public var policy = MinibatchPolicy.withReplacement
  /// η; nil for one that is small against the curvature.
  public var rate: Double?
  /// Units of time (steps; epochs without replacement) observed, over all chains; nil for 200 relaxation times.
  public var steps: Int?
  /// Units of time of each chain before; nil for two relaxation times.
  public var burnIn: Int?
  /// Lengths of windows, in units of time; nil for those of 1, 10, 100, 1000 and 3000 in which theory expects no more than
  /// one nat: of longer ones the trajectories that carry ⟨e^{−σ}⟩ are not sampled.
  public var windows: [Int]?
  /// Modes of the Hessian that are looked at; nil for all up to ``DescentAnalysis/allModes`` parameters.
  public var modes: Int?
  /// Which modes, where not all are.
  public var modeChoice = ModeChoice.slowest
  /// Chains.
  public var chains = 8
  /// Trajectories off the stationary state; 0 for none.
  public var relaxations = 2000
  /// Whether a run of the other policy stands beside, whose mean shows the other effective loss.
  public var comparesPolicies = true
  /// The seed of all streams.
  public var seed: UInt64 = 1
  /// The threads.
  public var workers = Workers()
  /// Told what is done, and how far it is.
  public var progress: @Sendable (String, Double) -> Void = { _, _ in }

  /// Parameters up to which all modes are looked at; beyond them the 16 slowest.
  public static var allModes: Int { 40 }

  /// The analysis of a model.
  public init(model: Model, starts: [[Double]]) {
    self.model = model
    self.starts = starts
  }

  /// Runs it.
  ///
  /// - Throws: ``SzilardError`` where there is no minimum with a positive Hessian near any start, the rate is not
  ///   stable or the noise is singular; ``DescentDivergence`` where the descent left for infinity.
  public func run() throws -> DescentReport {
    guard batchSize >= 1, batchSize < model.sampleCount else {
      throw SzilardError(
        .usage,
        "batches of \(batchSize) of \(model.sampleCount) samples: a full batch has no noise, and no stationary state; give 1 to \(model.sampleCount - 1)"
      )
    }
    let minimum = try lowestMinimum()
    let curvature = minimum.eigenvalues[minimum.eigenvalues.count - 1]
    let epoch = model.sampleCount / batchSize
    let updates = policy == .withReplacement ? 1 : epoch
    let rate = try checkedRate(curvature, epoch)
    let noise = GradientNoise(of: model, at: minimum.parameters, batchSize: batchSize)
    progress("diffusion", 0)
    let diffusion = try diffusion(minimum, noise, rate)
    let kappa = rate * Double(updates)
    let state = try stationaryState(minimum, diffusion, kappa)
    guard
      let centre = EffectiveLoss(
        model: model, rate: rate, batchSize: batchSize, policy: policy
      ).minimum(near: minimum)
    else {
      throw SzilardError(
        .usage,
        "the minimum of the effective loss was not found: --learning-rate \(rate) is too large")
    }
    let (perChain, before) = lengths(state)
    if let longest = windows?.max(), longest > perChain / 20 {
      throw SzilardError(
        .usage,
        "windows of \(longest) in chains of \(perChain): a chain must hold twenty of them; take --steps of at least \(20 * longest * chains), or shorter windows"
      )
    }
    let outcome = try observe(
      state, centre, rate, policy, perChain, before, label: "descent",
      windows: windows ?? usualWindows(state))
    if let divergence = outcome.divergence {
      throw DescentDivergence(
        step: divergence.step, chain: divergence.chain, parameters: divergence.parameters,
        rate: rate, stableRate: 2 / curvature)
    }
    var relaxation: RelaxationEntropy?
    if relaxations > 0 {
      progress("relaxation", 0)
      // The fastest mode forgets its start within 1/(κ h_max).
      let time = Int(Swift.max(4, Swift.min(2000, 1 / (kappa * curvature))))
      relaxation = try RelaxationEntropy.measure(
        about: state, stepsPerUnit: updates, reference: centre, mode: state.dimension - 1,
        deviations: 1, steps: time, trajectories: relaxations, seed: seed, workers: workers
      ) { index in
        step(rate, policy, chain: 1_000_000 + UInt64(index))
      }
    }
    return DescentReport(
      sampleCount: model.sampleCount, batchSize: batchSize, policy: policy, rate: rate,
      minimum: minimum, centre: centre, noise: noise, state: state,
      stepsPerUnit: updates, outcome: outcome, burnIn: before, relaxation: relaxation,
      comparison: comparesPolicies ? try comparison(minimum, noise, perChain) : nil, seed: seed)
  }

  private func step(
    _ rate: Double, _ policy: MinibatchPolicy, chain: UInt64
  ) -> MinibatchStep<Model> {
    MinibatchStep(
      model: model, rate: rate, batchSize: batchSize, policy: policy,
      seed: seed, chain: chain)
  }

  private func lowestMinimum() throws(SzilardError) -> Minimum {
    var best: Minimum?
    for (index, start) in starts.enumerated() {
      progress("minimum", Double(index) / Double(starts.count))
      let found = try Minimum.find(of: model, from: start, workers: workers)
      // A minimum before anything else, then the lower one.
      if let other = best {
        if found.isStrict == other.isStrict
          ? found.value < other.value - 1e-9 * abs(other.value) : found.isStrict
        {
          best = found
        }
      } else {
        best = found
      }
    }
    guard let best else { throw SzilardError(.usage, "there is no start to search from") }
    if let problem = best.problem { throw SzilardError(.badData, problem) }
    return best
  }

  private func checkedRate(_ curvature: Double, _ epoch: Int) throws(SzilardError) -> Double {
    let wanted = rate ?? 2e-4 / curvature
    guard wanted > 0, wanted * curvature < 2 else {
      throw SzilardError(
        .usage,
        "a learning rate of \(wanted) is not stable: above 2/h_max = \(String(format: "%.4g", 2 / curvature)) the steps overshoot the steepest direction ever further"
      )
    }
    return wanted
  }

  private func diffusion(
    _ minimum: Minimum, _ noise: GradientNoise, _ rate: Double
  ) throws(SzilardError) -> Matrix<Double> {
    guard policy == .withoutReplacement else { return noise.diffusion(rate: rate) }
    let size = Double(model.parameterCount)
    let orders = Int(Swift.min(200_000, 4e9 / (Double(model.sampleCount) * size * size)))
    return try EpochDiffusion.sampled(
      of: model, at: minimum.parameters, batchSize: batchSize, orders: Swift.max(300, orders),
      seed: seed, workers: workers
    ).diffusion(rate: rate)
  }

  private func stationaryState(
    _ minimum: Minimum, _ diffusion: Matrix<Double>, _ kappa: Double
  ) throws(SzilardError) -> StationaryState {
    let size = model.parameterCount
    let count = modes ?? (size <= Self.allModes ? size : 16)
    guard count >= 2, count <= size else {
      throw SzilardError(.usage, "\(count) modes of \(size) parameters: give 2 to \(size)")
    }
    let noise = (0..<size).map { mode -> Double in
      LinearAlgebra.congruence(minimum.modes.selectingRows([mode]), diffusion)[0, 0]
    }
    // What no sample tells, such as one constant added to all classes, has a prior and no noise.
    let noisy = (0..<size).filter { noise[$0] > 1e-10 * (noise.max() ?? 0) }
    if count == size, noisy.count == size {
      return try StationaryState(hessian: minimum.hessian, diffusion: diffusion, rate: kappa)
    }
    var chosen = noisy
    guard chosen.count >= 2 else {
      throw SzilardError(.badData, "fewer than two directions have noise: there is no current")
    }
    if modeChoice == .noisiest { chosen.sort { noise[$0] > noise[$1] } }
    return try StationaryState(
      minimum: minimum, diffusion: diffusion, rate: kappa, modes: chosen.prefix(count).sorted())
  }

  private func usualWindows(_ state: StationaryState) -> [Int] {
    [1] + [10, 100, 1000, 3000].filter { Double($0) * state.entropyProduction <= 1 }
  }

  private func lengths(_ state: StationaryState) -> (perChain: Int, burnIn: Int) {
    let time = state.relaxationTime
    let total = steps ?? Int(Swift.min(2e7, Swift.max(2e5, 200 * time)))
    let perChain = Swift.max(1, total / chains)
    return (perChain, burnIn ?? Int(Swift.min(2 * time, Double(perChain))))
  }

  private func observe(
    _ state: StationaryState, _ centre: [Double], _ rate: Double, _ policy: MinibatchPolicy,
    _ perChain: Int, _ before: Int, label: String, windows: [Int]
  ) throws(SzilardError) -> DescentRun.Outcome {
    var run = DescentRun()
    run.chains = chains
    run.steps = perChain
    run.burnIn = before
    run.windows = windows.filter { $0 <= perChain / 20 }
    run.workers = workers
    run.progress = { progress(label, $0) }
    return try run.run(
      about: state, reference: centre,
      starts: state.starts(count: chains, reference: centre, seed: seed)
    ) { chain in
      step(rate, policy, chain: UInt64(chain))
    }
  }

  /// The mean of the other policy, from a quarter of the updates.
  private func comparison(
    _ minimum: Minimum, _ noise: GradientNoise, _ perChain: Int
  ) throws(SzilardError) -> DescentReport.Comparison? {
    guard model.sampleCount % batchSize == 0 else { return nil }
    var other = self
    other.policy = policy == .withReplacement ? .withoutReplacement : .withReplacement
    let curvature = minimum.eigenvalues[minimum.eigenvalues.count - 1]
    let epoch = model.sampleCount / batchSize
    let rate = try checkedRate(curvature, epoch)
    let kappa = rate * Double(other.policy == .withReplacement ? 1 : epoch)
    let effective = EffectiveLoss(
      model: model, rate: rate, batchSize: batchSize, policy: .withoutReplacement)
    guard let shifted = effective.minimum(near: minimum) else { return nil }
    let centre = other.policy == .withReplacement ? minimum.parameters : shifted
    let diffusion = try other.diffusion(minimum, noise, rate)
    guard let state = try? other.stationaryState(minimum, diffusion, kappa) else { return nil }
    let units =
      policy == .withReplacement ? perChain / (4 * epoch) : perChain * epoch / 4
    guard units > 10 else { return nil }
    let outcome = try other.observe(
      state, centre, rate, other.policy, units,
      Int(Swift.min(2 * state.relaxationTime, Double(units))), label: "other policy", windows: [])
    guard outcome.divergence == nil else { return nil }
    return DescentReport.Comparison(
      policy: other.policy, centre: centre, state: state, chains: outcome.chains)
  }
}
