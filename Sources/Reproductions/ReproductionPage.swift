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
    let figuresFolder = folder + "/figures"
    do {
      try FileManager.default.createDirectory(
        atPath: figuresFolder, withIntermediateDirectories: true)
    } catch {
      throw SzilardError(
        .cannotOpen, "\(figuresFolder): the folder cannot be made: \(error.localizedDescription)")
    }
    var sections: [String] = []
    var notes =
      gnuplot == nil
      ? ["gnuplot was not found, so figures are not drawn; their scripts and data are in figures/."]
      : []
    for result in results {
      var drawn: [DrawnFigure] = []
      for figure in result.outcome.figures {
        drawn.append(try figure.draw(in: figuresFolder, with: gnuplot))
      }
      notes += drawn.compactMap(\.problem)
      sections.append(section(result, drawn))
    }
    let page = folder + "/index.html"
    try AtomicFile.write(html(sections: sections, notes: notes).utf8, to: page)
    return (page, notes)
  }

  private func html(sections: [String], notes: [String]) -> String {
    let rows = results.map { result in
      """
      <tr><td><a href="#\(HTML.escape(result.entry.id))">\(HTML.escape(result.entry.id))</a></td>\
      <td>\(HTML.escape(result.entry.title))</td><td>\(word(result.outcome.verdict))</td>\
      <td class="number">\(NumberText.duration(result.seconds))</td></tr>
      """
    }
    let told = notes.map { "<p>\(HTML.escape($0))</p>" }.joined(separator: "\n")
    let options = settings.map {
      "<tr><th>\(HTML.escape($0.name))</th><td>\(HTML.escape($0.value))</td></tr>"
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>Szilard: reproduced results</title>
      <style>
      \(PageStyle.css)
      </style>
      </head>
      <body>
      <main>
      <h1>Results of papers, run again</h1>
      <p class="quiet">\(HTML.escape(summary))</p>
      \(told.isEmpty ? "" : "<div class=\"notes\" role=\"note\">\n\(told)\n</div>")
      <table>
      <thead><tr><th>entry</th><th>result</th><th>verdict</th><th class="number">time</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      \(sections.joined(separator: "\n"))
      <h2>Run with</h2>
      <table class="options">
      <tbody>
      \(options.joined(separator: "\n"))
      </tbody>
      </table>
      </main>
      </body>
      </html>

      """
  }

  private var summary: String {
    func count(_ verdict: Check.Verdict) -> Int {
      results.filter { $0.outcome.verdict == verdict }.count
    }
    return "\(count(.pass)) of \(results.count) pass, \(count(.fail)) fail, "
      + "\(count(.unresolved)) are unresolved."
  }

  private func word(_ verdict: Check.Verdict) -> String {
    "<span class=\"\(verdict == .pass ? "good" : "bad")\">\(verdict.rawValue)</span>"
  }

  private func section(_ result: ReproductionResult, _ figures: [DrawnFigure]) -> String {
    let entry = result.entry
    let measured = result.outcome.measured.map {
      "<tr><th>\(HTML.escape($0.name))</th><td class=\"number\">\(ReproductionPage.number($0.value))</td></tr>"
    }
    return """
      <h2 id="\(HTML.escape(entry.id))">\(HTML.escape(entry.id)): \(HTML.escape(entry.title))</h2>
      <p>\(HTML.escape(entry.claim)) <span class="quiet">\(HTML.escape(entry.paper))</span></p>
      <table class="options">
      <tbody>
      <tr><th>settings</th><td>\(HTML.escape(entry.settings))</td></tr>
      <tr><th>criterion</th><td>\(HTML.escape(entry.criterion))</td></tr>
      <tr><th>verdict</th><td>\(word(result.outcome.verdict))</td></tr>
      </tbody>
      </table>
      <div class="wide">
      <table>
      <thead><tr><th>check</th><th class="number">measured</th><th class="number">expected</th>\
      <th>interval</th><th>verdict</th></tr></thead>
      <tbody>
      \(result.outcome.checks.map { row($0) }.joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      \(figures.map(\.html).joined(separator: "\n"))
      \(measured.isEmpty ? "" : "<table class=\"options\">\n<tbody>\n\(measured.joined(separator: "\n"))\n</tbody>\n</table>")
      """
  }

  private func row(_ check: Check) -> String {
    let relation = ["=": "", ">=": "≥ ", "<=": "≤ "][check.relation.rawValue] ?? ""
    let interval =
      check.interval.lowerBound == check.interval.upperBound
      ? (check.trajectories == 0 ? "exact" : "")
      : "[\(ReproductionPage.number(check.interval.lowerBound)), \(ReproductionPage.number(check.interval.upperBound))]"
    let reason = check.reason.isEmpty ? "" : " (\(HTML.escape(check.reason)))"
    return """
      <tr><td>\(HTML.escape(check.name))</td>\
      <td class="number">\(ReproductionPage.number(check.statistic))</td>\
      <td class="number">\(relation)\(ReproductionPage.number(check.expected))</td>\
      <td>\(interval)</td><td>\(word(check.verdict))\(reason)</td></tr>
      """
  }

  /// A number with six digits, short where it is round.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "?" : value < 0 ? "−∞" : "∞" }
    let text = String(format: "%.6g", value)
    return text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }
}
