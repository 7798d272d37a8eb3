internal import ArgumentParser
internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import SpectralTheory

/// The command that integrates the equations of learning.
///
/// `szilard learning-dynamics DATA` or `szilard learning-dynamics --run RUN`
struct LearningDynamicsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "learning-dynamics",
    abstract: "What theory says of the learning of data: rates, modes and states against time.",
    discussion: """
      Two-valued data: the learning equations, gradient flow with mean-field states in place of chains. \
      Continuous data: the exact flow of a machine of two Gaussian layers. With --run the equations \
      begin where the run began, and its singular values stand beside theirs. Learning time is the sum of the rates \
      of the updates. Exit code 2 when the integration ended early.
      """)

  @Argument(help: "The data: a file or a generator (default: the training data of --run).")
  var data: String?

  @Option(
    name: .customLong("run"),
    help: "A run to compare with: its data, units, beginning and gradient are taken.")
  var runPath: String?

  @Option(help: "Hidden units (default: 100; of a Gaussian machine 16).")
  var hidden: Int?

  @Option(help: "spin or bernoulli, for two-valued data (default: spin).")
  var units: String?

  @Option(
    help:
      "Visible variance of a Gaussian machine (default: the mean of the components not learned).")
  var visibleVariance: Double?

  @Option(help: "Hidden variance of a Gaussian machine (default: 1).")
  var hiddenVariance: Double?

  @Option(help: "Standard deviation of the initial weights (default: 0.01).")
  var initialWeights: Double?

  @Option(
    help:
      "Learning time to integrate to (default: 80 over the first rate of growth; of a Gaussian machine 12 over the last that it learns)."
  )
  var time: Double?

  @Option(help: "The step in learning time (default: 0.15 over the first rate of growth).")
  var step: Double?

  @Option(help: "Times that are told, in equal ratios.")
  var points = 30

  @Option(help: "Order of the mean-field equations: naive, tap or third.")
  var order: MeanFieldOrder = .tap

  @Option(help: "Samples that searches for states start from.")
  var starts = 256

  @Option(help: "The folder for figures and learning-dynamics.html.")
  var output: String?

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed of the initial weights (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the curves as JSON.")
  var json = false

  func validate() throws {
    guard (data == nil) != (runPath == nil) else {
      throw ValidationError("give DATA or --run, one of them")
    }
    if let units, units != "spin", units != "bernoulli" {
      throw ValidationError("--units \(units): give spin or bernoulli")
    }
    for (name, value) in [
      ("--visible-variance", visibleVariance), ("--hidden-variance", hiddenVariance),
      ("--initial-weights", initialWeights), ("--time", time), ("--step", step),
    ] {
      if let value, !(value > 0 && value <= 1e15) {
        throw ValidationError("\(name) \(value): give a number above 0, up to 1e15")
      }
    }
    for (name, value) in [
      ("--hidden", hidden ?? 1), ("--points", points), ("--starts", starts),
    ] {
      guard value >= 1, value <= 1_000_000 else {
        throw ValidationError("\(name) \(value): give at least 1")
      }
    }
    if let initialWeights, initialWeights > 1000 {
      throw ValidationError("--initial-weights \(initialWeights): give a number up to 1000")
    }
    if runPath != nil, visibleVariance != nil || hiddenVariance != nil {
      throw ValidationError("--run takes the variances from the run")
    }
    if runPath != nil, hidden != nil || units != nil || initialWeights != nil || seed != nil {
      throw ValidationError(
        "--run takes --hidden, --units, --initial-weights and --seed from the run")
    }
  }

  struct Output: Encodable {
    let data: String
    let seed: UInt64
    let visibleUnits: String
    let hiddenUnits: String
    let dynamics: LearningDynamics
    let run: [LearningDynamicsPage.RunPoint]?
    let page: String?
  }

  func run() throws {
    let workers = try compute.apply()
    LinearAlgebra.useOneThread()
    let subject = try runPath.map { try fromRun($0, workers) } ?? fromData(workers)
    guard
      let growth = LinearGrowth(
        of: subject.machine, data: subject.states, weights: subject.weights)
    else {
      throw SzilardError(
        .badData,
        "\(subject.name): no equations of learning for potts units, or for fewer than two samples")
    }
    let isGaussian =
      subject.machine.visible.kind == .gaussian && subject.machine.hidden.kind == .gaussian
    try checkOptions(isGaussian: isGaussian)
    let scale = max(growth.rates.first ?? 0, 1e-3)
    let end = time ?? subject.time ?? subject.defaultTime(growth.rates)
    let step = self.step ?? min(0.15 / scale, end / 2)
    guard isGaussian || step <= end && step >= 1e-7 * end else {
      throw SzilardError(
        .usage, "--step \(step): give a number from \(1e-7 * end) to \(end), the time")
    }
    let line = UncheckedSendable(ProgressLine())
    func progress(_ fraction: Double) {
      line.value.show("\(ProgressLine.bar(fraction)) \(Int(100 * fraction)) %")
    }
    let times = (1...points).map { end * pow(200, Double($0) / Double(points) - 1) }
    let dynamics: LearningDynamics
    if isGaussian {
      dynamics = try .gaussian(
        subject.machine, growth: growth, times: times, progress: progress)
    } else {
      let learning = try MeanFieldLearning(
        machine: subject.machine, data: subject.states, weights: subject.weights, order: order,
        centred: subject.isCentred, starts: starts, workers: workers)
      dynamics = .meanField(
        learning, growth: growth, step: step, times: times, progress: progress)
    }
    line.value.finish()
    var page: String?
    if let target = output ?? runPath.map({ $0 + "/learning-dynamics" }) {
      let written = try LearningDynamicsPage(
        data: subject.name, dynamics: dynamics, run: subject.records
      ).write(to: target)
      for note in written.notes { Console.message(note) }
      page = written.page
    }
    if json {
      try Console.json(
        Output(
          data: subject.name, seed: subject.seed,
          visibleUnits: subject.machine.visible.kind.name,
          hiddenUnits: subject.machine.hidden.kind.name, dynamics: dynamics, run: subject.records,
          page: page))
    } else {
      Console.output(LearningDynamicsCommand.table(dynamics))
      Console.output("seed \(subject.seed)")
      if let page { Console.output("page: \(page)") }
    }
    if let problem = dynamics.problem {
      if page == nil { Console.message("the integration ended early: \(problem)") }
      throw unresolvedExitCode
    }
  }

  /// What is integrated.
  private struct Subject {
    let name: String
    let states: StateMatrix
    let weights: [Double]?
    let machine: RestrictedBoltzmannMachine
    let seed: UInt64
    var isCentred = false
    var time: Double?
    var records: [LearningDynamicsPage.RunPoint]?

    /// Long enough for the five or so leading modes, or for all those of a Gaussian machine.
    func defaultTime(_ rates: [Double]) -> Double {
      let first = max(rates.first ?? 0, 1e-3)
      guard machine.visible.kind == .gaussian else { return 80 / first }
      let last = rates.prefix(machine.hidden.count).last { $0 > 1e-6 * first } ?? first
      return 12 / last
    }
  }

  private func fromRun(_ path: String, _ workers: Workers) throws -> Subject {
    let folder = try RunFolder(existing: path)
    let description = try folder.description(as: RunDescription.self)
    let options = description.training.options
    let set = try trainingData(of: description, workers: workers)
    guard
      let kind = UnitKind(
        name: description.model.visibleUnits, colours: UnitKind(fitting: set).channels),
      let hiddenKind = UnitKind(name: description.model.hiddenUnits)
    else { throw SzilardError(.badData, "\(folder.runFile): names units that do not exist") }
    let states = try set.states(for: kind)
    let metrics = folder.metrics(as: TrainingRecord.self)
    guard let times = options.learningTimes(at: metrics.map(\.update)) else {
      throw SzilardError(
        .badData,
        "\(path): trained with adam, which chooses its own rates: there is no learning time")
    }
    let records = zip(times, metrics).map {
      LearningDynamicsPage.RunPoint(time: $0, singularValues: $1.singularValues)
    }
    guard let last = records.last, last.time > 0 else {
      throw SzilardError(
        .badData, "\(path): the run has no record after its beginning; wait for one")
    }
    if !options.centred, hiddenKind == .bernoulli {
      Console.message("the run is not centred: the rates are those of the centred gradient")
    }
    if options.l1 != 0 || options.l2 != 0 {
      Console.message("the run has a penalty on the weights, which the equations leave out")
    }
    return Subject(
      name: description.data, states: states, weights: set.weights,
      machine: .initial(
        visible: kind, hidden: hiddenKind, hiddenCount: description.model.hidden, data: states,
        weights: set.weights, scale: options.initialWeightScale, seed: options.seed),
      seed: options.seed, isCentred: options.centred, time: last.time, records: records)
  }

  private func fromData(_ workers: Workers) throws -> Subject {
    let chosenSeed = resolvedSeed(seed)
    let set = try loadData(
      data ?? "", reading.reading.options(seed: chosenSeed, workers: workers))
    guard set.count > 1 else {
      throw SzilardError(.badData, "\(set.name): holds \(set.count) samples; give two or more")
    }
    let fitting = UnitKind(fitting: set)
    // Two-valued data are spins unless asked otherwise; what is asked for must fit.
    let kind =
      units == "bernoulli" ? .bernoulli : units == nil && fitting != .bernoulli ? fitting : .spin
    if case .potts = kind {
      throw SzilardError(
        .badData, "\(set.name): there are no equations of learning for potts units")
    }
    let states = try set.states(for: kind)
    let count = hidden ?? (kind == .gaussian ? min(16, max(1, set.unitCount / 2)) : 100)
    var machine = RestrictedBoltzmannMachine.initial(
      visible: kind, hidden: kind, hiddenCount: count, data: states, weights: set.weights,
      scale: initialWeights ?? 0.01, seed: chosenSeed)
    if kind == .gaussian {
      let variance = try visibleVariance ?? noiseVariance(states, set.weights, learned: count)
      machine.visible.variances = [Float](repeating: Float(variance), count: machine.visible.count)
      machine.hidden.variances = [Float](repeating: Float(hiddenVariance ?? 1), count: count)
    }
    return Subject(
      name: set.name, states: states, weights: set.weights, machine: machine, seed: chosenSeed,
      isCentred: kind == .bernoulli)
  }

  /// The variance that most likely remains beside the components that can be learned.
  private func noiseVariance(
    _ states: StateMatrix, _ weights: [Double]?, learned: Int
  ) throws -> Double {
    guard
      let variance = PrincipalComponents(of: states, weights: weights)?
        .residualVariance(learned: learned)
    else {
      throw SzilardError(
        .usage,
        "--hidden \(learned): leaves no component of the data to tell the noise from; give --visible-variance"
      )
    }
    return variance
  }

  /// Options that would go unheard.
  private func checkOptions(isGaussian: Bool) throws {
    if !isGaussian, visibleVariance != nil || hiddenVariance != nil {
      throw SzilardError(
        .usage, "--visible-variance and --hidden-variance are for continuous data")
    }
    if isGaussian, step != nil {
      throw SzilardError(
        .usage, "--step is for two-valued data; a Gaussian machine is solved exactly")
    }
  }

  /// A table for a person.
  static func table(_ dynamics: LearningDynamics) -> String {
    func number(_ value: Double?) -> String {
      value.map { String(format: "%.4g", $0 + 0) } ?? "-"
    }
    func row(_ cells: [String]) -> String {
      cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
    }
    var lines = ["\(dynamics.growthSummary)"]
    if let limits = dynamics.stationarySingularValues {
      lines.append(
        "singular values at the end of learning: "
          + limits.prefix(8).map { number($0) }.joined(separator: ", "))
    }
    lines.append(row(["time", "w1", "w2", "w3", "w4", "w5", "states", "log-lik."]))
    for point in dynamics.points {
      let values = (0..<5).map { mode in
        number(mode < point.singularValues.count ? point.singularValues[mode] : nil)
      }
      lines.append(
        row(
          [number(point.time)] + values + [
            point.states.map { "\($0)" } ?? "-", number(point.logLikelihood),
          ]))
    }
    return lines.joined(separator: "\n")
  }
}
