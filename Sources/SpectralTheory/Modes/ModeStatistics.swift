public import NumericalCore

/// The moments of the components of each vector, one vector a row.
///
/// With N components and Σ uᵢ² = 1:
///
///     kurtosis k = N Σ uᵢ⁴,   excess k − 3,   inverse participation ratio Σ uᵢ⁴ = k/N
///
/// Normal components have k = 3, equal ones 1, a vector on one unit N. Components are not centred.
/// k above 3 makes mixtures of modes the states of a machine, below 3 single modes (Decelle, Fissore
/// and Furtlehner 2018, J. Stat. Phys. 172, 1576). An eigenvector of noise has k = 3 N/(N + 2) in the mean.
public struct ModeStatistics: Sendable, Equatable {
  /// k of each vector; 0 for a vector of zeros.
  public let kurtosis: [Double]
  /// The number of components N.
  public let size: Int

  /// The statistics of the rows of a matrix, which are normalised first.
  public init(of vectors: Matrix<Double>) {
    size = vectors.columns
    let count = Double(vectors.columns)
    kurtosis = (0..<vectors.rows).map { row in
      var second = 0.0
      var fourth = 0.0
      for value in vectors.row(row) {
        second += value * value
        fourth += value * value * value * value
      }
      return second > 0 ? count * fourth / (second * second) : 0
    }
  }

  /// k − 3 of each vector.
  public var excessKurtosis: [Double] { kurtosis.map { $0 - 3 } }

  /// Σ uᵢ⁴ of each vector: one by the number of components that carry it.
  public var inverseParticipationRatios: [Double] { kurtosis.map { $0 / Double(size) } }
}
