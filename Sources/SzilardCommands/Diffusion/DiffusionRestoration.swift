internal import ArgumentParser
internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import NumericalCore

/// What in-painting and denoising print.
struct RestorationSummary: Encodable {
  let output: String
  let observations: Int
  let draws: Int
  let method: String
  /// Of the observations against the data, and of the mean of the draws, in decibels of the data's range.
  let inputPSNR: Double?
  let meanPSNR: Double?
  /// Of single draws.
  let samplePSNR: Double?
  let seed: UInt64

  var text: String {
    var lines = ["\(observations) observations, \(draws) draws each, \(method): \(output)"]
    if let inputPSNR, let meanPSNR, let samplePSNR {
      lines.append(
        "PSNR: observations \(Console.number(inputPSNR, digits: 2)) dB, a draw "
          + "\(Console.number(samplePSNR, digits: 2)) dB, the mean of draws "
          + "\(Console.number(meanPSNR, digits: 2)) dB")
    }
    return lines.joined(separator: "\n")
  }
}

/// Options that denoising and in-painting share.
struct RestorationOptions: ParsableArguments {
  @Option(help: "Draws an observation (default: 8).")
  var draws = 8

  @Option(help: "Observations at most (default: 100).")
  var samples = 100

  @Option(help: "Steps of a denoiser's chain (default: 250).")
  var steps: Int?

  @Option(
    help: "Where to write the draws, all of one observation together: .npy, .npz, .csv or .h5.")
  var output: String

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed (default: drawn, and printed).")
  var seed: UInt64?

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print a summary as JSON.")
  var json = false

  func validate() throws {
    guard draws >= 1, draws <= 100_000 else {
      throw ValidationError("--draws \(draws): give from 1 to 100000")
    }
    guard samples >= 1 else { throw ValidationError("--samples \(samples): give at least 1") }
    if let steps, steps < 2 || steps > 1_000_000 {
      throw ValidationError("--steps \(steps): give from 2 to 1000000")
    }
  }
}

/// The command that takes noise off data.
///
/// `szilard diffusion denoise RUN --data FILE --noise S --output FILE`
struct DiffusionDenoiseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "denoise",
    abstract: "Draw what data may stand behind noisy ones.",
    discussion: """
      --noise is the standard deviation of the noise in the data's own units; with --add-noise the data \
      are clean, get that noise, and the gain is reported. start: the reverse chain begins at the level \
      of the noise, exact for a perfect model. constant, fading: every step is multiplied by the \
      likelihood of the observation (2015), which is biased.
      """)

  enum Method: String, ExpressibleByArgument, CaseIterable { case start, constant, fading }

  @Argument(help: "A run folder or model file of szilard diffusion train.")
  var model: String

  @Option(help: "The observations (default: the data that the run held out).")
  var data: String?

  @Option(help: "Standard deviation of their noise, in the data's units.")
  var noise: Double

  @Flag(help: "The data are clean: add the noise and report what is gained.")
  var addNoise = false

  @Option(help: "start, constant or fading (default: start).")
  var method: Method = .start

  @OptionGroup var restoration: RestorationOptions

  func validate() throws {
    guard noise > 0, noise.isFinite else {
      throw ValidationError("--noise \(noise): give a standard deviation above 0")
    }
  }

  func run() throws {
    let workers = try restoration.compute.apply()
    LinearAlgebra.useOneThread()
    let loaded = try LoadedDiffusion(model, workers: workers)
    let chosenSeed = resolvedSeed(restoration.seed)
    let (draws, output, json) = (restoration.draws, restoration.output, restoration.json)
    let set = try loaded.data(
      data, reading: restoration.reading.reading, limit: restoration.samples, seed: chosenSeed,
      workers: workers)
    let (scaling, states) = try loaded.scaled(set, seed: chosenSeed)
    let deviation = noise / scaling.scale
    let observations =
      addNoise ? noisy(states, deviation: deviation, seed: chosenSeed) : states
    let kernel = try restorationKernel(loaded, steps: restoration.steps)
    let line = ProgressLine()
    var results: [Matrix<Double>] = []
    for draw in 0..<draws {
      line.show("draw \(draw + 1) of \(draws)", always: true)
      switch method {
      case .start:
        results.append(
          try NoisyStart(kernel, deviation: deviation).samples(
            of: observations, draw: draw, seed: chosenSeed, workers: workers))
      case .constant, .fading:
        let conditioning = Conditioning(
          .noisy(observations: observations, deviation: deviation), isFading: method == .fading)
        results.append(
          try AncestralSampler(
            kernel, lastStep: restorationLastStep(loaded), conditioning: conditioning
          ).samples(
            observations.rows, seed: chosenSeed &+ UInt64(draw), workers: workers
          ).samples)
      }
    }
    line.finish()
    let posterior = PosteriorDraws(results)
    try loaded.dataSet(posterior.rows, name: output).write(to: output)
    func ratio(_ values: Matrix<Double>) -> Double? {
      addNoise ? values.peakSignalToNoiseRatio(against: states) : nil
    }
    let summary = RestorationSummary(
      output: output, observations: set.count, draws: draws, method: method.rawValue,
      inputPSNR: ratio(observations), meanPSNR: ratio(posterior.mean),
      samplePSNR: ratio(results[0]), seed: chosenSeed)
    if json { return try Console.json(summary) }
    Console.message("seed \(chosenSeed)")
    Console.output(summary.text)
  }

  private func noisy(_ states: Matrix<Double>, deviation: Double, seed: UInt64) -> Matrix<Double> {
    var result = states
    var noise = [Double](repeating: 0, count: states.columns)
    for row in 0..<states.rows {
      var stream = NormalStream(seed: seed, purpose: .observationNoise, index: UInt64(row))
      stream.fill(&noise)
      result.setRow(row, to: zip(states.row(row), noise).map { $0 + deviation * $1 })
    }
    return result
  }
}

/// The command that fills holes in data.
///
/// `szilard diffusion inpaint RUN --data FILE --hole TOP,LEFT,HEIGHT,WIDTH --output FILE`
struct DiffusionInpaintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inpaint",
    abstract: "Draw what may stand where data are unknown.",
    discussion: """
      --hole names a rectangle of pictures, --unknown coordinates counted from 0 (e.g. 0-391,400). \
      diffused: known parts enter each step with the noise of its level. clamped: they enter clean, as in \
      2015, although what surrounds them is noisy. Neither is the exact posterior of a chain of finite \
      steps.
      """)

  enum Method: String, ExpressibleByArgument, CaseIterable { case diffused, clamped }

  @Argument(help: "A run folder or model file of szilard diffusion train.")
  var model: String

  @Option(help: "The data (default: those that the run held out).")
  var data: String?

  @Option(help: "The unknown rectangle of pictures: top,left,height,width in pixels.")
  var hole: String?

  @Option(help: "Unknown coordinates: indices and ranges counted from 0.")
  var unknown: String?

  @Option(help: "diffused or clamped (default: diffused).")
  var method: Method = .diffused

  @OptionGroup var restoration: RestorationOptions

  func validate() throws {
    if (hole == nil) == (unknown == nil) {
      throw ValidationError("say what is unknown: --hole or --unknown, one of them")
    }
  }

  func run() throws {
    let workers = try restoration.compute.apply()
    LinearAlgebra.useOneThread()
    let loaded = try LoadedDiffusion(model, workers: workers)
    let chosenSeed = resolvedSeed(restoration.seed)
    let (draws, output, json) = (restoration.draws, restoration.output, restoration.json)
    let set = try loaded.data(
      data, reading: restoration.reading.reading, limit: restoration.samples, seed: chosenSeed,
      workers: workers)
    let missing = try unknownCoordinates(of: set, loaded)
    let isMissing = (0..<set.unitCount).map { missing.contains($0) }
    let line = ProgressLine()
    var summary: RestorationSummary
    if loaded.model.description.kind == .categorical {
      if restoration.steps != nil {
        throw SzilardError(.usage, "--steps: a model of discrete data has one chain, as trained")
      }
      let kernel = try loaded.model.categoricalKernel()
      let sampler = try CategoricalAncestralSampler(
        kernel, diffusion: kernel.diffusion, lastStep: loaded.model.description.lastStep,
        workers: workers)
      let states = try loaded.model.description.states(of: set)
      let rows = (0..<states.rows).flatMap { [Int](repeating: $0, count: draws) }
      let known = CategoricalAncestralSampler.Known(
        data: states.selectingRows(rows), sites: isMissing.map { !$0 },
        rule: method == .clamped ? .clamped : .diffused)
      let filled = try sampler.samples(rows.count, seed: chosenSeed, known: known) { fraction in
        line.show("in-painting \(ProgressLine.bar(fraction))")
      }
      try loaded.dataSet(filled, name: output).write(to: output)
      summary = RestorationSummary(
        output: output, observations: set.count, draws: draws, method: method.rawValue,
        inputPSNR: nil, meanPSNR: nil, samplePSNR: nil, seed: chosenSeed)
    } else {
      let (_, states) = try loaded.scaled(set, seed: chosenSeed)
      let kernel = try restorationKernel(loaded, steps: restoration.steps)
      let conditioning = Conditioning(
        .known(
          values: states, coordinates: (0..<states.columns).filter { !isMissing[$0] },
          diffused: method == .diffused))
      var results: [Matrix<Double>] = []
      for draw in 0..<draws {
        line.show("draw \(draw + 1) of \(draws)", always: true)
        results.append(
          try AncestralSampler(
            kernel, lastStep: restorationLastStep(loaded), conditioning: conditioning
          ).samples(states.rows, seed: chosenSeed &+ UInt64(draw), workers: workers).samples)
      }
      let posterior = PosteriorDraws(results)
      try loaded.dataSet(posterior.rows, name: output).write(to: output)
      let holes = (0..<states.columns).filter { isMissing[$0] }
      // The mean of the known pixels of its own row stands for no method at all.
      var plain = states
      for row in 0..<states.rows {
        let seen = (0..<states.columns).filter { !isMissing[$0] }.map { states[row, $0] }
        for column in holes { plain[row, column] = mean(of: seen) }
      }
      summary = RestorationSummary(
        output: output, observations: set.count, draws: draws, method: method.rawValue,
        inputPSNR: plain.peakSignalToNoiseRatio(against: states, coordinates: holes),
        meanPSNR: posterior.mean.peakSignalToNoiseRatio(against: states, coordinates: holes),
        samplePSNR: results[0].peakSignalToNoiseRatio(against: states, coordinates: holes),
        seed: chosenSeed)
    }
    line.finish()
    if json { return try Console.json(summary) }
    Console.message("seed \(chosenSeed)")
    Console.output(summary.text)
  }

  private func unknownCoordinates(of set: DataSet, _ loaded: LoadedDiffusion) throws -> Set<Int> {
    var result: Set<Int>
    if let unknown {
      let named = try SampleCommand.units(unknown, count: set.unitCount, option: "--unknown")
      result = Set(named.indices.filter { named[$0] })
    } else {
      let parts = (hole ?? "").split(separator: ",", omittingEmptySubsequences: false)
      let numbers = parts.compactMap { Int($0) }.filter { (0...100_000).contains($0) }
      guard let shape = set.pictureShape else {
        throw SzilardError(
          .usage, "--hole: the data are no pictures; name coordinates by --unknown")
      }
      guard numbers.count == 4, parts.count == 4, numbers[2] > 0, numbers[3] > 0,
        numbers[0] + numbers[2] <= shape.height, numbers[1] + numbers[3] <= shape.width
      else {
        throw SzilardError(
          .usage,
          "--hole \(hole ?? ""): give top,left,height,width inside "
            + "\(shape.height) x \(shape.width) pixels")
      }
      result = []
      for row in numbers[0]..<numbers[0] + numbers[2] {
        for column in numbers[1]..<numbers[1] + numbers[3] {
          result.insert(row * shape.width + column)
        }
      }
    }
    guard !result.isEmpty, result.count < set.unitCount else {
      throw SzilardError(.usage, "all or nothing is unknown: name a part of the coordinates")
    }
    return result
  }
}

/// The chain that restores: a denoiser's has fewer steps than its training's.
private func restorationKernel(
  _ loaded: LoadedDiffusion, steps: Int?
) throws -> any GaussianReverseKernel {
  guard loaded.model.description.kind == .denoiser else {
    if steps != nil {
      throw SzilardError(.usage, "--steps: this model has the steps it was trained with")
    }
    return try loaded.model.reverseKernel()
  }
  var schedule = loaded.model.description.schedule
  schedule.steps = steps ?? min(schedule.steps, 250)
  return try loaded.model.reverseKernel(schedule: schedule)
}

private func restorationLastStep(_ loaded: LoadedDiffusion) -> LastStep {
  loaded.model.description.kind == .denoiser ? .model : .forward
}
