internal import Foundation
public import NumericalCore

/// The log-density of a denoiser's probability flow, by the change of volume along it.
///
/// ```
/// dx/dt = u(x, t),   u = E[dx/dt|x],   ln p(x(t₀)) = ln N(x(t₁); 0, s²(t₁)) + ∫_{t₀}^{t₁} div u dt
/// ```
///
/// The density is that of the noisy states of level t₀ > 0: data times a(t₀), plus noise of variance s²(t₀).
/// The law at t₁ is taken to be N(0, s²(t₁)); with a(t₁) > 0 that costs at most
/// a²|x_0|²/2s² nats in relative entropy (``Value/priorDivergence``). Divergences are exact traces, d gradients of
/// the denoiser, or Hutchinson's average over random signs z, unbiased: div u = E zᵀ (∂u/∂x) z, the same z along
/// the whole flow.
/// Source: Song et al. 2021, equations 13, 39 and appendix D.2; Hutchinson 1990.
public struct ProbabilityFlowLikelihood: Sendable {
  /// How the divergence is found.
  public enum Divergence: Sendable, Equatable {
    /// The trace of the Jacobian.
    case exact
    /// An average over so many vectors of random signs.
    case probes(Int)
  }

  /// The model.
  public let denoiser: any Denoiser
  /// The course from data to noise.
  public let path: NoisePath
  /// t₀.
  public var start: Double
  /// t₁.
  public var end: Double
  /// The error allowed in a step of the integrator, absolute and relative.
  public var tolerance: Double
  /// How the divergence is found.
  public var divergence: Divergence
  /// The threads.
  public var workers: Workers

  /// The likelihood along a path.
  public init(
    _ denoiser: any Denoiser, path: NoisePath, from start: Double = 1e-5, to end: Double = 1,
    tolerance: Double = 1e-6, divergence: Divergence = .exact, workers: Workers = Workers()
  ) {
    self.denoiser = denoiser
    self.path = path
    self.start = start
    self.end = end
    self.tolerance = tolerance
    self.divergence = divergence
    self.workers = workers
  }

  /// Log-densities with what was spent on them.
  ///
  /// As JSON: `{"unit": "nats", "logDensity", "logDensities", "probeError", "priorDivergence",
  /// "evaluations", "startNoise", "dimension"}`.
  public struct Value: Sendable, Encodable {
    /// The unit of all numbers.
    public let unit = "nats"
    /// The mean over data.
    public let logDensity: Estimate
    /// Of each data point.
    public let logDensities: [Double]
    /// The standard error that the probes leave in each, the root mean square; 0 for exact traces.
    public let probeError: Double
    /// a²|x|²/2s² at t₁, the mean over data: a bound on what the law assumed there costs.
    public let priorDivergence: Double
    /// The most evaluations of the denoiser for a data point.
    public let evaluations: Int
    /// s(t₀)/a(t₀): the density is that of data with noise of this deviation.
    public let startNoise: Double
    /// Coordinates of a data point.
    public let dimension: Int
  }

  /// The log-densities of rows.
  ///
  /// - Parameters:
  ///   - states: One a row.
  ///   - seed: Of the probes; a row's are its own.
  ///   - progress: Told how far it is, from 0 to 1.
  /// - Throws: `usage` where the flow has no speed at t₀ or t₁ or the integration does not end, `badData` for
  ///   rows that do not fit the model.
  public func evaluate(
    _ states: Matrix<Double>, seed: UInt64 = 0,
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> Value {
    try checkStates(states, dimension: denoiser.dimension)
    let (first, last) = (try path.flowLevel(at: start), try path.flowLevel(at: end))
    let done = ProgressCount(of: states.rows, progress)
    let blocks = try workers.mapBlocks(of: states.rows, size: 64) { rows in
      defer { done.add(rows.count) }
      return try solve(states.selectingRows(rows), rows, seed, last)
    }
    let densities = blocks.flatMap(\.densities)
    let variances = blocks.flatMap(\.variances)
    let ratio = last.signal / last.noise
    return Value(
      logDensity: Estimate(
        meanOf: densities,
        method: "mean over \(densities.count) data points of the density of the probability flow"),
      logDensities: densities, probeError: mean(of: variances).squareRoot(),
      priorDivergence: mean(
        of: (0..<states.rows).map { row in
          0.5 * ratio * ratio * states.row(row).reduce(0) { $0 + $1 * $1 }
        }),
      evaluations: blocks.map(\.evaluations).max() ?? 0, startNoise: first.noise / first.signal,
      dimension: denoiser.dimension)
  }

  private func solve(
    _ states: Matrix<Double>, _ rows: Range<Int>, _ seed: UInt64, _ last: NoiseLevel
  ) throws -> (densities: [Double], variances: [Double], evaluations: Int) {
    let (n, d) = (states.rows, states.columns)
    var probes: [Matrix<Double>] = []
    if case .probes(let count) = divergence {
      probes = (0..<count).map { signs(rows, columns: d, seed: seed, probe: $0) }
    }
    let flow = try FlowIntegrator(tolerance: tolerance).solve(
      states.elements + [Double](repeating: 0, count: n * max(1, probes.count)), from: start,
      to: end
    ) { time, values in
      let x = Matrix<Double>(rows: n, columns: d, elements: values[..<(n * d)])
      let level = path.level(at: time)
      if probes.isEmpty {
        let (velocity, trace) = try denoiser.predictWithTrace(.velocity, of: x, at: level)
        return velocity.elements + trace
      }
      var result: [Double] = []
      for probe in probes {
        let (velocity, gradient) = try denoiser.predictWithGradient(
          .velocity, of: x, at: level, cotangents: probe)
        if result.isEmpty { result = velocity.elements }
        for row in 0..<n {
          result.append(zip(probe.row(row), gradient.row(row)).reduce(0) { $0 + $1.0 * $1.1 })
        }
      }
      return result
    }
    var densities: [Double] = []
    var variances: [Double] = []
    for row in 0..<n {
      let square = flow.state[row * d..<(row + 1) * d].reduce(0) { $0 + $1 * $1 }
      let prior =
        -0.5 * (square / (last.noise * last.noise) + Double(d) * log(2 * .pi))
        - Double(d) * log(last.noise)
      let volumes = (0..<max(1, probes.count)).map { flow.state[n * d + $0 * n + row] }
      densities.append(prior + mean(of: volumes))
      variances.append(variance(of: volumes) / Double(volumes.count))
    }
    return (densities, variances, flow.evaluations)
  }

  private func signs(
    _ rows: Range<Int>, columns: Int, seed: UInt64, probe: Int
  ) -> Matrix<Double> {
    var result = Matrix<Double>(rows: rows.count, columns: columns)
    for (row, index) in rows.enumerated() {
      var stream = RandomStream(
        seed: seed, purpose: .probes, index: UInt64(index), step: UInt64(probe))
      for column in 0..<columns { result[row, column] = stream.next() & 1 == 0 ? 1 : -1 }
    }
    return result
  }
}
