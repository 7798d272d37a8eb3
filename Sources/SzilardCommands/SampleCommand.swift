internal import ArgumentParser
internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import Learning
internal import NumericalCore

/// The command that draws samples.
///
/// `szilard sample MODEL --count N --output FILE`
struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Draw samples: N parallel chains, or ladders of them, of K sweeps each.",
    discussion: """
      gibbs: block Gibbs sampling. tempering: exchange between the machine and independent units. \
      trajectory: exchange along the checkpoints of the run. The last two cross between modes that \
      Gibbs sampling does not leave, give ln Z too, and report acceptance and round trips.

      Measures the autocorrelation time and warns when the sweeps are fewer. With --clamp the named \
      visible units keep the values that the chains start from (in-painting).
      """)

  enum Start: String, ExpressibleByArgument, CaseIterable { case noise, data, chains }

  enum Method: String, ExpressibleByArgument, CaseIterable { case gibbs, tempering, trajectory }

  @Argument(help: "A run folder, .safetensors, .npz or .h5.")
  var model: String

  @Option(help: "Number of samples.")
  var count: Int

  @Option(help: "Where to write: .npy, .npz, .csv, .h5 or .fasta.")
  var output: String

  @Option(help: "How: gibbs (default), tempering, or trajectory (MODEL is then a run folder).")
  var method: Method = .gibbs

  @Option(help: "Sweeps of each chain, or of every rung.")
  var sweeps = 1000

  @Option(help: "Tempering: rungs at most (default: 100).")
  var rungs: Int?

  @Option(help: "Tempering: the acceptance that rungs are chosen for (default: 0.3).")
  var targetAcceptance: Double?

  @Option(help: "Tempering: sweeps between exchanges (default: 2).")
  var increment: Int?

  @Option(help: "Where chains start: noise, data (see --data) or the run's chains.")
  var from: Start = .noise

  @Option(help: "Data to start from.")
  var data: String?

  @Option(help: "Visible units that keep their values: indices and ranges, e.g. 0-391,400.")
  var clamp: String?

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print a summary as JSON.")
  var json = false

  func validate() throws {
    guard count >= 1, count <= 100_000_000 else {
      throw ValidationError("--count \(count): give at least 1")
    }
    guard sweeps >= 0 else { throw ValidationError("--sweeps \(sweeps): give 0 or more") }
    if from == .data, data == nil { throw ValidationError("--from data needs --data DATA") }
    if clamp != nil, from != .data {
      throw ValidationError("--clamp keeps values of data: give --from data --data DATA too")
    }
    try validateMethod()
  }

  private func validateMethod() throws {
    if method == .gibbs {
      for (name, isGiven) in [
        ("--rungs", rungs != nil), ("--target-acceptance", targetAcceptance != nil),
        ("--increment", increment != nil),
      ] where isGiven {
        throw ValidationError("\(name) belongs to --method tempering or trajectory")
      }
      return
    }
    if clamp != nil {
      throw ValidationError("--clamp works with --method gibbs only: ladders exchange whole states")
    }
    if from != .noise || data != nil {
      throw ValidationError(
        "--from and --data belong to --method gibbs: ladders start at independent units")
    }
    if let rungs, rungs < 2 || rungs > 10_000 {
      throw ValidationError("--rungs \(rungs): give 2 to 10000")
    }
    if let targetAcceptance, !(targetAcceptance >= 0.01 && targetAcceptance <= 0.95) {
      throw ValidationError("--target-acceptance \(targetAcceptance): give 0.01 to 0.95")
    }
    if let increment, increment < 1 {
      throw ValidationError("--increment \(increment): give 1 or more")
    }
    if sweeps < 1 { throw ValidationError("--sweeps \(sweeps): ladders need at least 1") }
  }

  struct Summary: Encodable {
    let output: String
    let count: Int
    let sweeps: Int
    let seed: UInt64
    let statisticalInefficiency: Double
    let autocorrelation: String
    let potentialScaleReduction: Double?
    let verdict: String
  }

  func run() throws {
    let workers = try compute.apply()
    if method == .gibbs { try runGibbs(workers) } else { try runLadders(workers) }
  }

  private func runGibbs(_ workers: Workers) throws {
    let machine = try ModelFile.load(model)
    let chosenSeed = resolvedSeed(seed)
    let start = try startingStates(machine, seed: chosenSeed, workers: workers)
    let kept = try clamp.map { try SampleCommand.units($0, count: machine.visible.count) }
    var sampling = GibbsSampling()
    sampling.sweeps = sweeps
    sampling.seed = chosenSeed
    sampling.workers = workers
    let line = ProgressLine()
    let result = sampling.run(machine, from: start, kept: kept) { fraction in
      line.show("sampling \(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %")
    }
    line.finish()
    try write(result.states, of: machine)
    let time = result.statisticalInefficiency
    let isEnough = result.autocorrelationResolved && Double(sweeps) >= time
    if let warning = warning(about: result) { Console.message("warning: \(warning)") }
    let reduction = result.potentialScaleReduction
    let summary = Summary(
      output: output, count: count, sweeps: sweeps, seed: chosenSeed,
      statisticalInefficiency: time,
      autocorrelation: result.autocorrelationResolved ? "measured" : "lower bound",
      potentialScaleReduction: reduction.isFinite ? reduction : nil,
      verdict: isEnough ? "resolved" : "unresolved")
    if json {
      try Console.json(summary)
    } else {
      Console.output(
        "\(count) samples in \(output); autocorrelation time \(Console.number(time, digits: 1)) sweeps, R-hat \(Console.number(reduction)), seed \(chosenSeed)"
      )
    }
  }

  private func warning(about result: GibbsSampling.Result) -> String? {
    let time = Int(result.statisticalInefficiency.rounded(.up))
    if Double(sweeps) < result.statisticalInefficiency {
      let bound = result.autocorrelationResolved ? "" : "at least "
      return
        "the autocorrelation time is \(bound)\(time) sweeps, the chains made \(sweeps); samples still remember their start"
    }
    if !result.autocorrelationResolved {
      return
        "the autocorrelation time could not be measured: it is at least \(time) sweeps; chains may stay in their modes (R-hat \(Console.number(result.potentialScaleReduction)))"
    }
    return nil
  }

  private func startingStates(
    _ machine: RestrictedBoltzmannMachine, seed: UInt64, workers: Workers
  ) throws -> StateMatrix {
    switch from {
    case .noise:
      return GibbsSampling.noise(for: machine, count: count, seed: seed)
    case .data:
      var reading = self.reading.reading
      if reading.alphabet == nil, let alphabet = machine.alphabet { reading.alphabet = alphabet }
      let set = try loadData(data ?? "", reading.options(seed: seed, workers: workers))
      guard set.unitCount == machine.visible.count else {
        throw SzilardError(
          .badData,
          "--data: has \(set.unitCount) units a sample, the model \(machine.visible.count)")
      }
      guard set.count > 0 else { throw SzilardError(.badData, "--data: holds no samples") }
      return try set.states(for: machine.visible.kind).selectingRows(
        (0..<count).map { $0 % set.count })
    case .chains:
      let folder = try RunFolder(existing: model)
      let description = try folder.description(as: RunDescription.self)
      guard let update = folder.checkpoints.last else {
        throw SzilardError(.cannotOpen, "\(model): the run has no checkpoint yet")
      }
      let checkpoint = try Checkpoint(
        path: folder.checkpointFile(update: update), rule: description.training.options.optimizer)
      let chains = checkpoint.chains
      return chains.selectingRows((0..<count).map { $0 % chains.rows })
    }
  }

  func write(_ states: StateMatrix, of machine: RestrictedBoltzmannMachine) throws {
    let kind: VariableKind
    switch machine.visible.kind {
    case .bernoulli: kind = .binary
    case .spin: kind = .spin
    case .gaussian: kind = .continuous
    case .potts(let colours):
      kind = .categorical(try machine.alphabet.map { try Alphabet($0) } ?? .numbered(colours))
    }
    var set = DataSet(values: states, variableKind: kind, name: "samples")
    if let shape = machine.shape, shape.count == 2 {
      set.pictureShape = DataSet.PictureShape(height: shape[0], width: shape[1])
    }
    try set.write(to: output)
  }

  /// Which units a list of indices and ranges names.
  static func units(
    _ text: String, count: Int, option: String = "--clamp"
  ) throws(SzilardError) -> [Bool] {
    var kept = [Bool](repeating: false, count: count)
    for part in text.split(separator: ",") {
      let bounds = part.split(separator: "-").map { Int($0.trimmingCharacters(in: .whitespaces)) }
      guard let first = bounds.first.flatMap({ $0 }), let last = bounds.last.flatMap({ $0 }),
        bounds.count <= 2, first >= 0, first <= last, last < count
      else {
        throw SzilardError(
          .usage, "\(option) \(text): '\(part)' is no index or range within 0-\(count - 1)")
      }
      for unit in first...last { kept[unit] = true }
    }
    return kept
  }
}
