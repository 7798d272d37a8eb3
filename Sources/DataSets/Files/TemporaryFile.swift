internal import Foundation
internal import NumericalCore

/// A file in the folder for temporary files, gone when the last reference goes.
final class TemporaryFile {
  let path: String

  /// What is compressed may grow to this and no further.
  static let sizeLimit = 1 << 34

  /// The decompressed bytes of a stream.
  init(decompressing stream: ByteStream) throws(SzilardError) {
    var template = Array((NSTemporaryDirectory() + "/szilard-XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    path = String(
      decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard descriptor >= 0 else {
      throw SzilardError(
        .cannotOpen,
        "\(stream.name): no temporary file to decompress it to: \(FileStatus.systemMessage())")
    }
    defer { close(descriptor) }
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var total = 0
    while true {
      var count = 0
      do throws(SzilardError) {
        count = try stream.fill(&chunk)
      } catch {
        unlink(path)
        throw error
      }
      if count == 0 { break }
      total += count
      let written = chunk.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, count) }
      if written != count || total > TemporaryFile.sizeLimit {
        unlink(path)
        throw SzilardError(
          .cannotOpen,
          "\(stream.name): cannot be decompressed to \(path): "
            + (written == count ? "it grows past 16 GiB" : FileStatus.systemMessage()))
      }
    }
  }

  deinit { unlink(path) }
}
