import DataSets
import Foundation
import NumericalCore
import SpectralTheory
import TestSupport
import Testing

@testable import BoltzmannMachines

@Suite struct MeanFieldLearningTests {
  /// The weights solve their own equations, whether one state wins or all share.
  @Test(arguments: [0.01, 1, 100], [1.0, 30]) func implicitWeightsSolveTheirEquations(
    strength: Double, spread: Double
  ) {
    var random = RandomStream(seed: testSeed(1), purpose: .test)
    let count = 12
    let factors = Matrix<Double>(
      rows: count, columns: 40,
      elements: (0..<count * 40).map { _ in strength.squareRoot() * random.normal() })
    let repulsion = LinearAlgebra.product(factors, factors.transposed)
    let fields = (0..<count).map { _ in spread * random.normal() }
    let p = ImplicitWeights.solve(fields: fields, repulsion: repulsion)
    #expect(isClose(p.reduce(0, +), 1, absolute: 1e-12))
    // ln P − f + K P is the same number wherever P is not lost in rounding.
    let levels = (0..<count).filter { p[$0] > 1e-9 }.map { a in
      log(p[a]) - fields[a] + (0..<count).reduce(0) { $0 + repulsion[a, $1] * p[$1] }
    }
    #expect((levels.max() ?? 1) - (levels.min() ?? 0) < 1e-6 * (1 + strength + spread))
  }

  @Test func withoutRepulsionTheWeightsAreBoltzmanns() {
    let fields = [0.3, -1, 2]
    let p = ImplicitWeights.solve(fields: fields, repulsion: Matrix(rows: 3, columns: 3))
    let norm = fields.reduce(0) { $0 + exp($1) }
    for (value, field) in zip(p, fields) {
      #expect(isClose(value, exp(field) / norm, relative: 1e-9))
    }
  }

  private func clusters(samples: Int) throws -> StateMatrix {
    try DataSet.load(
      "clusters:units=40,count=4,dimension=2,field=1.5,samples=\(samples),seed=3"
    ).states(for: .spin)
  }

  private func machine(_ data: StateMatrix, hidden: Int, scale: Double)
    -> RestrictedBoltzmannMachine
  {
    .initial(
      visible: .spin, hidden: .spin, hiddenCount: hidden, data: data, scale: scale,
      seed: testSeed(4))
  }

  /// In the paramagnet a mode of the data grows at the rate C − (1 − m²) (theory 2.3).
  @Test func modesGrowAtTheLinearRate() throws {
    let data = try clusters(samples: 2000)
    let start = machine(data, hidden: 30, scale: 1e-4)
    var learning = try MeanFieldLearning(machine: start, data: data, workers: Workers(count: 2))
    let growth = try #require(LinearGrowth(of: start, data: data))
    let before = growth.lengths(in: start, count: 1)[0]
    let step = 0.002
    for _ in 0..<50 {
      let problem = learning.advance(by: step)
      #expect(problem == nil)
    }
    // One step multiplies by 1 + rate · step.
    let rate = expm1(log(growth.lengths(in: learning.machine, count: 1)[0] / before) / 50) / step
    #expect(isClose(rate, growth.rates[0], relative: 0.02))
    #expect(learning.states.distinct.count == 1)
  }

  /// States appear as modes are learned, the likelihood rises, and data and model come to agree.
  @Test func likelihoodRisesAndStatesAppear() throws {
    let data = try clusters(samples: 2000)
    var learning = try MeanFieldLearning(
      machine: machine(data, hidden: 30, scale: 1e-2), data: data, starts: 128,
      workers: Workers(count: 2))
    let first = try #require(learning.logLikelihood(learning.search()))
    var most = 0
    for _ in 0..<150 {
      let problem = learning.advance(by: 0.02)
      #expect(problem == nil)
      most = max(most, learning.states.minima.count)
    }
    let last = try #require(learning.logLikelihood(learning.search()))
    #expect(last.mixture > first.mixture + 1)
    // The modes of four clusters in two dimensions split the paramagnet.
    #expect(most >= 2)
    #expect(isClose(learning.weights.reduce(0, +), 1, absolute: 1e-9))
    #expect(isClose(learning.time, 3, absolute: 1e-9))
  }

  /// 0/1 units with the centred gradient grow at a quarter of C − p(1 − p).
  @Test func bitsGrowAtAQuarterOfTheRate() throws {
    let spins = try clusters(samples: 1000)
    let start = RestrictedBoltzmannMachine.initial(
      visible: .bernoulli, hidden: .bernoulli, hiddenCount: 20, data: spins, scale: 1e-4,
      seed: testSeed(5))
    let growth = try #require(LinearGrowth(of: start, data: spins))
    #expect(growth.hiddenVariance == 0.25)
    var learning = try MeanFieldLearning(
      machine: start, data: spins, centred: true, workers: Workers(count: 2))
    let step = 0.02
    for _ in 0..<50 {
      let problem = learning.advance(by: step)
      #expect(problem == nil)
    }
    let before = growth.lengths(in: start, count: 2)
    let after = growth.lengths(in: learning.machine, count: 2)
    for mode in 0..<2 {
      let rate = expm1(log(after[mode] / before[mode]) / 50) / step
      #expect(isClose(rate, growth.rates[mode], relative: 0.02))
    }
  }

  /// The flow of the machine and its likelihood are those of the solved theory.
  @Test func gaussianDynamicsEndsWhereTheTheorySays() throws {
    var random = RandomStream(seed: testSeed(6), purpose: .test)
    let deviations: [Float] = [2, 1.5, 1.2, 0.7, 0.5]
    let samples = Matrix<Float>(
      rows: 2000, columns: 5,
      elements: (0..<10_000).map { deviations[$0 % 5] * Float(random.normal()) })
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .gaussian, count: 5), hidden: Layer(kind: .gaussian, count: 3))
    machine.weights = Matrix(
      rows: 5, columns: 3, elements: (0..<15).map { _ in Float(0.05 * random.normal()) })
    func solved(_ machine: RestrictedBoltzmannMachine, _ times: [Double]) throws -> LearningDynamics
    {
      let growth = try #require(LinearGrowth(of: machine, data: .reals(samples)))
      return try LearningDynamics.gaussian(machine, growth: growth, times: times)
    }
    let dynamics = try solved(machine, [0.5, 5, 60])
    let expected = try #require(dynamics.stationarySingularValues)
    let last = try #require(dynamics.points.last)
    for (value, limit) in zip(last.singularValues, expected) {
      #expect(isClose(value, limit, absolute: 1e-5))
    }
    let likelihoods = dynamics.points.compactMap(\.logLikelihood)
    #expect(likelihoods.count == 3 && likelihoods == likelihoods.sorted())
    // Visible variances that differ: still a flow that ends at rest, at the predicted singular values.
    machine.visible.variances = [2, 1, 0.5, 0.5, 1]
    let uneven = try solved(machine, [100, 200])
    for (value, limit) in zip(
      uneven.points[1].singularValues, try #require(uneven.stationarySingularValues))
    {
      #expect(isClose(value, limit, absolute: 1e-5))
    }
    machine.hidden.variances[0] = 2
    #expect(throws: SzilardError.self) {
      try solved(machine, [1])
    }
  }

  /// A variance a thousand times the visible one relaxes a million times faster than the last mode grows:
  /// modes that have arrived are set aside.
  @Test func stiffFlowsComeToTheirEnd() throws {
    var random = RandomStream(seed: testSeed(7), purpose: .test)
    let deviations: [Float] = [50, 1.3, 0.9, 0.8]
    let samples = Matrix<Float>(
      rows: 1000, columns: 4,
      elements: (0..<4000).map { deviations[$0 % 4] * Float(random.normal()) })
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .gaussian, count: 4), hidden: Layer(kind: .gaussian, count: 2))
    machine.weights = Matrix(
      rows: 4, columns: 2, elements: (0..<8).map { _ in Float(0.01 * random.normal()) })
    let growth = try #require(LinearGrowth(of: machine, data: .reals(samples)))
    let dynamics = try LearningDynamics.gaussian(machine, growth: growth, times: [1, 40])
    #expect(dynamics.problem == nil)
    let last = try #require(dynamics.points.last)
    for (value, limit) in zip(
      last.singularValues, try #require(dynamics.stationarySingularValues))
    {
      #expect(isClose(value, limit, absolute: 1e-4))
    }
  }

  /// A single state has the order parameters of the theory; its mirror image the same.
  @Test(arguments: [UnitKind.spin, .bernoulli]) func orderParametersAreThoseOfTheStates(
    kind: UnitKind
  ) {
    let means = [0.8, -0.4, 0.2, 0.6]
    let hidden = [0.5, -0.3]
    func native(_ values: [Double], _ sign: Double) -> [Double] {
      values.map { kind == .spin ? sign * $0 : (1 + sign * $0) / 2 }
    }
    let states = MeanFieldStates(
      of: [1.0, -1].map { sign in
        MeanFieldState(
          visible: native(means, sign), hidden: native(hidden, sign), freeEnergy: 1, residual: 0,
          iterations: 1, order: .tap, verdict: .converged)
      })
    let modes = SingularValueDecomposition(
      values: [1], left: Matrix(rows: 1, columns: 4, elements: [0.5, -0.5, 0.5, 0.5]),
      right: Matrix(rows: 1, columns: 2, elements: [0, 1]))
    let machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: kind, count: 4), hidden: Layer(kind: kind, count: 2))
    let order = states.orderParameters(along: modes, of: machine)
    let root = 8.0.squareRoot().squareRoot()
    #expect(isClose(order.visible[0], 1 / root, relative: 1e-12))
    #expect(isClose(order.hidden[0], 0.3 / root, relative: 1e-12))
    #expect(isClose(order.visibleOverlap, 1.2 / 4, relative: 1e-12))
    #expect(isClose(order.hiddenOverlap, 0.34 / 2, relative: 1e-12))
  }
}
