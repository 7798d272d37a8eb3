internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r13: jumps between modes by trajectory tempering and by Gibbs sampling.
  static let trajectoryTempering = Reproduction(
    id: "bm-r13", title: "Trajectory tempering jumps between modes where Gibbs sampling does not",
    paper: "Bereux, Decelle, Furtlehner, Rosset and Seoane 2024, arXiv:2405.15376",
    claim: """
      Exchange along the checkpoints of training makes many times more jumps between clusters than \
      Gibbs sampling in as many steps.
      """,
    settings: """
      Spins near a random pattern (mass 1/4) or its opposite, 21 units, magnetisation 0.85; machine of \
      21 × 10 spins trained by PCD-10 for 400 updates, a checkpoint every 10; 100 chains of 10,000 \
      sweeps by either sampler, trajectory tempering with exchanges after every sweep at a target \
      acceptance of 0.3 (with --full 100,000 sweeps). A chain changes its mode when its overlap with \
      the pattern has crossed from beyond ±0.4 to the other side. Exact mode masses from all 2²¹ states.
      """,
    criterion: """
      At least 10 times more jumps per sweep of a chain, and per sweep of all rungs together; masses \
      of the modes within 3 standard errors of the exact ones.
      """,
    run: { context in try TrajectoryTemperingEntry(context).run() })
}

/// The run of bm-r13.
private struct TrajectoryTemperingEntry {
  static let units = 21
  static let chains = 100
  /// Overlap beyond which a chain is in a mode.
  static let threshold = 0.4

  let context: ReproductionContext
  let sweeps: Int

  init(_ context: ReproductionContext) {
    self.context = context
    sweeps = context.isFull ? 100_000 : 10_000
  }

  func run() throws -> ReproductionOutcome {
    let data = try Generators.generate(
      "two-modes:units=\(Self.units),magnetisation=0.85,samples=4000", workers: context.workers)
    let states = try data.states(for: .spin)
    let pattern = pattern(states, labels: data.labels ?? [])
    let checkpoints = try train(states)
    guard let machine = checkpoints.last?.machine else { return .init(measured: [], checks: []) }
    context.progress(0.1)
    let exact = exactMass(machine, pattern)
    let gibbs = gibbs(machine, pattern, start: states)
    context.progress(0.4)
    var options = TemperingOptions()
    options.ladders = Self.chains
    options.sweeps = sweeps
    options.increment = 1
    options.targetAcceptance = 0.3
    options.seed = context.seed
    options.workers = context.workers
    var modes = ModeCount(chains: Self.chains)
    let result = try TrajectoryTempering.run(
      checkpoints: checkpoints, options: options,
      progress: { context.progress(0.4 + 0.6 * $0) },
      observe: { modes.take($0, pattern: pattern) })
    return outcome(gibbs: gibbs, tempering: modes, result: result, exact: exact)
  }

  /// +1 where the samples of the first mode are mostly up.
  private func pattern(_ states: StateMatrix, labels: [Int]) -> [Bool] {
    let first = states.selectingRows(labels.indices.filter { labels[$0] == 0 })
    guard case .bits(let bits) = first else { return [] }
    return bits.columnCounts().map { 2 * $0 > bits.rows }
  }

  private func train(
    _ states: StateMatrix
  ) throws -> [(update: Int, machine: RestrictedBoltzmannMachine)] {
    var options = TrainingOptions()
    options.updates = 400
    options.learningRate = 0.02
    options.seed = context.seed
    let machine = RestrictedBoltzmannMachine.initial(
      visible: .spin, hidden: .spin, hiddenCount: 10, data: states, scale: 0.01,
      seed: context.seed)
    let trainer = Trainer(
      machine: machine, data: states, options: options, workers: context.workers)
    var checkpoints: [(update: Int, machine: RestrictedBoltzmannMachine)] = []
    while trainer.update < options.updates {
      try trainer.step()
      if trainer.update % 10 == 0 { checkpoints.append((trainer.update, trainer.machine)) }
    }
    return checkpoints
  }

  /// The mass of the states that agree with the pattern in more than half of the units.
  private func exactMass(
    _ machine: RestrictedBoltzmannMachine, _ pattern: [Bool]
  ) -> Double {
    let block = 1 << 14
    var inside: [Double] = []
    var outside: [Double] = []
    for first in stride(from: 0, to: 1 << Self.units, by: block) {
      var bits = BitMatrix(rows: block, columns: Self.units)
      for row in 0..<block {
        for i in 0..<Self.units where (first + row) >> i & 1 == 1 { bits[row, i] = true }
      }
      let states = StateMatrix.bits(bits)
      let overlaps = ModeCount.overlaps(states, pattern: pattern)
      let energies = machine.freeEnergies(of: states, workers: context.workers)
      inside.append(logSumExp(energies.indices.filter { overlaps[$0] > 0 }.map { -energies[$0] }))
      outside.append(logSumExp(energies.indices.filter { overlaps[$0] < 0 }.map { -energies[$0] }))
    }
    return logistic(logSumExp(inside) - logSumExp(outside))
  }

  /// Chains of Gibbs sampling from data, looked at after every sweep.
  private func gibbs(
    _ machine: RestrictedBoltzmannMachine, _ pattern: [Bool], start: StateMatrix
  ) -> ModeCount {
    let form = BernoulliForm(machine)
    var visible = start.selectingRows(0..<Self.chains)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: Self.chains)
    let sampler = GibbsSampler(form: form, chains: Self.chains, workers: context.workers)
    sampler.lanes.seedAll(seed: context.seed, purpose: .samples)
    var modes = ModeCount(chains: Self.chains)
    for _ in 0..<sweeps {
      sampler.run(visible: &visible, hidden: &hidden, sweeps: 1)
      modes.take(visible, pattern: pattern)
    }
    return modes
  }

  private func outcome(
    gibbs: ModeCount, tempering: ModeCount, result: TemperingResult, exact: Double
  ) -> ReproductionOutcome {
    let rungs = Double(result.rungs.count)
    let total = Double(sweeps * Self.chains) / 1e4
    let mass = tempering.mass
    let gibbsMass = gibbs.mass
    return ReproductionOutcome(
      measured: [
        ("jumps of a Gibbs chain per 10,000 sweeps", Double(gibbs.jumps) / total),
        ("jumps at the top rung per 10,000 sweeps of it", Double(tempering.jumps) / total),
        (
          "jumps at the top rung per 10,000 sweeps of all rungs",
          Double(tempering.jumps) / total / rungs
        ),
        ("rungs", rungs),
        ("least acceptance", result.acceptance.min() ?? 0),
        ("round trips a ladder", Double(result.roundTrips) / Double(Self.chains)),
        ("exact mass of the first mode", exact),
        ("mass by trajectory tempering", mass.value),
        ("its standard error", mass.standardError),
        ("mass by Gibbs sampling", gibbsMass.value),
        ("its standard error over chains", gibbsMass.standardError),
      ],
      checks: [
        ratio("jumps per sweep of a chain", tempering, gibbs, cost: 1),
        ratio("jumps per sweep of all rungs", tempering, gibbs, cost: rungs),
        massCheck(mass, exact: exact),
      ],
      figures: [ModeHistoryFigure.make(gibbs: gibbs.history, tempering: tempering.history)])
  }

  private func massCheck(
    _ mass: (value: Double, standardError: Double), exact: Double
  ) -> Check {
    let reach = 3 * mass.standardError
    let isInside = abs(mass.value - exact) <= reach
    return Check(
      name: "mass of the first mode", statistic: mass.value, expected: exact,
      interval: mass.value - reach...mass.value + reach, verdict: isInside ? .pass : .fail,
      trajectories: Self.chains,
      reason: isInside ? "" : "the mass is more than three standard errors off")
  }

  /// Jumps against those of Gibbs sampling, whose number is known to the limits of Poisson's law.
  private func ratio(
    _ name: String, _ tempering: ModeCount, _ gibbs: ModeCount, cost: Double
  ) -> Check {
    let most = chiSquareQuantile(0.975, degreesOfFreedom: 2 * Double(gibbs.jumps) + 2) / 2
    let least =
      gibbs.jumps == 0
      ? 0 : chiSquareQuantile(0.025, degreesOfFreedom: 2 * Double(gibbs.jumps)) / 2
    let jumps = Double(tempering.jumps) / cost
    let low = jumps / most
    let high = least > 0 ? jumps / least : .infinity
    let verdict: Check.Verdict = low >= 10 ? .pass : high < 10 ? .fail : .unresolved
    return Check(
      name: name, statistic: gibbs.jumps > 0 ? jumps / Double(gibbs.jumps) : low, expected: 10,
      relation: .atLeast, interval: low...high, verdict: verdict, trajectories: Self.chains,
      reason: verdict == .pass ? "" : "not ten times the jumps of Gibbs sampling",
      advice: verdict == .unresolved ? "use --full, for more sweeps" : "")
  }
}

/// In which mode chains are, and how often they changed it.
private struct ModeCount {
  private(set) var jumps = 0
  /// The overlap of the first chains over time, thinned by the reader.
  private(set) var history: [[Double]] = []
  private var modes: [Int8]
  private var inside: [Int]
  private var looks = 0

  init(chains: Int) {
    modes = [Int8](repeating: 0, count: chains)
    inside = [Int](repeating: 0, count: chains)
  }

  /// (agreeing − disagreeing units) / units.
  static func overlaps(_ states: StateMatrix, pattern: [Bool]) -> [Double] {
    guard case .bits(let bits) = states else { return [] }
    var word: UInt64 = 0
    for (i, isUp) in pattern.enumerated() where isUp { word |= 1 << UInt64(i) }
    let count = Double(pattern.count)
    return (0..<bits.rows).map {
      1 - 2 * Double((bits.words(ofRow: $0)[0] ^ word).nonzeroBitCount) / count
    }
  }

  mutating func take(_ states: StateMatrix, pattern: [Bool]) {
    let overlaps = ModeCount.overlaps(states, pattern: pattern)
    looks += 1
    for (chain, overlap) in overlaps.enumerated() {
      if overlap > 0 { inside[chain] += 1 }
      let mode: Int8 =
        overlap > TrajectoryTemperingEntry.threshold
        ? 1 : overlap < -TrajectoryTemperingEntry.threshold ? -1 : modes[chain]
      if modes[chain] != 0, mode != modes[chain] { jumps += 1 }
      modes[chain] = mode
    }
    if looks <= 2000 { history.append(Array(overlaps.prefix(1))) }
  }

  /// The mean over chains of the share of time in the first mode.
  var mass: (value: Double, standardError: Double) {
    let shares = inside.map { Double($0) / Double(max(1, looks)) }
    return (mean(of: shares), (variance(of: shares) / Double(shares.count)).squareRoot())
  }
}

/// The overlap of a chain with the pattern over time, by both samplers.
private enum ModeHistoryFigure {
  static func make(gibbs: [[Double]], tempering: [[Double]]) -> Figure {
    let name = "bm-r13-overlap"
    var text = "# sweep, Gibbs sampling, trajectory tempering\n"
    for (sweep, pair) in zip(gibbs, tempering).enumerated() where sweep < 1000 {
      text +=
        "\(sweep + 1) \(NumberText.data(pair.0.first ?? 0)) "
        + "\(NumberText.data(pair.1.first ?? 0))\n"
    }
    func panel(_ title: String, _ column: Int, _ colour: String) -> String {
      """
      set title "\(title)"
      plot '\(name).dat' using 1:\(column) with lines linecolor rgb '\(colour)' linewidth 1 notitle
      """
    }
    return Figure(
      name: name, title: "One chain between two modes",
      caption:
        "Overlap of one chain with the pattern over its first 1000 sweeps. The Gibbs chain stays in "
        + "the mode in which it started; the highest rung of a ladder of checkpoints is handed "
        + "states of either mode.",
      script: FigureStyle.prologue(name, height: 460) + """
        set multiplot layout 2,1
        set yrange [-1.1:1.1]
        set xrange [0:1000]
        set ylabel "overlap"
        \(panel("Gibbs sampling", 2, FigureStyle.vermilion))
        set xlabel "sweeps"
        \(panel("Trajectory tempering", 3, FigureStyle.blue))
        unset multiplot

        """, data: text)
  }
}
