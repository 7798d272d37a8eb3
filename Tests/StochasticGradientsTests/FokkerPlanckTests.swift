import Foundation
import Learning
import NumericalCore
import StochasticGradients
import StochasticThermodynamics
import TestSupport
import Testing

/// Noise, effective loss and stationary state against enumeration and closed forms.
@Suite struct FokkerPlanckTests {
  // MARK: Noise

  /// C_b over all 15 batches of two of six samples, at a point that is no minimum.
  @Test func noiseIsThatOfAllBatches() throws {
    let model = try SmallModels.six()
    let point = [0.4, -0.7]
    let noise = GradientNoise(of: model, at: point, batchSize: 2)
    let mean = model.gradient(at: point)
    var expected = Matrix<Double>(rows: 2, columns: 2)
    for first in 0..<6 {
      for second in first + 1..<6 {
        let gradients = model.sampleGradients(at: point)
        let g = (0..<2).map { (gradients[first, $0] + gradients[second, $0]) / 2 - mean[$0] }
        for i in 0..<2 {
          for j in 0..<2 { expected[i, j] += g[i] * g[j] / 15 }
        }
      }
    }
    #expect(SmallModels.distance(noise.batchCovariance, expected) < 1e-12)
    let d = noise.diffusion(rate: 0.3)
    #expect(isClose(d[0, 1], 0.045 * expected[0, 1], relative: 1e-12))
    #expect(GradientNoise.batchFactor(200, 10) == 190.0 / 1990)
  }

  @Test func fullBatchHasNoNoise() throws {
    let model = try SmallModels.six()
    for size in [6, 7] {
      let noise = GradientNoise(of: model, at: [1, 1], batchSize: size)
      #expect(noise.diffusion(rate: 1).elements.allSatisfy { $0 == 0 })
    }
    // One sample a batch: C_g itself.
    let single = GradientNoise(of: model, at: [1, 1], batchSize: 1)
    #expect(single.batchCovariance == single.sampleCovariance)
  }

  /// Batches as descent draws them have the covariance of the formula; with the gradient of the errors alone
  /// taken off, as if the penalty were no part of a sample's gradient, they do not.
  @Test(arguments: [2, 10]) func resampledNoise(_ batchSize: Int) throws {
    let seed = testSeed(3)
    let model = try SmallModels.many(40, seed: 5)
    let strong = try LinearModel(
      inputs: model.inputs, targets: model.targets, response: model.response, priorPrecision: 20)
    let minimum = try Minimum.find(of: strong, from: [0, 0, 0])
    let draws = 120_000
    let exact = GradientNoise(of: strong, at: minimum.parameters, batchSize: batchSize)
      .batchCovariance
    let seen = GradientNoise.resampledBatchCovariance(
      of: strong, at: minimum.parameters, batchSize: batchSize, draws: draws, seed: seed)
    // Batches of skewed samples: the fourth moment is taken as four times the Gaussian one.
    func largestDeviation(_ expected: Matrix<Double>) -> Double {
      var largest = 0.0
      for i in 0..<3 {
        for j in 0..<3 {
          let error =
            2
            * ((exact[i, i] * exact[j, j] + exact[i, j] * exact[i, j])
            / Double(draws)).squareRoot()
          largest = max(largest, abs(seen[i, j] - expected[i, j]) / error)
        }
      }
      return largest
    }
    #expect(largestDeviation(exact) < zBound(alpha: 1e-9 / 9), "seed \(seed)")
    // The mutant: Σ gᵢgᵢᵀ/N − ēēᵀ with ē the gradient of the errors, −τθ at a minimum.
    let factor = GradientNoise.batchFactor(40, batchSize)
    var wrong = exact
    for i in 0..<3 {
      for j in 0..<3 {
        wrong[i, j] -= factor * 400 * minimum.parameters[i] * minimum.parameters[j]
      }
    }
    #expect(largestDeviation(wrong) > zBound(alpha: 1e-9 / 9), "the mutant is not seen")
  }

  // MARK: Effective loss

  /// −(η/4) H⁻¹ ∇tr C_b of six samples in batches of two, and the gradient against differences of the value.
  @Test func shiftOfTheMinimum() throws {
    let model = try SmallModels.six()
    let minimum = try Minimum.find(of: model, from: [0, 0])
    #expect(isClose(minimum.eigenvalues[0], 5.80626, relative: 1e-5))
    #expect(isClose(minimum.eigenvalues[1], 23.73945, relative: 1e-5))
    let loss = EffectiveLoss(
      model: model, rate: 1e-3, batchSize: 2, policy: .withoutReplacement)
    let shift = loss.shift(of: minimum).map { $0 / 1e-3 }
    #expect(isClose(shift[0], 0.0985452, relative: 1e-5))
    #expect(isClose(shift[1], -0.6892314, relative: 1e-5))
    // The minimum of L_eff itself: the shift, up to the order of the rate.
    let tiny = EffectiveLoss(
      model: model, rate: 1e-6, batchSize: 2, policy: .withoutReplacement)
    let moved = try #require(tiny.minimum(near: minimum))
    for k in 0..<2 {
      #expect(isClose((moved[k] - minimum.parameters[k]) / 1e-6, shift[k], relative: 1e-3))
    }
    let point = [0.3, -0.2]
    let gradient = loss.gradient(at: point)
    for k in 0..<2 {
      var (high, low) = (point, point)
      high[k] += 1e-4
      low[k] -= 1e-4
      let difference = (loss.value(at: high) - loss.value(at: low)) / 2e-4
      #expect(isClose(gradient[k], difference, relative: 1e-7))
    }
    let plain = EffectiveLoss(model: model, rate: 1e-3, batchSize: 2, policy: .withReplacement)
    #expect(plain.gradient(at: point) == model.gradient(at: point))
    #expect(plain.minimum(near: minimum) == minimum.parameters)
  }

  /// The mean map of an epoch over all orders is −η P ∇L_eff, to second order in the rate.
  @Test(arguments: [1, 2, 3]) func epochMapOverAllOrders(_ batchSize: Int) throws {
    let model = try SmallModels.six()
    let point = [0.3, -0.2]
    func error(_ rate: Double) -> Double {
      let mean = meanEpoch(model, point, rate, batchSize).mean
      let loss = EffectiveLoss(
        model: model, rate: rate, batchSize: batchSize, policy: .withoutReplacement)
      let drift = loss.gradient(at: point).map { -rate * Double(6 / batchSize) * $0 }
      return zip(mean, drift).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    if batchSize == 3 {
      // Two steps of a linear gradient have no third order.
      #expect(error(2e-4) < 1e-12)
      return
    }
    // The error is of third order: an eighth of it at half the rate.
    let ratio = error(2e-4) / error(1e-4)
    #expect(ratio > 7.5 && ratio < 8.5, "\(ratio)")
  }

  /// Mean and covariance of the displacement of an epoch over all orders.
  private func meanEpoch(
    _ model: LinearModel, _ point: [Double], _ rate: Double, _ batchSize: Int
  ) -> (mean: [Double], covariance: Matrix<Double>) {
    var gradient = [0.0, 0.0]
    var none = [Double](repeating: 0, count: model.workspaceCount(batchSize: batchSize))
    let ends = allOrders(6).map { order -> [Double] in
      var x = point
      for first in stride(from: 0, to: 6, by: batchSize) {
        model.gradient(
          of: order[first..<first + batchSize], at: x, into: &gradient, workspace: &none)
        for k in 0..<2 { x[k] -= rate * gradient[k] }
      }
      return zip(x, point).map { $0 - $1 }
    }
    let n = Double(ends.count)
    let mean = (0..<2).map { k in ends.reduce(0) { $0 + $1[k] } / n }
    var covariance = Matrix<Double>(rows: 2, columns: 2)
    for end in ends {
      for i in 0..<2 {
        for j in 0..<2 { covariance[i, j] += (end[i] - mean[i]) * (end[j] - mean[j]) / n }
      }
    }
    return (mean, covariance)
  }

  // MARK: Diffusion of an epoch

  /// D by enumerated sums is half the covariance of the map itself as the rate vanishes.
  @Test(arguments: [1, 2, 3]) func epochDiffusionIsThatOfTheMap(_ batchSize: Int) throws {
    let model = try SmallModels.six()
    let minimum = try Minimum.find(of: model, from: [0, 0])
    let exact = try EpochDiffusion.enumerated(
      of: model, at: minimum.parameters, batchSize: batchSize)
    func error(_ rate: Double) -> Double {
      let map = meanEpoch(model, minimum.parameters, rate, batchSize).covariance
      return SmallModels.distance(map.map { $0 / 2 }, exact.diffusion(rate: rate))
    }
    if batchSize == 3 {
      #expect(error(1e-3) < 1e-6)
      return
    }
    #expect(error(1e-4) < 0.02)
    let ratio = error(2e-4) / error(1e-4)
    #expect(ratio > 1.8 && ratio < 2.2, "\(ratio)")
  }

  @Test func sampledEpochDiffusion() throws {
    let seed = testSeed(11)
    let model = try SmallModels.six()
    let minimum = try Minimum.find(of: model, from: [0, 0])
    let exact = try EpochDiffusion.enumerated(of: model, at: minimum.parameters, batchSize: 2)
      .orderCovariance
    let orders = 40_000
    let sampled = try EpochDiffusion.sampled(
      of: model, at: minimum.parameters, batchSize: 2, orders: orders, seed: seed,
      workers: Workers(count: 1))
    for i in 0..<2 {
      for j in 0..<2 {
        // Sums over few batches have lighter tails than normal numbers have.
        let error =
          ((exact[i, i] * exact[j, j] + exact[i, j] * exact[i, j]) / Double(orders)).squareRoot()
        #expect(
          abs(sampled.orderCovariance[i, j] - exact[i, j]) < 1.5 * zBound() * error,
          "seed \(seed)")
      }
    }
    let threads = try EpochDiffusion.sampled(
      of: model, at: minimum.parameters, batchSize: 2, orders: orders, seed: seed,
      workers: Workers(count: 2))
    #expect(threads == sampled)
    #expect(throws: SzilardError.self) {
      try EpochDiffusion.sampled(
        of: model, at: minimum.parameters, batchSize: 4, orders: 10, seed: 1)
    }
  }

  /// Where all samples have one Hessian the leading formula is exact: one input of ±1.
  @Test(arguments: [1, 2, 4]) func leadingFormulaIsExactForEqualHessians(_ batchSize: Int) throws {
    let model = try LinearModel(
      inputs: Matrix(rows: 8, columns: 1, elements: [1, -1, 1, 1, -1, 1, -1, -1] as [Float]),
      targets: [0.3, 1.2, -0.7, 2.1, 0.4, -1.5, 0.9, 0.2], response: .gaussian(deviation: 1),
      priorPrecision: 0.5)
    let minimum = try Minimum.find(of: model, from: [0.1])
    let exact = try EpochDiffusion.enumerated(
      of: model, at: minimum.parameters, batchSize: batchSize)
    let leading = try EpochDiffusion.leading(
      hessian: minimum.hessian,
      noise: GradientNoise(of: model, at: minimum.parameters, batchSize: batchSize))
    #expect(
      isClose(exact.orderCovariance[0, 0], leading.orderCovariance[0, 0], relative: 1e-9))
    #expect(exact.batchesPerEpoch == 8 / batchSize)
  }

  // MARK: Stationary state

  /// Against the general solver, which does not know that H is symmetric.
  @Test func stationaryStateIsThatOfTheProcess() throws {
    let h = SmallModels.matrix([[2, 0.5, 0.1], [0.5, 1, -0.2], [0.1, -0.2, 0.7]])
    let d = SmallModels.matrix([[0.3, -0.1, 0.02], [-0.1, 0.1, 0.01], [0.02, 0.01, 0.2]])
    let rate = 0.02
    let state = try StationaryState(hessian: h, diffusion: d, rate: rate)
    let process = try OrnsteinUhlenbeckProcess(drift: h.map { rate * $0 }, diffusion: d)
    #expect(SmallModels.distance(state.covariance, process.covariance) < 1e-12)
    #expect(SmallModels.distance(state.circulation, process.circulation) < 1e-11)
    #expect(isClose(state.entropyProduction, process.entropyProductionRate, relative: 1e-11))
    let x = [0.3, -1.2, 0.5]
    for (mine, other) in zip(state.meanVelocity(at: x), process.meanVelocity(at: x)) {
      #expect(isClose(mine, other, relative: 1e-10))
    }
    // −κ H = −C S⁻¹ − D S⁻¹.
    let drift = LinearAlgebra.sum(
      state.velocity, LinearAlgebra.product(d, state.inverseCovariance), factor: -1)
    #expect(SmallModels.distance(drift, h.map { -rate * $0 }) < 1e-11)
    let discrete = try #require(state.discreteCovariance())
    let propagator = LinearAlgebra.sum(LinearAlgebra.identity(3), h, factor: -rate)
    let expected = try #require(
      LinearAlgebra.stationaryCovariance(propagator: propagator, noise: d.map { 2 * $0 }))
    #expect(SmallModels.distance(discrete, expected) < 1e-12)
    let direct = try #require(
      LinearAlgebra.stationaryCovariance(symmetricPropagator: propagator, noise: d.map { 2 * $0 }))
    #expect(SmallModels.distance(direct, expected) < 1e-12)
    let continuous = try #require(LinearAlgebra.lyapunov(symmetric: h, d.map { 2 / rate * $0 }))
    #expect(SmallModels.distance(continuous, state.covariance) < 1e-12)
  }

  @Test func equilibriumWhereNoiseAndCurvatureCommute() throws {
    let h = SmallModels.matrix([[2, 0.5], [0.5, 1]])
    let still = try StationaryState(hessian: h, diffusion: h.map { 0.1 * $0 }, rate: 0.01)
    #expect(abs(still.entropyProduction) < 1e-25)
    #expect(still.commutator < 1e-15)
    #expect(still.circulation.elements.allSatisfy { abs($0) < 1e-15 })
    let moving = try StationaryState(
      hessian: h, diffusion: SmallModels.matrix([[0.3, -0.1], [-0.1, 0.1]]), rate: 0.01)
    #expect(moving.entropyProduction > 1e-4 && moving.commutator > 0.1)
  }

  /// Entropy production does not depend on the size of the batch, and is linear in the rate.
  @Test func entropyProductionAndBatches() throws {
    let model = try SmallModels.many(40, seed: 5)
    let minimum = try Minimum.find(of: model, from: [0, 0, 0])
    func production(_ size: Int, _ rate: Double) throws -> Double {
      try StationaryState(
        hessian: minimum.hessian,
        diffusion: GradientNoise(of: model, at: minimum.parameters, batchSize: size).diffusion(
          rate: rate), rate: rate
      ).entropyProduction
    }
    let first = try production(1, 1e-4)
    #expect(first > 0)
    for size in [2, 5, 13, 39] {
      #expect(isClose(try production(size, 1e-4), first, relative: 1e-10))
    }
    #expect(isClose(try production(5, 3e-4), 3 * first, relative: 1e-10))
  }

  /// Some modes alone are the same state as all of them.
  @Test func modesAreClosed() throws {
    let model = try SmallModels.many(40, seed: 5)
    let minimum = try Minimum.find(of: model, from: [0, 0, 0])
    let d = GradientNoise(of: model, at: minimum.parameters, batchSize: 5).diffusion(rate: 1e-3)
    let all = try StationaryState(hessian: minimum.hessian, diffusion: d, rate: 1e-3)
    let rotated = try StationaryState(minimum: minimum, diffusion: d, rate: 1e-3, modes: [0, 1, 2])
    #expect(isClose(all.entropyProduction, rotated.entropyProduction, relative: 1e-10))
    let two = try StationaryState(minimum: minimum, diffusion: d, rate: 1e-3, modes: [0, 2])
    #expect(isClose(two.covariance[0, 1], rotated.covariance[0, 2], relative: 1e-12))
    #expect(isClose(two.circulation[0, 1], rotated.circulation[0, 2], relative: 1e-12))
    #expect(two.entropyProduction <= all.entropyProduction)
  }

  @Test func statesThatDoNotExist() {
    let one = LinearAlgebra.identity(2)
    let flat = SmallModels.matrix([[1, 0], [0, 0]])
    #expect(throws: SzilardError.self) {
      try StationaryState(hessian: flat, diffusion: one, rate: 0.1)
    }
    #expect(throws: SzilardError.self) {
      try StationaryState(hessian: one, diffusion: flat, rate: 0.1)
    }
  }
}
