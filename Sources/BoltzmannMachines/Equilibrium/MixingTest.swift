internal import Foundation
public import NumericalCore
public import StochasticThermodynamics

/// How independent chains are: autocorrelation time, R-hat and effective number of samples.
///
/// Chains go on from the given states and are looked at after every sweep; of the effective energy and
/// the projections on the leading singular vectors of W the slowest counts. The run grows until it is
/// twenty autocorrelation times long and R-hat is small, or as long as allowed.
///
/// Halved chains of n sweeps in equilibrium have R̂² − 1 ≈ 2g/n, with g the autocorrelation time; so R-hat
/// says something only of runs that are long by the measure of its limit, and fails only those.
public struct MixingTest: Sendable {
  /// Chains followed at most.
  public var chains = 64
  /// Sweeps followed at most.
  public var maximumSweeps = 3200
  /// The largest R-hat at which chains may be averaged, by Vehtari and others (2021).
  public var maximumScaleReduction = 1.01
  /// The seed of the streams.
  public var seed: UInt64 = 0
  /// The threads.
  public var workers = Workers()

  /// Autocorrelation times that a run must be long.
  static let minimumTimes = 20.0
  /// Autocorrelation times after which chains in equilibrium have an R-hat of half the limit's excess.
  var tellingTimes: Double { 4 / (maximumScaleReduction * maximumScaleReduction - 1) }

  /// The defaults: 64 chains, 3200 sweeps.
  public init() {}

  /// Follows chains from the given states.
  ///
  /// - Returns: Checks named `autocorrelation time`, `R-hat` and `effective chains`.
  public func run(_ machine: RestrictedBoltzmannMachine, states: StateMatrix) -> [Check] {
    let statistics = ChainStatistics(of: machine, workers: workers)
    let count = Swift.min(chains, states.rows)
    var burst = ChainBurst(
      machine, from: states.selectingRows((0..<count).map { $0 * states.rows / count }),
      seed: seed, use: 6, workers: workers)
    var series = [[[Double]]](
      repeating: [[Double]](repeating: [], count: count), count: statistics.names.count)
    var length = 0
    var target = Swift.min(200, maximumSweeps)
    var effective = [Double](repeating: 1, count: series.count)
    var reduction = Double.infinity
    while true {
      while length < target {
        length += 1
        burst.run(to: length)
        for (k, values) in statistics.values(of: burst.visible).enumerated() {
          for (chain, value) in values.enumerated() { series[k][chain].append(value) }
        }
      }
      effective = series.map { Swift.max(1, effectiveSampleSize(of: $0)) }
      let worst = effective.min() ?? 1
      reduction =
        series.map { potentialScaleReduction(of: $0, rankNormalised: true) }.max() ?? 1
      let isLong = worst >= MixingTest.minimumTimes * Double(count)
      if target >= maximumSweeps || isLong && reduction <= maximumScaleReduction { break }
      target = Swift.min(2 * target, maximumSweeps)
    }
    let slowest = effective.indices.min { effective[$0] < effective[$1] } ?? 0
    return checks(
      name: statistics.names[slowest], effective: effective[slowest], reduction: reduction,
      length: length, count: count)
  }

  private func checks(
    name: String, effective: Double, reduction: Double, length: Int, count: Int
  ) -> [Check] {
    let total = Double(length * count)
    let time = Swift.max(1, total / effective)
    // Sokal 1997, equation 3.19, with a window of five times.
    let error = 1.96 * time * (20 * time / total).squareRoot()
    let longest = Double(length) / MixingTest.minimumTimes
    let isLong = time <= longest
    let advice = "make more sweeps, or sample by tempering"
    let autocorrelation = Check(
      name: "autocorrelation time", statistic: time, expected: longest, relation: .atMost,
      interval: Swift.max(1, time - error)...Swift.max(1, time + error),
      verdict: isLong ? .pass : .unresolved, trajectories: count,
      reason: isLong
        ? ""
        : "\(length) sweeps are less than twenty times the autocorrelation time of the \(name)",
      advice: isLong ? "" : advice)
    let isMixed = reduction <= maximumScaleReduction
    let isTelling = Double(length) >= tellingTimes * time
    let agreement = Check(
      name: "R-hat", statistic: reduction, expected: maximumScaleReduction, relation: .atMost,
      interval: reduction...reduction,
      verdict: isMixed ? .pass : isTelling ? .fail : .unresolved, trajectories: count,
      reason: isMixed
        ? ""
        : isTelling
          ? "the chains disagree with one another over \(length) sweeps"
          : "chains of \(length) sweeps are too short, at this autocorrelation time, to agree",
      advice: isMixed ? "" : advice)
    let isEnough = effective >= Double(count)
    let independence = Check(
      name: "effective chains", statistic: effective, expected: Double(count), relation: .atLeast,
      interval: effective...effective, verdict: isEnough ? .pass : .unresolved,
      trajectories: count,
      reason: isEnough
        ? "" : "\(count) chains of \(length) sweeps tell less than \(count) independent states",
      advice: isEnough ? "" : advice)
    return [autocorrelation, agreement, independence]
  }
}
