import Foundation
import TestSupport
import Testing

/// `szilard spectrum`: a run, a bare model, what is wrong with the input.
@Suite struct SpectrumCommandTests {
  private func train(_ folder: URL) throws {
    let outcome = try Szilard.run(
      [
        "train", "bars-and-stripes:size=4,samples=300", "--hidden", "12", "--probes", "0",
        "--updates", "300", "--run", "run", "--seed", "1", "--evaluate-every", "100",
        "--checkpoint-every", "100", "--learning-rate", "0.05",
      ], in: folder)
    try #require(outcome.status == 0, "\(outcome.errors)")
  }

  @Test func aRunHasASpectrumAlongItsTraining() throws {
    try temporaryDirectory { folder in
      try train(folder)
      let outcome = try Szilard.run(["spectrum", "run", "--json", "--threads", "2"], in: folder)
      try #require(outcome.status == 0, "\(outcome.errors)")
      let json = try #require(outcome.json)
      let values = try #require(json["singularValues"] as? [Double])
      #expect(values.count == 12 && values == values.sorted(by: >))
      #expect(json["spinFactor"] as? Double == 0.25 && json["criticalValue"] as? Double == 4)
      #expect(json["update"] as? Int == 300)
      #expect((json["start"] as? [Double])?.count == 12)
      let bulk = try #require(json["bulk"] as? [String: Any])
      for key in ["noise", "sigma", "edges", "threshold", "outliers", "distance", "fits"] {
        #expect(bulk[key] != nil, "\(key)")
      }
      let modes = try #require(json["modes"] as? [[String: Any]])
      #expect(modes.count == 12)
      for key in ["value", "visibleKurtosis", "hiddenKurtosis", "dataVariance", "sampleVariance"] {
        #expect(modes.first?[key] is Double, "\(key)")
      }
      #expect((modes.first?["componentOverlaps"] as? [Double])?.count == 16)
      let training = try #require(json["training"] as? [[String: Any]])
      #expect(training.compactMap { $0["update"] as? Int } == [100, 200, 300])
      let motions = try #require(json["motions"] as? [[String: Any]])
      #expect(motions.count == 2)
      let rates = try #require(motions.first?["values"] as? [String: Any])
      #expect(
        (rates["measured"] as? [Double])?.count == (rates["predicted"] as? [Double])?.count)
      #expect(json["page"] as? String == "run/spectrum/spectrum.html")
      let files = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("run/spectrum/figures").path)
      for name in ["singular-values", "mode-planes", "kurtosis", "component-overlaps"] {
        #expect(files.contains("\(name).gp") && files.contains("\(name).dat"), "\(name)")
      }
      // For any number of threads the same numbers.
      let again = try Szilard.run(["spectrum", "run", "--json", "--threads", "1"], in: folder)
      #expect(again.output == outcome.output)
      let table = try Szilard.run(["spectrum", "run", "--modes", "3"], in: folder)
      #expect(table.status == 0 && table.output.contains("updates 100 to 200"))
      // Records say it too.
      let metrics = try String(
        contentsOf: folder.appendingPathComponent("run/metrics.jsonl"), encoding: .utf8)
      #expect(metrics.contains("\"outliers\":"))
    }
  }

  @Test func aBareModelHasASpectrum() throws {
    try temporaryDirectory { folder in
      try train(folder)
      let model = "run/model.safetensors"
      let alone = try Szilard.run(["spectrum", model, "--json", "--modes", "2"], in: folder)
      try #require(alone.status == 0, "\(alone.errors)")
      let json = try #require(alone.json)
      #expect((json["modes"] as? [Any])?.count == 2)
      #expect((json["singularValues"] as? [Any])?.count == 12)
      #expect(json["training"] == nil && json["page"] == nil)
      let page = try Szilard.run(
        [
          "spectrum", model, "--data", "bars-and-stripes:size=4,samples=300", "--samples",
          "bars-and-stripes:size=4,samples=100", "--output", "out",
        ], in: folder)
      #expect(page.status == 0, "\(page.errors)")
      let html = folder.appendingPathComponent("out/spectrum.html")
      #expect(try String(contentsOf: html, encoding: .utf8).contains("nearest component"))
    }
  }

  @Test func mistakesAreTold() throws {
    try temporaryDirectory { folder in
      try train(folder)
      let usage = try Szilard.run(["spectrum", "run", "--modes", "0"], in: folder)
      #expect(usage.status == 64 && usage.errors.contains("--modes"))
      let missing = try Szilard.run(["spectrum", "none.safetensors"], in: folder)
      #expect(missing.status == 66 && missing.errors.contains("none.safetensors"))
      let noData = try Szilard.run(["spectrum", "run", "--data", "none.csv"], in: folder)
      #expect(noData.status == 66 && noData.errors.contains("none.csv"))
      for option in ["--data", "--samples"] {
        let wide = try Szilard.run(
          ["spectrum", "run", option, "bars-and-stripes:size=3,samples=20"], in: folder)
        #expect(wide.status == 65 && wide.errors.contains(option), "\(wide.errors)")
        #expect(wide.errors.contains("9") && wide.errors.contains("16"))
      }
      #expect(
        !FileManager.default.fileExists(atPath: folder.appendingPathComponent("run/spectrum").path))
    }
  }
}
