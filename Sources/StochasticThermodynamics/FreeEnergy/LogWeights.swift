internal import Foundation
internal import NumericalCore

/// A sample of logarithmic weights x = ln w, and what it tells of ln ⟨w⟩: see ``ExponentialAverage``.
struct LogWeights {
  private let sorted: [Double]
  /// Weights relative to the largest, in the order of `sorted`.
  private let weights: [Double]
  private let moments: CentralMoments
  private let logMoments: CentralMoments
  private let largest: Double

  init(_ values: [Double]) {
    sorted = values.sorted()
    let top = sorted[sorted.count - 1]
    largest = top
    weights = sorted.map { exp($0 - top) }
    moments = CentralMoments(weights)
    logMoments = CentralMoments(sorted)
  }

  /// n.
  var count: Double { moments.count }
  /// ln of the mean weight.
  var value: Double { largest + log(moments.mean) }
  /// Whether all weights are equal to rounding.
  var isConstant: Bool { moments.second.squareRoot() <= 1e-9 * moments.mean }
  /// (Σw)²/Σw².
  var effectiveSampleSize: Double {
    count * moments.mean * moments.mean / (moments.mean * moments.mean + moments.second)
  }

  // MARK: Shape

  /// The variance of x, unbiased.
  private var spread: Double { logMoments.second * count / (count - 1) }
  /// The skewness of x in units of its standard error for Gaussian x.
  private var skewnessOfLogs: Double {
    logMoments.third / pow(logMoments.second, 1.5) / (6 / count).squareRoot()
  }
  /// Σw / max w: as many trajectories as weigh like the heaviest.
  private var topCount: Double { moments.mean * count }
  /// n e^{−Var x}: effective samples that Gaussian x would leave.
  private var gaussianSampleSize: Double { count * exp(-spread) }

  // MARK: Interval

  /// The union of the intervals of ``ExponentialAverage``.
  func interval(confidence: Double) -> ClosedRange<Double> {
    let quantile = studentQuantile((1 + confidence) / 2, degreesOfFreedom: count - 1)
    let mean = HallTransformation.limits(of: moments, quantile: quantile)
    var low = mean.low > 0 ? largest + log(mean.low) : -Double.infinity
    var high = mean.high > 0 ? largest + log(mean.high) : value
    if skewnessOfLogs > ExponentialAverage.leftSkewed {
      let cumulants = cumulantLimits(quantile: quantile)
      low = Swift.min(low, cumulants.low)
      high = Swift.max(high, cumulants.high)
    }
    let few =
      gaussianSampleSize < ExponentialAverage.minimumSamples
      ? ExponentialAverage.fewWhereSpreadIsLarge : ExponentialAverage.fewTrajectories
    low = Swift.min(low, logMean(weights.dropLast(few)))
    high = Swift.max(high, logMean(weights.dropFirst(few)))
    if let tail = tailLimit { high = Swift.max(high, tail) }
    return Swift.min(low, value)...Swift.max(high, value)
  }

  private func logMean(_ part: ArraySlice<Double>) -> Double {
    part.isEmpty ? value : largest + log(part.reduce(0, +) / Double(part.count))
  }

  /// Limits from the cumulants κ₁ + κ₂/2 (+ κ₃/6) of x.
  private func cumulantLimits(quantile: Double) -> (low: Double, high: Double) {
    let n = count
    let mean = logMoments.mean
    let two = mean + spread / 2
    let half = quantile * (spread / n + spread * spread / (2 * (n - 1))).squareRoot()
    // Each sum of cumulants is a mean of influences, to first order.
    let second = CentralMoments(sorted.map { ($0 - mean) * (1 + ($0 - mean) / 2) })
    let third = CentralMoments(
      sorted.map { value in
        let d = value - mean
        return d + d * d / 2 + (d * d * d - 3 * spread * d) / 6
      })
    func upper(_ estimate: Double, _ influences: CentralMoments) -> Double {
      estimate - influences.mean
        + HallTransformation.limits(of: influences, quantile: quantile).high
    }
    let largestSpread =
      spread * (n - 1)
      / chiSquareQuantile(ExponentialAverage.spreadTail, degreesOfFreedom: n - 1)
    let high = [
      two + half, upper(two, second), upper(two + Swift.max(0, logMoments.third) / 6, third),
      mean + quantile * (spread / n).squareRoot() + largestSpread / 2,
    ]
    return (two - half, high.max() ?? two)
  }

  // MARK: Tail

  /// Mean excess of the largest x over the largest x below them: the index k of a tail w^{−1/k}; nil where
  /// x is not skewed to the right, or where its tail ends in a step.
  private var tail: (index: Double, count: Int, threshold: Double)? {
    let least: Double = count < 32 ? 1 : 2
    guard count >= 8, skewnessOfLogs > least else { return nil }
    let size = Swift.max(4, Int(Swift.min(0.2 * count, 3 * count.squareRoot()).rounded(.up)))
    func excess(_ size: Int) -> Double {
      let threshold = sorted[sorted.count - size - 1]
      return sorted.suffix(size).reduce(0) { $0 + ($1 - threshold) } / Double(size)
    }
    let index = excess(size)
    guard excess(5) >= 0.1 * index else { return nil }
    return (index, size, sorted[sorted.count - size - 1])
  }

  /// The upper limit if the tail goes on as a power of the weight.
  private var tailLimit: Double? {
    guard let tail else { return nil }
    let index = Swift.min(
      count < ExponentialAverage.fewForTails ? 0.9 : 0.95,
      tail.index * (1 + ExponentialAverage.tailWidth / Double(tail.count).squareRoot()))
    let body = weights.dropLast(tail.count).reduce(0, +) / count
    let share = Double(tail.count) / count
    return largest + log(body + share * exp(tail.threshold - largest) / (1 - index))
  }

  /// Whether the tail may be too heavy for a mean.
  private var hasHeavyTail: Bool {
    guard let tail, count >= ExponentialAverage.fewForTails else { return false }
    let upper = tail.index * (1 + ExponentialAverage.tailErrors / Double(tail.count).squareRoot())
    return upper > ExponentialAverage.heaviestTail
  }

  // MARK: Verdict

  /// Whether the interval is to be trusted.
  var verdict: Estimate.Verdict {
    let dominance = abs(moments.skewnessOfMean)
    let limit =
      spread < ExponentialAverage.smallSpread
      ? ExponentialAverage.dominanceWhereSpreadIsSmall : ExponentialAverage.dominance
    if count < ExponentialAverage.minimumCount {
      return .unresolved("fewer than \(Int(ExponentialAverage.minimumCount)) trajectories")
    }
    if effectiveSampleSize < ExponentialAverage.minimumSamples {
      return .unresolved(
        "effective sample size \(Int(effectiveSampleSize.rounded())) is too small")
    }
    if dominance > limit { return .unresolved("a few trajectories dominate the average") }
    if hasHeavyTail { return .unresolved("the weights have too heavy a tail") }
    if gaussianSampleSize < ExponentialAverage.minimumSamples,
      topCount < ExponentialAverage.minimumTopCount
    {
      return .unresolved("the works spread too far for so few trajectories")
    }
    return .resolved
  }
}
