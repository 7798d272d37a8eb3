import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Mean-field equations against enumeration, differences and closed forms.
@Suite struct MeanFieldTests {
  static let orders = MeanFieldOrder.allCases
  static let pairings = Pairing.all.filter {
    if case .potts = $0.visible { return false }
    return true
  }

  private func solver(_ order: MeanFieldOrder) -> MeanFieldSolver {
    var solver = MeanFieldSolver(order: order, workers: Workers(count: 2))
    solver.tolerance = 1e-12
    return solver
  }

  private func state(
    _ machine: RestrictedBoltzmannMachine, _ order: MeanFieldOrder, from start: [Double]? = nil
  ) -> MeanFieldState {
    let begin = start.map { Matrix(rows: 1, columns: $0.count, elements: $0) }
    return solver(order).states(
      of: machine, from: begin ?? MeanFieldStarts.paramagnetic(of: machine))[0]
  }

  /// G of a state, written out unit by unit in the native convention.
  private func freeEnergy(
    _ machine: RestrictedBoltzmannMachine, _ m: [Double], _ mbar: [Double], _ order: MeanFieldOrder
  ) -> Double {
    func cumulants(_ x: Double, _ layer: Layer, _ i: Int) -> (own: Double, v: Double, k: Double) {
      let bias = -Double(layer.biases[i]) * x
      switch layer.kind {
      case .bernoulli:
        let own = x * log(x) + (1 - x) * log(1 - x)
        return (own + bias, x * (1 - x), x * (1 - x) * (1 - 2 * x))
      case .spin:
        let (up, down) = ((1 + x) / 2, (1 - x) / 2)
        return (up * log(up) + down * log(down) + bias, 1 - x * x, -2 * x * (1 - x * x))
      default:
        let s = Double(layer.variances[i])
        return (x * x / (2 * s) - log(2 * .pi * s) / 2 + bias, s, 0)
      }
    }
    let rows = m.indices.map { cumulants(m[$0], machine.visible, $0) }
    let columns = mbar.indices.map { cumulants(mbar[$0], machine.hidden, $0) }
    var sum = (rows + columns).reduce(0) { $0 + $1.own }
    for i in m.indices {
      for j in mbar.indices {
        let w = Double(machine.weights[i, j])
        sum -= w * m[i] * mbar[j]
        if order.power > 1 { sum -= w * w * rows[i].v * columns[j].v / 2 }
        if order.power > 2 { sum -= w * w * w * rows[i].k * columns[j].k / 6 }
      }
    }
    return sum
  }

  // MARK: The equations

  @Test(arguments: pairings, orders)
  func statesAreStationaryPointsOfTheFreeEnergy(_ pairing: Pairing, _ order: MeanFieldOrder) {
    let machine = pairing.machine(visible: 5, hidden: 4, scale: 0.5, seed: testSeed(1))
    let state = state(machine, order)
    #expect(state.isConverged && state.residual <= 1e-12 && state.order == order)
    let value = freeEnergy(machine, state.visible, state.hidden, order)
    #expect(isClose(state.freeEnergy, value, relative: 1e-12, absolute: 1e-12))
    for index in 0..<state.visible.count + state.hidden.count {
      // A thousandth of the variance: the third derivative of an entropy is about one over its square.
      let (layer, mean) =
        index < state.visible.count
        ? (machine.visible, state.visible[index])
        : (machine.hidden, state.hidden[index - state.visible.count])
      let step: Double =
        switch layer.kind {
        case .spin: 1e-3 * (1 - mean * mean)
        case .bernoulli: 1e-3 * mean * (1 - mean)
        default: 1e-3
        }
      func moved(_ by: Double) -> Double {
        var (m, mbar) = (state.visible, state.hidden)
        if index < m.count { m[index] += by } else { mbar[index - m.count] += by }
        return freeEnergy(machine, m, mbar, order)
      }
      func central(_ step: Double) -> Double { (moved(step) - moved(-step)) / (2 * step) }
      let slope = (4 * central(step) - central(2 * step)) / 3
      let curvature = (moved(step) - 2 * value + moved(-step)) / (step * step)
      // Differences of G lose its last digits where a mean is near its end and the step is short.
      let rounding = 16 * (1 + abs(value)).ulp / step
      #expect(abs(slope) < 3e-6 + rounding, "\(pairing) \(order) unit \(index)")
      #expect(curvature > 0.1)
    }
  }

  @Test(arguments: pairings, orders)
  func theGradientIsTheDifferenceOfFreeEnergies(_ pairing: Pairing, _ order: MeanFieldOrder) {
    // Weak enough that no state is near its end, where differences of finite size mean little.
    let machine = pairing.machine(visible: 4, hidden: 3, scale: 0.3, seed: testSeed(2))
    let here = state(machine, order)
    let gradient = MeanFieldGradient(of: machine, at: here)
    /// The derivative of −G by Richardson's extrapolation of central differences.
    func derivative(_ change: (inout RestrictedBoltzmannMachine, Float) -> Void) -> Double {
      func central(_ step: Float) -> Double {
        let values = [step, -step].map { step -> Double in
          var moved = machine
          change(&moved, step)
          // From the state itself: a machine may have several, and another start another one.
          return -state(moved, order, from: here.visible).freeEnergy
        }
        return (values[0] - values[1]) / (2 * Double(step))
      }
      return (4 * central(0x1p-7) - central(0x1p-6)) / 3
    }
    // Parameters are rounded to Float when they move: 2^-24 / 2^-7.
    let tolerance = 3e-5
    for (i, j) in [(0, 0), (1, 2), (3, 1)] {
      let difference = derivative { $0.weights[i, j] += $1 }
      #expect(abs(gradient.weights[i, j] - difference) < tolerance, "\(pairing) \(order)")
    }
    #expect(abs(gradient.visibleBiases[2] - derivative { $0.visible.biases[2] += $1 }) < tolerance)
    #expect(abs(gradient.hiddenBiases[1] - derivative { $0.hidden.biases[1] += $1 }) < tolerance)
  }

  /// The equations of Thouless, Anderson and Palmer for spins: m = tanh(a + W m̄ − m Σ W² (1 − m̄²)).
  @Test func spinsObeyTheEquationsOfThoulessAndersonAndPalmer() {
    let machine = Pairing(visible: .spin, hidden: .spin)
      .machine(visible: 12, hidden: 9, scale: 0.3, seed: testSeed(3))
    let state = state(machine, .tap)
    for i in 0..<12 {
      var field = Double(machine.visible.biases[i])
      var reaction = 0.0
      for j in 0..<9 {
        let w = Double(machine.weights[i, j])
        field += w * state.hidden[j]
        reaction += w * w * (1 - state.hidden[j] * state.hidden[j])
      }
      #expect(abs(state.visible[i] - tanh(field - state.visible[i] * reaction)) < 1e-11)
    }
  }

  @Test(arguments: orders)
  func anExpansionDoesNotDependOnTheConventionOfTheUnits(_ order: MeanFieldOrder) {
    for pairing in MeanFieldTests.pairings {
      let machine = pairing.machine(visible: 6, hidden: 5, scale: 0.4, seed: testSeed(4))
      let native = state(machine, order)
      let (converted, offset) = machine.convertedToBernoulli()
      // From the same point: a machine may have several states.
      let start = MeanFieldStarts.paramagnetic(of: machine).row(0)
      let bernoulli = state(
        converted, order,
        from: machine.visible.kind == .spin ? start.map { ($0 + 1) / 2 } : start)
      // The conversion rounds parameters to Float.
      #expect(abs(native.freeEnergy - (bernoulli.freeEnergy - offset)) < 1e-5, "\(pairing)")
      for (unit, value) in bernoulli.visible.enumerated() {
        let expected = machine.visible.kind == .spin ? 2 * value - 1 : value
        #expect(abs(native.visible[unit] - expected) < 1e-5)
      }
      for (unit, value) in bernoulli.hidden.enumerated() {
        let expected = machine.hidden.kind == .spin ? 2 * value - 1 : value
        #expect(abs(native.hidden[unit] - expected) < 1e-5)
      }
    }
  }

  // MARK: Against enumeration

  /// R16: couplings of standard deviation 0.2/√N between 0/1 units, and the same couplings written for
  /// ±1 units, a quarter of that; the error falls order by order.
  @Test(arguments: [UnitKind.bernoulli, .spin])
  func theErrorFallsOrderByOrder(_ kind: UnitKind) throws {
    let pairing = Pairing(visible: kind, hidden: kind)
    var squares = [0.0, 0, 0]
    let machines = 20
    for number in 0..<machines {
      var machine = pairing.machine(
        visible: 12, hidden: 10, scale: 1, seed: testSeed(100 + UInt64(number)))
      let scale: Float = kind == .spin ? 0.05 : 0.2
      machine.weights = machine.weights.map { $0 * scale / Float(12).squareRoot() }
      let exact = try ExactEnumeration.logPartitionFunction(of: machine)
      let errors = MeanFieldTests.orders.map { abs(state(machine, $0).freeEnergy + exact) }
      for k in 0..<3 { squares[k] += errors[k] * errors[k] / Double(machines) }
      // Naive mean field is a variational bound.
      #expect(state(machine, .naive).freeEnergy >= -exact)
      #expect(errors[1] < errors[0])
    }
    let roots = squares.map { $0.squareRoot() }
    #expect(roots[1] < 0.2 * roots[0] && roots[2] < 0.5 * roots[1], "\(kind): \(roots)")
  }

  @Test(arguments: pairings, orders)
  func withoutCouplingsEverythingIsExact(_ pairing: Pairing, _ order: MeanFieldOrder) throws {
    var machine = pairing.machine(visible: 5, hidden: 4, seed: testSeed(5))
    machine.weights = machine.weights.map { _ in 0 }
    let state = state(machine, order)
    let exact = try ExactEnumeration.logPartitionFunction(of: machine)
    #expect(isClose(-state.freeEnergy, exact, relative: 1e-12))
    #expect(state.iterations <= 3 && state.stability?.spectralRadius == 0)
    let means = RestrictedBoltzmannMachine.means(
      of: machine.visible, fields: machine.visible.biases.map(Double.init))
    for (mean, value) in zip(means, state.visible) { #expect(abs(mean - value) < 1e-14) }
  }

  /// One hidden unit: ln Z = ln(Π(1 + e^a) + e^b Π(1 + e^{a + w})), and the errors of the orders are
  /// of the next powers of the coupling.
  @Test func theErrorHasThePowerOfTheNextOrder() {
    func error(_ order: MeanFieldOrder, _ w: Double) -> Double {
      var machine = RestrictedBoltzmannMachine(
        visible: Layer(kind: .bernoulli, count: 1), hidden: Layer(kind: .bernoulli, count: 1))
      machine.visible.biases = [0.75]
      machine.hidden.biases = [-0.5]
      machine.weights[0, 0] = Float(w)
      let exact = logAddExp(softplus(0.75), -0.5 + softplus(0.75 + w))
      return abs(state(machine, order).freeEnergy + exact)
    }
    for order in MeanFieldTests.orders {
      let ratio = log2(error(order, 0.25) / error(order, 0.125))
      #expect(abs(ratio - Double(order.power + 1)) < 0.25, "\(order): \(ratio)")
    }
  }

  // MARK: States

  /// A ferromagnet of ±1 units, W = w/√(N_v N_h): above w = 1 two minima and a paramagnetic saddle.
  private func ferromagnet(
    _ w: Double, visible: Int = 60, hidden: Int = 40
  ) -> RestrictedBoltzmannMachine {
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .spin, count: visible), hidden: Layer(kind: .spin, count: hidden))
    let coupling = Float(w / Double(visible * hidden).squareRoot())
    machine.weights = machine.weights.map { _ in coupling }
    return machine
  }

  @Test(arguments: orders)
  func aFerromagnetHasTwoMinimaAndASaddle(_ order: MeanFieldOrder) throws {
    let machine = ferromagnet(1.8)
    let random = MeanFieldStarts.random(count: 100, of: machine, seed: testSeed(6))
    let starts = Matrix(
      rows: 101, columns: 60,
      elements: MeanFieldStarts.paramagnetic(of: machine).elements + random.elements)
    let states = MeanFieldStates(of: solver(order).states(of: machine, from: starts))
    try #require(states.distinct.count == 3)
    #expect(states.minima.count == 2 && states.unconverged == 0)
    let saddle = try #require(states.distinct.last)
    #expect(saddle.isUnstable && saddle.visible.allSatisfy { $0 == 0 })
    // Nobody but the start at the saddle itself stays there.
    #expect(states.basinCounts == [states.basinCounts[0], 100 - states.basinCounts[0], 1])
    #expect(states.basins[0] == 2 && states.weights[2] == 0)
    #expect(isClose(states.weights[0], 0.5, absolute: 1e-9))
    let magnetisation = abs(states.distinct[0].visible[0])
    for state in states.distinct.prefix(2) {
      #expect(state.visible.allSatisfy { abs(abs($0) - magnetisation) < 1e-9 })
    }
    #expect(states.distinct[0].visible[0] * states.distinct[1].visible[0] < 0)
    let dominant = try #require(states.dominantFreeEnergy)
    let mixture = try #require(states.mixtureFreeEnergy)
    #expect(isClose(mixture, dominant - log(2), absolute: 1e-9))
    if order == .naive {
      // m = tanh(w √(N_h/N_v) m̄), m̄ = tanh(w √(N_v/N_h) m), and the saddle's radius is w.
      let hidden = abs(states.distinct[0].hidden[0])
      #expect(abs(magnetisation - tanh(1.8 * (40.0 / 60).squareRoot() * hidden)) < 1e-6)
      #expect(abs((saddle.stability?.spectralRadius ?? 0) - 1.8) < 1e-6)
      #expect(abs(MachineSpectrum.gain(of: machine) - 1.8) < 1e-6)
    }
  }

  /// The paramagnet turns unstable at w = 1 for ±1 units and at w = 4 for 0/1 units at half filling.
  @Test func theParamagnetTurnsUnstableWhereTheoryHasIt() throws {
    for w in [0.9, 1.1] {
      let spins = ferromagnet(w)
      var bits = spins.convertedToBernoulli().machine
      bits.dataMeans = [Float](repeating: 0.5, count: 60)
      for machine in [spins, bits] { #expect(abs(MachineSpectrum.gain(of: machine) - w) < 1e-5) }
      #expect(abs((LinearAlgebra.singularValues(bits.weights).first ?? 0) - 4 * w) < 1e-5)
      #expect(state(spins, .naive).isUnstable == (w > 1))
    }
  }

  /// The spectral radius is that of the Hessian of G, by differences.
  @Test(arguments: orders)
  func stabilityIsThatOfTheHessian(_ order: MeanFieldOrder) throws {
    let pairing = Pairing(visible: .bernoulli, hidden: .spin)
    let machine = pairing.machine(visible: 5, hidden: 4, scale: 0.7, seed: testSeed(7))
    let state = state(machine, order)
    let count = 9
    let point = state.visible + state.hidden
    func value(_ x: [Double]) -> Double {
      freeEnergy(machine, Array(x.prefix(5)), Array(x.suffix(4)), order)
    }
    let step = 1e-4
    var hessian = Matrix<Double>(rows: count, columns: count)
    for a in 0..<count {
      for b in 0..<count {
        func moved(_ da: Double, _ db: Double) -> Double {
          var x = point
          x[a] += da
          x[b] += db
          return value(x)
        }
        hessian[a, b] =
          (moved(step, step) - moved(step, -step) - moved(-step, step) + moved(-step, -step))
          / (4 * step * step)
      }
    }
    var scaled = Matrix<Double>(rows: 5, columns: 4)
    for i in 0..<5 {
      for j in 0..<4 {
        scaled[i, j] = -hessian[i, 5 + j] / (hessian[i, i] * hessian[5 + j, 5 + j]).squareRoot()
      }
    }
    let expected = LinearAlgebra.singularValueDecomposition(scaled).values[0]
    let stability = try #require(state.stability)
    #expect(abs(stability.spectralRadius - expected) < 1e-4, "\(order)")
    #expect(stability.residual < 1e-6)
  }

  /// Hopfield's model, with a Gaussian hidden unit for each of three orthogonal patterns: six minima, and at
  /// first order m = tanh(β m) along each pattern.
  @Test func patternsAreCounted() throws {
    let inverseTemperature = 1.6
    let starts = signedPatterns(3, visible: 96)
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .spin, count: 96), hidden: Layer(kind: .gaussian, count: 3))
    for i in 0..<96 {
      for j in 0..<3 {
        machine.weights[i, j] = Float((inverseTemperature / 96).squareRoot() * starts[j, i])
      }
    }
    var magnetisation = 1.0
    for _ in 0..<1000 { magnetisation = tanh(inverseTemperature * magnetisation) }
    for order in MeanFieldTests.orders {
      let found = solver(order).states(of: machine, from: starts)
      let states = MeanFieldStates(of: found)
      #expect(states.minima.count == 6 && states.unconverged == 0, "\(order)")
      #expect(Set(states.basins).count == 6)
      #expect(states.weights.allSatisfy { isClose($0, 1.0 / 6, relative: 1e-6) })
      guard order == .naive else { continue }
      for (row, state) in found.enumerated() {
        for i in 0..<96 {
          #expect(abs(state.visible[i] - magnetisation * starts[row, i]) < 1e-6)
        }
      }
    }
  }

  /// Patterns of ±1 that are orthogonal (Walsh functions), then their negatives.
  private func signedPatterns(_ count: Int, visible: Int) -> Matrix<Double> {
    var rows = Matrix<Double>(rows: 2 * count, columns: visible)
    for pattern in 0..<count {
      for i in 0..<visible {
        let sign = ((i >> pattern) & 1) == 1 ? 1.0 : -1
        rows[pattern, i] = sign
        rows[count + pattern, i] = -sign
      }
    }
    return rows
  }

  // MARK: The iteration

  @Test(arguments: orders)
  func accelerationFindsTheSameStates(_ order: MeanFieldOrder) {
    // Near the first transition, where the plain iteration is slow.
    let machine = ferromagnet(1.03)
    let starts = MeanFieldStarts.random(count: 70, of: machine, seed: testSeed(9))
    var plain = solver(order)
    plain.isAccelerated = false
    let slow = plain.states(of: machine, from: starts)
    let fast = solver(order).states(of: machine, from: starts)
    for (a, b) in zip(slow, fast) {
      #expect(a.isConverged && b.isConverged)
      let distance = zip(a.visible, b.visible).map { abs($0.0 - $0.1) }.max() ?? 1
      #expect(distance < 1e-7)
    }
    let sums = [slow, fast].map { $0.reduce(0) { $0 + $1.iterations } }
    #expect(sums[1] < sums[0], "\(order): \(sums)")
  }

  @Test func resultsDoNotDependOnThreads() {
    let machine = Pairing(visible: .bernoulli, hidden: .bernoulli)
      .machine(visible: 30, hidden: 20, scale: 0.8, seed: testSeed(10))
    let starts = MeanFieldStarts.random(count: 150, of: machine, seed: testSeed(11))
    let results = [1, 2, 3].map {
      MeanFieldSolver(order: .tap, workers: Workers(count: $0)).states(of: machine, from: starts)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test func whatDoesNotConvergeIsNotCalledConverged() {
    let machine = ferromagnet(1.05)
    var short = solver(.tap)
    short.maximumIterations = 3
    let starts = MeanFieldStarts.random(count: 10, of: machine, seed: testSeed(12))
    let states = short.states(of: machine, from: starts)
    #expect(states.allSatisfy { $0.verdict == .notConverged && $0.iterations == 3 })
    #expect(states.allSatisfy { $0.residual > 1e-12 && $0.stability == nil })
    let distinct = MeanFieldStates(of: states)
    #expect(distinct.distinct.isEmpty && distinct.basins == Array(repeating: -1, count: 10))
    #expect(distinct.mixtureFreeEnergy == nil && distinct.dominantFreeEnergy == nil)
    #expect(distinct.unconverged == 10)
  }

  @Test func pottsUnitsAreRefused() {
    let machine = Pairing(visible: .potts(colours: 3), hidden: .bernoulli).machine(seed: 1)
    #expect(throws: SzilardError.self) { try MeanFieldSolver.checkSupported(machine) }
  }

  /// The log-likelihood by mean field is near the exact one, and nearer at second order than at first.
  @Test func theLikelihoodIsNearTheExactOne() throws {
    var machine = Pairing(visible: .bernoulli, hidden: .bernoulli)
      .machine(visible: 10, hidden: 8, scale: 1, seed: testSeed(13))
    machine.weights = machine.weights.map { $0 * 0.2 }
    let data = exactStates(of: machine, count: 200, seed: testSeed(14))
    let logZ = try ExactEnumeration.logPartitionFunction(of: machine)
    let exact = -machine.freeEnergies(of: data).reduce(0, +) / 200 - logZ
    let errors = try [MeanFieldOrder.naive, .tap].map { order -> Double in
      let states = MeanFieldStates(
        of: solver(order).states(of: machine, from: MeanFieldStarts.samples(data, of: machine)))
      let value = try #require(MeanFieldLikelihood(of: data, under: machine, states: states))
      #expect(value.mixture <= value.dominant)
      return value.dominant - exact
    }
    // First order bounds from above.
    #expect(errors[0] > 0 && abs(errors[1]) < 0.3 * errors[0], "\(errors)")
  }
}
