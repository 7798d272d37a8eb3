internal import ArgumentParser
internal import DataSets
internal import Foundation
internal import NumericalCore

/// The command that reads, generates and writes data.
///
/// `szilard data DATA --output FILE`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Read or generate data, say what they are, and write them in another format.",
    discussion: "Generators, with the usual values of their keys:\n\n"
      + Generators.summaries.map { "\($0.specification)\n    \($0.meaning)" }
      .joined(separator: "\n"))

  @Argument(help: "A file or a generator such as ising:size=16.")
  var data: String

  @Option(help: "The file to write: .npy, .npz, .csv, .h5 or .fasta.")
  var output: String?

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed of random binarisation.")
  var seed: UInt64 = 0

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print what the data are as JSON.")
  var json = false

  struct Summary: Encodable {
    let data: String
    let samples: Int
    let units: Int
    let variables: String
    let alphabet: String?
    let dropped: Int
    let effectiveSamples: Double?
    let labels: Int?
    let exactLogLikelihood: Double?
    let exactEntropy: Double?
    let output: String?
  }

  func run() throws {
    let workers = try compute.apply()
    let set = try loadData(data, reading.reading.options(seed: seed, workers: workers))
    if let output { try set.write(to: output) }
    var alphabet: String?
    if case .categorical(let letters) = set.variableKind { alphabet = letters.symbols }
    let summary = Summary(
      data: data, samples: set.count, units: set.unitCount, variables: set.variableKind.fileWord,
      alphabet: alphabet, dropped: set.droppedSamples,
      effectiveSamples: set.weights.map { $0.reduce(0, +) },
      labels: set.labels.map { Set($0).count }, exactLogLikelihood: set.exactLogLikelihood,
      exactEntropy: set.exactEntropy, output: output)
    if json { return try Console.json(summary) }
    Console.output(
      "\(summary.samples) samples of \(summary.units) \(summary.variables) variables"
        + (alphabet.map { " over '\($0)'" } ?? "")
        + (summary.dropped > 0 ? ", \(summary.dropped) dropped" : "")
        + (summary.effectiveSamples.map { ", \(Console.number($0, digits: 1)) effective" } ?? "")
        + (summary.labels.map { ", \($0) labels" } ?? ""))
    if let exact = summary.exactLogLikelihood {
      Console.output(
        "log-likelihood of the true law: \(Console.number(exact, digits: 6)) nats a sample")
    }
    if let entropy = summary.exactEntropy {
      Console.output("entropy of the true law: \(Console.number(entropy, digits: 6)) nats")
    }
    if let output { Console.output("written: \(output)") }
  }
}
