import DiffusionModels
import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

/// dx = −x dt + √2 dB for three units of time, as a path from 0 to 1.
private let ornsteinUhlenbeck = NoisePath.variancePreserving(first: 6, last: 6)

@Suite("Entropy production of diffusion")
struct DiffusionEntropyProductionTests {
  @Test(
    "The numbers of 4.5", arguments: [(4.0, 0.806839, 0.330864), (0.25, 0.318146, 0.083024)])
  func exact(_ variance: Double, _ expected: Double, _ leastAction: Double) {
    let process = GaussianEntropyProduction(variances: [variance], path: ornsteinUhlenbeck)
    let grid = TimeGrid(panels: 60, in: 0...1)
    let total = grid.integral { process.rate(at: $0) }
    #expect(abs(total - expected) < 1e-6)
    let drop = process.divergenceFromPrior(at: 0) - process.divergenceFromPrior(at: 1)
    #expect(abs(total - drop) < 1e-9)
    let parts = grid.integral { process.systemRate(at: $0) + process.bathRate(at: $0) }
    #expect(abs(total - parts) < 1e-9)
    // T = 1 in the three units of time.
    let limit = SpeedLimit(of: process, duration: 3)
    #expect(abs(limit.cost - total) < 1e-9)
    #expect(abs(limit.leastAction - leastAction) < 1e-6)
    #expect(limit.holds(tolerance: 1e-9))
  }

  @Test("Sampled rates are the exact ones, split as they should be")
  func sampled() throws {
    let seed = testSeed(2)
    let law = try GaussianMixture(variances: [1.75, 0.25])
    let path = NoisePath.variancePreserving(first: 0.1, last: 20)
    let grid = TimeGrid(panels: 20, in: 1e-6...1)
    let exact = GaussianEntropyProduction(variances: [1.75, 0.25], path: path)
    let measured = try DiffusionEntropyProduction(
      of: law, data: law.samples(4000, seed: seed), path: path, grid: grid, seed: seed)
    for (index, point) in measured.points.enumerated() where index % 10 == 3 {
      expectNear(point.total, exact.rate(at: point.time), seed)
      expectNear(point.system, exact.systemRate(at: point.time), seed)
      expectNear(point.bath, exact.bathRate(at: point.time), seed)
      expectNear(point.squaredSpeed, exact.squaredSpeed(at: point.time), seed)
      let rest = point.total.value - point.system.value - point.bath.value
      #expect(abs(rest) < 1e-9 * max(1, abs(point.total.value)))
    }
    expectNear(measured.total, grid.integral { exact.rate(at: $0) }, seed)
    expectNear(measured.cost, grid.integral { exact.squaredSpeed(at: $0) }, seed)
    // The heat and the drop of KL are the same thing seen twice; quadrature is finer than the error.
    let drop = exact.divergenceFromPrior(at: 0) - exact.divergenceFromPrior(at: 1)
    expectNear(measured.total, drop, seed)
    let neural = try #require(measured.neuralEntropy)
    #expect(abs(neural.value - measured.total.value) < 1e-9)
    // A denoiser of other data does not tell the entropy's growth.
    let wrong = try DiffusionEntropyProduction(
      of: try GaussianMixture(variances: [1, 1]), data: law.samples(4000, seed: seed), path: path,
      grid: grid, seed: seed)
    #expect(abs(wrong.total.value - drop) > 0.1)
  }

  @Test("The means of a chain tell the entropy production of its forward process")
  func chains() throws {
    let seed = testSeed(13)
    let variances = [1.75, 0.25]
    let law = try GaussianMixture(variances: variances)
    let schedule = try NoiseSchedule.uniformLogSignalToNoise(
      steps: 60, firstRate: 1e-4, lastSignalPower: 1e-3)
    let kernel = try DenoisingKernel(
      law, diffusion: GaussianDiffusion(schedule), variance: .posterior)
    let measured = try DiffusionEntropyProduction(
      of: kernel, data: law.samples(4000, seed: seed), seed: seed)
    #expect(measured.points.count == 59)
    #expect(measured.points.first?.time == 0 && measured.points.last?.time == 1)
    // The drop of KL between the levels of the steps 2 and 60; trapezoids over 58 pieces of 0.27 in λ err by
    // (0.27²/12) times the change of the slope of the rate, below 1 % of the integral.
    func divergence(_ step: Int) -> Double {
      variances.reduce(0) { sum, l in
        let v = schedule.signalPowers[step] * l + schedule.noisePowers[step]
        return sum + 0.5 * (v - 1 - log(v))
      }
    }
    let drop = divergence(2) - divergence(60)
    let error = zBound() * measured.total.halfWidth / 1.96 + 0.01 * drop
    #expect(abs(measured.total.value - drop) < error, "\(measured.total), \(drop), seed \(seed)")
    let rest = measured.total.value - measured.system.value - measured.bath.value
    #expect(abs(rest) < 1e-9)
    let short = try DenoisingKernel(
      law, diffusion: GaussianDiffusion(.linear(steps: 2)), variance: .posterior)
    #expect(throws: SzilardError.self) {
      try DiffusionEntropyProduction(of: short, data: law.samples(10, seed: seed), seed: seed)
    }
  }

  @Test(
    "An observable moves no faster than the entropy produced allows; along the velocity just as fast"
  )
  func observables() throws {
    let seed = testSeed(12)
    let path = NoisePath.variancePreserving(first: 0.1, last: 20)
    let time = 0.3
    func limit(
      _ variances: [Double], _ gradient: @escaping (Matrix<Double>) -> Matrix<Double>
    ) throws -> ObservableSpeedLimit {
      let law = try GaussianMixture(variances: variances)
      return try ObservableSpeedLimit(
        of: law, data: law.samples(20_000, seed: seed), path: path, time: time, seed: seed,
        gradient: gradient)
    }
    func exact(_ variances: [Double]) -> Double {
      GaussianEntropyProduction(variances: variances, path: path).rate(at: time)
    }
    let along = try limit([1.75, 1.75]) { $0 }
    expectNear(along.leastEntropyProduction, exact([1.75, 1.75]), seed)
    // E r = v, so that its rate is v̇ = ȧ² (l − 1) for two coordinates.
    let level = path.level(at: time)
    expectNear(along.rate, 2 * level.signal * level.signalRate * 0.75, seed)
    // Two variances, one above and one below that of the noise: |x|²/2 sees next to nothing, the right quadratic all.
    let blind = try limit([1.5, 0.5]) { $0 }
    #expect(
      blind.leastEntropyProduction.interval.upperBound < 0.1 * exact([1.5, 0.5]), "seed \(seed)")
    let unequal = try limit([1.75, 0.25]) { x in
      var slopes = x
      for row in 0..<x.rows { slopes[row, 1] = -x[row, 1] }
      return slopes
    }
    let (low, rate) = (unequal.leastEntropyProduction, exact([1.75, 0.25]))
    #expect(low.value < rate + zBound() * low.halfWidth / 1.96, "seed \(seed)")
    #expect(low.value > 0.5 * rate)
    #expect(throws: SzilardError.self) {
      try ObservableSpeedLimit(
        of: try GaussianMixture(variances: [1]), data: Matrix(rows: 1, columns: 1), path: path,
        time: time, seed: 1
      ) { $0 }
    }
  }

  @Test("Trajectories: the mean is the drop of KL for few steps too, and e^{−s} has the mean 1")
  func trajectories() throws {
    let seed = testSeed(3)
    let law = try GaussianMixture(variances: [1.75])
    let schedule = NoiseSchedule.linear(steps: 10)
    let values = TrajectoryEntropyProduction.samples(
      of: law, schedule: schedule, count: 20_000, seed: seed)
    func divergence(_ step: Int) -> Double {
      let v = schedule.signalPowers[step] * 1.75 + schedule.noisePowers[step]
      return 0.5 * (v - 1 - log(v))
    }
    expectMeanNear(values, divergence(0) - divergence(10), seed)
    expectMeanNear(values.map { exp(-$0) }, 1, seed)
  }

  private func expectNear(_ estimate: Estimate, _ expected: Double, _ seed: UInt64) {
    let error = estimate.halfWidth / 1.96
    #expect(
      abs(estimate.value - expected) < zBound() * error,
      "\(estimate.value) is not \(expected) ± \(error), seed \(seed)")
  }

  private func expectMeanNear(_ values: [Double], _ expected: Double, _ seed: UInt64) {
    let error = (variance(of: values) / Double(values.count)).squareRoot()
    #expect(abs(mean(of: values) - expected) < zBound() * error, "seed \(seed)")
  }
}

@Suite("Bounds of the entropy of a reverse step")
struct EntropyBoundsTests {
  @Test("Gaussian data: the value is that of the true kernel and lies between, for unit variance")
  func gaussian() throws {
    for schedule in [
      NoiseSchedule.reciprocal(steps: 40), .linear(steps: 100),
      try NoiseSchedule(path: .cosine(offset: 0.008), steps: 40),
    ] {
      let variances = [1.75, 0.25]
      let bounds = EntropyBounds.gaussian(
        variances: variances, diffusion: GaussianDiffusion(schedule))
      #expect(bounds.map(\.step) == Array(2...schedule.steps))
      for one in bounds {
        let value = variances.reduce(0.0) { sum, l in
          func v(_ t: Int) -> Double {
            schedule.signalPowers[t] * l + schedule.noisePowers[t]
          }
          let width = schedule.rate(one.step) * v(one.step - 1) / v(one.step)
          return sum + 0.5 * log(2 * .pi * exp(1) * width)
        }
        #expect(abs(one.value - value) < 1e-12)
        #expect(one.lower <= one.value + 1e-9 && one.value <= one.upper + 1e-9)
      }
      // What the lower bound is off by is the step's divergence with the best kernel.
      let least = bounds[5].leastDivergence
      let (t, expected) = (bounds[5].step, variances)
      let sum = expected.reduce(0.0) { sum, l in
        func v(_ t: Int) -> Double { schedule.signalPowers[t] * l + schedule.noisePowers[t] }
        return sum
          + 0.5
          * log(
            v(t - 1) * schedule.noisePowers[t] / (v(t) * schedule.noisePowers[t - 1]))
      }
      #expect(abs(least - sum) < 1e-12)
      // Wide data lose entropy on the way: the upper bound is none for them.
      let wide = EntropyBounds.gaussian(variances: [4, 4], diffusion: GaussianDiffusion(schedule))
      #expect(wide.contains { $0.value > $0.upper + 1e-3 })
    }
  }

  @Test("Sampled entropies are the exact ones")
  func sampled() throws {
    let seed = testSeed(4)
    let diffusion = GaussianDiffusion(.linear(steps: 20))
    let exact = EntropyBounds.gaussian(variances: [1.75, 0.25], diffusion: diffusion)
    let sampled = EntropyBounds.sampled(
      of: try GaussianMixture(variances: [1.75, 0.25]), diffusion: diffusion, samples: 3000,
      seed: seed)
    for (a, b) in zip(exact, sampled) {
      #expect(a.step == b.step && abs(a.lower - b.lower) < 1e-12)
      #expect(abs(a.value - b.value) < zBound() * b.standardError, "seed \(seed)")
    }
  }

  @Test("The heartbeat lies between, and its steps dissipate what the best kernel of bits must")
  func heartbeat() throws {
    let patterns = try PatternSet.heartbeat(
      diffusion: .bernoulli(activity: 0.2, schedule: .reciprocal(steps: 20)))
    let classes = try patterns.stateClasses()
    let bounds = EntropyBounds.patterns(patterns, classes: classes)
    for one in bounds {
      #expect(one.lower <= one.value + 1e-9 && one.value <= one.upper + 1e-9, "step \(one.step)")
    }
    // The information telescopes: Σ_{t≥2} I(X_{t−1}; X_0|X_t) = I(X_1; X_0) − I(X_T; X_0).
    let first = patterns.patterns.row(0).reduce(0) {
      $0 + patterns.diffusion.conditionalEntropy(data: Int($1), step: 1)
    }
    let information = patterns.entropy(step: 1, classes: classes) - first
    let sum = bounds.dropFirst().reduce(0) { $0 + $1.leastDivergence }
    #expect(abs(sum - information) < 1e-9)
    let kernel = try DataPredictionKernel(patterns, diffusion: patterns.diffusion)
    let terms = try (2...20).map {
      (
        step: $0, mean: try patterns.meanDivergence(of: kernel, step: $0, classes: classes),
        standardError: 0.0
      )
    }
    let steps = StepEntropyProduction.steps(divergences: terms, entropies: bounds)
    #expect(steps.count == 19 && steps.allSatisfy { $0.mean > -1e-9 })
    // Independent bits cannot be the true reverse step.
    #expect(steps.reduce(0) { $0 + $1.mean } > 0.1)
  }
}

@Suite("Distances and speeds of transport")
struct TransportTests {
  private func normalQuantiles(_ count: Int, mean: Double = 0, deviation: Double = 1) -> [Double] {
    (0..<count).map { mean + deviation * normalQuantile((Double($0) + 0.5) / Double(count)) }
  }

  @Test("Sorted samples: equal-mean normals, shifts, unequal sizes")
  func line() {
    let (x, y) = (normalQuantiles(4000, deviation: 2), normalQuantiles(4000, deviation: 0.5))
    #expect(abs(WassersteinDistance.line(x, y) - (2 / Double.pi).squareRoot() * 1.5) < 2e-3)
    #expect(abs(WassersteinDistance.line(x, y, order: 2) - 1.5) < 5e-3)
    #expect(abs(WassersteinDistance.line(x, x.map { $0 + 0.3 }) - 0.3) < 1e-12)
    #expect(abs(WassersteinDistance.line([0, 1], [0, 0, 1, 1]) - 0) < 1e-12)
    #expect(abs(WassersteinDistance.line([0], [1, 3], order: 2) - 5.0.squareRoot()) < 1e-12)
  }

  @Test("Gaussians: one axis, shared axes, turned ones")
  func gaussian() throws {
    func diagonal(_ a: Double, _ b: Double) -> Matrix<Double> {
      Matrix(rows: 2, columns: 2, elements: [a, 0, 0, b])
    }
    let shared = try WassersteinDistance.gaussian(
      mean: [1, 0], covariance: diagonal(4, 0.25), mean: [0, 0], covariance: diagonal(1, 1))
    #expect(abs(shared * shared - (1 + 1 + 0.25)) < 1e-12)
    // Turning both changes nothing.
    let (c, s) = (cos(0.7), sin(0.7))
    let turn = Matrix<Double>(rows: 2, columns: 2, elements: [c, -s, s, c])
    func turned(_ a: Matrix<Double>) -> Matrix<Double> {
      LinearAlgebra.product(LinearAlgebra.product(turn, a), turn.transposed)
    }
    let other = try WassersteinDistance.gaussian(
      mean: [c, s], covariance: turned(diagonal(4, 0.25)), mean: [0, 0],
      covariance: turned(diagonal(1, 1)))
    #expect(abs(other - shared) < 1e-12)
  }

  @Test("The best assignment is the best of all, and sorting is it on a line")
  func assignment() {
    var stream = RandomStream(seed: testSeed(5), purpose: .test)
    func draw(_ rows: Int, _ columns: Int) -> Matrix<Double> {
      Matrix(
        rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in stream.normal() })
    }
    let (x, y) = (draw(6, 2), draw(6, 2))
    func permutations(_ items: [Int]) -> [[Int]] {
      guard !items.isEmpty else { return [[]] }
      return items.flatMap { first in
        permutations(items.filter { $0 != first }).map { [first] + $0 }
      }
    }
    for order in [1.0, 2] {
      let best =
        permutations(Array(0..<6)).map { permutation in
          (0..<6).reduce(0.0) { sum, i in
            let (dx, dy) = (x[i, 0] - y[permutation[i], 0], x[i, 1] - y[permutation[i], 1])
            return sum + pow(hypot(dx, dy), order)
          } / 6
        }.min() ?? 0
      let found = WassersteinDistance.assignment(x, y, order: order)
      #expect(abs(pow(found, order) - best) < 1e-12)
    }
    let (a, b) = (draw(60, 1), draw(60, 1))
    #expect(
      abs(
        WassersteinDistance.assignment(a, b)
          - WassersteinDistance.line(a.elements, b.elements)) < 1e-12)
  }

  @Test("A shift as seen in slices")
  func sliced() {
    let seed = testSeed(6)
    var x = Matrix<Double>(rows: 50, columns: 2)
    for row in 0..<50 { x.setRow(row, to: [Double(row), sin(Double(row))]) }
    var y = x
    for row in 0..<50 { y[row, 0] += 0.6 }
    // cos² is within [0, 1]: Hoeffding for 4000 directions.
    let distance = WassersteinDistance.sliced(x, y, projections: 4000, seed: seed)
    #expect(
      abs(distance * distance / 0.36 - 0.5) < hoeffdingBound(samples: 4000), "seed \(seed)")
  }

  @Test(
    "Speed and accuracy of a Gaussian: η of 4.5", arguments: [(4.0, 0.32922), (0.25, 0.082608)])
  func gaussianAccuracy(_ variance: Double, _ expected: Double) throws {
    let law = try GaussianMixture(variances: [variance], workers: Workers(count: 1))
    let final = 1 + (variance - 1) * exp(-6)
    let truth = normalQuantiles(400, deviation: final.squareRoot())
    let measured = try SpeedAccuracy(
      truth: Matrix(rows: 400, columns: 1, elements: truth),
      estimate: Matrix(rows: 400, columns: 1, elements: truth.map { $0 + 0.1 }),
      divergence: exp(0.01 / final) - 1, times: (0...60).map { 1 - (1 - 1e-5) * Double($0) / 60 },
      velocity: { try law.predict(.velocity, of: $0, at: ornsteinUhlenbeck.level(at: $1)) })
    // Three units of time.
    #expect(abs(measured.efficiency / 3 / expected - 1) < 1e-3)
    #expect(measured.efficiency <= measured.lossOfAccuracy * (1 + 1e-12))
    #expect(measured.lossOfAccuracy <= measured.cost)
    let process = GaussianEntropyProduction(variances: [variance], path: ornsteinUhlenbeck)
    #expect(
      abs(measured.displacement / process.distance(from: 0, to: 1) - 1) < 0.01)
  }

  @Test("Two modes: the costs of cosine and straight lines of 4.5")
  func twoModes() throws {
    let scale = 1 / 1.01.squareRoot()
    let law = try GaussianMixture(
      weights: [0.5, 0.5], means: [[-scale], [scale]],
      covariances: [Double](repeating: 0.01 / 1.01, count: 2).map {
        Matrix(rows: 1, columns: 1, elements: [$0])
      }, workers: Workers(count: 1))
    let truth = normalQuantiles(500)
    for (path, cost, length) in [
      (NoisePath.cosine(offset: 0), 0.637, 0.591), (.conditionalTransport, 0.833, 0.850),
    ] {
      let measured = try SpeedAccuracy(
        truth: Matrix(rows: 500, columns: 1, elements: truth),
        estimate: Matrix(rows: 500, columns: 1, elements: truth.map { $0 + 0.05 }),
        divergence: exp(0.0025) - 1,
        times: (0...120).map { 1e-3 + 0.998 * pow(1 - Double($0) / 120, 2) },
        velocity: { try law.predict(.velocity, of: $0, at: path.level(at: $1)) })
      #expect(abs(measured.cost / cost - 1) < 0.02)
      #expect(abs(measured.length / length - 1) < 0.02)
      #expect(abs(measured.efficiency / 0.022 - 1) < 0.05)
      #expect(measured.efficiency <= measured.lossOfAccuracy)
      #expect(measured.lossOfAccuracy <= measured.cost)
      let limit = SpeedLimit(
        cost: measured.cost, action: measured.cost, length: measured.length,
        distance: measured.displacement, duration: measured.duration)
      #expect(limit.holds(tolerance: 1e-6))
      #expect(abs(limit.leastAction / 0.296 - 1) < 0.02)
    }
  }

  @Test("Courses of noise: straight lines cost 2, the arc (π/2)²")
  func schedules() {
    let straight = ScheduleGeometry(of: .conditionalTransport, duration: 2)
    #expect(abs(straight.cost - 1) < 1e-12 && abs(straight.leastCost - 1) < 1e-12)
    let arc = ScheduleGeometry(of: .cosine(offset: 0))
    #expect(abs(arc.cost - Double.pi * Double.pi / 4) < 1e-12)
    let preserving = ScheduleGeometry(of: .variancePreserving(first: 0.1, last: 20), in: 1e-6...1)
    #expect(preserving.cost > preserving.leastCost)
  }

  @Test("The force that turns: level and velocity carry the law along")
  func rotating() throws {
    let covariance = Matrix<Double>(rows: 2, columns: 2, elements: [1.4, 0.5, 0.5, 0.6])
    let law = try GaussianMixture(mean: [0, 0], covariance: covariance)
    let process = RotatingDiffusion(
      law: law, contraction: 0.7, rotation: 3, finalTemperature: 2, duration: 1.5)
    func width(_ time: Double) -> Matrix<Double> {
      let (level, angle) = (process.level(at: time), process.angle(at: time))
      let (c, s) = (cos(angle), sin(angle))
      let turn = Matrix<Double>(rows: 2, columns: 2, elements: [c, -s, s, c])
      let turned = LinearAlgebra.product(
        LinearAlgebra.product(turn, covariance), turn.transposed)
      var result = turned.map { $0 * level.signal * level.signal }
      for i in 0..<2 { result[i, i] += level.noise * level.noise }
      return result
    }
    for time in [0.2, 0.7, 1.3] {
      // The velocity is linear: its matrix from the unit vectors.
      let unit = LinearAlgebra.identity(2)
      let matrix = try process.velocity(unit, at: time).transposed
      let now = width(time)
      let step = 1e-5
      let (before, after) = (width(time - step), width(time + step))
      let slope = LinearAlgebra.product(matrix, now)
      for i in 0..<2 {
        for j in 0..<2 {
          let derivative = (after[i, j] - before[i, j]) / (2 * step)
          #expect(abs(slope[i, j] + slope[j, i] - derivative) < 1e-6)
        }
      }
    }
  }
}
