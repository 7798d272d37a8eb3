internal import BoltzmannMachines
internal import Foundation
internal import NumericalCore
package import SpectralTheory

/// Singular values of the weights against updates with the noise they leave, and their distribution at
/// the start and now against the law of noise.
package enum SingularValuesFigure {
  package static let name = "singular-values"
  /// Lines drawn; the data file holds all that was recorded.
  static let lineCount = 24

  /// The spectrum at some update.
  package struct Moment {
    let update: Int
    /// Singular values, largest first.
    let values: [Double]
    /// Where noise lies, where it is known.
    let edges: ClosedRange<Double>?

    package init(update: Int, values: [Double], edges: ClosedRange<Double>?) {
      self.update = update
      self.values = values
      self.edges = edges
    }
  }

  /// Singular values and the law of their noise.
  package struct Spectrum {
    let values: [Double]
    let law: MarchenkoPasturLaw?
    /// Values above the noise.
    let outliers: Int

    package init(values: [Double], law: MarchenkoPasturLaw?, outliers: Int) {
      self.values = values
      self.law = law
      self.outliers = outliers
    }
  }

  /// The figure of a run's records; nil where no record has a spectrum.
  ///
  /// - Parameter spectrum: The newest machine's, where it is known.
  static func make(
    _ records: [TrainingRecord], start: SpectrumAnalysis.Start?, spectrum: MachineSpectrum?
  ) -> Figure? {
    let history = records.filter { !$0.singularValues.isEmpty }.map { record in
      Moment(
        update: record.update, values: record.singularValues,
        edges: record.spectrum.flatMap {
          guard $0.edges.count == 2, $0.edges[0] <= $0.edges[1] else { return nil }
          return $0.edges[0]...$0.edges[1]
        })
    }
    guard let last = history.last else { return nil }
    return make(
      history, start: start.map { Spectrum(values: $0.values, law: $0.law, outliers: 0) },
      now: spectrum.map {
        Spectrum(values: $0.values, law: $0.bulk.law, outliers: $0.bulk.outliers)
      }
        ?? Spectrum(
          values: last.values, law: nil, outliers: records.last?.spectrum?.outliers ?? 0))
  }

  /// The figure of spectra at some updates (none for a model without a run), the first and the last.
  package static func make(
    _ history: [Moment], start: Spectrum?, now: Spectrum, name: String = name
  ) -> Figure {
    let count = history.map(\.values.count).max() ?? 0
    let histogram = Histogram(start: start, now: now, name: name)
    var text = "# training\n# update, then the singular values of W, largest first\n"
    for moment in history {
      let values = (0..<count).map { index in
        index < moment.values.count ? NumberText.data(moment.values[index]) : "NaN"
      }
      text += ([String(moment.update)] + values).joined(separator: " ") + "\n"
    }
    text += "\n\n# noise\n# update, smallest and largest singular value of noise\n"
    for moment in history {
      guard let edges = moment.edges else { continue }
      text +=
        "\(moment.update) \(NumberText.data(edges.lowerBound)) \(NumberText.data(edges.upperBound))\n"
    }
    text += "\n\n# spectrum\n# rank, singular value\n"
    for (index, value) in now.values.enumerated() {
      text += "\(index + 1) \(NumberText.data(value))\n"
    }
    text += histogram.data
    let isAlone = history.isEmpty
    var script = FigureStyle.prologue(name, height: 390) + "set multiplot\n"
    if !isAlone {
      script += training(history, lines: min(lineCount, count), outliers: now.outliers, name: name)
      script += "set size 0.47, 1\nset origin 0.53, 0\nunset logscale\nset format x \"%h\"\n"
    }
    script += histogram.script + "unset multiplot\n"
    let left =
      isAlone
      ? ""
      : "On the left the \(min(lineCount, count)) largest singular values of W during training: in colour "
        + "those that stand out at the end, in grey the rest, and the grey band is where noise of the "
        + "width then measured lies. On the right their distribution"
    return Figure(
      name: name, title: "Singular values of the weights",
      caption: "Each mode that the machine learns grows out of the noise. "
        + (isAlone ? "Shown is the distribution of the singular values" : left)
        + (start == nil ? "" : ", at the start (grey) and now (blue),")
        + " against the law of noise of Marchenko and Pastur (lines); \(now.outliers) of "
        + "\(now.values.count) values stand out of it.",
      script: script, data: text)
  }

  private static func training(
    _ history: [Moment], lines: Int, outliers: Int, name: String
  ) -> String {
    let updates = history.map(\.update)
    let isLogarithmic = FigureStyle.isLogarithmic(updates: updates)
    let shown = history.filter { !isLogarithmic || $0.update > 0 }.flatMap {
      $0.values.prefix(lines)
    }
    let positive = shown.filter { $0 > 0 }
    // A machine of zeros has no logarithms; gnuplot refuses an axis without a single value.
    let spansDecade = (positive.max() ?? 1) > 10 * (positive.min() ?? 1)
    let style = updates.count > 1 ? "lines linewidth 1.5" : "points pointtype 7 pointsize 0.5"
    var curves: [String] = []
    let bands = history.compactMap { moment in
      moment.edges.map { (moment.update, $0) }
    }.filter { !isLogarithmic || $0.0 > 0 }
    // The lower edge of a square matrix is zero: on a logarithmic axis the band goes down to the frame.
    let ends = positive + bands.flatMap { [$0.1.lowerBound, $0.1.upperBound] }.filter { $0 > 0 }
    let (bottom, top) = ((ends.min() ?? 0.1) / 1.5, (ends.max() ?? 1) * 1.4)
    let floor = spansDecade ? bottom : 0
    if bands.count > 1 {
      curves.append(
        "'\(name).dat' index 'noise' using 1:($2 > \(floor) ? $2 : \(floor)):3 with filledcurves fillcolor rgb '#C4C9CF' fillstyle solid 1 noborder notitle"
      )
    }
    // The largest last, so that they lie on top.
    curves += (0..<lines).reversed().map { rank in
      let colour =
        rank < outliers ? FigureStyle.ramp(rank, of: min(lines, max(1, outliers))) : "#8A8F96"
      return
        "'\(name).dat' index 'training' using 1:\(rank + 2) with \(style) linecolor rgb '\(colour)' notitle"
    }
    return """
      unset key
      set size 0.53, 1
      set origin 0, 0
      set title "The \(lines) largest during training"
      set xlabel "updates"
      set ylabel "singular value w of W"
      \(spansDecade ? "set logscale y\nset yrange [\(bottom):\(top)]" : "set yrange [0:*]")
      \(FigureStyle.updateAxis(updates, tics: 4))
      plot \(curves.joined(separator: ", \\\n  "))
      set yrange [*:*]
      set xtics autofreq

      """
  }
}

/// The distribution of singular values at the start and now, with the laws of their noise.
private struct Histogram {
  typealias Spectrum = SingularValuesFigure.Spectrum
  private static let bins = 36
  let script: String
  let data: String

  init(start: Spectrum?, now: Spectrum, name: String) {
    let all = ((start?.values ?? []) + now.values).filter { $0.isFinite && $0 > 0 }
    let largest = all.max() ?? 1
    let smallest = max(all.min() ?? largest / 10, largest * 1e-5)
    let isLogarithmic = largest > 5 * quantile(0.5, of: all.isEmpty ? [1] : all)
    func axis(_ value: Double) -> Double { isLogarithmic ? log(value) : value }
    let low = isLogarithmic ? log(smallest) - 0.1 : 0
    let high = isLogarithmic ? log(largest) + 0.15 : largest * 1.05
    // Four values a bin or more.
    let bins = max(6, min(Histogram.bins, now.values.count / 4))
    let width = (high - low) / Double(bins)
    func back(_ x: Double) -> Double { isLogarithmic ? exp(x) : x }
    var blocks = ""
    var curves: [String] = []
    var top = 0.0
    func add(_ key: String, _ spectrum: Spectrum, colour: String, title: String) {
      var counts = [Int](repeating: 0, count: bins)
      for value in spectrum.values where value.isFinite && (!isLogarithmic || value > 0) {
        let bin = Int(
          ((axis(max(value, isLogarithmic ? smallest : 0)) - low) / width).rounded(.down))
        counts[min(bins - 1, max(0, bin))] += 1
      }
      blocks +=
        "\n\n# \(key)\n# left edge of the bin, modes a unit\(isLogarithmic ? " of ln w" : "")\n"
      for (bin, count) in counts.enumerated() {
        let density = Double(count) / width
        top = max(top, density)
        blocks +=
          "\(NumberText.data(back(low + Double(bin) * width))) \(NumberText.data(density))\n"
      }
      blocks += "\(NumberText.data(back(high))) 0.0\n"
      let source = "'\(name).dat' index '\(key)' using 1:2"
      curves.append(
        "\(source) with fillsteps fillcolor rgb '\(colour)' fillstyle transparent solid 0.3 noborder notitle"
      )
      curves.append(
        "\(source) with steps linecolor rgb '\(colour)' linewidth 1.5 title '\(title)'")
    }
    func addLaw(_ key: String, _ spectrum: Spectrum, colour: String, title: String?) {
      guard let law = spectrum.law, law.sigma > 0 else { return }
      let modes = Double(spectrum.values.count - spectrum.outliers)
      let (first, last) = (law.edges.lowerBound, law.edges.upperBound)
      blocks += "\n\n# \(key)\n# singular value, modes a unit by the law of noise\n"
      for step in 0...200 {
        let s = (first + last) / 2 - (last - first) / 2 * cos(.pi * Double(step) / 200)
        guard s >= (isLogarithmic ? smallest / 1.1 : 0) else { continue }
        let density = modes * law.density(s) * (isLogarithmic ? s : 1)
        top = max(top, min(density, 4 * max(top, 1e-300)))
        blocks += "\(NumberText.data(s)) \(NumberText.data(density))\n"
      }
      curves.append(
        "'\(name).dat' index '\(key)' using 1:2 with lines linecolor rgb '\(colour)' linewidth 2 "
          + (title.map { "title '\($0)'" } ?? "notitle"))
    }
    if let start { add("start", start, colour: FigureStyle.grey, title: "start") }
    add("now", now, colour: FigureStyle.blue, title: start == nil ? "values" : "now")
    if let start { addLaw("start-law", start, colour: "#000000", title: "law of noise") }
    addLaw(
      "law", now, colour: FigureStyle.vermilion,
      title: start == nil ? "law of noise" : "law, noise now")
    script = """
      set key below center horizontal Left reverse maxcols 2 height 1
      \(isLogarithmic ? "" : "set xtics \(max(1e-6, FigureStyle.ticStep(back(high) - back(low), about: 4)))")
      set title "Distribution of all \(now.values.count)"
      set xlabel "singular value w of W"
      set ylabel "modes in a unit of \(isLogarithmic ? "ln w" : "w")"
      \(isLogarithmic ? "set logscale x" : "")
      set xrange [\(back(low)):\(back(high))]
      set yrange [0:\(top > 0 ? top * 1.3 : 1)]
      plot \(curves.joined(separator: ", \\\n  "))

      """
    data = blocks
  }
}
