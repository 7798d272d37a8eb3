import Foundation
import TestSupport
import Testing

/// Work, heat and both legs of the annealing from the command line.
@Suite(.serialized) struct LedgerCommandTests {
  private let training = [
    "train", "bars-and-stripes:size=3,samples=300", "--hidden", "6", "--updates", "200", "--seed",
    "3", "--evaluate-every", "50", "--checkpoint-every", "50", "--chains", "64", "--probes", "64",
    "--threads", "2",
  ]

  private func records(_ folder: URL, _ run: String) throws -> [[String: Any]] {
    try String(
      contentsOf: folder.appendingPathComponent("\(run)/metrics.jsonl"), encoding: .utf8
    ).split(separator: "\n").map {
      try #require(
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  private func ledgers(_ folder: URL, _ run: String) throws -> [String] {
    try records(folder, run).map { record in
      let ledger = try #require(record["thermodynamics"])
      return String(
        decoding: try JSONSerialization.data(withJSONObject: ledger, options: [.sortedKeys]),
        as: UTF8.self)
    }
  }

  @Test func bothLegsAreTold() throws {
    try temporaryDirectory { folder in
      try #require(try Szilard.run(training + ["--run", "run"], in: folder).status == 0)
      let exact = try Szilard.run(["evaluate", "run", "--json"], in: folder)
      #expect(exact.json?["annealing"] == nil || exact.json?["annealing"] is NSNull)
      let truth = try #require(
        (exact.json?["logPartitionFunction"] as? [String: Any])?["value"] as? Double)
      let outcome = try Szilard.run(
        ["evaluate", "run", "--method", "bar", "--seed", "2", "--json"], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let annealing = try #require(outcome.json?["annealing"] as? [String: Any])
      let bracket = try #require(annealing["bracket"] as? [Double])
      let width = bracket[1] - bracket[0]
      // Seeded; each end is a limit of 97.5 %, and three widths are far beyond.
      #expect(bracket[0] - 3 * width < truth && truth < bracket[1] + 3 * width)
      for key in [
        "forward", "reverse", "combined", "overlap", "dissipatedWork", "reverseDissipatedWork",
        "effectiveTrajectories", "equilibration", "crooks", "temperatures", "chains",
      ] {
        #expect(annealing[key] != nil, "\(key)")
      }
      #expect((annealing["crooks"] as? [String: Any])?["verdict"] as? String != "fail")
      let table = try Szilard.run(
        ["evaluate", "run", "--method", "bar", "--seed", "2"], in: folder)
      for word in ["forward leg", "reverse leg", "overlap", "bracket", "dissipated"] {
        #expect(table.output.contains(word), "\(table.output)")
      }
      let forward = try Szilard.run(
        ["evaluate", "run", "--method", "ais", "--seed", "2", "--json"], in: folder)
      #expect(forward.json?["annealing"] == nil || forward.json?["annealing"] is NSNull)
    }
  }

  @Test func jarzynskiTrainingKeepsItsWeights() throws {
    try temporaryDirectory { folder in
      let outcome = try Szilard.run(
        training + ["--method", "jarzynski", "--run", "run"], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let ledger = try #require(
        try records(folder, "run").last?["thermodynamics"] as? [String: Any])
      let effective = try #require(ledger["effectiveChains"] as? Double)
      #expect(effective >= 1 && effective <= 64)
      let refused = try Szilard.run(
        [
          "train", training[1], "--method", "jarzynski", "--no-ledger", "--run", "other",
        ], in: folder)
      #expect(refused.status == 64 && refused.errors.contains("--no-ledger"))
    }
  }

  @Test func probesAndTheLedgerCanBeLeftOut() throws {
    try temporaryDirectory { folder in
      var without = training
      without[without.firstIndex(of: "--probes").map { $0 + 1 } ?? 0] = "0"
      let noProbes = try Szilard.run(without + ["--run", "a"], in: folder)
      #expect(noProbes.status == 0, "\(noProbes.errors)")
      let ledger = try #require(
        try records(folder, "a").last?["thermodynamics"] as? [String: Any])
      #expect(ledger["totalWork"] is Double && ledger["logPartitionFunction"] == nil)
      let refused = try Szilard.run(training + ["--no-ledger", "--run", "b"], in: folder)
      #expect(refused.status == 64 && refused.errors.contains("--probes"))
      let noLedger = try Szilard.run(without + ["--no-ledger", "--run", "c"], in: folder)
      #expect(noLedger.status == 0, "\(noLedger.errors)")
      #expect(try records(folder, "c").allSatisfy { $0["thermodynamics"] == nil })
      // Looking on changes nothing.
      func model(_ run: String) throws -> Data {
        try Data(contentsOf: folder.appendingPathComponent("\(run)/model.safetensors"))
      }
      #expect(try Szilard.run(training + ["--run", "d"], in: folder).status == 0)
      #expect(try model("a") == model("c") && model("a") == model("d"))
      // Without a ledger the audit has no rows on training.
      let audit = try Szilard.run(
        [
          "audit", "c", "--json", "--trajectories", "1000", "--chains", "100", "--sweeps", "50",
          "--ladders", "0", "--seed", "1",
        ], in: folder)
      let checks = try #require(audit.json?["checks"] as? [[String: Any]])
      #expect(!checks.contains { ($0["name"] as? String)?.hasPrefix("training") == true })
    }
  }

  /// Interrupted at a checkpoint that is between records and at one that is, then resumed: the same ledger
  /// in each record and the same bytes of the last checkpoint.
  @Test(arguments: ["pcd", "jarzynski", "cd"]) func resumedRunsHaveTheSameLedger(_ method: String)
    throws
  {
    try temporaryDirectory { folder in
      let options = training + ["--method", method]
      try #require(try Szilard.run(options + ["--run", "calm"], in: folder).status == 0)
      // A run of fewer updates ends as an interrupted one does: with a checkpoint.
      var first = options
      first[first.firstIndex(of: "200") ?? 0] = "100"
      try #require(try Szilard.run(first + ["--run", "broken"], in: folder).status == 0)
      var rest = ["train", training[1], "--run", "broken", "--resume", "--updates", "200"]
      rest += ["--threads", "1"]
      let resumed = try Szilard.run(rest, in: folder)
      try #require(resumed.status == 0, "\(resumed.errors)")
      #expect(try ledgers(folder, "broken") == ledgers(folder, "calm"))
      func checkpoint(_ run: String) throws -> (header: [String: String], tensors: Data) {
        let path = folder.appendingPathComponent("\(run)/checkpoints")
        let newest = try #require(
          try FileManager.default.contentsOfDirectory(atPath: path.path)
            .filter { $0.hasSuffix(".safetensors") }.max())
        #expect(newest.contains("200"))
        // safetensors: the length of the header, the header, the numbers.
        let data = try Data(contentsOf: path.appendingPathComponent(newest))
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try #require(
          try JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(length))
            as? [String: Any])
        var words = try #require(header["__metadata__"] as? [String: String])
        // What the clock says.
        words["seconds"] = nil
        return (words, data.dropFirst(8 + length))
      }
      let (calm, broken) = try (checkpoint("calm"), checkpoint("broken"))
      #expect(calm.tensors == broken.tensors)
      #expect(calm.header == broken.header && calm.header["ledger"] != nil)
    }
  }

  /// Killed after the first record and before the first checkpoint: the ledger counts from the first
  /// record all the same.
  @Test func aRunWithoutACheckpointHasTheSameLedger() throws {
    try temporaryDirectory { folder in
      try #require(try Szilard.run(training + ["--run", "calm"], in: folder).status == 0)
      let run = folder.appendingPathComponent("killed")
      try FileManager.default.copyItem(at: folder.appendingPathComponent("calm"), to: run)
      for file in try FileManager.default.contentsOfDirectory(
        atPath: run.appendingPathComponent("checkpoints").path)
      {
        try FileManager.default.removeItem(
          at: run.appendingPathComponent("checkpoints").appendingPathComponent(file))
      }
      let metrics = run.appendingPathComponent("metrics.jsonl")
      let first = try String(contentsOf: metrics, encoding: .utf8).split(separator: "\n")[0]
      try Data((first + "\n").utf8).write(to: metrics)
      let resumed = try Szilard.run(
        ["train", training[1], "--run", "killed", "--resume"], in: folder)
      try #require(resumed.status == 0, "\(resumed.errors)")
      #expect(try ledgers(folder, "killed") == ledgers(folder, "calm"))
    }
  }
}
