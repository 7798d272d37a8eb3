internal import Foundation
public import NumericalCore
public import StochasticThermodynamics

/// Entropy production of chains that begin off the stationary state, split into two parts.
///
///     housekeeping = Σ v(θ_t)ᵀ D⁻¹ (θ_{t+1} − θ_t)             what keeps the currents of the stationary state
///     excess       = ln p₀(θ₀)/p_τ(θ_τ) + ln p_s(θ_τ)/p_s(θ₀)   what the relaxation itself produces
///     total        = housekeeping + excess
///
/// Each obeys ⟨e^{−σ}⟩ = 1 by itself (Esposito and Van den Broeck 2010, Physical Review Letters 104, 090601). With linear
/// drift and Gaussian p₀ all densities are Gaussian and known; p_s is that of the map with finite steps, for which the
/// theorem of the excess is exact at any rate. That of the housekeeping is too; that of their sum to the order of the rate.
public struct RelaxationEntropy: Sendable {
  /// Of each trajectory.
  public let housekeeping: [Double]
  /// Of each trajectory.
  public let excess: [Double]
  /// Units of time of a trajectory.
  public let steps: Int
  /// The mean of the excess by theory, D(p₀ ‖ p_s) − D(p_τ ‖ p_s).
  public let expectedExcess: Double
  /// The mean of the housekeeping part by theory, Σ_t ⟨vᵀ D⁻¹ v⟩ at the law of θ_t.
  public let expectedHousekeeping: Double

  /// Of each trajectory.
  public var total: [Double] { zip(housekeeping, excess).map { $0 + $1 } }

  /// The integral theorem of the total and of both parts.
  public var checks: [Check] {
    [("total", total), ("housekeeping", housekeeping), ("excess", excess)].map { name, values in
      IntegralFluctuationTheorem.check(
        name: "relaxation, \(name): ⟨e^{−σ}⟩", entropyProductions: values)
    }
  }

  /// Trajectories from a Gaussian density of the stationary covariance, moved away from its mean.
  ///
  /// - Parameters:
  ///   - state: The stationary state.
  ///   - stepsPerUnit: P where a unit of time is an epoch.
  ///   - reference: m, the mean of the stationary density.
  ///   - mode: The mode of H along which the start is moved, counted from the slowest.
  ///   - deviations: How far, in standard deviations of the mode.
  ///   - steps: Units of time that a trajectory takes.
  ///   - trajectories: How many.
  ///   - seed: Of the starts.
  ///   - workers: The threads.
  ///   - step: What moves trajectory k.
  /// - Throws: ``SzilardError`` where the steps are not stable.
  public static func measure(
    about state: StationaryState, stepsPerUnit: Int = 1, reference: [Double], mode: Int,
    deviations: Double, steps: Int, trajectories: Int, seed: UInt64, workers: Workers = Workers(),
    step: (Int) throws(SzilardError) -> some DescentStep
  ) throws(SzilardError) -> RelaxationEntropy {
    guard let stationary = state.discreteCovariance(steps: stepsPerUnit),
      let factor = LinearAlgebra.choleskyFactor(stationary),
      let (values, vectors) = LinearAlgebra.symmetricEigenvalues(state.hessian)
    else { throw SzilardError(.usage, "the steps are not stable: take a smaller rate") }
    let size = state.dimension
    let direction = vectors.row(mode)
    var variance = 0.0
    for i in 0..<size {
      for j in 0..<size { variance += direction[i] * stationary[i, j] * direction[j] }
    }
    let start = direction.map { $0 * deviations * variance.squareRoot() }
    // The law of x_t: the covariance stays, the mean decays.
    let decay = pow(1 - state.rate / Double(stepsPerUnit) * values[mode], Double(stepsPerUnit))
    let end = start.map { $0 * pow(decay, Double(steps)) }
    guard let precision = LinearAlgebra.solve(stationary, LinearAlgebra.identity(size)) else {
      throw SzilardError(.badData, "the stationary covariance is singular")
    }
    func form(_ matrix: Matrix<Double>, _ a: [Double], _ b: [Double]) -> Double {
      var sum = 0.0
      for i in 0..<size {
        for j in 0..<size { sum += a[i] * matrix[i, j] * b[j] }
      }
      return sum
    }
    // ln p_t(x) − ln p_s(x) = mᵀ S⁻¹ x − mᵀ S⁻¹ m/2 for Gaussians of one covariance.
    func logRatio(_ mean: [Double], _ x: [Double]) -> Double {
      form(precision, mean, x) - form(precision, mean, mean) / 2
    }
    var movers: [UncheckedSendable<any DescentStep>] = []
    for index in 0..<trajectories { movers.append(UncheckedSendable(try step(index))) }
    let force = state.force
    func coordinates(_ parameters: [Double]) -> [Double] {
      let moved = zip(parameters, reference).map { $0 - $1 }
      guard let modes = state.modes else { return moved }
      return (0..<size).map { mode in
        zip(modes.row(mode), moved).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
    let parts = workers.map(trajectories) { index -> (Double, Double) in
      var random = RandomStream(
        seed: seed, purpose: .stationaryStart, index: UInt64(index), step: 1)
      let normals = (0..<size).map { _ in random.normal() }
      var x = (0..<size).map { row in
        (0...row).reduce(start[row]) { $0 + factor[row, $1] * normals[$1] }
      }
      var parameters = state.parameters(of: x, reference: reference)
      var mover = movers[index].value
      let first = x
      var housekeeping = 0.0
      for _ in 0..<steps {
        mover.advance(&parameters)
        let next = coordinates(parameters)
        for i in 0..<size {
          var pull = 0.0
          for j in 0..<size { pull += force[i, j] * x[j] }
          housekeeping += (next[i] - x[i]) * pull
        }
        x = next
      }
      return (housekeeping, logRatio(start, first) - logRatio(end, x))
    }
    var expected = 0.0
    let still = state.entropyProduction(covariance: stationary)
    let pulled = form(state.dissipation, start, start)
    // Σ_t decay^{2t}.
    let squares = decay * decay
    expected =
      still * Double(steps) + pulled * (1 - pow(squares, Double(steps))) / (1 - squares)
    return RelaxationEntropy(
      housekeeping: parts.map(\.0), excess: parts.map(\.1), steps: steps,
      expectedExcess: (form(precision, start, start) - form(precision, end, end)) / 2,
      expectedHousekeeping: expected)
  }
}
