internal import BoltzmannMachines
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import SpectralTheory
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r8: the phase diagram of random machines, and Gibbs sampling against it.
  static let replicaSymmetricPhases = Reproduction(
    id: "bm-r8",
    title: "Phases of a machine with random weights",
    paper: "Decelle, Fissore and Furtlehner 2018, J. Stat. Phys. 172, 1576, arXiv:1803.01960",
    claim: """
      A machine of one mode in noise is a paramagnet, a ferromagnet or a spin glass; replica symmetry \
      breaks on the line of de Almeida and Thouless. Gaussian modes obey w²(1 − q)(1 − q̄) = 1 in the whole \
      ferromagnet.
      """,
    settings: """
      Gaussian, Laplace and ±1 components; grids of 50 × 50 cells (with --full 100 × 100) for Gaussian and \
      Laplace. Gibbs sampling of drawn machines of 1200 × 1200 (κ = ½: 1600 × 800) units, four of each kind \
      (with --full 16), 40 chains from the mode, 200 sweeps after 50.
      """,
    criterion: """
      Transitions at w = 1 and σ = 1 to 1e-3; the identity to 1e-6; nine states of an independent \
      quadrature to 1e-4 (Laplace 1e-3); the line of de Almeida and Thouless through σ = 1 as w → 0 to 1e-3; \
      the boundary of the spin glass at three σ to 1e-5; sampled m, m̄, q, q̄ within 3 % or three standard \
      errors over machines; all cells converged.
      """,
    run: { context in ReplicaSymmetricPhases(context).run() })
}

/// The run of bm-r8.
private struct ReplicaSymmetricPhases {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  /// Law, κ, w, σ; then m, m̄, q, q̄ and ln Z / L by products of Gauss rules (41 points for x, 2 × 40 for
  /// a Laplace component), made independently of this program.
  private static let table: [(ComponentLaw, [Double], [Double])] = [
    (.gaussian, [1, 1.5, 0.5], [0.528318, 0.528318, 0.333333, 0.333333, 1.589116]),
    (.gaussian, [1, 2, 1], [0.567420, 0.567420, 0.5, 0.5, 2.047955]),
    (.gaussian, [0.5, 1.5, 0.5], [0.545541, 0.490076, 0.257882, 0.401113, 1.669809]),
    (.gaussian, [0.5, 2, 0.5], [0.691330, 0.579712, 0.403730, 0.580723, 1.840480]),
    (.laplace, [1, 1.5, 0.5], [0.419382, 0.419382, 0.225016, 0.225016, 1.559013]),
    (.laplace, [1, 2, 1], [0.462043, 0.462043, 0.403456, 0.403456, 1.993987]),
    (.sign, [1, 1.5, 0.5], [0.785549, 0.785549, 0.641088, 0.641088, 1.682529]),
    (.sign, [1, 2, 1], [0.814543, 0.814543, 0.739566, 0.739566, 2.197027]),
    (.sign, [0.5, 1.5, 0.5], [0.808147, 0.723932, 0.498577, 0.754282, 1.758488]),
  ]

  func run() -> ReproductionOutcome {
    var checks = tableChecks() + [identityCheck()] + boundaryChecks()
    context.progress(0.1)
    var figures: [Figure] = []
    var unconverged = 0
    for law in [ComponentLaw.gaussian, .laplace] {
      let diagram = PhaseDiagram(
        components: law, resolution: context.isFull ? 100 : 50, workers: context.workers)
      unconverged += diagram.unconvergedCells
      figures.append(
        PhaseDiagramFigure.make(name: "bm-r8-\(law.rawValue)", diagram: diagram))
    }
    checks.append(.exact("cells that did not converge", Double(unconverged), atMost: 0))
    context.progress(0.3)
    var measured: [(name: String, value: Double)] = []
    let cases: [(ComponentLaw, Double)] = [
      (.gaussian, 1), (.sign, 1), (.gaussian, 0.5), (.laplace, 1),
    ]
    for (index, one) in cases.enumerated() {
      let sampled = sample(one.0, ratio: one.1)
      checks += sampled.checks
      measured += sampled.measured
      context.progress(0.3 + 0.7 * Double(index + 1) / Double(cases.count))
    }
    return ReproductionOutcome(measured: measured, checks: checks, figures: figures)
  }

  private func tableChecks() -> [Check] {
    ComponentLaw.allCases.map { law in
      var worst = 0.0
      for row in Self.table where row.0 == law {
        let state = PhaseBoundaries(components: law, aspectRatio: row.1[0])
          .ferromagnet(strength: row.1[1], noise: row.1[2])
        let p = state.parameters
        let found = [
          p.visible[0], p.hidden[0], p.visibleOverlap, p.hiddenOverlap, state.logPartitionFunction,
        ]
        for (a, b) in zip(found, row.2) { worst = max(worst, abs(a - b)) }
        if !state.isConverged { worst = .infinity }
      }
      return .exact(
        "largest deviation from the other quadrature, \(law.rawValue)", worst,
        atMost: law == .laplace ? 1e-3 : 1e-4)
    }
  }

  private func identityCheck() -> Check {
    var worst = 0.0
    for ratio in [0.3, 1, 2] {
      let boundaries = PhaseBoundaries(components: .gaussian, aspectRatio: ratio)
      for w in [1.1, 1.5, 3] {
        for noise in [0, 0.5, 1] {
          let p = boundaries.ferromagnet(strength: w, noise: noise).parameters
          worst = max(
            worst, abs(w * w * (1 - p.visibleOverlap) * (1 - p.hiddenOverlap) - 1))
        }
      }
    }
    return .exact("largest |w²(1 − q)(1 − q̄) − 1|, Gaussian modes", worst, atMost: 1e-6)
  }

  private func boundaryChecks() -> [Check] {
    func edge(_ isBeyond: (Double) -> Bool) -> Double {
      var (low, high) = (0.5, 1.5)
      while high - low > 1e-6 {
        let middle = (low + high) / 2
        if isBeyond(middle) { high = middle } else { low = middle }
      }
      return high
    }
    var (strength, noise, instability) = (0.0, 0.0, 0.0)
    for law in ComponentLaw.allCases {
      for ratio in [0.5, 1] {
        let lines = PhaseBoundaries(components: law, aspectRatio: ratio)
        func state(_ w: Double, _ noise: Double) -> ReplicaSymmetricState {
          ReplicaSymmetricSolver().states(of: lines.ensemble(strength: w, noise: noise))[0]
        }
        strength = max(strength, abs(edge { state($0, 0.5).phase == .ferromagnet } - 1))
        noise = max(noise, abs(edge { state(0.5, $0).phase == .spinGlass } - 1))
        instability = max(
          instability, abs(edge { !state(0.01, $0).isReplicaSymmetric } - 1))
      }
    }
    // By adaptive quadrature; a Gauss–Hermite rule of 41 points gives 2.129020 for the last.
    let known = [(1.1, 1.1027567775), (1.5, 1.5446443857), (2, 2.1293285696)]
    let glass = known.map {
      abs((PhaseBoundaries().ferromagneticStrength(noise: $0.0) ?? .infinity) - $0.1)
    }.max()
    return [
      .exact("paramagnet to ferromagnet: |w − 1|", strength, atMost: 1e-3),
      .exact("paramagnet to spin glass: |σ − 1|", noise, atMost: 1e-3),
      .exact("end of replica symmetry at w = 0.01: |σ − 1|", instability, atMost: 1e-3),
      .exact("spin glass to ferromagnet: error of w", glass ?? .infinity, atMost: 1e-5),
    ]
  }

  /// m, m̄, q, q̄ at w = 1.5, σ = 0.5 by Gibbs sampling of drawn machines.
  private func sample(
    _ law: ComponentLaw, ratio: Double
  ) -> (checks: [Check], measured: [(name: String, value: Double)]) {
    let lines = PhaseBoundaries(components: law, aspectRatio: ratio)
    let theory = lines.ferromagnet(strength: 1.5, noise: 0.5).parameters
    let visible = ratio == 1 ? 1200 : 1600
    let count = context.isFull ? 24 : 12
    var found: [[Double]] = []
    for number in 0..<count {
      let seed = context.seed &+ UInt64(number) &* 0x9e37_79b9
      let machine = EnsembleMachine(
        lines.ensemble(strength: 1.5, noise: 0.5), visible: visible,
        hidden: Int((ratio * Double(visible)).rounded()), seed: seed)
      let p = machine.measure(seed: seed, workers: context.workers)
      found.append([p.visible[0], p.hidden[0], p.visibleOverlap, p.hiddenOverlap])
    }
    let expected = [
      theory.visible[0], theory.hidden[0], theory.visibleOverlap, theory.hiddenOverlap,
    ]
    var checks: [Check] = []
    var measured: [(name: String, value: Double)] = []
    for (index, symbol) in ["m", "m̄", "q", "q̄"].enumerated() {
      let values = found.map { $0[index] }
      let mean = values.reduce(0, +) / Double(count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let error = (squares / Double(count * (count - 1))).squareRoot()
      let name = "\(symbol) of \(law.rawValue) modes, κ = \(ratio)"
      measured += [("\(name): sampled", mean), ("\(name): standard error over machines", error)]
      let reach = max(0.03 * expected[index], 3 * error)
      let isInside = abs(mean - expected[index]) <= reach
      checks.append(
        Check(
          name: name, statistic: mean, expected: expected[index],
          interval: mean - reach...mean + reach, verdict: isInside ? .pass : .fail,
          trajectories: 40 * count,
          reason: isInside ? "" : "more than 3 % and three standard errors off"))
    }
    return (checks, measured)
  }
}
