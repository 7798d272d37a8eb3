internal import Foundation
internal import Learning
public import NumericalCore
public import StochasticGradients
internal import StochasticThermodynamics

/// The page of a descent: `sgd.html`, which needs no other file, and its figures with their scripts and data in
/// `figures/`.
public struct DescentPage: Sendable {
  /// The data and model, in words.
  public let subject: String
  /// What was found.
  public let report: DescentReport
  /// What else a reader must know.
  public let notes: [String]
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// A page, drawn by the gnuplot of PATH.
  public init(subject: String, report: DescentReport, notes: [String] = []) {
    self.subject = subject
    self.report = report
    self.notes = notes
    gnuplot = Gnuplot.find()
  }

  /// The figures, before they are drawn.
  public var figures: [Figure] {
    let windows = report.outcome.statistics.windows
    var figures: [Figure] = []
    if let figure = StationaryCurrentFigure.make(report) { figures.append(figure) }
    figures.append(
      EntropyWindowFigure.distribution(windows, unit: report.unit))
    figures.append(EntropyWindowFigure.theorem(windows, unit: report.unit))
    if let figure = report.effectiveLossFigure { figures.append(figure) }
    return figures
  }

  /// Writes the page and its figures into a folder, which is made.
  ///
  /// - Returns: The page, and what could not be drawn.
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when the folder cannot be written.
  public func write(to folder: String) throws(SzilardError) -> (page: String, notes: [String]) {
    var page = try Page(folder: folder, gnuplot: gnuplot, notes: notes)
    let drawn = try page.draw(figures)
    let checks = report.checks
    let file = try page.write(
      "sgd.html", title: "descent on \(subject)",
      header: """
        <h1>Stochastic gradient descent on \(HTML.escape(subject))</h1>
        <p class="quiet">\(HTML.escape(summary))</p>
        """,
      body: """
        \(drawn.map(\.html).joined(separator: "\n"))
        <h2>Fluctuation theorems</h2>
        <p class="quiet">\(HTML.escape(CheckTable.summary(checks.map(\.verdict), of: "checks")))</p>
        \(CheckTable(checks).html)
        <h2>Numbers</h2>
        \(table)
        """)
    return (file, page.notes)
  }

  private var summary: String {
    let state = report.state
    let text =
      "\(report.minimum.parameters.count) weights, \(report.sampleCount) samples, batches of \(report.batchSize) "
      + "\(report.policy.rawValue) replacement, rate \(NumberText.short(report.rate)); "
      + "\(NumberText.grouped(report.outcome.statistics.count)) \(report.unit)s of "
      + "\(report.outcome.chains.count) chains. "
    switch report.verdict {
    case .nonequilibrium:
      return text
        + "The stationary state is out of equilibrium: it has a current, and produces \(NumberText.short(report.expectedEntropyProduction)) nats per \(report.unit) by theory."
    case .equilibrium:
      return text + "The stationary state is an equilibrium: noise and curvature commute."
    case .unresolved:
      return text
        + "Whether the stationary state is an equilibrium was not resolved; by theory it produces \(NumberText.short(state.entropyProduction)) nats per \(report.unit)."
    }
  }

  private var table: String {
    let rows = report.numbers.map {
      "<tr><th>\(HTML.escape($0.name))</th><td class=\"number\">\(NumberText.general($0.value))</td></tr>"
    }
    return "<table class=\"options\">\n<tbody>\n\(rows.joined(separator: "\n"))\n</tbody>\n</table>"
  }
}

extension DescentReport {
  /// The numbers of the report by name, for tables.
  public var numbers: [(name: String, value: Double)] {
    let statistics = outcome.statistics
    let eigenvalues = minimum.eigenvalues
    let spectrum = LinearAlgebra.symmetricEigenvalues(state.diffusion)?.values ?? []
    var numbers: [(name: String, value: Double)] = [
      ("loss at the minimum", minimum.value),
      ("softest curvature", eigenvalues.first ?? .nan),
      ("steepest curvature", eigenvalues.last ?? .nan),
      ("largest stable rate, 2/h_max", 2 / (eigenvalues.last ?? .nan)),
      ("relaxation time of the slowest mode, \(unit)s", state.relaxationTime),
      ("norm of D", LinearAlgebra.frobeniusNorm(state.diffusion)),
      ("largest over smallest eigenvalue of D", (spectrum.last ?? .nan) / (spectrum.first ?? .nan)),
    ]
    numbers += [
      (
        "D from increments, relative error",
        Self.relativeDistance(statistics.diffusion, state.diffusion)
      ),
      ("|DH − HD| / |DH|", state.commutator),
      ("covariance against theory, relative error", covarianceError),
      ("covariance, sampling error", covarianceSamplingError),
      ("circulation against theory, relative error", circulationError),
      ("circulation, sampling error", circulationSamplingError),
    ]
    numbers += [
      ("entropy production per \(unit), theory, small rate", state.entropyProduction),
      ("entropy production per \(unit), theory, finite steps", expectedEntropyProduction),
      ("entropy production per \(unit), measured ⟨vᵀD⁻¹v⟩", statistics.dissipation.value),
      ("half its 95 % interval", statistics.dissipation.halfWidth),
    ]
    if let relaxation {
      numbers += [
        ("relaxation: housekeeping, mean", mean(of: relaxation.housekeeping)),
        ("relaxation: housekeeping, theory", relaxation.expectedHousekeeping),
        ("relaxation: excess, mean", mean(of: relaxation.excess)),
        ("relaxation: excess, theory", relaxation.expectedExcess),
      ]
    }
    return numbers
  }

  private static func relativeDistance(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Double {
    LinearAlgebra.frobeniusNorm(LinearAlgebra.sum(a, b, factor: -1))
      / LinearAlgebra.frobeniusNorm(b)
  }
}
