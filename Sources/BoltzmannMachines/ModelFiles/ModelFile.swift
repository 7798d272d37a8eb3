internal import DataSets
internal import Foundation
public import NumericalCore

/// Files that hold a machine: safetensors, npz, and HDF5 as the `rbms` package writes it.
public enum ModelFile {
  /// Reads a machine.
  ///
  /// The suffix tells the format (`.safetensors`, `.npz`, `.h5`, `.hdf5`). A folder is a run: its
  /// newest model is read.
  ///
  /// - Throws: ``SzilardError`` that names the file and what is wrong with it.
  public static func load(_ path: String) throws(SzilardError) -> RestrictedBoltzmannMachine {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw SzilardError(.cannotOpen, "\(path): there is no such file or folder")
    }
    if isFolder.boolValue {
      let model = path + "/model.safetensors"
      guard FileManager.default.fileExists(atPath: model) else {
        throw SzilardError(
          .cannotOpen, "\(path): this folder holds no model.safetensors; is it a run folder?")
      }
      return try load(model)
    }
    let machine: RestrictedBoltzmannMachine
    switch (path as NSString).pathExtension.lowercased() {
    case "safetensors": machine = try SafetensorsModel.load(path)
    case "npz": machine = try NPZModel.load(path)
    case "h5", "hdf5": machine = try HDF5Model.load(path)
    case let other:
      throw SzilardError(
        .badData,
        "\(path): '.\(other)' is not a model format; give .safetensors, .npz, .h5 or a run folder")
    }
    do {
      try machine.checkNormalisable()
    } catch {
      throw SzilardError(.badData, "\(path): \(error.message)")
    }
    return machine
  }

  /// Writes a machine; the suffix tells the format.
  ///
  /// - Throws: ``SzilardError`` when the format cannot hold the machine or the file cannot be
  ///   written; an existing file then stays as it was.
  public static func save(
    _ machine: RestrictedBoltzmannMachine, to path: String
  ) throws(SzilardError) {
    switch (path as NSString).pathExtension.lowercased() {
    case "safetensors": try SafetensorsModel.encode(machine).write(to: path)
    case "npz": try NPZModel.save(machine, to: path)
    case "h5", "hdf5": try HDF5Model.save(machine, to: path)
    case let other:
      throw SzilardError(
        .usage, "\(path): cannot write '.\(other)'; give .safetensors, .npz or .h5")
    }
  }

  /// The machine with the given parameters, after checks of every shape.
  ///
  /// - Parameter weights: Values in row-major order, of shape [visible, hidden] or
  ///   [visible, colours, hidden].
  static func machine(
    weights: [Float], shape: [Int], visibleBiases: [Float], hiddenBiases: [Float],
    visibleKind: UnitKind, hiddenKind: UnitKind, path: String
  ) throws(SzilardError) -> RestrictedBoltzmannMachine {
    guard shape.count == 2 || shape.count == 3 else {
      throw SzilardError(
        .badData,
        "\(path): weights have \(shape.count) dimensions; expected [visible, hidden] or [visible, colours, hidden]"
      )
    }
    guard shape.allSatisfy({ $0 > 0 }), weights.count == shape.reduce(1, *) else {
      throw SzilardError(
        .badData,
        "\(path): weights of shape \(shape); each layer needs at least one unit")
    }
    let colours = shape.count == 3 ? shape[1] : 1
    guard colours == visibleKind.channels, colours <= 256 else {
      throw SzilardError(
        .badData,
        "\(path): weights have \(colours) colours a visible unit, \(visibleKind.name) units have \(visibleKind.channels)"
      )
    }
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: visibleKind, count: shape[0]),
      hidden: Layer(kind: hiddenKind, count: shape[shape.count - 1]))
    for (name, given, wanted) in [
      ("visible", visibleBiases.count, machine.visible.size),
      ("hidden", hiddenBiases.count, machine.hidden.size),
    ] where given != wanted {
      let isTransposed =
        visibleBiases.count == shape[shape.count - 1] && hiddenBiases.count == shape[0]
      throw SzilardError(
        .badData,
        "\(path): \(given) \(name) biases do not fit weights of shape \(shape); expected \(wanted)"
          + (isTransposed ? ". Are the weights transposed?" : ""))
    }
    machine.weights = Matrix(
      rows: machine.visible.size, columns: machine.hidden.count, elements: weights)
    machine.visible.biases = visibleBiases
    machine.hidden.biases = hiddenBiases
    return machine
  }

  /// Checks what is not a parameter but must fit the machine: alphabet, shape of pictures, means.
  static func checkMetadata(
    of machine: RestrictedBoltzmannMachine, path: String
  ) throws(SzilardError) {
    let visible = machine.visible
    if let alphabet = machine.alphabet, case .potts(let colours) = visible.kind {
      guard (try? Alphabet(alphabet))?.count == colours else {
        throw SzilardError(
          .badData,
          "\(path): the alphabet '\(alphabet)' does not name \(colours) colours by one symbol each")
      }
    }
    if let shape = machine.shape {
      let count = shape.reduce(Optional(1)) { product, length in
        let (result, overflow) = (product ?? 0).multipliedReportingOverflow(by: length)
        return overflow || length <= 0 || product == nil ? nil : result
      }
      guard count == visible.count else {
        throw SzilardError(
          .badData,
          "\(path): pictures of shape \(shape) do not have \(visible.count) visible units")
      }
    }
    if let means = machine.dataMeans {
      let range: ClosedRange<Float> =
        switch visible.kind {
        case .bernoulli, .potts: 0...1
        case .spin: -1...1
        case .gaussian: -Float.greatestFiniteMagnitude...Float.greatestFiniteMagnitude
        }
      guard means.count == visible.size, means.allSatisfy(range.contains) else {
        throw SzilardError(
          .badData,
          "\(path): data_means must be \(visible.size) possible means of \(visible.kind.name) units, "
            + "one for each visible parameter")
      }
    }
  }
}
