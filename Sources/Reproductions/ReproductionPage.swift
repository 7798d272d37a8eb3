internal import DataSets
internal import Foundation
public import NumericalCore
public import Reporting
internal import StochasticThermodynamics

/// The page of reproduced results: `index.html`, which needs no other file, and the figures with their
/// scripts and data in `figures/`.
public struct ReproductionPage: Sendable {
  /// The results, in the order to be shown.
  public let results: [ReproductionResult]
  /// What they ran with, such as the seed, as pairs of name and value.
  public let settings: [(name: String, value: String)]
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// A page, drawn by the gnuplot of PATH.
  public init(results: [ReproductionResult], settings: [(name: String, value: String)]) {
    self.results = results
    self.settings = settings
    gnuplot = Gnuplot.find()
  }

  /// Writes the page and its figures into a folder, which is made.
  ///
  /// - Returns: The page, and what could not be drawn.
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when the folder cannot be written.
  public func write(to folder: String) throws(SzilardError) -> (page: String, notes: [String]) {
    var page = try Page(folder: folder, gnuplot: gnuplot)
    var sections: [String] = []
    for result in results {
      sections.append(section(result, try page.draw(result.outcome.figures)))
    }
    let summary = CheckTable.summary(results.map(\.outcome.verdict), of: "results")
    let file = try page.write(
      "index.html", title: "reproduced results",
      header: """
        <h1>Results of papers, run again</h1>
        <p class="quiet">\(HTML.escape(summary))</p>
        """,
      body: """
        \(contents)
        \(sections.joined(separator: "\n"))
        \(runWith)
        """)
    return (file, page.notes)
  }

  private var contents: String {
    let rows = results.map { result in
      """
      <tr><td><a href="#\(HTML.escape(result.entry.id))">\(HTML.escape(result.entry.id))</a></td>\
      <td>\(HTML.escape(result.entry.title))</td><td>\(CheckTable.word(result.outcome.verdict))</td>\
      <td class="number">\(NumberText.duration(result.seconds))</td></tr>
      """
    }
    return """
      <table>
      <thead><tr><th>entry</th><th>result</th><th>verdict</th><th class="number">time</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      """
  }

  private var runWith: String {
    let options = settings.map {
      "<tr><th>\(HTML.escape($0.name))</th><td>\(HTML.escape($0.value))</td></tr>"
    }
    return """
      <h2>Run with</h2>
      <table class="options">
      <tbody>
      \(options.joined(separator: "\n"))
      </tbody>
      </table>
      """
  }

  private func section(_ result: ReproductionResult, _ figures: [DrawnFigure]) -> String {
    let entry = result.entry
    let measured = result.outcome.measured.map {
      "<tr><th>\(HTML.escape($0.name))</th><td class=\"number\">\(NumberText.general($0.value))</td></tr>"
    }
    return """
      <h2 id="\(HTML.escape(entry.id))">\(HTML.escape(entry.id)): \(HTML.escape(entry.title))</h2>
      <p>\(HTML.escape(entry.claim)) <span class="quiet">\(HTML.escape(entry.paper))</span></p>
      <table class="options">
      <tbody>
      <tr><th>settings</th><td>\(HTML.escape(entry.settings))</td></tr>
      <tr><th>criterion</th><td>\(HTML.escape(entry.criterion))</td></tr>
      <tr><th>verdict</th><td>\(CheckTable.word(result.outcome.verdict))</td></tr>
      </tbody>
      </table>
      \(CheckTable(result.outcome.checks).html)
      \(figures.map(\.html).joined(separator: "\n"))
      \(measured.isEmpty ? "" : "<table class=\"options\">\n<tbody>\n\(measured.joined(separator: "\n"))\n</tbody>\n</table>")
      """
  }
}
