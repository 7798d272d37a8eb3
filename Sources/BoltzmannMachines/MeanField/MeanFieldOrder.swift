/// How far the expansion of the free energy in powers of the couplings goes.
///
/// Plefka 1982, J. Phys. A 15, 1971; to third order for machines without loops of three units Gabrié,
/// Tramel and Krzakala 2015.
public enum MeanFieldOrder: String, Sendable, CaseIterable, Codable {
  /// First order: independent units in the mean field of the others.
  case naive
  /// Second order: the reaction term of Thouless, Anderson and Palmer 1977, Phil. Mag. 35, 593.
  case tap
  /// Third order: the skewness of the units.
  case third

  /// The power of the couplings up to which terms are kept.
  public var power: Int {
    switch self {
    case .naive: 1
    case .tap: 2
    case .third: 3
    }
  }
}
