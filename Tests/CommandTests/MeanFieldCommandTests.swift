import Foundation
import TestSupport
import Testing

/// `szilard mean-field` and `szilard cluster`.
@Suite struct MeanFieldCommandTests {
  private static let data = "hierarchy:units=40,groups=2,children=2,branching=0.15,samples=400"

  private func train(_ folder: URL) throws {
    let outcome = try Szilard.run(
      [
        "train", MeanFieldCommandTests.data, "--hidden", "20", "--probes", "0", "--updates", "400",
        "--run", "run", "--seed", "1", "--evaluate-every", "0", "--checkpoint-every", "40",
        "--learning-rate", "0.02",
      ], in: folder)
    try #require(outcome.status == 0, "\(outcome.errors)")
  }

  @Test func statesOfARun() throws {
    try temporaryDirectory { folder in
      try train(folder)
      let arguments = [
        "mean-field", "run", "--data", MeanFieldCommandTests.data, "--count", "100", "--seed", "1",
        "--json",
      ]
      let outcome = try Szilard.run(arguments + ["--output", "states.npz"], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let json = try #require(outcome.json)
      #expect(json["verdict"] as? String == "resolved" && json["order"] as? String == "tap")
      #expect(json["starts"] as? Int == 100 && json["converged"] as? Int == 100)
      #expect(try #require(json["largestResidual"] as? Double) <= 1e-10)
      let states = try #require(json["states"] as? [[String: Any]])
      #expect(!states.isEmpty)
      let weights = states.compactMap { $0["weight"] as? Double }.reduce(0, +)
      #expect(isClose(weights, 1, relative: 1e-9))
      #expect(states.compactMap { $0["starts"] as? Int }.reduce(0, +) == 100)
      for state in states {
        let stability = try #require(state["stability"] as? [String: Any])
        #expect(stability["spectralRadius"] is Double && state["isStable"] is Bool)
      }
      // Against ln Z as `evaluate` has it.
      let evaluated = try Szilard.run(
        ["evaluate", "run", "--data", MeanFieldCommandTests.data, "--json", "--seed", "1"],
        in: folder)
      let logZ = try #require(
        (evaluated.json?["logPartitionFunction"] as? [String: Any])?["value"] as? Double)
      let mixture = try #require(json["mixtureFreeEnergy"] as? Double)
      #expect(abs(mixture + logZ) < 1, "\(mixture), \(logZ)")
      #expect((json["logLikelihood"] as? [String: Any])?["mixture"] is Double)
      #expect(
        FileManager.default.fileExists(atPath: folder.appendingPathComponent("states.npz").path))
      let table = try Szilard.run(
        [
          "mean-field", "run/model.safetensors", "--order", "naive", "--seed", "1", "--count", "20",
        ],
        in: folder)
      #expect(table.status == 0 && table.output.contains("order naive"))
    }
  }

  @Test func whatDoesNotConvergeIsUnresolved() throws {
    try temporaryDirectory { folder in
      try train(folder)
      let outcome = try Szilard.run(
        ["mean-field", "run", "--iterations", "1", "--count", "5", "--seed", "1", "--json"],
        in: folder)
      #expect(outcome.status == 2, "\(outcome.output)")
      #expect(outcome.json?["verdict"] as? String == "unresolved")
      #expect((outcome.json?["reason"] as? String)?.contains("5 of 5") == true)
    }
  }

  @Test func clustersOfARun() throws {
    try temporaryDirectory { folder in
      try train(folder)
      let outcome = try Szilard.run(
        [
          "cluster", "run", "--data", MeanFieldCommandTests.data, "--output", "clusters.csv",
          "--tree", "tree.nwk", "--json",
        ], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output)")
      let json = try #require(outcome.json)
      let levels = try #require(json["levels"] as? [[String: Any]])
      let clusters = levels.compactMap { $0["clusters"] as? Int }
      #expect(clusters == clusters.sorted(by: >) && clusters.count >= 1)
      let agreement = try #require(levels[0]["agreement"] as? [[String: Any]])
      #expect(agreement.compactMap { $0["labels"] as? String } == ["labels", "coarseLabels"])
      #expect((json["steps"] as? [Any])?.count == 10)
      let text = try String(
        contentsOf: folder.appendingPathComponent("clusters.csv"), encoding: .utf8)
      let rows = text.split(separator: "\n")
      #expect(rows.count == 401)
      #expect(rows[0].split(separator: ",").count == 1 + levels.count)
      let newick = try String(
        contentsOf: folder.appendingPathComponent("tree.nwk"), encoding: .utf8)
      #expect(newick.hasSuffix("root[&count=400];\n"))
      let page = try #require(json["page"] as? String)
      #expect(page == "run/cluster/cluster.html")
      let figures = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("run/cluster/figures").path)
      #expect(figures.contains("tree.gp") && figures.contains("tree.dat"))
      // Single models, in any order, give the same clusters.
      let files = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("run/checkpoints").path
      ).map { "run/checkpoints/\($0)" }
      let again = try Szilard.run(
        ["cluster"] + files + [
          "--data", MeanFieldCommandTests.data, "--output", "again.csv", "--json", "--threads", "1",
        ], in: folder)
      #expect(again.status == 0, "\(again.errors)")
      #expect(
        try Data(contentsOf: folder.appendingPathComponent("again.csv"))
          == Data(contentsOf: folder.appendingPathComponent("clusters.csv")))
    }
  }

  @Test func mistakesAreTold() throws {
    try temporaryDirectory { folder in
      try train(folder)
      let usage = [
        ["mean-field", "run", "--count", "0"], ["mean-field", "run", "--starts", "data"],
        ["mean-field", "run", "--tolerance", "1"], ["mean-field", "run", "--output", "x.txt"],
        ["cluster", "run", "--data", MeanFieldCommandTests.data, "--output", "x.png"],
        [
          "cluster", "run", "--data", MeanFieldCommandTests.data, "--output", "x.csv", "--level",
          "99",
        ],
      ]
      for arguments in usage {
        let outcome = try Szilard.run(arguments, in: folder)
        #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
      }
      let missing = try Szilard.run(["mean-field", "none.safetensors"], in: folder)
      #expect(missing.status == 66 && missing.errors.contains("none.safetensors"))
      let wide = try Szilard.run(
        [
          "cluster", "run", "--data", "bars-and-stripes:size=3,samples=20", "--output", "x.csv",
        ], in: folder)
      #expect(wide.status == 65, "\(wide.errors)")
    }
  }
}
