internal import Foundation
internal import Reporting

/// How the magnetisations of two modes move, in a panel for each law of components.
enum ModeFlowFigure {
  /// The figure.
  static func make(
    name: String, panels: [(title: String, paths: [[(x: Double, y: Double)]])]
  ) -> Figure {
    var blocks: [String] = []
    var plots = ""
    for (index, panel) in panels.enumerated() {
      var text = "# paths-\(index)\n# m1 m2, a path a block of lines\n"
      text += panel.paths.map { path in
        path.map { "\(NumberText.data($0.x)) \(NumberText.data($0.y))\n" }.joined()
      }.joined(separator: "\n")
      blocks.append(text)
      let ends = panel.paths.compactMap(\.last).map {
        "\(NumberText.data($0.x)) \(NumberText.data($0.y))\n"
      }
      blocks.append("# ends-\(index)\n# m1 m2\n" + ends.joined())
      plots += """
        set origin \(Double(index) / 3), 0
        set title "\(panel.title)"
        plot '\(name).dat' index 'paths-\(index)' using 1:2 with lines linecolor rgb '\(FigureStyle.blue)' linewidth 1.3 notitle, \\
          '\(name).dat' index 'ends-\(index)' using 1:2 with points linecolor rgb '\(FigureStyle.vermilion)' pointtype 7 pointsize 0.7 notitle

        """
    }
    return Figure(
      name: name, title: "Two equal modes",
      caption:
        "Magnetisations of two modes of equal strength along passes through the equations of state, from "
        + "near zero and from far out; red where they end. Components with a kurtosis below 3 end in a "
        + "single mode, above 3 in a mixture; for Gaussian ones the whole circle is at rest.",
      script: FigureStyle.prologue(name, width: 860, height: 330) + """
        set multiplot
        unset key
        set size square
        set size 0.333, 1
        set xrange [0:1]
        set yrange [0:1]
        set xtics 0.5
        set ytics 0.5
        set xlabel "m_1"
        set ylabel "m_2"
        \(plots)unset multiplot

        """, data: blocks.joined(separator: "\n\n"))
  }
}
