import Foundation
import NumericalCore
import SpectralTheory
import TestSupport
import Testing

@Suite struct GaussianMachineTests {
  private let machine = GaussianMachine(visibleVariance: 1, hiddenVariance: 0.7)
  private let spectrum = [4, 3, 2, 1.5, 0.8, 0.6, 0.5, 0.3]

  /// A random orthonormal basis, one vector a row.
  private func basis(_ size: Int, _ random: inout RandomStream) -> Matrix<Double> {
    let draws = Matrix<Double>(
      rows: size, columns: size, elements: (0..<size * size).map { _ in random.normal() })
    return LinearAlgebra.singularValueDecomposition(draws).left
  }

  private func covariance(_ basis: Matrix<Double>) -> Matrix<Double> {
    var scaled = basis
    for a in 0..<basis.rows {
      for i in 0..<basis.columns { scaled[a, i] *= spectrum[a] }
    }
    return LinearAlgebra.product(basis.transposed, scaled)
  }

  /// The flow of the matrix itself.
  private func flow(
    _ weights: Matrix<Double>, _ covariance: Matrix<Double>, to time: Double
  ) -> Matrix<Double> {
    let solution = DormandPrince(tolerance: 1e-10).solve(
      from: 0, to: time, state: weights.elements
    ) { _, state in
      let weights = Matrix(rows: weights.rows, columns: weights.columns, elements: state)
      return machine.velocity(weights: weights, dataCovariance: covariance)?.elements
        ?? state.map { _ in .nan }
    }
    #expect(solution.isComplete)
    return Matrix(rows: weights.rows, columns: weights.columns, elements: solution.state)
  }

  @Test(arguments: [(1.0, 0.400242851), (2, 1.035053815), (3, 1.035098340)])
  func modeGrowsByTheClosedForm(time: Double, expected: Double) {
    // Theory 2.2, nine digits.
    let w = machine.singularValue(at: time, from: 0.05, dataVariance: 4)
    #expect(isClose(w, expected, absolute: 1.1e-9))
    let integrated = DormandPrince(tolerance: 1e-12).solve(from: 0, to: time, state: [0.05]) {
      [machine.velocity(singularValue: $1[0], dataVariance: 4)]
    }
    #expect(isClose(integrated.state[0], w, absolute: 1e-9))
  }

  @Test(arguments: [0.4, 1, 1.0001, 4], [0.05, 0.8, 1.15])
  func closedFormSolvesTheEquationFromEverySide(c: Double, start: Double) {
    for time in [1e-3, 0.1, 1, 10] {
      let w = machine.singularValue(at: time, from: start, dataVariance: c)
      let integrated = DormandPrince(tolerance: 1e-12).solve(from: 0, to: time, state: [start]) {
        [machine.velocity(singularValue: $1[0], dataVariance: c)]
      }
      #expect(isClose(w, integrated.state[0], absolute: 1e-9), "c \(c), w(0) \(start), t \(time)")
    }
  }

  @Test func thresholdIsTheVisibleVariance() {
    #expect(isClose(machine.stationarySingularValue(dataVariance: 4), 1.035098339, absolute: 1e-9))
    #expect(machine.stationarySingularValue(dataVariance: 1) == 0)
    #expect(machine.stationarySingularValue(dataVariance: 1 + 1e-12) > 0)
    #expect(machine.growthRate(dataVariance: 1) == 0)
    for c in [1.2, 3, 40] {
      let w = machine.stationarySingularValue(dataVariance: c)
      #expect(isClose(machine.variance(singularValue: w), c, relative: 1e-12))
      #expect(abs(machine.velocity(singularValue: w, dataVariance: c)) < 1e-12)
    }
  }

  @Test func logPartitionFunctionIsTheIntegral() {
    // A single pair of units: Z = ∫∫ exp(−s²/2 − σ²/1.4 + w s σ) by the determinant 1/(σ_v²σ_h²) − w².
    let w = 0.9
    let determinant = 1 / 0.7 - w * w
    let expected = log(2 * .pi) - 0.5 * log(determinant)
    let value = machine.logPartitionFunction(singularValues: [w], visibleCount: 1, hiddenCount: 1)
    #expect(isClose(value ?? .nan, expected, relative: 1e-14))
    #expect(
      machine.logPartitionFunction(singularValues: [1.2], visibleCount: 1, hiddenCount: 1) == nil)
  }

  @Test func matrixFlowEndsAtThePrincipalComponents() {
    var random = RandomStream(seed: testSeed(1), purpose: .test)
    let axes = basis(8, &random)
    let covariance = covariance(axes)
    let weights = Matrix<Double>(
      rows: 8, columns: 5, elements: (0..<40).map { _ in 0.05 * random.normal() })
    let end = LinearAlgebra.singularValueDecomposition(flow(weights, covariance, to: 200))
    for (value, expected) in zip(end.values, [1.03509834, 0.97590007, 0.84515425, 0.69006556, 0]) {
      #expect(isClose(value, expected, absolute: 1e-6))
    }
    for mode in 0..<4 {
      let overlap = (0..<8).reduce(0) { $0 + end.left[mode, $1] * axes[mode, $1] }
      #expect(isClose(abs(overlap), 1, absolute: 1e-6))
    }
    // Eigenvalues of the model's covariance: those of the data above σ_v², and σ_v² elsewhere.
    let variances = end.values.map { machine.variance(singularValue: $0) }
    for (value, expected) in zip(variances, [4, 3, 2, 1.5, 1]) {
      #expect(isClose(value, expected, absolute: 1e-5))
    }
  }

  @Test(arguments: [5, 8, 11]) func modesFlowAsTheMatrixDoes(hidden: Int) {
    var random = RandomStream(seed: testSeed(2), purpose: .test)
    let covariance = covariance(basis(8, &random))
    let weights = Matrix<Double>(
      rows: 8, columns: hidden, elements: (0..<8 * hidden).map { _ in 0.2 * random.normal() })
    let modes = LinearAlgebra.singularValueDecomposition(weights)
    let flow = GaussianModeFlow(machine: machine, dataCovariance: covariance)
    for time in [0.3, 2.0] {
      guard let end = flow.modes(at: time, from: modes) else {
        Issue.record("the flow of the modes gave up before \(time)")
        return
      }
      let matrix = self.flow(weights, covariance, to: time)
      for (a, b) in zip(end.matrix.elements, matrix.elements) {
        #expect(isClose(a, b, absolute: 1e-6))
      }
    }
  }

  /// The special form of the rotations agrees with the general one, of any matrix in motion.
  @Test func rotationsAreThoseOfAnyMatrix() throws {
    var random = RandomStream(seed: testSeed(3), purpose: .test)
    let covariance = covariance(basis(8, &random))
    let weights = Matrix<Double>(
      rows: 8, columns: 5, elements: (0..<40).map { _ in 0.2 * random.normal() })
    let modes = LinearAlgebra.singularValueDecomposition(weights)
    let change = try #require(machine.velocity(weights: weights, dataCovariance: covariance))
    let general = ModeVelocities(of: modes, change: change)
    let special = GaussianModeFlow(machine: machine, dataCovariance: covariance)
      .velocities(of: modes)
    for a in 0..<5 {
      #expect(isClose(general.values[a], special.values[a], absolute: 1e-12))
      for b in 0..<5 {
        #expect(isClose(general.leftRotation[a, b], special.leftRotation[a, b], absolute: 1e-9))
        #expect(isClose(general.rightRotation[a, b], special.rightRotation[a, b], absolute: 1e-9))
      }
    }
  }

  @Test func maximumLogLikelihoodIsThatOfTheStationaryMachine() {
    // ln p(s) of a machine in its modes: Gaussian with the variances of the modes.
    let variances = [4, 3, 2, 1.5, 1, 1, 1, 1]
    let expected = zip(spectrum, variances).reduce(0) {
      $0 - 0.5 * (log(2 * .pi * $1.1) + $1.0 / $1.1)
    }
    #expect(
      isClose(
        machine.maximumLogLikelihood(dataVariances: spectrum.reversed(), hiddenCount: 5), expected,
        relative: 1e-14))
    #expect(machine.maximumLogLikelihood(dataVariances: spectrum, hiddenCount: 2) < expected)
  }

  @Test func logLikelihoodIsThatOfTheGaussianDensity() throws {
    var random = RandomStream(seed: testSeed(4), purpose: .test)
    let axes = basis(8, &random)
    let covariance = covariance(axes)
    let end = LinearAlgebra.singularValueDecomposition(
      flow(
        Matrix(rows: 8, columns: 5, elements: (0..<40).map { _ in 0.05 * random.normal() }),
        covariance, to: 200))
    let best = machine.maximumLogLikelihood(dataVariances: spectrum, hiddenCount: 5)
    let value = try #require(machine.logLikelihood(modes: end, dataCovariance: covariance))
    #expect(isClose(value, best, absolute: 1e-8))
    // Without couplings: independent units of variance σ_v².
    let none = SingularValueDecomposition(
      values: [0], left: Matrix(rows: 1, columns: 8), right: Matrix(rows: 1, columns: 5))
    let independent = spectrum.reduce(0) { $0 - 0.5 * (log(2 * .pi) + $1) }
    #expect(
      isClose(
        machine.logLikelihood(modes: none, dataCovariance: covariance) ?? .nan, independent,
        relative: 1e-13))
    #expect(best > independent)
  }
}
