internal import CZlib
internal import Foundation
package import NumericalCore

/// The bytes of a file from its beginning to its end, decompressed on the way when it is gzipped.
///
/// No reader of this module asks for memory because a header says so: a stream knows an upper bound
/// of what it can hold (the size of the file, times the largest ratio of deflate when it is
/// compressed), and ``require(_:for:)`` compares promises with it.
package final class ByteStream {
  /// What the bytes come from.
  private enum Source {
    case memory
    case gzip(gzFile)
    case pull((UnsafeMutableRawBufferPointer) -> Int)
  }

  /// The name for messages.
  package let name: String
  /// No more bytes than this can come.
  package let upperBound: Int
  /// Bytes given out so far.
  package private(set) var position = 0
  private let source: Source
  private var buffer: [UInt8]
  private var low = 0
  private var high = 0
  private var exhausted = false

  private static let bufferSize = 1 << 17
  /// Deflate cannot compress by more than this.
  private static let largestRatio = 1032

  /// A file, gzipped or not.
  package init(path: String) throws(SzilardError) {
    let size = try FileStatus.sizeOfReadableFile(path)
    guard let file = gzopen(path, "rb") else {
      throw SzilardError(.cannotOpen, "\(path): cannot be opened: \(FileStatus.systemMessage())")
    }
    _ = gzbuffer(file, UInt32(ByteStream.bufferSize))
    name = path
    source = .gzip(file)
    buffer = [UInt8](repeating: 0, count: ByteStream.bufferSize)
    if let size {
      let (bound, overflow) = size.multipliedReportingOverflow(by: ByteStream.largestRatio)
      upperBound = gzdirect(file) == 1 ? size : (overflow ? Int.max : bound)
    } else {
      upperBound = Int.max
    }
  }

  /// Bytes in memory.
  package init(bytes: [UInt8], name: String) {
    self.name = name
    buffer = bytes
    high = bytes.count
    upperBound = bytes.count
    source = .memory
  }

  /// Bytes that a function gives out: it fills the buffer from its beginning and returns how many
  /// bytes it wrote, 0 at the end, or a negative number when the source is damaged.
  package init(
    name: String, upperBound: Int, pull: @escaping (UnsafeMutableRawBufferPointer) -> Int
  ) {
    self.name = name
    self.upperBound = upperBound
    source = .pull(pull)
    buffer = [UInt8](repeating: 0, count: ByteStream.bufferSize)
  }

  deinit {
    if case .gzip(let file) = source { gzclose(file) }
  }

  /// Whether the file is gzipped.
  package var isCompressed: Bool {
    if case .gzip(let file) = source { return gzdirect(file) != 1 }
    return false
  }

  /// Throws unless `count` further bytes can exist.
  package func require(_ count: Int, for what: String) throws(SzilardError) {
    guard count >= 0, count <= upperBound - position else {
      throw SzilardError(
        .badData,
        "\(name): the header promises \(what) (\(count) bytes), but the file cannot hold more than "
          + "\(max(0, upperBound - position)) further bytes; it is truncated or damaged")
    }
  }

  /// Refills the buffer when it is used up; false at the end.
  private func refill() throws(SzilardError) -> Bool {
    if low < high { return true }
    if exhausted { return false }
    var count = 0
    switch source {
    case .memory:
      count = 0
    case .gzip(let file):
      count = buffer.withUnsafeMutableBytes { bytes in
        Int(gzread(file, bytes.baseAddress, UInt32(bytes.count)))
      }
      if count <= 0 {
        var code: Int32 = 0
        let text = gzerror(file, &code).map { String(cString: $0) } ?? ""
        if code != Z_OK && code != Z_STREAM_END {
          throw SzilardError(
            .badData, "\(name): the compressed data are truncated or damaged (\(text))")
        }
      }
    case .pull(let pull):
      count = buffer.withUnsafeMutableBytes { pull($0) }
      if count < 0 {
        throw SzilardError(.badData, "\(name): the compressed data are truncated or damaged")
      }
    }
    guard count > 0 else {
      exhausted = true
      return false
    }
    low = 0
    high = count
    return true
  }

  /// Fills the array from its beginning; returns how many bytes came before the end.
  package func fill(_ target: inout [UInt8]) throws(SzilardError) -> Int {
    var done = 0
    while done < target.count {
      guard try refill() else { break }
      let count = min(high - low, target.count - done)
      target.withUnsafeMutableBytes { bytes in
        buffer.withUnsafeBytes { source in
          UnsafeMutableRawBufferPointer(rebasing: bytes[done..<done + count]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: source[low..<low + count]))
        }
      }
      low += count
      done += count
    }
    position += done
    return done
  }

  /// Fills the whole array, or throws that the file is truncated while it gives `what`.
  package func fillWhole(_ target: inout [UInt8], _ what: String) throws(SzilardError) {
    let start = position
    let count = try fill(&target)
    if count < target.count {
      throw SzilardError(
        .badData,
        "\(name): truncated: \(what) needs \(target.count) bytes from byte \(start) on, "
          + "\(count) are there")
    }
  }

  /// The next `count` bytes; memory grows with what is really there.
  package func readBytes(_ count: Int, _ what: String) throws(SzilardError) -> [UInt8] {
    try require(count, for: what)
    var result: [UInt8] = []
    result.reserveCapacity(min(count, 1 << 24))
    let start = position
    while result.count < count {
      guard try refill() else {
        throw SzilardError(
          .badData,
          "\(name): truncated: \(what) needs \(count) bytes from byte \(start) on, "
            + "\(result.count) are there")
      }
      let part = min(high - low, count - result.count)
      result.append(contentsOf: buffer[low..<low + part])
      low += part
      position += part
    }
    return result
  }

  /// The next bytes without taking them: what is in the buffer, at most `count`.
  package func peek(_ count: Int) throws(SzilardError) -> [UInt8] {
    guard try refill() else { return [] }
    return Array(buffer[low..<min(high, low + count)])
  }

  /// Whether nothing is left.
  package func isAtEnd() throws(SzilardError) -> Bool { try !refill() }

  /// Looks past the last byte that was wanted, where a compressed file has its checksum.
  package func checkEnd() throws(SzilardError) { _ = try refill() }

  /// Replaces `line` by the next line without its end (`\n`, `\r\n`); false at the end of the file.
  package func readLine(into line: inout [UInt8]) throws(SzilardError) -> Bool {
    line.removeAll(keepingCapacity: true)
    var found = false
    while try refill() {
      found = true
      let end = buffer.withUnsafeBytes { bytes -> Int in
        guard let base = bytes.baseAddress, let hit = memchr(base + low, 10, high - low) else {
          return -1
        }
        return UnsafeRawPointer(hit) - base
      }
      let stop = end < 0 ? high : end
      line.append(contentsOf: buffer[low..<stop])
      position += stop - low
      low = stop
      if end >= 0 {
        low += 1
        position += 1
        break
      }
    }
    if line.last == 13 { line.removeLast() }
    return found
  }
}
