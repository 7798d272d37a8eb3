internal import Foundation
internal import NumericalCore

/// `gaussian-mixture:` two Gaussians of unit covariance on the first axis.
///
/// ```
/// p(x) = w N(x; a e₁, 1) + (1 − w) N(x; b e₁, 1)
/// ```
///
/// The defaults (50 dimensions, a = −10, b = 6, w = 0.25) are the benchmark of Carbone, Hua, Coste
/// and Vanden-Eijnden 2023 (arXiv 2305.19414), on which samplers lose the ratio of the modes. The
/// log-likelihood is that of a density; the entropy is the differential one, by quadrature on the
/// first axis. Labels: 0 for the first mode, 1 for the second.
struct GaussianMixtureGenerator {
  static let keys = ["dimension", "first", "second", "weight", "samples", "seed"]
  private static let samplesPerBlock = 256

  private let name: String
  private let dimension: Int
  private let positions: [Double]
  private let weight: Double
  private let samples: Int
  private let seed: UInt64

  init(_ specification: GeneratorSpecification) throws(SzilardError) {
    try specification.requireKeys(in: GaussianMixtureGenerator.keys)
    name = specification.text
    dimension = try specification.integer("dimension", default: 50, in: 1...100_000)
    positions = [
      try specification.real("first", default: -10, in: -1e6...1e6),
      try specification.real("second", default: 6, in: -1e6...1e6),
    ]
    weight = try specification.real("weight", default: 0.25, in: 0...1)
    samples = try specification.integer("samples", default: 10_000, in: Generators.sampleRange)
    seed = try specification.seed("seed", default: 1)
  }

  func generate(_ workers: Workers) -> DataSet {
    var values = Matrix<Float>(rows: samples, columns: dimension)
    var labels = [Int](repeating: 0, count: samples)
    var logLikelihoods = [Double](repeating: 0, count: samples)
    let stride = values.stride
    let size = GaussianMixtureGenerator.samplesPerBlock
    values.withUnsafeMutablePointer { pointer in
      labels.withUnsafeMutableBufferPointer { labels in
        logLikelihoods.withUnsafeMutableBufferPointer { logLikelihoods in
          let target = UncheckedSendable((pointer, labels, logLikelihoods))
          workers.forEach((samples + size - 1) / size) { block in
            let (pointer, labels, logLikelihoods) = target.value
            var stream = RandomStream(seed: seed, purpose: .generator, index: UInt64(block))
            for row in block * size..<min(samples, (block + 1) * size) {
              labels[row] = stream.uniform() < weight ? 0 : 1
              var squares = 0.0
              for axis in 0..<dimension {
                let centre = axis == 0 ? positions[labels[row]] : 0
                let value = Float(centre + stream.normal())
                pointer[row * stride + axis] = value
                if axis > 0 { squares += Double(value) * Double(value) }
              }
              logLikelihoods[row] =
                logDensity(Double(pointer[row * stride])) - squares / 2
                - Double(dimension - 1) / 2 * log(2 * .pi)
            }
          }
        }
      }
    }
    var result = DataSet(values: .reals(values), variableKind: .continuous, name: name)
    result.labels = labels
    result.exactLogLikelihoods = logLikelihoods
    result.exactEntropy =
      firstAxisEntropy + Double(dimension - 1) / 2 * (1 + log(2 * .pi))
    return result
  }

  /// ln of the density on the first axis.
  private func logDensity(_ x: Double) -> Double {
    let terms = [
      log(weight) - (x - positions[0]) * (x - positions[0]) / 2,
      log(1 - weight) - (x - positions[1]) * (x - positions[1]) / 2,
    ]
    let largest = max(terms[0], terms[1])
    return largest + log(exp(terms[0] - largest) + exp(terms[1] - largest)) - log(2 * .pi) / 2
  }

  /// −∫ p ln p as the sum of −E[ln p] over the modes, each by the trapezoidal rule, which converges
  /// exponentially for integrands that fall like a Gaussian.
  private var firstAxisEntropy: Double {
    let step = 1.0 / 64
    var sum = 0.0
    for (position, mass) in zip(positions, [weight, 1 - weight]) where mass > 0 {
      for node in -640...640 {
        let z = Double(node) * step
        sum -=
          mass * step * exp(-z * z / 2) / (2 * Double.pi).squareRoot()
          * logDensity(position + z)
      }
    }
    return sum
  }
}
