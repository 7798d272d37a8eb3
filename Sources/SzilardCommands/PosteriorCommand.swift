internal import ArgumentParser
internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

/// The command that samples the posterior of a regression, and says how far it can be trusted.
///
/// `szilard posterior DATA --model linear --sampler sgworld`
struct PosteriorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posterior",
    abstract: "Sample the posterior of a regression, with the bias of the sampler.",
    discussion: """
      DATA is a table with one sample a row. The step size is chosen by the bias that theory predicts from \
      the curvature and the gradient noise at the mode; what R-hat and effective sample sizes do not see, \
      the kernel Stein discrepancy and the virial temperature test. Exit code 2 where a check fails.
      """)

  enum Model: String, ExpressibleByArgument, CaseIterable { case linear, logistic, network }

  @Argument(help: "The table: .csv, .npy, .npz, .h5, or a generator.")
  var data: String

  @Option(help: "linear, logistic or network.")
  var model = Model.linear

  @Option(
    help: "The column of the target, from 1, or from the end as -1 (default: labels, or the last).")
  var target: Int?

  @Option(help: "A file of labels, one whole number a sample.")
  var labels: String?

  @Option(
    help: "sgld, sgld-cv, psgld, sghmc, sgnht, baoab, cyclical, hmc, ula or sgworld.")
  var sampler = "sgworld"

  @Option(help: "The step size, or 'auto': the largest whose predicted bias is small.")
  var stepSize = "auto"

  @Option(help: "Tolerance of the relative error of a variance; twice it for means, in deviations.")
  var biasTolerance = 0.05

  @Option(help: "Samples in a minibatch.")
  var batchSize = 100

  @Option(
    help:
      "Batches of successive steps: with or without replacement (default: with, but for sgworld).")
  var replacement: String?

  @Option(help: "Noise at each 'step', once an 'epoch', or 'lm' (Leimkuhler and Matthews).")
  var noise = "step"

  @Option(help: "Samples after each 'step' or at the ends of epochs, 'epoch'.")
  var recording: String?

  @Flag(help: "Correct the drift for the first-order bias of epochs (sgworld, sgld).")
  var debiased = false

  @Option(help: "Temperature; 1 is the posterior.")
  var temperature = 1.0

  @Option(help: "Part of the velocity lost in a step (sghmc, sgnht, baoab).")
  var friction = 0.1

  @Option(
    help: "Steps of a cycle of cyclical SGLD (default: twenty relaxation times, at least 1000).")
  var cycleLength: Int?

  @Option(help: "Chains.")
  var chains = 4

  @Option(help: "Samples kept of each chain.")
  var samples = 2000

  @Option(help: "Moves before the first sample (default: five relaxation times).")
  var warmUp: Int?

  @Option(help: "Moves from one sample to the next (default: half a relaxation time).")
  var thin: Int?

  @Option(help: "Precision of the Gaussian prior of each parameter.")
  var priorPrecision = 1.0

  @Option(help: "Deviation of the noise of linear regression (default: that of the residuals).")
  var noiseDeviation: Double?

  @Option(help: "Hidden units of the network, layers between commas.")
  var hidden = "8"

  @Flag(help: "Leave the columns as they are.")
  var noStandardise = false

  @Flag(inversion: .prefixedNo, help: "A column of ones (linear and logistic).")
  var intercept = true

  @Option(help: "Part of the rows held out for predictions.")
  var testFraction = 0.0

  @Option(help: "Write the samples to an .npy file, [chain, sample, parameter].")
  var output: String?

  @Option(help: "The folder for figures and posterior.html.")
  var figures: String?

  @Option(help: "The array to read from an .npz or .h5 file.")
  var key: String?

  @Option(help: "Read at most so many rows.")
  var limit: Int?

  @Option(help: "Seed of all random numbers (default: drawn and told).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print as JSON.")
  var json = false

  func validate() throws {
    if chains < 1 || chains > 10_000 {
      throw ValidationError("--chains \(chains): give 1 to 10000")
    }
    if samples < 8 { throw ValidationError("--samples \(samples): give at least 8") }
    if let thin, thin < 1 { throw ValidationError("--thin \(thin): give at least 1") }
    if let warmUp, warmUp < 0 { throw ValidationError("--warm-up \(warmUp): give at least 0") }
    if batchSize < 1 { throw ValidationError("--batch-size \(batchSize): give at least 1") }
    if !(priorPrecision > 0) {
      throw ValidationError("--prior-precision \(priorPrecision): give a positive number")
    }
    if !(biasTolerance > 0 && biasTolerance < 1) {
      throw ValidationError("--bias-tolerance \(biasTolerance): give a number in (0, 1)")
    }
    if let output, !output.hasSuffix(".npy") || output == data {
      throw ValidationError(
        "--output \(output): give a name that ends in .npy, not that of the table")
    }
    if labels != nil, target != nil {
      throw ValidationError("--labels and --target: give one of them, the target")
    }
    if !(testFraction >= 0 && testFraction < 1) {
      throw ValidationError("--test-fraction \(testFraction): give a number in [0, 1)")
    }
  }

  func run() throws {
    let workers = try compute.apply()
    LinearAlgebra.useOneThread()
    let seed = resolvedSeed(seed)
    if self.seed == nil { Console.message("seed \(seed)") }
    var settings = try self.settings()
    if let figures { try OutputFolder.prepare(figures) }
    let regression = try readTable(seed: seed, workers: workers)
    guard batchSize <= regression.inputs.rows || settings.sampler.usesFullGradients else {
      throw SzilardError(
        .usage,
        "--batch-size \(batchSize): there are \(regression.inputs.rows) samples to learn from")
    }
    let built = try build(regression, seed: seed)
    let mode = try Minimum.find(
      of: built.model,
      from: built.start ?? [Double](repeating: 0, count: built.model.parameterCount),
      workers: workers)
    if let problem = mode.problem { Console.message("the mode of the posterior: \(problem)") }
    let laplace = LaplaceApproximation(at: mode)
    let noise = MinibatchScatter(of: built.model, at: laplace, workers: workers, seed: seed)
    if stepSize == "auto" {
      var selection = StepSizeSelection()
      selection.tolerance = biasTolerance
      settings.stepSize = try selection.select(for: settings, laplace: laplace, noise: noise)
    }
    try settings.check()
    var sampling = PosteriorSampling(settings)
    let relaxation = PosteriorSampling.relaxation(
      of: settings, laplace: laplace, noise: noise, sampleCount: built.model.sampleCount)
    if settings.sampler == .cyclical {
      sampling.settings.cycleLength =
        cycleLength ?? Int(Swift.min(1e6, Swift.max(1000, 20 * relaxation)))
    }
    sampling.chains = chains
    sampling.samples = samples
    sampling.warmUp = warmUp ?? Int(Swift.min(1e6, Swift.max(100, 5 * relaxation)))
    sampling.thinning = thin ?? Int(Swift.min(1e5, Swift.max(1, (relaxation / 2).rounded())))
    sampling.seed = seed
    sampling.workers = workers
    let line = ProgressLine()
    let found = try sampling.run(built.model, laplace: laplace) { fraction in
      line.show("\(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %  sampling")
    }
    line.finish()
    if let divergence = found.divergences.first, found.length < 8 {
      try tell(divergence, found, stable: laplace.largestCurvature)
      throw unresolvedExitCode
    }
    let diagnostics = try PosteriorDiagnostics(
      of: found, model: built.model, laplace: laplace, noise: noise, thinning: sampling.thinning,
      tolerance: biasTolerance, seed: seed, workers: workers)
    var result = PosteriorResult(
      data: data, model: model.rawValue, names: built.names, laplace: laplace, noise: noise,
      sampling: sampling, samples: found, diagnostics: diagnostics)
    if let linear = built.model as? LinearModel {
      if case .gaussian = linear.response, settings.temperature == 1 {
        result.exact = try GaussianPosterior(of: linear)
      }
      result.original = regression.inOriginalUnits
    }
    if !regression.heldOutTargets.isEmpty {
      result.prediction = PosteriorPrediction(
        of: regression.heldOutTargets, response: built.response, samples: found,
        mode: laplace.mode, predictor: built.predictor)
    }
    if let output {
      try NPYFile.write(
        StoredArray(
          found.chains.flatMap(\.elements), shape: [chains, found.length, found.parameterCount]),
        to: output)
    }
    var page: String?
    if let figures {
      let written = try PosteriorPage(result).write(to: figures)
      for note in written.notes { Console.message(note) }
      page = written.page
    }
    if json {
      try Console.json(PosteriorOutput(result, seed: seed, output: output, page: page))
    } else {
      Console.output(PosteriorOutput.table(result))
      if let output { Console.output("samples: \(output)") }
      if let page { Console.output("page: \(page)") }
    }
    if diagnostics.verdict != .pass { throw unresolvedExitCode }
  }

  /// The verdict on chains that diverged before there was a sample to look at.
  private func tell(
    _ divergence: PosteriorSamples.Divergence, _ samples: PosteriorSamples, stable: Double
  ) throws {
    let states = samples.states.map(\.position)
    if let output {
      try NPYFile.write(
        StoredArray(states.flatMap { $0 }, shape: [states.count, samples.parameterCount]),
        to: output)
    }
    if json {
      try Console.json(
        PosteriorDivergenceOutput(
          chain: divergence.chain + 1, step: divergence.step,
          stepSize: samples.settings.stepSize, stableStepSize: 2 / stable, lastGood: states,
          output: output))
    } else {
      Console.output(
        "fail: chain \(divergence.chain + 1) left all bounds at step \(divergence.step); a step size above \(Console.number(2 / stable)) is never stable, take a hundredth of it or auto"
      )
      if let output { Console.output("last good states: \(output)") }
    }
  }

  private func settings() throws(SzilardError) -> SamplerSettings {
    guard let sampler = PosteriorSampler(rawValue: sampler) else {
      let all = PosteriorSampler.allCases.map(\.rawValue).joined(separator: ", ")
      throw SzilardError(.usage, "--sampler \(self.sampler): give one of \(all)")
    }
    var settings = SamplerSettings(sampler, stepSize: 1, batchSize: batchSize)
    if stepSize != "auto" {
      guard let step = Double(stepSize), step > 0, step.isFinite else {
        throw SzilardError(.usage, "--step-size \(stepSize): give a positive number or 'auto'")
      }
      settings.stepSize = step
    }
    guard let noise = LangevinNoise(rawValue: noise) else {
      throw SzilardError(.usage, "--noise \(self.noise): give step, epoch or lm")
    }
    settings.noise = noise
    if let replacement {
      guard let policy = MinibatchPolicy(rawValue: replacement) else {
        throw SzilardError(.usage, "--replacement \(replacement): give with or without")
      }
      settings.policy = policy
    }
    if let recording {
      guard let value = SamplerSettings.Recording(rawValue: recording) else {
        throw SzilardError(.usage, "--recording \(recording): give step or epoch")
      }
      settings.recording = value
    }
    settings.isDebiased = debiased
    settings.temperature = temperature
    settings.friction = friction
    if let cycleLength { settings.cycleLength = cycleLength }
    try settings.check()
    return settings
  }

  private func readTable(seed: UInt64, workers: Workers) throws(SzilardError) -> RegressionData {
    var options = DataOptions()
    options.workers = workers
    options.key = key
    options.limit = limit
    options.labelsPath = labels
    if FileManager.default.fileExists(atPath: data) { options.variableKind = .continuous }
    let set = try DataSet.load(data, options: options)
    for note in set.notes { Console.message("\(data): \(note)") }
    let table = try RegressionData(
      SupervisedTable(set, target: target), isStandardised: !noStandardise,
      hasIntercept: intercept && model != .network, heldOut: testFraction, seed: seed)
    if table.constantColumns > 0 {
      Console.message("\(table.constantColumns) inputs that do not vary were left out")
    }
    return table
  }

  /// A model with what is needed besides its gradients.
  private struct Built {
    var model: any FiniteSum
    var response: Response
    var start: [Double]?
    var names: [String]
    var predictor: ([Double]) -> [Double]
  }

  private func build(_ table: RegressionData, seed: UInt64) throws(SzilardError) -> Built {
    let isBinary = table.targets.allSatisfy { $0 == 0 || $0 == 1 }
    guard Set(table.targets).count > 1 else {
      throw SzilardError(.badData, "\(data): the target does not vary")
    }
    if labels != nil, !isBinary {
      throw SzilardError(
        .badData,
        "\(data): labels of more than two classes; posterior takes 0 and 1, or a column of numbers with --target"
      )
    }
    let response: Response
    if model == .logistic || model == .network && isBinary {
      response = .bernoulli
    } else if let noiseDeviation {
      response = .gaussian(deviation: noiseDeviation)
    } else {
      let deviation = try table.residualDeviation()
      Console.message(
        "the deviation of the noise is taken from the residuals of least squares: \(String(format: "%.4g", deviation))"
      )
      response = .gaussian(deviation: deviation)
    }
    let heldOut = table.heldOutInputs
    guard model == .network else {
      let linear = try LinearModel(
        inputs: table.inputs, targets: table.targets, response: response,
        priorPrecision: priorPrecision)
      return Built(
        model: linear, response: response, start: nil, names: table.names,
        predictor: { theta in
          (0..<heldOut.rows).map { row in
            zip(heldOut.row(row), theta).reduce(0) { $0 + Double($1.0) * $1.1 }
          }
        })
    }
    let sizes = hidden.split(separator: ",").map { Int($0) ?? 0 }
    guard !sizes.isEmpty, sizes.allSatisfy({ $0 > 0 && $0 <= 1000 }) else {
      throw SzilardError(.usage, "--hidden \(hidden): give numbers of units such as 8 or 16,8")
    }
    let network = DenseNetwork(layerSizes: [table.inputs.columns] + sizes + [1])
    let net = try NetworkModel(
      network: network, inputs: table.inputs,
      targets: Matrix(rows: table.targets.count, columns: 1, elements: table.targets),
      response: response, priorPrecision: priorPrecision)
    return Built(
      model: net, response: response, start: network.initialParameters(seed: seed),
      names: (1...network.parameterCount).map { "weight \($0)" },
      predictor: { network.outputs(of: heldOut, parameters: $0).elements })
  }
}
