internal import Foundation
public import NumericalCore

/// How much accuracy a flow keeps, against the entropy that its process produces.
///
/// Two ensembles follow one flow from noise to data, one from the true law at the noise end and one from
/// an estimate of it. With W the distance W₁ of the two and D₀ = χ²(estimate ‖ truth) at the noise end,
///
/// ```
/// η = (ΔW)²/(τ D₀)  ≤  c₁ = ∫ (dW/dt)²/D₀ dt  ≤  c₂ = ∫ T Ṡ_tot dt = ∫ E|ν|² dt
/// ```
///
/// Source: Ikeda, Uda, Okanohara and Ito 2025, equations 77 to 83; the velocity is taken to be exact.
public struct SpeedAccuracy: Sendable {
  /// The times, from noise to data.
  public let times: [Double]
  /// W₁ of the ensembles at each time.
  public let distances: [Double]
  /// E|ν|² over the true ensemble at each time.
  public let squaredSpeeds: [Double]
  /// D₀.
  public let divergence: Double
  /// W₂ between the true ensemble's ends, where it was asked for.
  public let displacement: Double
  /// The true ensemble at the data end.
  public let truth: Matrix<Double>
  /// The estimated ensemble at the data end.
  public let estimate: Matrix<Double>

  /// Follows two ensembles.
  ///
  /// W₁ is exact for the ensembles: by sorting in one dimension, by the best assignment in more, where
  /// it takes O(n³) a time and is evaluated at `evaluations` of the times.
  ///
  /// - Parameters:
  ///   - truth: The true law at the noise end, one sample a row.
  ///   - estimate: The estimated law there, as many samples, best the same ones, moved.
  ///   - divergence: χ²(estimate ‖ truth).
  ///   - times: From noise to data, descending.
  ///   - evaluations: At how many times W₁ is evaluated in more than one dimension.
  ///   - eulerSteps: Of the estimated ensemble, by Euler's rule, for a flow that is not exact; nil for
  ///     the rule of the true one, Runge and Kutta's of order 4 at each time.
  ///   - velocity: ν(x, t) of each row.
  public init(
    truth: Matrix<Double>, estimate: Matrix<Double>, divergence: Double, times: [Double],
    evaluations: Int = 8, eulerSteps: Int? = nil,
    velocity: (Matrix<Double>, Double) throws -> Matrix<Double>
  ) throws {
    precondition(truth.rows == estimate.rows && times.count > 1 && divergence > 0)
    let isLine = truth.columns == 1
    let last = times.count - 1
    let every = isLine ? 1 : max(1, last / max(1, evaluations - 1))
    let stride = eulerSteps.map { max(1, last / $0) }
    var (p, q) = (truth, estimate)
    var speeds: [Double] = []
    var measured: [(time: Double, distance: Double)] = []
    func measure(_ time: Double) {
      measured.append(
        (
          time,
          isLine
            ? WassersteinDistance.line(p.elements, q.elements)
            : WassersteinDistance.assignment(p, q)
        ))
    }
    for (index, time) in times.enumerated() {
      let slope = try velocity(p, time)
      speeds.append(
        slope.elements.reduce(0) { $0 + $1 * $1 } / Double(truth.rows))
      let isDue = stride.map { index % $0 == 0 } ?? true
      if index == last || (index % every == 0 && isDue) { measure(time) }
      guard index < last else { break }
      let step = times[index + 1] - time
      p = try Self.rungeKutta(p, time, step, slope, velocity)
      if let stride {
        guard index % stride == 0 else { continue }
        let end = times[min(last, index + stride)]
        q = q.mixed(1, end - time, try velocity(q, time))
      } else {
        q = try Self.rungeKutta(q, time, step, try velocity(q, time), velocity)
      }
    }
    self.times = times
    squaredSpeeds = speeds
    // At the times between, W₁ is not known; c₁ takes it to be straight there, which is below.
    evaluated = measured
    distances = measured.map(\.distance)
    self.divergence = divergence
    displacement =
      isLine
      ? WassersteinDistance.line(truth.elements, p.elements, order: 2)
      : WassersteinDistance.assignment(truth, p, order: 2)
    self.truth = p
    self.estimate = q
  }

  private let evaluated: [(time: Double, distance: Double)]

  /// The times at which ``distances`` are.
  public var distanceTimes: [Double] { evaluated.map(\.time) }

  /// τ in the units of `times`.
  public var duration: Double { abs(times[times.count - 1] - times[0]) }

  /// η.
  public var efficiency: Double {
    let change = distances[distances.count - 1] - distances[0]
    return change * change / (duration * divergence)
  }

  /// c₁.
  public var lossOfAccuracy: Double {
    zip(evaluated, evaluated.dropFirst()).reduce(0) { sum, pair in
      let change = pair.1.distance - pair.0.distance
      return sum + change * change / (abs(pair.1.time - pair.0.time) * divergence)
    }
  }

  /// c₂ by the trapezoidal rule.
  public var cost: Double { integral(squaredSpeeds) }

  /// L = ∫ √E|ν|² dt.
  public var length: Double { integral(squaredSpeeds.map { $0.squareRoot() }) }

  private func integral(_ values: [Double]) -> Double {
    var sum = 0.0
    for index in 1..<times.count {
      let width = abs(times[index] - times[index - 1])
      sum += 0.5 * width * (values[index] + values[index - 1])
    }
    return sum
  }

  private static func rungeKutta(
    _ x: Matrix<Double>, _ time: Double, _ step: Double, _ first: Matrix<Double>,
    _ velocity: (Matrix<Double>, Double) throws -> Matrix<Double>
  ) throws -> Matrix<Double> {
    let second = try velocity(x.mixed(1, step / 2, first), time + step / 2)
    let third = try velocity(x.mixed(1, step / 2, second), time + step / 2)
    let fourth = try velocity(x.mixed(1, step, third), time + step)
    return x.mixed(1, step / 6, first).mixed(1, step / 3, second).mixed(1, step / 3, third)
      .mixed(1, step / 6, fourth)
  }
}
