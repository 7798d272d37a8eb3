internal import Foundation
internal import NumericalCore
public import StochasticThermodynamics

/// Density and probability current in the plane that turns most.
public enum CurrentPlaneFigure {
  /// Arrows are drawn where a cell holds this share of the fullest one's states.
  private static let leastShare = 0.02

  /// The figure of a flow at a lag.
  public static func make(
    name: String = "probability-current", _ flow: ProbabilityCurrent.Flow, lag: Int
  ) -> Figure {
    let cells = flow.axis.count
    let width = cells > 1 ? flow.axis[1] - flow.axis[0] : 1
    let fullest = flow.density.elements.max() ?? 0
    // The current is velocity times density.
    var longest = 0.0
    for i in 0..<cells {
      for j in 0..<cells {
        longest = max(longest, flow.density[i, j] * hypot(flow.first[i, j], flow.second[i, j]))
      }
    }
    var density = "# density\n# coordinate, coordinate, density\n"
    var arrows = "# current\n# beginning, beginning, length, length\n"
    for i in 0..<cells {
      for j in 0..<cells {
        let share = flow.density[i, j]
        density += row([flow.axis[j], flow.axis[i], share / (width * width)])
        guard longest > 0, share > leastShare * fullest else { continue }
        let scale = 1.3 * width * share / longest
        let (x, y) = (scale * flow.first[i, j], scale * flow.second[i, j])
        arrows += row([flow.axis[j] - x / 2, flow.axis[i] - y / 2, x, y])
      }
    }
    let reach = (flow.axis.last ?? 1) + width / 2
    let script =
      FigureStyle.prologue(name, width: 560, height: 520)
      + FigureStyle.labels(
        title: "Probability current in the plane that turns most",
        x: "first direction (deviations)",
        y: "second direction (deviations)")
      + FigureStyle.palette(["#FFFFFF", "#DDE9F2", "#B4D0E4", "#86B4D4", "#5B98C3"]) + """
        unset key
        unset grid
        set size ratio -1
        set xrange [\(-reach):\(reach)]
        set yrange [\(-reach):\(reach)]
        set cbrange [0:*]
        set colorbox
        set cblabel "density"
        plot '\(name).dat' index 'density' using 1:2:3 with image pixels, \\
          '\(name).dat' index 'current' using 1:2:3:4 with vectors head filled size graph 0.015,20 \
        linewidth 1.6 linecolor rgb '\(FigureStyle.on)'

        """
    return Figure(
      name: name, title: "Probability current in the plane that turns most",
      caption:
        "Colour is the density of states, arrows the current: density times half the mean displacement from \(lag) states before to \(lag) after. In equilibrium there are no arrows but noise, which the longest arrow makes to look large.",
      script: script, data: density + "\n\n" + arrows)
  }

  private static func row(_ numbers: [Double]) -> String {
    numbers.map { NumberText.data($0) }.joined(separator: " ") + "\n"
  }
}
