internal import Foundation
public import NumericalCore

/// Crooks' theorem as a picture: the densities of forward work and of minus the reverse work cross at
/// the free energy difference.
public enum WorkHistogramFigure {
  /// p_F(W) and p_R(−W), with ΔF and its interval.
  ///
  /// - Parameters:
  ///   - name: The name of its files without extension.
  ///   - title: What it is, in a few words.
  ///   - forward: W of forward trajectories.
  ///   - reverse: W of reverse trajectories, done on the system in the reverse process.
  ///   - freeEnergyDifference: Where the two should cross; nil where it is not known.
  ///   - xLabel: The axis of work.
  public static func make(
    name: String, title: String, forward: [Double], reverse: [Double],
    freeEnergyDifference: Estimate?, xLabel: String = "work W (nats)"
  ) -> Figure {
    let forward = forward.filter(\.isFinite)
    let mirrored = reverse.filter(\.isFinite).map { -$0 }
    let edges = edges(forward, mirrored)
    let shown = shown(forward, mirrored, edges, freeEnergyDifference)
    let series = [
      (key: "forward", title: "p_F(W)", works: forward, colour: FigureStyle.blue),
      (key: "reverse", title: "p_R(−W)", works: mirrored, colour: FigureStyle.vermilion),
    ].filter { !$0.works.isEmpty }
    var blocks: [String] = []
    var curves: [String] = []
    for one in series {
      blocks.append(block(one.key, one.works, edges))
      let source = "'\(name).dat' index '\(one.key)' using 1:2"
      curves.append(
        "\(source) with fillsteps fillcolor rgb '\(one.colour)' fillstyle transparent solid 0.25 noborder notitle"
      )
      curves.append(
        "\(source) with steps linecolor rgb '\(one.colour)' linewidth 2 title '\(one.title)'")
    }
    var marks = ""
    if let estimate = freeEnergyDifference, estimate.value.isFinite {
      marks = mark(estimate)
      curves.append(
        "NaN with lines linecolor rgb '\(FigureStyle.grey)' linewidth 2 dashtype (8,5) title 'ΔF = \(NumberText.short(estimate.value))\(estimate.isResolved ? "" : ", unresolved")'"
      )
    }
    if curves.isEmpty { curves.append("NaN notitle") }
    let script =
      FigureStyle.prologue(name, height: 440)
      + FigureStyle.labels(title: title, x: xLabel, y: "density") + """
        set key below
        set xrange [\(shown.lowerBound):\(shown.upperBound)]
        set yrange [0:\(series.isEmpty ? "1" : "*")]
        \(marks)plot \(curves.joined(separator: ", \\\n  "))

        """
    return Figure(
      name: name, title: title, caption: caption(freeEnergyDifference), script: script,
      data: blocks.joined(separator: "\n\n"))
  }

  /// ΔF as a line, its interval as a band.
  private static func mark(_ estimate: Estimate) -> String {
    let (low, high) = (estimate.interval.lowerBound, estimate.interval.upperBound)
    var text = ""
    if estimate.isResolved, low.isFinite, high.isFinite {
      text +=
        "set object 1 rectangle from first \(low), graph 0 to first \(high), graph 1 behind fillcolor rgb '\(FigureStyle.grey)' fillstyle transparent solid 0.25 noborder\n"
    }
    return text
      + "set arrow 1 from first \(estimate.value), graph 0 to first \(estimate.value), graph 1 nohead linecolor rgb '\(FigureStyle.grey)' linewidth 2 dashtype (8,5) front\n"
  }

  private static func caption(_ estimate: Estimate?) -> String {
    var text =
      "Work on forward trajectories, and minus the work on reverse ones. The distance of the two is what is dissipated; their overlap is what makes a free energy difference resolvable. One work in a thousand on either side may lie outside the axes."
    if let estimate {
      text +=
        estimate.isResolved
        ? " By Crooks' theorem they cross at ΔF (dashed, with its interval)."
        : " The free energy difference (dashed) is unresolved."
    }
    return text
  }

  /// All but one work in a thousand on either side, and where the two cross.
  private static func shown(
    _ first: [Double], _ second: [Double], _ edges: [Double], _ crossing: Estimate?
  ) -> ClosedRange<Double> {
    let width = edges[1] - edges[0]
    var ends: [Double] = [first, second].filter { !$0.isEmpty }.flatMap {
      [quantile(0.001, of: $0) - width, quantile(0.999, of: $0) + width]
    }
    if let value = crossing?.value, value.isFinite { ends += [value - width, value + width] }
    guard let low = ends.min(), let high = ends.max(), high > low else {
      return edges[0]...edges[edges.count - 1]
    }
    return low...high
  }

  /// Edges of bins of one width: Freedman and Diaconis 1981 for the smaller spread, 20 to 400 bins.
  private static func edges(_ first: [Double], _ second: [Double]) -> [Double] {
    let all = first + second
    guard let low = all.min(), let high = all.max(), high > low else {
      let centre = all.first ?? 0
      return [centre - 0.5, centre + 0.5]
    }
    let widths = [first, second].filter { $0.count > 1 }.map { works in
      2 * (quantile(0.75, of: works) - quantile(0.25, of: works)) / cbrt(Double(works.count))
    }.filter { $0 > 0 }
    let wished = (high - low) / (widths.min() ?? (high - low) / 40)
    let count = Int(min(400, max(20, wished)).rounded(.up))
    let width = (high - low) / Double(count - 2)
    return (0...count).map { low - width + width * Double($0) }
  }

  private static func block(_ key: String, _ works: [Double], _ edges: [Double]) -> String {
    let bins = edges.count - 1
    let width = (edges[bins] - edges[0]) / Double(bins)
    var counts = [Int](repeating: 0, count: bins)
    for work in works {
      counts[min(bins - 1, max(0, Int((work - edges[0]) / width)))] += 1
    }
    var text = "# \(key)\n# left edge of the bin, density, count\n"
    for (bin, count) in counts.enumerated() {
      let density = Double(count) / (Double(works.count) * width)
      text += "\(NumberText.data(edges[bin])) \(NumberText.data(density)) \(count)\n"
    }
    return text + "\(NumberText.data(edges[bins])) 0.0 0\n"
  }
}
