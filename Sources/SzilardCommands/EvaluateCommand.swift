public import ArgumentParser
public import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import StochasticThermodynamics

extension LikelihoodMethod: ExpressibleByArgument {}

/// The command that measures likelihoods.
///
/// `szilard evaluate MODEL --data DATA`
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure ln Z and log-likelihoods, with intervals.",
    discussion: """
      Where ln Z cannot be enumerated, chains are annealed from independent units to the model and back; \
      Bennett's acceptance ratio combines the works of both ways, and a bracket is given when the way \
      back is trustworthy. Exit code 2 when ln Z could not be resolved.
      """)

  @Argument(help: "A run folder, .safetensors, .npz or .h5.")
  var model: String

  @Option(help: "Data to evaluate; may be given several times.")
  var data: [String] = []

  @Option(help: "How ln Z is found: auto, exact, bar (annealing both ways) or ais (forward only).")
  var method: LikelihoodMethod = .auto

  @Option(help: "Annealing chains.")
  var chains = 500

  @Option(help: "Annealing temperatures (default: as many as a narrow interval takes).")
  var temperatures: Int?

  @Option(
    help:
      "Write the works of both ways to this .npz (w_F, w_R), as free-energy and pymbar take them.")
  var works: String?

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    guard chains >= 2, chains <= 10_000_000 else {
      throw ValidationError("--chains \(chains): give at least 2")
    }
    if let temperatures, temperatures < 2 || temperatures > 100_000_000 {
      throw ValidationError("--temperatures \(temperatures): give at least 2")
    }
  }

  struct Result: Encodable {
    let model: String
    let seed: UInt64
    let logPartitionFunction: Estimate
    let logLikelihood: [DataLogLikelihood]
    let annealing: BidirectionalAnnealing.Result?
  }

  func run() throws {
    let workers = try compute.apply()
    let machine = try ModelFile.load(model)
    let chosenSeed = resolvedSeed(seed)
    var evaluator = LikelihoodEvaluator()
    evaluator.method = method
    evaluator.chains = chains
    evaluator.temperatures = temperatures
    evaluator.seed = chosenSeed
    evaluator.workers = workers
    // Data are read before the long computation, so that a bad file is told at once.
    let sets = try readData(for: machine, seed: chosenSeed, workers: workers)
    let means = IndependentUnits.baseRates(of: machine, from: sets.first?.states)
    let line = ProgressLine()
    let shown = UncheckedSendable(line)
    let evaluation = try evaluator.evaluate(machine, dataMeans: means) { fraction in
      shown.value.show("annealing \(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %")
    }
    let logZ = evaluation.logPartitionFunction
    line.finish()
    if let works { try writeWorks(evaluation.annealing, to: works) }
    let result = Result(
      model: model, seed: chosenSeed, logPartitionFunction: logZ,
      logLikelihood: sets.map {
        evaluator.logLikelihood(
          of: machine, data: $0.name, states: $0.states, weights: $0.weights,
          exactLogLikelihood: $0.exact, logPartitionFunction: logZ)
      }, annealing: evaluation.annealing)
    if json {
      try Console.json(result)
    } else {
      Console.output(EvaluateCommand.table(logZ, result.logLikelihood))
      if let annealing = evaluation.annealing {
        Console.output(EvaluateCommand.legs(annealing))
      }
      Console.output("seed \(chosenSeed); \(logZ.method)")
    }
    if !logZ.isResolved { throw unresolvedExitCode }
  }

  private func writeWorks(_ annealing: BidirectionalAnnealing.Result?, to path: String) throws {
    guard let annealing else {
      throw SzilardError(
        .usage, "--works \(path): ln Z was found without annealing both ways; give --method bar")
    }
    try WorkTable(forward: annealing.works.forward, reverse: annealing.works.reverse)
      .write(to: path)
  }

  private struct Evaluated {
    let name: String
    let states: StateMatrix
    let weights: [Double]?
    let exact: Double?
  }

  private func readData(
    for machine: RestrictedBoltzmannMachine, seed: UInt64, workers: Workers
  ) throws -> [Evaluated] {
    var reading = self.reading.reading
    if reading.alphabet == nil, let alphabet = machine.alphabet { reading.alphabet = alphabet }
    let options = try reading.options(seed: seed, workers: workers)
    return try data.map { name in
      let set = try loadData(name, options)
      guard set.unitCount == machine.visible.count else {
        throw SzilardError(
          .badData,
          "--data \(name): has \(set.unitCount) units a sample, the model \(machine.visible.count)")
      }
      guard set.count > 0 else { throw SzilardError(.badData, "--data \(name): holds no samples") }
      return Evaluated(
        name: name, states: try set.states(for: machine.visible.kind), weights: set.weights,
        exact: set.exactLogLikelihood)
    }
  }

  /// What the two ways of the annealing brought, for a person.
  private static func legs(_ result: BidirectionalAnnealing.Result) -> String {
    var lines = [
      "forward leg, dissipated \(Console.number(result.dissipatedWork)): \(result.forward)",
      "reverse leg, dissipated \(Console.number(result.reverseDissipatedWork)): \(result.reverse)",
      "overlap \(Console.number(result.overlap))",
    ]
    if let bracket = result.bracket {
      lines[2] +=
        "; bracket [\(Console.number(bracket.lowerBound)), \(Console.number(bracket.upperBound))]"
    } else {
      var reason = result.equilibration.reason
      if reason.isEmpty,
        result.effectiveTrajectories < BidirectionalAnnealing.leastEffectiveFraction
          * Double(result.chains)
      {
        reason = "chains stay in the modes they fell into, so that the way back tells nothing new"
      }
      lines[2] +=
        "; no bracket: " + (reason.isEmpty ? "the legs disagree or are unresolved" : reason)
    }
    return lines.joined(separator: "\n")
  }

  /// A table for a person.
  static func table(_ logZ: Estimate, _ values: [DataLogLikelihood]) -> String {
    func row(_ name: String, _ value: Double, _ interval: ClosedRange<Double>) -> String {
      let label = name.padding(toLength: max(24, name.count + 1), withPad: " ", startingAt: 0)
      return label + " \(Console.number(value, digits: 4))"
        + "  [\(Console.number(interval.lowerBound, digits: 4)), \(Console.number(interval.upperBound, digits: 4))]"
    }
    var lines = ["quantity                 value (nats)  95 % interval"]
    lines.append(row("ln Z", logZ.value, logZ.interval))
    for value in values {
      lines.append(row("log-likelihood \(value.data)", value.value, value.interval))
      if let exact = value.exactLogLikelihood {
        lines.append(
          "  of the true law        \(Console.number(exact, digits: 4))  exact; the model lacks "
            + "\(Console.number(exact - value.value, digits: 4)) nats a sample")
      }
      lines.append(
        "  over new samples      +-\(Console.number(1.96 * value.samplingError, digits: 4))"
          + "  (\(value.samples) samples)")
      if let pseudo = value.pseudoLogLikelihood {
        lines.append("  pseudo-log-likelihood  \(Console.number(pseudo, digits: 4))")
      }
    }
    if case .unresolved(let reason) = logZ.verdict {
      lines.append("UNRESOLVED: \(reason). More --temperatures or --chains may resolve it.")
    }
    return lines.joined(separator: "\n")
  }
}
