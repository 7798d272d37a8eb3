internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f12: protocols of a harmonic trap, and what the best ones save.
  static let trapProtocols = Reproduction(
    id: "diff-f12", title: "Protocols of a trap: straight, of constant speed, optimal",
    paper:
      "Schmiedl and Seifert 2007, Phys. Rev. Lett. 98, 108301; Sivak and Crooks 2012, Phys. Rev. Lett. 108, 190602",
    claim: """
      Stiffening a trap from 1 to 4 dissipates least with jumps at both ends; driven slowly, constant thermodynamic \
      speed, k^{−1/2} linear in time, is as good. A schedule of noise is such a protocol.
      """,
    settings: """
      Updates every 0.01, 1 to 1000 of them (τ = 0.01 to 10), exactly; works of 2·10⁵ trajectories with 1, 10 and 100 updates for \
      Jarzynski's estimate.
      """,
    criterion: """
      ΔF = 0.693147; mean dissipation of straight stiffening within three standard errors of 2·10⁵ trajectories of 0.807, 0.681, 0.243 \
      and 0.0340, which were sampled; at τ = 10 straight to constant speed within 5 % of 0.0340 to 0.025, and each within 5 %; slow-driving prediction 0.03516; the optimum with \
      jumps below both; Jarzynski's estimate within 0.0015 at 100 updates and within three standard errors throughout.
      """,
    run: { context in TrapProtocols(context).run() })
}

/// The run of diff-f12.
private struct TrapProtocols {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  private func trap(_ updates: Int, _ course: HarmonicTrap.Course) -> HarmonicTrap {
    .stiffened(
      from: 1, to: 4, duration: 0.01 * Double(updates), updates: updates, course: course)
  }

  func run() -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let difference = trap(10, .linear).freeEnergyDifference
    outcome.checks.append(
      .exact("ΔF, error", abs(difference - 0.693147), atMost: 1e-6))
    for (updates, expected) in [(1, 0.807), (10, 0.681), (100, 0.243), (1000, 0.0340)] {
      let driven = trap(updates, .linear)
      let value = driven.dissipation
      let works = driven.sample(count: 20_000, seed: context.seed &+ 1).work
      outcome.measured.append(("straight, \(updates) updates: dissipation", value))
      outcome.checks.append(
        .measured(
          "straight, \(updates) updates: dissipation", value,
          standardError: (variance(of: works) / 200_000).squareRoot(), expected: expected,
          trajectories: 200_000))
    }
    let straight = trap(1000, .linear).dissipation
    let even = trap(1000, .geodesic).dissipation
    let best = HarmonicTrap.optimalWork(from: 1, to: 4, duration: 10) - difference
    let jumps = trap(1000, .optimal).dissipation
    // ∫ ζ k̇² dt with ζ = 1/(4k³): Δk/τ · ∫ ζ dk, and the length squared over τ.
    let slow = 0.3 * (1 - 1.0 / 16) / 8
    let length = HarmonicTrap.thermodynamicLength(from: 1, to: 4)
    outcome.measured += [
      ("τ = 10: constant speed", even), ("τ = 10: optimal, formula", best),
      ("τ = 10: optimal, 1000 updates", jumps), ("τ = 10: straight, slow-driving", slow),
      ("τ = 10: constant speed, slow-driving", length * length / 10),
      ("τ = 10: straight to constant speed", straight / even),
    ]
    outcome.checks += [
      .exact("straight, from 0.0340", abs(straight / 0.0340 - 1), atMost: 0.05),
      .exact("constant speed, from 0.025", abs(even / 0.025 - 1), atMost: 0.05),
      .exact(
        "straight to constant speed, from 0.0340/0.025",
        abs(straight / even / (0.0340 / 0.025) - 1), atMost: 0.05),
      .exact("slow-driving prediction, from 0.03516", abs(slow / 0.03516 - 1), atMost: 1e-3),
      .exact("optimal over constant speed", best / even, atMost: 1),
      .exact("optimal with 1000 updates over the formula", jumps / best - 1, atMost: 0.01),
    ]
    sample(difference, &outcome)
    outcome.figures = [figure(difference)]
    return outcome
  }

  private func sample(_ difference: Double, _ outcome: inout ReproductionOutcome) {
    let count = 200_000
    for (index, updates) in [1, 10, 100].enumerated() {
      let ledger = trap(updates, .linear).sample(count: count, seed: context.seed)
      let estimate = ExponentialAverage.estimate(logWeights: ledger.work.map { -$0 })
      let error = estimate.halfWidth / normalQuantile(0.975)
      outcome.measured.append(("\(updates) updates: Jarzynski's estimate", -estimate.value))
      outcome.checks.append(
        .measured(
          "\(updates) updates: Jarzynski's estimate", -estimate.value, standardError: error,
          expected: difference, tolerance: updates == 100 ? 0.0015 : .infinity,
          trajectories: count))
      context.progress(Double(index + 1) / 3)
    }
  }

  private func figure(_ difference: Double) -> Figure {
    let counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
    let times = counts.map { 0.01 * Double($0) }
    let courses: [(String, HarmonicTrap.Course)] = [
      ("straight", .linear), ("constant thermodynamic speed", .geodesic),
    ]
    var series = courses.map { name, course in
      SeriesFigure.Series(name: name, x: times, y: counts.map { trap($0, course).dissipation })
    }
    series.append(
      SeriesFigure.Series(
        name: "optimal, with jumps", x: times,
        y: times.map {
          HarmonicTrap.optimalWork(from: 1, to: 4, duration: $0) - difference
        }))
    let length = HarmonicTrap.thermodynamicLength(from: 1, to: 4)
    series.append(
      SeriesFigure.Series(
        name: "length²/τ", x: times.filter { $0 >= 0.5 },
        y: times.filter { $0 >= 0.5 }.map { length * length / $0 }))
    return SeriesFigure.make(
      name: "diff-f12", title: "What stiffening a trap from 1 to 4 dissipates",
      caption:
        "Slow protocols dissipate their thermodynamic length squared over the time; none of them less than the optimum. Constant speed is the best slow one.",
      xLabel: "duration τ", yLabel: "dissipated work (kT)", series: series,
      isXLogarithmic: true, isYLogarithmic: true)
  }
}
