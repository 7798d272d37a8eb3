internal import ArgumentParser
internal import BoltzmannMachines
internal import Foundation
internal import NumericalCore

/// The command that converts a model.
///
/// `szilard convert MODEL FILE`
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a model in another format: .safetensors, .npz or .h5 (as rbms reads it).")

  @Argument(help: "A run folder, .safetensors, .npz or .h5.")
  var model: String

  @Argument(help: "The file to write.")
  var file: String

  @Option(
    help: "Rewrite two-valued units as 'bernoulli' (0/1) or 'spin' (+1/-1); the law stays the same."
  )
  var units: String?

  @Flag(help: "Bring Potts units into the zero-sum gauge.")
  var zeroSum = false

  @Flag(help: "Replace the file when it exists.")
  var overwrite = false

  func run() throws {
    var machine = try ModelFile.load(model)
    if FileManager.default.fileExists(atPath: file), !overwrite {
      throw SzilardError(.cannotOpen, "\(file): exists already; give --overwrite to replace it")
    }
    var offset = 0.0
    switch units {
    case nil: break
    case "bernoulli":
      let converted = machine.convertedToBernoulli()
      machine = converted.machine
      offset += converted.offset
    case "spin":
      let converted = machine.convertedToSpin()
      machine = converted.machine
      offset += converted.offset
    case let other?:
      throw SzilardError(.usage, "--units \(other): give bernoulli or spin")
    }
    if zeroSum {
      let gauged = machine.inZeroSumGauge()
      machine = gauged.machine
      offset += gauged.offset
    }
    try ModelFile.save(machine, to: file)
    if offset != 0 {
      Console.message("ln Z of the model = ln Z of \(file) + \(Console.number(offset, digits: 6))")
    }
  }
}
