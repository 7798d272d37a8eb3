import DiffusionModels
import Foundation
import NumericalCore
import TestSupport
import Testing

/// A reverse chain with the variances of another times a factor.
struct WidenedKernel: GaussianReverseKernel {
  var kernel: any GaussianReverseKernel
  var factor: Double

  var dimension: Int { kernel.dimension }
  var diffusion: GaussianDiffusion { kernel.diffusion }

  func reverse(_ states: Matrix<Double>, step: Int) throws -> GaussianRows {
    var rows = try kernel.reverse(states, step: step)
    rows.variance = rows.variance.map { $0 * factor }
    return rows
  }
}

/// The kernel of data of unit variance: the forward one.
struct ForwardKernel: GaussianReverseKernel {
  let dimension: Int
  let diffusion: GaussianDiffusion

  func reverse(_ states: Matrix<Double>, step: Int) -> GaussianRows {
    diffusion.forward(states, step: step)
  }
}

@Suite("The variational bound")
struct EvidenceBoundTests {
  static let variances = [1.75, 0.25]

  /// The rows of 4.1: steps, schedule, K in bits.
  static func table() throws -> [(name: String, schedule: NoiseSchedule, bits: Double)] {
    [
      ("reciprocal 40", .reciprocal(steps: 40), -3.542267),
      ("reciprocal 1000", .reciprocal(steps: 1000), -3.499720),
      ("linear 40", .linear(steps: 40), -3.502485),
      ("linear 1000", .linear(steps: 1000), -3.498054),
      ("cosine 40", try NoiseSchedule(path: .cosine(offset: 0.008), steps: 40), -3.502462),
      ("cosine 1000", try NoiseSchedule(path: .cosine(offset: 0.008), steps: 1000), -3.497945),
    ]
  }

  private func kernel(_ schedule: NoiseSchedule) throws -> DenoisingKernel {
    try DenoisingKernel(
      try GaussianMixture(variances: Self.variances), diffusion: GaussianDiffusion(schedule),
      variance: .optimal)
  }

  /// −Σ_{t≥2} KL + entropies, with expectations by the design of signs.
  private func exactBound(_ kernel: any GaussianReverseKernel) throws -> Double {
    let bound = EvidenceBound(kernel)
    let (data, noise) = design(variances: Self.variances)
    let diffusion = kernel.diffusion
    var total = 0.0
    for step in 2...diffusion.schedule.steps {
      total -= mean(of: try bound.divergence(data: data, noise: noise, step: step))
    }
    let value = try bound.evaluate(data, seed: 1)
    return total + value.entropies.noise - value.entropies.firstStep - value.entropies.prior
  }

  @Test("Table of 4.1: exact kernels give K to the last digit of every row")
  func table() throws {
    for row in try Self.table() {
      let value = try exactBound(kernel(row.schedule)) / log(2)
      #expect(abs(value - row.bits) < 1e-6, "\(row.name): \(value)")
      let v = [1, row.schedule.steps].map { step in
        Self.variances.map { 1 + row.schedule.signalPowers[step] * ($0 - 1) }
      }
      let closed = Self.variances.indices.reduce(0) { sum, i in
        sum - 0.5 * (1 + log(2 * .pi)) - 0.5 * log(v[0][i] / v[1][i])
      }
      #expect(abs(value - closed / log(2)) < 1e-9, "\(row.name)")
    }
  }

  @Test("Kernels that are not exact give less: wrong variances are seen")
  func mutants() throws {
    let exact = try kernel(.reciprocal(steps: 40))
    let best = try exactBound(exact) / log(2)
    let law = try GaussianMixture(variances: Self.variances)
    for variance in [DenoisingKernel.Variance.posterior, .forward] {
      let other = try DenoisingKernel(law, diffusion: exact.diffusion, variance: variance)
      #expect(try exactBound(other) / log(2) < best - 1e-3)
    }
    #expect(try exactBound(WidenedKernel(kernel: exact, factor: 1.01)) / log(2) < best - 1e-4)
  }

  @Test("K and K_full by random noise agree with the closed forms")
  func sampled() throws {
    let seed = testSeed(1)
    let law = try GaussianMixture(variances: Self.variances)
    let data = law.samples(2000, seed: seed)
    let kernel = try kernel(.linear(steps: 40))
    let bound = try EvidenceBound(kernel).evaluate(data, seed: seed)
    expectWithin(bound.total, -3.502485 * log(2), seed)
    // K_full: the true entropy less what is left at the end.
    let full = try EvidenceBound(kernel, lastStep: .model).evaluate(data, seed: seed)
    let left = Self.variances.reduce(0) { sum, l in
      let v = 1 + kernel.diffusion.schedule.signalPowers[40] * (l - 1)
      return sum + 0.5 * (v - 1 - log(v))
    }
    let entropy = Self.variances.reduce(0) { $0 + 0.5 * (1 + log(2 * .pi * $1)) }
    expectWithin(full.total, -entropy - left, seed)
    #expect(abs((entropy + left) / log(2) - 3.497869) < 1e-6)
    #expect(full.decoder != nil && bound.decoder == nil)
    expectWithin(full.bits, -3.497869, seed)
    #expect(bound.terms.count == 39 && bound.terms.allSatisfy { $0.count == 2000 })
    let sum = bound.terms.reduce(0) { $0 + $1.mean }
    let entropies = bound.entropies.noise - bound.entropies.firstStep - bound.entropies.prior
    #expect(abs(entropies - sum - bound.total.value) < 1e-9)
  }

  @Test("Some steps times (T − 1) are unbiased; times T they are not")
  func someSteps() throws {
    let seed = testSeed(3)
    let law = try GaussianMixture(variances: Self.variances)
    // Few steps, so that T/(T − 1) shows.
    let diffusion = GaussianDiffusion(.reciprocal(steps: 5))
    let kernel = try DenoisingKernel(law, diffusion: diffusion, variance: .posterior)
    let data = law.samples(20000, seed: seed)
    let exact = try exactBound(kernel)
    let value = try EvidenceBound(kernel, sum: .someSteps(draws: 2)).evaluate(data, seed: seed)
    expectWithin(value.total, exact, seed)
    let entropies = value.entropies.noise - value.entropies.firstStep - value.entropies.prior
    let mutant = value.total.scaled(by: 5.0 / 4, plus: -entropies / 4)
    #expect(abs(mutant.value - exact) > zBound() * mutant.halfWidth / 1.96, "seed \(seed)")
  }

  @Test("T1: unit data gain nothing over the null model")
  func unit() throws {
    let kernel = ForwardKernel(dimension: 3, diffusion: GaussianDiffusion(.reciprocal(steps: 40)))
    let (data, noise) = design(variances: [1, 1, 1])
    let bound = EvidenceBound(kernel)
    var total = 0.0
    for step in 2...40 {
      total -= mean(of: try bound.divergence(data: data, noise: noise, step: step))
    }
    let value = try bound.evaluate(data, seed: 1)
    total += value.entropies.noise - value.entropies.firstStep - value.entropies.prior
    #expect(abs(total - value.nullValue) < 1e-10)
    #expect(abs(value.nullValue / log(2) / 3 + 2.0471) < 1e-4)
    let seed = testSeed(4)
    let law = try GaussianMixture(variances: [1, 1, 1])
    let sampled = try bound.evaluate(law.samples(20000, seed: seed), seed: seed)
    expectWithin(sampled.gain, 0, seed)
    // The edge rule dropped: the forward kernel as the model's last step is the same here.
    let full = try EvidenceBound(kernel, lastStep: .model).evaluate(data, seed: 1)
    #expect(abs(full.total.value - value.nullValue) < 0.5)
  }

  @Test("Without the edge rule the bound is K_full, to the last digit")
  func edge() throws {
    let (data, noise) = design(variances: Self.variances)
    for row in try Self.table() {
      let kernel = try kernel(row.schedule)
      let edge = try exactBound(kernel)
      // The same divergences, with the model's last step and the prior's divergence.
      let value = try EvidenceBound(kernel).evaluate(data, seed: 1)
      let constants = value.entropies.noise - value.entropies.firstStep - value.entropies.prior
      let states = kernel.diffusion.states(from: data, noise: noise, step: 1)
      let decoder = mean(of: try kernel.reverse(states, step: 1).logDensity(of: data))
      let full = edge - constants + decoder - value.priorDivergence
      #expect(abs(full / log(2) + 3.497869) < 1e-6, "\(row.name)")
      // Dropping the rule would not go unseen in any row.
      #expect(full - edge > 2e-5, "\(row.name)")
    }
  }

  @Test("Data of another second moment are told, and the correction is that of the paths")
  func secondMoment() throws {
    let seed = testSeed(6)
    let law = try GaussianMixture(variances: [3, 3])
    let kernel = try DenoisingKernel(
      law, diffusion: GaussianDiffusion(.reciprocal(steps: 10)), variance: .optimal)
    let data = law.samples(2000, seed: seed)
    let value = try EvidenceBound(kernel).evaluate(data, seed: seed)
    #expect(!value.total.isResolved)
    #expect(abs(value.secondMoment - 3) < 0.3)
    // E(−w) with the edge rule is the bound without the assumption.
    let works = try PathWork(kernel).forward(from: data, seed: seed).works
    let difference = works.indices.map { value.values[$0] - value.momentCorrection + works[$0] }
    let error = (variance(of: difference) / Double(difference.count)).squareRoot()
    #expect(abs(mean(of: difference)) < zBound() * error, "seed \(seed)")
    #expect(abs(value.momentCorrection) > zBound() * error)
  }

  @Test("Any number of threads, and any number of rows, give the same bits")
  func determinism() throws {
    let law = try GaussianMixture(variances: Self.variances)
    let data = law.samples(700, seed: 1)
    var bound = EvidenceBound(try kernel(.reciprocal(steps: 7)), sum: .someSteps(draws: 1))
    bound.workers = Workers(count: 1)
    let one = try bound.evaluate(data, seed: 9)
    bound.workers = Workers(count: 2)
    #expect(try bound.evaluate(data, seed: 9).values == one.values)
    let few = try bound.evaluate(data.selectingRows(0..<30), seed: 9)
    #expect(few.values == Array(one.values[..<30]))
    #expect(try bound.evaluate(data, seed: 10).values != one.values)
  }

  @Test("Wrong data are refused, results are JSON")
  func errors() throws {
    let bound = EvidenceBound(try kernel(.reciprocal(steps: 4)))
    for elements in [[1, .nan], [1, .infinity]] {
      let data = Matrix<Double>(rows: 1, columns: 2, elements: elements)
      #expect(throws: SzilardError.self) { try bound.evaluate(data, seed: 1) }
    }
    #expect(throws: SzilardError.self) {
      try bound.evaluate(Matrix(rows: 2, columns: 3), seed: 1)
    }
    let value = try bound.evaluate(design(variances: Self.variances).data, seed: 1)
    let object = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any])
    #expect(object["unit"] as? String == "nats")
    #expect((object["terms"] as? [Any])?.count == 3)
    #expect((object["total"] as? [String: Any])?["verdict"] as? String == "resolved")
  }
}

/// Expects an estimate of a mean to be the expected value, with a false-alarm rate of 1e-9.
func expectWithin(
  _ estimate: Estimate, _ expected: Double, _ seed: UInt64,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = estimate.halfWidth / normalQuantile(0.975)
  if !(abs(estimate.value - expected) <= zBound() * error && estimate.isResolved) {
    Issue.record(
      "\(estimate) is not \(expected) (seed \(seed))", sourceLocation: sourceLocation)
  }
}
