import Foundation
import NumericalCore
import Testing

@testable import SpectralTheory

/// The replica-symmetric equations against the table of the theory sheet, exact identities, and an
/// independent quadrature.
@Suite struct ReplicaSymmetricTests {
  /// One mode, started in it: m, m̄, q, q̄, ln Z / L and the stability of de Almeida and Thouless.
  struct Row: CustomTestStringConvertible, Sendable {
    let law: ComponentLaw
    let ratio, w, noise, m, mbar, q, qbar, logZ, stability: Double
    var testDescription: String { "\(law) κ \(ratio) w \(w) σ \(noise)" }
  }

  static let table: [Row] = [
    Row(
      law: .gaussian, ratio: 1, w: 1.5, noise: 0.5, m: 0.528318, mbar: 0.528318, q: 0.333333,
      qbar: 0.333333, logZ: 1.589116, stability: 0.132),
    Row(
      law: .gaussian, ratio: 1, w: 2, noise: 1, m: 0.567420, mbar: 0.567420, q: 0.5, qbar: 0.5,
      logZ: 2.047955, stability: 0.367),
    Row(
      law: .gaussian, ratio: 0.5, w: 1.5, noise: 0.5, m: 0.545541, mbar: 0.490076, q: 0.257882,
      qbar: 0.401113, logZ: 1.669809, stability: 0.132),
    Row(
      law: .gaussian, ratio: 0.5, w: 2, noise: 0.5, m: 0.691330, mbar: 0.579712, q: 0.403730,
      qbar: 0.580723, logZ: 1.840480, stability: 0.092),
    Row(
      law: .laplace, ratio: 1, w: 1.5, noise: 0.5, m: 0.419382, mbar: 0.419382, q: 0.225016,
      qbar: 0.225016, logZ: 1.559013, stability: 0.166),
    Row(
      law: .laplace, ratio: 1, w: 2, noise: 1, m: 0.462043, mbar: 0.462043, q: 0.403456,
      qbar: 0.403456, logZ: 1.993987, stability: 0.462),
    Row(
      law: .sign, ratio: 1, w: 1.5, noise: 0.5, m: 0.785549, mbar: 0.785549, q: 0.641088,
      qbar: 0.641088, logZ: 1.682529, stability: 0.043),
    Row(
      law: .sign, ratio: 1, w: 2, noise: 1, m: 0.814543, mbar: 0.814543, q: 0.739566,
      qbar: 0.739566, logZ: 2.197027, stability: 0.146),
    Row(
      law: .sign, ratio: 0.5, w: 1.5, noise: 0.5, m: 0.808147, mbar: 0.723932, q: 0.498577,
      qbar: 0.754282, logZ: 1.758488, stability: 0.041),
  ]

  private func ensemble(_ row: Row) -> WeightEnsemble {
    WeightEnsemble(
      strengths: [row.w], noise: row.noise, aspectRatio: row.ratio, components: row.law)
  }

  @Test(arguments: table) func tableOfTheSheet(_ row: Row) throws {
    let states = ReplicaSymmetricSolver().states(of: ensemble(row))
    let state = try #require(states.first)
    #expect(state.isConverged && state.residual <= 1e-11)
    #expect(state.isStable && state.phase == .ferromagnet)
    // The sheet's rule of 41 points is off by 4e-6 in one row; its Laplace rule is taken as less exact.
    let tolerance = row.law == .laplace ? 1e-3 : 1e-5
    let parameters = state.parameters
    #expect(abs(parameters.visible[0] - row.m) < tolerance, "\(parameters)")
    #expect(abs(parameters.hidden[0] - row.mbar) < tolerance, "\(parameters)")
    #expect(abs(parameters.visibleOverlap - row.q) < tolerance, "\(parameters)")
    #expect(abs(parameters.hiddenOverlap - row.qbar) < tolerance, "\(parameters)")
    #expect(abs(state.logPartitionFunction - row.logZ) < tolerance, "\(state)")
    #expect(abs(state.deAlmeidaThouless - row.stability) < 6e-4, "\(state)")
    // The paramagnet is found too, and is no state.
    let paramagnet = try #require(states.first { $0.phase == .paramagnet })
    #expect(!paramagnet.isStable)
    #expect(abs(paramagnet.growth - max(row.w * row.w, pow(row.noise, 4))) < 1e-9)
  }

  /// Stein's lemma: in the whole ferromagnet of Gaussian modes w²(1 − q)(1 − q̄) = 1.
  @Test(arguments: [
    (1.5, 0.5, 1.0), (2, 1, 1), (1.2, 0.3, 0.25), (3, 2, 0.7), (12, 8, 2), (1.01, 0, 1),
  ])
  func identityOfGaussianModes(_ w: Double, _ noise: Double, _ ratio: Double) throws {
    let boundaries = PhaseBoundaries(components: .gaussian, aspectRatio: ratio)
    let state = boundaries.ferromagnet(strength: w, noise: noise)
    #expect(state.isConverged && state.magnetisation > 0.01)
    let (q, qbar) = (state.parameters.visibleOverlap, state.parameters.hiddenOverlap)
    #expect(abs(w * w * (1 - q) * (1 - qbar) - 1) < 1e-9)
    if ratio == 1 { #expect(abs(q - (1 - 1 / w)) < 1e-9) }
    // A mutant: signs do not obey it.
    let sign = PhaseBoundaries(components: .sign, aspectRatio: ratio)
      .ferromagnet(strength: w, noise: noise).parameters
    #expect(
      abs(w * w * (1 - sign.visibleOverlap) * (1 - sign.hiddenOverlap) - 1) > 1e-3)
  }

  @Test(arguments: ComponentLaw.allCases) func highTemperature(_ law: ComponentLaw) throws {
    for (noise, ratio) in [(0.3, 1.0), (0.9, 0.5), (0.99, 2)] {
      let state = ReplicaSymmetricSolver().states(
        of: WeightEnsemble(
          strengths: [0.8], noise: noise, aspectRatio: ratio, components: law))[0]
      #expect(state.phase == .paramagnet && state.isStable && state.isConverged)
      // (N_v + N_h) ln 2 / L + σ²/2
      let expected = (ratio.squareRoot() + 1 / ratio.squareRoot()) * log(2) + noise * noise / 2
      #expect(abs(state.logPartitionFunction - expected) < 1e-9)
      #expect(abs(state.deAlmeidaThouless - noise * noise) < 1e-4)
    }
  }

  /// Exchanging the layers exchanges m with m̄ and q with q̄.
  @Test(arguments: ComponentLaw.allCases) func layersCanBeExchanged(_ law: ComponentLaw) {
    func solve(_ ratio: Double, _ visible: [Double], _ hidden: [Double]) -> ReplicaSymmetricState {
      ReplicaSymmetricSolver().states(
        of: WeightEnsemble(
          strengths: [1.6], noise: 0.7, aspectRatio: ratio, components: law,
          visibleFields: visible, hiddenFields: hidden))[0]
    }
    let wide = solve(0.4, [0.1], [-0.05])
    let tall = solve(2.5, [-0.05], [0.1])
    #expect(abs(wide.parameters.visible[0] - tall.parameters.hidden[0]) < 1e-8)
    #expect(abs(wide.parameters.hidden[0] - tall.parameters.visible[0]) < 1e-8)
    #expect(abs(wide.parameters.visibleOverlap - tall.parameters.hiddenOverlap) < 1e-8)
    #expect(abs(wide.logPartitionFunction - tall.logPartitionFunction) < 1e-10)
    #expect(abs(wide.deAlmeidaThouless - tall.deAlmeidaThouless) < 1e-8)
    #expect(wide.parameters.visible[0] - wide.parameters.hidden[0] != 0)
  }

  /// ln Z / L is stationary in each order parameter at a state, with modes, fields and κ, and nowhere else.
  @Test(arguments: ComponentLaw.allCases) func logPartitionFunctionIsStationary(_ law: ComponentLaw)
  {
    let ensemble = WeightEnsemble(
      strengths: [1.7, 1.3], noise: 0.8, aspectRatio: 0.6, components: law,
      visibleFields: [0.2, 0.05], hiddenFields: [0, 0.1])
    let equations = ReplicaSymmetricEquations(ensemble)
    func largestSlope(_ point: OrderParameters) -> Double {
      let step = 1e-4
      var slopes: [Double] = []
      func add(_ change: (inout OrderParameters, Double) -> Void) {
        var (up, down) = (point, point)
        change(&up, step)
        change(&down, -step)
        slopes.append(
          (equations.logPartitionFunction(at: up) - equations.logPartitionFunction(at: down))
            / (2 * step))
      }
      for mode in 0..<2 {
        add { $0.visible[mode] += $1 }
        add { $0.hidden[mode] += $1 }
      }
      add { $0.visibleOverlap += $1 }
      add { $0.hiddenOverlap += $1 }
      return slopes.map(abs).max() ?? .infinity
    }
    for state in ReplicaSymmetricSolver().states(of: ensemble) {
      #expect(state.isConverged)
      #expect(largestSlope(state.parameters) < 1e-7, "\(state)")
      var moved = state.parameters
      moved.hidden[1] += 0.01
      #expect(largestSlope(moved) > 1e-3)
    }
  }

  /// The Jacobian is the derivative of a pass.
  @Test(arguments: ComponentLaw.allCases) func jacobianIsTheDerivative(_ law: ComponentLaw) {
    let equations = ReplicaSymmetricEquations(
      WeightEnsemble(
        strengths: [1.7, 1.3, 0.9], noise: 0.8, aspectRatio: 0.6, components: law,
        visibleFields: [0.2, 0, 0], hiddenFields: [0, 0.1, 0]))
    let point = [0.5, law == .laplace ? 0.0 : -0.3, 0, 0.4]
    let exact = equations.pass(hidden: Array(point.dropLast()), overlap: point[3]).jacobian
    let step = 1e-5
    for column in 0..<4 {
      func image(_ sign: Double) -> [Double] {
        var moved = point
        moved[column] += sign * step
        let new = equations.pass(hidden: Array(moved.dropLast()), overlap: moved[3]).parameters
        return new.hidden + [new.hiddenOverlap]
      }
      for (row, pair) in zip(image(1), image(-1)).enumerated() {
        #expect(abs((pair.0 - pair.1) / (2 * step) - exact[row, column]) < 1e-8, "\(row) \(column)")
      }
    }
  }

  /// Fields far beyond what tanh tells from a sign, in noise of next to no width.
  @Test(arguments: ComponentLaw.allCases) func extremeFieldsSaturate(_ law: ComponentLaw) {
    let states = ReplicaSymmetricSolver().states(
      of: WeightEnsemble(strengths: [1e6], noise: 1e-13, aspectRatio: 1, components: law))
    #expect(states[0].parameters.visibleOverlap > 0.99)
  }

  /// What is not solved does not count as solved.
  @Test func convergenceIsNotClaimed() {
    var solver = ReplicaSymmetricSolver()
    solver.maximumIterations = 3
    let ensemble = WeightEnsemble(strengths: [1.5], noise: 0.5)
    let state = solver.state(of: ensemble, hidden: [1])
    #expect(!state.isConverged && state.residual > 1e-3 && state.iterations == 3)
  }

  /// In the spin glass the stationary point q = 0 has the larger ln Z, and is no state.
  @Test(arguments: [1.1, 1.5, 2.0]) func spinGlassIsChosenByStability(_ noise: Double) throws {
    let states = ReplicaSymmetricSolver().states(
      of: WeightEnsemble(strengths: [0.5], noise: noise))
    #expect(states[0].phase == .spinGlass && states[0].isStable)
    #expect(!states[0].isReplicaSymmetric)
    let paramagnet = try #require(states.first { $0.phase == .paramagnet })
    #expect(paramagnet.logPartitionFunction > states[0].logPartitionFunction)
    #expect(!paramagnet.isStable)
  }

  /// A field along the mode breaks the symmetry, and the state against the field is the lesser one.
  @Test func fieldsPickAState() throws {
    let states = ReplicaSymmetricSolver().states(
      of: WeightEnsemble(
        strengths: [1.8], noise: 0.4, components: .sign, visibleFields: [0.05]))
    #expect(states[0].parameters.visible[0] > 0.8)
    let other = try #require(states.first { $0.parameters.visible[0] < -0.5 })
    #expect(other.isStable && other.isConverged)
    #expect(other.logPartitionFunction < states[0].logPartitionFunction)
    // d(ln Z / L)/da = E[U tanh h] = m: from the definition of the field.
    func logZ(_ field: Double) -> Double {
      ReplicaSymmetricSolver().states(
        of: WeightEnsemble(
          strengths: [1.8], noise: 0.4, aspectRatio: 0.5, components: .sign,
          visibleFields: [field]))[0].logPartitionFunction
    }
    let m = ReplicaSymmetricSolver().states(
      of: WeightEnsemble(
        strengths: [1.8], noise: 0.4, aspectRatio: 0.5, components: .sign, visibleFields: [0.05]))[
        0
      ].parameters.visible[0]
    #expect(abs((logZ(0.051) - logZ(0.049)) / 0.002 - m) < 1e-6)
  }
}
