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

  @Test func widthsAndPathsAreLearned() throws {
    try temporaryDirectory { folder in
      let common =
        "swiss-roll:samples=500 --network residual --hidden 16 --blocks 1 --seed 1 --updates 20"
      let hybrid = try run("train \(common) --run h --loss hybrid --steps 20", in: folder)
      try #require(hybrid.status == 0, "\(hybrid.errors)")
      let file = folder.appendingPathComponent("h/scheduler_config.json")
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
      #expect(object["variance_type"] as? String == "learned_range")
      #expect((object["trained_betas"] as? [Double])?.count == 20)
      func bound(_ run: String, _ options: String) throws -> Szilard.Outcome {
        try self.run("evaluate \(run) --samples 20 --seed 2 --json \(options)", in: folder)
      }
      let usual = try bound("h", "")
      #expect(try usual.output == bound("h", "--variance learned").output)
      #expect(try usual.output != bound("h", "--variance posterior").output)
      for method in ["ancestral", "heun --smallest-ratio 0.5"] {
        let sampled = try run(
          "sample h --count 3 --output s.npy --seed 1 --method \(method)", in: folder)
        #expect(sampled.status == 0, "\(sampled.errors)")
      }
      let learned = try run("train \(common) --run p --loss continuous --path learned", in: folder)
      try #require(learned.status == 0, "\(learned.errors)")
      #expect(try bound("p", "--variance learned").status == 64)
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
        ("train swiss-roll --run r --path learned", 64, "continuous"),
        ("train swiss-roll --run r --network radial-basis", 64, "reverse-kernel"),
        (
          "train swiss-roll --run r --model reverse-kernel --network radial-basis --hidden 300", 64,
          "256"
        ),
        ("train swiss-roll --run r --prediction noise --schedule reciprocal", 64, "reciprocal"),
        ("train swiss-roll --run r --loss karras --path arc", 64, "--path"),
        ("train swiss-roll --run r --activity 0.3", 64, "--activity"),
        ("train swiss-roll --run r --levels 4", 65, "outside"),
        ("train swiss-roll --run r --binarize 0", 64, "--binarize"),
        ("train heartbeat --run r --noise absorbing --schedule cosine", 64, "reciprocal"),
        ("train heartbeat --run r --levels 4", 64, "--levels"),
        ("train heartbeat --run r --test heartbeat --held-out 0.2", 64, "--held-out"),
        ("train swiss-roll --run r --loss hybrid --path arc", 64, "--schedule"),
        ("train swiss-roll --run r --model reverse-kernel --loss flow", 64, "--loss"),
        ("train dead-leaves:size=12,samples=20 --run r --blocks 2", 64, "three"),
        ("sample nowhere --count 1 --output x.npy --smallest-ratio 0", 64, "--smallest-ratio"),
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
      let constant = (0..<20).map { _ in "0.1,0.7" }.joined(separator: "\n") + "\n"
      try Data(constant.utf8).write(to: folder.appendingPathComponent("constant.csv"))
      let flat = try run("train constant.csv --run r", in: folder)
      #expect(flat.status == 65 && flat.errors.contains("vary"), "\(flat.errors)")
    }
  }

  @Test func optionsThatAModelDoesNotHaveAreRefused() throws {
    try temporaryDirectory { folder in
      let common = "--updates 4 --batch-size 16 --seed 1"
      for (name, options) in [
        ("d", "swiss-roll:samples=100 --steps 20 --hidden 8 --blocks 1"),
        (
          "k",
          "swiss-roll:samples=100 --steps 20 --model reverse-kernel --network radial-basis --hidden 4"
        ),
        ("c", "heartbeat:samples=60 --steps 10 --network sigmoid --hidden 4"),
      ] {
        let trained = try run("train \(options) --run \(name) \(common)", in: folder)
        try #require(trained.status == 0, "\(trained.errors)")
      }
      let faults: [(String, Int32, String)] = [
        (
          "train swiss-roll:samples=100 --run d --resume --learning-rate 0.5", 64, "--learning-rate"
        ),
        ("train swiss-roll:samples=100 --run d --resume --test swiss-roll", 64, "--test"),
        ("train swiss-roll:samples=100 --run d --resume --limit 7", 64, "reading"),
        ("sample d --count 2 --output s.npy --eta 1", 64, "--eta"),
        ("sample d --count 2 --output s.npy --method heun --steps 1", 64, "--steps"),
        ("sample d --count 2 --output s.npy --method ddim --steps 30", 64, "--steps"),
        ("sample k --count 2 --output s.npy --steps 10", 64, "--steps"),
        ("sample k --count 2 --output s.npy --variance forward", 64, "variance"),
        ("evaluate d --method jarzynski --paths 1", 64, "--paths"),
        ("evaluate d --limit 3", 64, "--data"),
        ("evaluate d --variance optimal", 64, "--variance"),
        ("evaluate k --variance forward", 64, "variance"),
        ("evaluate c --steps 5", 64, "--steps"),
        ("evaluate d --data gaussian.csv", 65, "3 values"),
        ("evaluate d --method parzen --data gaussian.csv", 65, "3 values"),
        ("denoise c --noise 0.3 --output s.npy", 64, "discrete"),
        ("inpaint c --unknown 1 --data c.csv --output s.npy", 65, "3 values"),
        ("inpaint c --unknown 1 --steps 5 --output s.npy", 64, "--steps"),
      ]
      try Data("1,2,3\n4,5,7\n".utf8).write(to: folder.appendingPathComponent("gaussian.csv"))
      try Data("0,1,1\n1,0,1\n".utf8).write(to: folder.appendingPathComponent("c.csv"))
      for (arguments, status, text) in faults {
        let outcome = try run(arguments, in: folder)
        #expect(outcome.status == status, "\(arguments): \(outcome.status) \(outcome.errors)")
        #expect(outcome.errors.contains(text), "\(arguments): \(outcome.errors)")
      }
      // Few draws: one entry a step at the most, without an error where there is one value.
      for (name, steps) in [("d", 20), ("c", 10)] {
        let drawn = try run("evaluate \(name) --draws 3 --seed 1 --json", in: folder)
        #expect(drawn.status == 0 || drawn.status == 2, "\(drawn.errors)")
        let terms = try #require(drawn.json?["terms"] as? [[String: Any]])
        #expect(Set(terms.compactMap { $0["step"] as? Int }).count == terms.count)
        #expect(terms.count <= steps)
      }
      let report = try run("report k --samples 20 --json", in: folder)
      #expect(report.status == 0, "\(report.errors)")
      #expect(report.json?["entropyProduction"] is [String: Any])
      // A run of another kind is named.
      let other = try Szilard.run(["report", "d"], in: folder)
      #expect(
        other.status == 65 && other.errors.contains("szilard diffusion train"), "\(other.errors)")
      // A description that no model has.
      let file = folder.appendingPathComponent("d/model.safetensors")
      let bytes = try Data(contentsOf: file)
      let text = Data(#"\"scale\":"#.utf8)
      let place = try #require(bytes.range(of: text))
      var damaged = bytes
      damaged[place.upperBound] = UInt8(ascii: "-")
      try damaged.write(to: folder.appendingPathComponent("bad.safetensors"))
      let bad = try run("sample bad.safetensors --count 1 --output s.npy", in: folder)
      #expect(bad.status == 65 && bad.errors.contains("bad.safetensors"), "\(bad.errors)")
    }
  }
}
