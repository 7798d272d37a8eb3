internal import Foundation

/// An adaptive integrator of ordinary differential equations dy/dt = f(t, y).
///
/// The pair of explicit Runge–Kutta methods of orders 5 and 4 of Dormand and Prince 1980, J. Comput.
/// Appl. Math. 6, 19: a step is taken when the difference of the two, by component at most
/// `tolerance` · (1 + |y|), allows it, and is repeated with a smaller one otherwise.
public struct DormandPrince: Sendable {
  /// The error allowed in a step, absolute and relative.
  public var tolerance: Double
  /// Steps after which the integration is given up.
  public var maximumSteps: Int

  /// An integrator.
  public init(tolerance: Double = 1e-9, maximumSteps: Int = 1_000_000) {
    self.tolerance = tolerance
    self.maximumSteps = maximumSteps
  }

  /// Where an integration ended.
  public struct Solution: Sendable, Equatable {
    /// The time reached: the end asked for, if the integration is complete.
    public var time: Double
    /// y at that time.
    public var state: [Double]
    /// Steps taken.
    public var steps: Int
    /// Whether the end was reached within the steps allowed and all values are finite.
    public var isComplete: Bool
  }

  /// The solution at `end` of the equation with y(`start`) = `state`.
  public func solve(
    from start: Double, to end: Double, state: [Double],
    derivative: (Double, [Double]) -> [Double]
  ) -> Solution {
    var solution = Solution(time: start, state: state, steps: 0, isComplete: start == end)
    guard start != end else { return solution }
    var slopes = [derivative(start, state)]
    var step = firstStep(state, slopes[0], span: end - start)
    var attempts = 0
    while solution.time != end {
      attempts += 1
      guard attempts <= maximumSteps else { return solution }
      let isLast = abs(step) >= abs(end - solution.time)
      if isLast { step = end - solution.time }
      let (next, error) = advance(solution.time, solution.state, step, &slopes, derivative)
      guard error.isFinite else {
        step /= 10
        slopes = [slopes[0]]
        guard solution.time + step != solution.time else { return solution }
        continue
      }
      let factor = min(5, max(0.2, 0.9 * pow(max(error, 1e-10), -0.2)))
      if error <= 1 {
        solution.time = isLast ? end : solution.time + step
        solution.state = next
        solution.steps += 1
        // The last slope of a step is the first of the next.
        slopes = [slopes[6]]
      } else {
        slopes = [slopes[0]]
        guard solution.time + factor * step != solution.time else { return solution }
      }
      step *= factor
    }
    solution.isComplete = true
    return solution
  }

  private func firstStep(_ state: [Double], _ slope: [Double], span: Double) -> Double {
    let rate = zip(state, slope).map { abs($1) / (1 + abs($0)) }.max() ?? 0
    let size = min(abs(span), rate > 0 ? 0.01 / rate : abs(span))
    return span < 0 ? -size : size
  }

  private static let nodes: [Double] = [0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1]
  private static let weights: [[Double]] = [
    [],
    [1.0 / 5],
    [3.0 / 40, 9.0 / 40],
    [44.0 / 45, -56.0 / 15, 32.0 / 9],
    [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
    [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
    [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
  ]
  /// The weights of order 5 less those of order 4.
  private static let errorWeights: [Double] = [
    71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40,
  ]

  /// One step: the new state, and its error in units of what is allowed.
  private func advance(
    _ time: Double, _ state: [Double], _ step: Double, _ slopes: inout [[Double]],
    _ derivative: (Double, [Double]) -> [Double]
  ) -> (state: [Double], error: Double) {
    var next = state
    for stage in 1..<7 {
      let weights = DormandPrince.weights[stage]
      for i in state.indices {
        var sum = 0.0
        for earlier in 0..<stage { sum += weights[earlier] * slopes[earlier][i] }
        next[i] = state[i] + step * sum
      }
      slopes.append(derivative(time + DormandPrince.nodes[stage] * step, next))
    }
    var error = 0.0
    for i in state.indices {
      var sum = 0.0
      for stage in 0..<7 { sum += DormandPrince.errorWeights[stage] * slopes[stage][i] }
      let scale = tolerance * (1 + max(abs(state[i]), abs(next[i])))
      let part = abs(step * sum) / scale
      // A maximum would drop what is not a number.
      error = part.isNaN ? .infinity : max(error, part)
      if next[i].isNaN { error = .infinity }
    }
    return (next, error)
  }
}
