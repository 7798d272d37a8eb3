internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import NumericalCore

/// Likelihoods of a set of data under a loaded model.
struct DiffusionMeasurement {
  let loaded: LoadedDiffusion
  let set: DataSet
  let seed: UInt64
  let workers: Workers

  private var description: DiffusionDescription { loaded.model.description }

  /// The chain of a denoiser with another number of steps.
  private func schedule(_ steps: Int?) throws -> ScheduleDescription? {
    guard let steps else { return nil }
    guard description.kind == .denoiser else {
      throw SzilardError(.usage, "--steps: this model has the steps it was trained with")
    }
    var schedule = description.schedule
    schedule.steps = steps
    return schedule
  }

  func bound(
    draws: Int?, lastStep: LastStep?, variance: DenoisingKernel.Variance?, steps: Int?,
    progress: @escaping @Sendable (Double) -> Void
  ) throws -> DiffusionLikelihood {
    if description.kind == .categorical {
      try refuseChoices(lastStep, variance, steps)
      let kernel = try loaded.model.categoricalKernel()
      let value = try CategoricalEvidenceBound(
        of: kernel, diffusion: kernel.diffusion, data: try description.states(of: set),
        lastStep: description.lastStep, stepsPerSample: draws, seed: seed, workers: workers,
        progress: progress)
      var result = DiffusionLikelihood(
        method: "bound", logLikelihood: value.bound, lowerBound: true, samples: set.count,
        dimension: set.unitCount)
      result.compare(withNull: value.nullLogLikelihood)
      result.steps = kernel.diffusion.steps
      result.lastStep = description.lastStep.rawValue
      result.terms = value.terms
      return result
    }
    let (data, states) = try loaded.scaled(set, seed: seed)
    let kernel = try loaded.model.reverseKernel(
      schedule: try schedule(steps), variance: variance)
    let value = try EvidenceBound(
      kernel, lastStep: lastStep ?? usualLastStep,
      sum: draws.map { .someSteps(draws: $0) } ?? .everyStep, workers: workers
    ).evaluate(states, seed: seed, progress: progress)
    var result = DiffusionLikelihood(
      method: "bound", logLikelihood: value.total, lowerBound: true, samples: set.count,
      dimension: set.unitCount)
    result.compare(withNull: value.nullValue, gain: value.gain)
    try addBits(&result, data)
    result.steps = kernel.diffusion.schedule.steps
    result.lastStep = value.lastStep.rawValue
    result.terms = value.terms
    return result
  }

  func jarzynski(
    paths: Int, lastStep: LastStep?, variance: DenoisingKernel.Variance?, steps: Int?,
    progress: @escaping @Sendable (Double) -> Void
  ) throws -> DiffusionLikelihood {
    guard description.kind != .categorical else {
      try refuseChoices(lastStep, variance, steps)
      return try categoricalJarzynski(paths: paths)
    }
    let (data, states) = try loaded.scaled(set, seed: seed)
    let kernel = try loaded.model.reverseKernel(
      schedule: try schedule(steps), variance: variance)
    let value = try PathLikelihood(
      PathWork(kernel, lastStep: lastStep ?? usualLastStep, workers: workers), paths: paths
    ).evaluate(states, seed: seed, progress: progress)
    var result = jarzynski(value, paths: paths)
    try addBits(&result, data)
    result.steps = kernel.diffusion.schedule.steps
    result.lastStep = (lastStep ?? usualLastStep).rawValue
    return result
  }

  /// A chain of discrete data is as it was trained.
  private func refuseChoices(
    _ lastStep: LastStep?, _ variance: DenoisingKernel.Variance?, _ steps: Int?
  ) throws {
    let options = [
      ("--last-step", lastStep != nil), ("--variance", variance != nil), ("--steps", steps != nil),
    ]
    if let (option, _) = options.first(where: \.1) {
      throw SzilardError(.usage, "\(option): a model of discrete data has one chain, as trained")
    }
  }

  private func categoricalJarzynski(paths: Int) throws -> DiffusionLikelihood {
    let kernel = try loaded.model.categoricalKernel()
    let sampler = try CategoricalAncestralSampler(
      kernel, diffusion: kernel.diffusion, lastStep: description.lastStep, workers: workers)
    let work = try CategoricalPathWork.forward(
      sampler, data: try description.states(of: set), pathsPerSample: paths, seed: seed)
    var result = jarzynski(
      work.likelihood(pathsPerSample: paths, workers: workers), paths: paths)
    result.steps = kernel.diffusion.steps
    result.lastStep = description.lastStep.rawValue
    return result
  }

  /// What the exponential average of paths says; an unresolved one still bounds from below.
  private func jarzynski(_ value: PathLikelihood.Value, paths: Int) -> DiffusionLikelihood {
    var result = DiffusionLikelihood(
      method: "jarzynski", logLikelihood: value.logLikelihood,
      lowerBound: !value.logLikelihood.isResolved, samples: set.count, dimension: set.unitCount)
    result.singlePathBound = value.bounds.first?.estimate
    result.paths = paths
    result.dissipatedWork = value.dissipation
    result.effectiveFraction = value.effectiveFraction
    return result
  }

  func flow(
    probes: Int?, tolerance: Double, progress: @escaping @Sendable (Double) -> Void
  ) throws -> DiffusionLikelihood {
    guard description.kind == .denoiser else {
      throw SzilardError(
        .usage, "--method ode needs a denoiser; this model is a \(description.kind.rawValue)")
    }
    let (data, states) = try loaded.scaled(set, seed: seed)
    let start = 1e-3
    let path = NoisePath.cosine(offset: 0.008)
    let level = path.level(at: start)
    var flow = ProbabilityFlowLikelihood(
      try loaded.model.denoiser(), path: path, from: start, to: 0.999, tolerance: tolerance,
      workers: workers)
    if let probes {
      flow.divergence = .probes(probes)
    } else if states.columns > 50 {
      flow.divergence = .probes(4)
    }
    // The density of a x + s z at a x: that of x with noise of s/a, over aᵈ.
    let value = try flow.evaluate(
      states.map { level.signal * $0 }, seed: seed, progress: progress)
    let jacobian = Double(states.columns) * log(level.signal)
    var result = DiffusionLikelihood(
      method: "ode", logLikelihood: value.logDensity.scaled(by: 1, plus: jacobian),
      lowerBound: false, samples: set.count, dimension: set.unitCount)
    let null = (0..<states.rows).reduce(0.0) { sum, row in
      sum - states.row(row).reduce(0) { $0 + 0.5 * ($1 * $1 + log(2 * .pi)) }
    }
    result.compare(withNull: null / Double(states.rows))
    try addBits(&result, data)
    result.probeError = value.probeError
    result.startNoise = value.startNoise
    result.evaluations = value.evaluations
    return result
  }

  func parzen(
    generated: String?, validation: String?, reading: ReadingDescription,
    progress: @escaping @Sendable (Double) -> Void
  ) throws -> DiffusionLikelihood {
    guard case .reals(let test) = set.values, description.kind != .categorical else {
      throw SzilardError(.usage, "--method parzen is for continuous data")
    }
    let options = try reading.options(seed: seed, workers: workers)
    func samples(_ name: String) throws -> Matrix<Float> {
      let other = try loadDiffusionData(name, options)
      guard case .reals(let values) = other.values, values.columns == test.columns else {
        throw SzilardError(
          .badData, "\(name): is not of \(test.columns) real numbers a sample")
      }
      return values
    }
    let drawn: Matrix<Float>
    if let generated {
      drawn = try samples(generated)
    } else if description.kind == .denoiser {
      let sampler = try HeunSampler(try loaded.model.denoiser(), levels: 25)
      let states = try sampler.samples(
        10_000, seed: seed, workers: workers, progress: progress
      ).samples
      guard case .reals(let values) = try loaded.dataSet(states, name: "samples").values else {
        throw SzilardError(.internalFault, "samples that are not real")
      }
      drawn = values
    } else {
      throw SzilardError(
        .usage,
        "--method parzen: draw samples first (szilard diffusion sample) and name them by "
          + "--generated")
    }
    let other: Matrix<Float>
    if let validation {
      other = try samples(validation)
    } else if let run = loaded.run {
      let description = run.description
      let all = try loadDiffusionData(
        description.data,
        description.reading.options(seed: description.training.seed, workers: workers))
      // The protocol takes the images from 50,000 on.
      let first = all.count > 51_000 ? 50_000 : max(0, all.count - 1000)
      guard
        case .reals(let values) = all.selecting(
          Array(first..<min(all.count, first + 1000))
        ).values
      else {
        throw SzilardError(.badData, "\(description.data): is not continuous")
      }
      other = values
    } else {
      throw SzilardError(.usage, "--method parzen with a model file needs --validation DATA")
    }
    let windows = ParzenWindow(samples: drawn, validation: other, workers: workers)
    var result = DiffusionLikelihood(
      method: "parzen", logLikelihood: windows.estimate(of: test), lowerBound: false,
      samples: set.count, dimension: set.unitCount)
    result.parzenWidth = windows.width
    return result
  }

  private var usualLastStep: LastStep { description.kind == .denoiser ? .model : .forward }

  /// Bits a dimension of the integers behind quantised data.
  private func addBits(
    _ result: inout DiffusionLikelihood, _ data: GaussianData
  ) throws {
    guard data.quantum > 0 else { return }
    let scaling = try BitsPerDimension(
      shift: data.shift.map { $0 / data.quantum },
      scale: data.shift.map { _ in data.scale / data.quantum },
      levels: Int((1 / data.quantum).rounded()) + 1)
    result.bitsPerDimension = scaling.bits(ofLogDensity: result.logLikelihood)
    result.dequantisation =
      "of integers, uniform noise of width 1 added: "
      + (result.lowerBound ? "an upper bound" : "of the density with that noise")
  }
}
