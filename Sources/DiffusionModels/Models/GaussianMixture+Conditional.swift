internal import Foundation
public import NumericalCore

extension GaussianMixture {
  /// The law of the data given some of their coordinates, with noise or without: Bayes' posterior, exactly.
  ///
  /// ```
  /// y = A x + s n:   K = C Aᵀ (A C Aᵀ + s²)⁻¹,   μ′ = μ + K (y − A μ),   C′ = C − K A C,
  /// w′ ∝ w N(y; A μ, A C Aᵀ + s²)                                         for each component
  /// ```
  ///
  /// with A the selection of coordinates: all of them with s > 0 is denoising, some with s = 0 in-painting.
  ///
  /// - Parameters:
  ///   - values: y.
  ///   - coordinates: Which coordinates y tells, in the same order.
  ///   - deviation: s.
  /// - Throws: `usage` when values and coordinates do not fit, or where the law of y is singular.
  /// - Complexity: O(K d³).
  public func conditional(
    on values: [Double], of coordinates: [Int], deviation: Double = 0
  ) throws(SzilardError) -> GaussianMixture {
    guard values.count == coordinates.count, !values.isEmpty, deviation >= 0,
      Set(coordinates).count == coordinates.count,
      coordinates.allSatisfy({ $0 >= 0 && $0 < dimension })
    else {
      throw SzilardError(.usage, "the observed values and coordinates do not fit the mixture")
    }
    let m = values.count
    var logWeights: [Double] = []
    var means: [[Double]] = []
    var covariances: [Matrix<Double>] = []
    for component in components {
      // A C with the residual y − A μ as a last column: one factorisation solves for both.
      var observed = Matrix<Double>(rows: m, columns: m)
      var right = Matrix<Double>(rows: m, columns: dimension + 1)
      for i in 0..<m {
        for j in 0..<m { observed[i, j] = component.covariance[coordinates[i], coordinates[j]] }
        observed[i, i] += deviation * deviation
        for j in 0..<dimension { right[i, j] = component.covariance[coordinates[i], j] }
        right[i, dimension] = values[i] - component.mean[coordinates[i]]
      }
      guard let factor = LinearAlgebra.choleskyFactor(observed),
        let solution = LinearAlgebra.solve(observed, right)
      else {
        throw SzilardError(
          .usage, "a component of the mixture has no density at the observed coordinates")
      }
      var logWeight = log(component.weight) - 0.5 * Double(m) * log(2 * .pi)
      var mean = component.mean
      var covariance = component.covariance
      for i in 0..<m {
        logWeight -= log(factor[i, i]) + 0.5 * right[i, dimension] * solution[i, dimension]
        for j in 0..<dimension {
          mean[j] += right[i, j] * solution[i, dimension]
          for k in 0..<dimension { covariance[j, k] -= right[i, j] * solution[i, k] }
        }
      }
      for j in 0..<dimension {
        for k in 0..<j {
          let entry = (covariance[j, k] + covariance[k, j]) / 2
          covariance[j, k] = entry
          covariance[k, j] = entry
        }
      }
      if deviation == 0 {
        // What is known is known exactly.
        for (value, i) in zip(values, coordinates) {
          mean[i] = value
          for j in 0..<dimension {
            covariance[i, j] = 0
            covariance[j, i] = 0
          }
        }
      }
      logWeights.append(logWeight)
      means.append(mean)
      covariances.append(covariance)
    }
    let norm = logSumExp(logWeights)
    return try GaussianMixture(
      weights: logWeights.map { exp($0 - norm) }, means: means, covariances: covariances,
      workers: workers)
  }

  /// The covariance of the data: within the components and between them.
  public var covariance: Matrix<Double> {
    let centre = moments.mean
    var result = Matrix<Double>(rows: dimension, columns: dimension)
    for component in components {
      for i in 0..<dimension {
        for j in 0..<dimension {
          result[i, j] +=
            component.weight
            * (component.covariance[i, j]
              + (component.mean[i] - centre[i]) * (component.mean[j] - centre[j]))
        }
      }
    }
    return result
  }
}
