internal import ArgumentParser
internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

/// The command that looks at stochastic gradient descent as a process out of equilibrium.
///
/// `szilard sgd DATA|regression|digits`
struct SGDCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sgd",
    abstract: "Stochastic gradient descent as a process: noise, currents, entropy production.",
    discussion: """
      Finds a minimum of the loss of a network, predicts the stationary state of descent about it from \
      gradients and Hessian (drift, diffusion, covariance, current, entropy production), runs the descent, and \
      tests the integral and the detailed fluctuation theorem over windows of steps. DATA is a table whose \
      last column is the target (or a file with --labels); 'regression' is the example of Adhikari et al. \
      2023, 'digits' MNIST of 7 x 7 pixels from --mnist. The loss is minus the logarithm of the posterior: \
      squared errors over 2 s² or cross entropy, and a Gaussian prior.
      Exit code 2 when a fluctuation theorem fails or could not be resolved.
      """)

  @Argument(help: "A table, 'regression' or 'digits'.")
  var data: String

  @Option(
    help: "The column of the target, from 1, or from the end as -1 (default: labels, or the last).")
  var target: Int?

  @Option(help: "A file of labels, one whole number a sample.")
  var labels: String?

  @Option(
    help:
      "gaussian, bernoulli or categorical (default: categorical for labels, bernoulli for a target of 0 and 1, else gaussian)."
  )
  var response: String?

  @Option(
    help:
      "Hidden units, a number for each layer such as 8 or 8,8; 0 for a linear model (default: 2; digits: 8)."
  )
  var hidden: String?

  @Option(help: "tanh, softplus, rectifier or identity.")
  var activation = "tanh"

  @Option(
    name: [.long, .customLong("l2")],
    help:
      "The precision τ of the prior, the coefficient of |θ|²/2 (default: 1; regression and digits 20)."
  )
  var priorPrecision: Double?

  @Option(
    help:
      "The deviation s of the noise of a Gaussian response (default: 0.1; other tables: that of the target over 2)."
  )
  var noiseDeviation: Double?

  @Option(help: "Samples in a batch (default: 10; digits: 50).")
  var batchSize: Int?

  @Option(
    help: "The learning rate η, or auto: 2e-4 over the steepest curvature (regression: 1e-7).")
  var learningRate: String?

  @Option(help: "Batches of successive steps: with or without replacement.")
  var replacement = "with"

  @Option(
    help:
      "Steps observed (epochs without replacement), over all chains (default: 200 relaxation times, 2e7 at most)."
  )
  var steps: Int?

  @Option(help: "Steps of each chain before (default: two relaxation times).")
  var burnIn: Int?

  @Option(
    help:
      "Lengths of the windows, in steps or epochs (default: of 1,10,100,1000,3000 those with at most a nat of entropy)."
  )
  var windows: String?

  @Option(help: "Modes of the Hessian looked at (default: all up to 40 weights, else 16).")
  var modes: Int?

  @Option(help: "Which modes: slowest or noisiest.")
  var modeChoice = "slowest"

  @Option(help: "Chains, independent of one another.")
  var chains = 8

  @Option(help: "Starts that searches for a minimum begin from.")
  var starts = 8

  @Option(help: "The folder with the MNIST files, for digits.")
  var mnist: String?

  @Option(help: "Samples of digits, or of a table at most.")
  var limit: Int?

  @Flag(help: "Take the inputs of a table as they are, not scaled to mean 0 and variance 1.")
  var rawInputs = false

  @Option(help: "The folder for sgd.html and figures/.")
  var output: String?

  @Option(help: "The seed (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    guard MinibatchPolicy(rawValue: replacement) != nil else {
      throw ValidationError("--replacement \(replacement): give with or without")
    }
    guard ModeChoice(rawValue: modeChoice) != nil else {
      throw ValidationError("--mode-choice \(modeChoice): give slowest or noisiest")
    }
    guard Activation(rawValue: activation) != nil else {
      throw ValidationError(
        "--activation \(activation): give tanh, softplus, rectifier or identity")
    }
    if let response, !["gaussian", "bernoulli", "categorical"].contains(response) {
      throw ValidationError("--response \(response): give gaussian, bernoulli or categorical")
    }
    if let learningRate, learningRate != "auto",
      !(Double(learningRate).map { $0 > 0 && $0.isFinite } ?? false)
    {
      throw ValidationError("--learning-rate \(learningRate): give a number above 0, or auto")
    }
    if let windows { _ = try numbers(windows, option: "--windows", least: 1) }
    if let hidden { _ = try numbers(hidden, option: "--hidden", least: 0) }
    for (name, value) in [
      ("--batch-size", batchSize), ("--steps", steps), ("--chains", chains), ("--starts", starts),
      ("--limit", limit), ("--modes", modes),
    ] {
      if let value, value < 1 || value > 2_000_000_000 {
        throw ValidationError("\(name) \(value): give at least 1")
      }
    }
    if let burnIn, burnIn < 0 { throw ValidationError("--burn-in \(burnIn): give 0 or more") }
    if let priorPrecision, !(priorPrecision >= 0 && priorPrecision.isFinite) {
      throw ValidationError("--prior-precision \(priorPrecision): give a number from 0")
    }
    if let noiseDeviation, !(noiseDeviation > 0 && noiseDeviation.isFinite) {
      throw ValidationError("--noise-deviation \(noiseDeviation): give a number above 0")
    }
    if data == "digits", mnist == nil {
      throw ValidationError("digits: give --mnist FOLDER with the files of MNIST")
    }
  }

  private func numbers(_ text: String, option: String, least: Int) throws -> [Int] {
    let parts = text.split(separator: ",").map { Int($0) }
    let values = parts.compactMap { $0 }
    guard !values.isEmpty, values.count == parts.count,
      values.allSatisfy({ $0 >= least && $0 <= 1_000_000_000 })
    else { throw ValidationError("\(option) \(text): give numbers from \(least), such as 1,100") }
    return values
  }

  func run() throws {
    let workers = try compute.apply()
    LinearAlgebra.useOneThread()
    let chosenSeed = resolvedSeed(seed)
    if let output { try OutputFolder.prepare(output) }
    let subject = try SGDSubject(self, seed: chosenSeed, workers: workers)
    switch subject.model {
    case .linear(let model):
      try analyse(
        model, starts: [[Double](repeating: 0, count: model.parameterCount)], subject, chosenSeed,
        workers)
    case .network(let model):
      try analyse(
        model,
        starts: (0..<starts).map {
          model.network.initialParameters(seed: chosenSeed, index: UInt64($0))
        }, subject, chosenSeed, workers)
    }
  }

  private func analyse(
    _ model: some FiniteSum, starts: [[Double]], _ subject: SGDSubject, _ seed: UInt64,
    _ workers: Workers
  ) throws {
    var analysis = DescentAnalysis(model: model, starts: starts)
    analysis.batchSize = batchSize ?? (data == "digits" ? 50 : 10)
    analysis.policy = MinibatchPolicy(rawValue: replacement) ?? .withReplacement
    analysis.rate =
      learningRate.flatMap { Double($0) } ?? (learningRate == nil ? subject.rate : nil)
    analysis.steps = steps
    analysis.burnIn = burnIn
    analysis.windows = try windows.map {
      Array(Set(try numbers($0, option: "--windows", least: 1))).sorted()
    }
    analysis.modes = modes
    analysis.modeChoice = ModeChoice(rawValue: modeChoice) ?? .slowest
    analysis.chains = chains
    analysis.seed = seed
    analysis.workers = workers
    let line = UncheckedSendable(ProgressLine())
    analysis.progress = { phase, fraction in
      line.value.show(
        "\(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %  \(phase)", always: fraction == 0)
    }
    let report: DescentReport
    do {
      report = try analysis.run()
    } catch let divergence as DescentDivergence {
      line.value.finish()
      try tell(divergence)
      throw unresolvedExitCode
    }
    line.value.finish()
    var notes = subject.notes
    if report.state.modes != nil {
      notes.append(
        "\(report.state.dimension) of \(report.minimum.eigenvalues.count) modes of the Hessian are looked at, the \(modeChoice) that have noise. In linear theory they are a process of their own; beyond it this is an approximation."
      )
    }
    if let shortness = report.shortness { notes.append(shortness) }
    let page = try output.map { folder -> String in
      let written = try DescentPage(subject: subject.name, report: report, notes: notes).write(
        to: folder)
      for note in written.notes where !notes.contains(note) { Console.message(note) }
      return written.page
    }
    for note in notes { Console.message(note) }
    if json {
      try Console.json(SGDOutput(data: subject.name, report: report, page: page, notes: notes))
    } else {
      Console.output(SGDCommand.table(report))
      Console.output("seed \(seed)")
      if let page { Console.output("page: \(page)") }
    }
    if report.checks.contains(where: { $0.verdict != .pass }) { throw unresolvedExitCode }
  }

  /// The verdict on a descent that diverged; its last good state goes to --output.
  private func tell(_ divergence: DescentDivergence) throws {
    var file: String?
    if let output {
      let path = output + "/last-good-parameters.npy"
      try NPYFile.write(
        StoredArray(divergence.parameters, shape: [divergence.parameters.count]), to: path)
      file = path
    }
    if json {
      try Console.json(
        SGDDivergenceOutput(
          step: divergence.step, chain: divergence.chain + 1, learningRate: divergence.rate,
          stableRate: divergence.stableRate, parameters: divergence.parameters, file: file))
    } else {
      Console.output("stationary state: none; \(divergence)")
      if let file { Console.output("last good weights: \(file)") }
    }
  }

  /// A table for a person.
  static func table(_ report: DescentReport) -> String {
    func short(_ value: Double) -> String { String(format: "%.4g", value) }
    let statistics = report.outcome.statistics
    let eigenvalues = report.minimum.eigenvalues
    let spectrum = LinearAlgebra.symmetricEigenvalues(report.state.diffusion)?.values ?? []
    var lines = [
      "\(report.sampleCount) samples, \(eigenvalues.count) weights, batches of \(report.batchSize) \(report.policy.rawValue) replacement, rate \(short(report.rate))",
      "minimum: loss \(short(report.minimum.value)), curvatures \(short(eigenvalues.first ?? .nan)) to \(short(eigenvalues.last ?? .nan)); rates up to \(short(2 / (eigenvalues.last ?? .nan))) are stable",
      "drift: slowest mode relaxes in \(short(report.state.relaxationTime)) \(report.unit)s; \(statistics.count) \(report.unit)s observed",
      "diffusion: norm \(short(LinearAlgebra.frobeniusNorm(report.state.diffusion))), eigenvalues \(short(spectrum.first ?? .nan)) to \(short(spectrum.last ?? .nan))",
      "covariance: \(short(100 * report.covarianceError)) % from the Lyapunov equation (sampling error \(short(100 * report.covarianceSamplingError)) %)",
      "current: circulation \(short(100 * report.circulationError)) % from theory (sampling error \(short(100 * report.circulationSamplingError)) %); |DH - HD|/|DH| = \(short(report.state.commutator))",
      "entropy production per \(report.unit): theory \(short(report.expectedEntropyProduction)), measured \(statistics.dissipation)",
    ]
    if let relaxation = report.relaxation {
      lines.append(
        "relaxation over \(relaxation.steps) \(report.unit)s: housekeeping \(short(mean(of: relaxation.housekeeping))) (theory \(short(relaxation.expectedHousekeeping))), excess \(short(mean(of: relaxation.excess))) (theory \(short(relaxation.expectedExcess)))"
      )
    }
    for check in report.checks {
      let name = check.verdict.rawValue.padding(toLength: 11, withPad: " ", startingAt: 0)
      let reason = check.reason.isEmpty ? "" : "  (\(check.reason))"
      let interval =
        check.interval.lowerBound.isFinite && check.interval.upperBound.isFinite
          && check.interval.lowerBound < check.interval.upperBound
        ? " [\(short(check.interval.lowerBound)), \(short(check.interval.upperBound))]" : ""
      lines.append(
        "\(name)\(check.name): \(String(format: "%.6g", check.statistic))\(interval) \(check.relation.rawValue) \(String(format: "%.6g", check.expected))\(reason)"
      )
    }
    lines.append("stationary state: \(report.verdict.rawValue)")
    return lines.joined(separator: "\n")
  }
}
