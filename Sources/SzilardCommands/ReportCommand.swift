internal import ArgumentParser
internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting

/// The command `szilard report RUN`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Draw the figures of a run and write report.html.",
    discussion: """
      Figures are drawn by gnuplot; without it their scripts and data are written all the same. The \
      data of the run are read again, to be shown beside the model's samples.
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "run"))
  var folderPath: String

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the paths as JSON.")
  var json = false

  struct Summary: Encodable {
    let report: String
    let figures: [Figure]
    let gnuplot: Bool

    struct Figure: Encodable {
      let name: String
      let svg: String?
      let script: String
      let data: String

      private enum Key: String, CodingKey { case name, svg, script, data }

      // A picture that is missing is null, not left out.
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(svg, forKey: .svg)
        try container.encode(script, forKey: .script)
        try container.encode(data, forKey: .data)
      }
    }
  }

  func run() throws {
    let workers = try compute.apply()
    let folder = try RunFolder(existing: folderPath)
    let description = try folder.description(as: RunDescription.self)
    let checkpoint: Checkpoint? = try folder.checkpoints.last.map { update in
      try Checkpoint(
        path: folder.checkpointFile(update: update), rule: description.training.options.optimizer)
    }
    let records = folder.metrics(as: TrainingRecord.self)
    var missing: String?
    let data =
      checkpoint == nil || records.isEmpty
      ? nil : readableTrainingData(of: description, workers: workers, missing: &missing)
    var report = Report(
      folder: folder, description: description, records: records, machine: checkpoint?.machine,
      chains: checkpoint?.chains, data: data)
    report.checkpointUpdate = checkpoint?.update
    report.missingData = missing
    let outcome = try report.write()
    for note in outcome.notes { Console.message(note) }
    if json {
      try Console.json(
        Summary(
          report: outcome.report,
          figures: outcome.figures.map {
            Summary.Figure(
              name: $0.figure.name, svg: $0.svgFile, script: $0.scriptFile, data: $0.dataFile)
          }, gnuplot: outcome.hasGnuplot))
    } else {
      Console.output("report: \(outcome.report)")
    }
  }

  /// The samples that the run was trained on, or nil and why not.
  private func readableTrainingData(
    of description: RunDescription, workers: Workers, missing: inout String?
  ) -> DataSet? {
    do {
      return try trainingData(of: description, workers: workers)
    } catch {
      missing = error.message
      return nil
    }
  }
}
