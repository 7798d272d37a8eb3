internal import Foundation
public import NumericalCore

/// The entropy that diffusion produces along a path of noise, from samples and a denoiser.
///
/// ```
/// ν = f − T ∇ ln P,   Ṡ_tot = E|ν|²/T,   Ṡ_sys = −E[ν·∇ ln P],   Ṡ_bath = E[f·ν]/T
/// ```
///
/// with the drift f and temperature T of ``NoiseLevel`` and the score of the denoiser, in nats a unit of
/// time. Ṡ_tot = Ṡ_sys + Ṡ_bath whatever the denoiser; that Ṡ_sys is the growth of entropy needs the
/// true score. Each sample has noise of its own at each time; integrals along a sample are independent of
/// those of other samples, and their errors are those of the spread of samples.
///
/// Source: Ikeda, Uda, Okanohara and Ito 2025, equations 36 to 39.
public struct DiffusionEntropyProduction: Sendable {
  /// What is known at one time.
  public struct Point: Sendable {
    /// t.
    public let time: Double
    /// T.
    public let temperature: Double
    /// Ṡ_tot.
    public let total: Estimate
    /// Ṡ_sys.
    public let system: Estimate
    /// Ṡ_bath.
    public let bath: Estimate
    /// E|ν|² = T Ṡ_tot: at least the squared speed in Wasserstein's distance.
    public let squaredSpeed: Estimate
  }

  /// The rates along the path.
  public let points: [Point]
  /// ∫ Ṡ_tot dt in nats.
  public let total: Estimate
  /// ∫ Ṡ_sys dt.
  public let system: Estimate
  /// ∫ Ṡ_bath dt.
  public let bath: Estimate
  /// ∫ E|ν|² dt.
  public let cost: Estimate
  /// S_NN = ∫ T E|∇ ln P − ∇ ln π|² dt, π = N(0, 1): what a network must know beyond the prior.
  ///
  /// nil for paths that do not keep a² + s² = 1. Source: Premkumar 2025.
  public let neuralEntropy: Estimate?

  /// The rates and their integrals.
  ///
  /// - Parameters:
  ///   - denoiser: The model of the score.
  ///   - data: Samples x_0, one a row.
  ///   - path: The course from data to noise.
  ///   - grid: Times and weights, inside (0, 1).
  ///   - seed: Of the noise.
  ///   - confidence: That of the intervals.
  ///   - workers: The threads; the denoiser is called from several.
  /// - Complexity: One call of the denoiser a time.
  public init(
    of denoiser: any Denoiser, data: Matrix<Double>, path: NoisePath, grid: TimeGrid,
    seed: UInt64, confidence: Double = 0.95, workers: Workers = Workers()
  ) throws {
    guard data.rows > 1, data.columns == denoiser.dimension else {
      throw SzilardError(
        .usage,
        "entropy production needs two samples at least, of the model's \(denoiser.dimension) "
          + "coordinates; there are \(data.rows) of \(data.columns)")
    }
    func estimate(_ values: [Double]) -> Estimate {
      Estimate(
        value: mean(of: values),
        standardError: (variance(of: values) / Double(values.count)).squareRoot(),
        degreesOfFreedom: Double(values.count - 1), confidence: confidence,
        method: "mean over samples", effectiveSampleSize: Double(values.count))
    }
    let results = workers.map(grid.times.count) { index in
      Result {
        let noise = Matrix<Double>.normal(
          rows: data.rows, columns: data.columns, seed: seed, purpose: .entropyProductionSamples,
          step: UInt64(index))
        return try Self.terms(denoiser, data, noise, path.level(at: grid.times[index]))
      }
    }
    let terms = try results.map { try $0.get() }
    let temperatures = grid.times.map { path.level(at: $0).temperature }
    points = grid.times.indices.map { index in
      let (one, temperature) = (terms[index], temperatures[index])
      return Point(
        time: grid.times[index], temperature: temperature, total: estimate(one.total),
        system: estimate(one.system), bath: estimate(one.bath),
        squaredSpeed: estimate(one.total).scaled(by: temperature))
    }
    func integral(_ values: (Int) -> [Double]) -> Estimate {
      var sums = [Double](repeating: 0, count: data.rows)
      for (index, weight) in grid.weights.enumerated() {
        for (row, value) in values(index).enumerated() { sums[row] += weight * value }
      }
      return estimate(sums)
    }
    total = integral { terms[$0].total }
    system = integral { terms[$0].system }
    bath = integral { terms[$0].bath }
    cost = integral { index in
      terms[index].total.map { $0 * temperatures[index] }
    }
    let preserves = grid.times.allSatisfy {
      let level = path.level(at: $0)
      return abs(level.signal * level.signal + level.noise * level.noise - 1) < 1e-9
    }
    neuralEntropy = preserves ? integral { terms[$0].neural } : nil
  }

  /// The quantities of each sample at one level.
  private struct Terms {
    var total: [Double] = []
    var system: [Double] = []
    var bath: [Double] = []
    var neural: [Double] = []
  }

  private static func terms(
    _ denoiser: any Denoiser, _ data: Matrix<Double>, _ noise: Matrix<Double>, _ level: NoiseLevel
  ) throws -> Terms {
    let states = data.mixed(level.signal, level.noise, noise)
    let score = try denoiser.predict(.score, of: states, at: level)
    let temperature = level.temperature
    var result = Terms()
    for row in 0..<states.rows {
      var (square, along, exchanged, distance) = (0.0, 0.0, 0.0, 0.0)
      for column in 0..<states.columns {
        let (x, s) = (states[row, column], score[row, column])
        let drift = level.driftRate * x
        let velocity = drift - temperature * s
        square += velocity * velocity
        along -= velocity * s
        exchanged += drift * velocity
        distance += (s + x) * (s + x)
      }
      result.total.append(square / temperature)
      result.system.append(along)
      result.bath.append(exchanged / temperature)
      result.neural.append(temperature * distance)
    }
    return result
  }
}
