internal import Foundation
internal import NumericalCore

/// `hierarchy:` spins in groups of clusters, a tree of two levels.
///
/// Construction, all of it from `law-seed`: every group has a random pattern of ±1; every child of a
/// group is that pattern with each spin turned over with probability `branching`. A sample chooses a
/// child with equal probability and turns over each of its spins with probability `noise`. The
/// log-likelihood is exact (a mixture of products). `labels` number the children
/// (group · children + child), `coarseLabels` the groups.
struct HierarchyGenerator {
  static let keys = [
    "units", "groups", "children", "branching", "noise", "samples", "law-seed", "seed",
  ]

  private let name: String
  private let samples: Int
  private let seed: UInt64
  private let children: Int
  let mixture: SpinMixture

  init(_ specification: GeneratorSpecification) throws(SzilardError) {
    try specification.requireKeys(in: HierarchyGenerator.keys)
    name = specification.text
    let units = try specification.integer("units", default: 100, in: 1...100_000)
    let groups = try specification.integer("groups", default: 3, in: 1...1000)
    let children = try specification.integer("children", default: 3, in: 1...1000)
    let branching = try specification.real("branching", default: 0.2, in: 0...1)
    let noise = try specification.real("noise", default: 0.05, in: 1e-6...0.5)
    samples = try specification.integer("samples", default: 10_000, in: Generators.sampleRange)
    seed = try specification.seed("seed", default: 1)
    self.children = children
    var stream = RandomStream(
      seed: try specification.seed("law-seed", default: 1), purpose: .generator, step: 1)
    let field = 0.5 * log((1 - noise) / noise)
    var fields: [[Double]] = []
    for _ in 0..<groups {
      let pattern = (0..<units).map { _ in stream.next() >> 63 == 1 ? field : -field }
      for _ in 0..<children {
        fields.append(pattern.map { stream.uniform() < branching ? -$0 : $0 })
      }
    }
    let weight = 1 / Double(fields.count)
    mixture = SpinMixture(
      weights: [Double](repeating: weight, count: fields.count), fields: fields)
  }

  func generate(_ workers: Workers) -> DataSet {
    var result = mixture.dataSet(name: name, count: samples, seed: seed, workers: workers)
    result.coarseLabels = result.labels.map { labels in labels.map { $0 / children } }
    return result
  }
}
