internal import Foundation

/// Counts of values and of their negatives, in bins that end at zero.
///
///     n₊(k): values in [k w, (k+1) w),   n₋(k): values in (−(k+1) w, −k w]
///
/// The bins of x and −x are mirror images, edges at multiples of the width w: with any other edges ln n₊/n₋ has an
/// offset of its own.
public struct SignedHistogram: Sendable, Equatable {
  /// w.
  public let width: Double
  /// n₊, from zero upwards; the last bin holds all beyond.
  public private(set) var positive: [Int]
  /// n₋, from zero downwards; the last bin holds all beyond.
  public private(set) var negative: [Int]
  private let perWidth: Double

  /// No counts in `bins` bins to either side, up to about `range`.
  public init(range: Double, bins: Int = 400) {
    precondition(range > 0 && range.isFinite && bins > 1, "\(bins) bins up to \(range)")
    width = range / Double(bins)
    perWidth = 1 / width
    positive = [Int](repeating: 0, count: bins)
    negative = positive
  }

  /// Counts a value.
  @inline(__always)
  mutating func add(_ value: Double) {
    let place = abs(value) * perWidth
    let last = positive.count - 1
    let bin = place < Double(last) ? Int(place) : last
    if value >= 0 { positive[bin] += 1 } else { negative[bin] += 1 }
  }

  /// Adds the counts of another histogram of the same bins.
  mutating func merge(_ other: SignedHistogram) {
    precondition(width == other.width && positive.count == other.positive.count)
    for bin in positive.indices {
      positive[bin] += other.positive[bin]
      negative[bin] += other.negative[bin]
    }
  }

  /// The slope s of ln p(x)/p(−x) = s x, by maximum likelihood, and its standard error.
  ///
  /// Given |x|, the sign is a coin with ln odds s |x|: a logistic regression without intercept over the middles of
  /// the bins, whose width must be small against 1/s and against the spread. Values in the last bin are left out.
  ///
  /// - Returns: nil where no sign is against the odds, or no value lies in the bins.
  public var slope: (value: Double, standardError: Double)? {
    let bins = positive.indices.dropLast().filter { positive[$0] + negative[$0] > 0 }
    guard bins.contains(where: { positive[$0] > 0 }), bins.contains(where: { negative[$0] > 0 })
    else { return nil }
    var slope = 0.0
    for _ in 0..<200 {
      var score = 0.0
      var information = 0.0
      for bin in bins {
        let x = (Double(bin) + 0.5) * width
        let p = 1 / (1 + exp(-slope * x))
        let count = Double(positive[bin] + negative[bin])
        score += x * (Double(positive[bin]) - count * p)
        information += x * x * count * p * (1 - p)
      }
      guard information > 0 else { return nil }
      let step = score / information
      // Far from the top the steps of Newton overshoot.
      let bound = 1 / (width * Double(positive.count)) + abs(slope)
      slope += max(-bound, min(bound, step))
      if abs(step) < 1e-10 * (1 + abs(slope)) { return (slope, 1 / information.squareRoot()) }
    }
    return nil
  }
}
