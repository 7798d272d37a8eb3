public import BoltzmannMachines
internal import Foundation
public import NumericalCore
internal import SpectralTheory

/// The page of learning equations: `learning-dynamics.html`, and its figures with their scripts and data
/// in `figures/`.
public struct LearningDynamicsPage: Sendable {
  /// The singular values of a trained machine at a learning time.
  public struct RunPoint: Sendable, Encodable {
    /// The sum of the rates of the updates.
    public let time: Double
    /// The largest singular values of W.
    public let singularValues: [Double]

    /// A point.
    public init(time: Double, singularValues: [Double]) {
      self.time = time
      self.singularValues = singularValues
    }
  }

  /// The data, as asked for.
  public let data: String
  /// What the equations say.
  public let dynamics: LearningDynamics
  /// A run on the same data, or nil.
  public let run: [RunPoint]?
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// Curves in the figure of modes.
  static let shownModes = 6

  /// A page, drawn by the gnuplot of PATH.
  public init(data: String, dynamics: LearningDynamics, run: [RunPoint]? = nil) {
    self.data = data
    self.dynamics = dynamics
    self.run = run
    gnuplot = Gnuplot.find()
  }

  /// Writes the page and its figures into a folder, which is made.
  ///
  /// - Returns: The page, and what could not be drawn.
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when the folder cannot be written.
  public func write(to folder: String) throws(SzilardError) -> (page: String, notes: [String]) {
    var notes: [String] = []
    if let problem = dynamics.problem { notes.append("The integration ended early: \(problem).") }
    var page = try Page(folder: folder, gnuplot: gnuplot, notes: notes)
    var figures = [modesFigure]
    if dynamics.points.contains(where: { $0.states != nil }) { figures.append(statesFigure) }
    if dynamics.points.contains(where: { $0.orderParameters != nil }) {
      figures.append(orderParametersFigure)
    }
    figures.append(likelihoodFigure)
    let drawn = try page.draw(figures)
    let file = try page.write(
      "learning-dynamics.html", title: "learning of \(data)",
      header: """
        <h1>Learning of \(HTML.escape(data))</h1>
        <p class="quiet">\(HTML.escape("\(dynamics.growthSummary)."))</p>
        """, body: drawn.map(\.html).joined(separator: "\n"))
    return (file, page.notes)
  }

  /// Singular values against time, of the equations and of the run.
  var modesFigure: Figure {
    let points = dynamics.points
    let modes = 0..<min(Self.shownModes, points.first?.singularValues.count ?? 0)
    var series = modes.map { mode in
      SeriesFigure.Series(
        name: "mode \(mode + 1)", x: points.map(\.time), y: points.map { $0.singularValues[mode] })
    }
    if let run {
      let shown = run.filter { $0.time > 0 }
      let pairs = shown.flatMap { point in
        point.singularValues.prefix(modes.count).map { (point.time, $0) }
      }
      series.append(
        SeriesFigure.Series(
          name: "trained machine", x: pairs.map(\.0), y: pairs.map(\.1), style: .points))
    }
    return SeriesFigure.make(
      name: "modes", title: "Modes of the weights",
      caption: "The largest singular values of W by the equations of learning"
        + (run == nil ? "." : ", and those of the trained machine."),
      xLabel: "learning time (rate × updates)", yLabel: "singular value of W", series: series,
      isXLogarithmic: true, isYLogarithmic: true)
  }

  /// Magnetisations along the modes and the overlap q, against time.
  private var orderParametersFigure: Figure {
    let points = dynamics.points.compactMap { point in
      point.orderParameters.map { (time: point.time, parameters: $0) }
    }
    let modes = 0..<min(Self.shownModes, points.first?.parameters.visible.count ?? 0)
    let magnetisations = modes.map { mode in
      SeriesFigure.Series(
        name: "m along mode \(mode + 1)", x: points.map(\.time),
        y: points.map { $0.parameters.visible[mode] })
    }
    let overlap = SeriesFigure.Series(
      name: "q", x: points.map(\.time), y: points.map(\.parameters.visibleOverlap), style: .points)
    return SeriesFigure.make(
      name: "order-parameters", title: "Order parameters",
      caption: "Root mean square magnetisation of the states along the modes, and their overlap q.",
      xLabel: "learning time (rate × updates)", yLabel: "m, q", series: magnetisations + [overlap],
      isXLogarithmic: true)
  }

  private var statesFigure: Figure {
    SeriesFigure.make(
      name: "states", title: "Mean-field states",
      caption: "Distinct minima of the free energy that samples of the data lead to.",
      xLabel: "learning time (rate × updates)", yLabel: "number of states",
      series: [
        .init(
          name: "states", x: dynamics.points.map(\.time),
          y: dynamics.points.map { $0.states.map(Double.init) ?? .nan })
      ], isXLogarithmic: true)
  }

  private var likelihoodFigure: Figure {
    SeriesFigure.make(
      name: "log-likelihood", title: "Log-likelihood of the data",
      caption: dynamics.method == .gaussian
        ? "Exact." : "With ln Z of the mean-field states: an approximation without error bar.",
      xLabel: "learning time (rate × updates)", yLabel: "nats a sample",
      series: [
        .init(
          name: "log-likelihood", x: dynamics.points.map(\.time),
          y: dynamics.points.map { $0.logLikelihood ?? .nan })
      ], isXLogarithmic: true)
  }
}
