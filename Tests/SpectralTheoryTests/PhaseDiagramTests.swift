import Foundation
import NumericalCore
import Testing

@testable import SpectralTheory

/// Boundaries, grids, and which of two modes is seen.
@Suite struct PhaseDiagramTests {
  /// Against adaptive quadrature.
  ///
  /// The sheet has 0.530300 and 2.129020 for σ = 2, which is the error of its
  /// Gauss–Hermite rule of 41 points.
  @Test(arguments: [
    (1.1, 0.09318172385577991, 1.1027567775232623), (1.5, 0.35260179671412356, 1.544644385672511),
    (2, 0.5303683920507947, 2.129328569613991),
  ])
  func spinGlassBoundary(_ noise: Double, _ q: Double, _ w: Double) {
    for law in ComponentLaw.allCases {
      let boundaries = PhaseBoundaries(components: law)
      let state = boundaries.spinGlass(noise: noise)
      #expect(state.isConverged)
      #expect(abs(state.parameters.visibleOverlap - q) < 1e-9)
      #expect(abs((boundaries.ferromagneticStrength(noise: noise) ?? .nan) - w) < 1e-9)
    }
    if noise == 1.1 {
      #expect(
        abs(PhaseBoundaries().spinGlass(noise: noise).deAlmeidaThouless - 1.0102) < 1e-4)
    }
  }

  /// No mode: the state turns unstable exactly where the noise is 1, for any shape.
  @Test(arguments: [0.25, 1, 3]) func replicaSymmetryEndsAtNoiseOne(_ ratio: Double) {
    let boundaries = PhaseBoundaries(aspectRatio: ratio)
    for noise in [0.9, 0.999] {
      #expect(abs(boundaries.spinGlass(noise: noise).deAlmeidaThouless - noise * noise) < 1e-3)
    }
    for noise in [1.001, 1.01, 1.2] {
      #expect(boundaries.spinGlass(noise: noise).deAlmeidaThouless > 1)
    }
  }

  /// The transitions as the solver sees them, by bisection on its states.
  @Test(arguments: ComponentLaw.allCases) func transitionsLieWhereTheoryHasThem(_ law: ComponentLaw)
  {
    for ratio in [1, 0.4] {
      func phase(_ w: Double, _ noise: Double) -> ReplicaSymmetricState.Phase {
        ReplicaSymmetricSolver().states(
          of: WeightEnsemble(
            strengths: [w], noise: noise, aspectRatio: ratio, components: law))[0].phase
      }
      func edge(_ isBeyond: (Double) -> Bool) -> Double {
        var (low, high) = (0.5, 2.0)
        while high - low > 2e-4 {
          let middle = (low + high) / 2
          if isBeyond(middle) { high = middle } else { low = middle }
        }
        return high
      }
      #expect(abs(edge { phase($0, 0.6) == .ferromagnet } - 1) < 1e-3)
      #expect(abs(edge { phase(0.3, $0) == .spinGlass } - 1) < 1e-3)
    }
  }

  /// The line of de Almeida and Thouless starts where three phases meet and lies in the ferromagnet.
  @Test(arguments: ComponentLaw.allCases) func instabilityLine(_ law: ComponentLaw) throws {
    let boundaries = PhaseBoundaries(components: law, aspectRatio: 0.7)
    #expect(boundaries.deAlmeidaThoulessStrength(noise: 0.9) == nil)
    for noise in [1.05, 2, 5] {
      let w = try #require(boundaries.deAlmeidaThoulessStrength(noise: noise))
      #expect(w > boundaries.ferromagneticStrength(noise: noise) ?? .infinity)
      #expect(
        abs(boundaries.ferromagnet(strength: w, noise: noise).deAlmeidaThouless - 1) < 1e-8)
      #expect(
        boundaries.ferromagnet(strength: 1.01 * w, noise: noise).phase == .ferromagnet)
      #expect(
        boundaries.ferromagnet(
          strength: (w + (boundaries.ferromagneticStrength(noise: noise) ?? .nan)) / 2, noise: noise
        ).phase == .unstableFerromagnet)
    }
    let near = try #require(boundaries.deAlmeidaThoulessStrength(noise: 1.001))
    #expect(abs(near - 1) < 0.05)
  }

  /// Next to the transition, where a whole step of Newton passes the state.
  @Test(arguments: [(0.87, 1.005), (0.99, 1.005), (0.01, 1.245), (1.01, 1.005)])
  func statesConvergeNextToTransitions(_ x: Double, _ y: Double) {
    for law in ComponentLaw.allCases {
      let states = ReplicaSymmetricSolver().states(
        of: WeightEnsemble(strengths: [y / x], noise: 1 / x, components: law))
      #expect(states.allSatisfy { $0.isConverged && $0.iterations < 200 }, "\(states)")
    }
  }

  /// σ → ∞: 1 − q → √(2/π)/σ, so that w/σ → √(π/2).
  @Test func boundaryWithoutTemperature() {
    let boundaries = PhaseBoundaries()
    #expect(
      abs(
        (boundaries.ferromagneticStrength(noise: 1e4) ?? .nan) / 1e4 - (Double.pi / 2).squareRoot())
        < 1e-3)
  }

  @Test(arguments: ComponentLaw.allCases) func gridAgreesWithTheLines(_ law: ComponentLaw) {
    let one = PhaseDiagram(
      components: law, aspectRatio: 0.6, resolution: 12, workers: Workers(count: 1))
    let two = PhaseDiagram(
      components: law, aspectRatio: 0.6, resolution: 12, workers: Workers(count: 2))
    #expect(one.phases == two.phases && one.boundaries == two.boundaries)
    #expect(one.unconvergedCells == 0)
    #expect(one.boundaries.map(\.kind) == PhaseDiagram.Boundary.Kind.allCases)
    let lines = PhaseBoundaries(components: law, aspectRatio: 0.6)
    for (column, x) in one.x.enumerated() {
      let noise = 1 / x
      let (least, instability) = (
        lines.ferromagneticStrength(noise: noise) ?? .nan,
        lines.deAlmeidaThoulessStrength(noise: noise)
      )
      for (row, y) in one.y.enumerated() {
        let w = y / x
        let expected: ReplicaSymmetricState.Phase =
          if noise < 1 && w < 1 {
            .paramagnet
          } else if w < least {
            .spinGlass
          } else if let limit = instability, w < limit {
            .unstableFerromagnet
          } else {
            .ferromagnet
          }
        #expect(one.phases[row][column] == expected, "x \(x) y \(y)")
      }
    }
  }

  /// Two modes at w = 1.5, σ = 0.3: values of the sheet, and the rule.
  @Test func composition() {
    func solve(_ law: ComponentLaw) -> ModeComposition {
      ModeComposition(strength: 1.5, noise: 0.3, components: law)
    }
    let gaussian = solve(.gaussian)
    #expect(abs(gaussian.pure.parameters.visible[0] - 0.5503) < 1e-4)
    #expect(abs(gaussian.mixed.parameters.visible[0] - 0.3891) < 1e-4)
    #expect(abs(gaussian.mixed.parameters.visible[1] - 0.3891) < 1e-4)
    #expect(abs(gaussian.pure.logPartitionFunction - 1.518005) < 1e-6)
    #expect(abs(gaussian.difference) < 1e-10)
    #expect(gaussian.solved == .degenerate && gaussian.rule == .degenerate)
    #expect(abs(gaussian.mixed.growth - 1) < 1e-6 && gaussian.mixed.isStable)
    let sign = solve(.sign)
    #expect(abs(sign.pure.parameters.visible[0] - 0.8331) < 1e-4)
    #expect(abs(sign.mixed.parameters.visible[0] - 0.4227) < 1e-4)
    #expect(abs(sign.pure.logPartitionFunction - 1.638448) < 1e-6)
    #expect(abs(sign.mixed.logPartitionFunction - 1.540269) < 1e-6)
    #expect(sign.solved == .single && sign.rule == .single)
    #expect(sign.pure.isStable && !sign.mixed.isStable)
    let laplace = solve(.laplace)
    #expect(abs(laplace.mixed.parameters.visible[0] - 0.3413) < 1e-4)
    #expect(abs(laplace.mixed.logPartitionFunction - 1.496153) < 1e-5)
    #expect(laplace.solved == .mixture && laplace.rule == .mixture)
    #expect(laplace.mixed.isStable && !laplace.pure.isStable)
    // A small second magnetisation grows until both are alike.
    let flowed = ReplicaSymmetricSolver().state(
      of: WeightEnsemble(strengths: [1.5, 1.5], noise: 0.3, components: .laplace),
      hidden: [0.8, 0.01])
    #expect(flowed.parameters.distance(to: laplace.mixed.parameters) < 1e-6)
    #expect(ModeComposition.rule(kurtosis: 2.9, tolerance: 0.2) == .degenerate)
  }
}
