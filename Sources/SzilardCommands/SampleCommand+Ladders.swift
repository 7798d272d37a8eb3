internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore

extension SampleCommand {
  /// What ladders brought, as JSON.
  struct LadderSummary: Encodable {
    let output: String
    let method: String
    let count: Int
    let sweeps: Int
    let increment: Int
    let seed: UInt64
    /// Rungs, lowest first: inverse temperature, or place among the checkpoints.
    let rungs: [Rung]
    /// Mean acceptance of each pair of neighbours.
    let acceptance: [Double]
    let roundTrips: Int
    let ascents: Int
    let logPartitionFunction: Estimate
    let statisticalInefficiency: Double
    let autocorrelation: String
    let potentialScaleReduction: Double?
    let verdict: String
    let reason: String?

    struct Rung: Encodable {
      let position: Double
      let update: Int?
      let logPartitionFunction: Estimate
    }
  }

  /// Samples by exchange on ladders.
  func runLadders(_ workers: Workers) throws {
    let machine = try ModelFile.load(model)
    let chosenSeed = resolvedSeed(seed)
    var options = TemperingOptions()
    options.ladders = count
    options.sweeps = sweeps
    options.seed = chosenSeed
    options.workers = workers
    if let rungs { options.maximumRungs = rungs }
    if let targetAcceptance { options.targetAcceptance = targetAcceptance }
    if let increment { options.increment = increment }
    let line = ProgressLine()
    let progress: (Double) -> Void = { fraction in
      line.show("sampling \(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %")
    }
    let result: TemperingResult
    if method == .trajectory {
      let folder = try RunFolder(existing: model)
      let checkpoints = try TrajectoryTempering.checkpoints(of: folder)
      result = try TrajectoryTempering.run(
        checkpoints: checkpoints, options: options, progress: progress)
    } else {
      result = ParallelTempering.run(machine, options: options, progress: progress)
    }
    line.finish()
    try write(result.samples, of: machine)
    try report(result, options: options)
  }

  private func report(_ result: TemperingResult, options: TemperingOptions) throws {
    var reason: String?
    if case .unresolved(let text) = result.verdict { reason = text }
    if let reason { Console.message("warning: \(reason)") }
    let reduction = result.potentialScaleReduction
    let summary = LadderSummary(
      output: output, method: method.rawValue, count: count, sweeps: result.sweeps,
      increment: options.increment, seed: options.seed,
      rungs: result.rungs.map {
        LadderSummary.Rung(
          position: $0.position, update: $0.update, logPartitionFunction: $0.logPartitionFunction)
      }, acceptance: result.acceptance, roundTrips: result.roundTrips, ascents: result.ascents,
      logPartitionFunction: result.logPartitionFunction,
      statisticalInefficiency: result.statisticalInefficiency,
      autocorrelation: result.autocorrelationResolved ? "measured" : "lower bound",
      potentialScaleReduction: reduction.isFinite ? reduction : nil,
      verdict: reason == nil ? "resolved" : "unresolved", reason: reason)
    if json { return try Console.json(summary) }
    let logZ = result.logPartitionFunction
    let least = result.acceptance.min() ?? 0
    let most = result.acceptance.max() ?? 0
    Console.output(
      """
      \(count) samples in \(output), seed \(options.seed)
      \(result.rungs.count) rungs, acceptance \(Console.number(least, digits: 2)) to \
      \(Console.number(most, digits: 2)), \(result.roundTrips) round trips in \(count) ladders
      ln Z = \(Console.number(logZ.value)) [\(Console.number(logZ.interval.lowerBound)), \
      \(Console.number(logZ.interval.upperBound))]\(logZ.isResolved ? "" : " unresolved"); \
      autocorrelation time \(Console.number(result.statisticalInefficiency, digits: 1)) sweeps, \
      R-hat \(Console.number(reduction))
      """)
  }
}
