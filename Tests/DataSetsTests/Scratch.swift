import Foundation
import NumericalCore
import Testing

@testable import DataSets

/// A folder for the files of one test, gone when the test is.
final class Scratch {
  let folder: String

  /// A folder on the disk, or in memory where the system has such a file system.
  init(inMemory: Bool = false) throws {
    let memory = "/dev/shm"
    let root =
      inMemory && access(memory, W_OK) == 0 ? memory : NSTemporaryDirectory()
    folder = root + "/szilard-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { folder + "/" + name }

  func file(_ name: String, _ text: String) throws -> String { try file(name, Array(text.utf8)) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  /// The names in the folder.
  var contents: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? []
  }
}

/// A file of `Fixtures`.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/" + name
}

func fixtureBytes(_ name: String) throws -> [UInt8] {
  try Array(Data(contentsOf: URL(fileURLWithPath: fixture(name))))
}

/// A file of real data beside the repository, or nil.
func realData(_ name: String) -> String? {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  let path = root.deletingLastPathComponent().path + "/shared/data/" + name
  return FileManager.default.fileExists(atPath: path) ? path : nil
}

/// Loads with options.
func load(
  _ path: String, _ adjust: (inout DataOptions) throws -> Void = { _ in }
) throws -> DataSet {
  var options = DataOptions()
  options.workers = Workers(count: 2)
  try adjust(&options)
  return try DataSet.load(path, options: options)
}

/// Requires an error of the kind, whose message has all the parts.
func expectError(
  _ kind: SzilardError.Kind, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("no error was thrown", sourceLocation: sourceLocation)
  } catch let error as SzilardError {
    #expect(error.kind == kind, "\(error.message)", sourceLocation: sourceLocation)
    for part in parts where !error.message.contains(part) {
      Issue.record("'\(error.message)' lacks '\(part)'", sourceLocation: sourceLocation)
    }
  } catch {
    Issue.record("not a SzilardError: \(error)", sourceLocation: sourceLocation)
  }
}

/// All values of a data set as files hold them.
func rows(of data: DataSet) -> [[Double]] {
  (0..<data.count).map { sample in (0..<data.unitCount).map { data.value(sample, $0) } }
}

/// The values of the fixtures.
let generalRows: [[Double]] = (0..<3).map { i in (0..<4).map { j in Double(10 * i + j - 5) } }
let unsignedRows: [[Double]] = (0..<3).map { i in (0..<4).map { j in Double(10 * i + j) } }
let binaryRows: [[Double]] = (0..<3).map { i in (0..<4).map { j in Double((i + j) % 2) } }

/// The largest memory this process has held, in bytes.
func peakMemory() -> Int {
  var usage = rusage()
  #if os(Linux)
    getrusage(0, &usage)
    return usage.ru_maxrss * 1024
  #else
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss
  #endif
}
