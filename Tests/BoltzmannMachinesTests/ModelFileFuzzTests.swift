import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Damaged files are read or refused; they never crash, hang, or give a machine that is none.
@Suite struct ModelFileFuzzTests {
  /// A damaged copy: flipped bits, extreme bytes, moved or missing pieces.
  private static func mutant(_ data: [UInt8], _ random: inout RandomStream) -> [UInt8] {
    var result = data
    for _ in 0..<1 + random.index(below: 4) where !result.isEmpty {
      let at = random.index(below: result.count)
      let length = Swift.min(1 + random.index(below: 16), result.count - at)
      switch random.index(below: 6) {
      case 0: result[at] ^= 1 << UInt8(random.index(below: 8))
      case 1: result[at] = UInt8(truncatingIfNeeded: random.next())
      case 2:
        let value: UInt8 = random.index(below: 2) == 0 ? 0xff : 0
        for k in at..<at + length { result[k] = value }
      case 3: result.removeSubrange(at..<at + length)
      case 4:
        let piece = Array(result[at..<at + length])
        result.insert(contentsOf: piece, at: random.index(below: result.count))
      default:
        if random.index(below: 4) == 0 { result.removeSubrange(at...) }
      }
    }
    return result
  }

  private static func fuzz(_ originals: [URL], suffix: String, mutants: Int, seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: .test)
    let contents = try originals.map { [UInt8](try Data(contentsOf: $0)) }
    try temporaryDirectory { folder in
      let url = folder.appendingPathComponent("mutant." + suffix)
      var refused = 0
      for index in 0..<mutants {
        try Data(mutant(contents[index % contents.count], &random)).write(to: url)
        do throws(SzilardError) {
          let machine = try ModelFile.load(url.path)
          let isFinite = machine.weights.elements.allSatisfy { $0.isFinite }
          #expect(isFinite)
          #expect(machine.visible.biases.count == machine.weights.rows)
        } catch {
          refused += 1
          #expect(error.kind != .internalFault, "\(error.message) (seed \(seed), mutant \(index))")
        }
      }
      // The mutants are damaged enough to mean something.
      #expect(refused > mutants / 10, "\(refused) of \(mutants) refused")
    }
  }

  @Test(arguments: ["safetensors", "npz"]) func namedArrays(_ suffix: String) throws {
    try temporaryDirectory { folder in
      let pairings = [
        Pairing(visible: .potts(colours: 3), hidden: .gaussian),
        Pairing(visible: .bernoulli, hidden: .bernoulli),
      ]
      let files = try pairings.enumerated().map { index, pairing in
        let url = folder.appendingPathComponent("\(index)." + suffix)
        try ModelFile.save(pairing.fullMachine(seed: 121), to: url.path)
        return url
      }
      try ModelFileFuzzTests.fuzz(files, suffix: suffix, mutants: 2000, seed: testSeed(122))
    }
  }

  #if HDF5
    @Test func hdf5() throws {
      try temporaryDirectory { folder in
        let own = folder.appendingPathComponent("own.h5")
        let pairing = Pairing(visible: .potts(colours: 3), hidden: .bernoulli)
        try ModelFile.save(pairing.fullMachine(seed: 123), to: own.path)
        let fixtures = [
          "bbrbm_minimal", "bbrbm_new_format", "legacy_q_first", "legacy_flat_q_first",
        ]
        let files = fixtures.map { URL(fileURLWithPath: ModelFixture.path($0)) } + [own]
        try ModelFileFuzzTests.fuzz(files, suffix: "h5", mutants: 2000, seed: testSeed(124))
      }
    }
  #endif
}
