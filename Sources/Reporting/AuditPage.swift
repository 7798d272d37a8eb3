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
    var page = try Page(folder: folder, gnuplot: gnuplot)
    let figures = try page.draw(AuditFigures.make(result))
    let summary = CheckTable.summary(result.checks.map(\.verdict), of: "checks")
    let file = try page.write(
      "audit.html", title: "audit of \(model)",
      header: """
        <h1>Audit of \(HTML.escape(model))</h1>
        <p class="quiet">\(HTML.escape("\(summary) Seed \(seed)."))</p>
        """,
      body: """
        \(CheckTable(result.checks).html)
        \(figures.map(\.html).joined(separator: "\n"))
        """)
    return (file, page.notes)
  }
}
