internal import ArgumentParser
internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import StochasticThermodynamics

/// The command that measures the likelihood of data under a diffusion.
///
/// `szilard diffusion evaluate RUN --method bound|ode|jarzynski|parzen`
struct DiffusionEvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure the likelihood of held-out data, with an interval.",
    discussion: """
      bound: the variational bound K of the chain, term by term. jarzynski: the same paths averaged as \
      exp(-work), which closes the gap as paths grow. ode: the exact density of the probability flow (a \
      denoiser). parzen: Gaussians about samples, for old tables. Numbers are nats of scaled data, bits a \
      sample, and for quantised data bits a dimension of the integers (with uniform dequantisation). \
      Exit code 2: unresolved.
      """)

  enum Method: String, ExpressibleByArgument, CaseIterable { case bound, ode, jarzynski, parzen }

  @Argument(help: "A run folder or model file of szilard diffusion train.")
  var model: String

  @Option(help: "The data (default: those that the run held out).")
  var data: String?

  @Option(help: "bound, ode, jarzynski or parzen (default: bound).")
  var method: Method = .bound

  @Option(help: "Samples of the data that are evaluated (default: 1000; parzen: all).")
  var samples: Int?

  @Option(help: "bound: steps drawn for each sample (default: all).")
  var draws: Int?

  @Option(help: "jarzynski: paths a sample (default: 128).")
  var paths: Int?

  @Option(
    help: "ode: random probes of the divergence (default: exact to 50 dimensions, else 4).")
  var probes: Int?

  @Option(help: "ode: the error allowed in a step (default: 0.00001).")
  var tolerance: Double?

  @Option(
    help: """
      The last step: forward (the edge rule, default for a reverse kernel) or model (default for a \
      denoiser).
      """)
  var lastStep: LastStep?

  @Option(
    help: "Width of a denoiser's steps: posterior, forward or learned (default: what it has).")
  var variance: DenoisingKernel.Variance?

  @Option(help: "bound, jarzynski: steps of a denoiser's chain (default: those of the run).")
  var steps: Int?

  @Option(help: "parzen: generated samples (a file); default: 10000 drawn with 25 levels.")
  var generated: String?

  @Option(help: "parzen: data by which the width is chosen (default: 1000 of the training data).")
  var validation: String?

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    for (name, value) in [
      ("--samples", samples), ("--draws", draws), ("--paths", paths), ("--probes", probes),
    ] {
      if let value, value < 1 || value > 100_000_000 {
        throw ValidationError("\(name) \(value): give a whole number from 1 on")
      }
    }
    if paths == 1 { throw ValidationError("--paths 1: an average needs two paths at least") }
    if let steps, steps < 2 || steps > 1_000_000 {
      throw ValidationError("--steps \(steps): give from 2 to 1000000")
    }
    if let tolerance, !(tolerance > 0 && tolerance < 1) {
      throw ValidationError("--tolerance \(tolerance): give a number above 0 and below 1")
    }
    if variance == .optimal {
      throw ValidationError("--variance optimal: is known for analytic models only")
    }
    try checkOptions(
      of: method,
      [
        ("--draws", draws != nil, [.bound]), ("--paths", paths != nil, [.jarzynski]),
        ("--probes", probes != nil, [.ode]), ("--tolerance", tolerance != nil, [.ode]),
        ("--last-step", lastStep != nil, [.bound, .jarzynski]),
        ("--variance", variance != nil, [.bound, .jarzynski]),
        ("--steps", steps != nil, [.bound, .jarzynski]),
        ("--generated", generated != nil, [.parzen]),
        ("--validation", validation != nil, [.parzen]),
      ])
  }

  func run() throws {
    let workers = try compute.apply()
    LinearAlgebra.useOneThread()
    let loaded = try LoadedDiffusion(model, workers: workers)
    let chosenSeed = resolvedSeed(seed)
    if !json { Console.message("seed \(chosenSeed)") }
    let set = try loaded.data(
      data, reading: reading.reading, limit: samples ?? (method == .parzen ? nil : 1000),
      seed: chosenSeed, workers: workers)
    let measurement = DiffusionMeasurement(
      loaded: loaded, set: set, seed: chosenSeed, workers: workers)
    var result: DiffusionLikelihood
    let line = ProgressLine()
    let progress: @Sendable (Double) -> Void = { fraction in
      line.show("evaluating \(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %")
    }
    switch method {
    case .bound:
      result = try measurement.bound(
        draws: draws, lastStep: lastStep, variance: variance, steps: steps,
        progress: progress)
    case .jarzynski:
      result = try measurement.jarzynski(
        paths: paths ?? 128, lastStep: lastStep, variance: variance, steps: steps,
        progress: progress)
    case .ode:
      result = try measurement.flow(
        probes: probes, tolerance: tolerance ?? 1e-5, progress: progress)
    case .parzen:
      result = try measurement.parzen(
        generated: generated, validation: validation, reading: reading.reading,
        progress: progress)
    }
    line.finish()
    result.seed = chosenSeed
    if json { try Console.json(result) } else { Console.output(result.text) }
    if !result.logLikelihood.isResolved { throw unresolvedExitCode }
  }
}
