internal import Foundation
internal import NumericalCore

/// What the operating system says of a path.
enum FileStatus {
  /// The size of a file that can be read; nil for a pipe or a device; throws for a missing file and
  /// for a folder.
  static func sizeOfReadableFile(_ path: String) throws(SzilardError) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw SzilardError(
        .cannotOpen,
        errno == ENOENT
          ? "\(path): there is no such file" : "\(path): cannot be opened: \(systemMessage())")
    }
    let kind = status.st_mode & S_IFMT
    if kind == S_IFDIR {
      throw SzilardError(.cannotOpen, "\(path): is a folder; name a file in it")
    }
    return kind == S_IFREG ? Int(status.st_size) : nil
  }

  /// Whether there is anything at the path.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// What the operating system says of its last failure.
  static func systemMessage() -> String { String(cString: strerror(errno)) }
}
