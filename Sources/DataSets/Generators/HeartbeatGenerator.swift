internal import Foundation
internal import NumericalCore

/// `heartbeat:` bits in a row with a 1 at every `period`-th place, from a random phase.
///
/// The binary test of Sohl-Dickstein et al. 2015, appendix D.1.2: 20 bits with period 5 have five
/// patterns of equal probability. Labels are the phases.
struct HeartbeatGenerator {
  static let keys = ["length", "period", "samples", "seed"]

  private let name: String
  private let length: Int
  private let period: Int
  private let samples: Int
  private let seed: UInt64

  init(_ specification: GeneratorSpecification) throws(SzilardError) {
    try specification.requireKeys(in: HeartbeatGenerator.keys)
    name = specification.text
    length = try specification.integer("length", default: 20, in: 1...100_000)
    period = try specification.integer("period", default: 5, in: 1...100_000)
    samples = try specification.integer("samples", default: 10_000, in: Generators.sampleRange)
    seed = try specification.seed("seed", default: 1)
    guard period <= length else {
      throw SzilardError(
        .usage, "'\(name)': the period \(period) is longer than the row of \(length) bits")
    }
  }

  func generate() -> DataSet {
    var bits = BitMatrix(rows: samples, columns: length)
    var stream = RandomStream(seed: seed, purpose: .generator)
    var phases: [Int] = []
    for row in 0..<samples {
      let phase = stream.index(below: period)
      phases.append(phase)
      for place in stride(from: phase, to: length, by: period) { bits[row, place] = true }
    }
    var result = DataSet(values: .bits(bits), variableKind: .binary, name: name)
    result.labels = phases
    let entropy = log(Double(period))
    result.exactLogLikelihoods = [Double](repeating: -entropy, count: samples)
    result.exactEntropy = entropy
    return result
  }
}
