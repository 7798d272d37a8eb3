internal import Foundation
public import NumericalCore
public import SpectralTheory

/// How small weights grow at the beginning of learning: the linear regime.
///
///     dW/dt = χ (C − D) W,   hence ‖Wᵀeₐ‖ ∝ e^{λₐ t},   λₐ = χ × eigenvalue of C − D
///
/// C is the covariance of the data, D the variances that the visible units have without couplings
/// (1 − m² of ±1 units, p(1 − p) of 0/1 units, σ_v² of Gaussian ones) and χ that of a hidden unit (1, ¼,
/// σ_h²) at hidden biases of zero. Modes grow where the data vary more than independent units would.
/// Exact to first order in W for the centred gradient, with visible biases at the data's log-odds; for the
/// plain one with ±1 or Gaussian hidden units. With 0/1 hidden units the plain gradient has the further term
/// −¼ D W 1 1ᵀ, which damps the mean of each row of W. Decelle, Fissore and Furtlehner 2017, EPL 119, 60001.
public struct LinearGrowth: Sendable {
  /// λₐ in units of 1/learning time, largest first.
  public let rates: [Double]
  /// The directions eₐ in the space of the visible units, one a row.
  public let directions: Matrix<Double>
  /// χ, the variance of a hidden unit without couplings.
  public let hiddenVariance: Double
  /// The principal components of the data.
  public let components: PrincipalComponents

  /// The growth of a machine's weights on data.
  ///
  /// - Parameters:
  ///   - machine: One with no couplings yet, or small ones.
  ///   - data: The samples, in the storage of its visible units.
  ///   - weights: Weights of the samples, or nil.
  /// - Returns: nil for Potts units, for fewer than two samples, or where the covariance is not finite.
  /// - Complexity: O(n N² + N³) for n samples of N units.
  public init?(
    of machine: RestrictedBoltzmannMachine, data: StateMatrix, weights: [Double]? = nil
  ) {
    if case .potts = machine.visible.kind { return nil }
    guard
      let components = PrincipalComponents(
        of: data, weights: weights, isSpin: machine.visible.kind == .spin)
    else { return nil }
    self.components = components
    var drive = components.covariance
    let variances = LinearGrowth.variances(of: machine.visible)
    for i in variances.indices { drive[i, i] -= variances[i] }
    guard let spectrum = LinearAlgebra.symmetricEigenvalues(drive) else { return nil }
    let ownVariances = LinearGrowth.variances(of: machine.hidden)
    let response = ownVariances.reduce(0, +) / Double(max(1, ownVariances.count))
    hiddenVariance = response
    rates = spectrum.values.reversed().map { response * $0 }
    directions = spectrum.vectors.selectingRows((0..<drive.rows).reversed())
  }

  /// ‖Wᵀeₐ‖ of the leading directions.
  public func lengths(in machine: RestrictedBoltzmannMachine, count: Int) -> [Double] {
    let leading = directions.selectingRows(0..<Swift.min(count, directions.rows))
    let images = LinearAlgebra.product(leading, machine.weights.map { Double($0) })
    return (0..<images.rows).map { row in
      images.row(row).reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  /// The variances of units in the fields of their biases alone.
  private static func variances(of layer: Layer) -> [Double] {
    RestrictedBoltzmannMachine.variances(
      of: layer,
      means: RestrictedBoltzmannMachine.means(of: layer, fields: layer.biases.map(Double.init)))
  }
}

extension PrincipalComponents {
  /// The mean variance beside the leading components.
  ///
  /// The visible variance of largest likelihood for a Gaussian machine with so many hidden units (Tipping
  /// and Bishop 1999). Nil where no component is left, or nothing varies beside those that are learned.
  public func residualVariance(learned: Int) -> Double? {
    guard variances.count > learned else { return nil }
    let rest = variances.suffix(variances.count - learned)
    let mean = rest.reduce(0, +) / Double(rest.count)
    return mean > 1e-12 * (variances.first ?? 0) ? mean : nil
  }
}
