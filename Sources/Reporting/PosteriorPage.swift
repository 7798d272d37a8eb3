internal import Foundation
public import NumericalCore
public import StochasticGradients
internal import StochasticThermodynamics

/// Samples of a posterior with all that is said of them.
public struct PosteriorResult: Sendable {
  /// The data, as asked for.
  public let data: String
  /// The model, in a word.
  public let model: String
  /// A name for each parameter.
  public let names: [String]
  /// The Gaussian of the mode.
  public let laplace: LaplaceApproximation
  /// The noise of the gradients at the mode.
  public let noise: MinibatchScatter
  /// How it was sampled.
  public let sampling: PosteriorSampling
  /// The samples.
  public let samples: PosteriorSamples
  /// What is said of them.
  public let diagnostics: PosteriorDiagnostics
  /// The exact posterior, where it is known.
  public var exact: GaussianPosterior?
  /// Coefficients in the units of the file.
  public var original: (@Sendable ([Double]) -> [Double])?
  /// Predictions of rows held out.
  public var prediction: PosteriorPrediction?

  /// A result without what is optional.
  public init(
    data: String, model: String, names: [String], laplace: LaplaceApproximation,
    noise: MinibatchScatter, sampling: PosteriorSampling, samples: PosteriorSamples,
    diagnostics: PosteriorDiagnostics
  ) {
    self.data = data
    self.model = model
    self.names = names
    self.laplace = laplace
    self.noise = noise
    self.sampling = sampling
    self.samples = samples
    self.diagnostics = diagnostics
  }

  /// The divergence of the Gaussian with mean and covariance of the samples from the exact posterior, in nats.
  public var exactDivergence: Double? {
    exact.map { $0.divergence(ofMean: samples.mean, covariance: samples.covariance) }
  }

  /// Means and deviations in the units of the file.
  public var originalMoments: (means: [Double], deviations: [Double])? {
    guard let original else { return nil }
    let all = samples.chains.flatMap { chain in (0..<chain.rows).map { original(chain.row($0)) } }
    let columns = (0..<samples.parameterCount).map { index in all.map { $0[index] } }
    return (
      columns.map { NumericalCore.mean(of: $0) }, columns.map { variance(of: $0).squareRoot() }
    )
  }
}

/// The page of a posterior: `posterior.html`, which needs no other file, and its figures with their scripts and
/// data in `figures/`.
public struct PosteriorPage: Sendable {
  /// What is shown.
  public let result: PosteriorResult
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// A page, drawn by the gnuplot of PATH.
  public init(_ result: PosteriorResult) {
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
      "posterior.html", title: "posterior of \(result.data)",
      header: """
        <h1>Posterior of \(HTML.escape(result.data))</h1>
        <p class="quiet">\(HTML.escape(summary))</p>
        """,
      body: """
        <h2>Can it be trusted?</h2>
        \(CheckTable(result.diagnostics.checks).html)
        \(drawn.map(\.html).joined(separator: "\n"))
        <h2>Parameters</h2>
        \(table)
        """)
    return (file, page.notes)
  }

  /// The figures, before they are drawn.
  public var figures: [Figure] {
    var result = [marginals, traces]
    if let figure = biasAgainstStep { result.append(figure) }
    if let figure = temperatures { result.append(figure) }
    return result
  }

  private var summary: String {
    let settings = result.samples.settings
    var text =
      "A \(result.model) model with \(result.samples.parameterCount) parameters, sampled by "
      + "\(settings.sampler.rawValue) at step size \(NumberText.short(settings.stepSize)) with batches of "
      + "\(settings.batchSize): \(result.samples.chains.count) chains of "
      + "\(NumberText.grouped(result.samples.length)) samples."
    if let divergence = result.exactDivergence {
      text +=
        " The Gaussian of the samples is \(NumberText.short(divergence)) nats from the exact posterior."
    }
    let production = result.diagnostics.entropyProduction.estimate
    text +=
      " Entropy production of a sample to the next \(NumberText.short(production.value)) nats, interval "
      + NumberText.interval(
        production.interval, digits: NumberText.digits(for: production.interval))
      + "."
    return text
  }

  /// Histograms of the first parameters in units of the Gaussian of the mode.
  private var marginals: Figure {
    let deviations = result.laplace.deviations
    let width = result.samples.settings.temperature.squareRoot()
    let edges = stride(from: -4.0, through: 4.0, by: 0.25).map { $0 }
    var series: [SeriesFigure.Series] = []
    for index in 0..<Swift.min(5, result.samples.parameterCount) {
      let values = result.samples.values(ofParameter: index).flatMap { $0 }.map {
        ($0 - result.laplace.mode[index]) / deviations[index] / (width > 0 ? width : 1)
      }
      var counts = [Double](repeating: 0, count: edges.count - 1)
      for value in values where value >= -4 && value < 4 { counts[Int((value + 4) / 0.25)] += 1 }
      series.append(
        SeriesFigure.Series(
          name: result.names[index], x: edges.dropLast().map { $0 + 0.125 },
          y: counts.map { $0 / Double(values.count) / 0.25 }))
    }
    let fine = stride(from: -4.0, through: 4.0, by: 0.1).map { $0 }
    series.insert(
      SeriesFigure.Series(
        name: "Gaussian of the mode", x: fine,
        y: fine.map { exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot() }), at: 0)
    return SeriesFigure.make(
      name: "marginals", title: "Marginals",
      caption:
        "The densities of the first parameters, from the mode in deviations of its Gaussian. A step too large makes them too wide; skew and shift are those of the posterior, or of the sampler.",
      xLabel: "(parameter − mode) / deviation", yLabel: "density", series: series)
  }

  private var traces: Figure {
    let index = 0
    let series = result.samples.chains.prefix(4).enumerated().map { number, chain in
      let step = Swift.max(1, chain.rows / 500)
      let rows = Array(stride(from: 0, to: chain.rows, by: step))
      return SeriesFigure.Series(
        name: "chain \(number + 1)", x: rows.map { Double($0 + 1) },
        y: rows.map { chain[$0, index] })
    }
    return SeriesFigure.make(
      name: "traces", title: "\(result.names[index]) along the chains",
      caption: "Chains that mix look alike and have no memory of their beginning.",
      xLabel: "sample", yLabel: result.names[index], series: Array(series))
  }

  /// The predicted bias over the steps about the one taken.
  private var biasAgainstStep: Figure? {
    let settings = result.samples.settings
    guard settings.sampler != .hmc, settings.temperature > 0 else { return nil }
    let steps = (-16...8).map { settings.stepSize * pow(10, Double($0) / 8) }
    let found = steps.compactMap { step -> (Double, PredictedBias)? in
      var tried = settings
      tried.stepSize = step
      return PredictedBias(of: tried, laplace: result.laplace, noise: result.noise).map {
        (step, $0)
      }
    }.filter(\.1.isStable)
    guard !found.isEmpty else { return nil }
    return SeriesFigure.make(
      name: "bias", title: "Predicted bias against the step size",
      caption:
        "From the curvature and the noise of the gradients at the mode. The vertical line is the step that was taken; the horizontal one is 5 %.",
      xLabel: "step size", yLabel: "largest bias of a parameter",
      series: [
        SeriesFigure.Series(
          name: "variance, relative", x: found.map(\.0), y: found.map(\.1.worstVariance)),
        SeriesFigure.Series(
          name: "mean, in deviations", x: found.map(\.0), y: found.map(\.1.worstMean)),
      ],
      references: [
        .init(value: settings.stepSize, name: "taken", isVertical: true),
        .init(value: 0.05, name: "5 %"),
      ], isXLogarithmic: true, isYLogarithmic: true)
  }

  /// Noise temperatures over the curvature.
  private var temperatures: Figure? {
    let found = result.diagnostics.noiseTemperatures
    guard found.count > 1 else { return nil }
    return SeriesFigure.make(
      name: "temperatures", title: "Temperature of the noise",
      caption:
        "The noise of a move along each direction of the curvature, over what noise of temperature 1 would be. What lies above the line is noise of the gradients, or of a posterior that is no Gaussian.",
      xLabel: "curvature", yLabel: "temperature",
      series: [
        SeriesFigure.Series(
          name: "measured", x: found.map(\.curvature), y: found.map(\.temperature), style: .points)
      ],
      references: [
        .init(value: result.samples.settings.temperature, name: "temperature asked for")
      ], isXLogarithmic: true)
  }

  private var table: String {
    let diagnostics = result.diagnostics
    let original = result.originalMoments
    let rows = diagnostics.parameters.enumerated().prefix(200).map { index, one -> String in
      let cells: [String] = [
        NumberText.general(one.mean.value, digits: 4), NumberText.short(one.deviation),
        NumberText.general(one.interval.lowerBound, digits: 4),
        NumberText.general(one.interval.upperBound, digits: 4),
        result.exact.map { NumberText.general($0.mean[index], digits: 4) } ?? "",
        result.exact.map { NumberText.short($0.covariance[index, index].squareRoot()) } ?? "",
        NumberText.decimal(one.bulkEffectiveSampleSize, digits: 0),
        NumberText.decimal(one.tailEffectiveSampleSize, digits: 0),
        NumberText.decimal(one.scaleReduction, digits: 3),
        one.predictedShift.map { NumberText.decimal($0, digits: 3) } ?? "",
        one.predictedVarianceError.map { NumberText.decimal(100 * $0, digits: 1) + " %" } ?? "",
        original.map { NumberText.general($0.means[index], digits: 4) } ?? "",
        original.map { NumberText.short($0.deviations[index]) } ?? "",
      ]
      return "<tr><td>\(HTML.escape(result.names[index]))</td>"
        + cells.map { "<td class=\"number\">\($0)</td>" }.joined() + "</tr>"
    }
    let heads = [
      "mean", "deviation", "2.5 %", "97.5 %", "exact mean", "exact deviation", "ESS", "tail ESS",
      "R̂", "predicted shift / deviation", "predicted error of the variance",
      "mean, units of the file", "deviation",
    ]
    return """
      <div class="wide">
      <table>
      <thead><tr><th>parameter</th>\
      \(heads.map { "<th class=\"number\">\($0)</th>" }.joined())</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      """
  }
}
