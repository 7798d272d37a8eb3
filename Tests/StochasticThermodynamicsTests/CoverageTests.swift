import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

/// The 95 % intervals of what is resolved contain the truth: a reduced form of the table in
/// Documentation/Design/0005-free-energies.md.
@Suite struct CoverageTests {
  typealias Cell = CoverageStudy.Cell

  static let cells: [Cell] = [
    Cell(.exponential, .gaussian(deviation: 0.1), 20, 0),
    Cell(.exponential, .gaussian(deviation: 1), 20, 0),
    Cell(.exponential, .gaussian(deviation: 0.5), 100, 0),
    Cell(.exponential, .gaussian(deviation: 1), 100, 0),
    Cell(.exponential, .gaussian(deviation: 1.5), 100, 0),
    Cell(.exponential, .gaussian(deviation: 2), 100, 0),
    Cell(.exponential, .gaussian(deviation: 2), 500, 0),
    Cell(.exponential, .gaussian(deviation: 2.5), 2000, 0),
    Cell(.exponential, .trap(stiffness: 100), 100, 0),
    Cell(.exponential, .trap(stiffness: 4), 200, 0),
    Cell(.exponential, .trap(stiffness: 0.6), 100, 0),
    Cell(.exponential, .twoStates(from: 0.03, to: 0.2), 500, 0),
    Cell(.exponential, .twoStates(from: 0.5, to: 0.01), 100, 0),
    Cell(.bennett, .gaussian(deviation: 0.1), 20, 20),
    Cell(.bennett, .gaussian(deviation: 2), 20, 20),
    Cell(.bennett, .gaussian(deviation: 3), 100, 100),
    Cell(.bennett, .gaussian(deviation: 4), 100, 100),
    Cell(.bennett, .gaussian(deviation: 3), 20, 500),
    Cell(.bennett, .gaussian(deviation: 5), 500, 500),
    Cell(.bennett, .trap(stiffness: 100), 20, 20),
    Cell(.bennett, .trap(stiffness: 16), 500, 20),
    Cell(.bennett, .twoStates(from: 0.01, to: 0.99), 20, 500),
    Cell(.bennett, .twoStates(from: 0.03, to: 0.003), 20, 20),
    Cell(.bennett, .twoStates(from: 0.2, to: 0.8), 100, 100),
    Cell(.multistate, .ladder(states: 2, stiffness: 1, shift: 4), 20, 20),
    Cell(.multistate, .ladder(states: 2, stiffness: 1, shift: 5), 100, 100),
    Cell(.multistate, .ladder(states: 4, stiffness: 4, shift: 4), 20, 20),
    Cell(.multistate, .ladder(states: 4, stiffness: 16, shift: 0), 100, 100),
    Cell(.multistate, .ladder(states: 8, stiffness: 2, shift: 1), 20, 20),
  ]

  /// Binomial acceptance at α = 1e-9 a cell, one-sided: intervals may be too long, never too short.
  @Test(arguments: cells.indices) func resolvedIntervalsHold(_ index: Int) {
    var study = CoverageStudy()
    study.seed = testSeed(17)
    let row = study.row(CoverageTests.cells[index], index: index)
    let least = binomialAcceptance(trials: row.resolved, probability: 0.95).lowerBound
    #expect(
      row.covered >= least, "\(row.process): \(row.covered) of \(row.resolved), seed \(study.seed)")
  }

  /// The mutant: intervals two thirds as long are seen at once.
  @Test(arguments: [
    Cell(.exponential, .gaussian(deviation: 0.1), 100, 0),
    Cell(.exponential, .trap(stiffness: 4), 500, 0),
    Cell(.bennett, .gaussian(deviation: 3), 100, 100),
    Cell(.bennett, .trap(stiffness: 16), 500, 20),
    Cell(.multistate, .ladder(states: 4, stiffness: 16, shift: 0), 100, 100),
  ])
  func shortIntervalsAreSeen(_ cell: Cell) {
    var study = CoverageStudy()
    study.seed = testSeed(18)
    study.scale = 2.0 / 3
    let row = study.row(cell, index: 0)
    let least = binomialAcceptance(trials: row.resolved, probability: 0.95).lowerBound
    #expect(row.covered < least, "\(row.process), seed \(study.seed)")
    #expect(row.resolved > 900)
  }

  /// Where there is enough to go by, the verdict is not evasive.
  ///
  /// At least 85 % of repeats are resolved (binomial acceptance at α = 1e-9 around 0.85).
  @Test(arguments: [
    Cell(.exponential, .gaussian(deviation: 0.3), 100, 0),
    Cell(.exponential, .gaussian(deviation: 1), 100, 0),
    Cell(.exponential, .gaussian(deviation: 1.25), 100, 0),
    Cell(.exponential, .gaussian(deviation: 1.5), 500, 0),
    Cell(.exponential, .trap(stiffness: 16), 100, 0),
    Cell(.bennett, .gaussian(deviation: 1.5), 20, 20),
    Cell(.bennett, .gaussian(deviation: 3), 100, 100),
    Cell(.bennett, .gaussian(deviation: 4), 500, 500),
    Cell(.multistate, .ladder(states: 4, stiffness: 4, shift: 2), 20, 20),
  ])
  func enoughIsResolved(_ cell: Cell) {
    var study = CoverageStudy()
    study.seed = testSeed(19)
    let row = study.row(cell, index: 1)
    let least = binomialAcceptance(trials: row.repeats, probability: 0.85).lowerBound
    #expect(row.resolved >= least, "\(row.process): \(row.resolved), seed \(study.seed)")
  }

  /// Without overlap nothing is resolved.
  @Test(arguments: [
    Cell(.exponential, .gaussian(deviation: 10), 500, 0),
    Cell(.exponential, .twoStates(from: 0.0001, to: 0.9), 20, 0),
    Cell(.bennett, .gaussian(deviation: 10), 500, 500),
    Cell(.multistate, .ladder(states: 2, stiffness: 1, shift: 12), 100, 100),
    Cell(.multistate, .ladder(states: 4, stiffness: 1, shift: 12), 20, 20),
  ])
  func nothingIsResolvedWithoutOverlap(_ cell: Cell) {
    var study = CoverageStudy()
    study.seed = testSeed(20)
    #expect(study.row(cell, index: 2).resolved == 0, "\(cell.process), seed \(study.seed)")
  }

  @Test func rowsDoNotDependOnThreads() {
    var study = CoverageStudy()
    study.repeats = 100
    let cell = Cell(.bennett, .gaussian(deviation: 1), 30, 20)
    let one = study.row(cell, index: 3)
    study.workers = Workers(count: 3)
    let three = study.row(cell, index: 3)
    #expect(one.width == three.width && one.covered == three.covered)
  }
}
