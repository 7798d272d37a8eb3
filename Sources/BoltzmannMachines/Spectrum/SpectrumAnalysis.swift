public import DataSets
public import NumericalCore
public import SpectralTheory

/// All that the couplings of a machine tell: modes, noise, data and samples seen along the modes, and
/// for a run the same along its training.
public struct SpectrumAnalysis: Sendable {
  /// Leading modes whose vectors are looked at.
  public var modes = 16
  /// Samples for principal components and projections at most, spread evenly over the data.
  public var sampleLimit = 20_000
  /// The threads.
  public var workers = Workers()

  /// The defaults.
  public init() {}

  /// Samples to compare with.
  public struct Samples: Sendable {
    /// States of the visible units.
    public let states: StateMatrix
    /// Weights of the samples, or nil.
    public let weights: [Double]?

    /// Some samples.
    public init(states: StateMatrix, weights: [Double]? = nil) {
      self.states = states
      self.weights = weights
    }
  }

  /// The singular values that a run began with.
  public struct Start: Sendable {
    /// The values, largest first.
    public let values: [Double]
    /// The law they were drawn from.
    public let law: MarchenkoPasturLaw
  }

  /// What was found.
  public struct Result: Sendable {
    /// The updates done; nil for a model that is no run.
    public var update: Int?
    /// The spectrum of the machine; vectors of the leading modes.
    public var spectrum: MachineSpectrum
    /// ``MachineSpectrum/gain(of:)``.
    public var gain: Double
    /// Principal components of the data.
    public var components: PrincipalComponents?
    /// |uᵅ·e^β| of modes and principal components.
    public var overlaps: Matrix<Double>?
    /// C_αα = uᵅ·C uᵅ of the data along the modes, native units.
    public var dataVariances: [Double]?
    /// The same of the samples of the machine.
    public var sampleVariances: [Double]?
    /// Data along the modes, centred at the data's mean, [samples, modes].
    public var dataProjections: Matrix<Double>?
    /// Samples of the machine along the modes, centred at the data's mean (their own without data).
    public var sampleProjections: Matrix<Double>?
    /// Where the run began; nil where it cannot be told.
    public var start: Start?
    /// The modes along the training; nil for a model that is no run.
    public var training: TrainingSpectrum?
    /// The records of the run.
    public var records: [TrainingRecord] = []
  }

  /// The spectrum of a machine.
  ///
  /// - Parameters:
  ///   - data: Samples of the data, for principal components and projections.
  ///   - samples: Samples of the machine.
  /// - Throws: ``SzilardError`` of kind `badData` for weights that have no spectrum.
  public func run(
    _ machine: RestrictedBoltzmannMachine, data: Samples?, samples: StateMatrix?
  ) throws(SzilardError) -> Result {
    let components = data.flatMap { principalComponents(of: $0, machine: machine) }
    let spectrum = try MachineSpectrum(of: machine, keeping: modes)
    return run(machine, spectrum, components: components, data: data, samples: samples)
  }

  /// The spectra of a run: its newest checkpoint as ``run(_:data:samples:)``, and all of them.
  ///
  /// - Parameters:
  ///   - data: The training data, for the theory's rates too.
  ///   - samples: Samples of the machine; nil for the chains of the newest checkpoint.
  ///   - progress: Told how far it is, from 0 to 1.
  /// - Throws: ``SzilardError`` for a run without checkpoints, or a damaged one.
  public func run(
    _ folder: RunFolder, data: Samples?, samples: StateMatrix?,
    progress: (Double) -> Void = { _ in }
  ) throws(SzilardError) -> Result {
    let description = try folder.description(as: RunDescription.self)
    let options = description.training.options
    let updates = folder.checkpoints
    guard let last = updates.last else {
      throw SzilardError(
        .badData, "\(folder.path): the run has no checkpoint yet; wait for one")
    }
    let newest = try Checkpoint(
      path: folder.checkpointFile(update: last), rule: options.optimizer)
    let components = data.flatMap { principalComponents(of: $0, machine: newest.machine) }
    var training = TrainingSpectrum(
      keeping: modes, components: components,
      data: data.map {
        TrainingSpectrum.TrainingData(states: $0.states, weights: $0.weights, options: options)
      }, workers: workers)
    for (index, update) in updates.enumerated() {
      try training.append(
        update == last
          ? newest
          : Checkpoint(path: folder.checkpointFile(update: update), rule: options.optimizer))
      progress(Double(index + 1) / Double(updates.count + 1))
    }
    guard let spectrum = training.points.last?.spectrum else {
      throw SzilardError(.badData, "\(folder.path): the newest checkpoint has no spectrum")
    }
    var result = run(
      newest.machine, spectrum, components: components, data: data,
      samples: samples ?? newest.chains)
    result.update = last
    result.training = training
    result.records = folder.metrics(as: TrainingRecord.self)
    result.start = SpectrumAnalysis.start(
      of: description, records: result.records, like: newest.machine)
    progress(1)
    return result
  }

  /// The singular values that a run began with, from its seed; nil where its records say otherwise.
  public static func start(
    of description: RunDescription, records: [TrainingRecord],
    like machine: RestrictedBoltzmannMachine
  ) -> Start? {
    let scale = description.training.initialWeights
    let (rows, columns) = (machine.weights.rows, machine.weights.columns)
    guard scale > 0, let first = records.first, first.update == 0,
      let recorded = first.singularValues.first
    else { return nil }
    let values = LinearAlgebra.singularValues(
      RestrictedBoltzmannMachine.initialWeights(
        rows: rows, columns: columns, scale: scale, seed: description.training.seed))
    guard let largest = values.first, abs(largest - recorded) < 1e-4 * recorded else { return nil }
    return Start(
      values: values,
      law: MarchenkoPasturLaw(rows: rows, columns: columns, entryDeviation: scale))
  }

  private func run(
    _ machine: RestrictedBoltzmannMachine, _ spectrum: MachineSpectrum,
    components: PrincipalComponents?, data: Samples?, samples: StateMatrix?
  ) -> Result {
    let isSpin = machine.visible.kind == .spin
    let vectors = spectrum.modes.left
    var result = Result(spectrum: spectrum, gain: MachineSpectrum.gain(of: machine))
    result.components = components
    if let components {
      result.overlaps = components.overlaps(with: vectors, components: modes)
      let along = components.covariance(along: vectors)
      result.dataVariances = (0..<vectors.rows).map { along[$0, $0] }
    }
    if let data {
      result.dataProjections = some(data.states).projections(
        on: vectors, centre: components?.mean, isSpin: isSpin)
    }
    if let samples, samples.rows > 1 {
      let projections = some(samples).projections(
        on: vectors, centre: components?.mean, isSpin: isSpin)
      let covariance = covarianceMatrix(of: projections)
      result.sampleVariances = (0..<vectors.rows).map { covariance[$0, $0] }
      result.sampleProjections = components == nil ? centred(projections) : projections
    }
    return result
  }

  private func principalComponents(
    of data: Samples, machine: RestrictedBoltzmannMachine
  ) -> PrincipalComponents? {
    let rows = someRows(of: data.states.rows)
    return PrincipalComponents(
      of: data.states.selectingRows(rows),
      weights: data.weights.map { all in rows.map { all[$0] } },
      isSpin: machine.visible.kind == .spin)
  }

  /// At most ``sampleLimit`` samples.
  private func some(_ states: StateMatrix) -> StateMatrix {
    states.rows > sampleLimit ? states.selectingRows(someRows(of: states.rows)) : states
  }

  private func someRows(of count: Int) -> [Int] {
    let kept = min(count, sampleLimit)
    return (0..<kept).map { $0 * count / kept }
  }

  private func centred(_ projections: Matrix<Double>) -> Matrix<Double> {
    var result = projections
    for column in 0..<projections.columns {
      let mean =
        (0..<projections.rows).reduce(0) { $0 + projections[$1, column] }
        / Double(max(1, projections.rows))
      for row in 0..<projections.rows { result[row, column] -= mean }
    }
    return result
  }
}
