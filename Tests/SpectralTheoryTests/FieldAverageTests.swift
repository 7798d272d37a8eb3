import Foundation
import NumericalCore
import Testing

@testable import SpectralTheory

/// Averages over fields against rules of Gauss (Golub and Welsch 1969) and against limits.
@Suite struct FieldAverageTests {
  /// Nodes and weights of the rule of a symmetric tridiagonal (Jacobi) matrix.
  private func rule(_ diagonal: [Double], _ besides: [Double]) throws -> [(x: Double, w: Double)] {
    var matrix = Matrix<Double>(rows: diagonal.count, columns: diagonal.count)
    for (k, value) in diagonal.enumerated() {
      matrix[k, k] = value
      if k > 0 {
        matrix[k, k - 1] = besides[k - 1]
        matrix[k - 1, k] = besides[k - 1]
      }
    }
    let (values, vectors) = try #require(LinearAlgebra.symmetricEigenvalues(matrix))
    return values.enumerated().map { ($0.element, vectors[$0.offset, 0] * vectors[$0.offset, 0]) }
  }

  /// For N(0, 1).
  private func hermite(_ n: Int) throws -> [(x: Double, w: Double)] {
    try rule([Double](repeating: 0, count: n), (1..<n).map { Double($0).squareRoot() })
  }

  /// For e^{−x} on x > 0.
  private func laguerre(_ n: Int) throws -> [(x: Double, w: Double)] {
    try rule((0..<n).map { 2 * Double($0) + 1 }, (1..<n).map { Double($0) })
  }

  @Test(arguments: [(0.0, 0.04), (0, 0.25), (0, 1), (0.7, 0.5), (-1.3, 1), (3, 0.1)])
  func agreeWithHermite(_ mean: Double, _ variance: Double) throws {
    let averages = FieldAverages(mean: mean, variance: variance)
    var sums = [Double](repeating: 0, count: 5)
    for (x, w) in try hermite(161) {
      let h = mean + variance.squareRoot() * x
      let s = 1 / (cosh(h) * cosh(h))
      for (k, value) in [tanh(h), s, tanh(h) * s, s * s, log(2 * cosh(h))].enumerated() {
        sums[k] += w * value
      }
    }
    let logTwoCosh = FieldAverages.logTwoCosh(mean: mean, variance: variance)
    let found = [
      averages.magnetisation, averages.susceptibility, averages.skewness, averages.fourth,
      logTwoCosh,
    ]
    for (a, b) in zip(found, sums) { #expect(abs(a - b) < 3e-12, "\(found) \(sums)") }
  }

  /// Where Hermite rules fail.
  ///
  /// For large v the density 1/√(2πv) times ∫ sech² = 2, ∫ sech⁴ = 4/3 and ∫ (ln 2cosh h − |h|) = π²/12.
  @Test(arguments: [1e3, 1e4, 1e6]) func wideFields(_ variance: Double) {
    let averages = FieldAverages(mean: 0, variance: variance)
    let density = 1 / (2 * Double.pi * variance).squareRoot()
    // Next terms are of relative size ⟨h²⟩/2v with ⟨h²⟩ = π²/12.
    #expect(abs(averages.susceptibility / (2 * density) - 1) < 0.42 / variance)
    #expect(abs(averages.fourth / (4 * density / 3) - 1) < 0.42 / variance)
    let rest =
      FieldAverages.logTwoCosh(mean: 0, variance: variance) - (2 * variance / .pi).squareRoot()
    #expect(abs(rest / (.pi * .pi / 12 * density) - 1) < 2 / variance)
  }

  @Test func limits() {
    let point = FieldAverages(mean: 0.8, variance: 0)
    let near = FieldAverages(mean: 0.8, variance: 1e-14)
    for (a, b) in [
      (point.magnetisation, near.magnetisation), (point.susceptibility, near.susceptibility),
      (point.skewness, near.skewness), (point.fourth, near.fourth),
      (point.magnetisation, tanh(0.8)),
    ] {
      #expect(abs(a - b) < 1e-12)
    }
    let far = FieldAverages(mean: 500, variance: 1)
    #expect(far.magnetisation == 1 && far.susceptibility == 0 && far.fourth == 0)
    #expect(FieldAverages.logTwoCosh(mean: -500, variance: 1) == 500)
    // Symmetry, through the branch for mean 0 and the other.
    let up = FieldAverages(mean: 1e-9, variance: 2)
    let even = FieldAverages(mean: 0, variance: 2)
    #expect(abs(up.susceptibility - even.susceptibility) < 1e-12)
    #expect(abs(up.magnetisation - 1e-9 * even.susceptibility) < 1e-15)
  }

  @Test(arguments: ComponentLaw.allCases) func lawsHaveTheirMoments(_ law: ComponentLaw) {
    // E U² and E U⁴ of a mixture of N(μ, e): μ² + e and μ⁴ + 6μ²e + 3e².
    var moments = (0.0, 0.0, 0.0)
    for one in law.mixture {
      let (m, e) = (one.mean * one.mean, one.variance)
      moments.0 += one.weight
      moments.1 += one.weight * (m + e)
      moments.2 += one.weight * (m * m + 6 * m * e + 3 * e * e)
    }
    #expect(abs(moments.0 - 1) < 1e-9 && abs(moments.1 - 1) < 1e-9)
    #expect(abs(moments.2 - law.kurtosis) < 1e-8)
    #expect(ComponentLaw.nearest(kurtosis: law.kurtosis * 1.05) == law)
  }

  /// The layer averages against a plain product rule over x and U, two modes; the Laplace law by Laguerre
  /// on both sides of zero, as its density is written.
  @Test(arguments: ComponentLaw.allCases) func layersAgreeWithAProductRule(_ law: ComponentLaw)
    throws
  {
    let couplings = [0.6, -0.35]
    let (noise, scale) = (0.3, 1.1)
    let components: [(x: Double, w: Double)] =
      switch law {
      case .gaussian: try hermite(40)
      case .sign: [(1, 0.5), (-1, 0.5)]
      case .laplace:
        try laguerre(40).flatMap {
          [($0.x / 2.0.squareRoot(), $0.w / 2), (-$0.x / 2.0.squareRoot(), $0.w / 2)]
        }
      }
    var expected = [0.0, 0, 0, 0, 0]
    for (x, wx) in try hermite(40) {
      for (u, wu) in components {
        for (v, wv) in components {
          let h =
            scale * (noise.squareRoot() * x + couplings[0] * u + couplings[1] * v)
          let weight = wx * wu * wv
          let s = 1 / (cosh(h) * cosh(h))
          expected[0] += weight * u * tanh(h)
          expected[1] += weight * v * tanh(h)
          expected[2] += weight * s
          expected[3] += weight * s * s
          expected[4] += weight * (abs(h) + log1p(exp(-2 * abs(h))))
        }
      }
    }
    let layer = LayerAverages(law, couplings: couplings, noise: noise, scale: scale)
    let logTwoCosh = LayerAverages.logTwoCosh(
      law, couplings: couplings, noise: noise, scale: scale)
    let found = layer.projections + [layer.susceptibility, layer.fourth, logTwoCosh]
    for (a, b) in zip(found, expected) {
      #expect(abs(a - b) < (law == .laplace ? 1e-6 : 1e-9), "\(found) \(expected)")
    }
  }
}
