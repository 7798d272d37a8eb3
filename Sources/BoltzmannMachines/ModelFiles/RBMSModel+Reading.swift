internal import DataSets
internal import NumericalCore

extension RBMSModel {
  /// Where a machine lies in a file.
  private struct Place {
    let number: Int
    let weights: String
    let visibleBiases: String
    let hiddenBiases: String
  }

  /// The newest machine, or that of the given number.
  static func load(
    _ file: HDF5File, update: Int?
  ) throws(SzilardError) -> RestrictedBoltzmannMachine {
    let places = try places(in: file)
    guard let newest = places.max(by: { $0.number < $1.number }) else {
      throw try noModel(in: file)
    }
    guard let update else { return try machine(at: newest, in: file) }
    guard let place = places.first(where: { $0.number == update }) else {
      let numbers = places.map(\.number).sorted().map(String.init).joined(separator: ", ")
      throw SzilardError(
        .badData, "\(file.path): holds no model of update \(update); it holds \(numbers)")
    }
    return try machine(at: place, in: file)
  }

  /// The machines of a file: groups `update_<N>`, else groups `epoch_<N>`, else datasets `W<N>`.
  private static func places(in file: HDF5File) throws(SzilardError) -> [Place] {
    let names = try file.names()
    func numbered(_ prefix: String, _ kind: HDF5File.ObjectKind) -> [(Int, String)] {
      names.compactMap { name in
        guard name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count)), number >= 0,
          file.kind(of: name) == kind
        else { return nil }
        return (number, name)
      }
    }
    for prefix in ["update_", "epoch_"] {
      let groups = numbered(prefix, .group)
      if groups.isEmpty { continue }
      return groups.map { number, name in
        let group = file.kind(of: name + "/params") == .group ? name + "/params" : name
        return Place(
          number: number, weights: group + "/weight_matrix", visibleBiases: group + "/vbias",
          hiddenBiases: group + "/hbias")
      }
    }
    return numbered("W", .dataset).map { number, name in
      let suffix = name.dropFirst()
      return Place(
        number: number, weights: name, visibleBiases: "vbias\(suffix)",
        hiddenBiases: "hbias\(suffix)")
    }
  }

  private static func noModel(in file: HDF5File) throws(SzilardError) -> SzilardError {
    let names = try file.names()
    let there =
      names.isEmpty
      ? "it is empty"
      : "at its top are " + names.prefix(12).joined(separator: ", ")
        + (names.count > 12 ? ", …" : "")
    let advice =
      names.contains("samples") ? "; this looks like a file of samples, not of a model" : ""
    return SzilardError(
      .badData,
      "\(file.path): holds no model: expected a group update_<N> with weight_matrix, vbias and "
        + "hbias (rbms), or \(JuliaModel.marker); \(there)\(advice)")
  }

  /// The type that the file states; nil for files of the predecessors of `rbms`.
  private static func statedType(of file: HDF5File) throws(SzilardError) -> RBMSType? {
    guard file.exists("model_type") else { return nil }
    let name = try file.string("model_type")
    guard let type = RBMSType(rawValue: name) else {
      throw SzilardError(
        .badData,
        "\(file.path): model_type is '\(name)'; "
          + RBMSType.allCases.map(\.rawValue).joined(separator: ", ") + " are read")
    }
    return type
  }

  /// A dataset of parameters.
  private static func parameter(
    _ dataset: String, in file: HDF5File
  ) throws(SzilardError) -> StoredArray {
    guard file.kind(of: dataset) == .dataset else {
      let group = dataset.split(separator: "/").dropLast().joined(separator: "/")
      let names = try file.names(in: "/" + group)
      let isPairwise = names.contains("coupling_matrix")
      throw SzilardError(
        .badData,
        "\(file.path): there is no dataset '\(dataset)'; "
          + (isPairwise
            ? "coupling_matrix belongs to a machine without hidden units, which is not read"
            : "a model has a weight matrix, visible and hidden biases"))
    }
    return try file.array(dataset)
  }

  private static func check(
    _ array: StoredArray, _ dataset: String, is expected: [Int], weights: StoredArray,
    in file: HDF5File
  ) throws(SzilardError) {
    guard array.shape == expected else {
      throw SzilardError(
        .badData,
        "\(file.path): \(dataset) has the shape \(array.shape); expected \(expected), as the "
          + "weights have the shape \(weights.shape)")
    }
  }

  private static func machine(
    at place: Place, in file: HDF5File
  ) throws(SzilardError) -> RestrictedBoltzmannMachine {
    let stated = try statedType(of: file)
    let weights = try parameter(place.weights, in: file)
    let type = stated ?? (weights.shape.count == 3 ? .pottsBernoulli : .bernoulliBernoulli)
    let rank = type == .pottsBernoulli ? 3 : 2
    guard weights.shape.count == rank, weights.shape.allSatisfy({ $0 > 0 }) else {
      let axes = rank == 3 ? "[visible, states, hidden]" : "[visible, hidden]"
      throw SzilardError(
        .badData,
        "\(file.path): \(place.weights) has the shape \(weights.shape); the weights of a "
          + "\(type.rawValue) have the axes \(axes), none of them empty")
    }
    let visible = try parameter(place.visibleBiases, in: file)
    let hidden = try parameter(place.hiddenBiases, in: file)
    try check(
      visible, place.visibleBiases, is: Array(weights.shape.dropLast()), weights: weights, in: file)
    try check(
      hidden, place.hiddenBiases, is: Array(weights.shape.suffix(1)), weights: weights, in: file)

    let statesFirst: Bool
    if rank == 3, stated == nil {
      statesFirst = try hasStatesFirst(weights.shape, place.weights, in: file)
    } else {
      statesFirst = false
    }
    let shape =
      statesFirst ? [weights.shape[1], weights.shape[0], weights.shape[2]] : weights.shape
    var result = try ModelFile.machine(
      weights: statesFirst ? swappingAxes(weights.floats, weights.shape) : weights.floats,
      shape: shape,
      visibleBiases: statesFirst
        ? swappingAxes(visible.floats, visible.shape + [1]) : visible.floats,
      hiddenBiases: hidden.floats, visibleKind: type.visibleKind(colours: rank == 3 ? shape[1] : 1),
      hiddenKind: type.hiddenKind, path: file.path)
    for unit in result.hidden.variances.indices {
      result.hidden.variances[unit] = RBMSType.hiddenVariance(visibleCount: result.visible.count)
    }
    try readOwnGroup(of: file, into: &result)
    return result
  }

  /// Whether the weights of a file without model type are [states, visible, hidden].
  ///
  /// The number of visible units decides where the file states it, by name or as the width of its
  /// chains; elsewhere the shorter axis is taken for the states.
  private static func hasStatesFirst(
    _ shape: [Int], _ dataset: String, in file: HDF5File
  ) throws(SzilardError) -> Bool {
    guard shape[0] != shape[1] else {
      throw SzilardError(
        .badData,
        "\(file.path): \(dataset) has the shape \(shape), and nothing tells which axis holds the "
          + "states: add a text dataset model_type that says PBRBM to a file whose axes are "
          + "[visible, states, hidden]")
    }
    var counts: [Int] = []
    if file.kind(of: "hyperparameters/num_visibles") == .dataset {
      counts.append(try file.integer("hyperparameters/num_visibles"))
    }
    if file.kind(of: "parallel_chains") == .dataset {
      counts += try file.shape(of: "parallel_chains").dropFirst().prefix(1)
    }
    for count in counts {
      if count == shape[0] { return false }
      if count == shape[1] { return true }
    }
    return shape[0] < shape[1]
  }

  /// The elements of an array of three axes with the first two exchanged.
  private static func swappingAxes(_ elements: [Float], _ shape: [Int]) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(elements.count)
    for second in 0..<shape[1] {
      for first in 0..<shape[0] {
        let start = (first * shape[1] + second) * shape[2]
        result += elements[start..<start + shape[2]]
      }
    }
    return result
  }

  private static func readOwnGroup(
    of file: HDF5File, into machine: inout RestrictedBoltzmannMachine
  ) throws(SzilardError) {
    guard file.kind(of: ownGroup) == .group else { return }
    if file.exists(ownGroup + "/alphabet") {
      machine.alphabet = try file.string(ownGroup + "/alphabet")
    }
    if file.exists(ownGroup + "/shape") { machine.shape = try file.integers(ownGroup + "/shape") }
    if file.exists(ownGroup + "/data_means") {
      machine.dataMeans = try file.floats(ownGroup + "/data_means")
    }
    try ModelFile.checkMetadata(of: machine, path: file.path)
  }
}
