internal import Foundation
public import NumericalCore

/// A stationary linear Gaussian Markov chain and its entropy production.
///
///     x' = G x + ξ,   ξ ~ N(0, C),   S = G S Gᵀ + C
///
/// A step and its reverse, (x, x') and (x', x), have covariances
///
///     F = [[S, S Gᵀ], [G S, S]],   R = [[S, G S], [S Gᵀ, S]],
///
/// so that the entropy production of a step and its mean are
///
///     σ(x, x') = ½ zᵀ(R⁻¹ − F⁻¹) z,  z = (x, x'),      ⟨σ⟩ = ½ tr(R⁻¹F) − d.
///
/// As exchanging x and x' changes the sign of σ, its distribution obeys p(σ)/p(−σ) = e^σ exactly.
/// For a process seen at intervals this is the entropy production that can be seen, at most that of
/// the process itself.
public struct LinearGaussianChain: Sendable {
  /// G.
  public let propagator: Matrix<Double>
  /// C.
  public let noise: Matrix<Double>
  /// S.
  public let covariance: Matrix<Double>
  /// ⟨σ⟩, per step.
  public let entropyProduction: Double
  /// R⁻¹ − F⁻¹.
  private let form: Matrix<Double>
  private let stationaryFactor: Matrix<Double>
  private let noiseFactor: Matrix<Double>

  /// The chain with a propagator G and the covariance C of its noise.
  ///
  /// - Throws: ``SzilardError`` where the shapes differ, C is not positive definite or the chain is not
  ///   stable.
  public init(propagator: Matrix<Double>, noise: Matrix<Double>) throws(SzilardError) {
    let size = propagator.rows
    guard size > 0, propagator.columns == size, noise.rows == size, noise.columns == size else {
      throw SzilardError(
        .usage,
        "propagator and noise must be square matrices of one size; "
          + "they are \(propagator.rows)x\(propagator.columns) and \(noise.rows)x\(noise.columns)")
    }
    guard let noiseFactor = LinearAlgebra.choleskyFactor(noise) else {
      throw SzilardError(.usage, "the covariance of the noise is not positive definite")
    }
    // S is positive definite if and only if the chain is stable (Lyapunov).
    guard
      let covariance = LinearAlgebra.stationaryCovariance(propagator: propagator, noise: noise),
      let stationaryFactor = LinearAlgebra.choleskyFactor(covariance)
    else {
      throw SzilardError(
        .usage, "the chain is not stable: an eigenvalue of the propagator is not inside the circle")
    }
    let cross = LinearAlgebra.product(propagator, covariance)
    let forward = LinearGaussianChain.blocks(covariance, cross)
    let reverse = LinearGaussianChain.blocks(covariance, cross.transposed)
    let one = LinearAlgebra.identity(2 * size)
    guard let f = LinearAlgebra.solve(forward, one), let r = LinearAlgebra.solve(reverse, one)
    else {
      throw SzilardError(.usage, "the joint distribution of two steps is singular")
    }
    self.propagator = propagator
    self.noise = noise
    self.covariance = covariance
    self.stationaryFactor = stationaryFactor
    self.noiseFactor = noiseFactor
    form = LinearAlgebra.sum(r, f, factor: -1)
    // ½ tr(R⁻¹F) − d without the cancellation of the two.
    entropyProduction =
      LinearAlgebra.trace(
        LinearAlgebra.product(r, LinearAlgebra.sum(forward, reverse, factor: -1))) / 2
  }

  /// [[S, crossᵀ], [cross, S]].
  private static func blocks(
    _ covariance: Matrix<Double>, _ cross: Matrix<Double>
  ) -> Matrix<Double> {
    let size = covariance.rows
    var result = Matrix<Double>(rows: 2 * size, columns: 2 * size)
    for row in 0..<size {
      for column in 0..<size {
        result[row, column] = covariance[row, column]
        result[size + row, size + column] = covariance[row, column]
        result[size + row, column] = cross[row, column]
        result[column, size + row] = cross[row, column]
      }
    }
    return result
  }

  /// σ of a step.
  public func entropyProduction(from start: [Double], to end: [Double]) -> Double {
    let z = start + end
    precondition(z.count == form.rows && start.count == end.count, "vectors of \(form.rows / 2)")
    var sum = 0.0
    for row in z.indices {
      for column in z.indices { sum += z[row] * form[row, column] * z[column] }
    }
    return sum / 2
  }

  /// Independent stationary steps, each from its own stream.
  public func sampleSteps(count: Int, seed: UInt64) -> [(start: [Double], end: [Double])] {
    (0..<count).map { index in
      var random = RandomStream(seed: seed, purpose: .modelSystem, index: UInt64(index))
      let start = LinearGaussianChain.draw(stationaryFactor, &random)
      let noise = LinearGaussianChain.draw(noiseFactor, &random)
      let end =
        propagator.rows == 0
        ? []
        : (0..<propagator.rows).map { row in
          start.indices.reduce(noise[row]) { $0 + propagator[row, $1] * start[$1] }
        }
      return (start, end)
    }
  }

  /// A stationary trajectory of `count` states.
  public func sampleTrajectory(count: Int, seed: UInt64) -> [[Double]] {
    guard count > 0 else { return [] }
    var random = RandomStream(seed: seed, purpose: .modelSystem, index: 0, step: 1)
    var states = [LinearGaussianChain.draw(stationaryFactor, &random)]
    states.reserveCapacity(count)
    for step in 1..<max(1, count) {
      let noise = LinearGaussianChain.draw(noiseFactor, &random)
      let last = states[step - 1]
      states.append(
        last.indices.map { row in
          last.indices.reduce(noise[row]) { $0 + propagator[row, $1] * last[$1] }
        })
    }
    return states
  }

  /// A stationary trajectory of `count` states as ``GaussianLag`` and its likes take it.
  ///
  /// - Complexity: O(count · d²), nothing allocated a step.
  public func trajectory(
    count: Int, seed: UInt64, index: UInt64 = 0
  ) throws(SzilardError) -> Trajectories {
    let d = propagator.rows
    var random = RandomStream(seed: seed, purpose: .modelSystem, index: index, step: 2)
    var values = [Double](repeating: 0, count: count * d)
    var normals = [Double](repeating: 0, count: d)
    let (first, later, carried) = (
      stationaryFactor.elements, noiseFactor.elements, propagator.elements
    )
    for time in 0..<count {
      for i in 0..<d { normals[i] = random.normal() }
      for i in 0..<d {
        var sum = 0.0
        for j in 0...i { sum += (time == 0 ? first[i * d + j] : later[i * d + j]) * normals[j] }
        if time > 0 {
          for j in 0..<d { sum += carried[i * d + j] * values[(time - 1) * d + j] }
        }
        values[time * d + i] = sum
      }
    }
    return try Trajectories(values: values, dimension: d)
  }

  private static func draw(_ factor: Matrix<Double>, _ random: inout RandomStream) -> [Double] {
    let normals = (0..<factor.rows).map { _ in random.normal() }
    return (0..<factor.rows).map { row in
      (0...row).reduce(0) { $0 + factor[row, $1] * normals[$1] }
    }
  }
}
