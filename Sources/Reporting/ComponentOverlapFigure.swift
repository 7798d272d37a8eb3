internal import NumericalCore

/// The overlaps of modes with the principal components of the data, as a map.
enum ComponentOverlapFigure {
  static let name = "component-overlaps"

  /// The figure of |uᵅ·e^β|, modes in rows; nil where there are none.
  static func make(_ overlaps: Matrix<Double>) -> Figure? {
    guard overlaps.rows > 0, overlaps.columns > 0 else { return nil }
    var text = "# overlaps\n# component, mode, overlap\n"
    for mode in 0..<overlaps.rows {
      for component in 0..<overlaps.columns {
        text += "\(component + 1) \(mode + 1) \(NumberText.data(overlaps[mode, component]))\n"
      }
    }
    let script =
      FigureStyle.prologue(name, width: 520, height: 440) + """
        unset key
        unset grid
        set title "Modes and principal components"
        set xlabel "principal component of the data"
        set ylabel "mode of W"
        set cblabel "|u·e|"
        set xtics 1, \(max(1, overlaps.columns / 6))
        set ytics 1, \(max(1, overlaps.rows / 6))
        set xrange [0.5:\(Double(overlaps.columns) + 0.5)]
        set yrange [\(Double(overlaps.rows) + 0.5):0.5]
        set cbrange [0:1]
        set size ratio \(Double(overlaps.rows) / Double(overlaps.columns))
        \(FigureStyle.palette(["#FFFFFF", "#CFE0EC", "#8FB8D6", "#4A8DBD", "#12304A", "#0A1A29"]))
        plot '\(name).dat' using 1:2:3 with image pixels notitle

        """
    return Figure(
      name: name, title: "Modes of W and principal components of the data",
      caption:
        "Early in training a mode of W is a principal component of the data, a dark cell in each row; later the modes mix, and rows spread out.",
      script: script, data: text)
  }
}
