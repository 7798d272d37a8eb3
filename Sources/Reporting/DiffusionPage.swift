public import DiffusionModels
internal import Foundation
public import NumericalCore

/// What the report of a diffusion shows; whatever is missing is left out.
public struct DiffusionFindings: Sendable {
  /// The run's folder or model file.
  public var name: String
  /// What it is.
  public var description: DiffusionDescription
  /// The records of the training.
  public var records: [DiffusionRecord] = []
  /// The bound with its terms.
  public var likelihood: DiffusionLikelihood?
  /// Samples and data in the data's units, where both are continuous.
  public var samples: (model: Matrix<Float>, data: Matrix<Float>)?
  /// States of the plane forwards and backwards, from data to noise.
  public var slices: [DiffusionSlicesFigure.Slice] = []
  /// The drift of the reverse steps in the plane, and the distance of its arrows.
  public var drift: (slices: [DriftFieldFigure.Slice], spacing: Double)?
  /// Entropy production along the path of the forward process, with the model's score.
  public var entropyProduction: DiffusionEntropyProduction?
  /// Works of paths from data and of paths of the model, in nats.
  public var works: (forward: [Double], reverse: [Double])?

  /// Findings without figures.
  public init(name: String, description: DiffusionDescription) {
    self.name = name
    self.description = description
  }
}

/// The page of a diffusion: `report.html`, which needs no other file, and its figures with their scripts and data
/// in `figures/`.
public struct DiffusionPage: Sendable {
  /// What is shown.
  public let findings: DiffusionFindings
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// A page, drawn by the gnuplot of PATH.
  public init(_ findings: DiffusionFindings) {
    self.findings = findings
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
      "report.html", title: "diffusion \(findings.name)",
      header: """
        <h1>Diffusion \(HTML.escape(findings.name))</h1>
        <p class="quiet">\(HTML.escape(summary))</p>
        """,
      body: """
        \(headline)
        \(drawn.map(\.html).joined(separator: "\n"))
        """)
    return (file, page.notes)
  }

  /// The figures, before they are drawn.
  public var figures: [Figure] {
    var result: [Figure] = []
    if let samples = findings.samples, let shape = findings.description.pictureShape,
      shape.count == 2
    {
      result.append(
        PicturesFigure.make(
          name: "samples", title: "Samples",
          caption: "A good model's samples cannot be told from data, in detail or in variety.",
          height: shape[0], width: shape[1],
          panels: [("Model", samples.model), ("Data", samples.data)]))
    }
    if !findings.slices.isEmpty {
      result.append(
        DiffusionSlicesFigure.make(name: "slices", slices: findings.slices))
    }
    if let drift = findings.drift {
      result.append(
        DriftFieldFigure.make(
          name: "drift", title: "Drift f_μ(x, t) − x of the reverse steps", slices: drift.slices,
          spacing: drift.spacing))
    }
    if let terms = findings.likelihood?.terms, !terms.isEmpty {
      let shown = thinned(terms)
      result.append(
        BoundTermsFigure.make(
          name: "bound-terms", steps: shown.map(\.step), means: shown.map(\.mean),
          standardErrors: shown.compactMap(\.standardError)))
    }
    if let production = findings.entropyProduction {
      result.append(
        EntropyProductionAlongTimeFigure.make(
          name: "entropy-production", title: "Entropy production of the forward process",
          times: production.points.map(\.time),
          rates: [
            .init(name: "total", values: production.points.map(\.total)),
            .init(name: "system", values: production.points.map(\.system)),
            .init(name: "bath", values: production.points.map(\.bath)),
          ], perLogarithm: findings.description.kind == .denoiser,
          timeLabel: findings.description.kind == .denoiser
            ? "time t" : "part of the fall of the log-SNR"))
    }
    if findings.records.count > 1 { result.append(learning) }
    return result
  }

  /// At most 400 terms, so that a figure stays light.
  private func thinned(_ terms: [BoundTerm]) -> [BoundTerm] {
    guard terms.count > 400 else { return terms }
    return (0..<400).map { terms[$0 * terms.count / 400] }
  }

  private var learning: Figure {
    let updates = findings.records.map { Double($0.update) }
    var series = [
      SeriesFigure.Series(
        name: "training", x: updates, y: findings.records.map(\.trainingLoss))
    ]
    let held = findings.records.compactMap { record in
      record.heldOutLoss.map { (Double(record.update), $0) }
    }
    if !held.isEmpty {
      series.append(
        SeriesFigure.Series(
          name: "held out", x: held.map(\.0), y: held.map(\.1.value),
          low: held.map(\.1.interval.lowerBound), high: held.map(\.1.interval.upperBound)))
    }
    return SeriesFigure.make(
      name: "loss", title: "Loss",
      caption:
        "The training loss is that of the parameters as they were, the held-out loss that of their average.",
      xLabel: "update", yLabel: "loss a coordinate", series: series)
  }

  private var summary: String {
    let description = findings.description
    var text =
      "A \(description.kind.rawValue) with a \(description.network.name) network; chain of "
      + "\(NumberText.grouped(description.schedule.steps)) steps, schedule "
      + "\(description.schedule.name.rawValue)."
    if let last = findings.records.last {
      text +=
        " \(NumberText.grouped(last.update)) updates in \(NumberText.short(last.seconds)) seconds."
    }
    return text
  }

  private var headline: String {
    var lines: [String] = []
    if let likelihood = findings.likelihood {
      lines.append("<pre>\(HTML.escape(likelihood.text))</pre>")
    }
    if let production = findings.entropyProduction {
      lines.append(
        "<p>Entropy produced by the forward process: \(HTML.escape("\(production.total)")) nats, of it "
          + "\(HTML.escape("\(production.system)")) in the system and "
          + "\(HTML.escape("\(production.bath)")) in the bath, with the model's score.</p>")
    }
    return lines.joined(separator: "\n")
  }
}
