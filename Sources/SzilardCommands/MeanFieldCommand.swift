public import ArgumentParser
public import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore

extension MeanFieldOrder: ExpressibleByArgument {}

/// The command that solves the mean-field equations of a machine.
///
/// `szilard mean-field MODEL --data DATA`
struct MeanFieldCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mean-field",
    abstract: "Solve the mean-field equations: states, free energies, stability.",
    discussion: """
      From many starts at once the equations of first (naive), second (tap) or third order in the couplings \
      are solved; equal solutions are counted once. Every state carries its residual, and whether it is a \
      minimum of the free energy. ln Z and log-likelihoods from them are approximations without an error \
      bar. Exit code 2 when no start converged.
      """)

  enum Starts: String, ExpressibleByArgument, CaseIterable {
    case data, samples, random, paramagnetic
  }

  @Argument(help: "A run folder, .safetensors, .npz or .h5.")
  var model: String

  @Option(help: "Order of the expansion: naive, tap or third.")
  var order: MeanFieldOrder = .tap

  @Option(
    help: """
      Where to start: data, samples (chains of a run, or Gibbs samples), random or paramagnetic \
      (default: data where --data is given, else random).
      """)
  var starts: Starts?

  @Option(help: "Data to start from, and whose log-likelihood is approximated.")
  var data: String?

  @Option(help: "Starts at most.")
  var count = 1000

  @Option(help: "The residual at which a state counts as a solution.")
  var tolerance = 1e-10

  @Option(help: "Sweeps after which a start is given up.")
  var iterations = 10_000

  @Option(help: "Solutions closer than this in their visible means are one.")
  var distance = MeanFieldStates.defaultTolerance

  @Flag(help: "Iterate without acceleration.")
  var plain = false

  @Option(
    help: "Write the distinct states to this .npz (visible, hidden, free_energy) or .npy (visible)."
  )
  var output: String?

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if starts == .data, data == nil { throw ValidationError("--starts data: give --data") }
    guard count >= 1, count <= 10_000_000 else {
      throw ValidationError("--count \(count): give at least 1")
    }
    guard iterations >= 1, iterations <= 1_000_000_000 else {
      throw ValidationError("--iterations \(iterations): give at least 1")
    }
    guard tolerance >= 1e-14, tolerance <= 1e-2 else {
      throw ValidationError("--tolerance \(tolerance): give a number from 1e-14 to 0.01")
    }
    guard distance >= 0, distance.isFinite else {
      throw ValidationError("--distance \(distance): give a number that is not negative")
    }
    if let output, !output.hasSuffix(".npz"), !output.hasSuffix(".npy") {
      throw ValidationError("--output \(output): give a name that ends in .npz or .npy")
    }
  }

  struct Result: Encodable {
    struct State: Encodable {
      let freeEnergy: Double
      let weight: Double
      let starts: Int
      let isStable: Bool?
      let stability: MeanFieldState.Stability?
      let residual: Double
      let iterations: Int
    }

    let model: String
    let seed: UInt64
    let order: MeanFieldOrder
    let startedFrom: String
    let starts: Int
    let converged: Int
    let largestResidual: Double?
    let medianIterations: Int
    let gain: Double
    let minima: Int
    let states: [State]
    let dominantFreeEnergy: Double?
    let mixtureFreeEnergy: Double?
    let logLikelihood: MeanFieldLikelihood?
    let seconds: Double
    let verdict: String
    let reason: String?
  }

  func run() throws {
    let workers = try compute.apply()
    let machine = try ModelFile.load(model)
    do {
      try MeanFieldSolver.checkSupported(machine)
    } catch {
      throw SzilardError(error.kind, "\(model): \(error.message)")
    }
    let chosenSeed = resolvedSeed(seed)
    let samples = try data.map {
      try loadStates($0, reading.reading, for: machine, seed: chosenSeed, workers: workers)
    }
    let from = starts ?? (data == nil ? .random : .data)
    let begin = try startingMeans(from, machine, samples: samples?.states, chosenSeed, workers)
    var solver = MeanFieldSolver(order: order, workers: workers)
    solver.tolerance = tolerance
    solver.maximumIterations = iterations
    solver.isAccelerated = !plain
    let line = UncheckedSendable(ProgressLine())
    let clock = Date()
    let all = solver.states(of: machine, from: begin) { fraction in
      line.value.show("mean field \(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %")
    }
    line.value.finish()
    let states = MeanFieldStates(of: all, tolerance: distance)
    let seconds = Date().timeIntervalSince(clock)
    let likelihood = samples.flatMap {
      MeanFieldLikelihood(
        of: $0.states, weights: $0.weights, under: machine, states: states, workers: workers)
    }
    if let output { try write(states, machine, to: output) }
    let lost = states.unconverged
    let result = Result(
      model: model, seed: chosenSeed, order: order, startedFrom: from.rawValue, starts: all.count,
      converged: all.count - lost,
      largestResidual: all.filter(\.isConverged).map(\.residual).max(),
      medianIterations: all.map(\.iterations).sorted()[all.count / 2],
      gain: MachineSpectrum.gain(of: machine), minima: states.minima.count,
      states: states.distinct.indices.map { index in
        let state = states.distinct[index]
        return Result.State(
          freeEnergy: state.freeEnergy, weight: states.weights[index],
          starts: states.basinCounts[index], isStable: state.stability?.isStable,
          stability: state.stability, residual: state.residual, iterations: state.iterations)
      }, dominantFreeEnergy: states.dominantFreeEnergy, mixtureFreeEnergy: states.mixtureFreeEnergy,
      logLikelihood: likelihood, seconds: seconds,
      verdict: states.distinct.isEmpty ? "unresolved" : "resolved",
      reason: lost == 0
        ? nil : "\(lost) of \(all.count) starts did not converge in \(iterations) sweeps")
    if json { try Console.json(result) } else { Console.output(MeanFieldCommand.text(result)) }
    if states.distinct.isEmpty { throw unresolvedExitCode }
  }

  private func startingMeans(
    _ from: Starts, _ machine: RestrictedBoltzmannMachine, samples: StateMatrix?, _ seed: UInt64,
    _ workers: Workers
  ) throws -> Matrix<Double> {
    switch from {
    case .data:
      guard let samples else { throw SzilardError(.usage, "--starts data: give --data") }
      return MeanFieldStarts.samples(some(samples), of: machine)
    case .random: return MeanFieldStarts.random(count: count, of: machine, seed: seed)
    case .paramagnetic: return MeanFieldStarts.paramagnetic(of: machine)
    case .samples:
      if let folder = try? RunFolder(existing: model), let update = folder.checkpoints.last {
        let description = try folder.description(as: RunDescription.self)
        let checkpoint = try Checkpoint(
          path: folder.checkpointFile(update: update), rule: description.training.options.optimizer)
        return MeanFieldStarts.samples(some(checkpoint.chains), of: machine)
      }
      var sampling = GibbsSampling()
      sampling.seed = seed
      sampling.workers = workers
      let noise = GibbsSampling.noise(for: machine, count: count, seed: seed)
      return MeanFieldStarts.samples(sampling.run(machine, from: noise).states, of: machine)
    }
  }

  /// At most ``count`` samples, spread over all.
  private func some(_ states: StateMatrix) -> StateMatrix {
    guard states.rows > count else { return states }
    return states.selectingRows((0..<count).map { $0 * states.rows / count })
  }

  private func write(
    _ states: MeanFieldStates, _ machine: RestrictedBoltzmannMachine, to path: String
  ) throws {
    let count = states.distinct.count
    let visible = StoredArray(
      states.distinct.flatMap(\.visible), shape: [count, machine.visible.size])
    guard path.hasSuffix(".npz") else { return try NPYFile.write(visible, to: path) }
    let hidden = StoredArray(
      states.distinct.flatMap(\.hidden), shape: [count, machine.hidden.size])
    try NPZArchive([
      "visible": visible, "hidden": hidden,
      "free_energy": StoredArray(states.distinct.map(\.freeEnergy)),
      "weight": StoredArray(states.weights), "basin": StoredArray(states.basins),
    ]).write(to: path)
  }

  /// States told to a person.
  private static let shownStates = 20

  /// A table for a person.
  static func text(_ result: Result) -> String {
    func number(_ value: Double?, _ digits: Int = 4) -> String {
      value.map { Console.number($0, digits: digits) } ?? "-"
    }
    func scientific(_ value: Double?) -> String { value.map { String(format: "%.1e", $0) } ?? "-" }
    var lines = [
      "\(result.converged) of \(result.starts) starts (\(result.startedFrom)) converged at order "
        + "\(result.order.rawValue), largest residual \(scientific(result.largestResidual)), "
        + "median \(result.medianIterations) sweeps, \(number(result.seconds, 1)) s",
      "\(result.states.count) distinct states, \(result.minima) of them minima; gain of fields around "
        + "independent units \(number(result.gain, 3)) (ordered above 1)",
      "free energy    weight  starts  radius  residual",
    ]
    for state in result.states.prefix(shownStates) {
      let radius = state.stability?.spectralRadius
      lines.append(
        String(
          format: "%11.4f  %8.5f  %6d  %6.3f  %8.1e%@", state.freeEnergy, state.weight,
          state.starts, radius ?? .nan, state.residual, state.isStable == false ? "  saddle" : ""))
    }
    if result.states.count > shownStates {
      lines.append("... and \(result.states.count - shownStates) more (--json, --output)")
    }
    lines.append(
      "ln Z about \(number(result.dominantFreeEnergy.map { -$0 })) (lowest state), "
        + "\(number(result.mixtureFreeEnergy.map { -$0 })) (all); an approximation without error bar"
    )
    if let likelihood = result.logLikelihood {
      lines.append(
        "log-likelihood about \(number(likelihood.dominant)) (lowest state), "
          + "\(number(likelihood.mixture)) (all) nats a sample")
    }
    if let reason = result.reason { lines.append("warning: \(reason)") }
    lines.append("seed \(result.seed)")
    return lines.joined(separator: "\n")
  }
}
