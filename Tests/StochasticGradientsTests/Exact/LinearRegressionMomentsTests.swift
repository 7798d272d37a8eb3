import Foundation
import Learning
import NumericalCore
import StochasticGradients
import TestSupport
import Testing

/// The golden case O6 of the theory: six samples, two coefficients, unit noise and prior.
@Suite struct LinearRegressionMomentsTests {
  private static func sixSamples() throws -> LinearModel {
    let inputs: [Float] = [
      2.04091912, -2.55566503, 0.418098847, -0.567769606, -0.452649292, -0.215597163, -2.01998613,
      -0.231932378, -0.865213076, 3.32299952, 0.225786613, -0.352630794,
    ]
    let targets: [Float] = [
      4.31529673, 0.317822107, -1.29220268, -2.17885473, -3.70626720, 0.339863801,
    ]
    return try LinearModel(
      inputs: Matrix(rows: 6, columns: 2, elements: inputs), targets: targets,
      response: .gaussian(deviation: 1), priorPrecision: 1)
  }

  @Test func curvatures() throws {
    let moments = try LinearRegressionMoments(of: Self.sixSamples())
    let values = LinearAlgebra.singularValues(moments.curvature)
    #expect(isClose(values[0], 23.73945, relative: 1e-6))
    #expect(isClose(values[1], 5.80626, relative: 1e-6))
  }

  /// Descent without replacement: the shift of the mean over the rate, enumerated.
  @Test func shiftsOfDescent() throws {
    let moments = try LinearRegressionMoments(of: Self.sixSamples())
    for (rate, expected) in [(1e-3, (0.101795, -0.690811)), (2.5e-4, (0.099357, -0.689620))] {
      let state = try #require(
        moments.withoutReplacement(rate: rate, batchSize: 2, temperature: 0, orders: .all))
      #expect(isClose(state.shift[0] / rate, expected.0, absolute: 2e-6))
      #expect(isClose(state.shift[1] / rate, expected.1, absolute: 2e-6))
    }
  }

  /// Divergences from the posterior with batches of one: 720 orders.
  @Test(arguments: [
    (1.25e-3, 5.945e-5, 7.210e-4, 9.974e-5, 5.244e-3),
    (1.5625e-4, 9.135e-7, 1.082e-5, 1.806e-6, 7.857e-5),
  ])
  func divergences(
    _ rate: Double, _ full: Double, _ with: Double, _ without: Double, _ epoch: Double
  ) throws {
    let model = try Self.sixSamples()
    let moments = try LinearRegressionMoments(of: model)
    let posterior = try GaussianPosterior(of: model)
    func divergence(_ state: StationaryMoments?) throws -> Double {
      let state = try #require(state)
      return posterior.divergence(
        ofMean: zip(posterior.mean, state.shift).map { $0 + $1 }, covariance: state.covariance)
    }
    func shuffled(_ noise: LangevinNoise) -> StationaryMoments? {
      moments.withoutReplacement(
        rate: rate, batchSize: 1, temperature: 1, noise: noise, orders: .all)
    }
    let values = [
      try divergence(moments.withReplacement(rate: rate, batchSize: 6, temperature: 1)),
      try divergence(moments.withReplacement(rate: rate, batchSize: 1, temperature: 1)),
      try divergence(shuffled(.step)), try divergence(shuffled(.epoch)),
    ]
    for (value, expected) in zip(values, [full, with, without, epoch]) {
      #expect(isClose(value, expected, relative: 1e-3))
    }
  }

  /// Full gradients: S = H⁻¹ (1 − ηH/2)⁻¹, and Leimkuhler and Matthews' noise has no error at all.
  @Test func fullGradients() throws {
    let model = try Self.sixSamples()
    let moments = try LinearRegressionMoments(of: model)
    let posterior = try GaussianPosterior(of: model)
    let rate = 0.01
    let state = try #require(
      moments.withReplacement(rate: rate, batchSize: 6, temperature: 1))
    let half = LinearAlgebra.sum(
      LinearAlgebra.identity(2), moments.curvature, factor: -rate / 2)
    let product = LinearAlgebra.product(
      LinearAlgebra.product(moments.curvature, half), state.covariance)
    #expect(isClose(product[0, 0], 1, relative: 1e-12))
    #expect(isClose(product[0, 1], 0, absolute: 1e-12))
    #expect(isClose(product[1, 1], 1, relative: 1e-12))
    let exact = try #require(
      moments.withoutReplacement(
        rate: rate, batchSize: 6, temperature: 1, noise: .leimkuhlerMatthews,
        orders: .sampled(1, seed: 1)))
    for k in 0..<2 {
      #expect(
        isClose(exact.covariance[k, k], posterior.covariance[k, k], relative: 1e-12))
    }
  }

  /// A chain of descent has the moments of the recursion: 200,000 steps of independent batches.
  @Test func chainsAgree() throws {
    let model = try Self.sixSamples()
    let moments = try LinearRegressionMoments(of: model)
    let rate = 5e-3
    let state = try #require(moments.withReplacement(rate: rate, batchSize: 2, temperature: 0))
    var batches = Minibatches(
      sampleCount: 6, batchSize: 2, policy: .withReplacement, seed: testSeed(910))
    var theta = moments.minimum
    var gradient = theta
    var workspace = [Double](repeating: 0, count: model.workspaceCount(batchSize: 2))
    let steps = 200_000
    var squares: [Double] = []
    for step in 0..<steps {
      model.gradient(
        of: batches.batch(update: step), at: theta, into: &gradient, workspace: &workspace)
      for k in theta.indices { theta[k] -= rate * gradient[k] }
      let x = theta[1] - moments.minimum[1]
      squares.append(x * x)
    }
    // Batch means of 1000 steps, many relaxation times (7) each.
    let means = stride(from: 0, to: steps, by: 1000).map { first in
      squares[first..<first + 1000].reduce(0, +) / 1000
    }
    let mean = means.reduce(0, +) / Double(means.count)
    let variance =
      means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(means.count - 1)
    let error = (variance / Double(means.count)).squareRoot()
    #expect(abs(mean - state.covariance[1, 1]) < 7 * error)
    // What forgets that curvature scatters, or that batches hold distinct samples, is told apart.
    #expect(abs(mean - 1.25 * state.covariance[1, 1]) > 7 * error)
  }

  @Test func unstableRates() throws {
    let moments = try LinearRegressionMoments(of: Self.sixSamples())
    #expect(moments.withReplacement(rate: 0.1, batchSize: 2, temperature: 1) == nil)
    #expect(
      moments.withoutReplacement(rate: 0.1, batchSize: 2, temperature: 1, orders: .all) == nil)
  }
}
