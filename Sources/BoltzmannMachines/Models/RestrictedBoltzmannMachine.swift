public import NumericalCore

/// A restricted Boltzmann machine: two layers of units, no couplings within a layer.
///
///     E(v, h) = − a·v − b·h − vᵀ W h + Σ_Gaussian units x² / 2σ²,      p(v, h) = e^{−E} / Z
///
/// For Potts units v is the one-hot vector of the colours, so that `weights` has one row for each
/// (site, colour). Signs and symbols as in Smolensky 1986 and Hinton 2002; the ±1 convention is that
/// of Decelle, Fissore and Furtlehner 2017 up to the sign of the fields.
public struct RestrictedBoltzmannMachine: Sendable, Equatable {
  /// The visible layer and its biases a.
  public var visible: Layer
  /// The hidden layer and its biases b.
  public var hidden: Layer
  /// The couplings W, shape [visible size, hidden count].
  public var weights: Matrix<Float>
  /// The letters of Potts units, one for each colour, where the data had letters.
  public var alphabet: String?
  /// The mean of the training data by visible parameter, shape [visible size]: the base-rate model
  /// that annealed importance sampling begins from.
  public var dataMeans: [Float]?
  /// Rows and columns of the picture that the visible units form, where the data were pictures.
  public var shape: [Int]?

  /// A machine with all parameters zero.
  public init(visible: Layer, hidden: Layer) {
    precondition(hidden.kind.channels == 1, "hidden Potts units are not supported")
    self.visible = visible
    self.hidden = hidden
    weights = Matrix(rows: visible.size, columns: hidden.count)
  }

  /// Whether Σ e^{−E} is finite, and if not, why.
  ///
  /// Every pairing of kinds is normalisable at any parameters, except Gaussian with Gaussian units,
  /// where the quadratic form must be positive definite:
  ///
  ///     max singular value of (σ_v W σ_h) < 1
  ///
  /// - Throws: ``SzilardError`` of kind `badData` with the reason.
  public func checkNormalisable() throws(SzilardError) {
    for (name, layer) in [("visible", visible), ("hidden", hidden)] {
      if let bad = layer.biases.firstIndex(where: { !$0.isFinite }) {
        throw SzilardError(.badData, "\(name) bias \(bad) is not a finite number")
      }
      if let bad = layer.variances.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
        throw SzilardError(
          .badData, "\(name) variance \(bad) is \(layer.variances[bad]); it must be positive")
      }
    }
    if let bad = weights.elements.firstIndex(where: { !$0.isFinite }) {
      throw SzilardError(
        .badData,
        "weight [\(bad / Swift.max(1, weights.columns)), \(bad % Swift.max(1, weights.columns))] is not a finite number"
      )
    }
    guard visible.kind == .gaussian, hidden.kind == .gaussian else { return }
    let largest = LinearAlgebra.singularValues(scaledGaussianWeights).first ?? 0
    guard largest < 1 else {
      throw SzilardError(
        .badData,
        """
        a Gaussian-Gaussian machine is a distribution only while the largest singular value of \
        σ_v W σ_h is below 1; here it is \(largest)
        """)
    }
  }

  /// σ_v W σ_h of a Gaussian–Gaussian machine.
  var scaledGaussianWeights: Matrix<Float> {
    var scaled = weights
    for i in 0..<scaled.rows {
      for j in 0..<scaled.columns {
        scaled[i, j] *= (visible.variances[i] * hidden.variances[j]).squareRoot()
      }
    }
    return scaled
  }
}
