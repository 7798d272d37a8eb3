public import NumericalCore
internal import SpectralTheory

/// Visible means that mean-field iterations start from, in the native convention.
public enum MeanFieldStarts {
  /// The samples themselves.
  public static func samples(
    _ states: StateMatrix, of machine: RestrictedBoltzmannMachine
  ) -> Matrix<Double> {
    states.values(ofRows: 0..<states.rows, isSpin: machine.visible.kind == .spin)
  }

  /// Independent uniform means in 0...1 or −1...1; for Gaussian units draws of the unit without couplings.
  public static func random(
    count: Int, of machine: RestrictedBoltzmannMachine, seed: UInt64
  ) -> Matrix<Double> {
    let layer = machine.visible
    let (scale, shift) = (Double(layer.kind.bitScale), Double(layer.kind.bitShift))
    var result = Matrix<Double>(rows: count, columns: layer.size)
    for row in 0..<count {
      var random = RandomStream(seed: seed, purpose: .meanField, index: UInt64(row), step: 1)
      for i in 0..<layer.size {
        if layer.kind == .gaussian {
          let variance = Double(layer.variances[i])
          result[row, i] =
            variance * Double(layer.biases[i]) + variance.squareRoot() * random.normal()
        } else {
          result[row, i] = scale * random.uniform() + shift
        }
      }
    }
    return result
  }

  /// The middle of the range of each unit: ½, 0, or the mean of a Gaussian unit without couplings.
  public static func paramagnetic(of machine: RestrictedBoltzmannMachine) -> Matrix<Double> {
    let layer = machine.visible
    return Matrix(
      rows: 1, columns: layer.size,
      elements: (0..<layer.size).map { i in
        switch layer.kind {
        case .gaussian: Double(layer.variances[i] * layer.biases[i])
        case .spin: 0
        case .bernoulli, .potts: 0.5
        }
      })
  }
}
