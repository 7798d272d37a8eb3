internal import Foundation
public import NumericalCore

/// The variational bound in continuous time.
///
/// ```
/// B = −½ d ln(2πe s_0²/a_0²) − E KL(q(x_1|x) || N(0, 1)) − ½ E_t [−λ′(t) |ε − ε̂(x_t, t)|²]  ≤ E ln p(x)
/// ```
///
/// on a path with a² + s² = 1; data are read off x_0 as x_0/a_0 with the noise that it has, N(x_0/a_0, s_0²/a_0²).
/// In nats a sample. The bound depends on the path by its ends alone, λ(0) and λ(1); the variance of a term
/// depends on the course between, and is least where |dλ/dt| ∝ 1/√(E|ε − ε̂|⁴) (``MonotoneSchedule``).
/// Times are stratified: one in each of equal parts of [0, 1]. Source: Kingma et al. 2021, equations 11 to 18.
public struct ContinuousBound: Sendable {
  /// The model.
  public let denoiser: any Denoiser
  /// The course from data to noise.
  public let path: NoisePath
  /// Rows that share a time: 1 for models that are quick row by row.
  public var rowsPerTime: Int
  /// The threads.
  public var workers: Workers

  /// The bound along a path.
  ///
  /// - Throws: `usage` for a path that does not keep a² + s² = 1 or has no noise at 0 or no signal at 1.
  public init(
    _ denoiser: any Denoiser, path: NoisePath, rowsPerTime: Int = 1, workers: Workers = Workers()
  ) throws(SzilardError) {
    for time in [0, 0.5, 1] {
      let level = path.level(at: time)
      let norm = level.signal * level.signal + level.noise * level.noise
      guard abs(norm - 1) < 1e-9, level.noise > 0, level.signal > 0 else {
        throw SzilardError(
          .usage,
          "the bound in continuous time needs a path of unit variance with a finite log-SNR at its "
            + "ends, which \(path.name) is not")
      }
    }
    precondition(rowsPerTime > 0, "\(rowsPerTime) rows share a time")
    self.denoiser = denoiser
    self.path = path
    self.rowsPerTime = rowsPerTime
    self.workers = workers
  }

  /// The bound with its parts, in nats a sample.
  public struct Value: Sendable, Encodable {
    /// B.
    public let total: Estimate
    /// ½ d ln(2πe s_0²/a_0²): what reading the data costs.
    public let reconstruction: Double
    /// E KL(q(x_1|x) || N(0, 1)).
    public let prior: Double
    /// ½ E_t [−λ′ |ε − ε̂|²].
    public let diffusion: Double
    /// The variance of a term of the last sum, over time, data and noise.
    public let variance: Double
    /// Times of the terms.
    public let times: [Double]
    /// ½ |ε − ε̂|², the mean over the rows of each time; times −λ′ it is the term.
    public let errors: [Double]
  }

  /// The bound on rows of data.
  ///
  /// The interval takes terms as independent, which stratified times make too wide and never too narrow.
  ///
  /// - Parameters:
  ///   - data: One a row.
  ///   - seed: Of times and noise.
  ///   - passes: How often each row is used, at other times.
  /// - Throws: `badData` for rows that do not fit the model.
  public func evaluate(_ data: Matrix<Double>, seed: UInt64, passes: Int = 1) throws -> Value {
    try checkStates(data, dimension: denoiser.dimension)
    let groups = (data.rows + rowsPerTime - 1) / rowsPerTime
    let count = groups * passes
    let terms = try workers.mapBlocks(of: count, size: 64) { range in
      try range.map { number in
        let (pass, group) = (number / groups, number % groups)
        let rows = group * rowsPerTime..<min(data.rows, (group + 1) * rowsPerTime)
        return try term(data.selectingRows(rows), rows, pass, number, of: count, seed)
      }
    }.flatMap { $0 }
    let d = Double(data.columns)
    let (first, last) = (path.level(at: 0), path.level(at: 1))
    let reconstruction =
      0.5 * d * (1 + log(2 * .pi) - first.logSignalToNoise)
    let power = last.signal * last.signal
    let priors = (0..<data.rows).map { row in
      0.5 * (power * data.row(row).reduce(0) { $0 + $1 * $1 } - d * (power + log1p(-power)))
    }
    let prior = mean(of: priors)
    let values = terms.map { $0.rate * $0.error }
    let parts = (0..<count).map { number -> Double in
      let group = number % groups
      let rows = group * rowsPerTime..<min(data.rows, (group + 1) * rowsPerTime)
      return -reconstruction - mean(of: Array(priors[rows])) - values[number]
    }
    return Value(
      total: Estimate(
        meanOf: parts, method: "mean over \(count) times of the bound in continuous time"),
      reconstruction: reconstruction, prior: prior, diffusion: mean(of: values),
      variance: variance(of: values), times: terms.map(\.time), errors: terms.map(\.error))
  }

  /// One time: −λ′ and ½ |ε − ε̂|².
  private func term(
    _ data: Matrix<Double>, _ rows: Range<Int>, _ pass: Int, _ number: Int, of count: Int,
    _ seed: UInt64
  ) throws -> (time: Double, rate: Double, error: Double) {
    var stream = RandomStream(
      seed: seed, purpose: .diffusionTimes, index: UInt64(number), step: UInt64(count))
    // Strata are given out in a fixed disorder, so that a row's times are spread over its passes.
    let stratum = (number * ContinuousBound.stride(count)) % count
    let time = (Double(stratum) + stream.uniform()) / Double(count)
    let level = path.level(at: time)
    // −dλ/dt = 2 (s′/s − a′/a).
    let rate = 2 * (level.noiseRate / level.noise - level.signalRate / level.signal)
    let noise = Matrix<Double>.normal(
      rows: rows.count, columns: data.columns, seed: seed, purpose: .diffusionBound,
      step: UInt64(pass + 1) << 32, firstRow: rows.lowerBound)
    let predicted = try denoiser.predict(
      .noise, of: data.mixed(level.signal, level.noise, noise), at: level)
    var sum = 0.0
    for row in 0..<rows.count {
      for column in 0..<data.columns {
        let difference = noise[row, column] - predicted[row, column]
        sum += difference * difference
      }
    }
    return (time, rate, 0.5 * sum / Double(rows.count))
  }

  /// A number near count/φ without a common divisor with count.
  static func stride(_ count: Int) -> Int {
    func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
    var candidate = max(1, Int(Double(count) * 0.6180339887498949))
    while divisor(candidate, count) != 1 { candidate += 1 }
    return candidate
  }
}
