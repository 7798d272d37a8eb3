import Foundation
import TestSupport
import Testing

/// `szilard free-energy` on files as users keep them.
@Suite struct FreeEnergyCommandTests {
  private static let fixtures = packageRoot.appendingPathComponent(
    "Tests/StochasticThermodynamicsTests/Fixtures")

  private func fixture(_ name: String) -> String {
    FreeEnergyCommandTests.fixtures.appendingPathComponent(name).path
  }

  @Test func worksGiveTheAcceptanceRatio() throws {
    try temporaryDirectory { folder in
      let outcome = try Szilard.run(
        ["free-energy", "--works", fixture("works.npz"), "--json"], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let difference = try #require(outcome.json?["freeEnergyDifference"] as? [String: Any])
      #expect(difference["method"] as? String == "bar")
      let estimate = try #require(difference["estimate"] as? [String: Any])
      // pymbar's value on the same numbers.
      #expect(abs((estimate["value"] as? Double ?? 0) + 2.981494426806488) < 1e-6)
      #expect((outcome.json?["others"] as? [[String: Any]])?.count == 2)
      let table = try Szilard.run(["free-energy", "--works", fixture("works.npz")], in: folder)
      #expect(table.status == 0 && table.output.contains("dissipated work"))
    }
  }

  @Test func potentialsGiveAllStates() throws {
    try temporaryDirectory { folder in
      let outcome = try Szilard.run(
        ["free-energy", "--potentials", fixture("potentials.npz"), "--json"], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect((outcome.json?["freeEnergies"] as? [Any])?.count == 4)
      #expect(outcome.json?["converged"] as? Bool == true)
    }
  }

  @Test func worksWithoutOverlapExitWithTwo() throws {
    try temporaryDirectory { folder in
      let text = (0..<100).map { "\(50 + sin(Double($0)))" }.joined(separator: "\n")
      for name in ["f.txt", "r.txt"] {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
      }
      let outcome = try Szilard.run(
        ["free-energy", "--forward", "f.txt", "--reverse", "r.txt"], in: folder)
      #expect(outcome.status == 2)
      #expect(outcome.output.contains("UNRESOLVED: the works of the two directions do not overlap"))
    }
  }

  @Test func mistakesHaveTheirCodes() throws {
    try temporaryDirectory { folder in
      try Data("1\n2\nx\n".utf8).write(to: folder.appendingPathComponent("bad.txt"))
      func status(_ arguments: String...) throws -> Int32 {
        try Szilard.run(["free-energy"] + arguments, in: folder).status
      }
      #expect(try status() == 64)
      #expect(try status("--forward", "bad.txt", "--works", "w.npz") == 64)
      #expect(try status("--forward", "bad.txt") == 65)
      #expect(try status("--forward", "none.txt") == 66)
      #expect(try status("--works", fixture("works.npz"), "--method", "mbar") == 64)
      #expect(try status("--potentials", fixture("works.npz")) == 65)
    }
  }
}
