internal import ArgumentParser
internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import NumericalCore

/// A diffusion model as the commands take it: a run folder or a model file.
struct LoadedDiffusion {
  /// The model.
  let model: DiffusionModel
  /// The run, where there is one.
  let run: (folder: RunFolder, description: DiffusionRunDescription)?

  init(_ path: String, workers: Workers) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw SzilardError(.cannotOpen, "\(path): there is no such run folder or model file")
    }
    guard isFolder.boolValue else {
      model = try DiffusionModel(path: path, workers: workers)
      run = nil
      return
    }
    let folder = try RunFolder(existing: path)
    guard FileManager.default.fileExists(atPath: folder.modelFile) else {
      throw SzilardError(
        .cannotOpen, "\(path): holds no model yet; train on (--resume) to the first checkpoint")
    }
    model = try DiffusionModel(path: folder.modelFile, workers: workers)
    run = (folder, try folder.description(as: DiffusionRunDescription.self))
  }

  /// The data that a command was given, or those that the run held out.
  func data(
    _ given: String?, reading: ReadingDescription, limit: Int?, seed: UInt64, workers: Workers
  ) throws -> DataSet {
    let set: DataSet
    if let given {
      set = try loadDiffusionData(given, try reading.options(seed: seed, workers: workers))
    } else if let run {
      guard reading == ReadingDescription() else {
        throw SzilardError(
          .usage, "options of reading go with --data; the run's own data are read as in training")
      }
      let description = run.description
      let options = try description.reading.options(
        seed: description.training.seed, workers: workers)
      if let test = description.test {
        set = try loadDiffusionData(test, options)
      } else {
        let all = try loadDiffusionData(description.data, options)
        let split = all.split(fraction: description.heldOut, seed: description.training.seed)
        set = split.first.count > 0 ? split.first : split.second
        if split.first.count == 0 {
          Console.message("the run held no data out: these are the training data")
        }
      }
    } else {
      throw SzilardError(.usage, "a model file knows no data: give --data DATA")
    }
    guard set.unitCount == model.unitCount else {
      throw SzilardError(
        .badData,
        "\(set.name): has \(set.unitCount) values a sample, the model "
          + "\(model.unitCount)")
    }
    guard let limit, limit < set.count else { return set }
    return set.selecting((0..<limit).map { $0 * set.count / limit })
  }

  /// Continuous data scaled as the model's.
  func scaled(_ set: DataSet, seed: UInt64) throws -> (data: GaussianData, states: Matrix<Double>) {
    guard case .reals(let samples) = set.values else {
      guard model.description.kind != .categorical else {
        throw SzilardError(
          .usage, "the model is one of discrete data; this needs one of continuous data")
      }
      throw SzilardError(
        .badData,
        "\(set.name): the data are discrete, the model one of continuous data; read them "
          + "with --variables continuous")
    }
    let data: GaussianData
    do {
      data = try model.description.data(samples)
    } catch {
      throw SzilardError(error.kind, "\(set.name): \(error.message)")
    }
    return (data, data.scaled(0..<set.count, seed: seed))
  }

  /// Samples in the data's own units and kind; quantised values are brought to their middle.
  func dataSet(_ states: Matrix<Double>, name: String) throws -> DataSet {
    let description = model.description
    let data = try description.data(Matrix<Float>(rows: 0, columns: states.columns))
    var values = data.unscaled(states)
    if let quantum = description.quantum, quantum > 0 {
      values = values.map { min(1, max(0, $0 - Float(quantum / 2))) }
    }
    var set = DataSet(values: .reals(values), variableKind: .continuous, name: name)
    if let shape = description.pictureShape, shape.count == 2 {
      set.pictureShape = DataSet.PictureShape(height: shape[0], width: shape[1])
    }
    return set
  }

  /// Discrete samples in the data's kind.
  func dataSet(_ states: Matrix<UInt8>, name: String) throws -> DataSet {
    let description = model.description
    var set: DataSet
    switch description.variables {
    case "binary", "spin":
      var bits = BitMatrix(rows: states.rows, columns: states.columns)
      for row in 0..<states.rows {
        for column in 0..<states.columns where states[row, column] == 1 {
          bits[row, column] = true
        }
      }
      set = DataSet(
        values: .bits(bits), variableKind: description.variables == "spin" ? .spin : .binary,
        name: name)
    default:
      let alphabet = try Alphabet(description.alphabet ?? "")
      set = DataSet(
        values: .colours(states, count: alphabet.count), variableKind: .categorical(alphabet),
        name: name)
    }
    if let shape = description.pictureShape, shape.count == 2 {
      set.pictureShape = DataSet.PictureShape(height: shape[0], width: shape[1])
    }
    return set
  }
}

extension LoadedDiffusion {
  /// Entropy production of the forward process of data, with the model's score: from 10⁻³ to the end of the
  /// cosine path, or along the model's own chain.
  func entropyProduction(
    of states: Matrix<Double>, seed: UInt64, workers: Workers
  ) throws -> DiffusionEntropyProduction {
    guard model.description.kind == .denoiser else {
      return try DiffusionEntropyProduction(
        of: try model.reverseKernel(), data: states, seed: seed, workers: workers)
    }
    return try DiffusionEntropyProduction(
      of: try model.denoiser(), data: states, path: .cosine(offset: 0.008),
      grid: TimeGrid(panels: states.columns > 100 ? 10 : 24, in: 1e-3...0.995), seed: seed,
      workers: workers)
  }
}
