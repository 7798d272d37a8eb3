internal import BoltzmannMachines
internal import NumericalCore

/// Log-likelihoods against updates.
enum LearningCurveFigure {
  static let name = "learning-curve"

  private struct Series {
    let key: String
    let title: String
    let colour: String
    var points: [(update: Int, value: DataLogLikelihood)] = []
    /// What a perfect model reaches on these samples.
    var exact: Double? {
      points.last { $0.value.exactLogLikelihood != nil }?.value.exactLogLikelihood
    }
  }

  /// The figure of a run's records.
  static func make(_ records: [TrainingRecord]) -> Figure {
    var all = [
      Series(key: "train", title: "training data", colour: FigureStyle.blue),
      Series(key: "test", title: "held-out data", colour: FigureStyle.vermilion),
    ]
    for index in all.indices {
      all[index].points = records.compactMap { record in
        record.logLikelihood.first { $0.data == all[index].key }.map { (record.update, $0) }
      }
    }
    let series = all.filter { !$0.points.isEmpty }
    let isLogarithmic = FigureStyle.isLogarithmic(updates: records.map(\.update))
    return Figure(
      name: name, title: "Learning curve", caption: caption(series, isLogarithmic: isLogarithmic),
      script: script(series, updates: records.map(\.update), isLogarithmic: isLogarithmic),
      data: series.map { data($0) }.joined(separator: "\n\n"))
  }

  private static func data(_ series: Series) -> String {
    func line(_ point: (update: Int, value: DataLogLikelihood)) -> String {
      let value = point.value
      let numbers = [value.value, value.interval.lowerBound, value.interval.upperBound]
      return "\(point.update) " + numbers.map { NumberText.data($0) }.joined(separator: " ") + "\n"
    }
    var text = """
      # \(series.key)
      # log-likelihood of the \(series.title), nats per sample; a blank line stands for an unresolved point
      # update value low high

      """
    var isOpen = false
    for point in series.points {
      if point.value.verdict == .resolved {
        text += line(point)
        isOpen = true
      } else if isOpen {
        text += "\n"
        isOpen = false
      }
    }
    let unresolved = series.points.filter { $0.value.verdict != .resolved }
    if !unresolved.isEmpty {
      text = text.trimmingNewlines + "\n\n\n# \(series.key)-unresolved\n# update value low high\n"
      text += unresolved.map { line($0) }.joined()
    }
    return text.trimmingNewlines + "\n"
  }

  private static func script(
    _ series: [Series], updates: [Int], isLogarithmic: Bool
  ) -> String {
    let x = isLogarithmic ? "($1 > 0 ? $1 : NaN)" : "1"
    var curves: [String] = []
    var named: [String] = []
    for one in series where one.points.contains(where: { $0.value.verdict == .resolved }) {
      let source = "'\(name).dat' index '\(one.key)'"
      curves.append(
        "\(source) using \(x):3:4 with filledcurves fillcolor rgb '\(one.colour)' fillstyle transparent solid 0.25 noborder notitle"
      )
      named.append(
        "\(source) using \(x):2 with linespoints linecolor rgb '\(one.colour)' linewidth 2 pointtype 7 pointsize 0.35 title '\(one.title)'"
      )
    }
    for one in series {
      guard let exact = one.exact, exact.isFinite else { continue }
      named.append(
        "\(exact) with lines linecolor rgb '\(one.colour)' linewidth 1.5 dashtype (8,5) title 'true law on \(one.title)'"
      )
    }
    var isFirst = true
    for one in series where one.points.contains(where: { $0.value.verdict != .resolved }) {
      named.append(
        "'\(name).dat' index '\(one.key)-unresolved' using \(x):2 with points linecolor rgb '\(FigureStyle.grey)' linewidth 1 pointtype 6 pointsize 0.6 "
          + (isFirst ? "title 'unresolved'" : "notitle"))
      isFirst = false
    }
    if named.isEmpty { named.append("NaN notitle") }
    let limits = range(series, isLogarithmic: isLogarithmic)
    return FigureStyle.prologue(name, height: 440) + """
      set title "Log-likelihood during training"
      set xlabel "updates"
      set ylabel "log-likelihood (nats per sample)"
      set key below center horizontal Left reverse maxcols 2
      \(FigureStyle.updateAxis(updates, tics: 8))
      set yrange [\(NumberText.data(limits.lowerBound)):\(NumberText.data(limits.upperBound))]
      plot \((curves + named).joined(separator: ", \\\n  "))

      """
  }

  /// What is resolved fills the axis; unresolved points may lie outside.
  private static func range(_ series: [Series], isLogarithmic: Bool) -> ClosedRange<Double> {
    let shown = series.flatMap(\.points).filter { !isLogarithmic || $0.update > 0 }.map(\.value)
    var values = shown.filter { $0.verdict == .resolved }.flatMap {
      [$0.value, $0.interval.lowerBound, $0.interval.upperBound]
    }.filter(\.isFinite)
    if values.isEmpty { values = shown.map(\.value).filter(\.isFinite) }
    values += series.compactMap(\.exact).filter(\.isFinite)
    guard let low = values.min(), let high = values.max() else { return -1...0 }
    let margin = high > low ? 0.06 * (high - low) : max(0.5, 0.01 * abs(high))
    return (low - margin)...(high + margin)
  }

  private static func caption(_ series: [Series], isLogarithmic: Bool) -> String {
    var text =
      "Higher is better, and a gap that opens between training and held-out data is overfitting; "
      + "the band is the 95 % interval of ln Z, often thinner than the line."
    if series.contains(where: { $0.exact != nil }) {
      text +=
        " The dashed lines are what the law that the data come from reaches on the same samples."
    }
    let unresolved = series.flatMap(\.points).filter { $0.value.verdict != .resolved }.count
    if unresolved > 0 {
      text +=
        " Hollow grey points (\(unresolved)) are unresolved: their ln Z is not known well enough to be believed, and those far off may lie outside the axes."
    }
    if isLogarithmic {
      text +=
        " The axis of updates is logarithmic, so the record before the first update is not shown."
    }
    return text
  }
}
