internal import Foundation
public import NumericalCore

/// Draws from a posterior for each of several observations.
public struct PosteriorDraws: Sendable, Equatable {
  /// For each draw the states of all observations, one a row.
  public let draws: [Matrix<Double>]

  /// One or more draws of the same shape.
  public init(_ draws: [Matrix<Double>]) {
    precondition(!draws.isEmpty)
    self.draws = draws
  }

  /// The mean over draws of each observation: an estimate of the posterior mean.
  public var mean: Matrix<Double> {
    let weight = 1 / Double(draws.count)
    return draws.dropFirst().reduce(draws[0].mixed(weight, 0, draws[0])) {
      $0.mixed(1, weight, $1)
    }
  }

  /// Draws one below the other: all draws of the first observation, then of the second.
  public var rows: Matrix<Double> {
    let first = draws[0]
    return Matrix<Double>.stacked(draws, columns: first.columns).selectingRows(
      (0..<first.rows).flatMap { row in draws.indices.map { $0 * first.rows + row } })
  }
}

extension Matrix<Double> {
  /// The peak signal-to-noise ratio against data, in decibels:  10 log₁₀(range²/mean squared error).
  ///
  /// The range is that of the data at these coordinates. nil where it is no number: data without a range, values without
  /// an error.
  ///
  /// - Parameter coordinates: Those that count; nil for all.
  public func peakSignalToNoiseRatio(
    against data: Matrix<Double>, coordinates: [Int]? = nil
  ) -> Double? {
    precondition(rows == data.rows && columns == data.columns)
    let coordinates = coordinates ?? Array(0..<columns)
    var (low, high, squares) = (Double.infinity, -Double.infinity, 0.0)
    for row in 0..<rows {
      for column in coordinates {
        low = Swift.min(low, data[row, column])
        high = Swift.max(high, data[row, column])
        squares += pow(self[row, column] - data[row, column], 2)
      }
    }
    let error = squares / Double(Swift.max(1, rows * coordinates.count))
    let ratio = 10 * log10((high - low) * (high - low) / error)
    return ratio.isFinite ? ratio : nil
  }
}
