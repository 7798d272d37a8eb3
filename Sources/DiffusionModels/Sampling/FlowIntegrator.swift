internal import NumericalCore

/// The adaptive Runge–Kutta method for flows whose velocity may fail.
struct FlowIntegrator {
  var tolerance: Double
  var maximumSteps = 100_000

  /// The state at the end, and the evaluations of the velocity.
  ///
  /// - Throws: What `velocity` throws; `usage` when the steps allowed do not reach the end.
  func solve(
    _ state: [Double], from start: Double, to end: Double,
    velocity: (Double, [Double]) throws -> [Double]
  ) throws -> (state: [Double], evaluations: Int) {
    var failure: (any Error)?
    var evaluations = 0
    let solution = DormandPrince(tolerance: tolerance, maximumSteps: maximumSteps).solve(
      from: start, to: end, state: state
    ) { time, values in
      // After a failure nothing is a number, so that the integrator gives up.
      guard failure == nil else { return [Double](repeating: .nan, count: values.count) }
      evaluations += 1
      do { return try velocity(time, values) } catch {
        failure = error
        return [Double](repeating: .nan, count: values.count)
      }
    }
    if let failure { throw failure }
    guard solution.isComplete else {
      throw SzilardError(
        .usage,
        "the probability flow was given up at time \(solution.time) on the way from \(start) to "
          + "\(end); allow a larger error (tolerance \(tolerance)) or begin at more noise")
    }
    return (solution.state, evaluations)
  }
}

extension NoisePath {
  /// A level from or to which a flow can go.
  ///
  /// - Throws: `usage` where there is no noise or the speed is not finite.
  func flowLevel(at time: Double) throws(SzilardError) -> NoiseLevel {
    let level = self.level(at: time)
    guard level.noise > 0, level.signalRate.isFinite, level.noiseRate.isFinite else {
      throw SzilardError(
        .usage,
        "the path \(name) has no noise or no finite speed at time \(time); choose times between "
          + "its ends")
    }
    return level
  }
}
