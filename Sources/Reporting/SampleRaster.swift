internal import BoltzmannMachines

/// Samples as rows of a raster, one column a unit.
struct SampleRaster {
  let kind: UnitKind
  let alphabet: String?

  /// Samples shown at most.
  static let rowLimit = 64
  /// Units shown at most: a column is not narrower than a pixel.
  static let columnLimit = 640

  func draw(_ panels: [SamplePanel]) -> (script: String, data: String, caption: String) {
    let units = panels.first?.values.columns ?? 0
    let columns = min(units, SampleRaster.columnLimit)
    let shown = panels.map { $0.values.some(SampleRaster.rowLimit) }
    let rows = max(1, shown.map(\.rows).max() ?? 1)
    let blocks = zip(panels, shown).map { panel, values in
      "# \(panel.key)\n# one line a sample, one column a unit\n"
        + (0..<values.rows).map { row in
          values.row(row).prefix(columns).map { SampleValues.text($0) }.joined(separator: " ")
            + "\n"
        }.joined()
    }
    let picture = max(60, min(220, Double(rows) * 8))
    let symbols = legendEntries
    let perLine = SampleRaster.perLine(symbols)
    let legendHeight =
      Double((symbols.count + perLine - 1) / perLine) * SampleRaster.legendLine + 6
    let panelHeight = picture + 36
    let total = Double(panels.count) * panelHeight + 56 + (symbols.isEmpty ? 0 : legendHeight)
    var script =
      FigureStyle.prologue(SamplesFigure.name, height: Int(total))
      + SamplesFigure.palette(
        kind, alphabet: alphabet, values: shown.flatMap { v in (0..<v.rows).flatMap { v.row($0) } })
    script += """
      set multiplot
      unset key
      unset grid
      unset colorbox
      unset ytics
      set border 0
      set lmargin at screen 0.03
      set rmargin at screen 0.98
      set xrange [-0.5:\(Double(max(1, columns)) - 0.5)]
      set yrange [\(Double(rows) - 0.5):-0.5]

      """
    for (index, panel) in panels.enumerated() {
      let top = 1 - (Double(index) * panelHeight + 32) / total
      script += """
        set tmargin at screen \(top)
        set bmargin at screen \(top - picture / total)
        set title "\(panel.title)" offset 0, -0.5
        \(index == panels.count - 1 ? "set xtics\nset format x \"%.0f\"\nset xlabel \"\(unitName)\"" : "unset xtics\nunset xlabel")

        """
      if index == panels.count - 1 { script += legend(symbols, total: total) }
      script += "plot '\(SamplesFigure.name).dat' index '\(panel.key)' matrix with image notitle\n"
    }
    script += "unset multiplot\n"
    var caption = "One row a sample, one column a \(unitName)."
    if columns < units { caption += " Shown are the first \(columns) of \(units)." }
    return (script, blocks.joined(separator: "\n\n"), caption + " " + SamplesFigure.legend(kind))
  }

  private var unitName: String {
    if case .potts = kind { "site" } else { "unit" }
  }

  private var legendEntries: [(label: String, colour: String)] {
    guard case .potts(let count) = kind else { return [] }
    return SymbolColours(count: count, alphabet: alphabet).legend
  }

  /// Entries of the legend in a line.
  private static func perLine(_ entries: [(label: String, colour: String)]) -> Int {
    entries.allSatisfy { $0.label.count <= 9 } ? 8 : 4
  }

  /// Lines of coloured squares with their symbols, as labels: a key would leave out what does not fit.
  private func legend(_ entries: [(label: String, colour: String)], total: Double) -> String {
    let perLine = SampleRaster.perLine(entries)
    let lines = (entries.count + perLine - 1) / perLine
    var text = ""
    for (index, entry) in entries.enumerated() {
      let x = 0.05 + 0.94 * Double(index % perLine) / Double(perLine)
      let y = (Double(lines - 1 - index / perLine) * SampleRaster.legendLine + 14) / total
      text += """
        set object \(index + 1) rectangle center screen \(x), screen \(y) size screen \(12.0 / 700), screen \(12 / total) fillcolor rgb '\(entry.colour)' fillstyle solid noborder
        set label \(index + 1) "\(entry.label)" at screen \(x + 0.016), screen \(y) left

        """
    }
    return text
  }

  private static let legendLine = 22.0
}
