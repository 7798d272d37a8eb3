internal import Foundation

/// Entropy productions of successive windows of a trajectory, as they come.
///
///     σ_w = Σ_{t in window} v(θ_t)ᵀ D⁻¹ (θ_{t+1} − θ_t)
///
/// Sums for ⟨σ⟩, ⟨e^{−σ}⟩ and ⟨e^{+σ}⟩, a histogram, and every k-th value itself, so that no number of steps needs
/// more memory. e^{−Σσ} is a martingale where the theorem holds, so means of e^{−σ} over windows are
/// uncorrelated, and their standard errors are those of independent values.
public struct EntropyWindow: Sendable, Equatable {
  /// Steps (of the recorded trajectory) in a window.
  public let length: Int
  /// Windows so far.
  public private(set) var count = 0
  /// Every `stride`-th window's σ.
  public private(set) var values: [Double] = []
  /// All of them, in bins.
  public private(set) var histogram: SignedHistogram
  private let stride: Int
  private var open = 0.0
  private var filled = 0
  private var sum = 0.0
  private var square = 0.0
  private var minus = (sum: 0.0, square: 0.0)
  private var plus = (sum: 0.0, square: 0.0)

  /// No windows yet.
  ///
  /// - Parameters:
  ///   - length: Steps in a window.
  ///   - expectedMean: The mean of σ of a step by theory, for the range of the histogram.
  ///   - expectedCount: The windows that will come, so that about `keeping` values are kept.
  public init(length: Int, expectedMean: Double, expectedCount: Int, keeping: Int) {
    precondition(length > 0 && keeping > 0, "windows of \(length) steps")
    self.length = length
    stride = Swift.max(1, (expectedCount + keeping - 1) / keeping)
    let mean = Swift.max(expectedMean, 1e-300) * Double(length)
    histogram = SignedHistogram(range: mean + 9 * (2 * mean).squareRoot())
    values.reserveCapacity(Swift.min(keeping, expectedCount) + 1)
  }

  /// Adds σ of successive steps.
  mutating func add(_ steps: UnsafeBufferPointer<Double>) {
    if length == 1 {
      for value in steps { close(value) }
      return
    }
    for value in steps {
      open += value
      filled += 1
      if filled == length {
        close(open)
        open = 0
        filled = 0
      }
    }
  }

  @inline(__always)
  private mutating func close(_ value: Double) {
    let weight = exp(-value)
    let inverse = 1 / weight
    sum += value
    square += value * value
    minus.sum += weight
    minus.square += weight * weight
    plus.sum += inverse
    plus.square += inverse * inverse
    histogram.add(value)
    if stride == 1 || count % stride == 0 { values.append(value) }
    count += 1
  }

  /// Adds the windows of another trajectory; a window that it left open is dropped.
  mutating func merge(_ other: EntropyWindow) {
    precondition(length == other.length, "windows of \(length) and \(other.length) steps")
    count += other.count
    values += other.values
    histogram.merge(other.histogram)
    sum += other.sum
    square += other.square
    minus.sum += other.minus.sum
    minus.square += other.minus.square
    plus.sum += other.plus.sum
    plus.square += other.plus.square
  }

  /// ⟨σ⟩ of a window.
  public var mean: Double { sum / Double(count) }
  /// The variance of σ.
  public var variance: Double { deviation(sum, square) * deviation(sum, square) }
  /// The standard error of ``mean``, of independent windows.
  public var meanError: Double { deviation(sum, square) / Double(count).squareRoot() }
  /// ⟨e^{−σ}⟩, 1 by the integral theorem.
  public var exponentialAverage: Double { minus.sum / Double(count) }
  /// Its standard error.
  public var exponentialError: Double {
    deviation(minus.sum, minus.square) / Double(count).squareRoot()
  }
  /// ⟨e^{+σ}⟩, which must not be 1; e^{2⟨σ⟩} for a Gaussian.
  public var oppositeAverage: Double { plus.sum / Double(count) }
  /// Its standard error.
  public var oppositeError: Double {
    deviation(plus.sum, plus.square) / Double(count).squareRoot()
  }

  private func deviation(_ sum: Double, _ square: Double) -> Double {
    let n = Double(count)
    return Swift.max(0, (square - sum * sum / n) / Swift.max(1, n - 1)).squareRoot()
  }

  /// Whether two sets of windows hold the same numbers.
  public static func == (left: EntropyWindow, right: EntropyWindow) -> Bool {
    left.length == right.length && left.count == right.count && left.sum == right.sum
      && left.minus == right.minus && left.values == right.values
  }
}
