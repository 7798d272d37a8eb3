import DiffusionModels
import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite("Posteriors by multiplying kernels, and the exact ones")
struct ConditioningTests {
  private func gaussian() throws -> GaussianMixture {
    try GaussianMixture(
      mean: [0, 0], covariance: Matrix(rows: 2, columns: 2, elements: [1.2, 0.8, 0.8, 0.8]))
  }

  @Test("The conditional of a mixture is Bayes' rule")
  func conditional() throws {
    let law = try GaussianMixture(
      weights: [0.4, 0.6], means: [[1, 0], [-1, 0.5]],
      covariances: [
        Matrix(rows: 2, columns: 2, elements: [0.3, 0.1, 0.1, 0.2]),
        Matrix(rows: 2, columns: 2, elements: [0.5, -0.2, -0.2, 0.4]),
      ])
    let none = NoiseLevel(signal: 1, noise: 0)
    // Denoising: the conditional's density is prior times likelihood over evidence.
    let noisy = try law.conditional(on: [0.2, 0.1], of: [0, 1], deviation: 0.7)
    let evidence = law.logDensity(
      of: Matrix(rows: 1, columns: 2, elements: [0.2, 0.1]),
      at: NoiseLevel(signal: 1, noise: 0.7))[0]
    for point in [[0.0, 0.0], [1, -0.4], [-0.7, 1.2]] {
      let x = Matrix<Double>(rows: 1, columns: 2, elements: point)
      let square = pow(point[0] - 0.2, 2) + pow(point[1] - 0.1, 2)
      let likelihood = -square / 0.98 - log(2 * .pi * 0.49)
      let expected = law.logDensity(of: x, at: none)[0] + likelihood - evidence
      #expect(abs(noisy.logDensity(of: x, at: none)[0] - expected) < 1e-10)
    }
    // In-painting: joint over marginal.
    let known = try law.conditional(on: [0.3], of: [0])
    #expect(known.components.allSatisfy { $0.mean[0] == 0.3 && $0.covariance[0, 0] == 0 })
    let marginal = try GaussianMixture(
      weights: [0.4, 0.6], means: [[1], [-1]],
      covariances: [
        Matrix(rows: 1, columns: 1, elements: [0.3]), Matrix(rows: 1, columns: 1, elements: [0.5]),
      ])
    let m = marginal.logDensity(of: Matrix(rows: 1, columns: 1, elements: [0.3]), at: none)[0]
    for y in [-0.5, 0.2, 1.4] {
      let joint = law.logDensity(of: Matrix(rows: 1, columns: 2, elements: [0.3, y]), at: none)[0]
      let other = known.components.reduce(0.0) { sum, one in
        let v = one.covariance[1, 1]
        let density = exp(-pow(y - one.mean[1], 2) / (2 * v)) / (2 * .pi * v).squareRoot()
        return sum + one.weight * density
      }
      #expect(abs(log(other) - (joint - m)) < 1e-10)
    }
    #expect(throws: SzilardError.self) { try law.conditional(on: [0.3], of: [2]) }
  }

  @Test("F3: the exact sampler has no bias, and that of multiplied kernels is seen")
  func study() throws {
    let seed = testSeed(1)
    let diffusion = GaussianDiffusion(.reciprocal(steps: 40))
    let denoise = try PosteriorStudy(
      gaussian(), diffusion: diffusion, values: [1, -0.5], coordinates: [0, 1], deviation: 1)
    // Five numbers a study: α = 1e-9 over them all.
    let bound = zBound(alpha: 2e-10)
    let exact = try denoise.moments(.exact, count: 2500, seed: seed)
    #expect(exact.largestDeviation < bound, "seed \(seed)")
    let constant = try denoise.moments(.constant, count: 2500, seed: seed)
    #expect(constant.largestDeviation > bound, "seed \(seed)")
    #expect(constant.meanBias > 0.01)
    let inpaint = try PosteriorStudy(
      gaussian(), diffusion: diffusion, values: [1], coordinates: [0], deviation: 0)
    #expect(
      try inpaint.moments(.exact, count: 2500, seed: seed).largestDeviation < bound,
      "seed \(seed)")
    for way in [PosteriorStudy.Way.constant, .diffused] {
      let moments = try inpaint.moments(way, count: 2500, seed: seed)
      #expect(moments.largestDeviation > bound, "\(way), seed \(seed)")
      #expect(moments.meanErrors[0] == 0)
    }
    #expect(throws: SzilardError.self) {
      try denoise.moments(.diffused, count: 10, seed: seed)
    }
  }

  @Test("The mean's shift by a gradient is the closed form where r is wide")
  func smooth() throws {
    let seed = testSeed(2)
    let diffusion = GaussianDiffusion(.reciprocal(steps: 20))
    let kernel = try DenoisingKernel(gaussian(), diffusion: diffusion, variance: .optimal)
    let y = Matrix<Double>(rows: 1, columns: 2, elements: [1, -0.5])
    let width = 30.0
    var closed = AncestralSampler(kernel)
    closed.conditioning = Conditioning(.noisy(observations: y, deviation: width))
    var shifted = AncestralSampler(kernel)
    shifted.conditioning = Conditioning(
      .smooth(gradient: { x in
        var result = x
        for row in 0..<x.rows {
          for j in 0..<2 { result[row, j] = (y[0, j] - x[row, j]) / (width * width) }
        }
        return result
      }))
    let one = try closed.samples(100, seed: seed).samples
    let other = try shifted.samples(100, seed: seed).samples
    let plain = try AncestralSampler(kernel).samples(100, seed: seed).samples
    for row in 0..<100 {
      for j in 0..<2 {
        #expect(abs(one[row, j] - other[row, j]) < 0.02)
        #expect(one[row, j] != plain[row, j])
      }
    }
  }

  @Test("Factors that do not fit are refused")
  func errors() throws {
    let diffusion = GaussianDiffusion(.reciprocal(steps: 3))
    let kernel = try DenoisingKernel(gaussian(), diffusion: diffusion, variance: .optimal)
    for factor in [
      Conditioning.Factor.noisy(observations: Matrix(rows: 1, columns: 3), deviation: 1),
      .noisy(observations: Matrix(rows: 1, columns: 2), deviation: 0),
      .known(values: Matrix(rows: 1, columns: 2), coordinates: [2], diffused: false),
    ] {
      var sampler = AncestralSampler(kernel)
      sampler.conditioning = Conditioning(factor)
      #expect(throws: SzilardError.self) { try sampler.samples(3, seed: 1) }
    }
  }
}
