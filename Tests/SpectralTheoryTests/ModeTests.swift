import Foundation
import NumericalCore
import SpectralTheory
import TestSupport
import Testing

@Suite struct ModeTests {
  @Test func kurtosisIsThatOfTheComponents() {
    let n = 64
    var vectors = Matrix<Double>(rows: 4, columns: n)
    for i in 0..<n { vectors[0, i] = i % 2 == 0 ? -3 : 3 }
    vectors[1, 5] = 2
    var random = RandomStream(seed: testSeed(6), purpose: .test)
    for i in 0..<n { vectors[2, i] = random.normal() }
    let statistics = ModeStatistics(of: vectors)
    #expect(isClose(statistics.kurtosis[0], 1))
    #expect(isClose(statistics.excessKurtosis[1], Double(n) - 3))
    #expect(isClose(statistics.inverseParticipationRatios[1], 1))
    #expect(isClose(statistics.inverseParticipationRatios[0], 1 / Double(n)))
    #expect(statistics.kurtosis[3] == 0)
  }

  /// A vector of noise of N components has the kurtosis 3N/(N + 2) in the mean, variance about 24/N.
  @Test func vectorsOfNoiseHaveKurtosisThree() {
    let (count, n) = (400, 200)
    var random = RandomStream(seed: testSeed(7), purpose: .test)
    let vectors = Matrix<Double>(
      rows: count, columns: n, elements: (0..<count * n).map { _ in random.normal() })
    let mean = ModeStatistics(of: vectors).kurtosis.reduce(0, +) / Double(count)
    let error = (24 / Double(n) / Double(count)).squareRoot()
    #expect(abs(mean - 3 * Double(n) / Double(n + 2)) < zBound() * error)
  }

  @Test func projectionsAreScalarProductsOfNativeValues() {
    var random = RandomStream(seed: testSeed(8), purpose: .test)
    let (rows, columns) = (2050, 70)
    var bits = BitMatrix(rows: rows, columns: columns)
    for r in 0..<rows { for c in 0..<columns { bits[r, c] = random.uniform() < 0.3 } }
    let vectors = Matrix<Double>(
      rows: 3, columns: columns, elements: (0..<3 * columns).map { _ in random.normal() })
    let centre = (0..<columns).map { _ in random.normal() }
    let spins = StateMatrix.bits(bits).projections(on: vectors, centre: centre, isSpin: true)
    let plain = StateMatrix.bits(bits).projections(on: vectors)
    for r in [0, 1023, 1024, 2049] {
      for mode in 0..<3 {
        let expected = (0..<columns).reduce(0.0) {
          $0 + vectors[mode, $1] * ((bits[r, $1] ? 1 : -1) - centre[$1])
        }
        #expect(isClose(spins[r, mode], expected, absolute: 1e-10))
        let zeroOne = (0..<columns).reduce(0.0) { $0 + vectors[mode, $1] * (bits[r, $1] ? 1 : 0) }
        #expect(isClose(plain[r, mode], zeroOne, absolute: 1e-10))
      }
    }
    let colours = Matrix<UInt8>(rows: 1, columns: 2, elements: [2, 0])
    let one = StateMatrix.colours(colours, count: 3).projections(
      on: Matrix(rows: 1, columns: 6, elements: [1, 2, 4, 8, 16, 32]))
    #expect(one[0, 0] == 12)
    let reals = StateMatrix.reals(Matrix(rows: 1, columns: 2, elements: [0.5, 2]))
    #expect(reals.projections(on: Matrix(rows: 1, columns: 2, elements: [2, 1]))[0, 0] == 3)
  }

  /// Samples along known directions: the components are those, and their overlap with them is one.
  @Test func principalComponentsAreTheDirectionsOfVariance() throws {
    let directions = LinearAlgebra.singularValueDecomposition(
      Matrix<Double>(rows: 2, columns: 5, elements: [1, 2, 0, -1, 3, 2, -1, 1, 0, 0.5])
    ).right
    var samples = Matrix<Float>(rows: 4, columns: 5)
    // ±3 along the first and ±1 along the second: variances 9/2 and 1/2, exactly.
    for (row, weights) in [(3.0, 0.0), (-3, 0), (0, 1), (0, -1)].enumerated() {
      for i in 0..<5 {
        samples[row, i] = Float(
          7 + weights.0 * directions[0, i] + weights.1 * directions[1, i])
      }
    }
    let components = try #require(PrincipalComponents(of: .reals(samples)))
    #expect(isClose(components.variances[0], 4.5, relative: 1e-6))
    #expect(isClose(components.variances[1], 0.5, relative: 1e-6))
    #expect(components.mean.allSatisfy { isClose($0, 7, relative: 1e-6) })
    let overlaps = components.overlaps(with: directions, components: 2)
    for a in 0..<2 {
      for b in 0..<2 { #expect(isClose(overlaps[a, b], a == b ? 1 : 0, absolute: 1e-5)) }
    }
    let along = components.covariance(along: directions)
    #expect(isClose(along[0, 0], 4.5, relative: 1e-5) && isClose(along[0, 1], 0, absolute: 1e-5))
    // A weight of two is the sample twice.
    let weighted = try #require(
      PrincipalComponents(of: .reals(samples), weights: [2, 1, 1, 1]))
    let repeated = try #require(
      PrincipalComponents(of: .reals(samples.selectingRows([0, 0, 1, 2, 3]))))
    for (a, b) in zip(weighted.covariance.elements, repeated.covariance.elements) {
      #expect(isClose(a, b, absolute: 1e-12))
    }
    for (a, b) in zip(weighted.mean, repeated.mean) { #expect(isClose(a, b, absolute: 1e-12)) }
    #expect(PrincipalComponents(of: .reals(samples.selectingRows([0]))) == nil)
  }
}
