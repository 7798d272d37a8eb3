internal import Foundation
public import NumericalCore

/// Steps of any length between levels of noise, with as much fresh noise as wanted (DDIM).
///
/// ```
/// x_s = a_s x̂_0 + √(s_s² − σ²) ε̂ + σ z,   ε̂ = (x_t − a_t x̂_0)/s_t
/// σ = η (s_s/s_t) √(s_t² − (a_t/a_s)² s_s²)
/// ```
///
/// With η = 0 a deterministic map, a method of first order for the probability flow; with η = 1 the posterior of
/// the step with the expected data put in, as ``DenoisingKernel`` has it. The last level is without noise.
/// Source: Song, Meng and Ermon 2021, equations 12 and 16.
public struct ImplicitSampler: Sampler {
  /// The model.
  public let denoiser: any Denoiser
  /// The levels, from data (the first) to noise.
  public let levels: [NoiseLevel]
  /// η, from 0 to 1.
  public var stochasticity: Double
  /// The standard deviation that the samples begin with.
  public let startDeviation: Double

  /// A sampler on some steps of a chain.
  ///
  /// - Parameters:
  ///   - denoiser: The model.
  ///   - schedule: The chain; samples begin from N(0, 1) at the last of the steps.
  ///   - count: How many steps to take, spread evenly over 1 … T; nil for all.
  ///   - stochasticity: η.
  /// - Throws: `usage` for a number of steps that is not in 1 … T or η not in 0 … 1.
  public init(
    _ denoiser: any Denoiser, schedule: NoiseSchedule, steps count: Int? = nil,
    stochasticity: Double = 0
  ) throws(SzilardError) {
    let count = count ?? schedule.steps
    guard count >= 1, count <= schedule.steps else {
      throw SzilardError(
        .usage, "\(count) steps were asked for of a chain of \(schedule.steps)")
    }
    let chosen = (0...count).map {
      Int((Double($0) * Double(schedule.steps) / Double(count)).rounded())
    }
    try self.init(
      denoiser, levels: chosen.map(schedule.level), stochasticity: stochasticity,
      startDeviation: 1)
  }

  /// A sampler between given levels, the first without noise.
  public init(
    _ denoiser: any Denoiser, levels: [NoiseLevel], stochasticity: Double = 0,
    startDeviation: Double
  ) throws(SzilardError) {
    guard levels.count > 1, (0...1).contains(stochasticity), startDeviation > 0 else {
      throw SzilardError(
        .usage, "an implicit sampler needs a step, η from 0 to 1 and noise to begin with")
    }
    self.denoiser = denoiser
    self.levels = levels
    self.stochasticity = stochasticity
    self.startDeviation = startDeviation
  }

  /// Coordinates of a state.
  public var dimension: Int { denoiser.dimension }
  /// Steps from noise to data.
  public var steps: Int { levels.count - 1 }

  /// The samples of the given numbers; see ``Sampler/sample(_:seed:visit:)``.
  public func sample(
    _ numbers: Range<Int>, seed: UInt64, visit: (Int, Matrix<Double>) -> Void
  ) throws -> (states: Matrix<Double>, evaluations: Int) {
    let start = noise(numbers, seed: seed, step: 0)
    let states = try run(
      from: start.mixed(startDeviation, 0, start), visit: visit,
      noise: { noise(numbers, seed: seed, step: $0) })
    return (states, steps)
  }

  /// Where the deterministic map (η = 0) takes given states of the last level.
  public func map(_ states: Matrix<Double>) throws -> Matrix<Double> {
    var deterministic = self
    deterministic.stochasticity = 0
    return try deterministic.run(from: states, visit: { _, _ in }, noise: { _ in states })
  }

  private func run(
    from start: Matrix<Double>, visit: (Int, Matrix<Double>) -> Void,
    noise: (Int) -> Matrix<Double>
  ) throws -> Matrix<Double> {
    var states = start
    visit(steps, states)
    for step in stride(from: steps, through: 1, by: -1) {
      let (now, next) = (levels[step], levels[step - 1])
      let data = try denoiser.predict(.data, of: states, at: now)
      let sigma = stochasticity * deviation(now, next)
      let kept = max(0, next.noise * next.noise - sigma * sigma).squareRoot() / now.noise
      // a_s x̂ + kept (x − a_t x̂).
      states = data.mixed(next.signal - kept * now.signal, kept, states)
      if sigma > 0 { states = states.mixed(1, sigma, noise(step)) }
      visit(step - 1, states)
    }
    return states
  }

  /// σ for η = 1.
  private func deviation(_ now: NoiseLevel, _ next: NoiseLevel) -> Double {
    let ratio = now.signal / next.signal
    let fresh = now.noise * now.noise - ratio * ratio * next.noise * next.noise
    return next.noise / now.noise * max(0, fresh).squareRoot()
  }
}
