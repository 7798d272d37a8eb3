internal import Foundation
internal import NumericalCore
public import StochasticGradients

/// Entropy production over windows of descent: its distribution, and the detailed theorem.
public enum EntropyWindowFigure {
  /// p(σ) of each length of window as a line, e^{σ} p(−σ) as points: the same where the theorem holds.
  public static func distribution(
    _ windows: [EntropyWindow], unit: String, name: String = "entropy-production"
  ) -> Figure {
    var blocks: [String] = []
    var panels = ""
    let shown = windows.filter { $0.count > 100 }
    let columns = shown.count > 1 ? 2 : 1
    let rows = max(1, (shown.count + columns - 1) / columns)
    for (index, window) in shown.enumerated() {
      let bins = rebinned(window.histogram, about: 30)
      var text = "# window-\(index)\n# σ, p(σ), e^σ p(−σ), low, high\n"
      for bin in bins.reversed() where bin.negative > 0 {
        text += row(-bin.centre, bin.negative, bin.positive, bin.width, window.count)
      }
      for bin in bins where bin.positive > 0 {
        text += row(bin.centre, bin.positive, bin.negative, bin.width, window.count)
      }
      blocks.append(text)
      let source = "'\(name).dat' index 'window-\(index)'"
      let title = window.length == 1 ? "1 \(unit)" : "\(NumberText.grouped(window.length)) \(unit)s"
      panels += """
        set title "\(title): ⟨σ⟩ = \(String(format: "%.3g", window.mean))"
        plot \(source) using 1:2 with lines linecolor rgb '\(FigureStyle.blue)' linewidth 2 title 'p(σ)', \\
          \(source) using 1:3:4:5 with yerrorbars linecolor rgb '\(FigureStyle.vermilion)' pointtype 6 pointsize 0.45 linewidth 1 title 'e^{σ} p(−σ)'

        """
    }
    let script =
      FigureStyle.prologue(name, height: 90 + 270 * rows) + """
        set multiplot layout \(rows),\(columns)
        set key at graph 0.5, graph 0.3 center enhanced samplen 1.5
        set xlabel "entropy production σ of a window"
        set ylabel "density"
        set xtics autofreq
        set logscale y
        set format y "10^{%L}"
        \(shown.isEmpty ? "plot [0:1][1:10] NaN notitle\n" : panels)unset multiplot

        """
    return Figure(
      name: name, title: "Entropy production over windows",
      caption:
        "Blue: the density of the entropy production of a window. Orange: the density mirrored and weighted, e^σ p(−σ); by the detailed fluctuation theorem the two are one curve. Bars are 95 % intervals.",
      script: script, data: blocks.joined(separator: "\n\n"))
  }

  /// ln p(σ)/p(−σ) against σ for all windows, on one line over decades.
  public static func theorem(
    _ windows: [EntropyWindow], unit: String, name: String = "detailed-theorem"
  ) -> Figure {
    var series: [SeriesFigure.Series] = []
    var ends = (low: Double.infinity, high: 0.0)
    for window in windows {
      let points = ratios(window.histogram).filter { $0.ratio > 1.5 * $0.error }
      guard !points.isEmpty else { continue }
      for point in points { ends = (min(ends.low, point.value), max(ends.high, point.value)) }
      let quantile = normalQuantile(0.975)
      series.append(
        SeriesFigure.Series(
          name: window.length == 1
            ? "1 \(unit)" : "\(NumberText.grouped(window.length)) \(unit)s",
          x: points.map(\.value), y: points.map(\.ratio),
          low: points.map { max($0.ratio - quantile * $0.error, 0.05 * $0.ratio) },
          high: points.map { $0.ratio + quantile * $0.error }, style: .points))
    }
    if ends.high > 0 {
      series.append(
        SeriesFigure.Series(
          name: "theorem: slope 1", x: [ends.low, ends.high], y: [ends.low, ends.high]))
    }
    return SeriesFigure.make(
      name: name, title: "The detailed fluctuation theorem of descent",
      caption:
        "ln p(σ)/p(−σ) against σ, windows of all lengths; by the theorem all points lie on one line of slope 1. Bars are 95 % intervals; bins whose ratio is not known to its own size are left out.",
      xLabel: "entropy production σ of a window", yLabel: "ln p(σ)/p(−σ)", series: series,
      isXLogarithmic: true, isYLogarithmic: true)
  }

  /// ln n₊/n₋ over bins whose width grows with σ, at the middle of what fell into them.
  private static func ratios(
    _ histogram: SignedHistogram
  ) -> [(value: Double, ratio: Double, error: Double)] {
    var result: [(value: Double, ratio: Double, error: Double)] = []
    var first = 0
    while first < histogram.positive.count - 1 {
      let last = min(histogram.positive.count - 1, max(first + 1, Int(1.35 * Double(first))))
      var (positive, negative, place) = (0.0, 0.0, 0.0)
      for bin in first..<last {
        let count = Double(histogram.positive[bin] + histogram.negative[bin])
        positive += Double(histogram.positive[bin])
        negative += Double(histogram.negative[bin])
        place += count * (Double(bin) + 0.5) * histogram.width
      }
      if positive > 0, negative > 0 {
        result.append(
          (
            place / (positive + negative), log((positive + 0.5) / (negative + 0.5)),
            (1 / (positive + 0.5) + 1 / (negative + 0.5)).squareRoot()
          ))
      }
      first = last
    }
    return result
  }

  private struct Bin {
    let centre: Double
    let width: Double
    let positive: Int
    let negative: Int
  }

  /// About so many bins over the values that there are.
  private static func rebinned(_ histogram: SignedHistogram, about count: Int) -> [Bin] {
    let last =
      histogram.positive.indices.dropLast().last {
        histogram.positive[$0] + histogram.negative[$0] > 0
      } ?? 0
    let width = max(1, (last + count) / count)
    return stride(from: 0, through: last, by: width).map { first in
      let range = first..<min(first + width, histogram.positive.count - 1)
      return Bin(
        centre: (Double(first) + Double(range.count) / 2) * histogram.width,
        width: Double(range.count) * histogram.width,
        positive: range.reduce(0) { $0 + histogram.positive[$1] },
        negative: range.reduce(0) { $0 + histogram.negative[$1] })
    }
  }

  private static func row(
    _ value: Double, _ here: Int, _ mirror: Int, _ width: Double, _ total: Int
  ) -> String {
    let scale = 1 / (Double(total) * width)
    let weighted = Double(mirror) * scale * exp(value)
    let error = mirror > 0 ? 1.96 / Double(mirror).squareRoot() : 0
    let numbers: [Double] =
      mirror > 0
      ? [weighted, weighted * max(0.01, 1 - error), weighted * (1 + error)] : [.nan, .nan, .nan]
    return "\(NumberText.data(value)) \(NumberText.data(Double(here) * scale)) "
      + numbers.map { NumberText.data($0) }.joined(separator: " ") + "\n"
  }
}
