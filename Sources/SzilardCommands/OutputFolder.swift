internal import Foundation
internal import NumericalCore

/// A folder for results, made before the work begins, so that nothing is computed in vain.
enum OutputFolder {
  /// - Throws: ``SzilardError`` of kind `cannotOpen` where it cannot be made or written to.
  static func prepare(_ path: String) throws(SzilardError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw SzilardError(
        .cannotOpen,
        "\(path): cannot be made a folder; give one that does not exist or can be written to")
    }
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw SzilardError(.cannotOpen, "\(path): is a folder that cannot be written to")
    }
  }
}
