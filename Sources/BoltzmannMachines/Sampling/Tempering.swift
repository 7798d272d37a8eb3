public import DataSets
public import NumericalCore

/// Samples of a machine by parallel tempering between independent units and the machine.
///
///     E_b = (1 − b) E_base + b E,   0 = b_0 < … < b_R = 1
///
/// The lowest rung is drawn exactly anew in each round, so that every journey from the bottom to the
/// top brings an independent state. Rungs are chosen for a target acceptance
/// (``TemperingLadder``). Hukushima and Nemoto 1996; for Boltzmann machines Desjardins et al. 2010.
public enum ParallelTempering {
  /// Runs independent ladders for a machine.
  ///
  /// - Parameters:
  ///   - dataMeans: Means of the visible parameters for the independent units, where the machine does
  ///     not carry its training data's.
  ///   - observe: Told the states at the top after each round.
  public static func run(
    _ machine: RestrictedBoltzmannMachine, dataMeans: [Float]? = nil, options: TemperingOptions,
    progress: (Double) -> Void = { _ in }, observe: ((StateMatrix) -> Void)? = nil
  ) -> TemperingResult {
    TemperingRun(path: TemperingPath(to: machine, dataMeans: dataMeans), options: options)
      .run(progress: progress, observe: observe)
  }
}

/// Samples of a trained machine by exchange along the checkpoints of its training ("PTT").
///
/// The rungs are machines that training went through, independent units below them. Transitions that
/// are discontinuous in temperature are continuous along training, where parallel trajectory
/// tempering therefore needs fewer rungs (Bereux, Decelle, Furtlehner, Rosset and Seoane 2024,
/// arXiv:2405.15376). Where neighbouring checkpoints are too far apart for the target acceptance,
/// rungs with interpolated parameters stand between them.
public enum TrajectoryTempering {
  /// Checkpoints that are read at most; of more, these many at even distances, the last among them.
  public static let maximumCheckpoints = 500

  /// The machines that a run has saved, oldest first.
  ///
  /// - Throws: ``SzilardError`` when there are none or one cannot be read.
  public static func checkpoints(
    of folder: RunFolder
  ) throws(SzilardError) -> [(update: Int, machine: RestrictedBoltzmannMachine)] {
    let updates = folder.checkpoints
    guard !updates.isEmpty else {
      throw SzilardError(
        .cannotOpen,
        "\(folder.path): the run has no checkpoint yet; use --method tempering")
    }
    let count = Swift.min(updates.count, maximumCheckpoints)
    var result: [(update: Int, machine: RestrictedBoltzmannMachine)] = []
    for index in 1...count {
      let update = updates[index * updates.count / count - 1]
      result.append((update, try ModelFile.load(folder.checkpointFile(update: update))))
    }
    return result
  }

  /// Runs independent ladders along checkpoints, oldest first; the last one is sampled.
  ///
  /// - Parameters:
  ///   - reservoir: Equilibrium samples of the first checkpoint, which is then the lowest rung in
  ///     place of independent units; ln Z is then that over the first checkpoint's.
  ///   - observe: Told the states at the top after each round.
  /// - Throws: ``SzilardError`` of kind `badData` when there are no checkpoints or shapes differ.
  public static func run(
    checkpoints: [(update: Int, machine: RestrictedBoltzmannMachine)],
    options: TemperingOptions, reservoir: StateMatrix? = nil,
    progress: (Double) -> Void = { _ in }, observe: ((StateMatrix) -> Void)? = nil
  ) throws(SzilardError) -> TemperingResult {
    let path =
      reservoir == nil
      ? try TemperingPath(along: checkpoints) : try TemperingPath(onlyAlong: checkpoints)
    return TemperingRun(path: path, options: options, reservoir: reservoir)
      .run(progress: progress, observe: observe)
  }
}

/// One run of ladders on a path.
struct TemperingRun {
  /// The least acceptance between neighbours at which a ladder counts as connected.
  static let minimumAcceptance = 0.01
  /// Autocorrelation times that either half of the run must be long: the first to forget the start,
  /// the second to be more than one look at each ladder.
  static let minimumTimes = 5.0
  /// Autocorrelation times that a run must be long for the time itself to be known.
  static let resolvingTimes = 20.0

  /// Standard errors of its drift at which ln Z counts as drifting (α = 1e-3).
  static let maximumDrift = 3.3

  let path: TemperingPath
  let options: TemperingOptions
  var reservoir: StateMatrix?

  func run(progress: (Double) -> Void, observe: ((StateMatrix) -> Void)?) -> TemperingResult {
    let ladder = TemperingLadder(on: path, options: options, reservoir: reservoir)
    progress(0.05)
    let exchange = ReplicaExchange(
      machines: ladder.machines(on: path), start: ladder.states, increment: options.increment,
      seed: options.seed, workers: options.workers, reservoir: reservoir)
    // The first half forgets the start, the second is measured.
    let rounds = Swift.max(8, (options.sweeps + options.increment - 1) / options.increment)
    let warmUp = rounds / 2
    var record: ExchangeRecord?
    let step = observe == nil ? Swift.max(1, Swift.min(100, rounds / 20)) : 1
    while exchange.rounds < rounds {
      if exchange.rounds == warmUp {
        exchange.resetAcceptance()
        record = ExchangeRecord(of: exchange, rounds: rounds - warmUp)
      }
      let end = exchange.rounds < warmUp ? warmUp : rounds
      exchange.advance(rounds: Swift.min(step, end - exchange.rounds), record: record)
      observe?(exchange.states(ofRung: exchange.rungs - 1))
      progress(0.05 + 0.95 * Double(exchange.rounds) / Double(rounds))
    }
    return result(
      ladder, exchange, record ?? ExchangeRecord(of: exchange, rounds: 0), rounds: rounds)
  }

  private func result(
    _ ladder: TemperingLadder, _ exchange: ReplicaExchange, _ record: ExchangeRecord, rounds: Int
  ) -> TemperingResult {
    let acceptance = exchange.acceptance.map { mean(of: $0) }
    let series = record.topEnergySeries
    let length = series.first?.count ?? 0
    let sweepsPerVisit = Double((exchange.rungs == 2 ? 1 : 2) * options.increment)
    var inefficiency = Double(length)
    var reduction = Double.infinity
    if length >= 4 {
      let effective = Swift.max(effectiveSampleSize(of: series), 1e-9)
      inefficiency = Swift.max(1, Double(length * series.count) / effective)
      reduction = potentialScaleReduction(of: series)
    }
    let isLongEnough = Double(length) >= TemperingRun.resolvingTimes * inefficiency
    let ascents = exchange.ascents.reduce(0, +)
    let verdict = verdict(
      acceptance: acceptance, ascents: ascents, times: Double(length) / inefficiency,
      drift: LadderFreeEnergies.drift(in: record))
    let bottom = reservoir == nil ? path.knots[0].independentLogPartitionFunction : 0
    let logZ = LadderFreeEnergies(record).logPartitionFunctions(bottom: bottom)
    let rungs = ladder.positions.indices.map { rung in
      let position = ladder.positions[rung]
      var estimate = logZ[rung]
      if case .unresolved(let reason) = verdict, rung > 0 {
        estimate = estimate.unresolved(because: reason)
      }
      return TemperingResult.Rung(
        position: position,
        update: position == position.rounded() ? path.updates[Int(position)] : nil,
        meanEnergy: meanOverLadders(record.meanEnergies(ofRung: rung)),
        logPartitionFunction: estimate)
    }
    return TemperingResult(
      samples: exchange.states(ofRung: exchange.rungs - 1), rungs: rungs, acceptance: acceptance,
      roundTrips: exchange.roundTrips.reduce(0, +), ascents: ascents,
      sweeps: rounds * options.increment, statisticalInefficiency: inefficiency * sweepsPerVisit,
      autocorrelationResolved: isLongEnough, potentialScaleReduction: reduction, verdict: verdict)
  }

  private func verdict(
    acceptance: [Double], ascents: Int, times: Double, drift: (change: Double, error: Double)
  ) -> Estimate.Verdict {
    if let weakest = acceptance.indices.min(by: { acceptance[$0] < acceptance[$1] }),
      acceptance[weakest] < TemperingRun.minimumAcceptance
    {
      return .unresolved(
        "rungs \(weakest) and \(weakest + 1) hardly ever exchange (acceptance \((1e4 * acceptance[weakest]).rounded() / 1e4)); allow more rungs"
      )
    }
    if ascents < options.ladders {
      return .unresolved(
        "\(ascents) journeys from the bottom of the ladder to the top in \(options.ladders) ladders, fewer than one each; make more sweeps"
      )
    }
    if times < TemperingRun.minimumTimes {
      return .unresolved(
        "the measured half of the sweeps is \(Int(times)) autocorrelation times long, less than \(Int(TemperingRun.minimumTimes)); make more sweeps"
      )
    }
    if options.ladders >= LadderFreeEnergies.minimumLadders,
      abs(drift.change) > TemperingRun.maximumDrift * drift.error + 1e-6
    {
      return .unresolved(
        "ln Z still drifts, by \(drift.change) between the halves of the measurement; make more sweeps"
      )
    }
    return .resolved
  }

  private func meanOverLadders(_ values: [Double]) -> Estimate {
    let error = (variance(of: values) / Double(values.count)).squareRoot()
    return Estimate(
      value: mean(of: values), standardError: values.count > 1 ? error : .nan,
      degreesOfFreedom: Double(Swift.max(1, values.count - 1)), method: "mean over ladders",
      effectiveSampleSize: Double(values.count))
  }
}
