internal import ArgumentParser
internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting

/// The command that clusters data by the mean-field states of a training.
///
/// `szilard cluster RUN --data DATA --output FILE`
struct ClusterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract: "Cluster data in a tree, by the mean-field states along a training.",
    discussion: """
      Samples are iterated to the states of the last machine and these back through the earlier ones, where \
      they merge. FILE gets a row for each sample with its cluster at each level (.csv, .tsv or .npy). MODEL \
      is a run, whose checkpoints are taken, or model files, the update in their names. With labels the \
      adjusted Rand index of each level is told. Exit code 2 when a start did not converge.
      """)

  @Argument(help: "A run folder, or several model files.")
  var models: [String]

  @Option(help: "The samples.")
  var data: String

  @Option(help: "The file of clusters: .csv, .tsv or .npy.")
  var output: String

  @Option(help: "Write the tree in Newick's format; branch lengths are updates.")
  var tree: String?

  @Option(help: "A level to write, finest 0; may be given several times (default: all).")
  var level: [Int] = []

  @Option(help: "A file of labels, one integer a sample.")
  var labels: String?

  @Option(help: "The folder for cluster.html (default: the folder cluster of a run).")
  var page: String?

  @Option(help: "Order of the expansion: naive, tap or third.")
  var order: MeanFieldOrder = .tap

  @Option(help: "States nearer than this are linked, in units of 0/1.")
  var distance = 1.0

  @Option(help: "The residual at which a state counts as a solution.")
  var tolerance = 1e-6

  @Option(help: "Sweeps after which a start is given up.")
  var iterations = 10_000

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed of --binarize probabilities.")
  var seed: UInt64 = 0

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    guard [".csv", ".tsv", ".npy"].contains(where: { output.hasSuffix($0) }) else {
      throw ValidationError("--output \(output): give a name that ends in .csv, .tsv or .npy")
    }
    guard distance >= 0, distance.isFinite else {
      throw ValidationError("--distance \(distance): give a number that is not negative")
    }
    guard tolerance >= 1e-14, tolerance <= 1e-2 else {
      throw ValidationError("--tolerance \(tolerance): give a number from 1e-14 to 0.01")
    }
    guard iterations >= 1, iterations <= 1_000_000_000 else {
      throw ValidationError("--iterations \(iterations): give at least 1")
    }
  }

  struct Result: Encodable {
    struct Level: Encodable {
      let level: Int
      let age: Int
      let clusters: Int
      let counts: [Int]
      let agreement: [ClusterPage.Agreement]
    }

    let models: [String]
    let samples: Int
    let output: String
    let levels: [Level]
    let steps: [StateTree.Step]
    let nodes: [StateTree.Node]
    let seconds: Double
    let page: String?
    let verdict: String
    let reason: String?
  }

  func run() throws {
    let workers = try compute.apply()
    let machines = try machines()
    let samples = try loadStates(
      data, reading.reading, for: machines[0].machine, labels: labels, seed: seed, workers: workers)
    var builder = StateTree.Builder(workers: workers)
    builder.solver.order = order
    builder.solver.tolerance = tolerance
    builder.solver.maximumIterations = iterations
    builder.distance = distance
    let line = UncheckedSendable(ProgressLine())
    let clock = Date()
    let result = try builder.tree(
      of: machines, data: MeanFieldStarts.samples(samples.states, of: machines[0].machine)
    ) { fraction in
      line.value.show("clustering \(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %")
    }
    line.value.finish()
    let seconds = Date().timeIntervalSince(clock)
    let agreements = result.levels.map { level in
      [("labels", samples.set.labels), ("coarseLabels", samples.set.coarseLabels)].compactMap {
        name, labels in
        labels.map {
          ClusterPage.Agreement(
            labels: name, adjustedRandIndex: adjustedRandIndex(level.clusters, $0))
        }
      }
    }
    try write(result)
    if let tree { try AtomicFile.write((result.newick + "\n").utf8, to: tree) }
    let folder = page ?? (try? RunFolder(existing: models[0])).map { $0.path + "/cluster" }
    let written = try folder.map {
      try ClusterPage(
        model: models[0], tree: result, labels: samples.set.labels, agreements: agreements
      ).write(to: $0)
    }
    for note in written?.notes ?? [] { Console.message(note) }
    let lost = result.steps.reduce(0) { $0 + $1.unconverged }
    let summary = Result(
      models: models, samples: samples.states.rows, output: output,
      levels: result.levels.enumerated().map { index, level in
        Result.Level(
          level: index, age: level.age, clusters: level.states.count, counts: level.counts,
          agreement: agreements[index])
      }, steps: result.steps, nodes: result.nodes, seconds: seconds, page: written?.page,
      verdict: lost == 0 ? "resolved" : "unresolved",
      reason: lost == 0
        ? nil : "\(lost) starts did not converge in \(iterations) sweeps and stand where they are")
    if json { try Console.json(summary) } else { Console.output(ClusterCommand.text(summary)) }
    if lost > 0 { throw unresolvedExitCode }
  }

  /// The machines with their ages, from a run or from files.
  private func machines() throws -> [(update: Int, machine: RestrictedBoltzmannMachine)] {
    if models.count == 1, let folder = try? RunFolder(existing: models[0]) {
      let updates = folder.checkpoints
      guard !updates.isEmpty else {
        throw SzilardError(.badData, "\(models[0]): the run has no checkpoint yet; wait for one")
      }
      return try updates.map {
        (update: $0, machine: try ModelFile.load(folder.checkpointFile(update: $0)))
      }
    }
    let loaded = try models.enumerated().map { index, path in
      // The last number in the name, such as 500 of update-00000500.
      let digits = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        .split { !$0.isNumber }.last.flatMap { Int($0) }
      return (update: digits, machine: try ModelFile.load(path), index: index)
    }
    let ages = loaded.compactMap(\.update)
    let areNamed = ages.count == loaded.count && Set(ages).count == ages.count
    if !areNamed {
      Console.message("the names of the models do not tell their updates: they are numbered from 1")
    }
    return loaded.map { (update: areNamed ? $0.update ?? 0 : $0.index + 1, machine: $0.machine) }
  }

  private func write(_ result: StateTree) throws {
    let chosen = level.isEmpty ? Array(result.levels.indices) : level
    for one in chosen where !result.levels.indices.contains(one) {
      throw SzilardError(
        .usage, "--level \(one): there are levels 0 to \(result.levels.count - 1)")
    }
    let samples = result.levels[0].clusters.count
    if output.hasSuffix(".npy") {
      let rows = (0..<samples).flatMap { sample in
        chosen.map { result.levels[$0].clusters[sample] }
      }
      return try NPYFile.write(StoredArray(rows, shape: [samples, chosen.count]), to: output)
    }
    let separator = output.hasSuffix(".tsv") ? "\t" : ","
    try AtomicFile.write(to: output) { sink throws(SzilardError) in
      let heads = ["sample"] + chosen.map { "level-\($0)" }
      try sink.append(heads.joined(separator: separator) + "\n")
      for sample in 0..<samples {
        let cells = [sample] + chosen.map { result.levels[$0].clusters[sample] }
        try sink.append(cells.map(String.init).joined(separator: separator) + "\n")
      }
    }
  }

  /// A table for a person.
  static func text(_ result: Result) -> String {
    var lines = ["level  updates  clusters  largest  adjusted Rand index"]
    for level in result.levels {
      let agreement = level.agreement.map {
        "\($0.labels) \(Console.number($0.adjustedRandIndex))"
      }.joined(separator: ", ")
      lines.append(
        String(
          format: "%5d  %7d  %8d  %7d  ", level.level, level.age, level.clusters,
          level.counts.max() ?? 0) + (agreement.isEmpty ? "-" : agreement))
    }
    lines.append(
      "\(result.samples) samples in \(result.output), \(Console.number(result.seconds, digits: 1)) s"
    )
    if let reason = result.reason { lines.append("warning: \(reason)") }
    if let page = result.page { lines.append("page: \(page)") }
    return lines.joined(separator: "\n")
  }
}
