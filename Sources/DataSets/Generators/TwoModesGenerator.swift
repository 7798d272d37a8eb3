internal import Foundation
internal import NumericalCore

/// `two-modes:` the smallest law on which a sampler can lose a mode.
///
/// ξ is a random pattern of ±1 from `law-seed`. With probability `weight` the spins follow ξ,
/// otherwise −ξ, each on its own:
///
/// ```
/// p(s) = w ∏_i (1 + m ξ_i s_i)/2 + (1 − w) ∏_i (1 − m ξ_i s_i)/2
/// ```
///
/// Log-likelihood and entropy are exact: p depends on the number of spins that agree with ξ alone.
/// Labels: 0 for ξ, 1 for −ξ.
struct TwoModesGenerator {
  static let keys = ["units", "magnetisation", "weight", "samples", "law-seed", "seed"]

  private let name: String
  private let samples: Int
  private let seed: UInt64
  private let magnetisation: Double
  let mixture: SpinMixture

  init(_ specification: GeneratorSpecification) throws(SzilardError) {
    try specification.requireKeys(in: TwoModesGenerator.keys)
    name = specification.text
    let units = try specification.integer("units", default: 100, in: 1...100_000)
    magnetisation = try specification.real("magnetisation", default: 0.8, in: 0...0.999999)
    let weight = try specification.real("weight", default: 0.25, in: 0...1)
    samples = try specification.integer("samples", default: 10_000, in: Generators.sampleRange)
    seed = try specification.seed("seed", default: 1)
    var stream = RandomStream(
      seed: try specification.seed("law-seed", default: 1), purpose: .generator, step: 1)
    let field = atanh(magnetisation)
    let fields = (0..<units).map { _ in stream.next() >> 63 == 1 ? field : -field }
    mixture = SpinMixture(weights: [weight, 1 - weight], fields: [fields, fields.map { -$0 }])
  }

  func generate(_ workers: Workers) -> DataSet {
    var result = mixture.dataSet(name: name, count: samples, seed: seed, workers: workers)
    result.exactEntropy = entropy
    return result
  }

  /// −Σ_k C(N, k) p_k ln p_k over the number k of spins that agree with ξ.
  private var entropy: Double {
    let count = mixture.unitCount
    let (up, down) = (log((1 + magnetisation) / 2), log((1 - magnetisation) / 2))
    var sum = 0.0
    for agreeing in 0...count {
      let (k, rest) = (Double(agreeing), Double(count - agreeing))
      let terms = [
        mixture.weights[0] > 0 ? log(mixture.weights[0]) + k * up + rest * down : -.infinity,
        mixture.weights[1] > 0 ? log(mixture.weights[1]) + k * down + rest * up : -.infinity,
      ]
      let largest = max(terms[0], terms[1])
      guard largest > -.infinity else { continue }
      let logP = largest + log(exp(terms[0] - largest) + exp(terms[1] - largest))
      let logCount = lgamma(Double(count) + 1) - lgamma(k + 1) - lgamma(rest + 1)
      sum -= exp(logCount + logP) * logP
    }
    return sum
  }
}
