import Foundation
import TestSupport
import Testing

/// The jobs of the tool from end to end, on small input.
@Suite(.serialized) struct JobTests {
  private func trained(_ folder: URL, _ data: String, _ more: [String] = []) throws {
    let outcome = try Szilard.run(
      ["train", data, "--run", "run", "--updates", "60", "--hidden", "8", "--seed", "2"] + more,
      in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test func evaluateTellsTheLikelihoodWithItsInterval() throws {
    try temporaryDirectory { folder in
      try trained(folder, "bars-and-stripes:size=3,samples=300")
      for method in ["exact", "ais", "auto"] {
        let outcome = try Szilard.run(
          [
            "evaluate", "run", "--data", "bars-and-stripes:size=3,samples=100,seed=9", "--method",
            method, "--seed", "4", "--json",
          ], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let json = try #require(outcome.json)
        let logZ = try #require(json["logPartitionFunction"] as? [String: Any])
        let interval = try #require(logZ["interval"] as? [Double])
        let value = try #require(logZ["value"] as? Double)
        #expect(interval.count == 2 && interval[0] <= value && value <= interval[1])
        #expect(logZ["verdict"] as? String == "resolved")
        for key in ["confidence", "method", "effectiveSampleSize"] { #expect(logZ[key] != nil) }
        let sets = try #require(json["logLikelihood"] as? [[String: Any]])
        #expect(sets.count == 1 && sets[0]["samples"] as? Int == 100)
        #expect((sets[0]["value"] as? Double ?? 0) < 0)
      }
    }
  }

  @Test func anUnresolvedAnswerExitsWithTwo() throws {
    try temporaryDirectory { folder in
      try trained(folder, "ising:size=8,samples=300")
      let outcome = try Szilard.run(
        [
          "evaluate", "run", "--method", "ais", "--temperatures", "2", "--chains", "10", "--json",
        ], in: folder)
      #expect(outcome.status == 2, "\(outcome.errors)")
      let logZ = outcome.json?["logPartitionFunction"] as? [String: Any]
      #expect(logZ?["verdict"] as? String == "unresolved")
      #expect((logZ?["reason"] as? String)?.isEmpty == false)
    }
  }

  @Test(arguments: ["npy", "npz", "csv", "h5"])
  func samplesAreWritten(_ suffix: String) throws {
    try temporaryDirectory { folder in
      try trained(folder, "bars-and-stripes:size=3,samples=300")
      let file = "samples.\(suffix)"
      let outcome = try Szilard.run(
        [
          "sample", "run", "--count", "40", "--output", file, "--sweeps", "300", "--seed", "3",
          "--json",
        ], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect((outcome.json?["statisticalInefficiency"] as? Double ?? 0) >= 1)
      let read = try Szilard.run(["data", file, "--json"], in: folder)
      #expect(read.status == 0, "\(read.errors)")
      #expect(read.json?["samples"] as? Int == 40)
      #expect(read.json?["units"] as? Int == 9)
    }
  }

  @Test func aShortRunIsWarnedAbout() throws {
    try temporaryDirectory { folder in
      try trained(folder, "two-modes:samples=300,units=30")
      let outcome = try Szilard.run(
        ["sample", "run", "--count", "10", "--output", "s.npy", "--sweeps", "0", "--seed", "1"],
        in: folder)
      #expect(outcome.status == 0)
      #expect(outcome.errors.contains("warning"))
    }
  }

  @Test func clampedUnitsKeepTheirValues() throws {
    try temporaryDirectory { folder in
      try trained(folder, "bars-and-stripes:size=3,samples=300")
      try Data("1 1 1 0 0 0 1 1 1\n".utf8).write(to: folder.appendingPathComponent("d.txt"))
      let outcome = try Szilard.run(
        [
          "sample", "run", "--count", "50", "--output", "s.csv", "--from", "data", "--data",
          "d.txt", "--clamp", "0-2,8", "--sweeps", "50", "--seed", "1",
        ], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let lines = try String(
        contentsOf: folder.appendingPathComponent("s.csv"), encoding: .utf8
      ).split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
      #expect(lines.count == 50)
      for line in lines { #expect([line[0], line[1], line[2], line[8]] == ["1", "1", "1", "1"]) }
      #expect(Set(lines.map { $0[4] }).count == 2)
    }
  }

  @Test(arguments: ["npz", "safetensors"])
  func convertedModelsEvaluateAlike(_ suffix: String) throws {
    try temporaryDirectory { folder in
      try trained(folder, "ising:size=3,samples=300", ["--hidden-units", "spin"])
      func logZ(_ model: String) throws -> Double {
        let outcome = try Szilard.run(
          ["evaluate", model, "--method", "exact", "--json"], in: folder)
        let value = (outcome.json?["logPartitionFunction"] as? [String: Any])?["value"]
        return try #require(value as? Double, "\(outcome.errors)")
      }
      let file = "model.\(suffix)"
      #expect(try Szilard.run(["convert", "run", file], in: folder).status == 0)
      #expect(try logZ(file) == logZ("run"))
      #expect(try Szilard.run(["convert", "run", file], in: folder).status == 66)
      let bits = try Szilard.run(
        ["convert", "run", "bits.\(suffix)", "--units", "bernoulli"], in: folder)
      #expect(bits.status == 0)
      // "ln Z of the model = ln Z of FILE + OFFSET"
      let words = bits.errors.split(whereSeparator: \.isWhitespace)
      let offset = try #require(words.last.flatMap { Double($0) })
      #expect(abs(try logZ("bits.\(suffix)") + offset - logZ("run")) < 1e-4)
    }
  }

  @Test func infoSpeaksJSON() throws {
    try temporaryDirectory { folder in
      let outcome = try Szilard.run(["info", "--json"], in: folder)
      #expect(outcome.status == 0)
      #expect((outcome.json?["supportedKernels"] as? [String])?.contains("baseline") == true)
      for kernels in outcome.json?["supportedKernels"] as? [String] ?? [] {
        let forced = try Szilard.run(["info", "--json", "--kernels", kernels], in: folder)
        #expect(forced.json?["kernels"] as? String == kernels)
      }
    }
  }
}
