import Foundation
import TestSupport

/// The built command, run as a user runs it.
enum Szilard {
  /// What a run of the command left.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    /// Standard output as a JSON object.
    var json: [String: Any]? {
      (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any]
    }
  }

  /// The executable beside the test bundle.
  static let path: String = {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    let candidates = ([own] + ProcessInfo.processInfo.arguments).map {
      URL(fileURLWithPath: $0).deletingLastPathComponent().appendingPathComponent("szilard").path
    }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
      ?? packageRoot.appendingPathComponent(".build/release/szilard").path
  }()

  /// Starts the command; its output goes to files in `folder`.
  static func start(
    _ arguments: [String], in folder: URL, program: String = path
  ) throws -> (process: Process, output: URL, errors: URL) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let name = UUID().uuidString
    let output = folder.appendingPathComponent(".\(name).out")
    let errors = folder.appendingPathComponent(".\(name).err")
    for file in [output, errors] { try Data().write(to: file) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    return (process, output, errors)
  }

  /// Runs the command to its end.
  static func run(
    _ arguments: [String], in folder: URL, program: String = path
  ) throws -> Outcome {
    let (process, output, errors) = try start(arguments, in: folder, program: program)
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }
}
