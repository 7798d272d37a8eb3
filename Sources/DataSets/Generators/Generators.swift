public import NumericalCore

/// Data with a known law.
///
/// A specification is `name:key=value,key=value`. The law's parameters come from `law-seed` (1 by
/// default), the samples from `seed` (1 by default): the same specification with another `seed`
/// gives a test set of the same law.
public enum Generators {
  /// The generators by name.
  public static let names = [
    "ising", "bars-and-stripes", "clusters", "two-modes", "hierarchy", "gaussian-mixture",
    "swiss-roll", "heartbeat", "dead-leaves",
  ]

  /// A line on each generator: its name, its keys with their defaults, and what it draws.
  public static let summaries: [(specification: String, meaning: String)] = [
    (
      "ising:size=16,inverse-temperature=0.4406867935,samples=10000,seed=1",
      "spins of the two-dimensional Ising model on a torus"
    ),
    (
      "bars-and-stripes:size=4,convention=uniform",
      "pictures of whole rows or whole columns; all of them, or samples=N of them"
    ),
    (
      "clusters:units=100,count=11,dimension=5,field=1.5,samples=10000,law-seed=1,seed=1",
      "spins in clusters whose fields lie on a random low-dimensional subspace"
    ),
    (
      "two-modes:units=100,magnetisation=0.8,weight=0.25,samples=10000,law-seed=1,seed=1",
      "spins near a random pattern (with the weight) or its opposite"
    ),
    (
      "hierarchy:units=100,groups=3,children=3,branching=0.2,noise=0.05,samples=10000,law-seed=1,"
        + "seed=1",
      "spins in groups of clusters; labels at both levels"
    ),
    (
      "gaussian-mixture:dimension=50,first=-10,second=6,weight=0.25,samples=10000,seed=1",
      "two unit Gaussians on the first axis"
    ),
    ("swiss-roll:thickness=0.02,samples=10000,seed=1", "points about a spiral in the plane"),
    (
      "heartbeat:length=20,period=5,samples=10000,seed=1",
      "bits in a row, a 1 at every fifth place from a random phase"
    ),
    (
      "dead-leaves:size=32,smallest=1.5,largest=32,noise=0.05,samples=5000,seed=1",
      "pictures of discs that cover one another"
    ),
  ]

  /// Draws a data set.
  ///
  /// - Parameters:
  ///   - specification: E.g. `ising:size=8,samples=1000`.
  ///   - workers: The threads to use; the samples do not depend on their number.
  /// - Throws: `usage` for an unknown generator, an unknown key or a value out of range.
  public static func generate(
    _ specification: String, workers: Workers = Workers()
  ) throws(SzilardError) -> DataSet {
    guard let specification = try GeneratorSpecification(specification) else {
      throw SzilardError(
        .usage,
        "'\(specification)' names no generator; there are \(names.joined(separator: ", "))")
    }
    return try generate(specification, workers: workers)
  }

  static func generate(
    _ specification: GeneratorSpecification, workers: Workers
  ) throws(SzilardError) -> DataSet {
    switch specification.name {
    case "ising": try IsingGenerator(specification).generate(workers)
    case "bars-and-stripes": try BarsAndStripesGenerator(specification).generate()
    case "clusters": try ClustersGenerator(specification).generate(workers)
    case "two-modes": try TwoModesGenerator(specification).generate(workers)
    case "hierarchy": try HierarchyGenerator(specification).generate(workers)
    case "swiss-roll": try SwissRollGenerator(specification).generate(workers)
    case "heartbeat": try HeartbeatGenerator(specification).generate()
    case "dead-leaves": try DeadLeavesGenerator(specification).generate(workers)
    default: try GaussianMixtureGenerator(specification).generate(workers)
    }
  }

  /// The most samples that a generator draws.
  static let sampleRange = 1...100_000_000
}
