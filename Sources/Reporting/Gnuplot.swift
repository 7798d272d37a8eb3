internal import DataSets
internal import Foundation
public import NumericalCore

/// The program gnuplot, run as a child process.
public struct Gnuplot: Sendable, Equatable {
  /// Where the program is.
  public let path: String
  /// Seconds after which a script that has not ended is given up.
  public var patience = 120.0

  /// The program at a path.
  public init(path: String) { self.path = path }

  /// The program found in the folders of PATH, or nil.
  public static func find() -> Gnuplot? {
    find(in: ProcessInfo.processInfo.environment["PATH"] ?? "")
  }

  /// The program found in a list of folders as PATH has them, or nil.
  public static func find(in folders: String) -> Gnuplot? {
    folders.split(separator: ":").map { $0 + "/gnuplot" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
      .map { Gnuplot(path: $0) }
  }

  /// Runs the script `name.gp` of a folder, which draws `name.svg` there, whole or not at all.
  ///
  /// - Returns: The picture.
  /// - Throws: ``SzilardError`` with what gnuplot said when it fails or draws nothing.
  public func draw(_ name: String, in folder: String) throws(SzilardError) -> String {
    let target = folder + "/\(name).svg"
    var svg = ""
    try AtomicFile.replace(target) { temporary throws(SzilardError) in
      let output = URL(fileURLWithPath: temporary).lastPathComponent
      try run(["-d", "-e", "output='\(output)'", "\(name).gp"], script: "\(name).gp", in: folder)
      guard let data = FileManager.default.contents(atPath: temporary), !data.isEmpty else {
        throw SzilardError(.internalFault, "gnuplot drew nothing from \(name).gp")
      }
      svg = Gnuplot.sharpened(String(decoding: data, as: UTF8.self))
      do {
        try Data(svg.utf8).write(to: URL(fileURLWithPath: temporary))
      } catch {
        throw SzilardError(
          .cannotOpen, "\(target): cannot be written: \(error.localizedDescription)")
      }
    }
    return svg
  }

  private func run(
    _ arguments: [String], script: String, in folder: String
  ) throws(SzilardError) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    // A file, not a pipe: whoever else this process starts meanwhile would hold a pipe open.
    let messages = FileManager.default.temporaryDirectory
      .appendingPathComponent("szilard-gnuplot-\(UUID().uuidString).txt")
    _ = FileManager.default.createFile(atPath: messages.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: messages) }
    process.standardError = FileHandle(forWritingAtPath: messages.path) ?? .nullDevice
    do {
      try process.run()
    } catch {
      throw SzilardError(
        .cannotOpen, "gnuplot at \(path) cannot be started: \(error.localizedDescription)")
    }
    let deadline = Date(timeIntervalSinceNow: patience)
    while process.isRunning {
      if Date() > deadline {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        throw SzilardError(
          .internalFault, "gnuplot did not end within \(Int(patience)) s at \(script)")
      }
      Thread.sleep(forTimeInterval: 0.005)
    }
    let content = FileManager.default.contents(atPath: messages.path) ?? Data()
    let said = String(decoding: content, as: UTF8.self)
    guard process.terminationReason == .exit else {
      throw SzilardError(
        .internalFault, "gnuplot was ended by signal \(process.terminationStatus) at \(script)")
    }
    guard process.terminationStatus == 0 else {
      let lines = said.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      let reason = lines.last { $0.contains("line ") } ?? lines.last ?? "it gave no reason"
      throw SzilardError(
        .internalFault,
        "gnuplot failed at \(script) with status \(process.terminationStatus): \(reason)")
    }
  }

  /// Pixels of embedded images stay squares when they are drawn larger than they are.
  static func sharpened(_ svg: String) -> String {
    svg.replacingOccurrences(of: "<image ", with: "<image style='image-rendering:pixelated' ")
  }
}
