internal import Foundation

/// Named curves over one axis, with bands, gaps and reference lines.
public enum SeriesFigure {
  /// How a curve is drawn.
  public enum Style: Sendable, Equatable {
    /// A line with small points.
    case line
    /// Points alone; with error bars where there are intervals.
    case points
  }

  /// A named curve.
  public struct Series: Sendable, Equatable {
    /// What the key calls it.
    public var name: String
    /// Abscissae.
    public var x: [Double]
    /// Ordinates; what is not finite is a gap.
    public var y: [Double]
    /// Lower ends of intervals; empty for none.
    public var low: [Double]
    /// Upper ends of intervals; empty for none.
    public var high: [Double]
    /// How it is drawn.
    public var style: Style

    /// A curve; `low` and `high` are empty or as long as `x` and `y`.
    public init(
      name: String, x: [Double], y: [Double], low: [Double] = [], high: [Double] = [],
      style: Style = .line
    ) {
      precondition(x.count == y.count, "\(x.count) abscissae, \(y.count) ordinates")
      precondition(
        low.count == high.count && (low.isEmpty || low.count == x.count), "intervals of \(name)")
      self.name = name
      self.x = x
      self.y = y
      self.low = low
      self.high = high
      self.style = style
    }
  }

  /// A straight line to compare with.
  public struct ReferenceLine: Sendable, Equatable {
    /// Where it is.
    public var value: Double
    /// What the key calls it.
    public var name: String
    /// Whether it is vertical, at an abscissa, and not horizontal, at an ordinate.
    public var isVertical: Bool

    /// A line at an ordinate, or at an abscissa.
    public init(value: Double, name: String, isVertical: Bool = false) {
      self.value = value
      self.name = name
      self.isVertical = isVertical
    }
  }

  /// The figure of some curves.
  ///
  /// - Parameters:
  ///   - name: The name of its files without extension.
  ///   - title: What it is, in a few words.
  ///   - caption: How to read it.
  ///   - xLabel: The axis of abscissae.
  ///   - yLabel: The axis of ordinates.
  ///   - series: The curves.
  ///   - references: Lines to compare with.
  ///   - isXLogarithmic: Whether the axis is logarithmic; what is not positive is then a gap.
  ///   - isYLogarithmic: Likewise.
  public static func make(
    name: String, title: String, caption: String, xLabel: String, yLabel: String,
    series: [Series], references: [ReferenceLine] = [], isXLogarithmic: Bool = false,
    isYLogarithmic: Bool = false
  ) -> Figure {
    func axis(_ value: Double, isLogarithmic: Bool) -> String {
      isLogarithmic && value <= 0 ? "NaN" : NumberText.data(value)
    }
    var blocks: [String] = []
    var bands: [String] = []
    var curves: [String] = []
    for (index, one) in series.enumerated() where !one.x.isEmpty {
      var text = "# series-\(index)\n# \(one.name.filter { !$0.isNewline }): x y low high\n"
      for point in one.x.indices {
        let low = one.low.isEmpty ? Double.nan : one.low[point]
        let high = one.high.isEmpty ? Double.nan : one.high[point]
        text += axis(one.x[point], isLogarithmic: isXLogarithmic)
        for value in [one.y[point], low, high] {
          text += " " + axis(value, isLogarithmic: isYLogarithmic)
        }
        text += "\n"
      }
      blocks.append(text)
      let colour = FigureStyle.named[index % FigureStyle.named.count]
      let source = "'\(name).dat' index 'series-\(index)'"
      let title = "title \(FigureStyle.quoted(one.name))"
      switch one.style {
      case .line:
        if !one.low.isEmpty {
          bands.append(
            "\(source) using 1:3:4 with filledcurves fillcolor rgb '\(colour)' fillstyle transparent solid 0.2 noborder notitle"
          )
        }
        curves.append(
          "\(source) using 1:2 with linespoints linecolor rgb '\(colour)' linewidth 2 pointtype 7 pointsize 0.35 \(title)"
        )
      case .points:
        let columns = one.low.isEmpty ? "1:2 with points" : "1:2:3:4 with yerrorbars"
        curves.append(
          "\(source) using \(columns) linecolor rgb '\(colour)' linewidth 1.5 pointtype 7 pointsize 0.5 \(title)"
        )
      }
    }
    var marks = ""
    for (index, line) in references.enumerated() where line.value.isFinite {
      let look =
        "linecolor rgb '\(FigureStyle.grey)' linewidth 1.5 dashtype \(dashes[index % dashes.count])"
      let title = "title \(FigureStyle.quoted(line.name))"
      if line.isVertical {
        marks +=
          "set arrow \(index + 1) from first \(line.value), graph 0 to first \(line.value), graph 1 nohead \(look)\n"
        curves.append("NaN with lines \(look) \(title)")
      } else {
        curves.append("\(line.value) with lines \(look) \(title)")
      }
    }
    if curves.isEmpty { curves.append("NaN notitle") }
    let isSingle = series.count == 1 && references.isEmpty
    let hasPoints = series.contains { $0.y.contains { $0.isFinite && (!isYLogarithmic || $0 > 0) } }
    let xs = series.flatMap(\.x).filter { $0.isFinite && (!isXLogarithmic || $0 > 0) }
    let script =
      FigureStyle.prologue(name, height: 440)
      + FigureStyle.labels(title: title, x: xLabel, y: yLabel) + """
        \(isSingle ? "unset key" : "set key below center horizontal Left reverse maxcols 3 height 1")
        \(range(xs, isLogarithmic: isXLogarithmic))
        set yrange \(hasPoints ? "[*:*]" : "[1:10]")
        set offsets 0, 0, graph 0.05, graph 0.05
        \(isXLogarithmic ? "set logscale x\nset format x \"10^{%L}\"\n" : "")\(isYLogarithmic ? "set logscale y\nset format y \"10^{%L}\"\nset offsets 0, 0, 0, 0\n" : "")\(marks)plot \((bands + curves).joined(separator: ", \\\n  "))

        """
    return Figure(
      name: name, title: title, caption: caption, script: script,
      data: blocks.joined(separator: "\n\n"))
  }

  private static let dashes = ["(8,5)", "(2,4)", "(12,4,2,4)"]

  private static func range(_ values: [Double], isLogarithmic: Bool) -> String {
    guard let low = values.min(), let high = values.max() else { return "set xrange [1:2]" }
    if isLogarithmic { return "set xrange [\(low / 1.15):\(high * 1.15)]" }
    let margin = high > low ? 0.02 * (high - low) : 1
    return "set xrange [\(low - margin):\(high + margin)]"
  }
}
