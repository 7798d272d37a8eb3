public import NumericalCore

/// A diffusion of the plane in slices of time: what noise makes of data, and what the model makes of
/// noise.
public enum DiffusionSlicesFigure {
  /// The two clouds at one time.
  public struct Slice: Sendable {
    /// The time, as it is to be written above.
    public var label: String
    /// States of the forward process, one a row.
    public var forward: Matrix<Double>
    /// States of the reverse process.
    public var reverse: Matrix<Double>

    /// A slice.
    public init(label: String, forward: Matrix<Double>, reverse: Matrix<Double>) {
      self.label = label
      self.forward = forward
      self.reverse = reverse
    }
  }

  /// The slices side by side, the forward process above.
  ///
  /// - Parameters:
  ///   - name: The name of its files without extension.
  ///   - title: What it is, in a few words.
  ///   - slices: From data to noise; some three or four.
  public static func make(
    name: String = "diffusion-slices", title: String = "From data to noise and back",
    slices: [Slice]
  ) -> Figure {
    let reach = PlanePanels.reach(slices.flatMap { [$0.forward, $0.reverse] })
    var blocks: [String] = []
    var upper = ""
    var lower = ""
    for (index, slice) in slices.enumerated() {
      blocks.append(PlanePanels.block("forward-\(index)", slice.forward))
      blocks.append(PlanePanels.block("reverse-\(index)", slice.reverse))
      upper += panel(
        name, "forward-\(index)", slice.label, index == 0 ? "forward" : nil, FigureStyle.blue)
      lower += panel(
        name, "reverse-\(index)", "", index == 0 ? "reverse" : nil, FigureStyle.vermilion)
    }
    let columns = max(1, slices.count)
    let script =
      FigureStyle.prologue(name, width: 60 + 215 * columns, height: 520)
      + PlanePanels.settings(reach: reach) + """
        set multiplot layout 2,\(columns) title \(FigureStyle.quoted(title)) noenhanced margins screen 0.06,0.98,0.03,0.86 spacing 0.02,0.04
        \(upper)\(lower)unset multiplot

        """
    return Figure(
      name: name, title: title,
      caption:
        "Above, samples of the data on their way to noise; below, samples of noise on the model's way back. A good model has the same clouds at the same times.",
      script: script, data: blocks.joined(separator: "\n\n"))
  }

  private static func panel(
    _ name: String, _ key: String, _ label: String, _ side: String?, _ colour: String
  ) -> String {
    """
    set title \(FigureStyle.quoted(label)) noenhanced
    \(side.map { "set ylabel \(FigureStyle.quoted($0)) noenhanced" } ?? "unset ylabel")
    plot '\(name).dat' index '\(key)' using 1:2 with points pointtype 7 pointsize 0.22 linecolor rgb '\(colour)'

    """
  }
}
