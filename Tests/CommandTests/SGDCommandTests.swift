import Foundation
import TestSupport
import Testing

/// `szilard sgd`.
@Suite struct SGDCommandTests {
  private func object(_ json: [String: Any]?, _ key: String) throws -> [String: Any] {
    try #require(json?[key] as? [String: Any])
  }

  @Test func regressionExample() throws {
    try temporaryDirectory { folder in
      let outcome = try Szilard.run(
        [
          "sgd", "regression", "--steps", "400000", "--burn-in", "10000", "--windows", "100,1",
          "--seed", "3", "--threads", "2", "--output", "out", "--json",
        ], in: folder)
      #expect([0, 2].contains(outcome.status), "\(outcome.errors)")
      let json = outcome.json
      #expect(json?["samples"] as? Int == 200)
      #expect(json?["learningRate"] as? Double == 1e-7)
      #expect(json?["steps"] as? Int == 400_000)
      let minimum = try object(json, "minimum")
      let eigenvalues = try #require(minimum["eigenvalues"] as? [Double])
      #expect(minimum["kind"] as? String == "minimum" && eigenvalues.count == 7)
      // Half a million increments give D to about a percent.
      let diffusion = try object(json, "diffusion")
      #expect((diffusion["measuredError"] as? Double ?? 1) < 0.03)
      let entropy = try object(json, "entropyProduction")
      let theory = try #require(entropy["theory"] as? Double)
      let measured = try #require(try object(entropy, "measured")["value"] as? Double)
      #expect(theory > 0 && abs(measured / theory - 1) < 0.3, "\(measured), \(theory)")
      let windows = try #require(json?["windows"] as? [[String: Any]])
      #expect(windows.compactMap { $0["length"] as? Int } == [1, 100])
      #expect(windows.compactMap { $0["count"] as? Int } == [400_000, 4000])
      let one = try #require(windows.first)
      let average = try #require(one["exponentialAverage"] as? Double)
      let error = try #require(one["exponentialError"] as? Double)
      #expect(abs(average - 1) < 6 * error)
      #expect(json?["verdict"] as? String == "non-equilibrium")
      let relaxation = try object(json, "relaxation")
      #expect((relaxation["excess"] as? Double ?? 0) > 0.2)
      let page = folder.appendingPathComponent("out/sgd.html")
      let html = try String(contentsOf: page, encoding: .utf8)
      #expect(html.contains("Fluctuation theorems"))
      for name in ["current", "entropy-production", "detailed-theorem", "effective-loss"] {
        let script = folder.appendingPathComponent("out/figures/\(name).gp").path
        #expect(FileManager.default.fileExists(atPath: script), "\(name)")
      }
    }
  }

  /// Two inputs and a target in a table: linear regression, without replacement; threads do not matter.
  @Test func tables() throws {
    try temporaryDirectory { folder in
      try table(rows: 60).write(
        to: folder.appendingPathComponent("data.csv"), atomically: true, encoding: .utf8)
      func run(_ threads: String) throws -> Szilard.Outcome {
        try Szilard.run(
          [
            "sgd", "data.csv", "--hidden", "0", "--replacement", "without", "--batch-size", "6",
            "--learning-rate", "auto", "--steps", "4000", "--burn-in", "2000", "--windows", "1",
            "--seed", "5", "--threads", threads, "--json",
          ], in: folder)
      }
      let one = try run("1")
      #expect([0, 2].contains(one.status), "\(one.errors)")
      #expect(one.json?["replacement"] as? String == "without")
      #expect(one.json?["unit"] as? String == "epoch")
      let shift = try #require(one.json?["effectiveShift"] as? [Double])
      #expect(shift.count == 3 && shift.contains { $0 != 0 })
      #expect(try run("2").output == one.output)
      let first = try Szilard.run(
        [
          "sgd", "data.csv", "--target", "1", "--hidden", "2", "--steps", "2000", "--seed", "1",
          "--starts", "2", "--threads", "1",
        ], in: folder)
      #expect([0, 2].contains(first.status), "\(first.errors)")
      #expect(first.output.contains("60 samples, 9 weights"))
    }
  }

  private func table(rows: Int) -> String {
    var random = FixedNumbers(state: 7)
    return "a,b,y\n"
      + (0..<rows).map { _ in
        let (a, b) = (random.next(), random.next())
        return "\(a),\(b),\(a - 0.5 * b + (0.2 + abs(a)) * random.next())\n"
      }.joined()
  }

  /// Uniform numbers in (−1, 1) that are the same everywhere.
  private struct FixedNumbers {
    var state: UInt64
    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-52 - 1
    }
  }

  @Test func mistakesAreTold() throws {
    try temporaryDirectory { folder in
      try table(rows: 20).write(
        to: folder.appendingPathComponent("data.csv"), atomically: true, encoding: .utf8)
      try "1\n2\n3.5\n".write(
        to: folder.appendingPathComponent("one.csv"), atomically: true, encoding: .utf8)
      // The same input twice.
      try "1,1,0.3\n2,2,1.5\n3,3,1\n4.5,4.5,2\n5,5,9\n".write(
        to: folder.appendingPathComponent("twice.csv"), atomically: true, encoding: .utf8)
      func expect(_ arguments: [String], _ status: Int32, _ words: String...) throws {
        let outcome = try Szilard.run(
          ["sgd"] + arguments + ["--seed", "1", "--threads", "1"], in: folder)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
      }
      try expect(["none.csv"], 66, "none.csv")
      try expect(["one.csv"], 65, "one.csv", "one column")
      try expect(["digits"], 64, "--mnist")
      try expect(["regression", "--replacement", "sometimes"], 64, "--replacement")
      try expect(["regression", "--windows", "1,x"], 64, "--windows")
      try expect(["regression", "--learning-rate", "0"], 64, "--learning-rate")
      try expect(
        ["regression", "--learning-rate", "1", "--steps", "100"], 64, "not stable", "2/h_max")
      try expect(["regression", "--batch-size", "200", "--steps", "100"], 64, "full batch")
      try expect(
        ["regression", "--replacement", "without", "--batch-size", "7", "--steps", "100"], 64,
        "do not divide")
      try expect(["data.csv", "--target", "9"], 64, "--target 9")
      try expect(
        ["twice.csv", "--hidden", "0", "--l2", "0", "--batch-size", "2", "--steps", "100"], 65,
        "flat along 1 of 3")
    }
  }
}
