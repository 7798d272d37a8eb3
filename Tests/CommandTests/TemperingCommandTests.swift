import Foundation
import TestSupport
import Testing

/// `szilard sample --method tempering | trajectory`.
@Suite struct TemperingCommandTests {
  private func trained(_ folder: URL) throws {
    let outcome = try Szilard.run(
      [
        "train", "two-modes:units=12,samples=500", "--hidden", "6", "--updates", "120",
        "--learning-rate", "0.05", "--checkpoint-every", "10", "--run", "run", "--seed", "1",
      ], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test(arguments: ["tempering", "trajectory"])
  func laddersGiveSamplesAndLnZ(_ method: String) throws {
    try temporaryDirectory { folder in
      try trained(folder)
      let outcome = try Szilard.run(
        [
          "sample", "run", "--count", "60", "--output", "s.npy", "--method", method, "--seed", "3",
          "--sweeps", "400", "--json",
        ], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let json = try #require(outcome.json)
      let acceptance = try #require(json["acceptance"] as? [Double])
      let rungs = try #require(json["rungs"] as? [[String: Any]])
      #expect(acceptance.count == rungs.count - 1 && acceptance.allSatisfy { $0 > 0 && $0 <= 1 })
      #expect((json["roundTrips"] as? Int ?? 0) > 0)
      #expect(json["verdict"] as? String == "resolved", "\(json)")
      #expect((rungs.last?["update"] as? Int) == (method == "trajectory" ? 120 : nil))
      let estimate = try #require(json["logPartitionFunction"] as? [String: Any])
      let exact = try Szilard.run(
        [
          "evaluate", "run", "--method", "exact", "--json",
        ], in: folder)
      let truth = try #require(
        (exact.json?["logPartitionFunction"] as? [String: Any])?["value"] as? Double)
      // Seeded: the interval is a 95 % one, and half of it more is beyond four standard errors.
      let interval = try #require(estimate["interval"] as? [Double])
      let width = interval[1] - interval[0]
      #expect(interval[0] - width / 2 < truth && truth < interval[1] + width / 2)
      let read = try Szilard.run(["data", "s.npy", "--json"], in: folder)
      #expect(read.json?["samples"] as? Int == 60)
    }
  }

  @Test func tooFewSweepsAreWarnedAbout() throws {
    try temporaryDirectory { folder in
      try trained(folder)
      let outcome = try Szilard.run(
        [
          "sample", "run", "--count", "10", "--output", "s.npy", "--method", "tempering",
          "--sweeps", "1", "--seed", "1", "--json",
        ], in: folder)
      #expect(outcome.status == 0)
      #expect(outcome.errors.contains("warning"))
      #expect(outcome.json?["verdict"] as? String == "unresolved")
    }
  }

  @Test func misuseIsAUsageError() throws {
    let misuses = [
      [
        "--method", "tempering", "--clamp", "0-3", "--from", "data", "--data", "two-modes:units=12",
      ],
      ["--method", "trajectory", "--from", "chains"], ["--rungs", "4"], ["--increment", "2"],
      ["--method", "tempering", "--rungs", "1"],
      ["--method", "tempering", "--target-acceptance", "1"],
      ["--method", "tempering", "--increment", "0"], ["--method", "annealing"],
    ]
    try temporaryDirectory { folder in
      for arguments in misuses {
        let outcome = try Szilard.run(
          ["sample", "run", "--count", "2", "--output", "s.npy"] + arguments, in: folder)
        #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
        #expect(!outcome.errors.isEmpty)
      }
    }
  }

  @Test func aTrajectoryNeedsARun() throws {
    try temporaryDirectory { folder in
      try trained(folder)
      let outcome = try Szilard.run(
        [
          "sample", "run/model.safetensors", "--count", "2", "--output", "s.npy", "--method",
          "trajectory",
        ], in: folder)
      #expect(outcome.status == 66)
      #expect(outcome.errors.contains("run"))
    }
  }
}
