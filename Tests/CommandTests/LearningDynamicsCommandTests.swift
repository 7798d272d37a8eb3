import Foundation
import TestSupport
import Testing

/// `szilard learning-dynamics`: two-valued and continuous data, a run, what is wrong with the input.
@Suite struct LearningDynamicsCommandTests {
  private let clusters = "clusters:units=30,count=3,dimension=2,samples=500"

  private func points(_ outcome: Szilard.Outcome) throws -> [[String: Any]] {
    #expect(outcome.status == 0, "\(outcome.errors)")
    let json = try #require(outcome.json, "\(outcome.output)\(outcome.errors)")
    let dynamics = try #require(json["dynamics"] as? [String: Any])
    return try #require(dynamics["points"] as? [[String: Any]])
  }

  @Test func twoValuedDataGrowModesAndStates() throws {
    try temporaryDirectory { folder in
      let outcome = try Szilard.run(
        [
          "learning-dynamics", clusters, "--hidden", "20", "--seed", "1", "--points", "6",
          "--starts", "64", "--output", "out", "--json", "--threads", "2",
        ], in: folder)
      let points = try points(outcome)
      #expect(points.count > 3)
      let first = try #require(points.first?["singularValues"] as? [Double])
      let last = try #require(points.last?["singularValues"] as? [Double])
      #expect(first.count == 20 && last[0] > 1 && first[0] < 0.5)
      #expect((points.last?["states"] as? Int ?? 0) > 1)
      let order = try #require(points.last?["orderParameters"] as? [String: Any])
      #expect((order["visible"] as? [Double])?.count == 8)
      #expect((order["visibleOverlap"] as? Double ?? 0) > 0.1)
      for name in ["modes", "states", "order-parameters", "log-likelihood"] {
        let file = folder.appendingPathComponent("out/figures/\(name).dat")
        #expect(FileManager.default.fileExists(atPath: file.path))
      }
      let again = try Szilard.run(
        [
          "learning-dynamics", clusters, "--hidden", "20", "--seed", "1", "--points", "6",
          "--starts", "64", "--output", "out", "--json", "--threads", "1",
        ], in: folder)
      #expect(again.output == outcome.output)
    }
  }

  @Test func continuousDataAreSolved() throws {
    try temporaryDirectory { folder in
      let outcome = try Szilard.run(
        [
          "learning-dynamics", "gaussian-mixture:dimension=6,samples=500", "--hidden", "2",
          "--seed", "1", "--json",
        ], in: folder)
      let points = try points(outcome)
      let dynamics = try #require(outcome.json?["dynamics"] as? [String: Any])
      let limits = try #require(dynamics["stationarySingularValues"] as? [Double])
      let last = try #require(points.last?["singularValues"] as? [Double])
      #expect(isClose(last[0], limits[0], relative: 0.01))
      let rates = try #require(dynamics["growthRates"] as? [Double])
      #expect(rates == rates.sorted(by: >))
    }
  }

  @Test func aRunStandsBesideItsTheory() throws {
    try temporaryDirectory { folder in
      let trained = try Szilard.run(
        [
          "train", clusters, "--run", "run", "--visible-units", "spin", "--hidden-units", "spin",
          "--hidden", "20", "--updates", "100", "--learning-rate", "0.01", "--chains", "500",
          "--evaluate-every", "20", "--temperatures", "20", "--seed", "2",
        ], in: folder)
      try #require(trained.status == 0, "\(trained.errors)")
      let outcome = try Szilard.run(
        ["learning-dynamics", "--run", "run", "--points", "5", "--json", "--starts", "64"],
        in: folder)
      let points = try points(outcome)
      let run = try #require(outcome.json?["run"] as? [[String: Any]])
      #expect(run.count == 6)
      let trainedValues = try #require(run.last?["singularValues"] as? [Double])
      let values = try #require(points.last?["singularValues"] as? [Double])
      #expect(isClose(values[0], trainedValues[0], relative: 0.2))
      #expect(outcome.json?["page"] as? String == "run/learning-dynamics/learning-dynamics.html")
    }
  }

  @Test func whatIsWrongIsSaid() throws {
    try temporaryDirectory { folder in
      for (arguments, status, words) in [
        (["learning-dynamics"], Int32(64), "give DATA or --run"),
        (["learning-dynamics", clusters, "--units", "potts"], 64, "spin or bernoulli"),
        (["learning-dynamics", clusters, "--time", "0"], 64, "above 0"),
        (
          ["learning-dynamics", "gaussian-mixture:dimension=3,samples=50", "--units", "spin"], 65,
          "--binarize"
        ),
        (["learning-dynamics", "--run", "nowhere"], 66, "no such run folder"),
        (
          ["learning-dynamics", "gaussian-mixture:dimension=3,samples=50", "--hidden", "3"], 64,
          "--visible-variance"
        ),
      ] {
        let outcome = try Szilard.run(arguments, in: folder)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
      }
    }
  }
}
