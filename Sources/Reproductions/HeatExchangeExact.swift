internal import BoltzmannMachines
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r1: the heat-exchange theorem by listing all states.
  static let heatExchangeExact = Reproduction(
    id: "bm-r1", title: "Heat-exchange fluctuation theorem, exact",
    paper: "Salazar 2017, Phys. Rev. E 96, 022131; Jarzynski and Wójcik 2004",
    claim: """
      A machine in equilibrium at β₁ = 1 that is put in contact with a bath at β₂ obeys \
      ln p(Q)/p(−Q) = (β₁ − β₂) Q and ⟨e^{−(β₁ − β₂) Q}⟩ = 1. The detailed form needs a sequence of \
      moves that is its own reversal; the ordinary sweep is not.
      """,
    settings: """
      Machines of 4 × 3 and 6 × 4 units 0/1, normal parameters of standard deviation 0.7; β₂ = 0.6 \
      and 1.4; sequences h,v · v,h · h,v,h · v,h,v · (h,v)³,h · random scan · (h,v)¹⁰; all states \
      listed, double precision.
      """,
    criterion: """
      Integral theorem within 1e-12 for all sequences; ln p(Q)/p(−Q) within 1e-8 for reversible ones; \
      off by more than 1e-2 for the sweeps h,v and v,h (negative control).
      """,
    run: { context in try HeatExchangeExact.run(context) })
}

/// The runs of bm-r1.
private enum HeatExchangeExact {
  static let sequences: [GibbsSequence] = [
    .init([.hidden, .visible]), .init([.visible, .hidden]), .palindrome(),
    .init([.visible, .hidden, .visible]), .palindrome(sweeps: 3),
    .init([.either, .either, .either]), .sweeps(10),
  ]

  static func run(_ context: ReproductionContext) throws(SzilardError) -> ReproductionOutcome {
    var integral = 0.0
    var reversible = 0.0
    var sweeps = Double.infinity
    var balance = 0.0
    var unbalance = Double.infinity
    var figures: [Figure] = []
    for (visible, hidden) in [(4, 3), (6, 4)] {
      let machine = try EnumeratedMachine(
        ReproductionMachines.random(
          visible: visible, hidden: hidden, scale: 0.7, seed: context.seed))
      for bath in [0.6, 1.4] {
        for moves in sequences {
          let average = machine.integralHeatAverage(bath: bath, moves: moves)
          integral = max(integral, abs(average - 1))
          guard moves.isReversible || moves.moves.count == 2 else { continue }
          let violation = try machine.heatDistribution(bath: bath, moves: moves)
            .detailedViolation(inverseTemperatureDifference: 1 - bath)
          let unbalanced = try machine.detailedBalanceViolation(
            inverseTemperature: bath, moves: moves)
          if moves.isReversible {
            reversible = max(reversible, violation)
            balance = max(balance, unbalanced)
          } else {
            sweeps = min(sweeps, violation)
            unbalance = min(unbalance, unbalanced)
          }
        }
      }
      if visible == 4 {
        figures.append(
          ExactHeatFigure.make(
            name: "bm-r1-heat", difference: 0.4,
            reversible: try machine.heatDistribution(bath: 0.6, moves: .palindrome()),
            sweep: try machine.heatDistribution(bath: 0.6, moves: .sweeps(1))))
      }
      context.progress(visible == 4 ? 0.2 : 1)
    }
    return ReproductionOutcome(
      measured: [
        ("largest error of the integral theorem", integral),
        ("largest error of ln p(Q)/p(−Q), reversible sequences", reversible),
        ("least error of ln p(Q)/p(−Q), sweeps h,v and v,h", sweeps),
        ("largest violation of detailed balance, reversible sequences", balance),
        ("least violation of detailed balance, sweeps h,v and v,h", unbalance),
      ],
      checks: [
        .exact("integral theorem, all sequences: error", integral, atMost: 1e-12),
        .exact("detailed theorem, reversible sequences: error", reversible, atMost: 1e-8),
        .exact("detailed theorem, sweeps h,v and v,h: error", sweeps, atLeast: 1e-2),
        .exact("detailed balance, reversible sequences: violation", balance, atMost: 1e-14),
      ], figures: figures)
  }
}
