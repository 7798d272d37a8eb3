internal import Foundation
public import NumericalCore
internal import StochasticThermodynamics

/// How ln Z is found.
public enum LikelihoodMethod: String, Sendable, CaseIterable {
  /// Exact where one layer has at most 20 two-valued units (or as many states), annealing otherwise.
  case auto
  /// Enumeration of the smaller layer (at most 2²⁵ states).
  case exact
  /// Annealed importance sampling.
  case ais
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
  /// Annealing temperatures; nil chooses them such that Var(ln w) is about ``targetVariance``.
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
  /// States up to which `auto` enumerates.
  public static let automaticStates = 1 << 20

  /// The defaults.
  public init() {}

  /// ln Z with its interval.
  ///
  /// - Parameter dataMeans: Means of the visible parameters for the base-rate model, where the
  ///   machine does not carry its training data's.
  /// - Throws: ``SzilardError`` when the machine is no distribution or cannot be enumerated.
  public func logPartitionFunction(
    of machine: RestrictedBoltzmannMachine, dataMeans: [Float]? = nil,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws(SzilardError) -> Estimate {
    try machine.checkNormalisable()
    let states = ExactEnumeration.stateCount(of: machine)
    if method == .exact
      || method == .auto && (states ?? .max) <= LikelihoodEvaluator.automaticStates
    {
      let value = try ExactEnumeration.logPartitionFunction(of: machine, workers: workers)
      return Estimate(
        value: value, interval: value...value, confidence: 0.95, method: "exact enumeration",
        effectiveSampleSize: Double(states ?? 1), verdict: .resolved)
    }
    return annealed(machine, dataMeans: dataMeans, progress: progress)
  }

  private func annealed(
    _ machine: RestrictedBoltzmannMachine, dataMeans: [Float]?,
    progress: (@Sendable (Double) -> Void)?
  ) -> Estimate {
    let form = BernoulliForm(machine)
    let base = IndependentUnits(baseRateOf: machine, dataMeans: dataMeans)
    let pilotSchedule = AnnealingSchedule.linear(temperatures: 301)
    let pilot = AnnealedImportanceSampling(
      schedule: pilotSchedule, chains: 128, seed: seed ^ 0x70_69_6c_6f_74
    ).run(form: form, base: base, workers: workers, recordVariances: true)
    func schedule(_ count: Int) -> [Double] {
      AnnealingSchedule.equalDissipation(
        pilot: pilotSchedule, variances: pilot.incrementVariances, temperatures: count)
    }
    func run(_ count: Int, attempt: UInt64) -> (estimate: Estimate, variance: Double) {
      let result = AnnealedImportanceSampling(
        schedule: schedule(count), chains: chains, seed: seed &+ attempt
      ).run(form: form, base: base, workers: workers, recordVariances: false, progress)
      let shifted = result.logWeights.map { $0 + result.baseLogPartitionFunction }
      var estimate = ExponentialAverage.estimate(logWeights: shifted)
      estimate = Estimate(
        value: estimate.value, interval: estimate.interval, confidence: estimate.confidence,
        method: "annealed importance sampling, \(count) temperatures, \(chains) chains",
        effectiveSampleSize: estimate.effectiveSampleSize, verdict: estimate.verdict)
      return (estimate, variance(shifted))
    }
    if let temperatures { return run(temperatures, attempt: 0).estimate }
    // Dissipation falls as 1/K: the pilot's variance tells the number of temperatures to begin with.
    let pilotVariance = variance(pilot.logWeights)
    let wished = 300 * pilotVariance / LikelihoodEvaluator.targetVariance
    var count = min(maximumTemperatures, max(500, wished.isFinite ? Int(min(wished, 1e6)) : 500))
    var attempt: UInt64 = 0
    while true {
      let (estimate, variance) = run(count, attempt: attempt)
      let isGood = estimate.isResolved && variance < 3 * LikelihoodEvaluator.targetVariance
      if isGood || count >= maximumTemperatures { return estimate }
      count = min(maximumTemperatures, count * 4)
      attempt += 1
    }
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
