internal import Foundation
public import NumericalCore

/// The machine of two Gaussian layers, which is solved exactly.
///
///     p(s, σ) ∝ exp(−|s|²/2σ_v² − |σ|²/2σ_h² + sᵀ W σ)
///
/// A distribution only while σ_v σ_h w₁ < 1, w₁ the largest singular value of W. Its gradient flow of
/// the likelihood learns, mode by mode, the principal components of the data whose variance exceeds
/// σ_v². Decelle, Fissore and Furtlehner 2017, EPL 119, 60001; the stationary solution is the
/// probabilistic principal component analysis of Tipping and Bishop 1999.
public struct GaussianMachine: Sendable, Equatable {
  /// σ_v², the variance of a visible unit without couplings.
  public var visibleVariance: Double
  /// σ_h², the variance of a hidden unit without couplings.
  public var hiddenVariance: Double

  /// A machine of the given variances, which must be positive.
  public init(visibleVariance: Double = 1, hiddenVariance: Double = 1) {
    precondition(visibleVariance > 0 && hiddenVariance > 0, "variances must be positive")
    self.visibleVariance = visibleVariance
    self.hiddenVariance = hiddenVariance
  }

  /// σ_v² σ_h²: a singular value w is allowed while σ_v² σ_h² w² < 1.
  var product: Double { visibleVariance * hiddenVariance }

  /// ln Z of a machine without fields.
  ///
  ///     ln Z = (N_v/2) ln 2πσ_v² + (N_h/2) ln 2πσ_h² − ½ Σₐ ln(1 − σ_v² σ_h² wₐ²)
  ///
  /// - Returns: nil where the machine is no distribution.
  public func logPartitionFunction(
    singularValues: [Double], visibleCount: Int, hiddenCount: Int
  ) -> Double? {
    var sum = Double(visibleCount) / 2 * log(2 * .pi * visibleVariance)
    sum += Double(hiddenCount) / 2 * log(2 * .pi * hiddenVariance)
    for w in singularValues {
      guard product * w * w < 1 else { return nil }
      sum -= 0.5 * log1p(-product * w * w)
    }
    return sum
  }

  /// The variance of the visible units along a mode of singular value w.
  ///
  ///     ⟨s_a²⟩ = σ_v² / (1 − σ_v² σ_h² w²)
  public func variance(singularValue w: Double) -> Double {
    visibleVariance / (1 - product * w * w)
  }

  /// The singular value that a mode of the data of variance c ends with.
  ///
  ///     w² = (c − σ_v²) / (c σ_v² σ_h²)   for c > σ_v²,   else 0
  public func stationarySingularValue(dataVariance c: Double) -> Double {
    c > visibleVariance ? ((c - visibleVariance) / (c * product)).squareRoot() : 0
  }

  /// The rate σ_h² (c − σ_v²) at which a small singular value begins to grow, or to decay.
  public func growthRate(dataVariance c: Double) -> Double {
    hiddenVariance * (c - visibleVariance)
  }

  /// The highest mean log-likelihood a machine of K hidden units reaches on centred data.
  ///
  ///     −½ Σₐ [ln 2πλₐ + cₐ/λₐ],   λₐ = cₐ for the K largest cₐ > σ_v², else σ_v²
  ///
  /// - Parameter dataVariances: Eigenvalues cₐ of the covariance of the data.
  public func maximumLogLikelihood(dataVariances: [Double], hiddenCount: Int) -> Double {
    var sum = 0.0
    for (rank, c) in dataVariances.sorted(by: >).enumerated() {
      let variance = rank < hiddenCount ? max(c, visibleVariance) : visibleVariance
      sum -= 0.5 * (log(2 * .pi * variance) + c / variance)
    }
    return sum
  }

  /// The mean log-likelihood of centred data under a machine.
  ///
  ///     −½ [N ln 2πσ_v² − Σₐ ln(1 − σ_v² σ_h² wₐ²) + tr C/σ_v² − σ_h² Σₐ wₐ² uᵃ·C uᵃ]
  ///
  /// - Returns: nil where the machine is no distribution.
  public func logLikelihood(
    modes: SingularValueDecomposition, dataCovariance covariance: Matrix<Double>
  ) -> Double? {
    let images = LinearAlgebra.product(modes.left, covariance)
    var sum =
      Double(covariance.rows) * log(2 * .pi * visibleVariance)
      + LinearAlgebra.trace(covariance) / visibleVariance
    for (mode, w) in modes.values.enumerated() {
      guard product * w * w < 1 else { return nil }
      let variance = zip(images.row(mode), modes.left.row(mode)).reduce(0) { $0 + $1.0 * $1.1 }
      sum -= log1p(-product * w * w) + hiddenVariance * w * w * variance
    }
    return -0.5 * sum
  }

  /// The velocity of one singular value whose mode lies along the data variance c.
  ///
  ///     dw/dt = σ_h² w [c − σ_v²/(1 − σ_v² σ_h² w²)]
  public func velocity(singularValue w: Double, dataVariance c: Double) -> Double {
    hiddenVariance * w * (c - variance(singularValue: w))
  }

  /// The singular value at a time, of a mode that lies along a principal component of the data.
  ///
  /// The flow in closed form, x = w², x* = (c − σ_v²)/(c σ_v² σ_h²):
  ///
  ///     ln x − (σ_v²/c) ln|x* − x| = const + 2σ_h² (c − σ_v²) t,   c ≠ σ_v²
  ///     1/x + σ_v² σ_h² ln x = const + 2σ_h² c σ_v² σ_h² t,        c = σ_v²
  ///
  /// solved for x by bisection to the last bit.
  ///
  /// - Parameters:
  ///   - time: t ≥ 0.
  ///   - start: w(0), with σ_v² σ_h² w(0)² < 1.
  ///   - c: The variance of the data along the mode, above 0.
  public func singularValue(at time: Double, from start: Double, dataVariance c: Double) -> Double {
    precondition(product * start * start < 1, "the machine is no distribution at \(start)")
    precondition(time >= 0 && c > 0, "a time of \(time), a variance of \(c)")
    let fixed = (c - visibleVariance) / (c * product)
    let begin = start * start
    guard time > 0, begin > 0, begin != fixed else { return start }
    /// Increases in x below x* and decreases above it, like the flow.
    func progress(_ x: Double) -> Double {
      if fixed == 0 { return -(1 / x + product * log(x)) }
      return log(x) - visibleVariance / c * log(abs(fixed - x))
    }
    let rate =
      fixed == 0
      ? -2 * hiddenVariance * c * product : 2 * hiddenVariance * (c - visibleVariance)
    let target = progress(begin) + rate * time
    let end = max(fixed, 0)
    var near = begin
    var far = end
    while true {
      let middle = near + (far - near) / 2
      guard middle != near, middle != far, middle > 0 else { break }
      // Between the start and the end, `progress` moves one way: towards the target.
      let hasPassed = rate > 0 ? progress(middle) >= target : progress(middle) <= target
      if hasPassed { far = middle } else { near = middle }
    }
    return ((near + far) / 2).squareRoot()
  }

  /// The velocity of the couplings: gradient of the mean log-likelihood of centred data.
  ///
  ///     dW/dt = ⟨s σᵀ⟩_data − ⟨s σᵀ⟩_model = σ_h² [C − (1/σ_v² − σ_h² W Wᵀ)⁻¹] W
  ///
  /// - Parameters:
  ///   - weights: W, shape [N_v, N_h].
  ///   - covariance: C of the data, shape [N_v, N_v].
  /// - Returns: nil where the matrix in parentheses is singular.
  /// - Complexity: O(N_v² N_h + N_v N_h² + N_h³): (a − W Wᵀ)⁻¹ W = W (a − Wᵀ W)⁻¹ takes the inverse to the
  ///   hidden side.
  public func velocity(
    weights: Matrix<Double>, dataCovariance covariance: Matrix<Double>
  ) -> Matrix<Double>? {
    let precision = LinearAlgebra.sum(
      LinearAlgebra.identity(weights.columns).map { $0 / visibleVariance },
      LinearAlgebra.product(weights.transposed, weights), factor: -hiddenVariance)
    guard let model = LinearAlgebra.solve(precision, weights.transposed) else { return nil }
    return LinearAlgebra.sum(
      LinearAlgebra.product(covariance, weights), model.transposed, factor: -1
    ).map { hiddenVariance * $0 }
  }
}
