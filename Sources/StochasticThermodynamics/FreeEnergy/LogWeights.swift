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
    if !isLeftSkewed || !isNarrow && !endsInWall {
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
    guard count >= 16, skewnessOfLogs > 2 else { return nil }
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
      0.95,
      tail.index * (1 + ExponentialAverage.tailWidth / Double(tail.count).squareRoot()))
    let body = weights.dropLast(tail.count).reduce(0, +) / count
    let share = Double(tail.count) / count
    return largest + log(body + share * exp(tail.threshold - largest) / (1 - index))
  }

  /// Whether the tail may be too heavy for a mean.
  private var hasHeavyTail: Bool {
    guard let tail else { return false }
    let upper = tail.index * (1 + ExponentialAverage.tailErrors / Double(tail.count).squareRoot())
    return upper > ExponentialAverage.heaviestTail
  }

  // MARK: Left-skewed weights

  private var isLeftSkewed: Bool { skewnessOfLogs < ExponentialAverage.leftSkewed }

  /// Whether x is so narrow that n trajectories would hardly miss what carries the average.
  private var isNarrow: Bool {
    spread.squareRoot() <= ExponentialAverage.narrowWidth * log(count)
  }

  /// Whether what carries the average may lie above all x that were drawn: x is wide, skewed to the left,
  /// and does not end in a wall.
  private var mayMissItsTop: Bool {
    isLeftSkewed && skewnessOfLogs * (6 / count).squareRoot() < ExponentialAverage.leftSkewness
      && !isNarrow && !endsInWall
  }

  /// Whether the density of x does not fall towards the largest, as where weights have a bound that many
  /// come close to: nothing is missing above a wall.
  ///
  /// Where the density is (x₀ − x)^{1/g − 1} the distance of the k-th largest x from the wall x₀ grows as k^g.
  /// g is read between the top tenth and the top fifth, and from there to the top two fifths. A falling
  /// density has g < 1; of discrete x many are the largest, g = 0.
  private var endsInWall: Bool {
    func distance(_ share: Double) -> Double {
      largest - sorted[sorted.count - 1 - Int(share * count)]
    }
    let (near, middle, far) = (distance(0.1), distance(0.2), distance(0.4))
    return near > 0
      && ExponentialAverage.wallGrowthNear.contains(log2(middle / near))
      && ExponentialAverage.wallGrowth.contains(log2(far / middle))
  }

  // MARK: Verdict

  /// Whether the interval is to be trusted.
  func verdict(minimumCount: Int) -> Estimate.Verdict {
    let dominance = abs(moments.skewnessOfMean)
    let limit =
      spread < ExponentialAverage.smallSpread
      ? ExponentialAverage.dominanceWhereSpreadIsSmall : ExponentialAverage.dominance
    if count < Double(minimumCount) {
      return .unresolved("fewer than \(minimumCount) trajectories")
    }
    if effectiveSampleSize < ExponentialAverage.minimumSamples {
      return .unresolved(
        "effective sample size \(Int(effectiveSampleSize.rounded())) is too small")
    }
    if dominance > limit { return .unresolved("a few trajectories dominate the average") }
    if mayMissItsTop {
      return .unresolved(
        "the works are skewed, as where those that carry the average were not drawn")
    }
    if hasHeavyTail { return .unresolved("the weights have too heavy a tail") }
    if gaussianSampleSize < ExponentialAverage.minimumSamples,
      topCount < ExponentialAverage.minimumTopCount
    {
      return .unresolved("the works spread too far for so few trajectories")
    }
    return .resolved
  }
}
