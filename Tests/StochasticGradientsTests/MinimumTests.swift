import Foundation
import Learning
import NumericalCore
import StochasticGradients
import TestSupport
import Testing

@Suite struct MinimumTests {
  @Test func linearRegressionIsThePosteriorMean() throws {
    let model = try SmallModels.many(40, seed: 2)
    let minimum = try Minimum.find(of: model, from: [3, -4, 5])
    let posterior = try GaussianPosterior(of: model)
    #expect(minimum.kind == .minimum && minimum.problem == nil)
    for k in 0..<3 {
      #expect(isClose(minimum.parameters[k], posterior.mean[k], relative: 1e-12, absolute: 1e-13))
    }
    #expect(SmallModels.distance(minimum.hessian, posterior.precision) < 1e-12)
  }

  @Test func logisticRegressionHasNoSlope() throws {
    let model = try LinearModel(
      inputs: Matrix(rows: 4, columns: 2, elements: [1, 2, -1, 1, 0.5, -1, 2, 0.1] as [Float]),
      targets: [1, 0, 0, 1], response: .bernoulli, priorPrecision: 0.1)
    let minimum = try Minimum.find(of: model, from: [0, 0])
    #expect(minimum.kind == .minimum && minimum.gradientNorm < 1e-12)
  }

  /// Two equal columns without a prior: nothing holds their difference.
  @Test func flatDirectionsAreNamed() throws {
    let model = try LinearModel(
      inputs: Matrix(rows: 3, columns: 2, elements: [1, 1, 2, 2, -1, -1] as [Float]),
      targets: [1, 2, 0], response: .gaussian(deviation: 1), priorPrecision: 0)
    let minimum = try Minimum.find(of: model, from: [0.3, -0.1])
    #expect(minimum.kind == .flat && !minimum.isStrict)
    #expect(minimum.flatDirections.flat == 1)
    #expect(minimum.problem?.contains("flat along 1 of 2") == true)
  }

  @Test func saddlesAreNamed() throws {
    let saddle = try Minimum(at: [0, 0], of: Saddle())
    #expect(saddle.kind == .saddle)
    #expect(saddle.problem?.contains("1 negative") == true)
    // Off the saddle the search goes down to one of the two minima.
    let found = try Minimum.find(of: Saddle(), from: [0.1, 0.1])
    #expect(found.kind == .minimum)
    #expect(isClose(abs(found.parameters[0]), 1, relative: 1e-9))
    let far = try Minimum(at: [2, 0], of: Saddle())
    #expect(far.kind == .unconverged)
  }

  /// L = (x² − 1)²/4 + y²/2.
  private struct Saddle: FiniteSum {
    let sampleCount = 1
    let parameterCount = 2
    func gradient(
      of batch: ArraySlice<Int>, at p: [Double], into gradient: inout [Double],
      workspace: inout [Double]
    ) {
      gradient[0] = p[0] * (p[0] * p[0] - 1)
      gradient[1] = p[1]
    }
    func value(of batch: ArraySlice<Int>, at p: [Double], workspace: inout [Double]) -> Double {
      (p[0] * p[0] - 1) * (p[0] * p[0] - 1) / 4 + p[1] * p[1] / 2
    }
  }
}
