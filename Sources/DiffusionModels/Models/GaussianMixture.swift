internal import Foundation
public import NumericalCore

/// A mixture of Gaussians of any covariance; with one component, a Gaussian.
///
/// ```
/// q_t(x) = Σ_k w_k N(x; a μ_k, a² C_k + s²)
/// E_k[x₀|x] = μ_k + a C_k V_k⁻¹ (x − a μ_k),   Cov_k(x₀|x) = s² C_k V_k⁻¹,   V_k = a² C_k + s²
/// ```
///
/// In the eigenvectors of C_k everything is a number a direction: variance l becomes a² l + s².
/// - Complexity: O(K d²) a state.
public struct GaussianMixture: DataLaw {
  /// One Gaussian of the mixture.
  public struct Component: Sendable, Equatable {
    /// w_k.
    public let weight: Double
    /// μ_k.
    public let mean: [Double]
    /// C_k.
    public let covariance: Matrix<Double>
    /// Eigenvalues of C_k.
    let variances: [Double]
    /// Its eigenvectors, one a row.
    let directions: Matrix<Double>
  }

  /// The components; their weights sum to 1.
  public let components: [Component]
  /// The threads to use.
  public var workers: Workers
  /// Coordinates of a state.
  public let dimension: Int

  /// The mixture; weights are normalised.
  ///
  /// - Throws: `usage` when shapes do not agree, a weight is negative, or a covariance is not
  ///   symmetric with eigenvalues that are not negative.
  public init(
    weights: [Double], means: [[Double]], covariances: [Matrix<Double>],
    workers: Workers = Workers()
  ) throws(SzilardError) {
    let sum = weights.reduce(0, +)
    guard let dimension = means.first?.count, dimension > 0, weights.count == means.count,
      covariances.count == means.count, weights.allSatisfy({ $0 >= 0 }), sum > 0, sum.isFinite,
      means.allSatisfy({ $0.count == dimension }),
      covariances.allSatisfy({ $0.rows == dimension && $0.columns == dimension })
    else {
      throw SzilardError(
        .usage,
        "a mixture of Gaussians needs as many weights as means and covariances, weights that "
          + "are not negative, and one dimension throughout")
    }
    var components: [Component] = []
    for k in means.indices {
      guard let (values, vectors) = LinearAlgebra.symmetricEigenvalues(covariances[k]),
        let largest = values.last, let least = values.first, largest.isFinite,
        least >= -1e-12 * max(largest, 1e-300)
      else {
        throw SzilardError(
          .usage, "covariance \(k + 1) of the mixture has a negative eigenvalue")
      }
      components.append(
        Component(
          weight: weights[k] / sum, mean: means[k], covariance: covariances[k],
          variances: values.map { max(0, $0) }, directions: vectors))
    }
    self.components = components
    self.dimension = dimension
    self.workers = workers
  }

  /// One Gaussian.
  public init(
    mean: [Double], covariance: Matrix<Double>, workers: Workers = Workers()
  ) throws(SzilardError) {
    try self.init(weights: [1], means: [mean], covariances: [covariance], workers: workers)
  }

  /// One Gaussian about 0 with independent coordinates of the given variances.
  public init(variances: [Double], workers: Workers = Workers()) throws(SzilardError) {
    var covariance = Matrix<Double>(rows: variances.count, columns: variances.count)
    for index in variances.indices { covariance[index, index] = variances[index] }
    try self.init(
      mean: [Double](repeating: 0, count: variances.count), covariance: covariance,
      workers: workers)
  }

  /// ln q(x) of noisy states at a level, in nats.
  public func logDensity(of states: Matrix<Double>, at level: NoiseLevel) -> [Double] {
    workers.map(states.rows) { row in logSumExp(logTerms(states.row(row), level).logs) }
  }

  /// Mean and variance of the data behind each noisy state, by the law of total variance.
  public func dataMoments(
    behind states: Matrix<Double>, at level: NoiseLevel
  ) -> (mean: Matrix<Double>, variance: Matrix<Double>) {
    let (a, s2) = (level.signal, level.noise * level.noise)
    let rows = workers.map(states.rows) { row -> ([Double], [Double]) in
      let shares = responsibilities(states.row(row), level)
      var mean = [Double](repeating: 0, count: dimension)
      var second = mean
      for (component, share) in zip(components, shares) where share.weight > 0 {
        let m = expectedData(component, share.projections, level)
        for j in 0..<dimension {
          var width = 0.0
          for i in 0..<dimension {
            let l = component.variances[i]
            let u = component.directions[i, j]
            width += u * u * l * s2 / (a * a * l + s2)
          }
          mean[j] += share.weight * m[j]
          second[j] += share.weight * (width + m[j] * m[j])
        }
      }
      return (mean, zip(mean, second).map { max(0, $1 - $0 * $0) })
    }
    var mean = Matrix<Double>(rows: states.rows, columns: dimension)
    var spread = mean
    for row in 0..<states.rows {
      mean.setRow(row, to: rows[row].0)
      spread.setRow(row, to: rows[row].1)
    }
    return (mean, spread)
  }

  /// ∂E[x₀|x]/∂x = (a/s²) Cov(x₀|x).
  public func nativeGradient(
    of states: Matrix<Double>, at level: NoiseLevel, cotangents: Matrix<Double>
  ) -> (prediction: Matrix<Double>, gradient: Matrix<Double>) {
    let (a, s2) = (level.signal, level.noise * level.noise)
    let rows = workers.map(states.rows) { row -> ([Double], [Double]) in
      let c = cotangents.row(row)
      let shares = responsibilities(states.row(row), level)
      var mean = [Double](repeating: 0, count: dimension)
      var product = mean
      var projection = 0.0
      for (component, share) in zip(components, shares) where share.weight > 0 {
        let m = expectedData(component, share.projections, level)
        let along = zip(m, c).reduce(0) { $0 + $1.0 * $1.1 }
        projection += share.weight * along
        // Within: s² C V⁻¹ c.
        for i in 0..<dimension {
          let l = component.variances[i]
          var inner = 0.0
          for j in 0..<dimension { inner += component.directions[i, j] * c[j] }
          let factor = share.weight * l * s2 / (a * a * l + s2) * inner
          for j in 0..<dimension { product[j] += factor * component.directions[i, j] }
        }
        for j in 0..<dimension {
          mean[j] += share.weight * m[j]
          product[j] += share.weight * along * m[j]
        }
      }
      return (mean, (0..<dimension).map { a / s2 * (product[$0] - projection * mean[$0]) })
    }
    var mean = Matrix<Double>(rows: states.rows, columns: dimension)
    var gradient = mean
    for row in 0..<states.rows {
      mean.setRow(row, to: rows[row].0)
      gradient.setRow(row, to: rows[row].1)
    }
    return (mean, gradient)
  }

  /// Independent samples; a row's depend on its number alone.
  public func samples(_ count: Int, seed: UInt64) -> Matrix<Double> {
    var result = Matrix<Double>(rows: count, columns: dimension)
    for row in 0..<count {
      var stream = RandomStream(seed: seed, purpose: .mixtureSamples, index: UInt64(row))
      var place = stream.uniform()
      var index = 0
      while index < components.count - 1, place >= components[index].weight {
        place -= components[index].weight
        index += 1
      }
      let component = components[index]
      var sample = component.mean
      for i in 0..<dimension {
        let amount = component.variances[i].squareRoot() * stream.normal()
        for j in 0..<dimension { sample[j] += amount * component.directions[i, j] }
      }
      result.setRow(row, to: sample)
    }
    return result
  }

  /// Mean and variance of each coordinate of the data.
  public var moments: (mean: [Double], variance: [Double]) {
    var mean = [Double](repeating: 0, count: dimension)
    var second = mean
    for component in components {
      for j in 0..<dimension {
        mean[j] += component.weight * component.mean[j]
        second[j] +=
          component.weight * (component.covariance[j, j] + component.mean[j] * component.mean[j])
      }
    }
    return (mean, zip(mean, second).map { $1 - $0 * $0 })
  }

  /// ln of each term of the mixture at x, with the projections uᵢ·(x − a μ_k).
  private func logTerms(
    _ x: [Double], _ level: NoiseLevel
  ) -> (logs: [Double], projections: [[Double]]) {
    let (a, s2) = (level.signal, level.noise * level.noise)
    var logs: [Double] = []
    var projections: [[Double]] = []
    for component in components {
      var sum = log(component.weight) - 0.5 * Double(dimension) * log(2 * .pi)
      var along = [Double](repeating: 0, count: dimension)
      for i in 0..<dimension {
        for j in 0..<dimension {
          along[i] += component.directions[i, j] * (x[j] - a * component.mean[j])
        }
        let width = a * a * component.variances[i] + s2
        sum -= 0.5 * (log(width) + along[i] * along[i] / width)
      }
      logs.append(sum)
      projections.append(along)
    }
    return (logs, projections)
  }

  private func responsibilities(
    _ x: [Double], _ level: NoiseLevel
  ) -> [(weight: Double, projections: [Double])] {
    let terms = logTerms(x, level)
    let norm = logSumExp(terms.logs)
    return zip(terms.logs, terms.projections).map { (exp($0 - norm), $1) }
  }

  private func expectedData(
    _ component: Component, _ projections: [Double], _ level: NoiseLevel
  ) -> [Double] {
    let (a, s2) = (level.signal, level.noise * level.noise)
    var result = component.mean
    for i in 0..<dimension {
      let l = component.variances[i]
      let factor = a * l / (a * a * l + s2) * projections[i]
      for j in 0..<dimension { result[j] += factor * component.directions[i, j] }
    }
    return result
  }
}
