internal import Foundation
public import NumericalCore

/// Heun's method along the ratio of noise to signal, σ = s/a, with fresh noise where wanted ("churn").
///
/// ```
/// σ_i = (M^{1/ρ} + i/(N − 1) (m^{1/ρ} − M^{1/ρ}))^ρ,  i = 0 … N − 1,   then 0;      y = x/a
/// σ̂ = (1 + γ) σ,   γ = min(S_churn/N, √2 − 1) for σ in [S_min, S_max]    y ← y + √(σ̂² − σ²) S_noise z
/// dy/dσ = (y − D(y, σ))/σ
/// ```
///
/// 2N − 1 evaluations for N levels: the last step, into σ = 0, is one of Euler. Works along any path, whose
/// levels of the same σ differ in a alone. Source: Karras et al. 2022, algorithm 2 and table 1.
public struct HeunSampler: Sampler {
  /// Fresh noise during sampling.
  public struct Churn: Sendable, Equatable {
    /// S_churn.
    public var amount: Double
    /// S_min … S_max.
    public var range: ClosedRange<Double>
    /// S_noise.
    public var noise: Double

    /// Fresh noise of an amount.
    public init(amount: Double, range: ClosedRange<Double> = 0...1e9, noise: Double = 1) {
      self.amount = amount
      self.range = range
      self.noise = noise
    }
  }

  /// The model.
  public let denoiser: any Denoiser
  /// σ from 0 (data) to the largest.
  public let ratios: [Double]
  /// The levels of the path at these ratios.
  private let levels: [NoiseLevel]
  /// The path that the model knows.
  public let path: NoisePath
  /// Fresh noise; nil for none.
  public var churn: Churn?

  /// The sampler on Karras's grid.
  ///
  /// - Parameters:
  ///   - denoiser: The model.
  ///   - path: The path whose levels the model knows; a = 1 for laws that know all.
  ///   - levels: N, 2 or more.
  ///   - smallest: m.
  ///   - largest: M.
  ///   - exponent: ρ.
  ///   - churn: Fresh noise.
  /// - Throws: `usage` when a ratio is not on the path.
  public init(
    _ denoiser: any Denoiser,
    path: NoisePath = .karras(smallest: 1e-4, largest: 1e4, exponent: 7), levels count: Int,
    smallest: Double = 0.002, largest: Double = 80, exponent: Double = 7, churn: Churn? = nil
  ) throws(SzilardError) {
    guard count > 1, smallest > 0, largest > smallest, exponent > 0 else {
      throw SzilardError(.usage, "a grid of levels needs two at least, between ratios above 0")
    }
    let (low, high) = (pow(smallest, 1 / exponent), pow(largest, 1 / exponent))
    let grid = (0..<count).map {
      pow(low + Double($0) / Double(count - 1) * (high - low), exponent)
    }
    self.denoiser = denoiser
    self.path = path
    self.churn = churn
    ratios = [0] + grid
    var levels: [NoiseLevel] = []
    for ratio in grid { levels.append(try path.level(noiseRatio: ratio)) }
    self.levels = levels
  }

  /// Coordinates of a state.
  public var dimension: Int { denoiser.dimension }
  /// Steps from noise to data.
  public var steps: Int { ratios.count - 1 }

  /// The samples of the given numbers; see ``Sampler/sample(_:seed:visit:)``.
  public func sample(
    _ numbers: Range<Int>, seed: UInt64, visit: (Int, Matrix<Double>) -> Void
  ) throws -> (states: Matrix<Double>, evaluations: Int) {
    let begin = noise(numbers, seed: seed, step: 0)
    let states = try run(begin.mixed(ratios[steps], 0, begin), visit: visit) {
      noise(numbers, seed: seed, step: $0)
    }
    return (states, 2 * steps - 1)
  }

  /// Where the deterministic map takes states y = x/a of the largest σ.
  public func map(_ states: Matrix<Double>) throws -> Matrix<Double> {
    var deterministic = self
    deterministic.churn = nil
    return try deterministic.run(states, visit: { _, _ in }, noise: { _ in states })
  }

  private func run(
    _ begin: Matrix<Double>, visit: (Int, Matrix<Double>) -> Void, noise: (Int) -> Matrix<Double>
  ) throws -> Matrix<Double> {
    var states = begin
    visit(steps, states)
    for step in stride(from: steps, through: 1, by: -1) {
      var ratio = ratios[step]
      var level = levels[step - 1]
      if let churn, churn.amount > 0, churn.range.contains(ratio) {
        let growth = min(churn.amount / Double(steps), 2.0.squareRoot() - 1)
        let raised = min((1 + growth) * ratio, largestRatio)
        if raised > ratio {
          let width = churn.noise * (raised * raised - ratio * ratio).squareRoot()
          states = states.mixed(1, width, noise(step))
          level = try path.level(noiseRatio: raised)
          ratio = raised
        }
      }
      let next = ratios[step - 1]
      let slope = try self.slope(states, ratio, level)
      let reached = states.mixed(1, next - ratio, slope)
      if step > 1 {
        let other = try self.slope(reached, next, levels[step - 2])
        states = states.mixed(1, (next - ratio) / 2, slope).mixed(1, (next - ratio) / 2, other)
      } else {
        states = reached
      }
      visit(step - 1, states)
    }
    return states
  }

  /// The largest σ of the path, which churn does not go beyond.
  private var largestRatio: Double {
    let level = path.level(at: 1)
    return level.signal > 0 ? level.noise / level.signal : .infinity
  }

  /// (y − D)/σ.
  private func slope(
    _ states: Matrix<Double>, _ ratio: Double, _ level: NoiseLevel
  ) throws -> Matrix<Double> {
    let data = try denoiser.predict(.data, of: states.mixed(level.signal, 0, states), at: level)
    return states.mixed(1 / ratio, -1 / ratio, data)
  }
}

extension NoisePath {
  /// The level with a given ratio s/a, by bisection in time.
  ///
  /// - Throws: `usage` when the path does not have it.
  public func level(noiseRatio ratio: Double) throws(SzilardError) -> NoiseLevel {
    func value(_ time: Double) -> Double {
      let level = self.level(at: time)
      return level.signal > 0 ? level.noise / level.signal : .infinity
    }
    let rounding = 1e-12 * ratio
    guard value(0) <= ratio + rounding, value(1) >= ratio - rounding else {
      throw SzilardError(
        .usage,
        "the path \(name) has ratios of noise to signal from \(value(0)) to \(value(1)), "
          + "not \(ratio)")
    }
    var (low, high) = (0.0, 1.0)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { break }
      if value(middle) < ratio { low = middle } else { high = middle }
    }
    return level(at: high)
  }
}
