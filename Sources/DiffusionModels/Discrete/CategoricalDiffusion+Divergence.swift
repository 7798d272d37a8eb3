internal import Foundation
public import NumericalCore

extension CategoricalDiffusion {
  /// Σ_i KL(q(x_{t−1,i}|x_{t,i}, x_{0,i}) ‖ f_i) for each row, in nats; t = 1 gives −ln f(x_0).
  ///
  /// - Parameters:
  ///   - data: x_0.
  ///   - states: x_t.
  ///   - reverse: f as ``CategoricalReverseKernel/reverse(_:step:)`` gives it for `states`.
  ///   - step: t.
  public func divergences(
    data: Matrix<UInt8>, states: Matrix<UInt8>, reverse: Matrix<Double>, step: Int
  ) -> [Double] {
    let k = categories
    // The posterior of each pair (x_t, x_0), once.
    var tables: [[Double]?] = [[Double]?](repeating: nil, count: k * k)
    return (0..<data.rows).map { row in
      var sum = 0.0
      for site in 0..<data.columns {
        let (state, origin) = (Int(states[row, site]), Int(data[row, site]))
        let place = state * k + origin
        let table: [Double]
        if let known = tables[place] {
          table = known
        } else {
          table = posterior(state: state, data: origin, step: step)
          tables[place] = table
        }
        for j in 0..<k where table[j] > 0 {
          sum += table[j] * log(table[j] / reverse[row, site * k + j])
        }
      }
      return sum
    }
  }
}
