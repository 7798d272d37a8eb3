internal import DataSets
internal import Foundation
public import Learning
public import NumericalCore

/// A trained diffusion: its description and the parameters of its network.
public struct DiffusionModel: Sendable {
  /// What it is.
  public let description: DiffusionDescription
  /// The network on its threads.
  public let evaluator: NetworkEvaluator
  /// The parameters: the average of those that training went through.
  public var parameters: NetworkParameters

  /// A model.
  public init(
    description: DiffusionDescription, parameters: NetworkParameters, workers: Workers
  ) {
    self.description = description
    self.parameters = parameters
    evaluator = NetworkEvaluator(description.network.network, workers: workers)
  }

  /// Values of a sample of the data: the network's inputs, but for symbols, which take one for each category.
  public var unitCount: Int {
    let inputs = evaluator.network.inputSize
    guard let categories = description.categories, categories > 2 else { return inputs }
    return inputs / categories
  }

  /// The reverse chain.
  ///
  /// - Parameter variance: The width of a denoiser's steps, nil for ``usualVariance``; a model of the
  ///   kernel has its own.
  /// - Throws: `usage` for a model of discrete data, and for a variance that the model does not have.
  public func reverseKernel(
    schedule: ScheduleDescription? = nil, variance: DenoisingKernel.Variance? = nil
  ) throws(SzilardError) -> any GaussianReverseKernel {
    switch description.kind {
    case .reverseKernel:
      if let schedule, schedule != description.schedule {
        throw SzilardError(
          .usage,
          "a model of the reverse kernel has the steps it was trained with: "
            + "\(description.schedule.steps) of the schedule \(description.schedule.name.rawValue)")
      }
      if let variance {
        throw SzilardError(
          .usage,
          "the variance '\(variance.rawValue)' is one of a denoiser's steps; a model of the reverse "
            + "kernel has learned its own")
      }
      return LearnedReverseKernel(
        evaluator: single, parameters: parameters, diffusion: try description.diffusion())
    case .denoiser:
      let chain = GaussianDiffusion(try (schedule ?? description.schedule).schedule())
      return try DenoisingKernel(
        try denoiser(), diffusion: chain, variance: variance ?? usualVariance)
    case .categorical:
      throw SzilardError(.usage, "the model is one of discrete data")
    }
  }

  /// The width of a denoiser's steps unless another is asked for: what it learned, or the posterior's.
  public var usualVariance: DenoisingKernel.Variance {
    description.loss == .hybrid ? .learned : .posterior
  }

  /// The denoiser.
  ///
  /// - Throws: `usage` for a model that is not one.
  public func denoiser() throws(SzilardError) -> NetworkDenoiser {
    guard description.kind == .denoiser, let head = description.head else {
      throw SzilardError(
        .usage,
        "the model gives reverse steps of its chain, not what stands behind any noisy state; "
          + "train with --model denoiser for flows, straight paths and other numbers of steps")
    }
    return NetworkDenoiser(evaluator: single, parameters: parameters, head: head)
  }

  /// The reverse chain of discrete data.
  ///
  /// - Throws: `usage` for a model of continuous data.
  public func categoricalKernel() throws(SzilardError) -> DataPredictionKernel {
    let chain = try description.categoricalDiffusion()
    let width = chain.categories == 2 ? 1 : chain.categories
    return try DataPredictionKernel(
      NetworkCategoricalDenoiser(
        evaluator: single, parameters: parameters, diffusion: chain,
        coding: try description.coding(sites: evaluator.network.inputSize / width)),
      diffusion: chain)
  }

  /// The network on one thread: samplers and bounds work blocks of states on all threads themselves.
  private var single: NetworkEvaluator {
    NetworkEvaluator(evaluator.network, workers: Workers(count: 1))
  }

  /// Writes the model, whole or not at all: tensors by name, the description in the metadata.
  public func write(to path: String) throws(SzilardError) {
    try DiffusionModel.file(description, parameters).write(to: path)
  }

  static func file(
    _ description: DiffusionDescription, _ parameters: NetworkParameters
  ) throws(SzilardError) -> Safetensors {
    var file = Safetensors()
    for (name, tensor) in zip(parameters.names, parameters.tensors) {
      file.tensors[name] = StoredArray(tensor)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let text = try? encoder.encode(description) else {
      throw SzilardError(.internalFault, "the description of a model cannot be encoded")
    }
    file.metadata["diffusion"] = String(decoding: text, as: UTF8.self)
    return file
  }

  static func description(
    of file: Safetensors, path: String
  ) throws(SzilardError) -> DiffusionDescription {
    guard let text = file.metadata["diffusion"] else {
      throw SzilardError(
        .badData, "\(path): is not a diffusion model: its metadata have no entry 'diffusion'")
    }
    do {
      return try JSONDecoder().decode(DiffusionDescription.self, from: Data(text.utf8))
    } catch {
      throw SzilardError(.badData, "\(path): its description cannot be read: \(error)")
    }
  }

  /// Reads a model.
  ///
  /// - Throws: `badData` when the file is no diffusion model, or a tensor is missing or of another shape.
  public init(path: String, workers: Workers) throws(SzilardError) {
    let file = try Safetensors(path: path)
    let description = try DiffusionModel.description(of: file, path: path)
    let numbers = file.tensors.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
    if let fault = description.fault(numbers: numbers) {
      throw SzilardError(.badData, "\(path): its description is no model's: \(fault)")
    }
    var parameters = description.network.network.initialParameters(seed: 0)
    try parameters.replace(from: file, prefix: "", path: path)
    self.init(description: description, parameters: parameters, workers: workers)
  }
}

extension NetworkParameters {
  /// Takes the tensors of a file, which must be those of this network.
  mutating func replace(
    from file: Safetensors, prefix: String, path: String
  ) throws(SzilardError) {
    for (slot, name) in names.enumerated() {
      let old = tensors[slot]
      guard let matrix = file.tensors[prefix + name]?.matrix, matrix.rows == old.rows,
        matrix.columns == old.columns
      else {
        throw SzilardError(
          .badData,
          "\(path): the tensor '\(prefix + name)' is missing or not "
            + "\(old.rows) x \(old.columns)")
      }
      guard matrix.sumOfSquares.isFinite else {
        throw SzilardError(
          .badData, "\(path): the tensor '\(prefix + name)' holds numbers that are not finite")
      }
      tensors[slot] = matrix
    }
  }

  /// Puts the tensors into a file.
  func write(to file: inout Safetensors, prefix: String) {
    for (name, tensor) in zip(names, tensors) { file.tensors[prefix + name] = StoredArray(tensor) }
  }
}
