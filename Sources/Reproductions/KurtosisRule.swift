internal import Foundation
internal import NumericalCore
internal import Reporting
internal import SpectralTheory
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r9: which of two equal modes a machine shows, by the kurtosis of their components.
  static let kurtosisRule = Reproduction(
    id: "bm-r9",
    title: "One mode or mixtures: the kurtosis of the components decides",
    paper: "Decelle, Fissore and Furtlehner 2018, J. Stat. Phys. 172, 1576, arXiv:1803.01960",
    claim: """
      Of two equal modes a machine shows one at a time where their components have a kurtosis below 3, \
      mixtures where it is above, and any direction where it is 3.
      """,
    settings: "Two modes of w = 1.5, σ = 0.3, κ = 1; Gaussian, Laplace and ±1 components.",
    criterion: """
      m and ln Z / L of the pure and the mixed states to 1e-4 of an independent quadrature; |Δ ln Z / L| of \
      Gaussian modes below 1e-6; order and stability as the rule says; from (0.8, 0.01) Laplace modes come \
      to the mixture.
      """,
    run: { context in KurtosisRule(context).run() })
}

/// The run of bm-r9.
private struct KurtosisRule {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  /// m of the pure state, m of the mixed one, ln Z / L of both; NaN where the table has none.
  private static let table: [(ComponentLaw, [Double])] = [
    (.gaussian, [0.5503, 0.3891, 1.518005, 1.518005]),
    (.sign, [0.8331, 0.4227, 1.638448, 1.540269]),
    (.laplace, [.nan, 0.3413, .nan, 1.496153]),
  ]

  func run() -> ReproductionOutcome {
    var checks: [Check] = []
    var measured: [(name: String, value: Double)] = []
    for (law, known) in Self.table {
      let pair = ModeComposition(strength: 1.5, noise: 0.3, components: law)
      let found = [
        pair.pure.parameters.visible[0], pair.mixed.parameters.visible[0],
        pair.pure.logPartitionFunction, pair.mixed.logPartitionFunction,
      ]
      var worst = 0.0
      for (a, b) in zip(found, known) where !b.isNaN { worst = max(worst, abs(a - b)) }
      checks.append(
        .exact("largest deviation of m and ln Z / L, \(law.rawValue)", worst, atMost: 1e-4))
      let sign: Double = pair.rule == .single ? 1 : -1
      switch pair.rule {
      case .degenerate:
        checks.append(
          .exact("|ln Z / L pure − mixed|, \(law.rawValue)", abs(pair.difference), atMost: 1e-6))
      case .single, .mixture:
        let (winner, loser) = sign > 0 ? (pair.pure, pair.mixed) : (pair.mixed, pair.pure)
        checks += [
          .exact(
            "ln Z / L of the \(pair.rule.rawValue) state less that of the other, \(law.rawValue)",
            sign * pair.difference, atLeast: 1e-4),
          .exact("growth of deviations from the winner, \(law.rawValue)", winner.growth, atMost: 1),
          .exact("growth of deviations from the other, \(law.rawValue)", loser.growth, atLeast: 1),
        ]
      }
      for (name, value) in zip(
        ["m, pure", "m, mixed", "ln Z / L, pure", "ln Z / L, mixed"], found)
      {
        measured.append(("\(law.rawValue): \(name)", value))
      }
    }
    let flowed = ReplicaSymmetricSolver().state(
      of: ensemble(.laplace), hidden: [0.8, 0.01]
    ).parameters
    checks.append(
      .exact(
        "from (0.8, 0.01), Laplace: distance of m from (0.3413, 0.3413)",
        flowed.visible.map { abs($0 - 0.3413) }.max() ?? .infinity, atMost: 1e-4))
    return ReproductionOutcome(
      measured: measured, checks: checks,
      figures: [
        ModeFlowFigure.make(
          name: "bm-r9",
          panels: [
            (ComponentLaw.sign, "±1, kurtosis 1"), (.gaussian, "Gaussian, 3"),
            (.laplace, "Laplace, 6"),
          ]
          .map { (title: $0.1, paths: paths($0.0)) })
      ])
  }

  private func ensemble(_ law: ComponentLaw) -> WeightEnsemble {
    WeightEnsemble(strengths: [1.5, 1.5], noise: 0.3, components: law)
  }

  /// (m₁, m₂) along passes through the equations, from near the origin and from far out.
  private func paths(_ law: ComponentLaw) -> [[(x: Double, y: Double)]] {
    var result: [[(x: Double, y: Double)]] = []
    for radius in [0.03, 1.0] {
      for step in 0..<8 {
        // Never along the diagonal, which single modes only reach by symmetry.
        let angle = (3 + 12 * Double(step)) * .pi / 180
        let start = [radius * cos(angle), radius * sin(angle)]
        let path = ReplicaSymmetricSolver().path(
          of: ensemble(law), hidden: start, hiddenOverlap: radius * radius * 0.5, passes: 60)
        result.append(
          [(x: start[0], y: start[1])] + path.map { (x: $0.visible[0], y: $0.visible[1]) })
      }
    }
    return result
  }
}
