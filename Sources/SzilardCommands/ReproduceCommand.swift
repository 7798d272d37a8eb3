internal import ArgumentParser
internal import Foundation
internal import NumericalCore
internal import Reproductions
internal import StochasticThermodynamics

/// The command `szilard reproduce [ID ...]`.
struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Run results of papers again, and say whether they hold.",
    discussion: """
      Runs the entries of the registry, all without IDs, and writes a page with all figures. Each \
      entry has a criterion and ends with a verdict on it.
      Exit code 2 when a criterion fails or could not be resolved.
      """)

  @Argument(
    help: ArgumentHelp("Entries to run, such as bm-r1; --list names them.", valueName: "id"))
  var ids: [String] = []

  @Flag(help: "List the entries instead of running them.")
  var list = false

  @Flag(help: "The full settings; without, each entry takes under a minute on two cores.")
  var full = false

  @Option(help: "The folder for index.html and figures/.")
  var output = "reproductions"

  @Option(
    help: "The folder with the MNIST files (bm-r2 has other data without, bm-r11 is unresolved).")
  var mnist: String?

  @Option(help: "The seed.")
  var seed: UInt64 = 1

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the results as JSON.")
  var json = false

  /// An entry as `--list --json` shows it.
  struct Listed: Encodable {
    let id: String
    let title: String
    let paper: String
    let claim: String
    let settings: String
    let criterion: String
  }

  func run() throws {
    let entries = try Registry.entries(named: ids)
    if list { return try show(entries) }
    if let mnist {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: mnist, isDirectory: &isFolder),
        isFolder.boolValue
      else { throw SzilardError(.cannotOpen, "--mnist \(mnist): there is no such folder") }
    }
    let workers = try compute.apply()
    var results: [ReproductionResult] = []
    for entry in entries {
      let result = try ReproductionResult.running(entry, context(for: entry, workers))
      Console.message(
        "\(entry.id) \(result.outcome.verdict.rawValue) in \(Console.duration(result.seconds))")
      results.append(result)
    }
    let page = ReproductionPage(
      results: results,
      settings: [
        ("seed", "\(seed)"), ("threads", "\(workers.count)"),
        ("settings", full ? "full" : "short"), ("MNIST", mnist == nil ? "not given" : "given"),
        ("szilard", szilardVersion), ("kernels", InstructionSet.current.description),
      ])
    let written = try page.write(to: output)
    for note in written.notes { Console.message(note) }
    if json {
      try Console.json(results)
    } else {
      Console.output(ReproduceCommand.table(results))
      Console.output("page: \(written.page)")
    }
    if results.contains(where: { $0.outcome.verdict != .pass }) { throw unresolvedExitCode }
  }

  private func context(for entry: Reproduction, _ workers: Workers) -> ReproductionContext {
    let line = UncheckedSendable(ProgressLine())
    var context = ReproductionContext()
    context.isFull = full
    context.mnist = mnist
    context.seed = seed
    context.workers = workers
    context.progress = { fraction in
      let shown = min(1, max(0, fraction))
      if shown >= 1 { return line.value.finish() }
      line.value.show("\(entry.id) \(ProgressLine.bar(shown)) \(Int(100 * shown)) %")
    }
    return context
  }

  private func show(_ entries: [Reproduction]) throws {
    if json {
      try Console.json(
        entries.map {
          Listed(
            id: $0.id, title: $0.title, paper: $0.paper, claim: $0.claim, settings: $0.settings,
            criterion: $0.criterion)
        })
    } else {
      let width = entries.map(\.id.count).max() ?? 0
      for entry in entries {
        let id = entry.id.padding(toLength: width + 2, withPad: " ", startingAt: 0)
        Console.output("\(id)\(entry.title)")
      }
    }
  }

  /// A table for a person: one line an entry, one a check.
  static func table(_ results: [ReproductionResult]) -> String {
    results.map { result in
      let head =
        "\(result.entry.id)  \(result.outcome.verdict.rawValue.uppercased())  \(result.entry.title)"
      let lines = result.outcome.checks.map { check -> String in
        let relation = check.relation == .equal ? "expected" : check.relation.rawValue
        let reason = check.reason.isEmpty ? "" : "  (\(check.reason))"
        return "  \(check.verdict.rawValue.padding(toLength: 11, withPad: " ", startingAt: 0))"
          + "\(check.name): \(number(check.statistic)) \(relation) \(number(check.expected))\(reason)"
      }
      return ([head] + lines).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private static func number(_ value: Double) -> String {
    value.isFinite ? String(format: "%.6g", value) : "\(value)"
  }
}
