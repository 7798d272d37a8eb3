import BoltzmannMachines
import DataSets
import Foundation
import NumericalCore

@testable import Reporting

/// A made-up run of a machine of 2 × 2 two-valued units, every number of which is known.
struct SmallRun {
  let folder: RunFolder
  var description: RunDescription
  var machine: RestrictedBoltzmannMachine
  var chains: StateMatrix
  var data: DataSet

  /// A run in a new folder.
  init(in parent: URL, records: [String] = SmallRun.records) throws {
    folder = try RunFolder(parent.appendingPathComponent("run").path, mode: .new)
    try folder.create()
    var options = TrainingOptions()
    options.updates = 20
    options.seed = 7
    description = RunDescription(
      version: "1.2.3", data: "bars-and-stripes:size=2", test: nil, heldOut: 0.1,
      reading: RunDescription.Reading(),
      model: RunDescription.Model(
        visibleUnits: "bernoulli", hiddenUnits: "bernoulli", visible: 4, hidden: 2),
      training: RunDescription.Training(options), evaluateEvery: 10, checkpointEvery: 10,
      temperatures: 1000,
      machine: RunDescription.Machine(
        host: "laboratory", instructionSet: "baseline", blas: "some BLAS", threads: 3))
    description.status = "finished"
    description.cost.seconds = 12.5
    machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .bernoulli, count: 4), hidden: Layer(kind: .bernoulli, count: 2))
    machine.weights[0, 0] = 3
    machine.weights[1, 1] = 2
    machine.shape = [2, 2]
    chains = .bits(SmallRun.bits(["1100", "0011", "1111", "0000"]))
    data = DataSet(
      values: .bits(SmallRun.bits(["1100", "0011", "1010", "1111"])), variableKind: .binary,
      name: "small")
    try folder.writeDescription(description)
    try Data(records.map { $0 + "\n" }.joined().utf8)
      .write(to: URL(fileURLWithPath: folder.metricsFile))
  }

  /// The report of the run, drawn with the given gnuplot.
  func report(gnuplot: Gnuplot? = nil, isStarted: Bool = true) -> Report {
    var report = Report(
      folder: folder, description: description, records: folder.metrics(as: TrainingRecord.self),
      machine: isStarted ? machine : nil, chains: isStarted ? chains : nil,
      data: isStarted ? data : nil)
    report.checkpointUpdate = isStarted ? 20 : nil
    report.gnuplot = gnuplot
    return report
  }

  static func bits(_ rows: [String]) -> BitMatrix {
    var bits = BitMatrix(rows: rows.count, columns: rows.first?.count ?? 0)
    for (row, text) in rows.enumerated() {
      for (column, letter) in text.enumerated() { bits[row, column] = letter == "1" }
    }
    return bits
  }

  static let records = [
    record(update: 0, train: -2.75, test: -2.5, exact: -1.75, singularValues: [0.5, 0.25]),
    record(
      update: 10, train: -2.25, test: -2.375, exact: -1.75, singularValues: [1.5, 0.75],
      unresolved: "no overlap"),
    record(update: 20, train: -2, test: -2.125, exact: -1.75, singularValues: [3, 2]),
  ]

  /// A line of metrics.jsonl; intervals are 0.125 to each side.
  static func record(
    update: Int, train: Double, test: Double, exact: Double?, singularValues: [Double],
    unresolved: String? = nil
  ) -> String {
    let verdict =
      unresolved.map { "\"verdict\":\"unresolved\",\"reason\":\"\($0)\"" }
      ?? "\"verdict\":\"resolved\""
    func likelihood(_ name: String, _ value: Double) -> String {
      let truth = exact.map { ",\"exactLogLikelihood\":\($0)" } ?? ""
      return "{\"data\":\"\(name)\",\"samples\":40,\"value\":\(value),"
        + "\"interval\":[\(value - 0.125),\(value + 0.125)],\"samplingError\":0.0625,\(verdict)\(truth)}"
    }
    return "{\"update\":\(update),\"epoch\":1.5,\"seconds\":2.5,\"learningRate\":0.05,"
      + "\"logPartitionFunction\":{\"value\":4.5,\"interval\":[4.375,4.625],\"confidence\":0.95,"
      + "\"method\":\"annealing\",\"effectiveSampleSize\":90,\(verdict)},"
      + "\"logLikelihood\":[\(likelihood("train", train)),\(likelihood("test", test))],"
      + "\"singularValues\":\(singularValues)}"
  }

  /// The lines of a block of a data file, without comments.
  static func block(_ name: String, of data: String) -> [[Double]] {
    let blocks = data.split(separator: "\n\n\n").filter { $0.hasPrefix("# \(name)\n") }
    return blocks.flatMap { $0.split(separator: "\n") }.filter { !$0.hasPrefix("#") }.map { line in
      line.split(separator: " ").map { Double($0) ?? .nan }
    }
  }
}
