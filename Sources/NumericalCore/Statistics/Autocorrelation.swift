internal import Foundation

/// Where a sum over autocorrelations ends, since their noise never does.
public enum AutocorrelationWindow: Sendable, Equatable {
  /// Where sums of neighbouring pairs stop being positive, made monotone; right for reversible
  /// chains, such as Gibbs samplers seen every sweep (Geyer 1992, Statistical Science 7, 473,
  /// section 3.3).
  case initialMonotone
  /// The smallest window M ≥ factor · g(M); 5 is usual (Sokal 1997, "Monte Carlo methods in statistical
  /// mechanics", section 3, where τ = g/2).
  /// Not for antithetic series, on which it closes too early.
  case selfConsistent(Double)
}

/// How many correlated samples tell as much as one independent sample.
///
/// ```
/// g = 1 + 2 Σₜ₌₁ ρ(t),   var(mean of n) ≈ g · var(x) / n
/// ```
///
/// with ρ the autocorrelation of a stationary series, estimated with the biased (1/n) autocovariance
/// and the mean of the series itself, which biases g downwards by O(g/n). Below 1 for series whose
/// neighbours are anticorrelated, but never below 1/log₁₀ n. A series that does not vary cannot be
/// told from a chain that is stuck: its g is n, one effective sample.
///
/// Symbols: papers call g, g/2 and Σρ alike τ.
///
/// - Parameters:
///   - series: Consecutive values of one chain, at least one.
///   - window: Where the sum ends.
/// - Returns: g, at most n.
/// - Complexity: O(n · window length).
public func statisticalInefficiency(
  of series: [Double], window: AutocorrelationWindow = .initialMonotone
) -> Double {
  precondition(!series.isEmpty, "statistical inefficiency of an empty series")
  let n = Double(series.count)
  guard series.count >= 4 else { return n }
  switch window {
  case .initialMonotone:
    return Swift.min(n, n / geyerEffectiveSampleSize(of: [series]))
  case .selfConsistent(let factor):
    let centred = centre(series)
    let variance = autocovariance(centred, lag: 0)
    guard varies(series), variance > 0 else { return n }
    var g = 1.0
    for lag in 1..<series.count {
      g += 2 * autocovariance(centred, lag: lag) / variance
      if Double(lag) >= factor * g { break }
    }
    return Swift.min(n, Swift.max(g, 1 / log10(n)))
  }
}

/// The normalised autocorrelation of a series at lags from 0 to `maximumLag`.
///
/// ```
/// ρ(t) = Σᵢ (xᵢ − m)(xᵢ₊ₜ − m) / Σᵢ (xᵢ − m)²
/// ```
///
/// Biased towards zero by the factor 1 − t/n, and by −g/n from the estimated mean. 1, 0, 0, … for a
/// series that does not vary.
///
/// - Complexity: O(n · maximumLag).
public func autocorrelation(of series: [Double], maximumLag: Int) -> [Double] {
  precondition(
    maximumLag >= 0 && maximumLag < series.count, "lag \(maximumLag) of \(series.count) values")
  let centred = centre(series)
  let variance = autocovariance(centred, lag: 0)
  guard varies(series), variance > 0 else {
    return (0...maximumLag).map { $0 == 0 ? 1 : 0 }
  }
  return (0...maximumLag).map { autocovariance(centred, lag: $0) / variance }
}

/// Whether the values differ by more than rounding.
func varies(_ values: [Double]) -> Bool {
  guard let low = values.min(), let high = values.max() else { return false }
  return high - low > 1e-15 * Swift.max(abs(low), abs(high))
}

func centre(_ series: [Double]) -> [Double] {
  let centre = mean(of: series)
  return series.map { $0 - centre }
}

/// The biased autocovariance Σ xᵢ xᵢ₊ₜ / n of a centred series.
func autocovariance(_ centred: [Double], lag: Int) -> Double {
  let n = centred.count
  return centred.withUnsafeBufferPointer { x in
    // Eight sums at once: the compiler may not reorder a single one.
    var sums = SIMD8<Double>.zero
    var index = 0
    while index + lag + 8 <= n {
      var a = SIMD8<Double>.zero
      var b = SIMD8<Double>.zero
      for lane in 0..<8 {
        a[lane] = x[index + lane]
        b[lane] = x[index + lag + lane]
      }
      sums += a * b
      index += 8
    }
    var sum = sums.sum()
    while index + lag < n {
      sum += x[index] * x[index + lag]
      index += 1
    }
    return sum / Double(n)
  }
}
