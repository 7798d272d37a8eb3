internal import Foundation
public import Learning
public import NumericalCore

/// The regression of Adhikari et al.: a network of two hidden units learns a bump.
///
///     y = e^{−x²} + 0.1 ξ,   x = −3, −2.97, …, 2.97 (N = 200),   f = 1–2–1 network with tanh, 7 weights
///     L = (N/2s²) [ (1/N) Σ (yᵢ − f(xᵢ))² + 0.001 |θ|² ],   s = 0.1: a prior of precision 20
///
/// Settings as in the authors' published notebooks (arXiv 2306.03521); the noise ξ is our own.
public enum RegressionExample {
  /// The inputs and targets of a seed.
  public static func data(
    seed: UInt64, samples: Int = 200, noise: Double = 0.1
  ) -> (inputs: Matrix<Float>, targets: Matrix<Float>) {
    var random = RandomStream(seed: seed, purpose: .generator, index: 0x5347_44)
    var inputs: [Float] = []
    var targets: [Float] = []
    for sample in 0..<samples {
      let x = -3 + 6 * Double(sample) / Double(samples)
      inputs.append(Float(x))
      targets.append(Float(exp(-x * x) + noise * random.normal()))
    }
    return (
      Matrix(rows: samples, columns: 1, elements: inputs),
      Matrix(rows: samples, columns: 1, elements: targets)
    )
  }

  /// The network with its loss.
  public static func model(
    seed: UInt64, hidden: [Int] = [2], activation: Activation = .tanh,
    priorPrecision: Double = 20, deviation: Double = 0.1
  ) throws(SzilardError) -> NetworkModel {
    let (inputs, targets) = data(seed: seed)
    return try NetworkModel(
      network: DenseNetwork(layerSizes: [1] + hidden + [1], activation: activation),
      inputs: inputs, targets: targets, response: .gaussian(deviation: deviation),
      priorPrecision: priorPrecision)
  }
}
