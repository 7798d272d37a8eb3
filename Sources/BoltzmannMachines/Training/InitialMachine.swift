internal import Foundation
public import NumericalCore

extension RestrictedBoltzmannMachine {
  /// A machine to begin training from: small random weights W ~ N(0, scale²), hidden biases zero,
  /// visible biases at the data's log-odds, so that with W = 0 the visible units have the data's
  /// means.
  ///
  ///     a = ln p/(1 − p) for 0/1,  atanh m for ±1,  ln p_k for Potts,  mean/variance for Gaussian
  ///
  /// Frequencies are smoothed by half a count in each direction (Jeffreys), so that biases are
  /// finite. Gaussian visible units take the data's variances.
  ///
  /// - Parameter weights: Weights of the samples, or nil.
  public static func initial(
    visible kind: UnitKind, hidden hiddenKind: UnitKind, hiddenCount: Int, data: StateMatrix,
    weights: [Double]? = nil, scale: Double, seed: UInt64
  ) -> RestrictedBoltzmannMachine {
    var visible = Layer(kind: kind, count: data.columns)
    let (means, variances) = parameterMeans(of: data, in: visible, weights: weights)
    switch kind {
    case .bernoulli: visible.biases = means.map { Float(logit($0)) }
    case .spin: visible.biases = means.map { Float(atanh($0)) }
    case .potts: visible.biases = means.map { Float(log($0)) }
    case .gaussian:
      visible.variances = variances.map { Float($0) }
      visible.biases = zip(means, variances).map { Float($0 / $1) }
    }
    var machine = RestrictedBoltzmannMachine(
      visible: visible, hidden: Layer(kind: hiddenKind, count: hiddenCount))
    machine.dataMeans = means.map { Float($0) }
    machine.weights = initialWeights(
      rows: machine.weights.rows, columns: hiddenCount, scale: scale, seed: seed)
    return machine
  }

  /// The weights that a run with this seed begins from: W ~ N(0, scale²).
  public static func initialWeights(
    rows: Int, columns: Int, scale: Double, seed: UInt64
  ) -> Matrix<Float> {
    var random = RandomStream(seed: seed, purpose: .initialWeights)
    var weights = Matrix<Float>(rows: rows, columns: columns)
    for i in 0..<rows {
      for j in 0..<columns { weights[i, j] = Float(scale * random.normal()) }
    }
    return weights
  }

  /// Smoothed means (and, for Gaussian units, variances) of the data by visible parameter.
  package static func parameterMeans(
    of data: StateMatrix, in layer: Layer, weights: [Double]?
  ) -> (means: [Double], variances: [Double]) {
    var sums = [Double](repeating: 0, count: layer.size)
    var squares = [Double](repeating: 0, count: layer.size)
    var total = 0.0
    for r in 0..<data.rows {
      let weight = weights?[r] ?? 1
      total += weight
      switch data {
      case .bits(let bits):
        for (w, word) in bits.words(ofRow: r).enumerated() {
          var word = word
          while word != 0 {
            sums[w * 64 + word.trailingZeroBitCount] += weight
            word &= word - 1
          }
        }
      case .colours(let colours, let count):
        for i in 0..<colours.columns { sums[i * count + Int(colours[r, i])] += weight }
      case .reals(let reals):
        for i in 0..<reals.columns {
          sums[i] += weight * Double(reals[r, i])
          squares[i] += weight * Double(reals[r, i]) * Double(reals[r, i])
        }
      }
    }
    switch layer.kind {
    case .bernoulli: return (sums.map { ($0 + 0.5) / (total + 1) }, [])
    case .spin: return (sums.map { 2 * ($0 + 0.5) / (total + 1) - 1 }, [])
    case .potts(let count):
      return (sums.map { ($0 + 0.5) / (total + 0.5 * Double(count)) }, [])
    case .gaussian:
      let means = sums.map { $0 / max(total, 1e-300) }
      let variances = zip(squares, means).map { max($0 / max(total, 1e-300) - $1 * $1, 1e-6) }
      return (means, variances)
    }
  }
}
