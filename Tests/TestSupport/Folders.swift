package import Foundation

/// The folder of Package.swift.
package let packageRoot: URL = {
  var folder = URL(fileURLWithPath: #filePath)
  for _ in 0..<3 { folder.deleteLastPathComponent() }
  return folder
}()

/// Data sets that are too large for the repository, in `shared/data` beside the package's folder; nil
/// where there are none, and tests that need them are then not run.
package let sharedData: URL? = {
  let folder = packageRoot.deletingLastPathComponent().appendingPathComponent("shared/data")
  var isDirectory: ObjCBool = false
  let exists = FileManager.default.fileExists(atPath: folder.path, isDirectory: &isDirectory)
  return exists && isDirectory.boolValue ? folder : nil
}()

/// Runs `body` with a new empty folder that is removed afterwards.
package func temporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("szilard-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// Runs `body` with a new empty folder that is removed afterwards.
package func temporaryDirectory<Result>(
  isolation: isolated (any Actor)? = #isolation, _ body: (URL) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("szilard-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder)
}
