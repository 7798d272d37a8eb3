internal import ArgumentParser
internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import SpectralTheory

/// The command that looks at the couplings of a machine.
///
/// `szilard spectrum RUN|MODEL --data DATA`
struct SpectrumCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spectrum",
    abstract: "Modes of the couplings: noise, outliers, kurtosis, data seen along them.",
    discussion: """
      Decomposes the weights into modes and tells those that stand out of the noise. For a run also how \
      the modes grew and turned from checkpoint to checkpoint, against the theory's rates. Figures and \
      spectrum.html go to --output, by default the folder spectrum of a run.
      """)

  @Argument(help: "A run folder, .safetensors, .npz or .h5.")
  var model: String

  @Option(help: "The data (default: the training data of a run).")
  var data: String?

  @Option(help: "Samples of the machine (default: the chains of a run).")
  var samples: String?

  @Option(help: "Leading modes that are looked at.")
  var modes = 16

  @Option(help: "The folder for figures and spectrum.html.")
  var output: String?

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the spectrum as JSON.")
  var json = false

  func validate() throws {
    guard modes >= 1, modes <= 100_000 else {
      throw ValidationError("--modes \(modes): give 1 to 100000")
    }
    if data == nil, samples == nil, reading.reading != RunDescription.Reading() {
      throw ValidationError("options on how data are read go with --data or --samples")
    }
  }

  func run() throws {
    let workers = try compute.apply()
    // So that numbers do not depend on the threads.
    LinearAlgebra.useOneThread()
    let machine = try ModelFile.load(model)
    let folder = try? RunFolder(existing: model)
    var analysis = SpectrumAnalysis()
    analysis.modes = modes
    analysis.workers = workers
    let states = try trainingSamples(for: machine, run: folder, workers: workers)
    let own = try samples.map {
      try read($0, option: "--samples", for: machine, workers: workers).states
    }
    let line = UncheckedSendable(ProgressLine())
    let result: SpectrumAnalysis.Result
    if let folder {
      result = try analysis.run(folder, data: states, samples: own) { fraction in
        line.value.show("\(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %  checkpoints")
      }
    } else {
      result = try analysis.run(machine, data: states, samples: own)
    }
    line.value.finish()
    var written: String?
    if let target = output ?? folder.map({ $0.path + "/spectrum" }) {
      let page = try SpectrumPage(model: model, result: result).write(to: target)
      for note in page.notes { Console.message(note) }
      written = page.page
    }
    if json {
      try Console.json(SpectrumOutput(model: model, result: result, page: written))
    } else {
      Console.output(SpectrumCommand.table(result))
      if let written { Console.output("page: \(written)") }
    }
  }

  private func read(
    _ path: String, option: String, for machine: RestrictedBoltzmannMachine, workers: Workers
  ) throws -> SpectrumAnalysis.Samples {
    let samples = try loadStates(
      path, reading.reading, for: machine, option: option, seed: 0, workers: workers)
    guard samples.set.count > 1 else {
      throw SzilardError(.badData, "\(option) \(path): holds one sample; give two or more")
    }
    return SpectrumAnalysis.Samples(states: samples.states, weights: samples.weights)
  }

  /// The data asked for, or those that a run was trained on where they can still be read.
  private func trainingSamples(
    for machine: RestrictedBoltzmannMachine, run folder: RunFolder?, workers: Workers
  ) throws -> SpectrumAnalysis.Samples? {
    if let data { return try read(data, option: "--data", for: machine, workers: workers) }
    guard let folder, let description = try? folder.description(as: RunDescription.self) else {
      Console.message("no --data: no principal components, and no data along the modes")
      return nil
    }
    do {
      let used = try trainingData(of: description, workers: workers)
      return SpectrumAnalysis.Samples(
        states: try used.states(for: machine.visible.kind), weights: used.weights)
    } catch {
      Console.message(
        "the training data can no longer be read (\(error.message)): no principal components, no rates"
      )
      return nil
    }
  }

  /// A table for a person.
  static func table(_ result: SpectrumAnalysis.Result) -> String {
    let spectrum = result.spectrum
    let bulk = spectrum.bulk
    func short(_ value: Double) -> String { String(format: "%.4g", value) }
    func number(_ value: Double?) -> String {
      let text = value.map(short) ?? "-"
      return String(repeating: " ", count: max(0, 10 - text.count)) + text
    }
    var lines = [
      "\(spectrum.values.count) singular values, \(bulk.outliers) above the noise (above \(short(bulk.threshold)))",
      "standard deviation of a noise entry \(bulk.entryDeviation)",
      "noise from \(short(bulk.edges.lowerBound)) to \(short(bulk.edges.upperBound)); distance of the rest from its law \(short(bulk.distance)), noise has at most \(short(bulk.distanceBound))",
      "gain of fields around independent units \(short(result.gain)) (ordered above 1)",
      "w is that of W as stored; times \(spectrum.spinFactor) that of +-1 units",
      "mode         w  no noise kurtosis u kurtosis v  variance: data   samples",
    ]
    for mode in 0..<spectrum.modes.count {
      lines.append(
        String(format: "%4d", mode + 1) + number(spectrum.values[mode])
          + number(spectrum.plantedValue(ofMode: mode))
          + " " + number(spectrum.visible.kurtosis[mode]) + " "
          + number(spectrum.hidden.kurtosis[mode])
          + "      " + number(result.dataVariances?[mode]) + number(result.sampleVariances?[mode]))
    }
    for motion in result.training?.motions ?? [] {
      let followed = motion.measured.isFollowed.count { $0 }
      let agreement = TrainingSpectrum.Rates.allCases.map {
        "\($0.rawValue) \(motion.agreement(of: $0).map { Console.number($0, digits: 2) } ?? "-")"
      }.joined(separator: ", ")
      lines.append(
        "updates \(motion.from) to \(motion.to): \(followed) of \(motion.measured.overlaps.count) modes followed; correlation of rates with the theory: \(agreement)"
      )
    }
    return lines.joined(separator: "\n")
  }
}
