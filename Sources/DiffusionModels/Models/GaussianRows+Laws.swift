internal import Foundation
public import NumericalCore

extension GaussianRows {
  /// ln N(x; m, v) of each row x, in nats.
  ///
  /// ```
  /// −½ Σ_i [ln 2πv_i + (x_i − m_i)²/v_i]
  /// ```
  public func logDensity(of states: Matrix<Double>) -> [Double] {
    (0..<states.rows).map { row in
      var sum = 0.0
      for column in 0..<states.columns {
        let (v, x) = (variance[row, column], states[row, column] - mean[row, column])
        sum += log(2 * .pi * v) + x * x / v
      }
      return -0.5 * sum
    }
  }

  /// m + √v ε for the given standard normal ε.
  public func states(noise: Matrix<Double>) -> Matrix<Double> {
    var result = mean
    for row in 0..<result.rows {
      for column in 0..<result.columns {
        result[row, column] += variance[row, column].squareRoot() * noise[row, column]
      }
    }
    return result
  }

  /// KL(other || this) of each row, in nats, for other laws of one variance.
  ///
  /// ```
  /// ½ Σ_i [ln(v_i/u) + u/v_i − 1 + (n_i − m_i)²/v_i]     of N(n, u) from N(m, v)
  /// ```
  public func relativeEntropy(
    ofMean other: Matrix<Double>, variance width: Double
  ) -> [Double] {
    (0..<mean.rows).map { row in
      var sum = 0.0
      for column in 0..<mean.columns {
        let (v, x) = (variance[row, column], other[row, column] - mean[row, column])
        let ratio = width / v
        // u/v − 1 − ln(u/v), without the difference of near numbers.
        sum += (ratio - 1) - log1p(ratio - 1) + x * x / v
      }
      return 0.5 * sum
    }
  }
}
