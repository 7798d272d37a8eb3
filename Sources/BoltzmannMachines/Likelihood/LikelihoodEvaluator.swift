internal import Foundation
public import NumericalCore
internal import StochasticThermodynamics

/// How ln Z is found.
public enum LikelihoodMethod: String, Sendable, CaseIterable {
  /// Exact where one layer has at most 20 two-valued units (or as many states), annealing otherwise.
  case auto
  /// Enumeration of the smaller layer (at most 2²⁵ states).
  case exact
  /// Annealed importance sampling: the forward leg alone.
  case ais
  /// Annealing both ways, combined by the acceptance ratio.
  case bar
}

/// The log-likelihood of one data set.
public struct DataLogLikelihood: Sendable {
  /// The name of the data.
  public let data: String
  /// How many samples.
  public let samples: Int
  /// Mean log-likelihood, in nats per sample, with the interval that comes from ln Z.
  public let value: Double
  /// The interval of ``value`` for these samples: that of ln Z.
  public let interval: ClosedRange<Double>
  /// The verdict on ln Z.
  public let verdict: Estimate.Verdict
  /// The standard error of ``value`` as an estimate over the distribution the samples came from.
  public let samplingError: Double
  /// The mean pseudo-log-likelihood, in nats per sample; nil for continuous units.
  public let pseudoLogLikelihood: Double?
  /// The mean log-likelihood of the same samples under the distribution they came from, where that
  /// is known; no model can have more in the long run.
  public internal(set) var exactLogLikelihood: Double?
}

/// Measures ln Z and log-likelihoods of machines.
public struct LikelihoodEvaluator: Sendable {
  /// How ln Z is found.
  public var method = LikelihoodMethod.auto
  /// Annealing chains.
  public var chains = 500
  /// Annealing temperatures; nil chooses them such that Var(ln w) is about ``targetVariance``, or
  /// ``bidirectionalTargetVariance`` where annealing goes both ways.
  public var temperatures: Int?
  /// The seed of all streams.
  public var seed: UInt64 = 0
  /// The threads.
  public var workers = Workers()
  /// The largest number of temperatures that are chosen without being asked for.
  public var maximumTemperatures = 32_000
  /// Whether pseudo-likelihoods are measured too.
  public var measuresPseudoLikelihood = true

  /// Var(ln w) that the choice of temperatures aims at.
  public static let targetVariance = 0.3
  /// Var(W) that the choice aims at where annealing goes both ways.
  public static let bidirectionalTargetVariance = 1.0
  /// States up to which `auto` enumerates.
  public static let automaticStates = 1 << 20

  /// The defaults.
  public init() {}

  /// ln Z, and how it was found where it was annealed both ways.
  public struct Result: Sendable {
    /// ln Z with its interval.
    public let logPartitionFunction: Estimate
    /// Both legs of the annealing, or nil.
    public let annealing: BidirectionalAnnealing.Result?
  }

  /// ln Z with its interval.
  ///
  /// - Parameter dataMeans: Means of the visible parameters for the base-rate model, where the
  ///   machine does not carry its training data's.
  /// - Throws: ``SzilardError`` when the machine is no distribution or cannot be enumerated.
  public func logPartitionFunction(
    of machine: RestrictedBoltzmannMachine, dataMeans: [Float]? = nil,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws(SzilardError) -> Estimate {
    try evaluate(machine, dataMeans: dataMeans, progress: progress).logPartitionFunction
  }

  /// ln Z with its interval, and both legs of the annealing.
  ///
  /// - Parameter dataMeans: As in ``logPartitionFunction(of:dataMeans:progress:)``.
  /// - Throws: ``SzilardError`` when the machine is no distribution or cannot be enumerated.
  public func evaluate(
    _ machine: RestrictedBoltzmannMachine, dataMeans: [Float]? = nil,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws(SzilardError) -> Result {
    try machine.checkNormalisable()
    let states = ExactEnumeration.stateCount(of: machine)
    if method == .exact
      || method == .auto && (states ?? .max) <= LikelihoodEvaluator.automaticStates
    {
      let value = try ExactEnumeration.logPartitionFunction(of: machine, workers: workers)
      let exact = Estimate(
        value: value, interval: value...value, confidence: 0.95, method: "exact enumeration",
        effectiveSampleSize: Double(states ?? 1), verdict: .resolved)
      return Result(logPartitionFunction: exact, annealing: nil)
    }
    return annealed(machine, dataMeans: dataMeans, progress: progress)
  }

  private func annealed(
    _ machine: RestrictedBoltzmannMachine, dataMeans: [Float]?,
    progress: (@Sendable (Double) -> Void)?
  ) -> Result {
    let form = BernoulliForm(machine)
    let base = IndependentUnits(baseRateOf: machine, dataMeans: dataMeans)
    let bothWays = method != .ais
    let pilotSchedule = AnnealingSchedule.linear(temperatures: 301)
    let pilot = AnnealedImportanceSampling(
      schedule: pilotSchedule, chains: 128, seed: seed ^ 0x70_69_6c_6f_74
    ).run(form: form, base: base, workers: workers, recordVariances: true)
    func run(_ count: Int, attempt: UInt64) -> (result: Result, variance: Double) {
      let schedule = AnnealingSchedule.equalDissipation(
        pilot: pilotSchedule, variances: pilot.incrementVariances, temperatures: count)
      let seed = seed &+ attempt
      if bothWays { return annealBothWays(form, base, schedule, seed: seed, progress) }
      return annealForward(form, base, schedule, seed: seed, progress)
    }
    if let temperatures { return run(temperatures, attempt: 0).result }
    // Dissipation falls as 1/K: the pilot's variance tells the number of temperatures to begin with.
    let target =
      bothWays
      ? LikelihoodEvaluator.bidirectionalTargetVariance : LikelihoodEvaluator.targetVariance
    let wished = 300 * variance(pilot.logWeights) / target
    let least = bothWays ? 200 : 500
    var count = min(
      maximumTemperatures, max(least, wished.isFinite ? Int(min(wished, 1e6)) : least))
    var attempt: UInt64 = 0
    while true {
      let (result, spread) = run(count, attempt: attempt)
      // Trust in the way back is no condition: it is highest where no chain saw a heavy mode, and such
      // runs must not be selected.
      let isGood = result.logPartitionFunction.isResolved && spread < 3 * target
      if isGood || count >= maximumTemperatures { return result }
      count = min(maximumTemperatures, count * 4)
      attempt += 1
    }
  }

  private func annealForward(
    _ form: BernoulliForm, _ base: IndependentUnits, _ schedule: [Double], seed: UInt64,
    _ progress: (@Sendable (Double) -> Void)?
  ) -> (result: Result, variance: Double) {
    let run = AnnealedImportanceSampling(schedule: schedule, chains: chains, seed: seed)
      .run(form: form, base: base, workers: workers, recordVariances: false, progress)
    let estimate = ExponentialAverage.estimate(logWeights: run.logWeights)
      .scaled(by: 1, plus: run.baseLogPartitionFunction)
    let named = Estimate(
      value: estimate.value, interval: estimate.interval, confidence: estimate.confidence,
      method: "annealed importance sampling, \(schedule.count) temperatures, \(chains) chains",
      effectiveSampleSize: estimate.effectiveSampleSize, verdict: estimate.verdict)
    return (Result(logPartitionFunction: named, annealing: nil), variance(run.logWeights))
  }

  private func annealBothWays(
    _ form: BernoulliForm, _ base: IndependentUnits, _ schedule: [Double], seed: UInt64,
    _ progress: (@Sendable (Double) -> Void)?
  ) -> (result: Result, variance: Double) {
    let result = BidirectionalAnnealing(schedule: schedule, chains: chains, seed: seed)
      .run(form: form, base: base, workers: workers, progress)
    return (
      Result(logPartitionFunction: result.logPartitionFunction, annealing: result),
      variance(result.works.forward)
    )
  }

  private func variance(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count - 1))
  }

  /// The mean log-likelihood of data, given ln Z.
  ///
  ///     ℓ = − ⟨F(v)⟩_data − ln Z,   with the interval of ln Z mirrored
  ///
  /// - Parameter weights: Weights of the samples, or nil.
  public func logLikelihood(
    of machine: RestrictedBoltzmannMachine, data name: String, states: StateMatrix,
    weights: [Double]? = nil, exactLogLikelihood: Double? = nil, logPartitionFunction: Estimate
  ) -> DataLogLikelihood {
    let energies = machine.freeEnergies(of: states, workers: workers)
    let total = weights?.reduce(0, +) ?? Double(energies.count)
    let mean =
      energies.indices.reduce(0) { $0 + energies[$1] * (weights?[$1] ?? 1) } / max(total, 1e-300)
    let squares = energies.indices.reduce(0) {
      let deviation = (energies[$1] - mean) * (weights?[$1] ?? 1)
      return $0 + deviation * deviation
    }
    let interval = logPartitionFunction.interval
    return DataLogLikelihood(
      data: name, samples: energies.count, value: -mean - logPartitionFunction.value,
      interval: (-mean - interval.upperBound)...(-mean - interval.lowerBound),
      verdict: logPartitionFunction.verdict,
      samplingError: squares.squareRoot() / max(total, 1e-300),
      pseudoLogLikelihood: measuresPseudoLikelihood
        ? PseudoLikelihood.mean(of: machine, over: states, workers: workers) : nil,
      exactLogLikelihood: exactLogLikelihood)
  }
}
