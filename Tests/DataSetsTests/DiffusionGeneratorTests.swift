import DataSets
import Foundation
import NumericalCore
import TestSupport
import Testing

/// Generators that diffusions are tried on.
@Suite struct DiffusionGeneratorTests {
  private func reals(_ specification: String) throws -> Matrix<Float> {
    guard case .reals(let values) = try Generators.generate(specification).values else {
      throw SzilardError(.internalFault, "not continuous")
    }
    return values
  }

  @Test func theSpiralIsCentredAndOfUnitMoment() throws {
    let roll = SwissRoll(thickness: 0.02)
    #expect(abs(roll.arcLength - 13.16) < 0.01)
    let points = roll.points(20_000)
    let moment = points.elements.reduce(0) { $0 + $1 * $1 } / 40_000 + 0.0004
    #expect(abs(moment - 1) < 1e-4)
    for column in 0..<2 {
      let sum = (0..<20_000).reduce(0) { $0 + points[$1, column] }
      #expect(abs(sum / 20_000) < 1e-3)
    }
    let values = try reals("swiss-roll:samples=20000,seed=\(testSeed(1))")
    // Bounded by 3: Hoeffding at α = 1e-9.
    for column in 0..<2 {
      let mean = (0..<20_000).reduce(0) { $0 + Double(values[$1, column]) } / 20_000
      #expect(abs(mean) < 0.14)
    }
  }

  @Test func theSpiralsDensityIsNormalised() throws {
    // A grid of its own: E over a box of the density of samples equals the entropy's estimate.
    let set = try Generators.generate(
      "swiss-roll:thickness=0.1,samples=20000,seed=\(testSeed(2))")
    let logs = try #require(set.exactLogLikelihoods)
    // E[1/p] over the data is the area of their support, which this estimates on cells of a grid.
    let values = try reals("swiss-roll:thickness=0.1,samples=20000,seed=\(testSeed(2))")
    var mass = 0.0
    let cells = 60
    var counts: [Int: Int] = [:]
    for row in 0..<20_000 {
      let x = Int((Double(values[row, 0]) + 3) / 6 * Double(cells))
      let y = Int((Double(values[row, 1]) + 3) / 6 * Double(cells))
      counts[x * cells + y, default: 0] += 1
    }
    let area = pow(6 / Double(cells), 2)
    for row in 0..<20_000 {
      let x = Int((Double(values[row, 0]) + 3) / 6 * Double(cells))
      let y = Int((Double(values[row, 1]) + 3) / 6 * Double(cells))
      let measured = Double(counts[x * cells + y] ?? 0) / 20_000 / area
      mass += exp(logs[row]) / measured / 20_000
    }
    // The mean of density over histogram is the density's integral over occupied cells.
    #expect(abs(mass - 1) < 0.1)
    #expect(set.count == 20_000 && set.exactLogLikelihood != nil)
  }

  @Test func heartbeatsHaveOneBeatAPeriod() throws {
    let set = try Generators.generate("heartbeat:samples=5000,seed=\(testSeed(3))")
    guard case .bits(let bits) = set.values else { throw SzilardError(.internalFault, "no bits") }
    let labels = try #require(set.labels)
    var phases = [Int](repeating: 0, count: 5)
    for row in 0..<5000 {
      phases[labels[row]] += 1
      for place in 0..<20 { #expect(bits[row, place] == (place % 5 == labels[row])) }
    }
    let accepted = binomialAcceptance(trials: 5000, probability: 0.2, alpha: 1e-10)
    for count in phases { #expect(accepted.contains(count)) }
    #expect(isClose(set.exactEntropy ?? 0, log(5)))
  }

  @Test func deadLeavesHaveUnitVarianceAndFlatParts() throws {
    let values = try reals("dead-leaves:size=16,samples=2000,noise=0,seed=\(testSeed(4))")
    let n = Double(values.rows * values.columns)
    let mean = values.elements.reduce(0) { $0 + Double($1) } / n
    let square = values.elements.reduce(0) { $0 + Double($1) * Double($1) } / n
    // Pictures are independent, pixels of one are not: greys lie in ±√3, Hoeffding over pictures.
    #expect(abs(mean) < 0.26)
    #expect(abs(square - 1) < 0.22)
    var equal = 0
    for row in 0..<values.rows {
      for pixel in 0..<15 where values[row, pixel] == values[row, pixel + 1] { equal += 1 }
    }
    #expect(Double(equal) / Double(15 * values.rows) > 0.3)
    #expect(throws: SzilardError.self) {
      try Generators.generate("dead-leaves:smallest=5,largest=2")
    }
    #expect(throws: SzilardError.self) { try Generators.generate("heartbeat:length=3,period=5") }
    #expect(throws: SzilardError.self) { try Generators.generate("swiss-roll:thickness=2") }
  }
}
