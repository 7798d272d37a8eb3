import DiffusionModels
import Foundation
import NumericalCore
import TestSupport
import Testing

@Suite("Samplers")
struct SamplerTests {
  private static let variances = [1.75, 0.25]

  private func law() throws -> GaussianMixture { try GaussianMixture(variances: Self.variances) }

  /// Expects the variances of independent samples of a Gaussian about 0.
  private func expectVariances(
    _ samples: Matrix<Double>, _ expected: [Double], _ seed: UInt64, slack: Double = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let n = Double(samples.rows)
    for (j, v) in expected.enumerated() {
      let column = (0..<samples.rows).map { samples[$0, j] }
      let second = mean(of: column.map { $0 * $0 })
      let bound = zBound() * v * (2 / n).squareRoot() + slack * v
      if abs(second - v) > bound || abs(mean(of: column)) > zBound() * (v / n).squareRoot() {
        Issue.record(
          "coordinate \(j): second moment \(second), expected \(v) ± \(bound) (seed \(seed))",
          sourceLocation: sourceLocation)
      }
    }
  }

  @Test("Ancestral samples of the exact chain have the variance of the recursion of 4.1")
  func ancestral() throws {
    let seed = testSeed(1)
    let diffusion = GaussianDiffusion(.reciprocal(steps: 10))
    let kernel = try DenoisingKernel(law(), diffusion: diffusion, variance: .optimal)
    // ᾱ_T = 0: the chain is exact.
    let exact = try AncestralSampler(kernel).samples(8000, seed: seed, keeping: [10, 5, 0])
    expectVariances(exact.samples, Self.variances, seed)
    expectVariances(try #require(exact.slices[10]), [1, 1], seed)
    expectVariances(
      try #require(exact.slices[5]), Self.variances.map { 1 + 0.5 * ($0 - 1) }, seed)
    #expect(exact.slices[0] == exact.samples && exact.evaluations == 10)
    // The edge rule: (1 − β_1) v_1 + β_1.
    let edge = try AncestralSampler(kernel, lastStep: .forward).samples(8000, seed: seed)
    expectVariances(
      edge.samples, Self.variances.map { 0.9 * (1 + 0.9 * ($0 - 1)) + 0.1 }, seed)
    // Wider kernels make wider samples.
    let wide = try AncestralSampler(WidenedKernel(kernel: kernel, factor: 1.3))
      .samples(8000, seed: seed).samples
    let second = mean(of: (0..<8000).map { wide[$0, 0] * wide[$0, 0] })
    #expect(second > 1.75 * (1 + zBound() * (2.0 / 8000).squareRoot()), "seed \(seed)")
  }

  @Test("4.2: one implicit step is the mean; many are the map of the flow; η = 1 is the posterior")
  func implicit() throws {
    let law = try law()
    let schedule = NoiseSchedule.linear(steps: 1000)
    let x = Matrix<Double>(rows: 1, columns: 2, elements: [0.9, -1.3])
    let one = try ImplicitSampler(law, schedule: schedule, steps: 1).map(x)
    for (j, l) in Self.variances.enumerated() {
      let power = schedule.signalPowers[1000]
      let v = 1 + power * (l - 1)
      #expect(isClose(one[0, j], power.squareRoot() * l / v * x[0, j], relative: 1e-10))
    }
    // First order in the number of steps towards x √(l/v_T).
    var errors: [Double] = []
    for steps in [125, 250, 500] {
      let y = try ImplicitSampler(law, schedule: schedule, steps: steps).map(x)
      let exact = x[0, 0] * (1.75 / (1 + schedule.signalPowers[1000] * 0.75)).squareRoot()
      errors.append(abs(y[0, 0] - exact))
    }
    #expect(errors[0] < 0.1 && errors[2] < errors[1] && errors[1] < errors[0])
    // η = 1 with all steps takes the posterior's mean and variance.
    let seed = testSeed(2)
    let short = NoiseSchedule.reciprocal(steps: 10)
    let samples = try ImplicitSampler(law, schedule: short, stochasticity: 1)
      .samples(100, seed: seed).samples
    let kernel = try DenoisingKernel(
      law, diffusion: GaussianDiffusion(short), variance: .posterior)
    let chain = try AncestralSampler(kernel, isLastStepNoiseless: true)
      .samples(100, seed: seed).samples
    for row in 0..<100 {
      for j in 0..<2 { #expect(abs(samples[row, j] - chain[row, j]) < 1e-9) }
    }
  }

  @Test("4.2: Heun's global error is of order 2, Euler's and the implicit sampler's of order 1")
  func orders() throws {
    let law = try law()
    let x = Matrix<Double>(rows: 1, columns: 2, elements: [0.9, -1.3])
    let path = NoisePath.cosine(offset: 0)
    func error(_ y: Matrix<Double>, _ level: NoiseLevel, _ scale: Double) -> Double {
      let sum = Self.variances.enumerated().reduce(0.0) { sum, one in
        let v = level.signal * level.signal * one.element + level.noise * level.noise
        let difference = y[0, one.offset] - scale * x[0, one.offset] * v.squareRoot()
        return sum + difference * difference
      }
      return sum.squareRoot()
    }
    func slope(_ errors: [Double]) -> Double { log2(errors[0] / errors[2]) / 2 }
    let start = 0.01
    for (order, make) in [
      (1.0, { ProbabilityFlow.Method.euler(steps: $0) }),
      (2.0, { ProbabilityFlow.Method.heun(steps: $0) }),
    ] {
      let errors = try [40, 80, 160].map { steps in
        let flow = try ProbabilityFlow(law, path: path, method: make(steps), from: start)
        return error(try flow.map(x), path.level(at: start), 1)
      }
      #expect(abs(slope(errors) - order) < 0.2, "\(errors)")
    }
    // Karras's grid from σ = 80: the exact map to σ = 0 is y √(l/(l + 80²)).
    let heun = try [32, 64, 128].map { levels in
      let y = try HeunSampler(law, levels: levels).map(x.map { $0 * 80 })
      return Self.variances.enumerated().reduce(0.0) { sum, one in
        let exact = 80 * x[0, one.offset] * (one.element / (one.element + 6400)).squareRoot()
        return sum + abs(y[0, one.offset] - exact)
      }
    }
    #expect(abs(slope(heun) - 2) < 0.2, "\(heun)")
  }

  /// The variance of samples of ``ReverseDiffusion`` of data of variance l: the steps are linear.
  private func reverseVariance(
    _ l: Double, _ path: NoisePath, steps: Int, corrections: Int
  ) -> Double {
    let (start, end, r) = (1e-3, 1.0, 0.16)
    let h = (end - start) / Double(steps)
    func total(_ level: NoiseLevel) -> Double {
      level.signal * level.signal * l + level.noise * level.noise
    }
    var result = pow(path.level(at: end).noise, 2)
    for step in stride(from: steps, through: 1, by: -1) {
      let level = path.level(at: start + h * Double(step))
      let width = 2 * level.temperature * h
      let factor = 1 - h * level.driftRate - width / total(level)
      result = result * factor * factor + (step > 1 ? width : 0)
      let next = path.level(at: start + h * Double(step - 1))
      let length = 2 * r * r * next.noise * next.noise
      for _ in 0..<corrections {
        result = result * pow(1 - length / total(next), 2) + 2 * length
      }
    }
    let last = path.level(at: start)
    return result * pow(last.signal * l / total(last), 2)
  }

  @Test("Reverse diffusion has the variance of its linear steps, and tends to that of the data")
  func reverseDiffusion() throws {
    let seed = testSeed(3)
    let law = try law()
    let path = NoisePath.variancePreserving(first: 0.1, last: 20)
    for (steps, corrections) in [(25, 0), (25, 3)] {
      let sampler = try ReverseDiffusion(law, path: path, steps: steps, corrections: corrections)
      let expected = Self.variances.map {
        reverseVariance($0, path, steps: steps, corrections: corrections)
      }
      let set = try sampler.samples(4000, seed: seed)
      expectVariances(set.samples, expected, seed)
      #expect(set.evaluations == steps * (1 + corrections) + 1)
    }
    for l in Self.variances {
      let errors = [100, 200, 400].map {
        reverseVariance(l, path, steps: $0, corrections: 0) / l - 1
      }
      #expect(abs(errors[2]) < 0.004 && abs(errors[2]) < abs(errors[0]))
    }
  }

  /// The factor by which Heun's method takes y from the largest σ to 0 for data of variance l.
  private func heunFactor(_ l: Double, _ ratios: [Double]) -> Double {
    var y = 1.0
    func slope(_ y: Double, _ sigma: Double) -> Double { y * sigma / (l + sigma * sigma) }
    for step in stride(from: ratios.count - 1, through: 1, by: -1) {
      let (now, next) = (ratios[step], ratios[step - 1])
      let first = slope(y, now)
      y += (next - now) * (next > 0 ? (first + slope(y + (next - now) * first, next)) / 2 : first)
    }
    return y
  }

  @Test("Heun's samples have the variance of the linear steps, along any path")
  func heun() throws {
    let seed = testSeed(4)
    let law = try law()
    let sampler = try HeunSampler(law, levels: 18)
    #expect(sampler.ratios[0] == 0 && abs(sampler.ratios[1] - 0.002) < 1e-15)
    #expect(abs(sampler.ratios[18] - 80) < 1e-12)
    let expected = Self.variances.map { pow(80 * heunFactor($0, sampler.ratios), 2) }
    let set = try sampler.samples(4000, seed: seed)
    expectVariances(set.samples, expected, seed)
    #expect(set.evaluations == 35)
    // The same y along another path.
    let path = NoisePath.variancePreserving(first: 0.1, last: 20)
    let other = try HeunSampler(law, path: path, levels: 18).samples(20, seed: seed).samples
    for row in 0..<20 {
      for j in 0..<2 { #expect(abs(other[row, j] - set.samples[row, j]) < 1e-9) }
    }
    // Fresh noise keeps the law, and many levels reach it.
    let churned = try HeunSampler(
      law, levels: 100, churn: HeunSampler.Churn(amount: 30, range: 0.05...50))
    expectVariances(
      try churned.samples(2000, seed: seed).samples, Self.variances, seed, slack: 0.02)
    #expect(try churned.samples(5, seed: 1).samples != churned.samples(5, seed: 2).samples)
  }

  @Test("The flow solved adaptively has the law of its first level")
  func flow() throws {
    let seed = testSeed(5)
    let path = NoisePath.cosine(offset: 0.008)
    let flow = try ProbabilityFlow(law(), path: path, method: .adaptive(tolerance: 1e-5))
    let set = try flow.samples(2000, seed: seed, keeping: [8])
    expectVariances(set.samples, Self.variances, seed)
    // Half the way.
    let level = path.level(at: 1e-5 + (1 - 1e-5) * 0.5)
    expectVariances(
      try #require(set.slices[8]),
      Self.variances.map { level.signal * level.signal * $0 + level.noise * level.noise }, seed)
  }

  @Test("Samples do not depend on threads or on how many are drawn")
  func determinism() throws {
    let law = try law()
    let diffusion = GaussianDiffusion(.reciprocal(steps: 6))
    let kernel = try DenoisingKernel(law, diffusion: diffusion, variance: .optimal)
    let path = NoisePath.variancePreserving(first: 0.1, last: 20)
    let samplers: [any Sampler] = [
      AncestralSampler(kernel), try ReverseDiffusion(law, path: path, steps: 5, corrections: 1),
      try ImplicitSampler(law, schedule: .linear(steps: 50), steps: 5, stochasticity: 0.5),
      try HeunSampler(law, levels: 5, churn: HeunSampler.Churn(amount: 5)),
      try ProbabilityFlow(law, path: path, method: .heun(steps: 4)),
    ]
    for sampler in samplers {
      let one = try sampler.samples(600, seed: 5, workers: Workers(count: 1)).samples
      let two = try sampler.samples(600, seed: 5, workers: Workers(count: 2)).samples
      #expect(one == two)
      let few = try sampler.samples(20, seed: 5).samples
      #expect(few == one.selectingRows(0..<20))
      #expect(try sampler.samples(20, seed: 6).samples != few)
      var visited: [Int] = []
      _ = try sampler.sample(0..<2, seed: 5) { number, _ in visited.append(number) }
      #expect(visited == (0...sampler.steps).reversed())
    }
  }

  @Test("Wrong settings are refused")
  func errors() throws {
    let law = try law()
    #expect(throws: SzilardError.self) {
      try ReverseDiffusion(law, path: .cosine(offset: 0), steps: 5)
    }
    #expect(throws: SzilardError.self) {
      try HeunSampler(law, path: .linearLogSignalToNoise(first: 10, last: -5), levels: 5)
    }
    #expect(throws: SzilardError.self) {
      try ImplicitSampler(law, schedule: .linear(steps: 10), steps: 11)
    }
    #expect(throws: SzilardError.self) {
      try ProbabilityFlow(law, path: .cosine(offset: 0), method: .euler(steps: 0))
    }
  }
}
