internal import ArgumentParser
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

/// The command that estimates entropy production from recorded states alone.
///
/// `szilard entropy-production FILE`
struct EntropyProductionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "entropy-production",
    abstract: "Entropy production of recorded trajectories, with an interval and a null.",
    discussion: """
      FILE holds [time, coordinates] or [chains, time, coordinates]: .npy, .npz, .h5 or text with one \
      state a line. Values are in nats per lag. The null is the same estimate of the record with its \
      blocks played forwards or backwards at random. Exit code 2 when the estimate is unresolved.
      """)

  /// Which estimators are run.
  enum Method: String, ExpressibleByArgument, CaseIterable {
    case gaussian, uncertainty, neighbours, neural, all
  }

  @Argument(help: "The trajectories.")
  var file: String

  @Option(help: "States from the beginning to the end of a pair.")
  var lag = 1

  @Option(help: "Lags at which the estimate is repeated, such as 1,2,4,8.")
  var lags: String?

  @Option(help: "gaussian, uncertainty, neighbours (1 to 3 coordinates), neural or all.")
  var method: Method = .gaussian

  @Option(help: "Time from a state to the next; then rates are given too.")
  var timeStep: Double?

  @Option(help: "States at the beginning of each chain that are left out.")
  var discard = 0

  @Option(help: "Confidence of the intervals.")
  var confidence = 0.95

  @Option(help: "The array to read from an .npz or .h5 file.")
  var key: String?

  @Option(help: "Seed of the null and of the network.")
  var seed: UInt64?

  @Option(help: "The folder for figures: estimate against lag, current in the plane.")
  var figures: String?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    guard lag >= 1 else { throw ValidationError("--lag \(lag): give 1 or more") }
    guard discard >= 0 else { throw ValidationError("--discard \(discard): give 0 or more") }
    guard confidence > 0, confidence <= 0.998 else {
      throw ValidationError(
        "--confidence \(confidence): give a number above 0 and up to 0.998, which the null of 999 draws tells"
      )
    }
    if let timeStep, !(timeStep > 0 && timeStep.isFinite) {
      throw ValidationError("--time-step \(timeStep): give a positive number")
    }
    _ = try scannedLags()
  }

  /// The lags of --lags, in their order.
  private func scannedLags() throws -> [Int]? {
    guard let lags else { return nil }
    let numbers = lags.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
    let values = numbers.compactMap { $0 }
    guard !values.isEmpty, values.count == numbers.count, values.allSatisfy({ $0 >= 1 }) else {
      throw ValidationError("--lags \(lags): give positive integers such as 1,2,4,8")
    }
    return Set(values).sorted()
  }

  func run() throws {
    let workers = try compute.apply()
    // So that numbers do not depend on the threads.
    LinearAlgebra.useOneThread()
    let seed = resolvedSeed(seed)
    let trajectories = try Trajectories(path: file, key: key).discarding(discard)
    let methods = methods(for: trajectories)
    let primary = methods[0]
    let line = UncheckedSendable(ProgressLine())
    func estimate(
      _ method: EntropyProductionEstimate.Method, lag: Int
    ) throws -> EntropyProductionEstimate {
      switch method {
      case .gaussian:
        try GaussianLag.estimate(
          trajectories, lag: lag, confidence: confidence, seed: seed, workers: workers)
      case .uncertainty:
        try UncertaintyBound.estimate(
          trajectories, lag: lag, confidence: confidence, seed: seed, workers: workers)
      case .neighbours:
        try NeighbourDivergence.estimate(
          trajectories, lag: lag, confidence: confidence, seed: seed, workers: workers)
      case .neural:
        try NeuralEntropyProduction.estimate(
          trajectories, lag: lag, confidence: confidence, seed: seed, workers: workers
        ) { fraction in
          line.value.show("\(ProgressLine.bar(fraction)) training at lag \(lag)")
        }
      }
    }
    let rows = try methods.map { try estimate($0, lag: lag) }
    var scanned = try scannedLags()
    if scanned == nil, figures != nil, primary != .neural {
      scanned = defaultLags(rows[0].relaxationTime, length: trajectories.length)
    }
    let scan = try (scanned ?? []).map { try estimate(primary, lag: $0) }
    line.value.finish()
    let current = try ProbabilityCurrent(of: trajectories, lag: lag, workers: workers)
    let written = try figures.map { try draw(scan, current, trajectories, in: $0) }
    let result = EntropyProductionOutput(
      file: file, seed: seed, trajectories: trajectories, discarded: discard, timeStep: timeStep,
      rows: rows, scan: scan, current: current, figures: written)
    if json {
      try Console.json(result)
    } else {
      Console.output(EntropyProductionCommand.table(result))
      if self.seed == nil { Console.message("seed \(seed)") }
    }
    if !rows[0].estimate.isResolved { throw unresolvedExitCode }
  }

  /// The methods to be run, the one that decides first; with --method all those that fit.
  private func methods(
    for trajectories: Trajectories
  ) -> [EntropyProductionEstimate.Method] {
    if let one = EntropyProductionEstimate.Method(rawValue: method.rawValue) { return [one] }
    return EntropyProductionEstimate.Method.allCases.filter { method in
      let range =
        switch method {
        case .gaussian: 2...Int.max
        case .uncertainty: 2...UncertaintyBound.maximumDimension
        case .neighbours: 1...NeighbourDivergence.maximumDimension
        case .neural: 1...Int.max
        }
      let fits = range.contains(trajectories.dimension)
      if !fits {
        Console.message(
          "\(method.rawValue) is left out: it takes \(range.lowerBound)"
            + (range.upperBound < Int.max ? " to \(range.upperBound)" : " or more") + " coordinates"
        )
      }
      return fits
    }
  }

  /// Powers of two up to twice the relaxation time.
  private func defaultLags(_ relaxation: Double, length: Int) -> [Int] {
    let most = min(Double(length) / 16, max(4, 2 * relaxation))
    return (0..<20).map { 1 << $0 }.filter { Double($0) <= most }
  }

  private func draw(
    _ scan: [EntropyProductionEstimate], _ current: ProbabilityCurrent,
    _ trajectories: Trajectories, in folder: String
  ) throws -> [String] {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw SzilardError(.cannotOpen, "--figures \(folder): the folder cannot be made")
    }
    var all: [Figure] = []
    if scan.contains(where: { $0.null != nil }) {
      all.append(EntropyLagFigure.make(scan, timeStep: timeStep))
    }
    if current.problem == nil, let flow = current.flow(of: trajectories, lag: lag) {
      all.append(CurrentPlaneFigure.make(flow, lag: lag))
    }
    if all.isEmpty { Console.message("nothing could be estimated, so no figure is drawn") }
    let gnuplot = Gnuplot.find()
    if gnuplot == nil {
      Console.message("gnuplot is not installed: scripts and data are written alone")
    }
    return try all.map { figure in
      let drawn = try figure.draw(in: folder, with: gnuplot)
      if let problem = drawn.problem { Console.message(problem) }
      return drawn.svgFile ?? drawn.scriptFile
    }
  }

  // MARK: Text

  /// A table for a person, and what it means.
  static func table(_ result: EntropyProductionOutput) -> String {
    func padded(_ text: String, _ width: Int) -> String {
      text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
    func short(_ value: Double) -> String { String(format: "%.4g", value) }
    func line(_ row: EntropyProductionOutput.Row) -> String {
      let one = row.result
      let estimate = one.estimate
      let interval =
        "[\(short(estimate.interval.lowerBound)), \(short(estimate.interval.upperBound))]"
      return [
        padded(one.kind.rawValue, 11), padded("\(one.lag)", 5), padded(short(estimate.value), 11),
        padded(interval, 24), padded(one.null.map { short($0.upper95) } ?? "-", 11),
        padded(one.null.map { short($0.exceedance) } ?? "-", 7), verdict(one),
      ].joined(separator: " ")
    }
    let chains = result.chains == 1 ? "one trajectory" : "\(result.chains) trajectories"
    let first = result.entropyProduction
    var lines = [
      "\(chains) of \(result.states) states, \(result.dimension) coordinates; relaxation time about \(short(first.result.relaxationTime)) states",
      "method      lag   nats/lag    interval                 null 95 %   p       verdict",
      line(first),
    ]
    lines += result.others.map(line)
    lines += result.lags.filter { $0.result.lag != first.result.lag }.map(line)
    if let rate = first.rate { lines.append("rate \(rate) nats per unit of time") }
    if let largest = result.circulation.largest {
      lines.append(
        "largest area: half of x\(largest.first) dx\(largest.second) - x\(largest.second) dx\(largest.first) "
          + "is \(short(largest.value)) +- \(short(largest.error)) per lag")
    }
    lines.append(meaning(first.result))
    lines += (result.figures ?? []).map { "figure: \($0)" }
    return lines.joined(separator: "\n")
  }

  private static func verdict(_ one: EntropyProductionEstimate) -> String {
    if case .unresolved(let reason) = one.estimate.verdict { return "UNRESOLVED: \(reason)" }
    return one.isIrreversible ? "irreversible" : "consistent with equilibrium"
  }

  /// What the first row says, in a sentence.
  private static func meaning(_ one: EntropyProductionEstimate) -> String {
    func short(_ value: Double) -> String { String(format: "%.3g", value) }
    guard one.estimate.isResolved, let null = one.null else {
      return "nothing follows: the estimate is unresolved"
    }
    if one.isIrreversible {
      return
        "not in equilibrium: a reversible process gives more than \(short(null.upper95)) in 5 %, "
        + "and as much as was measured in \(short(100 * null.exceedance)) %, of such records"
    }
    return "consistent with equilibrium: a reversible process gives as much or more in "
      + "\(short(100 * null.exceedance)) % of such records; entropy production above "
      + "\(short(one.estimate.interval.upperBound)) nats per lag is excluded"
  }
}
