import Foundation
import TestSupport
import Testing

/// `szilard audit`: a run, a bare model, what is wrong with the input.
@Suite struct AuditCommandTests {
  private let quick = [
    "--trajectories", "10000", "--chains", "800", "--sweeps", "100", "--ladders", "9", "--seed",
    "1", "--threads", "2",
  ]

  /// A machine of 9 × 5 units that mixes fast.
  private func train(_ folder: URL, updates: Int = 1500) throws {
    let outcome = try Szilard.run(
      [
        "train", "bars-and-stripes:size=3,samples=300", "--hidden", "5", "--probes", "256",
        "--updates", "\(updates)",
        "--run", "run", "--seed", "1", "--evaluate-every", "500",
      ], in: folder)
    try #require(outcome.status == 0, "\(outcome.errors)")
  }

  /// The documented object: `checks` with `name`, `statistic`, `expected`, `interval`, `verdict` and
  /// `trajectories`.
  private func checks(_ outcome: Szilard.Outcome) throws -> [[String: Any]] {
    let json = try #require(outcome.json, "\(outcome.output)\(outcome.errors)")
    let checks = try #require(json["checks"] as? [[String: Any]])
    for check in checks {
      #expect((check["name"] as? String)?.isEmpty == false)
      #expect(check["statistic"] is Double && check["expected"] is Double, "\(check)")
      #expect((check["interval"] as? [Any])?.count == 2, "\(check)")
      #expect(check["trajectories"] is Int)
      #expect(["=", ">=", "<="].contains(check["relation"] as? String))
      let verdict = try #require(check["verdict"] as? String)
      #expect(["pass", "fail", "unresolved"].contains(verdict))
      #expect((check["reason"] as? String)?.isEmpty == (verdict == "pass"), "\(check)")
      #expect((check["advice"] as? String)?.isEmpty == (verdict == "pass"), "\(check)")
    }
    let verdicts = checks.compactMap { $0["verdict"] as? String }
    let worst =
      verdicts.contains("fail") ? "fail" : verdicts.contains("unresolved") ? "unresolved" : "pass"
    #expect(json["verdict"] as? String == worst)
    #expect(outcome.status == (worst == "pass" ? 0 : 2))
    return checks
  }

  @Test func aRunIsAuditedWithItsDataAndItsTraining() throws {
    try temporaryDirectory { folder in
      try train(folder)
      let outcome = try Szilard.run(["audit", "run", "--json"] + quick, in: folder)
      let checks = try checks(outcome)
      #expect(outcome.status == 0, "\(outcome.output)")
      let names = checks.compactMap { $0["name"] as? String }
      for name in [
        "kernels", "stationarity", "drift", "thermalisation", "autocorrelation", "R-hat",
        "effective chains", "heat exchange: slope", "heat exchange: <exp", "annealing, Jarzynski",
        "annealing, Crooks", "annealing, second law", "parallel tempering",
        "training, first law", "training, second law",
      ] {
        #expect(names.contains { $0.hasPrefix(name) }, "\(name) in \(names)")
      }
      let page = try #require(outcome.json?["page"] as? String)
      #expect(page == "run/audit/audit.html")
      let files = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("run/audit/figures").path)
      for name in ["heat-exchange", "work", "dissipation", "acceptance", "thermalisation"] {
        #expect(files.contains("\(name).gp") && files.contains("\(name).dat"))
      }
      // The same seed gives the same table, for any number of threads.
      var other = quick
      other[other.count - 1] = "1"
      let again = try Szilard.run(["audit", "run", "--json"] + other, in: folder)
      #expect(again.output == outcome.output)
      // A table for a person.
      let table = try Szilard.run(["audit", "run"] + quick, in: folder)
      #expect(table.output.contains("pass       stationarity"))
      #expect(table.output.contains("seed 1") && table.output.contains("audit.html"))
    }
  }

  @Test func aBareModelIsAuditedWithAndWithoutData() throws {
    try temporaryDirectory { folder in
      try train(folder, updates: 100)
      let model = "run/model.safetensors"
      let alone = try Szilard.run(["audit", model, "--json"] + quick, in: folder)
      var names = try checks(alone).compactMap { $0["name"] as? String }
      #expect(!names.contains("drift") && !names.contains { $0.hasPrefix("training") })
      #expect(alone.errors.contains("--data"))
      #expect(alone.json?["page"] == nil || alone.json?["page"] is NSNull)
      let withData = try Szilard.run(
        [
          "audit", model, "--json", "--data", "bars-and-stripes:size=3,samples=300", "--output",
          "out",
        ] + quick, in: folder)
      names = try checks(withData).compactMap { $0["name"] as? String }
      #expect(names.contains("drift") && !names.contains { $0.hasPrefix("training") })
      #expect(withData.json?["page"] as? String == "out/audit.html")
      #expect(
        FileManager.default.fileExists(atPath: folder.appendingPathComponent("out/audit.html").path)
      )
    }
  }

  /// Data of one mode, and chains that cannot leave it: exit code 2, and a failed check that says so.
  @Test func chainsThatDoNotMixFail() throws {
    try temporaryDirectory { folder in
      let trained = try Szilard.run(
        [
          "train", "two-modes:units=24,samples=500", "--hidden", "8", "--updates", "500",
          "--learning-rate", "0.2", "--probes", "0", "--run", "run", "--seed", "1",
          "--evaluate-every", "0",
        ], in: folder)
      try #require(trained.status == 0, "\(trained.errors)")
      try Data(
        (0..<200).map { _ in [String](repeating: "1", count: 24).joined(separator: ",") }
          .joined(separator: "\n").utf8
      ).write(to: folder.appendingPathComponent("up.csv"))
      let outcome = try Szilard.run(
        ["audit", "run", "--json", "--data", "up.csv"] + quick, in: folder)
      #expect(outcome.status == 2, "\(outcome.output)\(outcome.errors)")
      let failed = try checks(outcome).filter { $0["verdict"] as? String != "pass" }
      #expect(failed.contains { $0["name"] as? String == "drift" }, "\(failed)")
    }
  }

  @Test func mistakesAreTold() throws {
    try temporaryDirectory { folder in
      try train(folder, updates: 100)
      let usage = [
        ["--trajectories", "5"], ["--chains", "1"], ["--sweeps", "0"], ["--ladders", "-1"],
        ["--annealing-chains", "2"], ["--false-alarm-rate", "0"], ["--false-alarm-rate", "0.5"],
        ["--threads", "0"], ["--colour", "red"],
      ]
      for arguments in usage {
        let outcome = try Szilard.run(["audit", "run"] + arguments, in: folder)
        #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(arguments[0]))
      }
      let missing = try Szilard.run(["audit", "none.safetensors"], in: folder)
      #expect(missing.status == 66 && missing.errors.contains("none.safetensors"))
      let noData = try Szilard.run(["audit", "run", "--data", "none.csv"], in: folder)
      #expect(noData.status == 66 && noData.errors.contains("none.csv"))
      let wide = try Szilard.run(
        ["audit", "run", "--data", "bars-and-stripes:size=4,samples=20"], in: folder)
      #expect(wide.status == 65, "\(wide.errors)")
      #expect(wide.errors.contains("16") && wide.errors.contains("9"))
      #expect(
        !FileManager.default.fileExists(atPath: folder.appendingPathComponent("run/audit").path))
    }
  }
}
