import Foundation
import NumericalCore
import Testing

@testable import DataSets

@Suite struct GeneratorTests {
  /// Optima of bars and stripes in both conventions.
  @Test(arguments: [
    (2, "doubled", 8, -13.862944), (3, "doubled", 16, -41.588831), (4, "doubled", 32, -108.130960),
    (4, "uniform", 30, -102.035921), (3, "uniform", 14, -36.946803),
  ]) func barsAndStripes(_ size: Int, _ convention: String, _ count: Int, _ total: Double) throws {
    let data = try load("bars-and-stripes:size=\(size),convention=\(convention)")
    #expect(data.count == count && data.unitCount == size * size && data.variableKind == .binary)
    let value = try #require(data.exactLogLikelihood)
    #expect(abs(value * Double(count) - total) < 1e-6)
    #expect(abs(value + (data.exactEntropy ?? 0)) < 1e-12)
    #expect(Set(rows(of: data).map { "\($0)" }).count == 2 << size - 2)
    for (row, label) in zip(rows(of: data), data.labels ?? []) {
      let lines = (0..<size).map { line in Set((0..<size).map { row[line * size + $0] }).count }
      let columns = (0..<size).map { line in Set((0..<size).map { row[$0 * size + line] }).count }
      #expect(label == 1 || lines.allSatisfy { $0 == 1 })
      #expect(label == 0 || columns.allSatisfy { $0 == 1 })
    }
  }

  /// Frequencies of the 6 patterns of size 2: exact binomial tails are inside Hoeffding's
  /// |k/n − p| ≤ √(ln(2 · 6/α) / 2n), α = 1e-9.
  @Test func barsAndStripesFrequencies() throws {
    let count = 20_000
    let data = try load("bars-and-stripes:size=2,convention=doubled,samples=\(count),seed=2")
    var counts: [String: Int] = [:]
    for row in rows(of: data) { counts["\(row)", default: 0] += 1 }
    let bound = (log(12 / 1e-9) / Double(2 * count)).squareRoot()
    #expect(counts.count == 6)
    for (row, seen) in counts {
      let isTwice = row == "[0.0, 0.0, 0.0, 0.0]" || row == "[1.0, 1.0, 1.0, 1.0]"
      #expect(abs(Double(seen) / Double(count) - (isTwice ? 0.25 : 0.125)) <= bound)
      #expect(abs(Double(seen) / Double(count) - 1.0 / 6) > bound)  // the other convention
    }
  }

  /// Small mixtures sum to one over all states, and the entropy is that of the enumeration.
  @Test(arguments: [
    "clusters:units=10,count=3,dimension=2,samples=1", "two-modes:units=10,samples=1",
    "hierarchy:units=10,groups=2,children=2,samples=1",
  ]) func lawsAreNormalised(_ text: String) throws {
    let specification = try #require(try GeneratorSpecification(text))
    let mixture: SpinMixture =
      switch specification.name {
      case "clusters": try ClustersGenerator(specification).mixture
      case "two-modes": try TwoModesGenerator(specification).mixture
      default: try HierarchyGenerator(specification).mixture
      }
    var states = BitMatrix(rows: 1024, columns: 10)
    for state in 0..<1024 {
      for unit in 0..<10 where state >> unit & 1 == 1 { states[state, unit] = true }
    }
    let values = mixture.logProbabilities(of: states, workers: Workers(count: 2))
    #expect(abs(values.reduce(0) { $0 + exp($1) } - 1) < 1e-12)
    if let entropy = try load(text).exactEntropy {
      #expect(abs(entropy + values.reduce(0) { $0 + exp($1) * $1 }) < 1e-10)
    }
  }

  /// Sample frequencies of a small mixture against its law, and the labels against the weights:
  /// total variation over 2⁶ states ≤ ½ Σ √(p(1−p)/n) + √(ln(1/α)/2n), α = 1e-9.
  @Test func samplesFollowTheLaw() throws {
    let text = "two-modes:units=6,samples=40000,magnetisation=0.6,weight=0.3"
    let specification = try #require(try GeneratorSpecification(text))
    let mixture = try TwoModesGenerator(specification).mixture
    let data = try load(text)
    guard case .bits(let bits) = data.values else { return }
    var counts = [Double](repeating: 0, count: 64)
    for row in 0..<bits.rows { counts[Int(bits.words(ofRow: row)[0])] += 1 }
    var states = BitMatrix(rows: 64, columns: 6)
    for state in 0..<64 {
      for unit in 0..<6 where state >> unit & 1 == 1 { states[state, unit] = true }
    }
    let law = mixture.logProbabilities(of: states, workers: Workers(count: 1)).map { exp($0) }
    let n = Double(bits.rows)
    let bound =
      0.5 * law.reduce(0) { $0 + ($1 * (1 - $1) / n).squareRoot() }
      + (log(1 / 1e-9) / (2 * n)).squareRoot()
    let distance = 0.5 * zip(counts, law).reduce(0) { $0 + abs($1.0 / n - $1.1) }
    #expect(distance <= bound)
    // The mutant: spins turned over, which exchanges the weights of the modes.
    let mutant = 0.5 * (0..<64).reduce(0) { $0 + abs(counts[63 - $1] / n - law[$1]) }
    #expect(mutant > bound)
    let first = Double(data.labels?.filter { $0 == 0 }.count ?? 0) / n
    #expect(abs(first - 0.3) <= (log(2 / 1e-9) / (2 * n)).squareRoot())
  }

  /// Mean log-likelihood against the exact entropy; z(1e-9) = 6.11, asymptotic.
  @Test(arguments: [
    "two-modes:", "gaussian-mixture:", "gaussian-mixture:dimension=2,first=-1,second=1",
  ])
  func meanLogLikelihoodIsMinusTheEntropy(_ text: String) throws {
    let data = try load(text + (text.hasSuffix(":") ? "" : ",") + "samples=4000")
    let values = try #require(data.exactLogLikelihoods)
    let entropy = try #require(data.exactEntropy)
    let mean = values.reduce(0, +) / 4000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3999
    #expect(abs(mean + entropy) <= 6.11 * (variance / 4000).squareRoot())
  }

  @Test func gaussianMixtureEntropyOfSeparateModes() throws {
    // Modes 16 apart: H = 25 ln 2πe + H(1/4).
    let data = try load("gaussian-mixture:samples=1")
    let mixing = -0.25 * log(0.25) - 0.75 * log(0.75)
    #expect(abs((data.exactEntropy ?? 0) - (25 * (1 + log(2 * Double.pi)) + mixing)) < 1e-10)
  }

  @Test(arguments: ["clusters:", "two-modes:", "hierarchy:", "gaussian-mixture:"])
  func seedsAndThreads(_ name: String) throws {
    let text = name + "samples=600"
    let one = try Generators.generate(text, workers: Workers(count: 1))
    let many = try Generators.generate(text, workers: Workers(count: 3))
    #expect(one.values == many.values && one.exactLogLikelihoods == many.exactLogLikelihoods)
    #expect(one.labels?.count == 600)
    let other = try load(text + ",seed=2")
    #expect(other.values != one.values)
    if name == "clusters:" {
      // The law depends on its own seed alone: cluster means of two seeds agree.
      let law = try ClustersGenerator(#require(try GeneratorSpecification(text + ",seed=2")))
        .mixture
      let same = try ClustersGenerator(#require(try GeneratorSpecification(text))).mixture
      let new = try ClustersGenerator(#require(try GeneratorSpecification(text + ",law-seed=2")))
        .mixture
      #expect(law.fields == same.fields && new.fields != same.fields)
      // θ = field √N U m with |U m| = 1: the mean square of the fields is field².
      for field in same.fields {
        #expect(abs(field.reduce(0) { $0 + $1 * $1 } / 100 - 2.25) < 1e-9)
      }
    }
    if name == "hierarchy:" {
      #expect(zip(one.labels ?? [], one.coarseLabels ?? []).allSatisfy { $0 / 3 == $1 })
      #expect(Set(one.labels ?? []).count == 9)
    }
  }

  @Test func faults() throws {
    expectError(.usage, "no key 'siez'", "size", "inverse-temperature") {
      _ = try load("ising:siez=3")
    }
    expectError(.usage, "size=1", "2 to") { _ = try load("ising:size=1") }
    expectError(.usage, "size=x") { _ = try load("ising:size=x") }
    expectError(.usage, "twice") { _ = try load("ising:size=4,size=5") }
    expectError(.usage, "key=value") { _ = try load("ising:size") }
    expectError(.usage, "key=value") { _ = try load("ising:size=4,") }
    expectError(.usage, "no generator 'icing'", "bars-and-stripes") { _ = try load("icing:size=4") }
    expectError(.usage, "one of uniform, doubled") { _ = try load("bars-and-stripes:convention=x") }
    expectError(.usage, "samples=") { _ = try load("bars-and-stripes:size=20") }
    expectError(.usage, "seed=-1") { _ = try load("clusters:seed=-1") }
    expectError(.usage, "nan") { _ = try load("ising:inverse-temperature=nan") }
    expectError(.usage, "names no generator") { _ = try Generators.generate("x.npy") }
    #expect(try load("bars-and-stripes:size=20,samples=3").count == 3)
    #expect(try load("ising:size=3,samples=50") { $0.limit = 7 }.count == 7)
    #expect(Generators.summaries.count == Generators.names.count)
    for (summary, name) in zip(Generators.summaries, Generators.names) {
      #expect(summary.specification.hasPrefix(name))
      _ = try #require(try GeneratorSpecification(summary.specification))
    }
  }
}
