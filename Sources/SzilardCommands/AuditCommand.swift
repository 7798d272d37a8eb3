internal import ArgumentParser
internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

/// The command that judges a trained machine.
///
/// `szilard audit MODEL --data DATA`
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Check kernels, equilibrium, fluctuation theorems and the laws of thermodynamics.",
    discussion: """
      One table for a trained machine: each row has a statistic, what theory says of it, its interval, a \
      verdict and what to do about it. Figures and audit.html go to --output, by default the folder audit \
      of a run. Exit code 2 when a check fails or could not be resolved.
      """)

  @Argument(help: "A run folder, .safetensors, .npz or .h5.")
  var model: String

  @Option(help: "Samples that chains start from (default: the training data of a run).")
  var data: String?

  @Option(help: "Trajectories of the heat-exchange experiment.")
  var trajectories = 100_000

  @Option(help: "Chains that are brought to equilibrium.")
  var chains = 1000

  @Option(help: "Sweeps that bring chains to equilibrium.")
  var sweeps = 1000

  @Option(help: "Annealing chains each way.")
  var annealingChains = 500

  @Option(help: "Ladders of the parallel tempering; 0 for none.")
  var ladders = 16

  @Option(help: "The rate at which each check fails where all is well.")
  var falseAlarmRate = 1e-3

  @Option(help: "The folder for figures and audit.html.")
  var output: String?

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the checks as JSON.")
  var json = false

  func validate() throws {
    for (name, value, least) in [
      ("--trajectories", trajectories, 100), ("--chains", chains, 16), ("--sweeps", sweeps, 10),
      ("--annealing-chains", annealingChains, 16), ("--ladders", ladders, 0),
    ] {
      guard value >= least, value <= 1_000_000_000 else {
        throw ValidationError("\(name) \(value): give at least \(least)")
      }
    }
    guard falseAlarmRate > 0, falseAlarmRate <= 0.1 else {
      throw ValidationError("--false-alarm-rate \(falseAlarmRate): give a number in (0, 0.1]")
    }
  }

  struct Result: Encodable {
    let model: String
    let seed: UInt64
    let verdict: Check.Verdict
    let checks: [Check]
    let page: String?
  }

  func run() throws {
    let workers = try compute.apply()
    let machine = try ModelFile.load(model)
    let chosenSeed = resolvedSeed(seed)
    let folder = try? RunFolder(existing: model)
    let states = try samples(for: machine, run: folder, seed: chosenSeed, workers: workers)
    var audit = Audit()
    audit.trajectories = trajectories
    audit.chains = chains
    audit.sweeps = sweeps
    audit.annealingChains = annealingChains
    audit.ladders = ladders
    audit.falseAlarmRate = falseAlarmRate
    audit.seed = chosenSeed
    audit.workers = workers
    let line = UncheckedSendable(ProgressLine())
    let result = try audit.run(
      machine, data: states, records: folder?.metrics(as: TrainingRecord.self) ?? []
    ) { name, fraction in
      line.value.show("\(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %  \(name)")
    }
    line.value.finish()
    let page = try write(result, run: folder, seed: chosenSeed)
    if json {
      try Console.json(
        Result(
          model: model, seed: chosenSeed, verdict: result.verdict, checks: result.checks, page: page
        ))
    } else {
      Console.output(AuditCommand.table(result.checks))
      Console.output("\(result.verdict.rawValue); seed \(chosenSeed)")
      if let page { Console.output("page: \(page)") }
    }
    if result.verdict != .pass { throw unresolvedExitCode }
  }

  /// The samples asked for, or the training data of a run where they can still be read.
  private func samples(
    for machine: RestrictedBoltzmannMachine, run folder: RunFolder?, seed: UInt64, workers: Workers
  ) throws -> StateMatrix? {
    if let data {
      return try loadStates(data, reading.reading, for: machine, seed: seed, workers: workers)
        .states
    }
    guard let folder, let description = try? folder.description(as: RunDescription.self) else {
      Console.message("no --data: chains start at noise alone, and drift is not tested")
      return nil
    }
    do {
      return try trainingData(of: description, workers: workers).states(for: machine.visible.kind)
    } catch {
      Console.message(
        "the training data can no longer be read (\(error.message)): chains start at noise alone")
      return nil
    }
  }

  private func write(_ result: Audit.Result, run folder: RunFolder?, seed: UInt64) throws -> String?
  {
    guard let target = output ?? folder.map({ $0.path + "/audit" }) else { return nil }
    let page = AuditPage(model: model, seed: seed, result: result)
    let written = try page.write(to: target)
    for note in written.notes { Console.message(note) }
    return written.page
  }

  /// A table for a person.
  static func table(_ checks: [Check]) -> String {
    var lines: [String] = []
    for check in checks {
      let relation = check.relation == .equal ? "=" : check.relation.rawValue
      let verdict = check.verdict.rawValue.padding(toLength: 11, withPad: " ", startingAt: 0)
      var line =
        "\(verdict)\(check.name): \(number(check.statistic)) (\(relation) \(number(check.expected)))"
      let interval = check.interval
      if interval.lowerBound < interval.upperBound {
        line += " [\(number(interval.lowerBound)), \(number(interval.upperBound))]"
      }
      if check.trajectories > 0 { line += ", \(check.trajectories) trajectories" }
      lines.append(line)
      if !check.reason.isEmpty { lines.append("           \(check.reason)") }
      if !check.advice.isEmpty { lines.append("           -> \(check.advice)") }
    }
    return lines.joined(separator: "\n")
  }

  private static func number(_ value: Double) -> String {
    value.isFinite ? String(format: "%.5g", value) : "\(value)"
  }
}
