internal import BoltzmannMachines
internal import NumericalCore

/// Singular values of the weights against updates, and the last spectrum.
enum SingularValuesFigure {
  static let name = "singular-values"
  /// Lines drawn; the data file holds all that was recorded.
  static let lineCount = 16

  /// The figure of a run's records; nil where no record has a spectrum.
  ///
  /// - Parameter spectrum: All singular values of the newest machine, where it is known.
  static func make(_ records: [TrainingRecord], spectrum: [Double]?) -> Figure? {
    let recorded = records.filter { !$0.singularValues.isEmpty }
    guard let last = recorded.last else { return nil }
    let final = spectrum ?? last.singularValues
    let count = recorded.map(\.singularValues.count).max() ?? 0
    let isLogarithmic = FigureStyle.isLogarithmic(updates: recorded.map(\.update))
    let shown = recorded.filter { !isLogarithmic || $0.update > 0 }.flatMap {
      $0.singularValues.prefix(lineCount)
    }
    // A machine of zeros has no logarithms; gnuplot refuses an axis without a single value.
    let positive = (shown + final).filter { $0 > 0 }
    let spansDecade =
      (positive.max() ?? 1) > 10 * (positive.min() ?? 1)
      && shown.contains { $0 > 0 } && final.contains { $0 > 0 }
    return Figure(
      name: name, title: "Singular values of the weights",
      caption: "Each mode that the machine learns grows out of the bulk: on the left the "
        + "\(min(lineCount, count)) largest singular values of W during training, the largest "
        + "darkest; on the right the last spectrum, where what stands above the shoulder is learned "
        + "and the shoulder is the random beginning.",
      script: script(
        updates: recorded.map(\.update), lines: min(lineCount, count), ranks: final.count,
        isLogarithmicInSize: spansDecade),
      data: data(recorded, final: final, count: count))
  }

  private static func data(_ records: [TrainingRecord], final: [Double], count: Int) -> String {
    var text = "# training\n# update, then the singular values of W, largest first\n"
    for record in records {
      let values = (0..<count).map { index in
        index < record.singularValues.count ? NumberText.data(record.singularValues[index]) : "NaN"
      }
      text += ([String(record.update)] + values).joined(separator: " ") + "\n"
    }
    text += "\n\n# spectrum\n# rank, singular value\n"
    for (index, value) in final.enumerated() { text += "\(index + 1) \(NumberText.data(value))\n" }
    return text
  }

  private static func script(
    updates: [Int], lines: Int, ranks: Int, isLogarithmicInSize: Bool
  ) -> String {
    let style = updates.count > 1 ? "lines linewidth 1.5" : "points pointtype 7 pointsize 0.5"
    // The largest last, so that they lie on top.
    let curves = (0..<lines).reversed().map {
      "'\(name).dat' index 'training' using 1:\($0 + 2) with \(style) linecolor rgb '\(FigureStyle.ramp($0, of: lines))' notitle"
    }
    return FigureStyle.prologue(name, height: 380) + """
      set multiplot
      unset key
      set size 0.56, 1
      set origin 0, 0
      set title "The \(lines) largest during training"
      set xlabel "updates"
      set ylabel "singular value of W"
      \(isLogarithmicInSize ? "set logscale y" : "set yrange [0:*]")
      \(FigureStyle.updateAxis(updates, tics: 5))
      plot \(curves.joined(separator: ", \\\n  "))
      unset logscale x
      set format x "%.0f"
      set xrange [0:\(ranks + 1)]
      set xtics \(max(1, FigureStyle.ticStep(Double(ranks), about: 5)))
      set size 0.44, 1
      set origin 0.56, 0
      set title "Last spectrum"
      set xlabel "rank"
      unset ylabel
      plot '\(name).dat' index 'spectrum' using 1:2 with points pointtype 7 pointsize 0.4 linecolor rgb '\(FigureStyle.blue)' notitle
      unset multiplot

      """
  }
}
