internal import BoltzmannMachines
internal import NumericalCore

/// Measured against predicted rates of modes: how fast they grow, and how fast they turn.
enum ModeRatesFigure {
  static let name = "mode-rates"

  /// The figure of some motions between checkpoints; nil where nothing was predicted or followed.
  static func make(_ motions: [TrainingSpectrum.Motion]) -> Figure? {
    let panels: [(key: String, title: String, rates: TrainingSpectrum.Rates)] = [
      ("values", "dw/dt", .values), ("left", "Ω^u", .left), ("right", "Ω^v", .right),
    ]
    let points = panels.map { panel in motions.flatMap { $0.points(of: panel.rates) } }
    guard points.contains(where: { !$0.isEmpty }) else { return nil }
    var text: [String] = []
    var script = FigureStyle.prologue(name, height: 300) + "set multiplot\nunset key\n"
    for (index, panel) in panels.enumerated() {
      let list = points[index]
      text.append(
        "# \(panel.key)\n# predicted, measured, an update\n"
          + (list.isEmpty ? "NaN NaN\n" : "")
          + list.map {
            "\(NumberText.data($0.predicted)) \(NumberText.data($0.measured))\n"
          }.joined())
      let ends = list.flatMap { [abs($0.predicted), abs($0.measured)] }
      // A few wild points do not fill the axes.
      let largest = ends.isEmpty ? 1 : max(quantile(0.98, of: ends) * 1.3, 1e-12)
      let r =
        list.count > 2
        ? TwoPointStatistics.correlationCoefficient(list.map(\.predicted), list.map(\.measured))
        : nil
      let note = r.map { ", r = " + NumberText.decimal($0, digits: 2) } ?? ""
      let step = FigureStyle.ticStep(2 * largest, about: 4)
      script += """
        set size 0.34, 1
        set origin \(0.33 * Double(index)), 0
        set title "\(panel.title)\(note)" font ",13"
        set xlabel "predicted"
        set ylabel "\(index == 0 ? "measured, an update" : "")"
        set xrange [-\(largest):\(largest)]
        set yrange [-\(largest):\(largest)]
        set format "%g"
        set tics font ",10"
        set xtics \(step)
        set ytics \(step)
        plot x with lines linecolor rgb '\(FigureStyle.grey)' linewidth 1.5 dashtype (6,4) notitle, \\
          '\(name).dat' index '\(panel.key)' using 1:2 with points pointtype 7 pointsize 0.35 linecolor rgb '#60\(FigureStyle.blue.dropFirst())' notitle

        """
    }
    script += "unset multiplot\n"
    return Figure(
      name: name, title: "Rates of the modes, measured against the theory",
      caption:
        "Growth dw/dt and rotations Ω of visible and hidden vectors between neighbouring checkpoints, against what the gradients at both of them say: on the dashed line they agree. A gradient has the noise of its chains. Between checkpoints far apart this noise averages out of the motion but not out of the two gradients, and the points spread along the axis of predictions. Modes that turned too far are left out.",
      script: script, data: text.joined(separator: "\n\n"))
  }
}
