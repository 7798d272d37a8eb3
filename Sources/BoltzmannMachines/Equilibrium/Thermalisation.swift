internal import Foundation
public import NumericalCore
public import StochasticThermodynamics

/// How chains of a machine come to equilibrium: what they generate against the number of sweeps.
///
/// Chains start at noise and, where data are given, at data. Against generation time t_G are followed
/// the mean effective energy of both, and the error of the two-point correlations of the chains from
/// noise (Decelle, Furtlehner and Seoane 2021, arXiv:2105.13889, section 4),
///
///     ε⁽²⁾(t) = 2/(N(N − 1)) Σ_{i<j} (C_ij^data − C_ij^gen)²
///
/// A machine trained in equilibrium has ε⁽²⁾ fall to a plateau; one trained with k sweeps from noise
/// remembers k, is best at t_G ≈ k and gets worse afterwards.
public struct Thermalisation: Sendable {
  /// The chains at one generation time.
  public struct Point: Sendable {
    /// Sweeps made.
    public let sweeps: Int
    /// ε⁽²⁾ of the chains from noise, about ``scoreFloor`` in equilibrium; nil without data.
    public let score: Double?
    /// ⟨F(v)⟩ of the chains from noise.
    public let energyFromNoise: Estimate
    /// ⟨F(v)⟩ of the chains from data; nil without data.
    public let energyFromData: Estimate?
    /// Whether chains from noise and from data agree in energy and projections; nil without data.
    public let agrees: Bool?
  }

  /// The chains at the times at which they were looked at.
  public let points: [Point]
  /// ε⁽²⁾ that as many samples of the data themselves would have; nil without data.
  public let scoreFloor: Double?
  /// The sweeps after which chains from noise and from data agree.
  ///
  /// From the last time at which they did not to the first from which they do. Unresolved without
  /// data, or when they do not agree over the last three quarters of the run.
  public let time: Estimate

  /// The row of a table of checks: chains of so many sweeps come to equilibrium.
  ///
  /// Fails where chains from noise and from data differ for longer than that.
  public func check(sweeps: Int) -> Check {
    var verdict = Check.Verdict.pass
    var reason = ""
    if time.interval.lowerBound > Double(sweeps) {
      verdict = .fail
      reason = "chains from noise and from data differ for more than \(sweeps) sweeps"
    } else if case .unresolved(let text) = time.verdict {
      verdict = .unresolved
      reason = text
    } else if time.value > Double(sweeps) {
      verdict = .unresolved
      reason = "the time is within an interval that \(sweeps) sweeps fall into"
    }
    return Check(
      name: "thermalisation time", statistic: time.value, expected: Double(sweeps),
      relation: .atMost, interval: time.interval, verdict: verdict,
      trajectories: Int(time.effectiveSampleSize), reason: reason,
      advice: verdict == .pass
        ? "" : "train and sample with more sweeps, or sample by tempering")
  }
}

/// The measurement of a ``Thermalisation``.
public struct ThermalisationTest: Sendable {
  /// Chains from each start.
  public var chains = 256
  /// Sweeps at most.
  public var sweeps = 1000
  /// The rate at which chains in equilibrium are found to differ, at one time.
  public var falseAlarmRate = 1e-3
  /// Pairs of units in ε⁽²⁾ at most; a fixed random subset stands for more.
  public var pairLimit = 20_000
  /// Whether chains from data are run too; without them the time is not measured.
  public var startsAtData = true
  /// Times to look at; nil for times a factor of about √2 apart.
  public var times: [Int]?
  /// The seed of the streams.
  public var seed: UInt64 = 0
  /// The threads.
  public var workers = Workers()

  /// The defaults: 256 chains, 1000 sweeps.
  public init() {}

  /// 0, 1, 2, 3, 4, 6, 8, 11, 16, … up to `last`.
  public static func times(upTo last: Int) -> [Int] {
    var times = [0]
    var next = 1.0
    while Int(next.rounded()) < last {
      if Int(next.rounded()) > times[times.count - 1] { times.append(Int(next.rounded())) }
      next *= 2.0.squareRoot()
    }
    return last > 0 ? times + [last] : times
  }

  /// Runs chains of the machine.
  ///
  /// - Parameter data: Samples, in the storage of the visible units; nil for chains from noise alone.
  /// - Complexity: 2 × chains × sweeps sweeps of a chain.
  public func run(
    _ machine: RestrictedBoltzmannMachine, data: StateMatrix?,
    progress: (Double) -> Void = { _ in }
  ) -> Thermalisation {
    let times = self.times ?? ThermalisationTest.times(upTo: sweeps)
    let statistics = ChainStatistics(of: machine, workers: workers)
    let scorer = data.map { Scorer(of: $0, machine: machine, pairLimit: pairLimit, seed: seed) }
    var noise = ChainBurst(
      machine, from: ChainBurst.noise(machine, chains: chains, seed: seed), seed: seed, use: 1,
      workers: workers)
    let drawn = data.map { ChainBurst.drawn(from: $0, chains: chains, seed: seed) }
    let floor = data.flatMap { scorer?.floor(of: $0, samples: chains, seed: seed) }
    var others = (startsAtData ? drawn : nil).map {
      ChainBurst(
        machine, from: $0, seed: seed, use: 2, workers: workers)
    }
    var points: [Thermalisation.Point] = []
    for time in times {
      noise.run(to: time)
      others?.run(to: time)
      let fromNoise = statistics.values(of: noise.visible)
      let fromData = others.map { statistics.values(of: $0.visible) }
      points.append(
        Thermalisation.Point(
          sweeps: time, score: scorer?.score(of: noise.visible),
          energyFromNoise: mean(fromNoise[0]), energyFromData: fromData.map { mean($0[0]) },
          agrees: fromData.map {
            MeanComparison(
              fromNoise, $0, names: statistics.names, falseAlarmRate: falseAlarmRate
            ).agrees
          }))
      progress(Double(time) / Double(Swift.max(1, times.last ?? 1)))
    }
    return Thermalisation(points: points, scoreFloor: floor, time: time(of: points))
  }

  private func mean(_ values: [Double]) -> Estimate {
    let error = (variance(of: values) / Double(values.count)).squareRoot()
    return Estimate(
      value: NumericalCore.mean(of: values), standardError: error,
      degreesOfFreedom: Double(Swift.max(1, values.count - 1)),
      method: "mean over \(values.count) chains", effectiveSampleSize: Double(values.count))
  }

  private func time(of points: [Thermalisation.Point]) -> Estimate {
    let method = "agreement of chains from noise and from data"
    let last = Double(points.last?.sweeps ?? 0)
    guard points.allSatisfy({ $0.agrees != nil }) else {
      return .unresolved("no chains from data", value: last, method: method)
    }
    let differing = points.last { $0.agrees == false }.map { Double($0.sweeps) } ?? 0
    let first = points.first { Double($0.sweeps) > differing }.map { Double($0.sweeps) }
    let value = points.allSatisfy { $0.agrees == true } ? 0 : first ?? last
    let estimate = Estimate(
      value: value, interval: Swift.min(differing, value)...(first == nil ? .infinity : value),
      confidence: 1 - falseAlarmRate, method: method, effectiveSampleSize: Double(chains))
    if first == nil {
      return estimate.unresolved(
        because: "chains from noise and from data still differ after \(Int(last)) sweeps")
    }
    if chains < 64 {
      return estimate.unresolved(
        because: "\(chains) chains are too few to see a difference; take 64")
    }
    if value > last / 4 {
      return estimate.unresolved(
        because: "chains agree only at the end of \(Int(last)) sweeps; make four times as many")
    }
    return estimate
  }
}

/// ε⁽²⁾ against the connected correlations of data.
private struct Scorer {
  private let pairs: [TwoPointStatistics.Pair]
  private let isSpin: Bool
  private let target: [Double]

  init(of data: StateMatrix, machine: RestrictedBoltzmannMachine, pairLimit: Int, seed: UInt64) {
    isSpin = machine.visible.kind == .spin
    pairs = TwoPointStatistics.pairs(
      units: data.columns, channels: machine.visible.kind.channels, limit: pairLimit, seed: seed)
    target = TwoPointStatistics(of: data, isSpin: isSpin, pairs: pairs).connected
  }

  /// The mean ε⁽²⁾ of so many samples of the data: eight times some are drawn, and the result, which
  /// goes with one over their number, is scaled.
  func floor(of data: StateMatrix, samples: Int, seed: UInt64) -> Double? {
    let count = Swift.min(samples, 1000)
    let scores = (0..<8).compactMap {
      score(of: ChainBurst.resampled(data, count: count, seed: seed, draw: UInt64($0)))
    }
    return scores.count < 8 ? nil : mean(of: scores) * Double(count) / Double(samples)
  }

  /// Nil for fewer than two units.
  func score(of states: StateMatrix) -> Double? {
    guard !pairs.isEmpty else { return nil }
    let own = TwoPointStatistics(of: states, isSpin: isSpin, pairs: pairs).connected
    return zip(own, target).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(pairs.count)
  }
}
