public import BoltzmannMachines
internal import DataSets
internal import Foundation
public import NumericalCore
internal import StochasticThermodynamics

/// The page of an audit: `audit.html`, which needs no other file, and its figures with their scripts and
/// data in `figures/`.
public struct AuditPage: Sendable {
  /// The machine, as asked for.
  public let model: String
  /// The seed of the audit.
  public let seed: UInt64
  /// What was found.
  public let result: Audit.Result
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// A page, drawn by the gnuplot of PATH.
  public init(model: String, seed: UInt64, result: Audit.Result) {
    self.model = model
    self.seed = seed
    self.result = result
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
    var drawn: [DrawnFigure] = []
    for figure in AuditFigures.make(result) {
      drawn.append(try figure.draw(in: figuresFolder, with: gnuplot))
    }
    var notes =
      gnuplot == nil
      ? ["gnuplot was not found, so figures are not drawn; their scripts and data are in figures/."]
      : []
    notes += drawn.compactMap(\.problem)
    let page = folder + "/audit.html"
    try AtomicFile.write(html(drawn, notes: notes).utf8, to: page)
    return (page, notes)
  }

  private func html(_ figures: [DrawnFigure], notes: [String]) -> String {
    let told = notes.map { "<p>\(HTML.escape($0))</p>" }.joined(separator: "\n")
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>Szilard: audit of \(HTML.escape(model))</title>
      <style>
      \(PageStyle.css)
      </style>
      </head>
      <body>
      <main>
      <h1>Audit of \(HTML.escape(model))</h1>
      <p class="quiet">\(HTML.escape(summary))</p>
      \(told.isEmpty ? "" : "<div class=\"notes\" role=\"note\">\n\(told)\n</div>")
      <div class="wide">
      <table>
      <thead><tr><th>check</th><th class="number">statistic</th><th class="number">expected</th>\
      <th class="number">interval</th><th class="number">trajectories</th><th>verdict</th></tr></thead>
      <tbody>
      \(result.checks.map(row).joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      \(figures.map(\.html).joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private var summary: String {
    func count(_ verdict: Check.Verdict) -> Int {
      result.checks.filter { $0.verdict == verdict }.count
    }
    return "\(count(.pass)) of \(result.checks.count) checks pass, \(count(.fail)) fail, "
      + "\(count(.unresolved)) are unresolved. Seed \(seed)."
  }

  /// Two rows of the table where there is something to say, else one.
  private func row(_ check: Check) -> String {
    let relation = check.relation == .equal ? "" : check.relation == .atLeast ? "≥ " : "≤ "
    let (low, high) = (check.interval.lowerBound, check.interval.upperBound)
    let interval =
      low < high && (low.isFinite || high.isFinite) ? "[\(number(low)), \(number(high))]" : ""
    let told = [check.reason, check.advice].filter { !$0.isEmpty }.joined(separator: ". → ")
    let note =
      told.isEmpty
      ? "" : "\n<tr class=\"note\"><td colspan=\"6\" class=\"quiet\">\(HTML.escape(told))</td></tr>"
    let trajectories = check.trajectories > 0 ? "\(check.trajectories)" : "exact"
    return """
      <tr\(told.isEmpty ? "" : " class=\"told\"")><td>\(HTML.escape(check.name))</td>\
      <td class="number">\(number(check.statistic))</td>\
      <td class="number">\(relation)\(number(check.expected))</td><td class="number">\(interval)</td>\
      <td class="number">\(trajectories)</td>\
      <td><span class="\(check.verdict == .pass ? "good" : "bad")">\(check.verdict.rawValue)</span></td>\
      </tr>\(note)
      """
  }

  private func number(_ value: Double) -> String {
    value.isFinite ? String(format: "%.4g", value) : value < 0 ? "−∞" : "∞"
  }
}
