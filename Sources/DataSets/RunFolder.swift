internal import Foundation
public import NumericalCore

/// A run on disk: a folder in which only finished files are ever visible.
///
///     run.json             what was asked, on what machine, and what it cost
///     metrics.jsonl        one line a record
///     checkpoints/update-00001000.safetensors
///     model.safetensors    the newest parameters alone
///     figures/, report.html
public struct RunFolder: Sendable {
  /// What to do when the folder exists already.
  public enum Mode: Sendable, Equatable {
    /// Refuse.
    case new
    /// Replace the run.
    case overwrite
    /// Go on with it.
    case resume
  }

  /// Where the folder is.
  public let path: String

  /// A folder that is expected to hold a run.
  ///
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when it does not.
  public init(existing path: String) throws(SzilardError) {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else {
      throw SzilardError(.cannotOpen, "\(path): there is no such run folder")
    }
    guard FileManager.default.fileExists(atPath: runFile) else {
      throw SzilardError(.cannotOpen, "\(path): is not a run folder: it holds no run.json")
    }
  }

  /// Looks at a folder where a run is to be; nothing is changed yet.
  ///
  /// - Throws: ``SzilardError`` of kind `cannotOpen` when a run is there and `mode` is `new`, when
  ///   there is none and `mode` is `resume`, when the folder holds something else, or when it cannot
  ///   be written to.
  public init(_ path: String, mode: Mode) throws(SzilardError) {
    self.path = path
    let files = FileManager.default
    var isFolder: ObjCBool = false
    let exists = files.fileExists(atPath: path, isDirectory: &isFolder)
    if exists, !isFolder.boolValue {
      throw SzilardError(.cannotOpen, "--run \(path): is a file; name a folder")
    }
    let isRun = files.fileExists(atPath: path + "/run.json")
    if mode == .resume, !isRun {
      throw SzilardError(
        .cannotOpen, "--run \(path): there is no run to resume; leave out --resume to begin one")
    }
    if mode == .new, isRun {
      throw SzilardError(
        .cannotOpen,
        "--run \(path): a run is there already; --resume goes on with it, --overwrite replaces it")
    }
    let content = exists ? (try? files.contentsOfDirectory(atPath: path)) ?? [] : []
    if !isRun, content.contains(where: { !$0.hasPrefix(".") && !RunFolder.ownNames.contains($0) }) {
      throw SzilardError(
        .cannotOpen, "--run \(path): the folder holds files that are no run; name another")
    }
    // The nearest folder that exists must take a new file.
    var place = URL(fileURLWithPath: path)
    while !files.fileExists(atPath: place.path), place.pathComponents.count > 1 {
      place.deleteLastPathComponent()
    }
    guard files.isWritableFile(atPath: place.path) else {
      throw SzilardError(.cannotOpen, "--run \(path): \(place.path) cannot be written to")
    }
  }

  /// Makes the folder, empty of any earlier run.
  public func create() throws(SzilardError) {
    let files = FileManager.default
    do {
      for name in RunFolder.ownNames where files.fileExists(atPath: path + "/" + name) {
        try files.removeItem(atPath: path + "/" + name)
      }
      try files.createDirectory(atPath: path + "/checkpoints", withIntermediateDirectories: true)
    } catch {
      throw SzilardError(
        .cannotOpen,
        "--run \(path): the folder cannot be made or emptied: \(error.localizedDescription)")
    }
  }

  // run.json goes first, so that a half-removed run is no run.
  private static let ownNames = [
    "run.json", "metrics.jsonl", "model.safetensors", "scheduler_config.json", "report.html",
    "figures", "checkpoints",
  ]

  /// The file that says what was asked.
  public var runFile: String { path + "/run.json" }
  /// The file of records.
  public var metricsFile: String { path + "/metrics.jsonl" }
  /// The newest parameters.
  public var modelFile: String { path + "/model.safetensors" }
  /// The chain of a diffusion, for programs of the diffusers family.
  public var schedulerFile: String { path + "/scheduler_config.json" }
  /// The report.
  public var reportFile: String { path + "/report.html" }
  /// The folder of figures.
  public var figuresFolder: String { path + "/figures" }

  /// The file of the checkpoint at an update.
  public func checkpointFile(update: Int) -> String {
    let digits = String(update)
    let padding = String(repeating: "0", count: max(0, 8 - digits.count))
    return path + "/checkpoints/update-\(padding)\(digits).safetensors"
  }

  /// The updates that have checkpoints, oldest first.
  public var checkpoints: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints")) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("update-"), name.hasSuffix(".safetensors") else { return nil }
      return Int(name.dropFirst(7).dropLast(12))
    }.sorted()
  }

  /// Writes a value as JSON into `run.json`.
  public func writeDescription(_ value: some Encodable) throws(SzilardError) {
    try writeJSON(value, to: runFile)
  }

  /// Writes a value as JSON into `scheduler_config.json`.
  public func writeScheduler(_ value: some Encodable) throws(SzilardError) {
    try writeJSON(value, to: schedulerFile)
  }

  private func writeJSON(_ value: some Encodable, to file: String) throws(SzilardError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      throw SzilardError(.internalFault, "\(file): what it is to say cannot be encoded")
    }
    try AtomicFile.write([UInt8](data) + [10], to: file)
  }

  /// Reads `run.json`.
  public func description<Value: Decodable>(as type: Value.Type) throws(SzilardError) -> Value {
    guard let data = FileManager.default.contents(atPath: runFile) else {
      throw SzilardError(.cannotOpen, "\(runFile): cannot be read")
    }
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      let command = (try? JSONDecoder().decode(RunCommand.self, from: data))?.command
      throw SzilardError(
        .badData,
        command.map {
          "\(runFile): is a run of 'szilard \($0)', which this command does not read, or one of another "
            + "version (\(RunFolder.reason(error)))"
        } ?? "\(runFile): is damaged: \(RunFolder.reason(error))")
    }
  }

  /// What was wrong with a JSON file, in a few words.
  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' is not what it should be"
    case DecodingError.dataCorrupted(let context): context.debugDescription
    default: "\(error)"
    }
  }

  /// Appends one record to `metrics.jsonl`, in one write.
  public func appendMetrics(_ value: some Encodable) throws(SzilardError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var line = try? encoder.encode(value) else {
      throw SzilardError(.internalFault, "a record cannot be encoded")
    }
    line.append(10)
    let descriptor = open(metricsFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw SzilardError(
        .cannotOpen, "\(metricsFile): cannot be written: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard count == line.count else {
      throw SzilardError(
        .cannotOpen, "\(metricsFile): cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  /// The records of `metrics.jsonl` that are whole; a last line that a crash cut short is left out.
  public func metrics<Value: Decodable>(as type: Value.Type) -> [Value] {
    guard let data = FileManager.default.contents(atPath: metricsFile) else { return [] }
    return data.split(separator: 10).compactMap { try? JSONDecoder().decode(type, from: $0) }
  }

  /// Keeps the records for which `isKept` holds, for a run that goes on from an older state.
  public func keepMetrics<Value: Decodable>(
    as type: Value.Type, where isKept: (Value) -> Bool
  ) throws(SzilardError) {
    guard let data = FileManager.default.contents(atPath: metricsFile) else { return }
    var kept: [UInt8] = []
    for line in data.split(separator: 10) {
      guard let value = try? JSONDecoder().decode(type, from: line), isKept(value) else { continue }
      kept += line + [10]
    }
    try AtomicFile.write(kept, to: metricsFile)
  }
}

/// The one entry that `run.json` of every kind has.
private struct RunCommand: Decodable {
  let command: String
}
