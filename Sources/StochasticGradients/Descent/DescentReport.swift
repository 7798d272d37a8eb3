internal import Foundation
public import Learning
public import NumericalCore
public import StochasticThermodynamics

/// What was predicted of a descent, and what it did.
public struct DescentReport: Sendable {
  /// N.
  public let sampleCount: Int
  /// B.
  public let batchSize: Int
  /// How batches hang together.
  public let policy: MinibatchPolicy
  /// η.
  public let rate: Double
  /// The minimum of the loss.
  public let minimum: Minimum
  /// The minimum of the effective loss, about which the descent should fluctuate.
  public let centre: [Double]
  /// The noise at the minimum.
  public let noise: GradientNoise
  /// The linear theory.
  public let state: StationaryState
  /// Updates in a unit of time: 1, or those of an epoch without replacement.
  public let stepsPerUnit: Int
  /// The run.
  public let outcome: DescentRun.Outcome
  /// Units of time of each chain before it was observed.
  public let burnIn: Int
  /// Chains off the stationary state.
  public let relaxation: RelaxationEntropy?
  /// The mean under the other policy.
  public let comparison: Comparison?
  /// The seed.
  public let seed: UInt64

  init(
    sampleCount: Int, batchSize: Int, policy: MinibatchPolicy, rate: Double, minimum: Minimum,
    centre: [Double], noise: GradientNoise, state: StationaryState, stepsPerUnit: Int,
    outcome: DescentRun.Outcome, burnIn: Int, relaxation: RelaxationEntropy?,
    comparison: Comparison?, seed: UInt64
  ) {
    self.sampleCount = sampleCount
    self.batchSize = batchSize
    self.policy = policy
    self.rate = rate
    self.minimum = minimum
    self.centre = centre
    self.noise = noise
    self.state = state
    self.stepsPerUnit = stepsPerUnit
    self.outcome = outcome
    self.burnIn = burnIn
    self.relaxation = relaxation
    self.comparison = comparison
    self.seed = seed
    windows = DescentReport.test(
      outcome.statistics.windows, unit: policy == .withReplacement ? "step" : "epoch")
  }

  /// A short run under the other policy.
  public struct Comparison: Sendable {
    /// That policy.
    public let policy: MinibatchPolicy
    /// The minimum of its effective loss.
    public let centre: [Double]
    /// Its linear theory.
    public let state: StationaryState
    /// Its chains.
    public let chains: [TrajectoryStatistics]

    /// The measured mean, as parameters (along the modes looked at), of each chain.
    public var means: [[Double]] {
      chains.map { state.parameters(of: $0.mean, reference: centre) }
    }
  }

  /// The entropy production of a length of window, with both theorems.
  public struct Window: Sendable {
    /// Sums over all windows.
    public let sums: EntropyWindow
    /// ⟨e^{−σ}⟩ = 1 within four standard errors, over all windows.
    public let average: Check
    /// ⟨e^{−σ}⟩ = 1 by evidence that needs no normal law, over the windows kept.
    public let integral: Check
    /// ln p(σ)/p(−σ) = σ, over the windows kept.
    public let detailed: DetailedFluctuationTheorem.Result
    /// ⟨e^{+σ}⟩ > 1: the control, without which ⟨e^{−σ}⟩ = 1 says little.
    public let control: Check
  }

  /// The tests of each length of window.
  public let windows: [Window]

  /// What a unit of time is called.
  public var unit: String { policy == .withReplacement ? "step" : "epoch" }

  /// Why covariance and circulation cannot be compared with theory; nil where the chains are long enough.
  public var shortness: String? {
    let total = Double(outcome.statistics.count)
    guard total < 50 * state.relaxationTime else { return nil }
    return
      "The run of \(outcome.statistics.count) \(unit)s is \(String(format: "%.2g", total / state.relaxationTime)) relaxation times of the slowest mode: too short for the covariance and the circulation, which take 50 and more; the theorems need less."
  }

  /// S of the map with finite steps.
  public var expectedCovariance: Matrix<Double> {
    state.discreteCovariance(steps: stepsPerUnit) ?? state.covariance
  }

  /// |S − S_theory|/|S_theory|, Frobenius; S of the map with finite steps.
  public var covarianceError: Double {
    DescentReport.distance(outcome.statistics.covariance, expectedCovariance)
  }

  /// |A − C|/|C|.
  public var circulationError: Double {
    DescentReport.distance(outcome.statistics.areaMatrix, state.circulation)
  }

  /// The relative error of the mean of covariances, from the scatter of the chains.
  public var covarianceSamplingError: Double {
    DescentReport.scatter(outcome.chains.map(\.covariance), state.covariance)
  }

  /// The same of the area matrix.
  public var circulationSamplingError: Double {
    DescentReport.scatter(outcome.chains.map(\.areaMatrix), state.circulation)
  }

  /// ⟨vᵀ D⁻¹ v⟩ by theory, of the map with finite steps, per unit of time.
  public var expectedEntropyProduction: Double {
    state.entropyProduction(covariance: expectedCovariance)
  }

  /// What follows of the stationary state.
  public enum Verdict: String, Sendable, Encodable {
    case equilibrium
    case nonequilibrium = "non-equilibrium"
    case unresolved
  }

  /// Whether the stationary state is an equilibrium, by what was measured.
  ///
  /// Not one where the mean entropy production of the windows is above zero by four standard errors in one of
  /// the lengths and the chains agree; one where theory has none; unresolved between.
  public var verdict: Verdict {
    let isMoving = outcome.statistics.windows.contains {
      $0.count > 1 && $0.mean > 4 * $0.meanError
    }
    if state.commutator < 1e-9 { return .equilibrium }
    return isMoving && outcome.statistics.dissipation.isResolved ? .nonequilibrium : .unresolved
  }

  /// All checks: both theorems per window, the control at the shortest, the relaxation.
  public var checks: [Check] {
    let tested = windows.flatMap { window in
      [window.average, window.integral, window.detailed.check]
        + (window.sums.length == 1 ? [window.control] : [])
    }
    let all = tested.isEmpty ? [DescentReport.untested] : tested + (relaxation?.checks ?? [])
    return all.map { check in
      guard check.verdict != .pass else { return check }
      var check = check
      check.advice = DescentReport.advice
      return check
    }
  }

  /// What fails where linear theory does not hold.
  private static let advice =
    "the theorems are those of Gaussian noise with the diffusion matrix of the minimum: take a smaller --learning-rate, "
    + "larger batches, more --steps, or --modes K --mode-choice noisiest, whose noise is that of many samples"

  private static var untested: Check {
    Check(
      name: "windows", statistic: 0, expected: 1, relation: .atLeast, interval: 0...0,
      verdict: .unresolved, trajectories: 0, reason: "the run is too short for any window",
      advice: advice)
  }

  private static func test(_ windows: [EntropyWindow], unit: String) -> [Window] {
    windows.filter { $0.count > 1 }.map { sums in
      let name = sums.length == 1 ? "1 \(unit)" : "\(sums.length) \(unit)s"
      let isSparse = sums.values.count < sums.count
      return Window(
        sums: sums,
        average: DescentReport.within(
          "\(name): ⟨e^{−σ}⟩, all windows", sums.exponentialAverage, sums.exponentialError,
          expected: 1, errors: 4, count: sums.count),
        integral: IntegralFluctuationTheorem.check(
          name: "\(name): ⟨e^{−σ}⟩\(isSparse ? ", windows kept" : "")",
          entropyProductions: sums.values),
        detailed: DetailedFluctuationTheorem.check(
          name: "\(name): d ln [p(σ)/p(−σ)]/dσ\(isSparse ? ", windows kept" : "")",
          values: sums.values, expectedSlope: 1),
        control: DescentReport.control(sums, name))
    }
  }

  /// A statistic within so many standard errors of what is expected.
  static func within(
    _ name: String, _ value: Double, _ error: Double, expected: Double, errors: Double, count: Int
  ) -> Check {
    let isKnown = value.isFinite && error.isFinite && error > 0
    let reach = errors * error
    let passes = isKnown && abs(value - expected) <= reach
    return Check(
      name: name, statistic: value, expected: expected,
      interval: isKnown ? (value - reach)...(value + reach) : -.infinity ... .infinity,
      verdict: !isKnown ? .unresolved : passes ? .pass : .fail, trajectories: count,
      reason: passes
        ? ""
        : isKnown
          ? "\(String(format: "%.1f", (value - expected) / error)) standard errors from \(expected)"
          : "the standard error is not known")
  }

  private static func control(_ sums: EntropyWindow, _ name: String) -> Check {
    let value = sums.oppositeAverage
    let error = sums.oppositeError
    let isKnown = value.isFinite && error.isFinite && error > 0
    let passes = isKnown && value > 1 + 10 * error
    return Check(
      name: "\(name): control, ⟨e^{+σ}⟩ above 1 by ten standard errors", statistic: value,
      expected: isKnown ? 1 + 10 * error : 1, relation: .atLeast,
      interval: isKnown ? (value - error)...(value + error) : -.infinity ... .infinity,
      verdict: passes ? .pass : .unresolved, trajectories: sums.count,
      reason: passes ? "" : "too little entropy is produced to tell e^{−σ} from e^{+σ}",
      advice: passes ? "" : "take more steps")
  }

  static func distance(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Double {
    LinearAlgebra.frobeniusNorm(LinearAlgebra.sum(a, b, factor: -1))
      / LinearAlgebra.frobeniusNorm(b)
  }

  /// √(Σ of the squared standard errors of the mean of matrices) / |scale|.
  private static func scatter(_ matrices: [Matrix<Double>], _ scale: Matrix<Double>) -> Double {
    guard matrices.count > 1 else { return .nan }
    let all = matrices.map(\.elements)
    var sum = 0.0
    for k in all[0].indices { sum += variance(of: all.map { $0[k] }) / Double(all.count) }
    return sum.squareRoot() / LinearAlgebra.frobeniusNorm(scale)
  }
}
