import Foundation
import NumericalCore
import TestSupport
import Testing

/// Training from the command line: determinism, crashes, interruption.
@Suite(.serialized) struct RunTests {
  private let training = [
    "train", "ising:size=8,samples=600,seed=3", "--hidden", "24", "--updates", "240", "--chains",
    "100", "--batch-size", "100", "--gibbs-steps", "4", "--evaluate-every", "80",
    "--checkpoint-every", "10", "--seed", "5", "--optimizer", "adam",
  ]

  private func model(_ folder: URL, _ run: String) throws -> Data {
    try Data(contentsOf: folder.appendingPathComponent("\(run)/model.safetensors"))
  }

  @Test func threadsDoNotChangeTheModel() throws {
    try temporaryDirectory { folder in
      for threads in ["1", "2", "3"] {
        let outcome = try Szilard.run(
          training + ["--run", "run\(threads)", "--threads", threads], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
      let one = try model(folder, "run1")
      #expect(try model(folder, "run2") == one)
      #expect(try model(folder, "run3") == one)
      var other = training
      other[other.firstIndex(of: "5") ?? 0] = "6"
      #expect(try Szilard.run(other + ["--run", "other"], in: folder).status == 0)
      #expect(try model(folder, "other") != one)
    }
  }

  /// Kills a run at random moments, resumes it each time, and compares with an undisturbed run: the
  /// same bits of the model and of the last checkpoint, the same records but for the clock.
  @Test func killedRunsEndWithTheSameBits() throws {
    try temporaryDirectory { folder in
      let undisturbed = try Szilard.run(training + ["--run", "calm"], in: folder)
      #expect(undisturbed.status == 0, "\(undisturbed.errors)")
      let seed = testSeed(11)
      var random = RandomStream(seed: seed, purpose: .test)
      var kills = 0
      var started = false
      var finished = false
      // Delays grow, so that every run ends; short ones hit the beginning and the writing of files.
      while !finished {
        let resume = started ? ["--resume"] : []
        let arguments = (started ? [training[0], training[1]] : training) + ["--run", "killed"]
        let (process, _, errors) = try Szilard.start(arguments + resume, in: folder)
        let limit = kills < 24 ? 0.02 + 0.25 * random.uniform() : 60
        let end = Date().addingTimeInterval(limit)
        while process.isRunning, Date() < end { usleep(500) }
        if process.isRunning {
          kill(process.processIdentifier, SIGKILL)
          kills += 1
        }
        process.waitUntilExit()
        started = FileManager.default.fileExists(
          atPath: folder.appendingPathComponent("killed/run.json").path)
        if process.terminationReason == .exit {
          let text = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
          try #require(process.terminationStatus == 0, "\(text)")
          finished = true
          if kills < 20 {
            // The machine is faster than the delays: begin once more, keep counting.
            try FileManager.default.removeItem(at: folder.appendingPathComponent("killed"))
            started = false
            finished = false
          }
        }
      }
      #expect(kills >= 20)
      #expect(try model(folder, "killed") == model(folder, "calm"), "seed \(seed)")
      #expect(try records(folder, "killed") == records(folder, "calm"), "seed \(seed)")
      let leftovers = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("killed/checkpoints").path)
      let named = leftovers.filter { !$0.hasPrefix(".") }
      #expect(named.allSatisfy { $0.hasSuffix(".safetensors") })
    }
  }

  /// The records without what the clock says.
  private func records(_ folder: URL, _ run: String) throws -> [String] {
    let text = try String(
      contentsOf: folder.appendingPathComponent("\(run)/metrics.jsonl"), encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      var object =
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      object["seconds"] = nil
      let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
      return String(decoding: data, as: UTF8.self)
    }
  }

  @Test func interruptionSavesACheckpointAndSaysHowToGoOn() throws {
    try temporaryDirectory { folder in
      let long = [
        "train", "ising:size=8,samples=600", "--run", "run", "--updates", "1000000", "--seed", "1",
        "--evaluate-every", "0",
      ]
      let (process, _, errors) = try Szilard.start(long, in: folder)
      // The first record is written when training begins.
      let first = folder.appendingPathComponent("run/metrics.jsonl").path
      let end = Date().addingTimeInterval(60)
      while !FileManager.default.fileExists(atPath: first), Date() < end { usleep(10_000) }
      kill(process.processIdentifier, SIGINT)
      while process.isRunning, Date() < end { usleep(10_000) }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
      let text = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
      #expect(process.terminationStatus == 130)
      #expect(text.contains("--resume"), "\(text)")
      let checkpoints = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("run/checkpoints").path)
      #expect(checkpoints.count == 1)
      #expect(try Szilard.run(["evaluate", "run", "--threads", "1"], in: folder).status != 66)
    }
  }
}
