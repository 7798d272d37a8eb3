import Foundation
import TestSupport
import Testing

/// `szilard posterior`: tables, samplers, what is wrong with the input.
@Suite struct PosteriorCommandTests {
  /// y = 2 a − b + 1 and a class, with noise from a fixed list.
  private func write(_ folder: URL) throws {
    var linear = "a,b,y\n"
    var logistic = ""
    var state: UInt64 = 7
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
    for _ in 0..<200 {
      let (a, b) = (4 * uniform() - 2, 10 * uniform())
      let noise = uniform() + uniform() + uniform() - 1.5
      linear += "\(a),\(b),\(2 * a - b + 1 + noise)\n"
      logistic += "\(a) \(b) \(uniform() < 1 / (1 + exp(-a)) ? 1 : 0)\n"
    }
    try linear.write(
      to: folder.appendingPathComponent("linear.csv"), atomically: true, encoding: .utf8)
    try logistic.write(
      to: folder.appendingPathComponent("logistic.txt"), atomically: true, encoding: .utf8)
  }

  @Test func aLinearPosteriorIsSampled() throws {
    try temporaryDirectory { folder in
      try write(folder)
      let arguments = [
        "posterior", "linear.csv", "--batch-size", "20", "--seed", "1", "--samples", "1000",
        "--thin", "10", "--test-fraction", "0.2", "--output", "chains.npy", "--figures", "out",
        "--json",
      ]
      let outcome = try Szilard.run(arguments + ["--threads", "2"], in: folder)
      try #require([0, 2].contains(outcome.status), "\(outcome.errors)")
      let json = try #require(outcome.json)
      let parameters = try #require(json["parameters"] as? [[String: Any]])
      #expect(
        parameters.compactMap { $0["name"] as? String } == ["column 1", "column 2", "intercept"])
      for (parameter, truth) in zip(parameters, [2.0, -1, 1]) {
        let original = try #require(parameter["originalMean"] as? Double)
        let width = try #require(parameter["originalDeviation"] as? Double)
        #expect(abs(original - truth) < 6 * width, "\(parameter)")
        let exact = try #require(parameter["exactDeviation"] as? Double)
        #expect(abs((parameter["deviation"] as? Double ?? 0) / exact - 1) < 0.15)
        for key in ["bulkEffectiveSampleSize", "scaleReduction", "predictedVarianceError"] {
          #expect(parameter[key] is Double, "\(key)")
        }
      }
      #expect((json["exactDivergence"] as? Double ?? 1) < 0.05)
      for key in ["stein", "virialTemperature", "entropyProduction", "predicted", "prediction"] {
        #expect(json[key] is [String: Any], "\(key)")
      }
      #expect((json["checks"] as? [[String: Any]])?.count == 7)
      #expect((json["settings"] as? [String: Any])?["stepSize"] is Double)
      #expect(json["page"] as? String == "out/posterior.html")
      let files = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("out/figures").path)
      for name in ["marginals", "traces", "bias", "temperatures"] {
        #expect(files.contains("\(name).gp") && files.contains("\(name).dat"), "\(name)")
      }
      let size = try Data(contentsOf: folder.appendingPathComponent("chains.npy")).count
      #expect(size == 128 + 4 * 1000 * 3 * 8)
      // For any number of threads the same numbers.
      let again = try Szilard.run(arguments + ["--threads", "1"], in: folder)
      #expect(again.output == outcome.output)
    }
  }

  @Test func otherModelsAndSamplers() throws {
    try temporaryDirectory { folder in
      try write(folder)
      let logistic = try Szilard.run(
        [
          "posterior", "logistic.txt", "--model", "logistic", "--sampler", "hmc", "--seed", "2",
          "--samples", "500", "--threads", "2",
        ], in: folder)
      #expect(logistic.status == 0, "\(logistic.errors)\(logistic.output)")
      #expect(logistic.output.contains("kernel Stein"))
      let network = try Szilard.run(
        [
          "posterior", "logistic.txt", "--model", "network", "--hidden", "2", "--sampler", "sghmc",
          "--seed", "2", "--samples", "100", "--thin", "5", "--json", "--threads", "2",
        ], in: folder)
      #expect([0, 2].contains(network.status), "\(network.errors)")
      #expect((network.json?["parameters"] as? [Any])?.count == 9)
      // A step that diverges says so, with what to do.
      let wild = try Szilard.run(
        [
          "posterior", "linear.csv", "--sampler", "sgld", "--step-size", "1", "--seed", "1",
          "--json",
        ], in: folder)
      #expect(wild.status == 2 && wild.json?["verdict"] as? String == "fail", "\(wild.errors)")
      #expect((wild.json?["lastGood"] as? [[Double]])?.count == 4)
      // A biased one is told.
      let biased = try Szilard.run(
        [
          "posterior", "linear.csv", "--sampler", "sgld", "--step-size", "3e-4", "--batch-size",
          "5", "--seed", "1", "--samples", "500", "--thin", "20", "--threads", "2",
        ], in: folder)
      #expect(biased.status == 2 && biased.output.contains("fail: the step size is too large"))
    }
  }

  @Test func mistakesAreTold() throws {
    try temporaryDirectory { folder in
      try write(folder)
      func expect(_ arguments: [String], _ status: Int32, _ text: String) throws {
        let outcome = try Szilard.run(["posterior"] + arguments, in: folder)
        #expect(outcome.status == status && outcome.errors.contains(text), "\(outcome.errors)")
      }
      try expect(["none.csv"], 66, "none.csv")
      try expect(["linear.csv", "--sampler", "magic"], 64, "--sampler magic")
      try expect(["linear.csv", "--step-size", "-1"], 64, "--step-size")
      try expect(["linear.csv", "--target", "9"], 64, "3 columns")
      try expect(["linear.csv", "--target", "0"], 64, "--target 0")
      try expect(["linear.csv", "--model", "logistic"], 65, "0 and 1")
      try expect(["linear.csv", "--samples", "2"], 64, "--samples")
      try expect(["linear.csv", "--output", "linear.csv"], 64, "--output")
      try expect(["linear.csv", "--batch-size", "100000"], 64, "--batch-size")
      try expect(
        ["linear.csv", "--sampler", "sghmc", "--replacement", "without"], 64, "--step-size")
      try expect(["linear.csv", "--sampler", "hmc", "--noise", "lm"], 64, "noise 'lm'")
      try expect(["linear.csv", "--sampler", "sgld", "--debiased"], 64, "debiased")
    }
  }
}
