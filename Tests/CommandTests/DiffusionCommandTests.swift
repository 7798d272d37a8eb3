import Foundation
import TestSupport
import Testing

/// `szilard diffusion`: train, sample, evaluate, denoise, inpaint, report, and what is wrong with the input.
@Suite struct DiffusionCommandTests {
  private func run(_ arguments: String, in folder: URL) throws -> Szilard.Outcome {
    try Szilard.run(
      ["diffusion"] + arguments.split(separator: " ").map(String.init), in: folder)
  }

  @Test func aDenoiserGoesAllTheWay() throws {
    try temporaryDirectory { folder in
      let train =
        "train swiss-roll:samples=500 --run r --network residual --hidden 16 --blocks 1 --seed 1 --steps 20"
      let first = try run(train + " --updates 30 --json", in: folder)
      try #require(first.status == 0, "\(first.errors)")
      #expect(first.json?["update"] as? Int == 30)
      #expect((first.json?["heldOutLoss"] as? [String: Any])?["value"] is Double)
      // A run that is there is not replaced, and resumes with the same data only.
      #expect(try run(train, in: folder).status == 66)
      #expect(
        try run("train heartbeat --run r --resume", in: folder).status == 64)
      #expect(try run("train swiss-roll:samples=500 --run r --resume", in: folder).status == 0)
      for method in ["ancestral", "ddim", "heun", "flow", "sde"] {
        let name = "s-\(method).npy"
        let sampled = try run(
          "sample r --count 7 --output \(name) --method \(method) --seed 2 --json", in: folder)
        try #require(sampled.status == 0, "\(method): \(sampled.errors)")
        #expect(sampled.json?["count"] as? Int == 7)
        #expect(
          FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path))
      }
      for method in ["bound", "ode", "jarzynski", "parzen"] {
        let value = try run(
          "evaluate r --method \(method) --samples 20 --seed 2 --json"
            + (method == "parzen" ? " --generated s-ddim.npy" : ""), in: folder)
        #expect(value.status == 0 || value.status == 2, "\(method): \(value.errors)")
        let json = try #require(value.json, "\(method)")
        #expect(json["method"] as? String == method)
        #expect((json["logLikelihood"] as? [String: Any])?["verdict"] is String)
        #expect((json["bitsPerSample"] as? [String: Any])?["interval"] is [Any])
      }
      let bound = try run("evaluate r --samples 20 --seed 2 --json --threads 1", in: folder)
      let again = try run("evaluate r --samples 20 --seed 2 --json --threads 2", in: folder)
      #expect(bound.output == again.output)
      #expect((bound.json?["terms"] as? [Any])?.count == 19)
      let restored = try run(
        "denoise r --noise 0.3 --add-noise --output d.npy --samples 5 --draws 2 --seed 1 --json",
        in: folder)
      try #require(restored.status == 0, "\(restored.errors)")
      #expect(restored.json?["meanPSNR"] is Double)
      let filled = try run(
        "inpaint r --unknown 1 --output i.npy --samples 5 --draws 2 --seed 1 --json", in: folder)
      try #require(filled.status == 0, "\(filled.errors)")
      let report = try run("report r --samples 20 --json", in: folder)
      try #require(report.status == 0, "\(report.errors)")
      let files = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("r/figures").path)
      for name in ["slices", "drift", "bound-terms", "entropy-production"] {
        #expect(files.contains("\(name).gp"), "\(name)")
      }
      #expect(
        FileManager.default.fileExists(
          atPath: folder.appendingPathComponent("r/report.html").path))
    }
  }

  @Test func discreteDataHaveAChainOfTheirOwn() throws {
    try temporaryDirectory { folder in
      for options in ["--network sigmoid --hidden 8", "--noise absorbing --hidden 16 --blocks 1"] {
        let trained = try run(
          "train heartbeat:samples=300 --run r --overwrite --steps 20 --updates 20 --seed 1 --json "
            + options, in: folder)
        try #require(trained.status == 0, "\(trained.errors)")
        #expect((trained.json?["bound"] as? [String: Any])?["value"] is Double)
        let value = try run("evaluate r --samples 30 --seed 1 --json", in: folder)
        #expect(value.status == 0, "\(value.errors)")
        let sampled = try run("sample r --count 5 --output s.csv --seed 1", in: folder)
        #expect(sampled.status == 0, "\(sampled.errors)")
        let text = try String(
          contentsOf: folder.appendingPathComponent("s.csv"), encoding: .utf8)
        #expect(text.split(separator: "\n").count == 5)
        let filled = try run(
          "inpaint r --unknown 0-4 --output i.npy --samples 5 --draws 2 --seed 1", in: folder)
        #expect(filled.status == 0, "\(filled.errors)")
        #expect(try run("report r --samples 20", in: folder).status == 0)
        #expect(try run("evaluate r --method ode", in: folder).status == 64)
        #expect(try run("denoise r --noise 1 --output d.npy", in: folder).status != 0)
      }
    }
  }

  @Test func picturesOf2015() throws {
    try temporaryDirectory { folder in
      let trained = try run(
        "train dead-leaves:size=12,samples=40 --run r --model reverse-kernel --network multi-scale "
          + "--hidden 4 --blocks 1 --steps 10 --updates 3 --batch-size 8 --seed 1", in: folder)
      try #require(trained.status == 0, "\(trained.errors)")
      let value = try run("evaluate r --samples 2 --seed 1 --json", in: folder)
      #expect(value.status == 0 || value.status == 2, "\(value.errors)")
      let filled = try run(
        "inpaint r --hole 4,4,3,3 --output i.npy --samples 2 --draws 1 --seed 1", in: folder)
      #expect(filled.status == 0, "\(filled.errors)")
      #expect(
        try run("inpaint r --hole 4,4,30,3 --output i.npy --seed 1", in: folder).status == 64)
    }
  }

  @Test func faults() throws {
    try temporaryDirectory { folder in
      let faults: [(String, Int32, String)] = [
        ("train swiss-roll --run r --steps 1", 64, "--steps"),
        ("train swiss-roll --run r --model categorical", 64, "continuous"),
        ("train heartbeat --run r --model denoiser", 64, "binary"),
        ("train swiss-roll --run r --network convolution", 64, "pictures"),
        ("train swiss-roll --run r --network magic", 64, "radial-basis"),
        ("train swiss-roll --run r --path crooked", 64, "cosine"),
        ("train swiss-roll --run r --hidden 5,x", 64, "--hidden"),
        ("train swiss-roll --run r --first-rate 0.1", 64, "uniform-log-snr"),
        ("train missing.npy --run r", 66, "missing.npy"),
        ("train swiss-roll --run r --resume", 66, "resume"),
        ("train swiss-roll:thickness=5 --run r", 64, "thickness"),
        ("evaluate nowhere", 66, "nowhere"),
        ("sample nowhere --count 1 --output x.npy", 66, "nowhere"),
        ("sample nowhere --count 0 --output x.npy", 64, "--count"),
        ("sample nowhere --count 1 --output x.npy --method heun --eta 1", 64, "--eta"),
        ("inpaint nowhere --output x.npy", 64, "--hole"),
        ("denoise nowhere --noise=-1 --output x.npy", 64, "--noise"),
      ]
      for (arguments, status, text) in faults {
        let outcome = try run(arguments, in: folder)
        #expect(outcome.status == status, "\(arguments): \(outcome.status) \(outcome.errors)")
        #expect(outcome.errors.contains(text), "\(arguments): \(outcome.errors)")
      }
      #expect(
        !FileManager.default.fileExists(atPath: folder.appendingPathComponent("r").path))
      try Data("not a model".utf8).write(to: folder.appendingPathComponent("bad.safetensors"))
      #expect(try run("evaluate bad.safetensors --data swiss-roll", in: folder).status == 65)
      try Data("1,2\n3,nan\n".utf8).write(to: folder.appendingPathComponent("bad.csv"))
      let bad = try run("train bad.csv --run r", in: folder)
      #expect(bad.status == 65 && bad.errors.contains("row 2") || bad.errors.contains("line 2"))
    }
  }
}
