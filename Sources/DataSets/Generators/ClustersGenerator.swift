internal import Foundation
internal import NumericalCore

/// `clusters:` spins in clusters whose fields lie on a random low-dimensional subspace.
///
/// Construction, all of it from `law-seed`: an orthonormal frame U of `dimension` random directions
/// in the space of the N units, and for each cluster a random unit vector m_c of that subspace. A
/// sample chooses a cluster with equal probability and then draws every spin on its own:
///
/// ```
/// θ_c = field · √N · U m_c,     p(s_i = ±1 | c) ∝ exp(± θ_ci)
/// ```
///
/// so θ_ci has the variance field² over the units, and the magnetisations tanh θ_c of the clusters
/// lie on the image of a sphere of dimension − 1 dimensions. The log-likelihood is exact (a mixture
/// of products); the entropy is not known in closed form. Labels are the clusters.
struct ClustersGenerator {
  static let keys = ["units", "count", "dimension", "field", "samples", "law-seed", "seed"]

  private let name: String
  private let samples: Int
  private let seed: UInt64
  let mixture: SpinMixture

  init(_ specification: GeneratorSpecification) throws(SzilardError) {
    try specification.requireKeys(in: ClustersGenerator.keys)
    name = specification.text
    let units = try specification.integer("units", default: 100, in: 1...100_000)
    let count = try specification.integer("count", default: 11, in: 1...10_000)
    let dimension = try specification.integer("dimension", default: 5, in: 1...units)
    let field = try specification.real("field", default: 1.5, in: 0...50)
    samples = try specification.integer("samples", default: 10_000, in: Generators.sampleRange)
    seed = try specification.seed("seed", default: 1)
    var stream = RandomStream(
      seed: try specification.seed("law-seed", default: 1), purpose: .generator, step: 1)
    let frame = ClustersGenerator.frame(dimension, units, &stream)
    let fields = (0..<count).map { _ in
      let centre = ClustersGenerator.direction(dimension, &stream)
      return (0..<units).map { unit in
        field * Double(units).squareRoot()
          * (0..<dimension).reduce(0) { $0 + frame[$1][unit] * centre[$1] }
      }
    }
    mixture = SpinMixture(
      weights: [Double](repeating: 1 / Double(count), count: count), fields: fields)
  }

  func generate(_ workers: Workers) -> DataSet {
    mixture.dataSet(name: name, count: samples, seed: seed, workers: workers)
  }

  /// A random unit vector.
  private static func direction(_ dimension: Int, _ stream: inout RandomStream) -> [Double] {
    let vector = (0..<dimension).map { _ in stream.normal() }
    let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { $0 / norm }
  }

  /// Orthonormal random vectors (Gram and Schmidt, twice for accuracy).
  private static func frame(
    _ count: Int, _ units: Int, _ stream: inout RandomStream
  ) -> [[Double]] {
    var frame: [[Double]] = []
    while frame.count < count {
      var vector = direction(units, &stream)
      for _ in 0..<2 {
        for other in frame {
          let overlap = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
          for unit in vector.indices { vector[unit] -= overlap * other[unit] }
        }
      }
      let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 1e-8 else { continue }
      frame.append(vector.map { $0 / norm })
    }
    return frame
  }
}
