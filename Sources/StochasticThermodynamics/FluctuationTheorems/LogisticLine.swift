internal import NumericalCore

/// Logistic regression on a line: the probability of one of two outcomes as a function of x.
///
///     ln P(y = 1 | x) / P(y = 0 | x) = offset + intercept + slope · x
///
/// The likelihood is concave in both parameters; Newton's method with halved steps finds its maximum.
/// The inverse of the Fisher information Σ p(1 − p) (1, x)(1, x)ᵀ is their covariance.
///
/// Cox 1958, Journal of the Royal Statistical Society B 20, 215.
struct LogisticLine {
  /// The abscissae.
  let x: [Double]
  /// The outcomes.
  let y: [Bool]
  /// What is added to every logit.
  var offset = 0.0

  /// A point of the plane of parameters.
  struct Parameters {
    var intercept: Double
    var slope: Double
  }

  /// Maximum and covariance.
  struct Fit {
    var parameters: Parameters
    /// Variances and covariance: intercept, both, slope.
    var covariance: (Double, Double, Double)
  }

  /// First and second derivatives of the log-likelihood at a point.
  struct Derivatives {
    /// Σ (y − p) (1, x).
    var score = (0.0, 0.0)
    /// Σ p(1 − p) (1, x, x²).
    var information = (0.0, 0.0, 0.0)

    /// I₀₀ I₁₁ − I₀₁², zero where all abscissae agree to rounding.
    var determinant: Double {
      let (a, b, c) = information
      let value = a * c - b * b
      return value > 1e-10 * a * c ? value : 0
    }

    /// Uᵀ I⁻¹ U: χ² with two degrees of freedom at the true parameters.
    var scoreStatistic: Double {
      let (a, b, c) = information
      let (u, v) = score
      return (c * u * u - 2 * b * u * v + a * v * v) / determinant
    }

    /// The score of the slope where the intercept maximises the likelihood: χ² with one degree.
    var slopeStatistic: Double { score.1 * score.1 * information.0 / determinant }
  }

  /// P(y = 1) at the abscissa `value`.
  func probability(_ value: Double, _ at: Parameters) -> Double {
    logistic(offset + at.intercept + at.slope * value)
  }

  /// Score and information at a point.
  func derivatives(_ at: Parameters) -> Derivatives {
    var result = Derivatives()
    for index in x.indices {
      let value = x[index]
      let p = probability(value, at)
      let residual = (y[index] ? 1 : 0) - p
      let weight = p * (1 - p)
      result.score.0 += residual
      result.score.1 += residual * value
      result.information.0 += weight
      result.information.1 += weight * value
      result.information.2 += weight * value * value
    }
    return result
  }

  private func logLikelihood(_ at: Parameters) -> Double {
    var sum = 0.0
    for index in x.indices {
      let logit = offset + at.intercept + at.slope * x[index]
      sum -= softplus(y[index] ? -logit : logit)
    }
    return sum
  }

  /// Both parameters; nil where the likelihood has no maximum (one outcome, or separated outcomes) or
  /// where all abscissae are one.
  func fit(from start: Parameters) -> Fit? {
    guard
      let parameters = climb(
        from: start,
        step: { derivatives in
          let (a, b, c) = derivatives.information
          let (u, v) = derivatives.score
          let determinant = derivatives.determinant
          guard determinant > 0 else { return nil }
          return ((c * u - b * v) / determinant, (a * v - b * u) / determinant)
        })
    else { return nil }
    let (a, b, c) = derivatives(parameters).information
    let determinant = derivatives(parameters).determinant
    guard determinant > 0 else { return nil }
    return Fit(
      parameters: parameters, covariance: (c / determinant, -b / determinant, a / determinant))
  }

  /// The slope alone, at the intercept of `start`.
  func fitSlope(from start: Parameters) -> Fit? {
    guard
      let parameters = climb(
        from: start,
        step: { derivatives in
          let curvature = derivatives.information.2
          return curvature > 0 ? (0, derivatives.score.1 / curvature) : nil
        })
    else { return nil }
    let curvature = derivatives(parameters).information.2
    return curvature > 0 ? Fit(parameters: parameters, covariance: (0, 0, 1 / curvature)) : nil
  }

  /// The intercept alone, at the given slope, by bracketed Newton steps: the score Σ(y − p) falls
  /// monotonically, also where nothing overlaps.
  func interceptOnly(slope: Double) -> Double {
    let logits = x.map { offset + slope * $0 }
    var low = -(logits.max() ?? 0) - 50
    var high = -(logits.min() ?? 0) + 50
    var intercept = (low + high) / 2
    for _ in 0..<200 {
      let derivatives = derivatives(Parameters(intercept: intercept, slope: slope))
      if derivatives.score.0 > 0 { low = intercept } else { high = intercept }
      let newton = intercept + derivatives.score.0 / derivatives.information.0
      let next = newton > low && newton < high ? newton : (low + high) / 2
      if abs(next - intercept) < 1e-12 * (1 + abs(intercept)) { return next }
      intercept = next
    }
    return intercept
  }

  private func climb(
    from start: Parameters, step: (Derivatives) -> (Double, Double)?
  ) -> Parameters? {
    var here = start
    var height = logLikelihood(here)
    for _ in 0..<100 {
      let derivatives = derivatives(here)
      guard let (first, second) = step(derivatives), first.isFinite, second.isFinite else {
        return nil
      }
      // What the likelihood can still gain, twice; without units.
      let decrement = derivatives.score.0 * first + derivatives.score.1 * second
      var factor = 1.0
      var next = here
      var nextHeight = -Double.infinity
      for _ in 0..<40 {
        next = Parameters(
          intercept: here.intercept + factor * first, slope: here.slope + factor * second)
        nextHeight = logLikelihood(next)
        if nextHeight >= height - 1e-12 * (1 + abs(height)) { break }
        factor /= 2
      }
      here = next
      height = nextHeight
      if decrement < 1e-14 { return here }
    }
    return nil
  }
}
