public import BoltzmannMachines
public import DataSets
internal import Foundation
public import NumericalCore

/// The figures and the page of a run.
///
/// Draws what was computed before; the only sums made here are spectra and two-point statistics. The
/// page and each figure appear whole or not at all.
public struct Report: Sendable {
  /// The run's folder.
  public let folder: RunFolder
  /// What was asked.
  public let description: RunDescription
  /// What was measured, oldest first.
  public let records: [TrainingRecord]
  /// The newest machine; nil where the run has no checkpoint yet.
  public let machine: RestrictedBoltzmannMachine?
  /// The chains of the newest checkpoint; nil where the run has none yet.
  public let chains: StateMatrix?
  /// The training data; nil where they can no longer be read.
  public let data: DataSet?
  /// The updates done at the newest checkpoint.
  public var checkpointUpdate: Int?
  /// Why there are no data, in words.
  public var missingData: String?
  /// The program that draws; nil writes scripts and data alone.
  public var gnuplot: Gnuplot?

  /// Samples of the data that two-point statistics are made of, at most.
  static let sampleLimit = 20_000
  /// The largest layer for which the whole spectrum is computed.
  static let spectrumLimit = 1024

  /// A report of a run, drawn by the gnuplot of PATH.
  public init(
    folder: RunFolder, description: RunDescription, records: [TrainingRecord],
    machine: RestrictedBoltzmannMachine?, chains: StateMatrix?, data: DataSet?
  ) {
    self.folder = folder
    self.description = description
    self.records = records
    self.machine = machine
    self.chains = chains
    self.data = data
    gnuplot = Gnuplot.find()
  }

  /// The figures, before they are drawn, and what has to be said about those that are missing.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` when the run has no record.
  public func figures() throws(SzilardError) -> (figures: [Figure], notes: [String]) {
    guard !records.isEmpty else {
      throw SzilardError(
        .badData,
        "\(folder.metricsFile): holds no record yet; a report needs at least the one that training begins with"
      )
    }
    var figures = [LearningCurveFigure.make(records)]
    var notes: [String] = []
    if let machine, let chains, chains.rows > 0 {
      let states = states(for: machine, notes: &notes)
      figures.append(
        SamplesFigure.make(
          machine: machine, chains: chains, data: states?.values, update: checkpointUpdate))
      figures.append(
        TwoPointFigure.make(
          kind: machine.visible.kind, chains: chains, data: states?.values,
          weights: states?.weights, seed: description.training.seed))
    } else {
      notes.append(
        "The run has no checkpoint yet, so there are no chains: samples and two-point statistics are not shown."
      )
    }
    let spectrum = machine.flatMap { machine in
      max(machine.weights.rows, machine.weights.columns) <= Report.spectrumLimit
        ? try? MachineSpectrum(of: machine, keeping: 0) : nil
    }
    let start = spectrum.flatMap { _ in
      machine.flatMap { SpectrumAnalysis.start(of: description, records: records, like: $0) }
    }
    if let figure = SingularValuesFigure.make(records, start: start, spectrum: spectrum) {
      figures.append(figure)
    }
    if let figure = DissipationFigure.make(records) { figures.append(figure) }
    return (figures, notes)
  }

  /// Data as states of the machine's units, spread evenly over the set when there are very many.
  private func states(
    for machine: RestrictedBoltzmannMachine, notes: inout [String]
  ) -> (values: StateMatrix, weights: [Double]?)? {
    guard var data else {
      let reason = missingData.map { ": \($0)" } ?? ""
      notes.append(
        "The data can no longer be read\(reason). Samples and two-point statistics show the model alone."
      )
      return nil
    }
    do throws(SzilardError) {
      guard data.unitCount == machine.visible.count, data.count > 0 else {
        throw SzilardError(
          .badData,
          "\(data.name) holds \(data.count) samples of \(data.unitCount) units, the machine has \(machine.visible.count)"
        )
      }
      let count = min(Report.sampleLimit, data.count)
      if count < data.count {
        data = data.selecting((0..<count).map { $0 * data.count / count })
      }
      let weights = data.weights.flatMap { $0.reduce(0, +) > 0 ? $0 : nil }
      return (try data.states(for: machine.visible.kind), weights)
    } catch {
      notes.append(
        "The data no longer fit the machine: \(error.message). Samples and two-point statistics show the model alone."
      )
      return nil
    }
  }

  /// Writes `figures/` and `report.html`.
  ///
  /// A figure that gnuplot cannot draw is a problem told in the result and on the page, not an error.
  ///
  /// - Throws: ``SzilardError`` when the run has no record or the folder cannot be written.
  public func write() throws(SzilardError) -> Outcome {
    let (figures, notes) = try figures()
    var page = try Page(folder: folder.path, gnuplot: gnuplot, notes: notes)
    let drawn = try page.draw(figures)
    let content = ReportPage(report: self, figures: drawn)
    let file = try page.write(
      "report.html", title: description.data, header: content.header, body: content.body)
    return Outcome(report: file, figures: drawn, hasGnuplot: gnuplot != nil, notes: page.notes)
  }
}
