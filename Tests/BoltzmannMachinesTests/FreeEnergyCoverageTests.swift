import Foundation
import NumericalCore
import StochasticThermodynamics
import TestSupport
import Testing

@testable import BoltzmannMachines

/// The 95 % intervals of what is resolved contain ln Z of small machines: works and reduced potentials
/// from exact samples, and works of annealing by Gibbs sampling.
///
/// 1,000 repeats a cell, from good overlap to none; each repeat has a machine of its own. With
/// SZILARD_TEST_FULL set, ten times as many. The table is in the output of the tests.
@Suite struct FreeEnergyCoverageTests {
  enum Method: String, Sendable { case exponential, bennett, multistate }

  /// A cell: the estimator, the scale of the machines' parameters, the rungs of the path from
  /// independent units to the machine (two are one quench), and trajectories (samples a rung).
  struct Cell: Sendable, CustomStringConvertible {
    let method: Method
    let scale: Double
    let rungs: Int
    let count: Int

    init(_ method: Method, _ scale: Double, _ rungs: Int, _ count: Int) {
      self.method = method
      self.scale = scale
      self.rungs = rungs
      self.count = count
    }

    var description: String { "\(method.rawValue) scale \(scale), \(rungs) rungs, \(count)" }
  }

  static let repeats =
    ProcessInfo.processInfo.environment["SZILARD_TEST_FULL"] == nil ? 1000 : 10_000

  static let cells: [Cell] = [
    Cell(.exponential, 0.3, 2, 100), Cell(.exponential, 0.6, 2, 100),
    Cell(.exponential, 1, 2, 100), Cell(.exponential, 1, 4, 100),
    Cell(.exponential, 2, 2, 100), Cell(.exponential, 2, 6, 100),
    Cell(.exponential, 2, 2, 1000), Cell(.exponential, 4, 6, 100),
    Cell(.exponential, 10, 6, 100),
    Cell(.exponential, 10, 6, 1000),
    Cell(.bennett, 0.3, 2, 50), Cell(.bennett, 1, 2, 50), Cell(.bennett, 1, 4, 50),
    Cell(.bennett, 2, 2, 50), Cell(.bennett, 2, 6, 50), Cell(.bennett, 4, 2, 50),
    Cell(.bennett, 4, 6, 50), Cell(.bennett, 10, 6, 50),
    Cell(.multistate, 0.3, 2, 30), Cell(.multistate, 1, 3, 30), Cell(.multistate, 2, 4, 30),
    Cell(.multistate, 4, 4, 30), Cell(.multistate, 4, 6, 30), Cell(.multistate, 10, 4, 30),
  ]

  /// What a cell brought.
  private struct Row: Sendable {
    var resolved = 0
    var covered = 0
    /// Of intervals half as long.
    var coveredByShort = 0
    var overlap = 0.0

    mutating func add(_ difference: FreeEnergyDifference, truth: Double) {
      overlap += difference.overlap ?? 0
      guard difference.isResolved else { return }
      resolved += 1
      let (value, interval) = (difference.value, difference.estimate.interval)
      if interval.contains(truth) { covered += 1 }
      let low = value + (interval.lowerBound - value) / 2
      let high = value + (interval.upperBound - value) / 2
      if low <= truth, truth <= high { coveredByShort += 1 }
    }

    /// Binomial acceptance at α = 1e-9, one-sided: intervals may be too long, never too short.
    var least: Int { binomialAcceptance(trials: resolved, probability: 0.95).lowerBound }
  }

  private func row(_ cell: Cell, seed: UInt64) -> Row {
    var row = Row()
    for trial in 0..<UInt64(FreeEnergyCoverageTests.repeats) {
      var random = RandomStream(seed: seed, purpose: .test, index: trial, step: 1)
      let path = MachinePath(
        scale: cell.scale, rungs: cell.rungs, seed: seed &+ trial &* 7919)
      row.add(estimate(cell, path, &random), truth: path.freeEnergyDifference)
    }
    row.overlap /= Double(FreeEnergyCoverageTests.repeats)
    return row
  }

  private func estimate(
    _ cell: Cell, _ path: MachinePath, _ random: inout RandomStream
  ) -> FreeEnergyDifference {
    switch cell.method {
    case .exponential:
      return ExponentialAverage.freeEnergyDifference(works: path.works(cell.count, &random))
    case .bennett:
      return BennettAcceptanceRatio.freeEnergyDifference(
        forward: path.works(cell.count, &random),
        reverse: path.works(cell.count, reverse: true, &random))
    case .multistate:
      let solved = try? MultistateBennettAcceptanceRatio(
        reducedPotentials: path.reducedPotentials(cell.count, &random),
        counts: [Int](repeating: cell.count, count: cell.rungs))
      return solved?.freeEnergies.last
        ?? FreeEnergyDifference(estimate: .unresolved("not solved", method: "none"))
    }
  }

  @Test(arguments: cells) func resolvedIntervalsHold(_ cell: Cell) {
    let seed = testSeed(31)
    let row = row(cell, seed: seed)
    print(
      "\(cell): resolved \(row.resolved), covered \(row.covered) (least \(row.least)), overlap "
        + String(format: "%.3g", row.overlap))
    #expect(
      row.covered >= row.least, "\(cell): \(row.covered) of \(row.resolved), seed \(seed)")
    // Weak machines and slow protocols are resolved; quenches of strong ones are not.
    if cell.scale <= 0.3 { #expect(row.resolved > FreeEnergyCoverageTests.repeats * 9 / 10) }
    if cell.scale >= 10 { #expect(row.resolved < FreeEnergyCoverageTests.repeats * 3 / 4) }
  }

  /// The mutant: intervals half as long are seen.
  @Test(arguments: [
    Cell(.exponential, 0.3, 2, 100), Cell(.bennett, 1, 2, 50), Cell(.multistate, 1, 3, 30),
  ])
  func shortIntervalsAreSeen(_ cell: Cell) {
    let seed = testSeed(32)
    let row = row(cell, seed: seed)
    #expect(row.coveredByShort < row.least, "\(cell): \(row.coveredByShort) of \(row.resolved)")
  }

  /// Works of annealing with Gibbs sweeps, out of equilibrium; twenty repeats a machine.
  ///
  /// Where nine sweeps take 100 chains to scale 10, whole machines have all chains in one wrong mode, with
  /// narrow works in all twenty repeats. No statistic of these works tells; coverage of the resolved is 87 %
  /// over 500 machines, and on fifty it depends on the seed (Design note 0005).
  @Test(arguments: [
    (0.3, 10, 100), (1, 20, 100), (1, 5, 100), (2, 40, 100), (4, 40, 100), (10, 10, 100),
    (10, 10, 1000), (10, 40, 500),
  ])
  func annealedWorksHold(_ scale: Double, _ temperatures: Int, _ chains: Int) throws {
    let seed = testSeed(33)
    let groups = 20
    let machines = FreeEnergyCoverageTests.repeats / groups
    var row = Row()
    for number in 0..<UInt64(machines) {
      let machine = MachinePath.machine(scale: scale, seed: seed &+ 104_729 &* number)
      let exact = try ExactEnumeration.logPartitionFunction(of: machine)
      let result = AnnealedImportanceSampling(
        schedule: AnnealingSchedule.linear(temperatures: temperatures), chains: groups * chains,
        seed: seed &+ number
      ).run(machine, base: IndependentUnits(baseRateOf: machine))
      for group in 0..<groups {
        row.add(
          ExponentialAverage.freeEnergyDifference(
            works: Array(result.works[group * chains..<(group + 1) * chains])),
          truth: result.baseLogPartitionFunction - exact)
      }
    }
    print(
      "annealed, scale \(scale), \(temperatures) temperatures, \(chains) chains: resolved "
        + "\(row.resolved), covered \(row.covered) (least \(row.least))")
    let comment: Comment =
      "annealed, scale \(scale): \(row.covered) of \(row.resolved), seed \(seed)"
    if scale == 10, temperatures == 10, chains == 100 {
      withKnownIssue("all chains in one wrong mode", isIntermittent: true) {
        #expect(row.covered >= row.least, comment)
      }
    } else {
      #expect(row.covered >= row.least, comment)
    }
    if scale <= 1, temperatures >= 10 {
      #expect(row.resolved > FreeEnergyCoverageTests.repeats * 9 / 10)
      #expect(row.coveredByShort < row.least)
    }
  }
}

/// The path E_β = (1 − β) E_base + β E from independent units to a machine of 8 × 8 units, listed.
struct MachinePath {
  /// F_k(v) of each visible state, a row a rung.
  private let energies: [[Double]]
  private let cumulative: [[Double]]
  /// ln Z of each rung.
  let logPartitionFunctions: [Double]

  static func machine(scale: Double, seed: UInt64) -> RestrictedBoltzmannMachine {
    // Weights in units that make the scale comparable to that of two-valued units with 8 neighbours.
    Pairing(visible: .bernoulli, hidden: .bernoulli)
      .machine(visible: 8, hidden: 8, scale: scale, seed: seed)
  }

  init(scale: Double, rungs: Int, seed: UInt64) {
    let machine = MachinePath.machine(scale: scale, seed: seed)
    let states = 1 << 8
    let a = machine.visible.biases.map(Double.init)
    let b = machine.hidden.biases.map(Double.init)
    // Fields of the hidden units without bias, and the visible energy, of each state.
    var fields = [[Double]](repeating: [Double](repeating: 0, count: 8), count: states)
    var own = [Double](repeating: 0, count: states)
    for v in 0..<states {
      for i in 0..<8 where v >> i & 1 == 1 {
        own[v] += a[i]
        for j in 0..<8 { fields[v][j] += Double(machine.weights[i, j]) }
      }
    }
    // The base has the machine's visible biases and no hidden ones.
    energies = (0..<rungs).map { rung in
      let beta = Double(rung) / Double(rungs - 1)
      return (0..<states).map { v in
        -own[v]
          - (0..<8).reduce(0) {
            let x = beta * (b[$1] + fields[v][$1])
            return $0 + max(x, 0) + log1p(exp(-abs(x)))
          }
      }
    }
    logPartitionFunctions = energies.map { logSumExp($0.map { -$0 }) }
    cumulative = zip(energies, logPartitionFunctions).map { row, logZ in
      var sum = 0.0
      return row.map {
        sum += exp(-$0 - logZ)
        return sum
      }
    }
  }

  /// ΔF from the first rung to the last.
  var freeEnergyDifference: Double {
    logPartitionFunctions[0] - logPartitionFunctions[logPartitionFunctions.count - 1]
  }

  private func draw(_ rung: Int, _ random: inout RandomStream) -> Int {
    let level = random.uniform() * (cumulative[rung].last ?? 1)
    var (low, high) = (0, cumulative[rung].count - 1)
    while low < high {
      let middle = (low + high) / 2
      if cumulative[rung][middle] > level { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Works along the rungs with complete relaxation at each.
  func works(_ count: Int, reverse: Bool = false, _ random: inout RandomStream) -> [Double] {
    let last = energies.count - 1
    return (0..<count).map { _ in
      var work = 0.0
      for step in 0..<last {
        let (from, to) = reverse ? (last - step, last - step - 1) : (step, step + 1)
        let state = draw(from, &random)
        work += energies[to][state] - energies[from][state]
      }
      return work
    }
  }

  /// u_kn with `count` samples of each rung.
  func reducedPotentials(_ count: Int, _ random: inout RandomStream) -> Matrix<Double> {
    let rungs = energies.count
    var u = Matrix<Double>(rows: rungs, columns: rungs * count)
    for k in 0..<rungs {
      for n in 0..<count {
        let state = draw(k, &random)
        for l in 0..<rungs { u[l, k * count + n] = energies[l][state] }
      }
    }
    return u
  }
}
