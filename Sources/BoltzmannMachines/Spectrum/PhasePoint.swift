public import NumericalCore
public import SpectralTheory

/// Where a machine of two-valued units lies in the plane of noise and its largest mode.
///
/// The singular values of W are taken to the ±1 convention (a factor 1/2 for each layer of 0/1 units).
/// σ is that of their bulk, and w is what the largest one was before the noise was added, by the inverse
/// of the outlier's place (Benaych-Georges and Nadakuditi 2012). Biases are not part of the picture: the
/// phases are those of a machine without fields.
public struct PhasePoint: Sendable, Encodable {
  /// Updates done.
  public let update: Int
  /// σ of the bulk, in the ±1 convention.
  public let noise: Double
  /// w of the largest mode, in the ±1 convention; nil where none stands out, and then w ≤ σ.
  public let strength: Double?
  /// Singular values that stand out of the bulk.
  public let outliers: Int
  /// Whether the bulk follows the law of noise; where it does not, σ is a number with its unit and no more.
  public let bulkIsNoise: Bool
  /// E u⁴ of the largest mode's components on the visible units, for unit variance.
  public let visibleKurtosis: Double
  /// The same on the hidden units.
  public let hiddenKurtosis: Double

  /// 1/σ.
  public var x: Double { 1 / noise }
  /// w/σ; 1, which it is at most, where no mode stands out.
  public var y: Double { (strength ?? noise) / noise }

  /// The law of components whose kurtosis is nearest to that of the largest mode, both sides taken
  /// together by their geometric mean.
  public var nearestComponents: ComponentLaw {
    .nearest(kurtosis: (visibleKurtosis * hiddenKurtosis).squareRoot())
  }

  /// The place of a machine.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` for units that are not two-valued, and for a machine
  ///   whose couplings have no noise to measure.
  /// - Complexity: O(m n min(m, n)).
  public init(
    of machine: RestrictedBoltzmannMachine, update: Int
  ) throws(SzilardError) {
    for layer in [machine.visible, machine.hidden]
    where layer.kind != .bernoulli && layer.kind != .spin {
      throw SzilardError(
        .badData,
        "the phases are those of two-valued units; this machine has \(layer.kind.name) ones")
    }
    guard machine.weights.rows > 1, machine.weights.columns > 1 else {
      throw SzilardError(.badData, "the couplings have no spectrum: give at least 2 × 2")
    }
    let spectrum = try MachineSpectrum(of: machine, keeping: 1)
    guard spectrum.bulk.sigma > 0 else {
      throw SzilardError(.badData, "the median singular value of the couplings is zero: no noise")
    }
    self.update = update
    noise = spectrum.spinFactor * spectrum.bulk.sigma
    strength = spectrum.plantedValue(ofMode: 0).map { spectrum.spinFactor * $0 }
    outliers = spectrum.bulk.outliers
    bulkIsNoise = spectrum.bulk.fits
    visibleKurtosis = spectrum.visible.kurtosis[0]
    hiddenKurtosis = spectrum.hidden.kurtosis[0]
  }
}
