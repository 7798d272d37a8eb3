internal import BoltzmannMachines
internal import Foundation
internal import Reporting

/// ln p(Q)/p(−Q) against Q of exact distributions of heat, with the line of the theorem.
enum ExactHeatFigure {
  static func make(
    name: String, difference: Double, reversible: HeatDistribution, sweep: HeatDistribution
  ) -> Figure {
    // So many points are drawn; the data file holds all.
    let step = max(1, sweep.logRatios.count / 1500)
    func block(_ title: String, _ distribution: HeatDistribution) -> String {
      "# \(title)\n# heat, ln p(Q)/p(-Q)\n"
        + distribution.logRatios.map {
          "\(NumberText.data($0.heat)) \(NumberText.data($0.logRatio))"
        }.joined(separator: "\n") + "\n"
    }
    func points(_ index: String, _ colour: String, _ title: String, _ size: Double) -> String {
      "'\(name).dat' index '\(index)' every \(step) using 1:2 with points pointtype 7 pointsize \(size) linecolor rgb '\(colour)' title '\(title)'"
    }
    return Figure(
      name: name, title: "Heat exchange, exactly",
      caption:
        "Heats that the machine can absorb from the bath in one sequence of moves\(step > 1 ? ", one in \(step)" : ""). The "
        + "palindrome h,v,h lies on the line (β₁ − β₂) Q; the ordinary sweep h,v is not reversible "
        + "and does not, though its integral theorem holds.",
      script: FigureStyle.prologue(name, height: 430) + """
        set xlabel "heat Q"
        set ylabel "ln p(Q)/p(−Q)"
        set key left top
        plot \(points("sweep", FigureStyle.vermilion, "sweep h,v", 0.25)), \\
          \(points("palindrome", FigureStyle.blue, "palindrome h,v,h", 0.35)), \\
          \(difference)*x with lines linewidth 1.5 linecolor rgb '\(FigureStyle.grey)' title '(β_1 − β_2) Q'

        """, data: block("palindrome", reversible) + "\n\n" + block("sweep", sweep))
  }
}
