import Foundation
import TestSupport
import Testing

/// `szilard entropy-production`: a rotating record as text and npy, all methods, what is wrong with the input.
@Suite struct EntropyProductionCommandTests {
  /// x' = a x + noise turned by b, as text with all digits.
  private func write(
    _ name: String, turning: Double, count: Int = 4000, in folder: URL,
    change: (Int, [Double]) -> String = { "\($1[0]),\($1[1])" }
  ) throws {
    var state: UInt64 = 12345
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Double(state >> 11) + 0.5) * 0x1p-53
    }
    func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
    var (x, y) = (0.0, 0.0)
    var text = "x,y\n"
    for row in 0..<(count + 50) {
      (x, y) = (0.7 * x - turning * y + normal(), turning * x + 0.7 * y + normal())
      if row >= 50 { text += change(row - 50, [x, y]) + "\n" }
    }
    try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
  }

  @Test func aRotatingRecord() throws {
    try temporaryDirectory { folder in
      try write("turning.csv", turning: 0.3, in: folder)
      let arguments = [
        "entropy-production", "turning.csv", "--seed", "1", "--time-step", "0.5", "--lags", "1,2,4",
      ]
      let outcome = try Szilard.run(
        arguments + ["--json", "--figures", "out", "--threads", "2"], in: folder)
      try #require(outcome.status == 0, "\(outcome.errors)")
      let json = try #require(outcome.json)
      let one = try #require(json["entropyProduction"] as? [String: Any])
      let value = try #require(one["value"] as? Double)
      // 4 (Im a)²/(1 − |a|²) = 0.857.
      #expect(abs(value - 0.857) < 0.2)
      for key in [
        "interval", "method", "verdict", "estimator", "isIrreversible", "lag", "dimension",
        "samples",
        "blocks", "relaxationTime", "bias", "null", "rate",
      ] {
        #expect(one[key] != nil, "\(key)")
      }
      #expect(one["isIrreversible"] as? Bool == true && one["estimator"] as? String == "gaussian")
      let rate = try #require(one["rate"] as? [String: Any])
      #expect(isClose(try #require(rate["value"] as? Double), 2 * value))
      let null = try #require(one["null"] as? [String: Any])
      for key in ["lower5", "median", "upper95", "upper99", "exceedance"] {
        #expect(null[key] is Double, "\(key)")
      }
      let scanned = try #require(json["lags"] as? [[String: Any]])
      #expect(scanned.compactMap { $0["lag"] as? Int } == [1, 2, 4])
      #expect(isClose(try #require(scanned.first?["value"] as? Double), value))
      let circulation = try #require(json["circulation"] as? [String: Any])
      let matrix = try #require(circulation["matrix"] as? [[Double]])
      // x turns towards y: ½⟨x dy − y dx⟩ > 0.
      #expect(matrix[0][1] > 0 && matrix[1][0] == -matrix[0][1])
      #expect((circulation["plane"] as? [[Double]])?.count == 2)
      #expect(json["states"] as? Int == 4000 && json["chains"] as? Int == 1)
      let files = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("out").path)
      for name in ["entropy-production", "probability-current"] {
        #expect(files.contains("\(name).gp") && files.contains("\(name).dat"), "\(name)")
      }
      // For any number of threads the same numbers.
      let again = try Szilard.run(
        arguments + ["--json", "--figures", "out", "--threads", "1"], in: folder)
      #expect(again.output == outcome.output)
      let table = try Szilard.run(arguments, in: folder)
      #expect(table.status == 0 && table.output.contains("not in equilibrium"), "\(table.output)")
      let backwards = try Szilard.run(
        ["data", "turning.csv", "--variables", "continuous", "--output", "turning.npz"], in: folder)
      try #require(backwards.status == 0, "\(backwards.errors)")
      let archive = try Szilard.run(
        ["entropy-production", "turning.npz", "--json", "--seed", "1"], in: folder)
      try #require(archive.status == 0, "\(archive.errors)")
      // Floats tell nearly the same.
      let stored = try #require(archive.json?["entropyProduction"] as? [String: Any])
      #expect(isClose(try #require(stored["value"] as? Double), value, relative: 1e-4))
    }
  }

  @Test func aReversibleRecordAndAllMethods() throws {
    try temporaryDirectory { folder in
      try write("still.csv", turning: 0, count: 2500, in: folder)
      let outcome = try Szilard.run(
        ["entropy-production", "still.csv", "--method", "all", "--json", "--seed", "2"], in: folder)
      try #require(outcome.status == 0, "\(outcome.errors)")
      let json = try #require(outcome.json)
      let others = try #require(json["others"] as? [[String: Any]])
      #expect(
        others.compactMap { $0["estimator"] as? String } == ["uncertainty", "neighbours", "neural"])
      #expect(json["figures"] == nil)
      let table = try Szilard.run(
        ["entropy-production", "still.csv", "--seed", "2", "--confidence", "0.998"], in: folder)
      #expect(table.output.contains("consistent with equilibrium"), "\(table.output)")
      // More than the draws of the null can tell.
      let sure = try Szilard.run(
        ["entropy-production", "still.csv", "--confidence", "0.9995"], in: folder)
      #expect(sure.status == 64 && sure.errors.contains("0.998"), "\(sure.errors)")
    }
  }

  @Test func oneCoordinate() throws {
    try temporaryDirectory { folder in
      try write("one.csv", turning: 0, count: 1500, in: folder) { "\($1[0])" }
      let linear = try Szilard.run(["entropy-production", "one.csv", "--seed", "1"], in: folder)
      #expect(linear.status == 2 && linear.output.contains("no linear current"))
      let all = try Szilard.run(
        ["entropy-production", "one.csv", "--seed", "1", "--method", "all", "--json"], in: folder)
      try #require(all.status == 0, "\(all.errors)")
      let first = try #require(all.json?["entropyProduction"] as? [String: Any])
      #expect(first["estimator"] as? String == "neighbours")
      #expect(all.errors.contains("gaussian is left out"))
    }
  }

  @Test func mistakesAreTold() throws {
    try temporaryDirectory { folder in
      try write("good.csv", turning: 0.3, count: 500, in: folder)
      for arguments in [
        ["--lag", "0"], ["--lag", "500"], ["--lags", "1,x"], ["--time-step", "0"],
        ["--confidence", "1"], ["--discard", "499"], ["--method", "none"], ["--key", "x"],
      ] {
        let outcome = try Szilard.run(["entropy-production", "good.csv"] + arguments, in: folder)
        #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
      }
      let missing = try Szilard.run(["entropy-production", "none.npy"], in: folder)
      #expect(missing.status == 66 && missing.errors.contains("none.npy"))
      try write("nan.csv", turning: 0.3, count: 300, in: folder) { row, x in
        row == 6 ? "\(x[0]),nan" : "\(x[0]),\(x[1])"
      }
      let nan = try Szilard.run(["entropy-production", "nan.csv"], in: folder)
      #expect(
        nan.status == 65 && nan.errors.contains("row 7, column 2"), "\(nan.errors)")
      // Unresolved: a column twice, and a record that is too short.
      try write("twice.csv", turning: 0.3, count: 500, in: folder) { _, x in
        "\(x[0]),\(x[1]),\(x[0])"
      }
      let twice = try Szilard.run(["entropy-production", "twice.csv", "--json"], in: folder)
      #expect(twice.status == 2 && twice.output.contains("column 3 is column 1 again"))
      #expect(!twice.output.contains("nan"))
      try write("short.csv", turning: 0.3, count: 20, in: folder)
      let short = try Szilard.run(["entropy-production", "short.csv"], in: folder)
      #expect(short.status == 2 && short.output.contains("relaxation times"), "\(short.output)")
    }
  }
}
