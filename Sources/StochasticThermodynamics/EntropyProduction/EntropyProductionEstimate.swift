internal import Foundation
public import NumericalCore

/// Entropy production of a stationary trajectory, as one method sees it, beside what the method makes of
/// a process that is reversible.
///
/// As JSON the keys of ``Estimate`` (nats per lag) and `"estimator"`, `"isIrreversible"`, `"lag"`, `"dimension"`, `"samples"`,
/// `"blocks"`, `"relaxationTime"`, `"bias"`, `"null"`, and `"bound"` where the method has one.
public struct EntropyProductionEstimate: Sendable, Equatable, Encodable {
  /// The methods.
  public enum Method: String, Sendable, Encodable, CaseIterable {
    /// ``GaussianLag``.
    case gaussian
    /// ``UncertaintyBound``.
    case uncertainty
    /// ``NeighbourDivergence``.
    case neighbours
    /// ``NeuralEntropyProduction``.
    case neural
  }

  /// The method.
  public var kind: Method
  /// The value in nats per lag, after the correction of its bias.
  public var estimate: Estimate
  /// States from the beginning to the end of a pair.
  public var lag: Int
  /// Coordinates of a state.
  public var dimension: Int
  /// Pairs (or windows) that were used.
  public var samples: Int
  /// Blocks behind the interval.
  public var blocks: Int
  /// States after which the slowest direction is forgotten up to 1/e.
  public var relaxationTime: Double
  /// What was subtracted.
  public var bias: Double
  /// A second number of the method, a bound that holds more generally.
  public var bound: Double?
  /// The same estimate of reversible processes; nil where nothing was estimated.
  public var null: ReversibleNull?

  /// Whether a reversible process gives such a value with a probability of at most 1 − confidence.
  public var isIrreversible: Bool {
    guard estimate.isResolved, let null else { return false }
    return null.exceedance <= 1 - estimate.confidence + 1e-12
  }

  /// What stands in for an estimate that could not be made.
  static func unresolved(
    _ kind: Method, _ reason: String, method: String, lag: Int, blocks: TrajectoryBlocks
  ) -> EntropyProductionEstimate {
    EntropyProductionEstimate(
      kind: kind, estimate: .unresolved(reason, method: method), lag: lag,
      dimension: blocks.dimension, samples: 0, blocks: blocks.ranges.count,
      relaxationTime: blocks.relaxationTime, bias: 0)
  }

  private enum Key: String, CodingKey {
    case estimator, isIrreversible, lag, dimension, samples, blocks, relaxationTime, bias, bound,
      null
  }

  /// Writes the documented JSON object.
  public func encode(to encoder: any Encoder) throws {
    try estimate.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(kind, forKey: .estimator)
    try container.encode(isIrreversible, forKey: .isIrreversible)
    try container.encode(lag, forKey: .lag)
    try container.encode(dimension, forKey: .dimension)
    try container.encode(samples, forKey: .samples)
    try container.encode(blocks, forKey: .blocks)
    try container.encode(relaxationTime.isFinite ? relaxationTime : nil, forKey: .relaxationTime)
    try container.encode(bias.isFinite ? bias : nil, forKey: .bias)
    try container.encodeIfPresent(bound, forKey: .bound)
    try container.encodeIfPresent(null, forKey: .null)
  }
}

/// What an estimator of entropy production makes of a process that is reversible.
///
/// Each block is played forwards or backwards at random. That leaves all that is even under reversal as
/// it is (variances, symmetric parts of lagged covariances, densities), reverses all currents, and needs
/// neither Gaussian states nor Markov dynamics: the null hypothesis is that blocks are as likely in one
/// direction as in the other. The current that was measured is taken off first, so that the width is
/// that of the noise alone.
public struct ReversibleNull: Sendable, Equatable, Encodable {
  /// The 5 % point.
  public var lower5: Double
  /// The median.
  public var median: Double
  /// The 95 % point.
  public var upper95: Double
  /// The 99 % point.
  public var upper99: Double
  /// The probability of a value as large as the one measured.
  public var exceedance: Double

  /// The law of some values, in which `value` is ranked; nil where one of them is not finite.
  init?(of values: [Double], value: Double) {
    guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
    let sorted = values.sorted()
    lower5 = quantile(0.05, ofSorted: sorted)
    median = quantile(0.5, ofSorted: sorted)
    upper95 = quantile(0.95, ofSorted: sorted)
    upper99 = quantile(0.99, ofSorted: sorted)
    exceedance = Double(1 + sorted.count { $0 >= value }) / Double(1 + sorted.count)
  }

  /// The law of `statistic` over random directions, ±1 for each of `blocks` blocks.
  init?(
    blocks: Int, replicates: Int, seed: UInt64, value: Double, centred: Bool,
    statistic: ([Double]) -> Double?
  ) {
    var values: [Double] = []
    for replicate in 0..<replicates {
      var random = RandomStream(
        seed: seed, purpose: .entropyProductionNull, index: UInt64(replicate))
      let signs = (0..<blocks).map { _ in random.next() & 1 == 0 ? 1.0 : -1.0 }
      guard let drawn = statistic(signs) else { return nil }
      values.append(drawn)
    }
    // A statistic that is never negative has a bias in the null, which the estimate has had taken off.
    let centre = centred ? mean(of: values) : 0
    self.init(of: values.map { $0 - centre }, value: value - centre)
  }
}

/// Bias and interval of a quantity that is quadratic in currents, from leaving blocks out.
///
/// The noise of the currents makes the plug-in value E too large by b. With E₍ᵢ₎ the value without block i
/// of B,
///
///     b = (B − 1)(⟨E₍ᵢ₎⟩ − E),   V = (B − 1)/B Σᵢ (E₍ᵢ₎ − ⟨E₍ᵢ₎⟩)²,   s² = V/4E
///     value E − b;   interval: all θ ≥ 0 with (E − b − θ)² ≤ t² (4 s² θ + 2 b s²)
///
/// The jackknife's variance V follows the current that happens to be measured: it is 4 s² E for a current
/// with noise of variance s², and much too small where that comes out near zero. So the interval takes the
/// variance of a quadratic form at each θ it judges (the score of Wilson 1927); t is Student's quantile of
/// B − 1 degrees of freedom.
struct QuadraticEstimate {
  var plugIn: Double
  var bias: Double
  var variance: Double

  /// From the value and the values without each block.
  init(plugIn: Double, leavingOut values: [Double]) {
    let count = Double(values.count)
    let centre = mean(of: values)
    self.plugIn = plugIn
    bias = (count - 1) * (centre - plugIn)
    variance = (count - 1) / count * values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
  }

  /// The mean of several of them whose errors may be the same.
  ///
  /// Halves that fit weights for each other are: in equilibrium both values come from the one product of
  /// their noises.
  init(correlatedMean parts: [QuadraticEstimate]) {
    let count = Double(parts.count)
    plugIn = parts.reduce(0) { $0 + $1.plugIn } / count
    bias = parts.reduce(0) { $0 + $1.bias } / count
    let error = parts.reduce(0) { $0 + $1.variance.squareRoot() } / count
    variance = error * error
  }

  /// Value and interval.
  func estimate(
    blocks: Int, confidence: Double, method: String, effectiveSampleSize: Double
  ) -> Estimate {
    let t = studentQuantile((1 + confidence) / 2, degreesOfFreedom: Double(max(1, blocks - 1)))
    let value = plugIn - bias
    let scale = plugIn > 0 ? variance / (4 * plugIn) : 0
    let shift = 2 * t * t * scale
    let reach = max(0, 4 * t * t * scale * value + shift * shift + 2 * t * t * bias * scale)
    let low = max(0, value + shift - reach.squareRoot())
    let high = max(low, value + shift + reach.squareRoot())
    var verdict = Estimate.Verdict.resolved
    if !(scale > 0) {
      verdict = .unresolved("the blocks do not vary, so they do not tell an error")
    }
    return Estimate(
      value: value, interval: low...high, confidence: confidence, method: method,
      effectiveSampleSize: effectiveSampleSize, verdict: verdict)
  }
}
