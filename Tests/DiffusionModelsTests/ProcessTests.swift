import DiffusionModels
import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite("Noise schedules, paths and predictions")
struct ProcessTests {
  @Test("The reciprocal schedule erases 1/T of the signal a step")
  func reciprocal() {
    let schedule = NoiseSchedule.reciprocal(steps: 40)
    for step in 0...40 {
      #expect(abs(schedule.signalPowers[step] - Double(40 - step) / 40) < 1e-14)
    }
    #expect(schedule.signalPowers[40] == 0)
  }

  @Test("Rates and end points of the table of 4.1")
  func endPoints() throws {
    #expect(abs(NoiseSchedule.linear(steps: 40).rate(1) - 0.0025) < 1e-15)
    #expect(abs(NoiseSchedule.linear(steps: 40).signalPowers[40] - 4.2e-6) < 0.05e-6)
    #expect(abs(NoiseSchedule.linear(steps: 1000).signalPowers[1000] - 4.0e-5) < 0.05e-5)
    let cosine = try NoiseSchedule(path: .cosine(offset: 0.008), steps: 1000)
    #expect(abs(cosine.rate(1) - 4.1e-5) < 0.05e-5)
    #expect(abs(cosine.signalPowers[1000] - 2.4e-9) < 0.05e-9)
  }

  @Test(
    "Rates of paths are their derivatives",
    arguments: [
      NoisePath.variancePreserving(first: 0.1, last: 20), .cosine(offset: 0.008),
      .cosine(offset: 0), .conditionalTransport,
      .karras(smallest: 0.002, largest: 80, exponent: 7),
      .linearLogSignalToNoise(first: 10, last: -8), .sigmoid(first: -3, last: 3),
      .learned(MonotoneSchedule(first: 9, last: -9, logSlopes: [0.3, -0.2, 0.1])),
    ])
  func pathRates(_ path: NoisePath) {
    for time in [0.1, 0.37, 0.8] {
      let step = 1e-6
      let (before, level, after) = (
        path.level(at: time - step), path.level(at: time), path.level(at: time + step)
      )
      let signal = (after.signal - before.signal) / (2 * step)
      let noise = (after.noise - before.noise) / (2 * step)
      #expect(abs(signal - level.signalRate) < 1e-6 * max(1, abs(signal)))
      #expect(abs(noise - level.noiseRate) < 1e-6 * max(1, abs(noise)))
      #expect(level.temperature > 0)
    }
  }

  @Test("All predictions convert into one another", arguments: Prediction.allCases)
  func conversions(_ from: Prediction) {
    let level = NoisePath.conditionalTransport.level(at: 0.3)
    let (data, noise) = (0.7, -1.3)
    let x = level.signal * data + level.noise * noise
    func value(_ prediction: Prediction) -> Double {
      switch prediction {
      case .noise: noise
      case .data: data
      case .v: level.signal * noise - level.noise * data
      case .score: -noise / level.noise
      case .velocity: level.signalRate * data + level.noiseRate * noise
      }
    }
    for to in Prediction.allCases {
      let (p, q) = from.combination(to: to, level)
      #expect(abs(p * x + q * value(from) - value(to)) < 1e-12)
    }
  }

  @Test("Wrong schedules are refused")
  func wrongSchedules() {
    #expect(throws: SzilardError.self) { try NoiseSchedule(rates: []) }
    #expect(throws: SzilardError.self) { try NoiseSchedule(rates: [0.1, 0]) }
    #expect(throws: SzilardError.self) {
      try NoiseSchedule(path: .conditionalTransport, steps: 10)
    }
  }
}

@Suite("Analytic laws of data")
struct DataLawTests {
  private func mixture() throws -> GaussianMixture {
    let first = Matrix<Double>(rows: 2, columns: 2, elements: [0.5, 0.2, 0.2, 0.3])
    let second = Matrix<Double>(rows: 2, columns: 2, elements: [0.1, 0, 0, 0.6])
    return try GaussianMixture(
      weights: [0.3, 0.7], means: [[1, -0.5], [-0.8, 0.4]], covariances: [first, second])
  }

  private func points() throws -> PointMixture {
    let points = Matrix<Double>(rows: 3, columns: 2, elements: [1, 0, -1, 0.5, 0.2, -0.9])
    return try PointMixture(points: points, weights: [1, 2, 1], variance: 0.04)
  }

  @Test("Scores are gradients of log-densities, traces those of Jacobians")
  func derivatives() throws {
    let laws: [any DataLaw] = [try mixture(), try points()]
    let level = NoisePath.cosine(offset: 0.008).level(at: 0.4)
    for law in laws {
      let x = Matrix<Double>(rows: 1, columns: 2, elements: [0.3, -0.7])
      let score = try law.predict(.score, of: x, at: level)
      let step = 1e-5
      var trace = 0.0
      for j in 0..<2 {
        var (up, down) = (x, x)
        up[0, j] += step
        down[0, j] -= step
        let slope = law.logDensity(of: up, at: level)[0] - law.logDensity(of: down, at: level)[0]
        #expect(abs(slope / (2 * step) - score[0, j]) < 1e-8)
        let above = try law.predict(.velocity, of: up, at: level)
        let below = try law.predict(.velocity, of: down, at: level)
        trace += (above[0, j] - below[0, j]) / (2 * step)
        // One column of the Jacobian by products from the left.
        for i in 0..<2 {
          var c = Matrix<Double>(rows: 1, columns: 2)
          c[0, i] = 1
          let product = try law.predictWithGradient(.velocity, of: x, at: level, cotangents: c)
          let difference = (above[0, i] - below[0, i]) / (2 * step)
          #expect(abs(product.gradient[0, j] - difference) < 1e-7)
        }
      }
      let exact = try law.predictWithTrace(.velocity, of: x, at: level).trace[0]
      #expect(abs(exact - trace) < 1e-7)
    }
  }

  @Test("A mixture of round Gaussians is the mixture about points")
  func agreement() throws {
    let points = try points()
    var covariance = Matrix<Double>(rows: 2, columns: 2)
    covariance[0, 0] = 0.04
    covariance[1, 1] = 0.04
    let mixture = try GaussianMixture(
      weights: points.weights, means: (0..<3).map { points.points.row($0) },
      covariances: [covariance, covariance, covariance])
    let x = Matrix<Double>(rows: 2, columns: 2, elements: [0.3, -0.7, 2, 1])
    let level = NoiseSchedule.reciprocal(steps: 10).level(4)
    let (one, other) = (
      points.dataMoments(behind: x, at: level), mixture.dataMoments(behind: x, at: level)
    )
    for row in 0..<2 {
      for column in 0..<2 {
        #expect(isClose(one.mean[row, column], other.mean[row, column], relative: 1e-11))
        #expect(isClose(one.variance[row, column], other.variance[row, column], relative: 1e-9))
      }
    }
    #expect(
      isClose(points.logDensity(of: x, at: level)[0], mixture.logDensity(of: x, at: level)[0]))
  }

  @Test("The optimal reverse kernel of Gaussian data is the exact one of 4.1")
  func gaussianKernel() throws {
    let law = try GaussianMixture(variances: [1.75, 0.25])
    let diffusion = GaussianDiffusion(.reciprocal(steps: 40))
    let kernel = try DenoisingKernel(law, diffusion: diffusion, variance: .optimal)
    let x = Matrix<Double>(rows: 1, columns: 2, elements: [0.4, -1.1])
    for step in [2, 17, 40] {
      let rows = try kernel.reverse(x, step: step)
      let rate = diffusion.schedule.rate(step)
      for (j, l) in [1.75, 0.25].enumerated() {
        let before = diffusion.schedule.signalPowers[step - 1] * (l - 1) + 1
        let after = diffusion.schedule.signalPowers[step] * (l - 1) + 1
        let mean = (1 - rate).squareRoot() * before / after * x[0, j]
        #expect(abs(rows.mean[0, j] - mean) < 1e-12)
        #expect(isClose(rows.variance[0, j], rate * before / after, relative: 1e-11))
      }
    }
  }
}
