#if HDF5
  internal import Foundation
  internal import NumericalCore
  internal import Synchronization

  /// Checks of what the HDF5 library (1.10) takes on trust, so that a damaged file is an error and
  /// not a crash.
  ///
  /// The library reads everything; this looks only at the places where it was seen to read past its
  /// buffers on damaged files: sizes inside the messages of an object's header, and references into
  /// the global heap (texts of variable length), which are followed here. Headers of version 2 carry
  /// a checksum and need no look.
  final class HDF5Guard: Sendable {
    private let descriptor: Int32
    private let name: String
    private let size: Int
    /// Where the superblock lies; addresses count from it.
    private let base: UInt64
    /// Objects that were checked, by address; a file that is read does not change.
    private let soundObjects = Mutex<Set<UInt64>>([])

    init?(path: String, name: String) {
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return nil }
      self.name = name
      var status = stat()
      size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
      base = HDF5Guard.superblock(in: descriptor)
    }

    /// The superblock lies at the beginning, or after a user block of 512, 1024, 2048, … bytes.
    private static func superblock(in descriptor: Int32) -> UInt64 {
      var start = 0
      while start < 1 << 30 {
        var signature = [UInt8](repeating: 0, count: 8)
        guard pread(descriptor, &signature, 8, off_t(start)) == 8 else { return 0 }
        if signature == [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a] { return UInt64(start) }
        start = start == 0 ? 512 : 2 * start
      }
      return 0
    }

    deinit { close(descriptor) }

    /// `count` bytes from `offset` on; nil when the file has not got them.
    func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
      let end = UInt64(size) - base
      guard count >= 0, offset <= end, UInt64(count) <= end - offset else { return nil }
      var result = [UInt8](repeating: 0, count: count)
      let done = pread(descriptor, &result, count, off_t(base + offset))
      return done == count ? result : nil
    }

    func damaged(_ object: String) -> SzilardError {
      SzilardError(.badData, "\(name): \(object): the dataset is damaged")
    }

    static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
      bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Calls `body` with the kind of each message of an object's header, whether it is shared, and
    /// its bytes; not at all for headers of version 2.
    func forEachMessage(
      at address: UInt64, of object: String,
      _ body: (UInt64, Bool, [UInt8]) throws(SzilardError) -> Void
    ) throws(SzilardError) {
      guard let head = bytes(at: address, count: 16) else { throw damaged(object) }
      if head.starts(with: Array("OHDR".utf8)) { return }
      guard head[0] == 1 else { throw damaged(object) }
      var blocks = [(address + 16, HDF5Guard.integer(head[8..<12]))]
      var visited = 0
      while let (start, length) = blocks.popLast() {
        visited += 1
        guard visited < 1000, let block = bytes(at: start, count: Int(clamping: length)) else {
          throw damaged(object)
        }
        var next = 0
        while next + 8 <= block.count {
          let kind = HDF5Guard.integer(block[next..<next + 2])
          let count = Int(HDF5Guard.integer(block[next + 2..<next + 4]))
          let isShared = block[next + 4] & 2 != 0
          next += 8
          guard next + count <= block.count else { throw damaged(object) }
          let message = Array(block[next..<next + count])
          next += count
          if kind == 0x10, !isShared {
            guard count >= 16 else { throw damaged(object) }
            blocks.append((HDF5Guard.integer(message[0..<8]), HDF5Guard.integer(message[8..<16])))
          }
          try body(kind, isShared, message)
        }
      }
    }

    func isKnownAsSound(_ address: UInt64) -> Bool {
      soundObjects.withLock { $0.contains(address) }
    }

    func markAsSound(_ address: UInt64) { soundObjects.withLock { _ = $0.insert(address) } }

    /// Checks the messages of a dataset's header.
    func checkHeader(at address: UInt64, of object: String) throws(SzilardError) {
      if isKnownAsSound(address) { return }
      try forEachMessage(at: address, of: object) {
        (kind, isShared, message) throws(SzilardError) in
        if kind == 0x3 {
          guard !isShared, let isRead = HDF5Guard.isReadType(message) else { throw damaged(object) }
          guard isRead else {
            throw SzilardError(
              .badData,
              "\(name): \(object): its elements are neither numbers nor text; they are not read")
          }
        }
        guard isShared || HDF5Guard.isSound(message, kind: kind) else { throw damaged(object) }
      }
      markAsSound(address)
    }

    /// Whether the sizes in a message fit into it.
    private static func isSound(_ message: [UInt8], kind: UInt64) -> Bool {
      switch kind {
      case 0x4:  // the old fill value: size, value
        return message.count >= 4 && integer(message[0..<4]) <= UInt64(message.count - 4)
      case 0x5:  // the fill value
        guard message.count >= 2 else { return false }
        if message[0] == 3 {
          guard message[1] & 0x20 != 0 else { return true }
          return message.count >= 6 && integer(message[2..<6]) <= UInt64(message.count - 6)
        }
        guard message.count >= 4 else { return false }
        guard message[0] == 1 || message[3] != 0 else { return true }
        return message.count >= 8 && integer(message[4..<8]) <= UInt64(message.count - 8)
      case 0x8:  // the layout; compact data lie in the message
        guard message.count >= 4, message[0] >= 3, message[1] == 0 else { return true }
        return integer(message[2..<4]) <= UInt64(message.count - 4)
      default: return true
      }
    }

    /// Whether a datatype is one that is read: an integer, a real, a text, or an enumeration of
    /// integers; nil when its description is damaged.
    private static func isReadType(_ message: [UInt8]) -> Bool? {
      guard message.count >= 8 else { return nil }
      let version = message[0] >> 4
      let size = Int(integer(message[4..<8]))
      switch message[0] & 15 {
      case 0:  // integer: bit offset, precision
        guard message.count >= 12, (1...8).contains(size) else { return nil }
        let end = integer(message[8..<10]) + integer(message[10..<12])
        return end <= UInt64(8 * size) ? true : nil
      case 1:  // real: also the places of sign, exponent and mantissa
        guard message.count >= 20, (1...16).contains(size) else { return nil }
        let bits = UInt64(8 * size)
        let isInside =
          integer(message[8..<10]) + integer(message[10..<12]) <= bits && UInt64(message[2]) < bits
          && UInt64(message[12]) + UInt64(message[13]) <= bits
          && UInt64(message[14]) + UInt64(message[15]) <= bits
        return isInside ? true : nil
      case 3: return size > 0 ? true : nil
      case 8: return isSoundEnumeration(message, version: version, size: size) ? true : nil
      case 9:  // variable length: text only
        guard message.count >= 16 else { return nil }
        return message[1] & 15 == 1 && (message[8] & 15 == 0 || message[8] & 15 == 3)
      default: return false
      }
    }

    /// An enumeration holds its integer type, the names of its members, and their values.
    private static func isSoundEnumeration(_ message: [UInt8], version: UInt8, size: Int) -> Bool {
      let members = Int(message[1]) | Int(message[2]) << 8
      guard message.count >= 20, message[8] & 15 == 0, isReadType(Array(message[8...])) == true,
        Int(integer(message[12..<16])) == size
      else { return false }
      var next = 20
      for _ in 0..<members {
        guard next < message.count, let end = message[next...].firstIndex(of: 0) else {
          return false
        }
        let length = end - next + 1
        next += version < 3 ? (length + 7) / 8 * 8 : length
      }
      return next + members * size <= message.count
    }

    /// Follows references to texts: each has a length, the address of a collection of the global
    /// heap, and the number of an object in it.
    func strings(
      at offset: UInt64, count: Int, of object: String
    ) throws(SzilardError) -> [String] {
      guard let references = bytes(at: offset, count: 16 * count) else { throw damaged(object) }
      var collections: [UInt64: [UInt64: [UInt8]]] = [:]
      var result: [String] = []
      for index in 0..<count {
        let reference = references[16 * index..<16 * index + 16]
        let start = reference.startIndex
        let length = Int(HDF5Guard.integer(reference[start..<start + 4]))
        let address = HDF5Guard.integer(reference[start + 4..<start + 12])
        let number = HDF5Guard.integer(reference[start + 12..<start + 16])
        if length == 0 || address == 0 {
          result.append("")
          continue
        }
        if collections[address] == nil {
          guard let objects = collection(at: address) else { throw damaged(object) }
          collections[address] = objects
        }
        guard let text = collections[address]?[number], text.count >= length else {
          throw damaged(object)
        }
        result.append(String(decoding: text.prefix(length).prefix { $0 != 0 }, as: UTF8.self))
      }
      return result
    }

    /// The objects of a collection of the global heap; nil when it is damaged.
    private func collection(at address: UInt64) -> [UInt64: [UInt8]]? {
      guard let head = bytes(at: address, count: 16), head.starts(with: Array("GCOL".utf8)),
        head[4] == 1, let total = Int(exactly: HDF5Guard.integer(head[8..<16])), total >= 16,
        let block = bytes(at: address, count: total)
      else { return nil }
      var objects: [UInt64: [UInt8]] = [:]
      var next = 16
      while next + 16 <= total {
        let number = HDF5Guard.integer(block[next..<next + 2])
        if number == 0 { break }
        guard let length = Int(exactly: HDF5Guard.integer(block[next + 8..<next + 16])),
          length <= total - next - 16
        else { return nil }
        objects[number] = Array(block[next + 16..<next + 16 + length])
        next += 16 + (length + 7) / 8 * 8
      }
      return objects
    }
  }
#endif
