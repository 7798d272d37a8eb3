internal import Foundation
public import NumericalCore

extension GaussianRows {
  /// ln N(x; m, v) of each row x, in nats.
  ///
  /// ```
  /// −½ Σ_i [ln 2πv_i + (x_i − m_i)²/v_i]
  /// ```
  public func logDensity(of states: Matrix<Double>) -> [Double] {
    withPointers(states) { mean, variance, states, stride in
      (0..<rows).map { row in
        var sum = 0.0
        for place in row * stride..<row * stride + columns {
          let (v, x) = (variance[place], states[place] - mean[place])
          sum += log(2 * .pi * v) + x * x / v
        }
        return -0.5 * sum
      }
    }
  }

  /// m + √v ε for the given standard normal ε.
  public func states(noise: Matrix<Double>) -> Matrix<Double> {
    var result = Matrix<Double>(rows: rows, columns: columns)
    result.withUnsafeMutablePointer { result in
      withPointers(noise) { mean, variance, noise, stride in
        for row in 0..<rows {
          for place in row * stride..<row * stride + columns {
            result[place] = mean[place] + variance[place].squareRoot() * noise[place]
          }
        }
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
    withPointers(other) { mean, variance, other, stride in
      (0..<rows).map { row in
        var sum = 0.0
        for place in row * stride..<row * stride + columns {
          let (v, x) = (variance[place], other[place] - mean[place])
          let ratio = width / v
          // u/v − 1 − ln(u/v), without the difference of near numbers.
          sum += (ratio - 1) - log1p(ratio - 1) + x * x / v
        }
        return 0.5 * sum
      }
    }
  }

  private var rows: Int { mean.rows }
  private var columns: Int { mean.columns }

  /// Means, variances and a third matrix of the same shape, all with rows `stride` apart.
  private func withPointers<Result>(
    _ third: Matrix<Double>,
    _ body: (
      _ mean: UnsafePointer<Double>, _ variance: UnsafePointer<Double>,
      _ third: UnsafePointer<Double>, _ stride: Int
    ) -> Result
  ) -> Result {
    precondition(third.rows == rows && third.columns == columns)
    return mean.withUnsafePointer { mean in
      variance.withUnsafePointer { variance in
        third.withUnsafePointer { body(mean, variance, $0, third.stride) }
      }
    }
  }
}
