internal import DataSets
internal import NumericalCore

/// A machine as RestrictedBoltzmannMachines.jl writes it (format 1.0.0).
///
/// Julia stores arrays column by column, so that an array of the shape (n₁, n₂, …) is one of
/// [… n₂, n₁] here: `weights` has the axes [hidden…, visible…] and the parameters of a layer
/// [units…, parameters]. Energies of layers, which enter with the sign they have here:
///
///     Binary, Spin, Potts:  E = − Σ θ x          Gaussian:  E = Σ |γ| x²/2 − θ x,   σ² = 1/|γ|
enum JuliaModel {
  /// The dataset that tells such files from others.
  static let marker = "rbm_hdf5_file_format_version"
  private static let version = "1.0.0"

  /// The parameters of a layer.
  private struct Units {
    let kind: UnitKind
    /// The axes as stored, without that of the parameters.
    let shape: [Int]
    let biases: [Float]
    let variances: [Float]
    var size: Int { shape.reduce(1, *) }
    var count: Int { size / kind.channels }
  }

  static func load(_ file: HDF5File) throws(SzilardError) -> RestrictedBoltzmannMachine {
    let stated = try file.string(marker)
    guard stated == version else {
      throw SzilardError(
        .badData, "\(file.path): \(marker) is '\(stated)'; '\(version)' is read")
    }
    let type = try file.string("rbm_type")
    guard type == "RBM" else {
      throw SzilardError(
        .badData,
        "\(file.path): rbm_type is '\(type)'; only 'RBM' is read. Save RBM(uncenter(rbm)) or "
          + "RBM(unstandardize(rbm)) from Julia instead")
    }
    let visible = try units("visible", in: file)
    let hidden = try units("hidden", in: file)
    guard hidden.kind.channels == 1, hidden.kind != .potts(colours: 1) else {
      throw SzilardError(.badData, "\(file.path): hidden Potts units are not supported")
    }
    let weights = try file.array("weights")
    guard weights.shape == hidden.shape + visible.shape else {
      throw SzilardError(
        .badData,
        "\(file.path): weights has the shape \(weights.shape); expected "
          + "\(hidden.shape + visible.shape), the axes of hidden_par and visible_par without "
          + "their last")
    }
    let columns = visible.size
    let values = weights.floats
    var rowMajor: [Float] = []
    rowMajor.reserveCapacity(values.count)
    for i in 0..<columns {
      for j in 0..<hidden.size { rowMajor.append(values[j * columns + i]) }
    }
    var isPotts = false
    if case .potts = visible.kind { isPotts = true }
    var machine = try ModelFile.machine(
      weights: rowMajor,
      shape: (isPotts ? [visible.count, visible.kind.channels] : [visible.count]) + [hidden.count],
      visibleBiases: visible.biases, hiddenBiases: hidden.biases, visibleKind: visible.kind,
      hiddenKind: hidden.kind, path: file.path)
    machine.visible.variances = visible.variances
    machine.hidden.variances = hidden.variances
    let sites = isPotts ? Array(visible.shape.dropLast()) : visible.shape
    if sites.count == 2 { machine.shape = sites }
    return machine
  }

  private static func units(
    _ layer: String, in file: HDF5File
  ) throws(SzilardError) -> Units {
    let type = try file.string("\(layer)_type")
    let name = "\(layer)_par"
    let parameters = try file.array(name)
    let shape = Array(parameters.shape.dropLast())
    let wanted = type == "Gaussian" ? 2 : 1
    let kind: UnitKind
    switch type {
    case "Binary": kind = .bernoulli
    case "Spin": kind = .spin
    // The two differ in how the package draws from them.
    case "Potts", "PottsGumbel": kind = .potts(colours: shape.last ?? 0)
    case "Gaussian": kind = .gaussian
    default:
      throw SzilardError(
        .badData,
        "\(file.path): \(layer)_type is '\(type)'; Binary, Spin, Potts and Gaussian are read")
    }
    guard !shape.isEmpty, parameters.shape.last == wanted, shape.allSatisfy({ $0 > 0 }) else {
      throw SzilardError(
        .badData,
        "\(file.path): \(name) has the shape \(parameters.shape); \(type) units have the axes "
          + "[units, \(wanted)], none of them empty")
    }
    let values = parameters.floats
    guard kind == .gaussian else {
      return Units(kind: kind, shape: shape, biases: values, variances: [])
    }
    let exact = parameters.doubles
    var biases: [Float] = []
    var variances: [Float] = []
    for unit in 0..<values.count / 2 {
      biases.append(values[2 * unit])
      let scale = abs(exact[2 * unit + 1])
      guard scale > 0, scale.isFinite else {
        throw SzilardError(
          .badData,
          "\(file.path): \(name): γ of \(layer) unit \(unit) is \(scale); |γ| = 1/σ² must be "
            + "positive")
      }
      variances.append(Float(1 / scale))
    }
    return Units(kind: kind, shape: shape, biases: biases, variances: variances)
  }
}
