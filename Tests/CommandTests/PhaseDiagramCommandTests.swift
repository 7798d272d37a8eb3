import Foundation
import TestSupport
import Testing

/// `szilard phase-diagram`: the plane, one point, a run in the plane, what is wrong with the input.
@Suite struct PhaseDiagramCommandTests {
  @Test func thePlaneIsDrawn() throws {
    try temporaryDirectory { folder in
      let outcome = try Szilard.run(
        ["phase-diagram", "--components", "sign", "--kappa", "0.5", "--resolution", "8", "--json"],
        in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let json = try #require(outcome.json)
      #expect(json["components"] as? String == "sign" && json["kappa"] as? Double == 0.5)
      #expect(json["kurtosis"] as? Double == 1 && json["composition"] as? String == "single")
      #expect(json["unconvergedCells"] as? Int == 0)
      let phases = try #require(json["phases"] as? [[String]])
      #expect(phases.count == 8 && phases.allSatisfy { $0.count == 8 })
      // Rows go up: below on the right the paramagnet, below on the left the spin glass.
      #expect(phases[0][7] == "paramagnet" && phases[0][0] == "spin-glass")
      #expect(phases[7][7] == "ferromagnet")
      let kinds = try #require(json["boundaries"] as? [[String: Any]]).map {
        $0["kind"] as? String
      }
      #expect(
        kinds == [
          "paramagnet-ferromagnet", "paramagnet-spin-glass", "spin-glass-ferromagnet",
          "de-almeida-thouless",
        ])
      #expect(json["page"] as? String == "phase-diagram/phase-diagram.html")
      for file in ["phase-diagram.html", "figures/phase-diagram.gp", "figures/phase-diagram.dat"] {
        let path = folder.appendingPathComponent("phase-diagram/\(file)").path
        #expect(FileManager.default.fileExists(atPath: path), "\(file)")
      }
    }
  }

  @Test func aPointHasItsStates() throws {
    try temporaryDirectory { folder in
      let outcome = try Szilard.run(
        ["phase-diagram", "--weight", "1.5", "--noise", "0.5", "--kappa", "0.5", "--json"],
        in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let states = try #require(outcome.json?["states"] as? [[String: Any]])
      let first = try #require(states.first)
      #expect(first["phase"] as? String == "ferromagnet")
      #expect(first["isConverged"] as? Bool == true && first["isStable"] as? Bool == true)
      for (key, value) in [
        ("visibleOverlap", 0.257882), ("hiddenOverlap", 0.401113),
        ("logPartitionFunction", 1.669809),
      ] {
        #expect(abs((first[key] as? Double ?? .nan) - value) < 1e-5, "\(key)")
      }
      #expect(abs((first["visibleMagnetisations"] as? [Double] ?? [.nan])[0] - 0.545541) < 1e-5)
      let text = try Szilard.run(
        [
          "phase-diagram", "--components", "laplace", "--weight", "1.5", "--weight", "1.5",
          "--noise", "0.3",
        ], in: folder)
      #expect(text.status == 0)
      #expect(text.output.contains("dominant: ferromagnet, stable"))
      #expect(text.output.contains("m 0.341275, 0.341275"))
      // Nothing is written for a point.
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy {
          $0.hasPrefix(".")
        })
    }
  }

  @Test func aRunIsShown() throws {
    try temporaryDirectory { folder in
      let trained = try Szilard.run(
        [
          "train", "two-modes:units=40,samples=400", "--hidden", "20", "--updates", "300",
          "--learning-rate", "0.1", "--probes", "0", "--run", "run", "--seed", "1",
          "--checkpoint-every", "100", "--evaluate-every", "0",
        ], in: folder)
      try #require(trained.status == 0, "\(trained.errors)")
      let outcome = try Szilard.run(
        ["phase-diagram", "--run", "run", "--resolution", "8", "--json"], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("nearest kurtosis"))
      let json = try #require(outcome.json)
      #expect(json["kappa"] as? Double == 0.5)
      #expect(json["components"] as? String == "sign", "\(outcome.errors)")
      let trajectory = try #require(json["trajectory"] as? [[String: Any]])
      #expect(trajectory.map { $0["update"] as? Int } == [100, 200, 300])
      let last = try #require(trajectory.last)
      let (noise, strength) = (
        last["noise"] as? Double ?? .nan, last["strength"] as? Double ?? .nan
      )
      #expect(abs((last["x"] as? Double ?? .nan) - 1 / noise) < 1e-9)
      #expect(abs((last["y"] as? Double ?? .nan) / (strength / noise) - 1) < 1e-9)
      #expect(strength > 1 && strength > noise)
      #expect(json["page"] as? String == "run/phase-diagram/phase-diagram.html")
    }
  }

  @Test func mistakesAreTold() throws {
    try temporaryDirectory { folder in
      let usage = [
        ["--components", "cauchy"], ["--kappa", "0"], ["--resolution", "1"],
        ["--weight", "1"], ["--noise", "1"], ["--weight", "-1", "--noise", "1"],
        ["--visible-field", "1"], ["--weight", "nan", "--noise", "1"],
        ["--output", "x", "--weight", "1", "--noise", "1"], ["--threads", "0"],
      ]
      for arguments in usage {
        let outcome = try Szilard.run(["phase-diagram"] + arguments, in: folder)
        #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(arguments[0]))
      }
      let missing = try Szilard.run(["phase-diagram", "--run", "none"], in: folder)
      #expect(missing.status == 66 && missing.errors.contains("none"), "\(missing.errors)")
      let trained = try Szilard.run(
        [
          "train", "gaussian-mixture:samples=100", "--hidden", "4", "--updates", "2", "--probes",
          "0", "--run", "real", "--seed", "1", "--evaluate-every", "0",
        ], in: folder)
      try #require(trained.status == 0, "\(trained.errors)")
      let real = try Szilard.run(["phase-diagram", "--run", "real"], in: folder)
      #expect(real.status == 65 && real.errors.contains("gaussian"), "\(real.errors)")
    }
  }
}
