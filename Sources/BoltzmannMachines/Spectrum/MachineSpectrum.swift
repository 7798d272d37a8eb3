internal import Foundation
public import NumericalCore
public import SpectralTheory

/// The couplings of a machine as modes: W = Σₐ wₐ uᵃ vᵃᵀ, with the noise they stand out of.
///
/// Singular values are those of the weights as they are stored, in the native convention of the units;
/// ``spinFactor`` takes them to the ±1 convention of the theory. Potts weights are taken in the gauge
/// in which they are stored.
public struct MachineSpectrum: Sendable {
  /// All singular values, largest first.
  public let values: [Double]
  /// The leading modes with their vectors.
  public let modes: SingularValueDecomposition
  /// The noise of the couplings.
  public let bulk: NoiseBulk
  /// Kurtosis of all left vectors, on the visible units.
  public let visible: ModeStatistics
  /// Kurtosis of all right vectors, on the hidden units.
  public let hidden: ModeStatistics
  /// w in the ±1 convention is `spinFactor` · w: 1/2 for each layer of 0/1 units.
  public let spinFactor: Double
  /// The value at which a mode between half-filled units becomes unstable: w = 1 for ±1, 4 for 0/1, 2
  /// for one layer of each; nil for Potts and Gaussian units, see
  /// ``gain(of:)``.
  public let criticalValue: Double?

  /// The spectrum of a machine.
  ///
  /// - Parameter kept: Modes whose vectors are kept; nil for all.
  /// - Throws: ``SzilardError`` of kind `badData` for a machine without couplings or with such as are no
  ///   numbers.
  /// - Complexity: O(m n min(m, n)).
  public init(
    of machine: RestrictedBoltzmannMachine, keeping kept: Int? = nil
  ) throws(SzilardError) {
    guard machine.weights.rows > 0, machine.weights.columns > 0 else {
      throw SzilardError(.badData, "a machine without couplings has no spectrum")
    }
    guard machine.weights.elements.allSatisfy(\.isFinite) else {
      throw SzilardError(.badData, "a weight is not a finite number, so there is no spectrum")
    }
    let all = LinearAlgebra.singularValueDecomposition(machine.weights)
    values = all.values
    modes = kept.map { all.prefix($0) } ?? all
    bulk = NoiseBulk(
      of: all.values, rows: machine.weights.rows, columns: machine.weights.columns)
    visible = ModeStatistics(of: all.left)
    hidden = ModeStatistics(of: all.right)
    let layers = [machine.visible.kind, machine.hidden.kind]
    spinFactor = layers.reduce(1) { $1 == .bernoulli ? $0 / 2 : $0 }
    criticalValue =
      layers.allSatisfy { $0 == .bernoulli || $0 == .spin } ? 1 / spinFactor : nil
  }

  /// The gain of fields around the machine with inactive couplings, unstable from 1 on.
  ///
  ///     ρ = largest singular value of D_v^½ W D_h^½
  ///
  /// with D_v the variances of the visible units at the data's means (at their biases alone where these
  /// are not known), and D_h those of the hidden units in the fields b + Wᵀ m of these means. The
  /// paramagnet of naive mean-field theory is unstable for ρ > 1 (Decelle, Fissore and Furtlehner 2018).
  public static func gain(of machine: RestrictedBoltzmannMachine) -> Double {
    let means =
      machine.dataMeans.map { $0.map(Double.init) }
      ?? RestrictedBoltzmannMachine.means(
        of: machine.visible, fields: machine.visible.biases.map(Double.init))
    let fields = machine.hiddenFields(visible: means)
    return gain(
      of: machine, visibleMeans: means,
      hiddenMeans: RestrictedBoltzmannMachine.means(of: machine.hidden, fields: fields))
  }

  /// The gain of fields around given means of the units.
  static func gain(
    of machine: RestrictedBoltzmannMachine, visibleMeans: [Double], hiddenMeans: [Double]
  ) -> Double {
    let scaled = scaledWeights(of: machine, visibleMeans: visibleMeans, hiddenMeans: hiddenMeans)
    return LinearAlgebra.singularValues(scaled).first ?? 0
  }

  /// F W D_h^½ with F Fᵀ = D_v, the covariance of independent visible units.
  ///
  /// For a Potts site of frequencies p the covariance is diag p − p pᵀ = F Fᵀ with
  /// F = diag(√p) (1 − √p √pᵀ).
  private static func scaledWeights(
    of machine: RestrictedBoltzmannMachine, visibleMeans means: [Double], hiddenMeans: [Double]
  ) -> Matrix<Float> {
    let columns = deviations(of: machine.hidden, means: hiddenMeans)
    var scaled = machine.weights
    if case .potts(let colours) = machine.visible.kind {
      let roots = means.map { max(0, $0).squareRoot() }
      for site in 0..<machine.visible.count {
        let rows = site * colours..<(site + 1) * colours
        for j in 0..<scaled.columns {
          let mean = rows.reduce(0) { $0 + roots[$1] * roots[$1] * Double(machine.weights[$1, j]) }
          for row in rows {
            scaled[row, j] = Float(roots[row] * (Double(machine.weights[row, j]) - mean))
          }
        }
      }
    } else {
      let rows = deviations(of: machine.visible, means: means)
      for i in 0..<scaled.rows {
        for j in 0..<scaled.columns { scaled[i, j] *= Float(rows[i]) }
      }
    }
    for i in 0..<scaled.rows {
      for j in 0..<scaled.columns { scaled[i, j] *= Float(columns[j]) }
    }
    return scaled
  }

  /// Standard deviations of independent units of given means.
  private static func deviations(of layer: Layer, means: [Double]) -> [Double] {
    RestrictedBoltzmannMachine.variances(of: layer, means: means).map { $0.squareRoot() }
  }

  /// The planted value of a mode, if it is an outlier: what its singular value would be without noise.
  public func plantedValue(ofMode mode: Int) -> Double? {
    mode < bulk.outliers ? bulk.law.planted(outlier: values[mode]) : nil
  }
}
