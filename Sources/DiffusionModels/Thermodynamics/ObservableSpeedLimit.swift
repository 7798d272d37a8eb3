public import NumericalCore

/// How fast the mean of an observable r(x) may change for the entropy that is produced.
///
/// ```
/// Ṡ_tot ≥ (d E r/dt)²/(T E|∇r|²),   d E r/dt = E[ν · ∇r],   ν = f − T ∇ ln P
/// ```
///
/// in nats a unit of time (Cauchy and Schwarz). Equality where ν is along ∇r, as for r = |x|²/2 and a Gaussian of one
/// variance. Source: Ikeda, Uda, Okanohara and Ito 2025, equation 73.
public struct ObservableSpeedLimit: Sendable, Equatable {
  /// d E r/dt.
  public let rate: Estimate
  /// E|∇r|².
  public let meanSquareGradient: Double
  /// T.
  public let temperature: Double
  /// (d E r/dt)²/(T E|∇r|²): the least rate of entropy production, in nats.
  ///
  /// A ratio of means of n samples, with a bias of order 1/n; its interval is that of small errors.
  public let leastEntropyProduction: Estimate

  /// The limit at a time of a path, from samples.
  ///
  /// - Parameters:
  ///   - denoiser: The model of the score.
  ///   - data: Samples x_0, one a row, two at least.
  ///   - path: The course from data to noise.
  ///   - time: In (0, 1).
  ///   - seed: Of the noise.
  ///   - gradient: ∇r, a row for each row.
  /// - Throws: `usage` when there are fewer than two samples, or they have other coordinates than the model.
  public init(
    of denoiser: any Denoiser, data: Matrix<Double>, path: NoisePath, time: Double, seed: UInt64,
    gradient: (Matrix<Double>) throws -> Matrix<Double>
  ) throws {
    guard data.rows > 1, data.columns == denoiser.dimension else {
      throw SzilardError(
        .usage,
        "a speed limit needs two samples at least, of the model's \(denoiser.dimension) "
          + "coordinates; there are \(data.rows) of \(data.columns)")
    }
    let level = path.level(at: time)
    let temperature = level.temperature
    let noise = Matrix<Double>.normal(
      rows: data.rows, columns: data.columns, seed: seed, purpose: .entropyProductionSamples)
    let states = data.mixed(level.signal, level.noise, noise)
    let score = try denoiser.predict(.score, of: states, at: level)
    let velocity = states.mixed(level.driftRate, -temperature, score)
    let slopes = try gradient(states)
    precondition(slopes.rows == states.rows && slopes.columns == states.columns)
    var (rates, squares) = ([Double](), [Double]())
    for row in 0..<states.rows {
      let (v, g) = (velocity.row(row), slopes.row(row))
      rates.append(zip(v, g).reduce(0) { $0 + $1.0 * $1.1 })
      squares.append(g.reduce(0) { $0 + $1 * $1 })
    }
    let (m, g) = (mean(of: rates), mean(of: squares))
    // The least production is m²/(T g); what a sample adds to it in first order.
    let influences = zip(rates, squares).map { rate, square in
      (2 * m * (rate - m) - m * m / g * (square - g)) / (g * temperature)
    }
    let count = Double(data.rows)
    self.temperature = temperature
    rate = Estimate(meanOf: rates, method: "mean over samples")
    meanSquareGradient = g
    leastEntropyProduction = Estimate(
      value: m * m / (g * temperature),
      standardError: (variance(of: influences) / count).squareRoot(),
      degreesOfFreedom: count - 1, method: "ratio of means over samples",
      effectiveSampleSize: count)
  }
}
