public import BoltzmannMachines
internal import DataSets
internal import Foundation
public import NumericalCore

/// The page of a tree of clusters: `cluster.html`, with its figure in `figures/`.
public struct ClusterPage: Sendable {
  /// The agreement of a level with labels.
  public struct Agreement: Sendable, Encodable {
    /// Which labels.
    public let labels: String
    /// The adjusted Rand index.
    public let adjustedRandIndex: Double

    /// An agreement.
    public init(labels: String, adjustedRandIndex: Double) {
      self.labels = labels
      self.adjustedRandIndex = adjustedRandIndex
    }
  }

  /// The machines, as asked for.
  public let model: String
  /// The tree.
  public let tree: StateTree
  /// One label a sample, or nil.
  public let labels: [Int]?
  /// For each level its agreements.
  public let agreements: [[Agreement]]
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// A page, drawn by the gnuplot of PATH.
  public init(model: String, tree: StateTree, labels: [Int]?, agreements: [[Agreement]]) {
    self.model = model
    self.tree = tree
    self.labels = labels
    self.agreements = agreements
    gnuplot = Gnuplot.find()
  }

  /// Writes the page and its figure into a folder, which is made.
  ///
  /// - Returns: The page, and what could not be drawn.
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when the folder cannot be written.
  public func write(to folder: String) throws(SzilardError) -> (page: String, notes: [String]) {
    var notes: [String] = []
    let lost = tree.steps.reduce(0) { $0 + $1.unconverged }
    if lost > 0 {
      notes.append("\(lost) starts did not converge and stand where they were given up.")
    }
    var page = try Page(folder: folder, gnuplot: gnuplot, notes: notes)
    let figures = try page.draw([StateTreeFigure.make(tree, labels: labels)])
    let samples = tree.levels.first?.clusters.count ?? 0
    let file = try page.write(
      "cluster.html", title: "clusters of \(model)",
      header: """
        <h1>Clusters along the training of \(HTML.escape(model))</h1>
        <p class="quiet">\(NumberText.grouped(samples)) samples, \(tree.steps.count) machines, \
        \(tree.levels.count) levels.</p>
        """,
      body: """
        \(table)
        \(figures.map(\.html).joined(separator: "\n"))
        """)
    return (file, page.notes)
  }

  private var table: String {
    let names = agreements.first?.map(\.labels) ?? []
    let heads = names.map {
      "<th class=\"number\">adjusted Rand index, \(HTML.escape($0))</th>"
    }.joined()
    let rows = tree.levels.enumerated().map { index, level in
      let largest = level.counts.max() ?? 0
      let cells = agreements[index].map {
        "<td class=\"number\">\(NumberText.decimal($0.adjustedRandIndex, digits: 3))</td>"
      }.joined()
      return """
        <tr><td>\(index)</td><td class="number">\(NumberText.grouped(level.age))</td>\
        <td class="number">\(NumberText.grouped(level.states.count))</td>\
        <td class="number">\(NumberText.grouped(largest))</td>\(cells)</tr>
        """
    }
    return """
      <div class="wide">
      <table>
      <thead><tr><th>level</th><th class="number">updates</th><th class="number">clusters</th>\
      <th class="number">largest</th>\(heads)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      """
  }
}
