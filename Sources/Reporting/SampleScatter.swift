/// The first two continuous units against one another, or the distribution of the only one.
enum SampleScatter {
  /// Samples shown at most.
  static let limit = 1500

  static func draw(_ panels: [SamplePanel]) -> (script: String, data: String, caption: String) {
    let shown = panels.map { $0.values.some(limit) }
    return (panels.first?.values.columns ?? 0) > 1 ? plane(panels, shown) : line(panels, shown)
  }

  private static func plane(
    _ panels: [SamplePanel], _ shown: [SampleValues]
  ) -> (script: String, data: String, caption: String) {
    func limits(_ column: Int) -> String {
      let values = shown.flatMap { v in (0..<v.rows).map { v.value($0, column) } }
        .filter(\.isFinite)
      let low = values.min() ?? 0
      let high = values.max() ?? 1
      let margin = high > low ? 0.05 * (high - low) : 0.5
      return "[\(low - margin):\(high + margin)]"
    }
    let blocks = zip(panels, shown).map { panel, values in
      "# \(panel.key)\n# unit 0, unit 1\n"
        + (0..<values.rows).map {
          "\(NumberText.data(values.value($0, 0))) \(NumberText.data(values.value($0, 1)))\n"
        }.joined()
    }
    var script = FigureStyle.prologue(SamplesFigure.name, height: 390)
    script += """
      set multiplot
      unset key
      set size 0.5, 1
      set xlabel "unit 0"
      set ylabel "unit 1"
      set xrange \(limits(0))
      set yrange \(limits(1))

      """
    for (index, panel) in panels.enumerated() {
      script += """
        set origin \(panels.count == 1 ? 0.25 : 0.5 * Double(index)), 0
        set title "\(panel.title)"
        plot '\(SamplesFigure.name).dat' index '\(panel.key)' using 1:2 with points pointtype 7 pointsize 0.3 linecolor rgb '#80\(colour(index).dropFirst())' notitle

        """
    }
    script += "unset multiplot\n"
    return (
      script, blocks.joined(separator: "\n\n"),
      "Each point is a sample; shown are the values of its first two units."
    )
  }

  private static func line(
    _ panels: [SamplePanel], _ shown: [SampleValues]
  ) -> (script: String, data: String, caption: String) {
    let blocks = zip(panels, shown).map { panel, values in
      let sorted = (0..<values.rows).map { values.value($0, 0) }.sorted()
      return "# \(panel.key)\n# unit 0, fraction of samples up to it\n"
        + sorted.enumerated().map {
          "\(NumberText.data($0.element)) \((Double($0.offset) + 0.5) / Double(sorted.count))\n"
        }.joined()
    }
    let curves = panels.enumerated().map { index, panel in
      "'\(SamplesFigure.name).dat' index '\(panel.key)' using 1:2 with steps linewidth 2 linecolor rgb '\(colour(index))' title '\(panel.title)'"
    }
    let script =
      FigureStyle.prologue(SamplesFigure.name, height: 390) + """
        set title "Distribution of the samples"
        set xlabel "unit 0"
        set ylabel "fraction of samples up to x"
        set yrange [0:1]
        set key below center horizontal Left reverse
        plot \(curves.joined(separator: ", \\\n  "))

        """
    return (
      script, blocks.joined(separator: "\n\n"),
      "Shown is the fraction of samples up to each value; the curves of model and data should coincide."
    )
  }

  private static func colour(_ index: Int) -> String {
    index == 0 ? FigureStyle.vermilion : FigureStyle.blue
  }
}
