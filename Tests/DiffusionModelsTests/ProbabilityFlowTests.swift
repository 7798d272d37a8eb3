import DiffusionModels
import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite("Likelihood by the probability flow, and bits a dimension")
struct ProbabilityFlowTests {
  private func mixture() throws -> GaussianMixture {
    let first = Matrix<Double>(rows: 2, columns: 2, elements: [0.3, 0.1, 0.1, 0.2])
    let second = Matrix<Double>(rows: 2, columns: 2, elements: [0.1, 0, 0, 0.4])
    return try GaussianMixture(
      weights: [0.3, 0.7], means: [[1, -0.5], [-0.8, 0.4]], covariances: [first, second])
  }

  @Test(
    "The density is that of the noisy states of the level where it begins",
    arguments: [
      NoisePath.cosine(offset: 0.008), .cosine(offset: 0), .conditionalTransport,
    ])
  func density(_ path: NoisePath) throws {
    let law = try mixture()
    let data = law.samples(40, seed: testSeed(1))
    let start = 1e-3
    let likelihood = ProbabilityFlowLikelihood(law, path: path, from: start, tolerance: 1e-8)
    let value = try likelihood.evaluate(data)
    let exact = law.logDensity(of: data, at: path.level(at: start))
    for (one, other) in zip(value.logDensities, exact) { #expect(abs(one - other) < 1e-5) }
    #expect(value.priorDivergence < 1e-12 && value.probeError == 0)
    #expect(value.evaluations > 20 && value.evaluations < 2000)
  }

  @Test("A path that keeps some signal says so, and its error is within what it says")
  func remainder() throws {
    let law = try mixture()
    let data = law.samples(100, seed: testSeed(2))
    let path = NoisePath.variancePreserving(first: 0.1, last: 8)
    let value = try ProbabilityFlowLikelihood(law, path: path, from: 1e-3, tolerance: 1e-8)
      .evaluate(data)
    #expect(value.priorDivergence > 1e-3)
    let exact = law.logDensity(of: data, at: path.level(at: 1e-3))
    let error = abs(value.logDensity.value - mean(of: exact))
    #expect(error > 1e-6 && error < 4 * value.priorDivergence.squareRoot())
  }

  @Test("Hutchinson's probes are unbiased")
  func probes() throws {
    let seed = testSeed(3)
    let law = try mixture()
    let data = law.samples(100, seed: seed)
    let path = NoisePath.cosine(offset: 0.008)
    var likelihood = ProbabilityFlowLikelihood(law, path: path, from: 1e-3, tolerance: 1e-6)
    let exact = try likelihood.evaluate(data).logDensities
    likelihood.divergence = .probes(8)
    let value = try likelihood.evaluate(data, seed: seed)
    let errors = zip(value.logDensities, exact).map { $0 - $1 }
    let width = (variance(of: errors) / 100).squareRoot()
    #expect(abs(mean(of: errors)) < zBound() * width, "seed \(seed)")
    #expect(value.probeError > 0)
    // The stated error is that seen, within a factor.
    let seen = mean(of: errors.map { $0 * $0 }).squareRoot()
    #expect(seen < 2.5 * value.probeError && seen > value.probeError / 2.5, "seed \(seed)")
    var other = likelihood
    other.workers = Workers(count: 1)
    #expect(try other.evaluate(data, seed: seed).logDensities == value.logDensities)
  }

  @Test("4.2: the map of the flow scales by the square root of variances")
  func map() throws {
    let law = try GaussianMixture(variances: [1.75, 0.25])
    let path = NoisePath.cosine(offset: 0)
    let flow = try ProbabilityFlow(
      law, path: path, method: .adaptive(tolerance: 1e-10), from: 0.05, to: 1)
    let x = Matrix<Double>(rows: 1, columns: 2, elements: [0.7, -0.4])
    let there = try flow.map(x, towardsNoise: true)
    let level = path.level(at: 0.05)
    for (j, l) in [1.75, 0.25].enumerated() {
      let v = level.signal * level.signal * l + level.noise * level.noise
      #expect(abs(there[0, j] - x[0, j] / v.squareRoot()) < 1e-8)
    }
    let back = try flow.map(there)
    #expect(abs(back[0, 0] - 0.7) < 1e-8 && abs(back[0, 1] + 0.4) < 1e-8)
  }

  @Test("Ends without finite speed are refused, and failures of the model come through")
  func errors() throws {
    let law = try mixture()
    let x = Matrix<Double>(rows: 1, columns: 2)
    #expect(throws: SzilardError.self) {
      try ProbabilityFlowLikelihood(law, path: .cosine(offset: 0), from: 0).evaluate(x)
    }
    #expect(throws: SzilardError.self) {
      try ProbabilityFlowLikelihood(law, path: .sigmoid(first: -3, last: 3), from: 0.01).evaluate(x)
    }
    struct Failing: Denoiser {
      var dimension: Int { 2 }
      var native: Prediction { .data }
      func nativePrediction(
        of states: Matrix<Double>, at level: NoiseLevel
      ) throws -> Matrix<Double> { throw SzilardError(.badData, "lost") }
      func nativeGradient(
        of states: Matrix<Double>, at level: NoiseLevel, cotangents: Matrix<Double>
      ) throws -> (prediction: Matrix<Double>, gradient: Matrix<Double>) {
        throw SzilardError(.badData, "lost")
      }
    }
    let error = #expect(throws: SzilardError.self) {
      try ProbabilityFlowLikelihood(Failing(), path: .cosine(offset: 0), from: 0.1).evaluate(x)
    }
    #expect(error?.message == "lost")
  }

  @Test("Bits a dimension: uniform integers have eight bits whatever the scaling")
  func bits() throws {
    // A uniform density on [−1, 1)^3 has ln p = −3 ln 2: with 128 levels a unit, 8 bits.
    let scaling = try BitsPerDimension(
      shift: [128, 128, 128], scale: [128, 128, 128])
    let density = Estimate(
      value: -3 * log(2), interval: -3 * log(2) - 0.3...(-3 * log(2) + 0.3), method: "",
      effectiveSampleSize: 10)
    let bits = scaling.bits(ofLogDensity: density)
    #expect(abs(bits.value - 8) < 1e-12)
    #expect(abs(bits.halfWidth - 0.1 / log(2)) < 1e-12)
    let pixels = Matrix<Float>(rows: 2, columns: 3, elements: [0, 255, 17, 128, 4, 90])
    let data = try scaling.dequantised(pixels, seed: 1)
    for row in 0..<2 {
      for column in 0..<3 {
        let value = data[row, column] * 128 + 128
        #expect(value > Double(pixels[row, column]) && value < Double(pixels[row, column]) + 1)
      }
    }
    #expect(try scaling.dequantised(pixels.selectingRows([0]), seed: 1).row(0) == data.row(0))
    let standard = try BitsPerDimension(standardising: pixels)
    let mean = (0.0 + 255 + 17 + 128 + 4 + 90) / 6 + 0.5
    #expect(abs(standard.shift[0] - mean) < 1e-9)
    #expect(throws: SzilardError.self) {
      try scaling.dequantised(Matrix<Float>(rows: 1, columns: 3, elements: [0, 0.5, 1]), seed: 1)
    }
    #expect(throws: SzilardError.self) { try BitsPerDimension(shift: [0], scale: [0]) }
  }
}
