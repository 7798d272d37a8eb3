internal import ArgumentParser
internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import NumericalCore

/// The command that draws samples of a diffusion.
///
/// `szilard diffusion sample RUN --count N --output FILE`
struct DiffusionSampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Draw samples of a diffusion model.",
    discussion: """
      ancestral: the reverse chain, every step. ddim: its deterministic relative on some of the steps \
      (--eta 1 puts the noise back). heun: Karras' second-order steps (--churn adds noise). flow: the \
      probability flow, adaptive. sde: the reverse stochastic equation; with --corrections the \
      predictor-corrector. All but ancestral need a denoiser.
      """)

  enum Method: String, ExpressibleByArgument, CaseIterable {
    case ancestral, ddim, heun, flow, sde
  }

  @Argument(help: "A run folder or model file of szilard diffusion train.")
  var model: String

  @Option(help: "Number of samples.")
  var count: Int

  @Option(help: "Where to write: .npy, .npz, .csv, .h5 or .fasta.")
  var output: String

  @Option(
    help: "ancestral, ddim, heun, flow or sde (default: heun for a denoiser, else ancestral).")
  var method: Method?

  @Option(help: "Steps of ddim (default: 100), heun (25 levels) or sde (500).")
  var steps: Int?

  @Option(help: "ddim: 0 is deterministic, 1 as noisy as the chain (default: 0).")
  var eta: Double?

  @Option(help: "heun: S_churn of Karras et al. (default: 0).")
  var churn: Double?

  @Option(
    help: "heun: the smallest ratio of noise to signal, where the mean is taken (default: 0.002).")
  var smallestRatio: Double?

  @Option(help: "sde: Langevin corrections a step (default: 0).")
  var corrections: Int?

  @Option(help: "flow: the error allowed in a step (default: 0.0001).")
  var tolerance: Double?

  @Option(
    help:
      "ancestral: width of a denoiser's steps, posterior, forward or learned (default: what it has)."
  )
  var variance: DenoisingKernel.Variance?

  @Option(help: "The seed (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print a summary as JSON.")
  var json = false

  struct Summary: Encodable {
    let output: String
    let count: Int
    let method: String
    let evaluations: Int
    let seconds: Double
    let seed: UInt64
  }

  func validate() throws {
    guard count >= 1, count <= 100_000_000 else {
      throw ValidationError("--count \(count): give from 1 to 100000000")
    }
    if let steps, steps < 1 || steps > 1_000_000 {
      throw ValidationError("--steps \(steps): give from 1 to 1000000")
    }
    if let eta, !(0...1).contains(eta) { throw ValidationError("--eta \(eta): give from 0 to 1") }
    if let churn, !(churn >= 0 && churn.isFinite) {
      throw ValidationError("--churn \(churn): give a number, 0 or more")
    }
    if let smallestRatio, !(smallestRatio > 0 && smallestRatio < 80) {
      throw ValidationError("--smallest-ratio \(smallestRatio): give a number above 0 and below 80")
    }
    if let corrections, corrections < 0 || corrections > 1000 {
      throw ValidationError("--corrections \(corrections): give from 0 to 1000")
    }
    if let tolerance, !(tolerance > 0 && tolerance < 1) {
      throw ValidationError("--tolerance \(tolerance): give a number above 0 and below 1")
    }
    if variance == .optimal {
      throw ValidationError("--variance optimal: is known for analytic models only")
    }
    if let method { try checkOptions(of: method) }
  }

  /// Refuses options of other methods.
  private func checkOptions(of method: Method) throws {
    try SzilardCommands.checkOptions(
      of: method,
      [
        ("--eta", eta != nil, [.ddim]), ("--churn", churn != nil, [.heun]),
        ("--smallest-ratio", smallestRatio != nil, [.heun]),
        ("--corrections", corrections != nil, [.sde]), ("--tolerance", tolerance != nil, [.flow]),
        ("--variance", variance != nil, [.ancestral]),
        ("--steps", steps != nil, [.ddim, .heun, .sde]),
      ])
  }

  func run() throws {
    let workers = try compute.apply()
    LinearAlgebra.useOneThread()
    let loaded = try LoadedDiffusion(model, workers: workers)
    let chosenSeed = resolvedSeed(seed)
    let started = Date()
    let (set, name, evaluations) =
      loaded.model.description.kind == .categorical
      ? try categorical(loaded, seed: chosenSeed, workers: workers)
      : try continuous(loaded, seed: chosenSeed, workers: workers)
    let seconds = Date().timeIntervalSince(started)
    try set.write(to: output)
    if json {
      return try Console.json(
        Summary(
          output: output, count: count, method: name, evaluations: evaluations, seconds: seconds,
          seed: chosenSeed))
    }
    Console.message("seed \(chosenSeed)")
    Console.output(
      "\(count) samples, \(name), \(evaluations) evaluations of the network each, "
        + "\(Console.duration(seconds)): \(output)")
  }

  private func continuous(
    _ loaded: LoadedDiffusion, seed: UInt64, workers: Workers
  ) throws -> (DataSet, String, Int) {
    let isDenoiser = loaded.model.description.kind == .denoiser
    let method = self.method ?? (isDenoiser ? .heun : .ancestral)
    try checkOptions(of: method)
    let sampler: any Sampler
    switch method {
    case .ancestral:
      sampler = AncestralSampler(
        try loaded.model.reverseKernel(variance: variance),
        lastStep: isDenoiser ? .model : .forward, isLastStepNoiseless: isDenoiser)
    case .ddim:
      let schedule = try loaded.model.description.schedule.schedule()
      if let steps, steps > schedule.steps {
        throw SzilardError(.usage, "--steps \(steps): the chain has \(schedule.steps)")
      }
      sampler = try ImplicitSampler(
        try loaded.model.denoiser(), schedule: schedule,
        steps: min(schedule.steps, steps ?? 100), stochasticity: eta ?? 0)
    case .heun:
      if steps == 1 { throw SzilardError(.usage, "--steps 1: heun needs two levels at least") }
      sampler = try HeunSampler(
        try loaded.model.denoiser(), levels: steps ?? 25, smallest: smallestRatio ?? 0.002,
        churn: churn.map { HeunSampler.Churn(amount: $0) })
    case .flow:
      sampler = try ProbabilityFlow(
        try loaded.model.denoiser(), path: .cosine(offset: 0.008),
        method: .adaptive(tolerance: tolerance ?? 1e-4), from: 1e-3, to: 0.999)
    case .sde:
      sampler = try ReverseDiffusion(
        try loaded.model.denoiser(), path: .variancePreserving(first: 0.1, last: 20),
        steps: steps ?? 500, corrections: corrections ?? 0)
    }
    let line = ProgressLine()
    defer { line.finish() }
    let result = try sampler.samples(count, seed: seed, workers: workers) { fraction in
      line.show("sampling \(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %")
    }
    return (
      try loaded.dataSet(result.samples, name: output), method.rawValue, result.evaluations
    )
  }

  private func categorical(
    _ loaded: LoadedDiffusion, seed: UInt64, workers: Workers
  ) throws -> (DataSet, String, Int) {
    guard method == nil || method == .ancestral else {
      throw SzilardError(.usage, "--method: a model of discrete data has the ancestral sampler")
    }
    try checkOptions(of: .ancestral)
    guard variance == nil else {
      throw SzilardError(.usage, "--variance: a model of discrete data has no widths")
    }
    let kernel = try loaded.model.categoricalKernel()
    let sampler = try CategoricalAncestralSampler(
      kernel, diffusion: kernel.diffusion, lastStep: loaded.model.description.lastStep,
      workers: workers)
    let line = ProgressLine()
    defer { line.finish() }
    let samples = try sampler.samples(count, seed: seed) { fraction in
      line.show("sampling \(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %")
    }
    return (
      try loaded.dataSet(samples, name: output), "ancestral",
      loaded.model.description.schedule.steps
    )
  }
}
