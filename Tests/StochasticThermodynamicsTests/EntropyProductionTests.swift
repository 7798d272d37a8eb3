import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import StochasticThermodynamics

/// z' = a z + noise in the plane.
private func rotatingChain(_ real: Double, _ imaginary: Double) throws -> LinearGaussianChain {
  try LinearGaussianChain(
    propagator: Matrix(rows: 2, columns: 2, elements: [real, -imaginary, imaginary, real]),
    noise: LinearAlgebra.identity(2))
}

/// A chain in detailed balance: a diagonal propagator and a diagonal noise, mixed by a matrix.
private func reversibleChain(_ eigenvalues: [Double]) throws -> LinearGaussianChain {
  let d = eigenvalues.count
  var mixing = LinearAlgebra.identity(d)
  var inner = LinearAlgebra.identity(d)
  for i in 0..<d {
    inner[i, i] = eigenvalues[i]
    for j in 0..<i { mixing[i, j] = 0.5 * Double((3 * i + 5 * j) % 4) - 0.7 }
  }
  let inverse = try #require(LinearAlgebra.solve(mixing, LinearAlgebra.identity(d)))
  return try LinearGaussianChain(
    propagator: LinearAlgebra.product(mixing, LinearAlgebra.product(inner, inverse)),
    noise: LinearAlgebra.product(mixing, mixing.transposed))
}

@Suite struct GaussianLagTests {
  /// O3: 4 (Im a)²/(1 − |a|²), and the chain's own value, for any lag.
  @Test func closedForms() throws {
    for (real, imaginary) in [(0.9, 0.1), (-0.3, 0.5), (0.99, 0.02)] {
      let chain = try rotatingChain(real, imaginary)
      let lagged = LinearAlgebra.product(chain.propagator, chain.covariance)
      let value = try #require(
        GaussianLag.entropyProduction(covariance: chain.covariance, lagged: lagged))
      let exact = 4 * imaginary * imaginary / (1 - real * real - imaginary * imaginary)
      #expect(isClose(value, exact, relative: 1e-11))
      #expect(isClose(value, chain.entropyProduction, relative: 1e-11))
    }
    for index in 0..<4 {
      var random = RandomStream(seed: 11, purpose: .test, index: UInt64(index))
      let d = 2 + index
      var propagator = Matrix<Double>(rows: d, columns: d)
      for i in 0..<d {
        for j in 0..<d { propagator[i, j] = random.normal() / (2.5 * Double(d).squareRoot()) }
      }
      let chain = try LinearGaussianChain(
        propagator: propagator, noise: LinearAlgebra.identity(d))
      let lagged = LinearAlgebra.product(propagator, chain.covariance)
      let value = try #require(
        GaussianLag.entropyProduction(covariance: chain.covariance, lagged: lagged))
      #expect(isClose(value, chain.entropyProduction, relative: 1e-9))
      // The same backwards in time.
      let mirrored = try #require(
        GaussianLag.entropyProduction(covariance: chain.covariance, lagged: lagged.transposed))
      #expect(isClose(value, mirrored, relative: 1e-9))
    }
    // O3: 7.9920, 7.9192, 7.1308, 3.2967, 0.5176 per unit of time.
    let process = try OrnsteinUhlenbeckProcess.rotating(stiffness: 1, frequency: 2)
    for (interval, rate) in [(0.001, 7.9920), (0.1, 7.1308), (1, 0.5176)] {
      let propagator = try process.observed(every: interval).propagator
      let value = try #require(
        GaussianLag.entropyProduction(
          covariance: process.covariance,
          lagged: LinearAlgebra.product(propagator, process.covariance)))
      #expect(abs(value / interval - rate) < 5.1e-5)
    }
  }

  /// Estimates of the Euler chain of O2 and of O4 hold the truth, and the area has the sign of Q.
  @Test func estimatesHoldTheTruth() throws {
    let seed = testSeed(241)
    let trap = try OrnsteinUhlenbeckProcess.rotating(stiffness: 1, frequency: 2)
    let gyrator = try BrownianGyrator(
      stiffnesses: (1, 2), coupling: 0.5, temperatures: (1, 0.1), friction: 1.3
    ).process()
    // O7: descent with [D, H] ≠ 0, η H and D of a step.
    let descent = try OrnsteinUhlenbeckProcess(
      drift: Matrix(rows: 2, columns: 2, elements: [0.6, 0.15, 0.15, 0.3]),
      diffusion: Matrix(rows: 2, columns: 2, elements: [0.3, -0.1, -0.1, 0.1]))
    for (index, process) in [trap, gyrator, descent].enumerated() {
      let chain = try process.discretised(interval: index < 2 ? 0.05 : 1)
      let record = try chain.trajectory(count: 200_000, seed: seed, index: UInt64(index))
      for lag in index < 2 ? [1, 3] : [1] {
        var propagator = chain.propagator
        for _ in 1..<lag { propagator = LinearAlgebra.product(propagator, chain.propagator) }
        let truth = try #require(
          GaussianLag.entropyProduction(
            covariance: chain.covariance,
            lagged: LinearAlgebra.product(propagator, chain.covariance)))
        let one = try GaussianLag.estimate(record, lag: lag, confidence: 1 - defaultAlpha)
        #expect(one.estimate.isResolved, "\(one.estimate)")
        #expect(one.estimate.interval.contains(truth), "seed \(seed): \(one.estimate), \(truth)")
        // At a confidence of 1 − 1e-9 it still tells the process from a reversible one, and from double.
        #expect(one.estimate.interval.lowerBound > 0, "seed \(seed): \(one.estimate)")
        #expect(one.estimate.interval.upperBound < 2 * truth, "seed \(seed): \(one.estimate)")
        #expect((one.null?.exceedance ?? 1) == 0.001, "seed \(seed)")
      }
      let current = try ProbabilityCurrent(of: record)
      let lagged = LinearAlgebra.product(chain.propagator, chain.covariance)
      let exact = (lagged[1, 0] - lagged[0, 1]) / 2
      let error = current.standardErrors[0, 1]
      #expect(
        abs(current.circulation[0, 1] - exact) < zBound() * error, "seed \(seed)")
      #expect(current.circulation[1, 0] == -current.circulation[0, 1])
      // The opposite sign, which a lag taken backwards would give, is rejected.
      #expect(abs(current.circulation[0, 1] + exact) > zBound() * error, "seed \(seed)")
    }
  }

  /// In reversible linear chains n times the plug-in value is 2χ² of d(d − 1)/2 degrees of freedom,
  /// the bias is taken off, and the null is calibrated.
  @Test func reversibleChains() throws {
    let seed = testSeed(242)
    let chain = try reversibleChain([0.9, 0.5, -0.3])
    let (count, runs) = (6000, 150)
    let tried = try (0..<runs).map {
      try GaussianLag.estimate(
        chain.trajectory(count: count, seed: seed, index: UInt64($0)), replicates: 199,
        seed: UInt64($0))
    }
    // A drift is seen where there is none once in 10⁴ runs.
    let all = tried.filter { $0.estimate.isResolved }
    let unresolved = binomialAcceptance(trials: tried.count, probability: 1e-4)
    #expect(unresolved.contains(tried.count - all.count))
    let plugIns = all.map { ($0.estimate.value + $0.bias) * Double(count - 1) }
    let error = (variance(of: plugIns) / Double(runs)).squareRoot()
    // 2χ² of 3 degrees: mean 6, variance 24. Bounds at 1e-6 each: means of 150 skewed values.
    let z = zBound(alpha: 1e-6)
    #expect(abs(mean(of: plugIns) - 6) < z * error, "seed \(seed): \(mean(of: plugIns))")
    #expect(
      kolmogorovDistance(plugIns) { incompleteGamma(shape: 1.5, max(0, $0) / 4).lower }
        < dkwBound(samples: runs, alpha: 1e-6), "seed \(seed)")
    let values = all.map(\.estimate.value)
    #expect(abs(mean(of: values)) < z * error / Double(count), "seed \(seed): \(mean(of: values))")
    // The mutant that does not correct the bias is told.
    #expect(mean(of: plugIns) > z * error, "seed \(seed)")
    #expect(
      abs(mean(of: all.map(\.bias)) * Double(count) - 6) < 1, "seed \(seed): the jackknife's bias")
    // Zero is covered in 95 %, and the null exceeded at its rate (up to 3 % for the blocks' finite number).
    expectCalibrated(all, runs: runs, seed: seed)
    #expect(
      all.count { ($0.null?.exceedance ?? 1) <= 0.5 }
        >= binomialAcceptance(
          trials: runs, probability: 0.45, alpha: 1e-6
        ).lowerBound, "seed \(seed)")
  }

  /// Coverage of the interval where the current is small, moderate and large; 92 to 98 % is asked.
  @Test(arguments: [(0.01, 2000), (0.03, 2000), (0.3, 2000)])
  func coverage(imaginary: Double, count: Int) throws {
    let seed = testSeed(243)
    let chain = try rotatingChain(0.85, imaginary)
    let runs = 200
    let all = try (0..<runs).map {
      try GaussianLag.estimate(
        chain.trajectory(count: count, seed: seed, index: UInt64($0)), replicates: 9)
    }
    let covered = all.count { $0.estimate.interval.contains(chain.entropyProduction) }
    #expect(
      (binomialAcceptance(trials: runs, probability: 0.92, alpha: 1e-6).lowerBound...runs)
        .contains(covered), "seed \(seed): \(covered) of \(runs)")
    // The corrected value has the right mean; the plug-in has not where the bias is comparable.
    let values = all.map(\.estimate.value)
    let error = (variance(of: values) / Double(runs)).squareRoot()
    #expect(
      abs(mean(of: values) - chain.entropyProduction)
        < zBound(alpha: 1e-6) * error + 0.03 * chain.entropyProduction, "seed \(seed)")
  }

  /// Numbers do not depend on units, threads or the order of chains; independent chains may be short.
  @Test func invariances() throws {
    let seed = testSeed(244)
    let chain = try rotatingChain(0.8, 0.3)
    let record = try chain.trajectory(count: 20_000, seed: seed)
    let one = try GaussianLag.estimate(record)
    let threads = try GaussianLag.estimate(record, workers: Workers(count: 3))
    #expect(one == threads)
    // Other units, mixed coordinates, a large offset.
    let mixed = try Trajectories(
      values: (0..<record.length).flatMap { row -> [Double] in
        let (x, y) = (record.values[2 * row], record.values[2 * row + 1])
        return [1e6 + 1e-3 * x, 40 * x - 7 * y]
      }, dimension: 2)
    let other = try GaussianLag.estimate(mixed)
    #expect(isClose(one.estimate.value, other.estimate.value, relative: 1e-6))
    #expect(
      isClose(one.estimate.interval.upperBound, other.estimate.interval.upperBound, relative: 1e-5))
    // 400 chains of 50 states.
    let values = try (0..<400).flatMap {
      try chain.trajectory(count: 50, seed: seed, index: UInt64(100 + $0)).values
    }
    let chains = try Trajectories(values: values, chains: 400, dimension: 2)
    let several = try GaussianLag.estimate(chains, confidence: 1 - defaultAlpha)
    #expect(several.estimate.interval.contains(chain.entropyProduction), "seed \(seed)")
    #expect(several.estimate.interval.lowerBound > 0, "seed \(seed)")
  }
}

@Suite struct UncertaintyBoundTests {
  /// F9: windows of any length never exceed the truth; the shortest comes near it.
  @Test func windowsNeverExceedTheTruth() throws {
    let seed = testSeed(245)
    let process = try OrnsteinUhlenbeckProcess.rotating(stiffness: 1, frequency: 2)
    let chain = try process.observed(every: 0.02)
    let record = try chain.trajectory(count: 200_000, seed: seed)
    for window in [1, 5, 50, 500] {
      let one = try UncertaintyBound.estimate(record, lag: window, confidence: 1 - defaultAlpha)
      let time = 0.02 * Double(window)
      #expect(one.estimate.isResolved, "\(one.estimate)")
      #expect(
        one.estimate.interval.lowerBound / time < process.entropyProductionRate, "seed \(seed)")
      if window == 1 {
        #expect(one.estimate.interval.lowerBound / time > 0.7 * 8, "seed \(seed): \(one.estimate)")
        #expect(one.estimate.interval.upperBound / time < 1.2 * 8, "seed \(seed)")
      }
      #expect((one.bound ?? 1) < one.estimate.value)
    }
  }

  /// With weights kept in the null, four coordinates exceeded its 5 % point in 16 % of runs.
  @Test(arguments: [[0.8, 0.2], [0.8, 0.5, 0.2, -0.2]])
  func reversibleChainsGiveZero(eigenvalues: [Double]) throws {
    let seed = testSeed(246)
    let chain = try reversibleChain(eigenvalues)
    let runs = 100
    let all = try (0..<runs).map {
      try UncertaintyBound.estimate(
        chain.trajectory(count: 3000, seed: seed, index: UInt64($0)), replicates: 99,
        seed: UInt64($0))
    }
    let values = all.map(\.estimate.value)
    let error = (variance(of: values) / Double(runs)).squareRoot()
    #expect(abs(mean(of: values)) < zBound(alpha: 1e-6) * error, "seed \(seed)")
    expectCalibrated(all, runs: runs, seed: seed)
  }
}

/// Intervals of reversible records hold zero in 95 %, and nulls are exceeded at their rate, up to 3 % for the finite number
/// of blocks.
private func expectCalibrated(_ all: [EntropyProductionEstimate], runs: Int, seed: UInt64) {
  let covered = all.count { $0.estimate.interval.contains(0) }
  #expect(
    covered >= binomialAcceptance(trials: runs, probability: 0.92, alpha: 1e-6).lowerBound,
    "seed \(seed): \(covered)")
  let false05 = all.count { ($0.null?.exceedance ?? 0) <= 0.05 }
  #expect(
    false05 <= binomialAcceptance(trials: runs, probability: 0.08, alpha: 1e-6).upperBound,
    "seed \(seed): \(false05)")
}

@Suite struct LearnedEntropyProductionTests {
  /// Distances of the tree are those of all pairs.
  @Test func neighbourTree() {
    var random = RandomStream(seed: 5, purpose: .test)
    for d in [1, 2, 4, 6] {
      let count = 700
      var points = (0..<count * d).map { _ in random.normal() }
      // Some of them twice.
      for k in 0..<50 * d { points[(count - 50) * d + k] = points[k] }
      let tree = NeighbourTree(points, dimension: d)
      for rank in [1, 4] {
        for _ in 0..<60 {
          let place = (0..<d).map { _ in 1.5 * random.normal() }
          let distances = (0..<count).map { row in
            (0..<d).reduce(0.0) { $0 + pow(points[row * d + $1] - place[$1], 2) }
          }.sorted()
          #expect(
            isClose(
              tree.squaredDistance(to: place, rank: rank), distances[rank - 1], relative: 1e-12))
        }
      }
    }
  }

  @Test func neighboursSeeCurrentsAndNothingElse() throws {
    let seed = testSeed(247)
    let chain = try rotatingChain(0.6, 0.3)
    let truth = chain.entropyProduction
    let one = try NeighbourDivergence.estimate(chain.trajectory(count: 20_000, seed: seed))
    #expect(one.estimate.isResolved, "\(one.estimate)")
    // Distances smooth the density: too small by up to a third, measured 10 to 20 %.
    let error = one.estimate.halfWidth / normalQuantile(0.975)
    #expect(one.estimate.value > 0.65 * truth - zBound() * error, "seed \(seed): \(one.estimate)")
    #expect(
      one.estimate.value < truth + zBound() * error, "seed \(seed): \(one.estimate), \(truth)")
    #expect(one.isIrreversible, "seed \(seed)")
    let still = try NeighbourDivergence.estimate(
      reversibleChain([0.7, 0.2]).trajectory(count: 8000, seed: seed))
    let none = still.estimate.halfWidth / normalQuantile(0.975)
    #expect(abs(still.estimate.value) < zBound() * none, "seed \(seed): \(still.estimate)")
  }

  /// Intervals of neighbours hold zero for reversible chains; with errors of independent blocks, which
  /// halves that look one another up do not have, they held it in 82 % only.
  @Test func neighboursAreCalibrated() throws {
    let seed = testSeed(252)
    let chain = try reversibleChain([0.7, 0.4])
    let runs = 100
    let all = try (0..<runs).map {
      try NeighbourDivergence.estimate(
        chain.trajectory(count: 1500, seed: seed, index: UInt64($0)), replicates: 99,
        seed: UInt64($0))
    }
    expectCalibrated(all, runs: runs, seed: seed)
  }

  /// One coordinate, noise that jumps up and relaxes: no linear current at all, but neighbours and the network see it.
  @Test func currentsThatAreNotLinear() throws {
    let seed = testSeed(248)
    // Jumps are sudden, relaxation is slow: not the same backwards.
    var random = RandomStream(seed: seed, purpose: .test)
    var x = 0.0
    let values = (0..<24_000).map { _ -> Double in
      x = 0.8 * x - log(random.uniform())
      return x
    }
    let record = try Trajectories(values: values, dimension: 1)
    let linear = try GaussianLag.estimate(record)
    #expect(!linear.estimate.isResolved)
    let near = try NeighbourDivergence.estimate(record)
    #expect(near.isIrreversible && near.estimate.interval.lowerBound > 0, "seed \(seed)")
    var options = NeuralEntropyProduction.Options()
    options.updates = 150
    options.hiddenUnits = 12
    let learned = try NeuralEntropyProduction.estimate(
      record, options: options, workers: Workers(count: 2))
    #expect(learned.isIrreversible, "seed \(seed): \(learned.estimate)")
    // The same bits for any number of threads.
    let again = try NeuralEntropyProduction.estimate(
      record, options: options, workers: Workers(count: 1))
    #expect(learned == again)
  }

  @Test func networkLearnsARotation() throws {
    let seed = testSeed(249)
    let chain = try rotatingChain(0.6, 0.25)
    var options = NeuralEntropyProduction.Options()
    options.updates = 500
    options.hiddenUnits = 12
    let one = try NeuralEntropyProduction.estimate(
      chain.trajectory(count: 30_000, seed: seed), options: options, seed: seed,
      workers: Workers(count: 2))
    let error = one.estimate.halfWidth / normalQuantile(0.975)
    let truth = chain.entropyProduction
    #expect(
      abs(one.estimate.value - truth) < zBound() * error + 0.15 * truth,
      "seed \(seed): \(one.estimate), \(truth)")
    // 1 + ⟨σ − e^{−σ}⟩ bounds the truth from below in expectation.
    #expect((one.bound ?? 9) < truth + zBound() * error, "seed \(seed)")
    #expect(one.isIrreversible, "seed \(seed)")
  }
}

@Suite struct TrajectoryVerdictTests {
  private func reason(_ estimate: EntropyProductionEstimate) -> String {
    if case .unresolved(let reason) = estimate.estimate.verdict { return reason }
    return "resolved"
  }

  private func everyMethod(_ record: Trajectories) throws -> [EntropyProductionEstimate] {
    try [
      GaussianLag.estimate(record), UncertaintyBound.estimate(record),
      NeighbourDivergence.estimate(record), NeuralEntropyProduction.estimate(record),
    ]
  }

  /// What cannot be estimated says why, in every method, and is finite.
  @Test func whatCannotBeEstimated() throws {
    let seed = testSeed(250)
    let chain = try rotatingChain(0.6, 0.25)
    let good = try chain.trajectory(count: 5000, seed: seed)
    func changed(
      _ dimension: Int, _ row: (Int, Double, Double) -> [Double]
    ) throws -> Trajectories {
      try Trajectories(
        values: (0..<good.length).flatMap { row($0, good.values[2 * $0], good.values[2 * $0 + 1]) },
        dimension: dimension)
    }
    let cases: [(Trajectories, String)] = [
      (try changed(3) { [$1, 5, $2] }, "column 2 is constant"),
      (try changed(3) { [$1, $2, -3 * $1 + 2] }, "column 3 is column 1 again"),
      (try changed(3) { [$1, $2, $1 + $2] }, "column 3 is a linear combination"),
      (try changed(2) { [$1 + 2e-4 * Double($0), $2] }, "mean of column 1 drifts"),
      (try changed(2) { [$1, $2 * ($0 < 2500 ? 1 : 2)] }, "variance of column 2 drifts"),
      (try Trajectories(values: Array(good.values[..<80]), dimension: 2), "tell an error"),
    ]
    for (record, expected) in cases {
      for one in try everyMethod(record) {
        #expect(reason(one).contains(expected), "seed \(seed): \(one.kind): \(reason(one))")
        #expect(one.estimate.value.isFinite && !one.isIrreversible)
      }
    }
    // Slow memory: few relaxation times in many states.
    let slow = try rotatingChain(0.9995, 0.001).trajectory(count: 10_000, seed: seed)
    #expect(!(try GaussianLag.estimate(slow)).estimate.isResolved, "seed \(seed)")
    // A direction without noise.
    let wheel = (0..<4000).flatMap { [cos(0.1 * Double($0)), sin(0.1 * Double($0))] }
    #expect(
      !(try GaussianLag.estimate(Trajectories(values: wheel, dimension: 2))).estimate.isResolved)
  }

  @Test func badInputIsRefused() throws {
    var values = [Double](repeating: 1, count: 60)
    values[31] = .nan
    do {
      _ = try Trajectories(values: values, chains: 2, dimension: 3)
      Issue.record("a NaN was taken")
    } catch {
      #expect(error.kind == .badData)
      #expect(error.message.contains("chain 2, row 1, column 2"), "\(error.message)")
    }
    #expect(throws: SzilardError.self) { try Trajectories([[1, 2], [3]]) }
    #expect(throws: SzilardError.self) { try Trajectories(values: [1], dimension: 1) }
    let record = try rotatingChain(0.5, 0.1).trajectory(count: 100, seed: 1)
    #expect(throws: SzilardError.self) { try GaussianLag.estimate(record, lag: 100) }
    #expect(throws: SzilardError.self) { try GaussianLag.estimate(record, lag: 0) }
    #expect(throws: SzilardError.self) { try record.discarding(99) }
    #expect(try record.discarding(10).length == 90)
    let wide = try Trajectories(
      values: (0..<2100).map { Double($0 * $0 % 17) }, dimension: 21)
    #expect(throws: SzilardError.self) { try UncertaintyBound.estimate(wide) }
    #expect(throws: SzilardError.self) { try NeighbourDivergence.estimate(wide) }
  }

  /// A random walk is not stationary: it is called irreversible in no more runs than the level says.
  @Test func randomWalksAreNotCalledIrreversible() throws {
    let seed = testSeed(251)
    let runs = 60
    var called = 0
    for run in 0..<runs {
      var random = RandomStream(seed: seed, purpose: .test, index: UInt64(run))
      var (x, y) = (0.0, 0.0)
      let values = (0..<1500).flatMap { _ -> [Double] in
        x += random.normal()
        y += random.normal()
        return [x, y]
      }
      let one = try GaussianLag.estimate(Trajectories(values: values, dimension: 2), replicates: 99)
      if one.isIrreversible { called += 1 }
    }
    #expect(
      called <= binomialAcceptance(trials: runs, probability: 0.05, alpha: 1e-6).upperBound,
      "seed \(seed): \(called)")
  }
}
