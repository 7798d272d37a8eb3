internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore

/// What stands on the page of a report.
struct ReportPage {
  let report: Report
  let figures: [DrawnFigure]

  var body: String {
    """
    <h2>Figures</h2>
    \(figures.map(\.html).joined(separator: "\n"))
    \(DescriptionSection(description: report.description).html)
    \(filesSection)
    """
  }

  var header: String { "\(title)\n\(HeadlineSection(records: report.records).html)" }

  private var title: String {
    let description = report.description
    let model = description.model
    let training = description.training
    let done = max(report.checkpointUpdate ?? 0, report.records.last?.update ?? 0)
    let state: String =
      switch description.status {
      case "finished": "finished"
      case "diverged": "<strong class=\"bad\">diverged</strong>"
      case "interrupted": "<strong class=\"bad\">interrupted</strong>"
      case "running": "still running, or ended without a word"
      default: HTML.escape(description.status)
      }
    return """
      <h1>A restricted Boltzmann machine trained on <code>\(HTML.escape(description.data))</code></h1>
      <p class="quiet">\(NumberText.grouped(model.visible)) \(HTML.escape(model.visibleUnits)) × \
      \(NumberText.grouped(model.hidden)) \(HTML.escape(model.hiddenUnits)) units, \
      \(HTML.escape(training.method.rawValue.uppercased()))-\(training.gibbsSteps); \
      update \(NumberText.grouped(done)) of \(NumberText.grouped(training.updates)), \(state).</p>
      """
  }

  private var filesSection: String {
    let files = FileManager.default
    var items = [
      ("run.json", "what was asked, where it ran, what it cost"),
      ("metrics.jsonl", "\(report.records.count) records, one a line"),
    ]
    if files.fileExists(atPath: report.folder.modelFile) {
      items.append(("model.safetensors", "the newest parameters"))
    }
    let updates = report.folder.checkpoints
    if let last = updates.last {
      let name = URL(fileURLWithPath: report.folder.checkpointFile(update: last)).lastPathComponent
      items.append(
        (
          "checkpoints/\(name)",
          "the newest of \(updates.count) checkpoints, all that a resume needs"
        ))
    }
    let lines = items.map { "<li>\(HTML.link($0.0, $0.0)): \(HTML.escape($0.1))</li>" }
    return """
      <h2>Files</h2>
      <ul>
      \(lines.joined(separator: "\n"))
      </ul>
      """
  }
}
