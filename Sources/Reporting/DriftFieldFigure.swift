internal import Foundation
public import NumericalCore

/// Where a reverse process moves states of the plane at a few times.
public enum DriftFieldFigure {
  /// The field at one time.
  public struct Slice: Sendable {
    /// The time, as it is to be written above.
    public var label: String
    /// States of the forward process, one a row, shown as a cloud.
    public var states: Matrix<Double>
    /// Where the arrows begin.
    public var positions: Matrix<Double>
    /// The mean displacement of a reverse step there, f_μ(x, t) − x.
    public var drifts: Matrix<Double>

    /// A slice.
    public init(
      label: String, states: Matrix<Double>, positions: Matrix<Double>, drifts: Matrix<Double>
    ) {
      precondition(positions.rows == drifts.rows, "one drift a position")
      self.label = label
      self.states = states
      self.positions = positions
      self.drifts = drifts
    }
  }

  /// The fields side by side over clouds of states.
  ///
  /// - Parameters:
  ///   - name: The name of its files without extension.
  ///   - title: What it is, in a few words.
  ///   - slices: From data to noise; some three or four.
  ///   - spacing: The distance of the arrows' positions, which the longest arrow takes up.
  public static func make(
    name: String = "drift-field", title: String = "The learned drift", slices: [Slice],
    spacing: Double
  ) -> Figure {
    let reach = max(
      PlanePanels.reach(slices.map(\.states)), PlanePanels.reach(slices.map(\.positions)) / 1.15)
    var blocks: [String] = []
    var panels = ""
    for (index, slice) in slices.enumerated() {
      blocks.append(PlanePanels.block("states-\(index)", slice.states))
      blocks.append(arrows("drifts-\(index)", slice, spacing))
      panels += """
        set title \(FigureStyle.quoted(slice.label)) noenhanced
        plot '\(name).dat' index 'states-\(index)' using 1:2 with points pointtype 7 pointsize 0.18 linecolor rgb '#A9CBE3', \\
          '\(name).dat' index 'drifts-\(index)' using 1:2:3:4 with vectors head filled size graph 0.018,20 linewidth 1.1 linecolor rgb '\(FigureStyle.on)'

        """
    }
    let columns = max(1, slices.count)
    let script =
      FigureStyle.prologue(name, width: 40 + 265 * columns, height: 350)
      + PlanePanels.settings(reach: reach) + """
        set multiplot layout 1,\(columns) title \(FigureStyle.quoted(title)) noenhanced margins screen 0.02,0.98,0.03,0.8 spacing 0.02,0.02
        \(panels)unset multiplot

        """
    return Figure(
      name: name, title: title,
      caption:
        "Arrows are the mean displacement of one reverse step, f_μ(x, t) − x, scaled in each panel to its longest; dots are states of the forward process at the time.",
      script: script, data: blocks.joined(separator: "\n\n"))
  }

  private static func arrows(_ key: String, _ slice: Slice, _ spacing: Double) -> String {
    var longest = 0.0
    for row in 0..<slice.drifts.rows {
      longest = max(longest, hypot(slice.drifts[row, 0], slice.drifts[row, 1]))
    }
    let scale = longest > 0 ? spacing / longest : 0
    var text = "# \(key)\n# beginning, beginning, length, length\n"
    for row in 0..<slice.positions.rows {
      let (x, y) = (scale * slice.drifts[row, 0], scale * slice.drifts[row, 1])
      guard hypot(x, y) > 0.03 * spacing else { continue }
      let numbers = [slice.positions[row, 0], slice.positions[row, 1], x, y]
      text += numbers.map { NumberText.data($0) }.joined(separator: " ") + "\n"
    }
    return text
  }
}
