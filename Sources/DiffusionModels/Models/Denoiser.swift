public import NumericalCore

/// A model that tells, for a noisy state of any level, what data to expect behind it.
///
/// Whatever its native prediction, it answers for all of ``Prediction``. Analytic laws of data
/// (``GaussianMixture``, ``PointMixture``) are denoisers without error; networks are trained to be.
public protocol Denoiser: Sendable {
  /// Coordinates of a state.
  var dimension: Int { get }
  /// What `nativePrediction` returns.
  var native: Prediction { get }
  /// E[native | x] for each row x of `states` at one level.
  func nativePrediction(of states: Matrix<Double>, at level: NoiseLevel) throws -> Matrix<Double>
  /// The native prediction and cᵀ ∂prediction/∂x for each row, with c the rows of `cotangents`.
  func nativeGradient(
    of states: Matrix<Double>, at level: NoiseLevel, cotangents: Matrix<Double>
  ) throws -> (prediction: Matrix<Double>, gradient: Matrix<Double>)
  /// The native prediction and the trace of its Jacobian ∂prediction/∂x, exactly.
  ///
  /// The default takes one `nativeGradient` for each coordinate.
  func nativeTrace(
    of states: Matrix<Double>, at level: NoiseLevel
  ) throws -> (prediction: Matrix<Double>, trace: [Double])
}

extension Denoiser {
  /// E[quantity | x] for each row x of `states`.
  public func predict(
    _ quantity: Prediction, of states: Matrix<Double>, at level: NoiseLevel
  ) throws -> Matrix<Double> {
    native.converted(
      try nativePrediction(of: states, at: level), to: quantity, states: states, level)
  }

  /// E[quantity | x] with the trace of its Jacobian.
  public func predictWithTrace(
    _ quantity: Prediction, of states: Matrix<Double>, at level: NoiseLevel
  ) throws -> (prediction: Matrix<Double>, trace: [Double]) {
    let (prediction, trace) = try nativeTrace(of: states, at: level)
    let (p, q) = native.combination(to: quantity, level)
    return (
      native.converted(prediction, to: quantity, states: states, level),
      trace.map { p * Double(dimension) + q * $0 }
    )
  }

  /// E[quantity | x] with cᵀ ∂quantity/∂x for the rows c of `cotangents`.
  public func predictWithGradient(
    _ quantity: Prediction, of states: Matrix<Double>, at level: NoiseLevel,
    cotangents: Matrix<Double>
  ) throws -> (prediction: Matrix<Double>, gradient: Matrix<Double>) {
    let (prediction, gradient) = try nativeGradient(of: states, at: level, cotangents: cotangents)
    let (p, q) = native.combination(to: quantity, level)
    return (
      native.converted(prediction, to: quantity, states: states, level),
      cotangents.mixed(p, q, gradient)
    )
  }

  /// The trace by one product from the left for each coordinate.
  public func nativeTrace(
    of states: Matrix<Double>, at level: NoiseLevel
  ) throws -> (prediction: Matrix<Double>, trace: [Double]) {
    var trace = [Double](repeating: 0, count: states.rows)
    var result = Matrix<Double>(rows: 0, columns: dimension)
    for coordinate in 0..<dimension {
      var axis = Matrix<Double>(rows: states.rows, columns: dimension)
      for row in 0..<states.rows { axis[row, coordinate] = 1 }
      let (prediction, gradient) = try nativeGradient(of: states, at: level, cotangents: axis)
      for row in 0..<states.rows { trace[row] += gradient[row, coordinate] }
      result = prediction
    }
    return (result, trace)
  }
}

/// A law of data under which everything about the diffusion is known.
public protocol DataLaw: Denoiser {
  /// ln q(x) of the noisy states at a level, one a row, in nats; at a level without noise, ln of the
  /// density of the data.
  func logDensity(of states: Matrix<Double>, at level: NoiseLevel) -> [Double]
  /// Mean and variance, coordinate by coordinate, of the data behind each noisy state.
  func dataMoments(
    behind states: Matrix<Double>, at level: NoiseLevel
  ) -> (mean: Matrix<Double>, variance: Matrix<Double>)
  /// Independent samples; a row's depend on its number alone.
  func samples(_ count: Int, seed: UInt64) -> Matrix<Double>
}

extension DataLaw {
  /// Analytic laws answer with E[x₀|x].
  public var native: Prediction { .data }

  /// E[x₀|x] for each row.
  public func nativePrediction(
    of states: Matrix<Double>, at level: NoiseLevel
  ) -> Matrix<Double> {
    dataMoments(behind: states, at: level).mean
  }

  /// tr ∂E[x₀|x]/∂x = (a/s²) tr Cov(x₀|x)  (the derivative of Tweedie's formula).
  public func nativeTrace(
    of states: Matrix<Double>, at level: NoiseLevel
  ) -> (prediction: Matrix<Double>, trace: [Double]) {
    let moments = dataMoments(behind: states, at: level)
    let factor = level.signal / (level.noise * level.noise)
    return (
      moments.mean,
      (0..<states.rows).map { factor * moments.variance.row($0).reduce(0, +) }
    )
  }
}
