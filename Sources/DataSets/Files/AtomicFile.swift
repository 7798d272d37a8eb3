internal import Foundation
package import NumericalCore
internal import Synchronization

/// Writes files that are there whole or not at all: under a temporary name in the same folder, then
/// fsync, then rename.
package enum AtomicFile {
  /// What is being written.
  package final class Sink {
    private let descriptor: Int32
    private let path: String
    private var buffer: [UInt8] = []

    fileprivate init(descriptor: Int32, path: String) {
      self.descriptor = descriptor
      self.path = path
    }

    /// Appends bytes.
    package func append(_ bytes: some Collection<UInt8>) throws(SzilardError) {
      buffer.append(contentsOf: bytes)
      if buffer.count >= 1 << 20 { try flush() }
    }

    /// Appends text as UTF-8.
    package func append(_ text: String) throws(SzilardError) { try append(text.utf8) }

    fileprivate func flush() throws(SzilardError) {
      var done = 0
      while done < buffer.count {
        let count = buffer.withUnsafeBytes { bytes in
          Foundation.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
        }
        if count < 0 {
          if errno == EINTR { continue }
          throw SzilardError(
            .cannotOpen, "\(path): cannot be written: \(FileStatus.systemMessage())")
        }
        done += count
      }
      buffer.removeAll(keepingCapacity: true)
    }
  }

  private static let counter = Atomic<Int>(0)

  /// Writes `bytes` to `path`.
  package static func write(
    _ bytes: some Collection<UInt8>, to path: String
  ) throws(SzilardError) {
    try write(to: path) { sink throws(SzilardError) in try sink.append(bytes) }
  }

  /// Writes what `body` appends to `path`.
  package static func write(
    to path: String, _ body: (Sink) throws(SzilardError) -> Void
  ) throws(SzilardError) {
    try replace(path) { temporary throws(SzilardError) in
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw cannotWrite(path) }
      defer { close(descriptor) }
      let sink = Sink(descriptor: descriptor, path: path)
      try body(sink)
      try sink.flush()
    }
  }

  /// Lets `body` make the file under a temporary name in the same folder, and renames it to `path`
  /// when that went well; otherwise nothing is left behind.
  package static func replace(
    _ path: String, _ body: (String) throws(SzilardError) -> Void
  ) throws(SzilardError) {
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent().path
    let number = counter.wrappingAdd(1, ordering: .relaxed).oldValue
    let temporary =
      folder + "/." + url.lastPathComponent + ".\(ProcessInfo.processInfo.processIdentifier)"
      + "-\(number).partial"
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw SzilardError(.cannotOpen, "\(path): is a folder; name a file in it")
    }
    guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw SzilardError(.cannotOpen, "\(path): there is no folder \(folder); create it first")
    }
    guard access(folder, W_OK) == 0 else { throw cannotWrite(path) }
    do throws(SzilardError) {
      try body(temporary)
      try synchronise(temporary, for: path)
      guard rename(temporary, path) == 0 else { throw cannotWrite(path) }
    } catch {
      unlink(temporary)
      throw error
    }
    // The name itself is on the disk only when the folder is; a folder that cannot be synchronised
    // (some network file systems) is no failure.
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }

  private static func synchronise(_ temporary: String, for path: String) throws(SzilardError) {
    let descriptor = open(temporary, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw cannotWrite(path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw cannotWrite(path) }
  }

  private static func cannotWrite(_ path: String) -> SzilardError {
    SzilardError(.cannotOpen, "\(path): cannot be written: \(FileStatus.systemMessage())")
  }
}
