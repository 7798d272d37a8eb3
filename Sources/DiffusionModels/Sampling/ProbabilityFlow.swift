internal import Foundation
public import NumericalCore

/// The ordinary differential equation with the marginals of the diffusion.
///
/// ```
/// dx/dt = u(x, t) = E[dx/dt|x] = f x − T ∇ln q_t(x)
/// ```
///
/// From N(0, s²(t₁)) at noise to t₀, in equal steps of time (Euler: order 1; Heun: order 2) or in adaptive ones of
/// order 5. States at t₀ have the noise of t₀.
/// Source: Song et al. 2021, equation 13; Lipman et al. 2023.
public struct ProbabilityFlow: Sampler {
  /// How the equation is solved.
  public enum Method: Sendable, Equatable {
    /// Steps along the velocity.
    case euler(steps: Int)
    /// Steps along the mean of the velocities at both ends.
    case heun(steps: Int)
    /// Dormand and Prince's pair, with an error allowed in a step.
    case adaptive(tolerance: Double)
  }

  /// The model.
  public let denoiser: any Denoiser
  /// The course from data to noise.
  public let path: NoisePath
  /// How the equation is solved.
  public let method: Method
  /// t₀.
  public let start: Double
  /// t₁.
  public let end: Double

  /// The flow along a path.
  ///
  /// - Throws: `usage` where the flow has no finite speed at an end.
  public init(
    _ denoiser: any Denoiser, path: NoisePath, method: Method, from start: Double = 1e-5,
    to end: Double = 1
  ) throws(SzilardError) {
    _ = try path.flowLevel(at: start)
    _ = try path.flowLevel(at: end)
    switch method {
    case .euler(let steps) where steps < 1, .heun(let steps) where steps < 1:
      throw SzilardError(.usage, "a probability flow needs a step")
    case .adaptive(let tolerance) where !(tolerance > 0):
      throw SzilardError(.usage, "a probability flow needs a tolerance above 0")
    default: break
    }
    self.denoiser = denoiser
    self.path = path
    self.method = method
    self.start = start
    self.end = end
  }

  /// Coordinates of a state.
  public var dimension: Int { denoiser.dimension }

  /// Steps of time; 16 equal parts between which states are kept of an adaptive solution.
  public var steps: Int {
    switch method {
    case .euler(let steps), .heun(let steps): steps
    case .adaptive: 16
    }
  }

  /// The samples of the given numbers; see ``Sampler/sample(_:seed:visit:)``.
  public func sample(
    _ numbers: Range<Int>, seed: UInt64, visit: (Int, Matrix<Double>) -> Void
  ) throws -> (states: Matrix<Double>, evaluations: Int) {
    let begin = noise(numbers, seed: seed, step: 0)
    return try run(
      begin.mixed(path.level(at: end).noise, 0, begin), from: end, to: start, visit: visit)
  }

  /// Where the flow takes given states from noise (t₁) to data (t₀), or from data to noise.
  public func map(_ states: Matrix<Double>, towardsNoise: Bool = false) throws -> Matrix<Double> {
    towardsNoise
      ? try run(states, from: start, to: end) { _, _ in }.states
      : try run(states, from: end, to: start) { _, _ in }.states
  }

  private func run(
    _ begin: Matrix<Double>, from first: Double, to last: Double,
    visit: (Int, Matrix<Double>) -> Void
  ) throws -> (states: Matrix<Double>, evaluations: Int) {
    var states = begin
    var evaluations = 0
    visit(steps, states)
    for step in stride(from: steps, through: 1, by: -1) {
      let part = { (number: Int) in last + (first - last) * Double(number) / Double(steps) }
      let (now, next) = (part(step), part(step - 1))
      switch method {
      case .euler:
        states = states.mixed(1, next - now, try velocity(states, now))
        evaluations += 1
      case .heun:
        let slope = try velocity(states, now)
        let other = try velocity(states.mixed(1, next - now, slope), next)
        states = states.mixed(1, (next - now) / 2, slope).mixed(1, (next - now) / 2, other)
        evaluations += 2
      case .adaptive(let tolerance):
        let shape = (states.rows, states.columns)
        let solution = try FlowIntegrator(tolerance: tolerance).solve(
          states.elements, from: now, to: next
        ) { time, values in
          try velocity(
            Matrix(rows: shape.0, columns: shape.1, elements: values), time
          ).elements
        }
        states = Matrix(rows: shape.0, columns: shape.1, elements: solution.state)
        evaluations += solution.evaluations
      }
      visit(step - 1, states)
    }
    return (states, evaluations)
  }

  private func velocity(_ states: Matrix<Double>, _ time: Double) throws -> Matrix<Double> {
    try denoiser.predict(.velocity, of: states, at: path.level(at: time))
  }
}
