import Foundation
import TestSupport
import Testing

/// Bad input: the right exit code, one message that names what and where, nothing half-written.
@Suite struct ErrorTests {
  struct Case: Sendable, CustomStringConvertible {
    let name: String
    /// A file of this name and content is there before the command runs.
    var file: (name: String, content: [UInt8])?
    let arguments: [String]
    let status: Int32
    /// What the message must name.
    let mentions: [String]

    var description: String { name }
  }

  private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  static let cases: [Case] = [
    Case(
      name: "missing file", arguments: ["train", "none.npy", "--run", "r"], status: 66,
      mentions: ["none.npy"]),
    Case(
      name: "empty file", file: ("e.csv", []), arguments: ["train", "e.csv", "--run", "r"],
      status: 65, mentions: ["e.csv"]),
    Case(
      name: "ragged text", file: ("r.csv", text("0,1,1\n1,0\n")),
      arguments: ["train", "r.csv", "--run", "r"], status: 65, mentions: ["r.csv", "2"]),
    Case(
      name: "not a number", file: ("n.csv", text("0,1,nan\n1,0,1\n")),
      arguments: ["train", "n.csv", "--run", "r"], status: 65, mentions: ["n.csv"]),
    Case(
      name: "reals for binary units", file: ("x.csv", text("0.5,1.5\n2,3\n")),
      arguments: ["train", "x.csv", "--run", "r", "--visible-units", "bernoulli"], status: 65,
      mentions: ["x.csv", "--binarize"]),
    Case(
      name: "truncated npy", file: ("t.npy", text("\u{93}NUMPY")),
      arguments: ["train", "t.npy", "--run", "r"], status: 65, mentions: ["t.npy"]),
    Case(
      name: "unknown suffix", file: ("a.xyz", [1, 2, 3]),
      arguments: ["train", "a.xyz", "--run", "r"], status: 65, mentions: ["a.xyz"]),
    Case(
      name: "unknown generator", arguments: ["train", "isung:size=4", "--run", "r"], status: 64,
      mentions: ["isung"]),
    Case(
      name: "unknown key of a generator", arguments: ["train", "ising:sise=4", "--run", "r"],
      status: 64, mentions: ["sise"]),
    Case(
      name: "no run option", arguments: ["train", "ising:size=4"], status: 64,
      mentions: ["--run"]),
    Case(
      name: "negative rate",
      arguments: ["train", "ising:size=4", "--run", "r", "--learning-rate", "-1"], status: 64,
      mentions: ["--learning-rate"]),
    Case(
      name: "wrong units",
      arguments: ["train", "ising:size=4", "--run", "r", "--hidden-units", "fermi"], status: 64,
      mentions: ["--hidden-units", "fermi"]),
    Case(
      name: "kernels of another processor",
      arguments: ["info", "--kernels", "sparc"], status: 64, mentions: ["sparc"]),
    Case(
      name: "test of another width",
      arguments: [
        "train", "ising:size=4,samples=50", "--test", "ising:size=5,samples=50", "--run", "r",
      ], status: 65, mentions: ["--test", "25", "16"]),
    Case(
      name: "resume without a run", arguments: ["train", "ising:size=4", "--run", "r", "--resume"],
      status: 66, mentions: ["--resume"]),
    Case(
      name: "a folder of other things", file: ("other.txt", text("mine")),
      arguments: ["train", "ising:size=4", "--run", "."], status: 66, mentions: ["--run"]),
    Case(
      name: "missing model", arguments: ["evaluate", "none.safetensors"], status: 66,
      mentions: ["none.safetensors"]),
    Case(
      name: "no model", file: ("m.safetensors", text("nonsense, but long enough to read")),
      arguments: ["evaluate", "m.safetensors"], status: 65, mentions: ["m.safetensors"]),
    Case(
      name: "a header that promises terabytes",
      file: ("h.npy", npyHeader("(1000000, 1000000)")),
      arguments: ["train", "h.npy", "--run", "r"], status: 65, mentions: ["h.npy"]),
    Case(
      name: "output into no folder",
      arguments: ["data", "ising:size=4,samples=10", "--output", "no/such/out.npy"], status: 66,
      mentions: ["no/such"]),
    Case(
      name: "output of unknown kind",
      arguments: ["data", "ising:size=4,samples=10", "--output", "out.xyz"], status: 64,
      mentions: ["out.xyz"]),
  ]

  private static func npyHeader(_ shape: String) -> [UInt8] {
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"
    while (header.utf8.count + 11) % 64 != 0 { header += " " }
    header += "\n"
    return [0x93] + text("NUMPY") + [
      1, 0, UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8),
    ]
      + text(header) + [UInt8](repeating: 0, count: 64)
  }

  @Test(arguments: cases)
  func badInput(_ bad: Case) throws {
    try temporaryDirectory { folder in
      if let file = bad.file {
        try Data(file.content).write(to: folder.appendingPathComponent(file.name))
      }
      let outcome = try Szilard.run(bad.arguments, in: folder)
      #expect(outcome.status == bad.status, "\(outcome.errors)")
      for word in bad.mentions {
        #expect(outcome.errors.contains(word), "'\(word)' in: \(outcome.errors)")
      }
      #expect(outcome.output.isEmpty)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { !$0.hasPrefix(".") && $0 != bad.file?.name }
      #expect(left.isEmpty, "left behind: \(left)")
    }
  }

  @Test func aRunThatExistsIsNotTouched() throws {
    try temporaryDirectory { folder in
      let arguments = [
        "train", "bars-and-stripes:size=3,samples=100", "--run", "r", "--updates", "5", "--hidden",
        "4", "--seed", "1",
      ]
      #expect(try Szilard.run(arguments, in: folder).status == 0)
      let before = try Data(contentsOf: folder.appendingPathComponent("r/run.json"))
      let again = try Szilard.run(arguments, in: folder)
      #expect(again.status == 66)
      #expect(again.errors.contains("--overwrite") && again.errors.contains("--resume"))
      #expect(try Data(contentsOf: folder.appendingPathComponent("r/run.json")) == before)
      #expect(try Szilard.run(arguments + ["--overwrite"], in: folder).status == 0)
      let changed = try Szilard.run(
        ["train", arguments[1], "--run", "r", "--resume", "--hidden", "5"], in: folder)
      #expect(changed.status == 64)
      #expect(changed.errors.contains("--hidden"))
    }
  }

  /// No room for a file: a limit on the size of files makes writes fail as a full disk does.
  ///
  /// What was there before stays whole, and nothing half-written is left.
  @Test func noRoom() throws {
    try temporaryDirectory { folder in
      #expect(
        try Szilard.run(["data", "ising:size=4,samples=10", "--output", "x.npy"], in: folder).status
          == 0)
      let before = try Data(contentsOf: folder.appendingPathComponent("x.npy"))
      let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""
      let outcome = try Szilard.run(
        ["-c", limited, Szilard.path, "data", "ising:size=32,samples=2000", "--output", "x.npy"],
        in: folder, program: "/bin/bash")
      #expect(outcome.status == 66, "\(outcome.errors)")
      #expect(outcome.errors.contains("x.npy"))
      #expect(try Data(contentsOf: folder.appendingPathComponent("x.npy")) == before)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.allSatisfy { !$0.contains("partial") })
    }
  }
}
