internal import DataSets
package import NumericalCore

/// A machine as HDF5: in the layouts of the `rbms` package and of its predecessors, and as
/// RestrictedBoltzmannMachines.jl writes it.
///
/// Files of `rbms` hold one machine for each saved update; all of them are read, and one is written.
package enum HDF5Model {
  /// The newest machine of a file, or the machine of an update.
  ///
  /// - Parameter update: The number in the name of the group (`update_<N>`, `epoch_<N>`) or of the
  ///   dataset (`W<N>`).
  /// - Throws: ``SzilardError`` of kind `badData` that names the dataset that is missing or has the
  ///   wrong shape.
  package static func load(
    _ path: String, update: Int? = nil
  ) throws(SzilardError) -> RestrictedBoltzmannMachine {
    let file = try HDF5File(reading: path)
    if file.exists(JuliaModel.marker) { return try JuliaModel.load(file) }
    return try RBMSModel.load(file, update: update)
  }

  /// Writes a machine as `rbms` does.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` when `rbms` has no such machine.
  package static func save(
    _ machine: RestrictedBoltzmannMachine, to path: String
  ) throws(SzilardError) {
    try RBMSModel.save(machine, to: path)
  }
}

/// The model types of `rbms` and what they mean here.
///
/// The energy is −a·v − b·h − vᵀWh in each, with (N_v/2) h·h added for Gaussian hidden units: their
/// variance is 1/N_v.
enum RBMSType: String, CaseIterable {
  case bernoulliBernoulli = "BBRBM"
  case pottsBernoulli = "PBRBM"
  case isingIsing = "IIRBM"
  case bernoulliGaussian = "BGRBM"
  case isingGaussian = "IGRBM"

  /// The type of a machine of the given kinds; nil when there is none.
  init?(visible: UnitKind, hidden: UnitKind) {
    switch (visible, hidden) {
    case (.bernoulli, .bernoulli): self = .bernoulliBernoulli
    case (.potts, .bernoulli): self = .pottsBernoulli
    case (.spin, .spin): self = .isingIsing
    case (.bernoulli, .gaussian): self = .bernoulliGaussian
    case (.spin, .gaussian): self = .isingGaussian
    default: return nil
    }
  }

  func visibleKind(colours: Int) -> UnitKind {
    switch self {
    case .bernoulliBernoulli, .bernoulliGaussian: .bernoulli
    case .pottsBernoulli: .potts(colours: colours)
    case .isingIsing, .isingGaussian: .spin
    }
  }

  var hiddenKind: UnitKind {
    switch self {
    case .bernoulliBernoulli, .pottsBernoulli: .bernoulli
    case .isingIsing: .spin
    case .bernoulliGaussian, .isingGaussian: .gaussian
    }
  }

  /// The variance of Gaussian hidden units.
  static func hiddenVariance(visibleCount: Int) -> Float { Float(1 / Double(visibleCount)) }
}

/// The layouts of `rbms`.
enum RBMSModel {
  /// The group of what `rbms` has no place for (and does not read): alphabet, shape of pictures,
  /// means of the data.
  static let ownGroup = "szilard"
}
