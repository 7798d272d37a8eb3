internal import NumericalCore
public import StochasticThermodynamics

/// A fluctuation theorem as a picture: ln of a ratio of probabilities against the value, which theory
/// says is a straight line.
public enum FluctuationFigure {
  /// ln p(x)/p(−x) against x, or ln p_F(W)/p_R(−W) against W, with 95 % error bars.
  ///
  /// - Parameters:
  ///   - name: The name of its files without extension.
  ///   - title: What it is, in a few words.
  ///   - bins: The measured points.
  ///   - expectedSlope: The slope of the line of theory.
  ///   - expectedIntercept: Its value at 0: zero for heat and entropy production, −ΔF for Crooks.
  ///   - fit: Measured slope and intercept, drawn dashed.
  ///   - xLabel: The axis of values.
  ///   - yLabel: The axis of ratios.
  public static func make(
    name: String, title: String, bins: [FluctuationBin], expectedSlope: Double,
    expectedIntercept: Double = 0, fit: (slope: Double, intercept: Double)? = nil,
    xLabel: String = "Q", yLabel: String = "ln p(Q)/p(−Q)"
  ) -> Figure {
    let shown = bins.filter { $0.centre.isFinite && $0.logRatio.isFinite }
    let quantile = normalQuantile(0.975)
    var data = "# bins\n# \(xLabel): value, log ratio, 95 % low, high, count +, count −\n"
    for bin in shown {
      let half = quantile * bin.standardError
      let numbers = [bin.centre, bin.logRatio, bin.logRatio - half, bin.logRatio + half]
      data += numbers.map { NumberText.data($0) }.joined(separator: " ")
      data += " \(bin.positive) \(bin.negative)\n"
    }
    let line = "\(NumberText.data(expectedSlope)) * x + \(NumberText.data(expectedIntercept))"
    var curves = [
      "\(line) with lines linecolor rgb '\(FigureStyle.grey)' linewidth 2 title 'theory: slope \(NumberText.short(expectedSlope))'"
    ]
    if let fit, fit.slope.isFinite, fit.intercept.isFinite {
      curves.append(
        "\(fit.slope) * x + \(fit.intercept) with lines linecolor rgb '\(FigureStyle.vermilion)' linewidth 1.5 dashtype (8,5) title 'fit: slope \(NumberText.short(fit.slope))'"
      )
    }
    if !shown.isEmpty {
      curves.append(
        "'\(name).dat' index 'bins' using 1:2:3:4 with yerrorbars linecolor rgb '\(FigureStyle.blue)' linewidth 1.5 pointtype 7 pointsize 0.5 title 'measured, 95 %'"
      )
    }
    let range = range(of: shown, line: { expectedSlope * $0 + expectedIntercept }, quantile)
    let script =
      FigureStyle.prologue(name, height: 460)
      + FigureStyle.labels(title: title, x: xLabel, y: yLabel) + """
        set key top left Left reverse
        set xrange [\(range.x.lowerBound):\(range.x.upperBound)]
        set yrange [\(range.y.lowerBound):\(range.y.upperBound)]
        plot \(curves.joined(separator: ", \\\n  "))

        """
    return Figure(
      name: name, title: title,
      caption:
        "The points lie on the grey line where the fluctuation theorem holds. Each holds about the same information; bars are 95 % intervals, so one in twenty misses the line."
        + (fit == nil ? "" : " The dashed line is the regression, which uses no bins."),
      script: script, data: data)
  }

  /// From zero, or the first point, to the last; the line and the points within.
  private static func range(
    of bins: [FluctuationBin], line: (Double) -> Double, _ quantile: Double
  ) -> (x: ClosedRange<Double>, y: ClosedRange<Double>) {
    let centres = bins.map(\.centre)
    let last = centres.max() ?? 1
    let first = min(0, centres.min() ?? 0)
    let right = last > first ? last + 0.05 * (last - first) : first + 1
    let left = first < 0 ? first - 0.05 * (last - first) : 0
    var heights = [line(left), line(right), 0]
    for bin in bins {
      heights += [
        bin.logRatio - quantile * bin.standardError, bin.logRatio + quantile * bin.standardError,
      ]
    }
    let low = heights.min() ?? 0
    let high = heights.max() ?? 1
    let margin = high > low ? 0.05 * (high - low) : 1
    return (left...right, (low - margin)...(high + margin))
  }
}
