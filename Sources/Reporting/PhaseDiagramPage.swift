public import BoltzmannMachines
internal import Foundation
public import NumericalCore
public import SpectralTheory

/// The page of a phase diagram: `phase-diagram.html`, which needs no other file, and its figure with
/// script and data in `figures/`.
public struct PhaseDiagramPage: Sendable {
  /// The phases.
  public let diagram: PhaseDiagram
  /// A training through them, in order; empty for none.
  public let trajectory: [PhasePoint]
  /// What else a reader must know, such as how the law of the components was chosen.
  public let notes: [String]
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// A page, drawn by the gnuplot of PATH.
  public init(diagram: PhaseDiagram, trajectory: [PhasePoint] = [], notes: [String] = []) {
    self.diagram = diagram
    self.trajectory = trajectory
    self.notes = notes
    gnuplot = Gnuplot.find()
  }

  /// Writes the page and its figure into a folder, which is made.
  ///
  /// - Returns: The page, and what could not be drawn.
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when the folder cannot be written.
  public func write(to folder: String) throws(SzilardError) -> (page: String, notes: [String]) {
    var page = try Page(folder: folder, gnuplot: gnuplot, notes: notes)
    let figures = try page.draw([
      PhaseDiagramFigure.make(
        name: "phase-diagram", diagram: diagram,
        trajectory: trajectory.map {
          PhaseDiagramFigure.Point(update: $0.update, x: $0.x, y: $0.y)
        })
    ])
    let cells = diagram.phases.count * diagram.phases.count
    let file = try page.write(
      "phase-diagram.html", title: "phase diagram",
      header: """
        <h1>Phases of a machine with one mode</h1>
        <p class="quiet">\(HTML.escape("Replica-symmetric states of \(cells) ensembles, \(diagram.unconvergedCells) not converged."))</p>
        """,
      body: figures.map(\.html).joined(separator: "\n") + "\n" + table)
    return (file, page.notes)
  }

  private var table: String {
    guard !trajectory.isEmpty else { return "" }
    let rows = trajectory.map { point in
      let strength = point.strength.map { NumberText.short($0) } ?? "none stands out"
      let cells = [
        "\(point.update)", NumberText.short(point.noise), strength, "\(point.outliers)",
        NumberText.short(point.visibleKurtosis), NumberText.short(point.hiddenKurtosis),
      ]
      return "<tr>"
        + cells.map { "<td class=\"number\">\(HTML.escape($0))</td>" }.joined()
        + "<td>\(point.bulkIsNoise ? "yes" : "no")</td></tr>"
    }
    return """
      <div class="wide">
      <table>
      <thead><tr><th class="number">updates</th><th class="number">σ</th><th class="number">w</th>\
      <th class="number">modes outside</th><th class="number">kurtosis, visible</th>\
      <th class="number">kurtosis, hidden</th><th>bulk is noise</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      """
  }
}
