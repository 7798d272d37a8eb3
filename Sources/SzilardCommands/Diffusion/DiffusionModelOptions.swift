internal import ArgumentParser
internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import Learning
internal import NumericalCore

/// What is trained: the options that become a ``DiffusionDescription``.
struct DiffusionModelOptions: ParsableArguments {
  @Option(
    name: .customLong("model"),
    help: """
      denoiser (any level), reverse-kernel (the steps of 2015) or categorical (default: denoiser, \
      categorical for discrete data).
      """)
  var kind: DiffusionDescription.Kind?

  @Option(
    help: """
      radial-basis, sigmoid, multi-scale, residual or convolution (default: convolution for pictures of \
      8 x 8 on, else residual).
      """)
  var network: String?

  @Option(help: "Steps of the chain (default: 1000).")
  var steps: Int?

  @Option(
    help: """
      Noise of the chain: reciprocal, reciprocal-with-remainder, linear, cosine, sigmoid or \
      uniform-log-snr (default: cosine; reciprocal for discrete data).
      """)
  var schedule: ScheduleDescription.Name?

  @Option(help: "First rate of --schedule uniform-log-snr (default: 0.0001).")
  var firstRate: Double?

  @Option(help: "Signal power left by --schedule uniform-log-snr (default: 0.0001).")
  var lastSignalPower: Double?

  @Option(help: "A denoiser's output: noise, data, v, score, velocity or karras (default: v).")
  var prediction: NetworkHead?

  @Option(
    help: """
      A denoiser's loss: simple, continuous, score, karras, flow, or hybrid, which also learns the widths \
      of the chain's steps (default: simple).
      """)
  var loss: DiffusionLoss?

  @Option(
    help: """
      A denoiser's path in training: cosine, arc, variance-preserving, conditional-transport, karras, \
      linear-log-snr, sigmoid, or learned, the course of least variance of --loss continuous (default: \
      cosine; what --loss karras and flow go with).
      """)
  var path: String?

  @Option(
    help: """
      Units: layers of sigmoid, e.g. 50,50,50; one number for radial-basis (16), residual (128) and \
      multi-scale (20); maps of convolution at full, half and quarter resolution (16,32,64).
      """)
  var hidden: String?

  @Option(
    help: """
      Residual blocks, or layers of multi-scale maps; for convolutions at full, half and quarter \
      resolution, e.g. 1,1,2.
      """)
  var blocks: String?

  @Option(help: "Levels of quantised data, 0 for continuous (default: 256 for byte pictures).")
  var levels: Int?

  @Option(help: "Noise of discrete data: uniform or absorbing (default: uniform).")
  var noise: DiffusionDescription.Noise?

  @Option(help: "Probability of a 1 under the noise of bits (default: the mean of the data).")
  var activity: Double?

  @Option(help: "Weight of the cross-entropy beside the bound, for discrete data (default: 0).")
  var crossEntropyWeight: Double?

  /// The options that were given.
  var given: [String] {
    let all: [(String, Bool)] = [
      ("--model", kind != nil), ("--network", network != nil), ("--steps", steps != nil),
      ("--schedule", schedule != nil), ("--first-rate", firstRate != nil),
      ("--last-signal-power", lastSignalPower != nil), ("--prediction", prediction != nil),
      ("--loss", loss != nil), ("--path", path != nil), ("--hidden", hidden != nil),
      ("--blocks", blocks != nil), ("--levels", levels != nil), ("--noise", noise != nil),
      ("--activity", activity != nil), ("--cross-entropy-weight", crossEntropyWeight != nil),
    ]
    return all.filter(\.1).map(\.0)
  }

  func validate() throws {
    if let steps, steps < 2 || steps > 1_000_000 {
      throw ValidationError("--steps \(steps): give from 2 to 1000000")
    }
    if let blocks, !(widths(blocks)?.allSatisfy { $0 <= 100 } ?? false) {
      throw ValidationError("--blocks \(blocks): give from 1 to 100, or three such numbers")
    }
    if let levels, levels < 0 || levels == 1 || levels > 65536 {
      throw ValidationError("--levels \(levels): give 0, or from 2 to 65536")
    }
    if let activity, !(activity > 0 && activity < 1) {
      throw ValidationError("--activity \(activity): give a probability above 0 and below 1")
    }
    if let weight = crossEntropyWeight, !(weight >= 0 && weight.isFinite) {
      throw ValidationError("--cross-entropy-weight \(weight): give a number, 0 or more")
    }
    if let hidden, widths(hidden) == nil {
      throw ValidationError(
        "--hidden \(hidden): give whole numbers from 1 to 100000 with commas, e.g. 50,50,50")
    }
    if let path, !NoisePath.named.contains(where: { $0.name == path }) {
      throw ValidationError(
        "--path \(path): give \(NoisePath.named.map(\.name).joined(separator: ", "))")
    }
    if let path, path != "karras", loss == .karras {
      throw ValidationError("--path \(path): --loss karras draws its levels itself")
    }
    if path == "learned", loss != .continuous {
      throw ValidationError(
        "--path learned: goes with --loss continuous, whose value does not depend on the path")
    }
    if path != nil, loss == .hybrid {
      throw ValidationError("--path: the hybrid loss is of a chain; give --schedule")
    }
    if (firstRate != nil || lastSignalPower != nil) && schedule != .uniformLogSNR {
      throw ValidationError(
        "--first-rate and --last-signal-power go with --schedule uniform-log-snr")
    }
  }

  private func widths(_ text: String) -> [Int]? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    let numbers = parts.compactMap { $0 }.filter { $0 >= 1 && $0 <= 100_000 }
    return numbers.count == parts.count ? numbers : nil
  }

  /// The model that fits the data, with every choice resolved.
  func description(for set: DataSet) throws -> DiffusionDescription {
    let isContinuous = set.variableKind == .continuous
    let kind = self.kind ?? (isContinuous ? .denoiser : .categorical)
    guard (kind == .categorical) != isContinuous else {
      throw SzilardError(
        .usage,
        "--model \(kind.rawValue): the data are \(set.variableKind.name); "
          + (isContinuous
            ? "discrete models need binary or categorical data (--binarize makes some)"
            : "read them with --variables continuous, or train a categorical model"))
    }
    if kind != .denoiser {
      let foreign = [
        ("--loss", loss != nil), ("--path", path != nil), ("--prediction", prediction != nil),
      ]
      if let (option, _) = foreign.first(where: \.1) {
        throw SzilardError(.usage, "\(option): goes with --model denoiser, not \(kind.rawValue)")
      }
    }
    let others =
      kind == .categorical
      ? [("--levels", levels != nil)]
      : [
        ("--noise", noise != nil), ("--activity", activity != nil),
        ("--cross-entropy-weight", crossEntropyWeight != nil),
      ]
    if let (option, _) = others.first(where: \.1) {
      throw SzilardError(
        .usage,
        "\(option): goes with \(kind == .categorical ? "continuous" : "discrete") data, not with those of "
          + set.name)
    }
    var schedule = ScheduleDescription(
      self.schedule ?? (isContinuous ? .cosine : .reciprocal), steps: steps ?? 1000,
      firstRate: firstRate, lastSignalPower: lastSignalPower)
    if schedule.name == .uniformLogSNR {
      schedule.firstRate = firstRate ?? 1e-4
      schedule.lastSignalPower = lastSignalPower ?? 1e-4
    }
    _ = try schedule.schedule()
    let size = set.unitCount
    var inputs = size
    var outputs = kind == .reverseKernel || loss == .hybrid ? 2 * size : size
    var categories: Int?
    if kind == .categorical {
      let count = set.variableKind.categoryCount + (noise == .absorbing ? 1 : 0)
      categories = count
      if count > 2 {
        inputs = size * count
        outputs = size * count
      }
    }
    var result = DiffusionDescription(
      kind: kind, schedule: schedule,
      network: try networkDescription(
        set, kind: kind, inputs: inputs, outputs: outputs, steps: schedule.steps),
      variables: set.variableKind.name)
    result.pictureShape = set.pictureShape.map { [$0.height, $0.width] }
    switch kind {
    case .categorical:
      result.categories = categories
      result.noise = noise ?? .uniform
      result.crossEntropyWeight = crossEntropyWeight ?? 0
      if case .categorical(let alphabet) = set.variableKind { result.alphabet = alphabet.symbols }
      if categories == 2, result.noise == .uniform {
        result.activity = activity ?? DiffusionDescription.meanActivity(of: set)
      }
    case .denoiser, .reverseKernel:
      guard case .reals(let samples) = set.values else { break }
      let quantum = try self.quantum(samples, set)
      let data = try GaussianData(measuring: samples, quantum: quantum)
      result.shift = data.shift
      result.scale = data.scale
      result.quantum = quantum
    }
    if kind == .denoiser {
      result.loss = loss ?? .simple
      if prediction == .noise || prediction == .score,
        try schedule.schedule().signalPowers.last == 0
      {
        throw SzilardError(
          .usage,
          "--prediction \(prediction?.rawValue ?? ""): does not tell the data where no signal is left, as "
            + "at the end of --schedule \(schedule.name.rawValue); choose v or another schedule")
      }
      result.head = prediction ?? (loss == .karras ? .karras : loss == .flow ? .velocity : .v)
      result.path =
        path ?? (loss == .karras ? "karras" : loss == .flow ? "conditional-transport" : "cosine")
    }
    return result
  }

  /// The step of the values: 1/(levels − 1) of their range from 0 to 1, or what the values show.
  private func quantum(_ samples: Matrix<Float>, _ set: DataSet) throws -> Double {
    if let levels {
      guard levels > 0 else { return 0 }
      for row in 0..<samples.rows where samples.row(row).contains(where: { $0 < 0 || $0 > 1 }) {
        throw SzilardError(
          .badData,
          "--levels \(levels): sample \(row + 1) of \(set.name) has values outside of 0 ... 1")
      }
      return 1 / Double(levels - 1)
    }
    guard set.pictureShape != nil else { return 0 }
    for row in 0..<min(samples.rows, 100) {
      for value in samples.row(row) {
        let level = value * 255
        if value < 0 || value > 1 || abs(level - level.rounded()) > 1e-3 { return 0 }
      }
    }
    return 1 / 255
  }

  private func networkDescription(
    _ set: DataSet, kind: DiffusionDescription.Kind, inputs: Int, outputs: Int, steps: Int
  ) throws -> NetworkDescription {
    let shape = set.pictureShape
    let isPicture = shape.map { $0.height >= 8 && $0.width >= 8 } ?? false
    let channels = inputs / set.unitCount
    let widths = hidden.flatMap { self.widths($0) }
    let counts = blocks.flatMap { self.widths($0) }
    func one(_ numbers: [Int]?, _ option: String, _ usual: Int) throws -> Int {
      guard let numbers else { return usual }
      guard let first = numbers.first, numbers.count == 1 else {
        throw SzilardError(
          .usage, "\(option): the network \(network ?? "residual") takes one number")
      }
      return first
    }
    func picture() throws -> (Int, Int) {
      guard let shape else {
        throw SzilardError(
          .usage, "--network: the data are no pictures (.idx files and square .npy arrays are)")
      }
      return (shape.height, shape.width)
    }
    switch network ?? (isPicture && kind != .categorical ? "convolution" : "residual") {
    case let name where kind == .denoiser && ["radial-basis", "sigmoid"].contains(name):
      throw SzilardError(
        .usage,
        "--network \(name): has a readout for each step of a chain, a denoiser has none; add --model "
          + "reverse-kernel, or choose --network residual")
    case "radial-basis":
      let units = try one(widths, "--hidden", 16)
      guard units <= RadialBasisNetwork.mostUnits else {
        throw SzilardError(
          .usage, "--hidden \(units): radial units are at most \(RadialBasisNetwork.mostUnits)")
      }
      return .radialBasis(
        RadialBasisNetwork(
          inputSize: inputs, units: units, steps: steps, outputs: outputs))
    case "sigmoid":
      return .sigmoid(
        SigmoidNetwork(
          inputSize: inputs, hidden: widths ?? [50, 50, 50], steps: steps, outputs: outputs))
    case "multi-scale":
      let (height, width) = try picture()
      guard kind == .reverseKernel else {
        throw SzilardError(.usage, "--network multi-scale goes with --model reverse-kernel")
      }
      return .multiScale(
        MultiScaleConvolution(
          height: height, width: width, channels: channels, steps: steps,
          layers: try one(counts, "--blocks", 4), maps: try one(widths, "--hidden", 20)))
    case "residual":
      return .residual(
        ResidualNetwork(
          inputSize: inputs, width: try one(widths, "--hidden", 128),
          blocks: try one(counts, "--blocks", 3), outputs: outputs))
    case "convolution":
      let (height, width) = try picture()
      let maps = widths ?? [16, 32, 64]
      guard maps.count == 3, maps.allSatisfy({ $0 % 8 == 0 }) else {
        throw SzilardError(
          .usage, "--hidden: a network of convolutions takes three numbers of maps, multiples of 8")
      }
      let blocks = counts ?? [1, 1, 2]
      guard blocks.count == 3 else {
        throw SzilardError(.usage, "--blocks: a network of convolutions takes three numbers")
      }
      return .convolution(
        ResidualConvolution(
          height: height, width: width, channels: channels, outputsPerInput: outputs / inputs,
          maps: maps, blocks: blocks))
    case let other:
      throw SzilardError(
        .usage,
        "--network \(other): give radial-basis, sigmoid, multi-scale, residual or "
          + "convolution")
    }
  }
}

/// Loads data and refuses an empty set.
func loadDiffusionData(_ argument: String, _ options: DataOptions) throws(SzilardError) -> DataSet {
  let set = try loadData(argument, options)
  guard set.count > 0 else { throw SzilardError(.badData, "\(set.name): holds no samples") }
  return set
}
