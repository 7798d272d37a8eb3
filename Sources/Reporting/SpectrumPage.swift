public import BoltzmannMachines
internal import DataSets
internal import Foundation
public import NumericalCore
internal import SpectralTheory

/// The page of a spectrum: `spectrum.html`, which needs no other file, and its figures with their scripts
/// and data in `figures/`.
public struct SpectrumPage: Sendable {
  /// The machine, as asked for.
  public let model: String
  /// What was found.
  public let result: SpectrumAnalysis.Result
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// A page, drawn by the gnuplot of PATH.
  public init(model: String, result: SpectrumAnalysis.Result) {
    self.model = model
    self.result = result
    gnuplot = Gnuplot.find()
  }

  /// Writes the page and its figures into a folder, which is made.
  ///
  /// - Returns: The page, and what could not be drawn.
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when the folder cannot be written.
  public func write(to folder: String) throws(SzilardError) -> (page: String, notes: [String]) {
    var page = try Page(folder: folder, gnuplot: gnuplot)
    let drawn = try page.draw(figures)
    let file = try page.write(
      "spectrum.html", title: "spectrum of \(model)",
      header: """
        <h1>Spectrum of \(HTML.escape(model))</h1>
        <p class="quiet">\(HTML.escape(summary))</p>
        """,
      body: """
        \(drawn.map(\.html).joined(separator: "\n"))
        <h2>Modes</h2>
        \(table)
        """)
    return (file, page.notes)
  }

  /// The figures, before they are drawn.
  public var figures: [Figure] {
    var figures = [singularValues]
    if let figure = ModePlaneFigure.make(
      data: result.dataProjections, samples: result.sampleProjections)
    {
      figures.append(figure)
    }
    figures.append(kurtosis)
    if let overlaps = result.overlaps, let figure = ComponentOverlapFigure.make(overlaps) {
      figures.append(figure)
    }
    if let training = result.training, let figure = ModeRatesFigure.make(training.motions) {
      figures.append(figure)
    }
    return figures
  }

  private var singularValues: Figure {
    let spectrum = result.spectrum
    var history: [SingularValuesFigure.Moment] = []
    if let start = result.start {
      history.append(.init(update: 0, values: start.values, edges: start.law.edges))
    }
    history += (result.training?.points ?? []).map {
      .init(update: $0.update, values: $0.spectrum.values, edges: $0.spectrum.bulk.edges)
    }
    return SingularValuesFigure.make(
      history.count > 1 ? history : [],
      start: result.start.map { .init(values: $0.values, law: $0.law, outliers: 0) },
      now: .init(
        values: spectrum.values, law: spectrum.bulk.law, outliers: spectrum.bulk.outliers))
  }

  private var kurtosis: Figure {
    let spectrum = result.spectrum
    let ranks = spectrum.values.indices.map { Double($0 + 1) }
    return SeriesFigure.make(
      name: "kurtosis", title: "Kurtosis of the modes",
      caption:
        "Normal components have 3. Above it a vector lives on few units, and mixtures of modes are the states of the machine; below it single modes are. The largest mode is on the left.",
      xLabel: "rank of the mode", yLabel: "kurtosis of the components",
      series: [
        SeriesFigure.Series(
          name: "visible units, u", x: ranks, y: spectrum.visible.kurtosis, style: .points),
        SeriesFigure.Series(
          name: "hidden units, v", x: ranks, y: spectrum.hidden.kurtosis, style: .points),
      ], references: [SeriesFigure.ReferenceLine(value: 3, name: "normal components")],
      isYLogarithmic: true)
  }

  private var summary: String {
    let spectrum = result.spectrum
    let bulk = spectrum.bulk
    var text =
      "\(bulk.outliers) of \(spectrum.values.count) singular values stand out of the noise, above "
      + "\(NumberText.short(bulk.threshold))."
    if let update = result.update { text = "Update \(NumberText.grouped(update)). " + text }
    if case .unresolved(let reason) = bulk.entryDeviation.verdict { text += " But \(reason)." }
    text += " Gain of fields around independent units \(NumberText.short(result.gain))"
    text += " (ordered above 1). Singular values are those of W as stored; "
    text += "times \(NumberText.short(spectrum.spinFactor)) they are those of ±1 units."
    return text
  }

  private var table: String {
    let spectrum = result.spectrum
    let modes = spectrum.modes.count
    let rows = (0..<modes).map { mode -> String in
      let best = result.overlaps.map { overlaps in
        (0..<overlaps.columns).map { ($0, overlaps[mode, $0]) }.max { $0.1 < $1.1 }
      }
      let cells: [String] = [
        "\(mode + 1)", NumberText.general(spectrum.values[mode], digits: 4),
        NumberText.general(spectrum.values[mode] * spectrum.spinFactor, digits: 4),
        spectrum.plantedValue(ofMode: mode).map { NumberText.general($0, digits: 4) }
          ?? "in the bulk",
        NumberText.general(spectrum.visible.kurtosis[mode], digits: 3),
        NumberText.general(spectrum.hidden.kurtosis[mode], digits: 3),
        result.dataVariances.map { NumberText.short($0[mode]) } ?? "",
        result.sampleVariances.map { NumberText.short($0[mode]) } ?? "",
        best.flatMap { $0 }.map { "\($0.0 + 1) (\(NumberText.decimal($0.1, digits: 2)))" } ?? "",
      ]
      return "<tr>" + cells.map { "<td class=\"number\">\($0)</td>" }.joined() + "</tr>"
    }
    let heads = [
      "mode", "w", "w of ±1 units", "w without noise", "kurtosis u", "kurtosis v",
      "variance of the data", "of the samples", "nearest component",
    ]
    return """
      <div class="wide">
      <table>
      <thead><tr>\(heads.map { "<th class=\"number\">\($0)</th>" }.joined())</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      """
  }
}
