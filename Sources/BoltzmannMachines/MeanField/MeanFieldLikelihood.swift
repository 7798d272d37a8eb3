public import NumericalCore

/// The log-likelihood of data with ln Z from mean-field states, in nats a sample.
///
///     ⟨−F(v)⟩_data + G,   F(v) = −ln Σ_h e^{−E(v, h)} exact
///
/// An approximation without an error bar: the expansion is cut off, and states that no start
/// found are missing. At first order every G is at least −ln Z, so that the likelihood of the
/// dominant state is an upper bound; from second order on the error may have either sign.
public struct MeanFieldLikelihood: Sendable, Equatable, Encodable {
  /// With ln Z ≈ −G of the state of lowest free energy.
  public let dominant: Double
  /// With ln Z ≈ ln Σ e^{−G} over the distinct states.
  public let mixture: Double

  /// The log-likelihood of samples; nil where no state converged.
  ///
  /// - Parameter weights: Weights of the samples, or nil.
  /// - Complexity: O(samples × visible × hidden).
  public init?(
    of data: StateMatrix, weights: [Double]? = nil, under machine: RestrictedBoltzmannMachine,
    states: MeanFieldStates, workers: Workers = Workers()
  ) {
    guard let lowest = states.dominantFreeEnergy, let all = states.mixtureFreeEnergy,
      data.rows > 0
    else { return nil }
    let energies = machine.freeEnergies(of: data, workers: workers)
    var sum = 0.0
    var total = 0.0
    for (row, energy) in energies.enumerated() {
      let weight = weights?[row] ?? 1
      sum -= weight * energy
      total += weight
    }
    dominant = sum / total + lowest
    mixture = sum / total + all
  }
}
