internal import CZip
internal import Foundation
package import NumericalCore

/// Named arrays in an npz file: a zip archive of npy files.
package struct NPZArchive: Sendable {
  /// The arrays by name (without `.npy`).
  package var arrays: [String: StoredArray]

  /// An archive of the given arrays.
  package init(_ arrays: [String: StoredArray] = [:]) { self.arrays = arrays }

  /// Reads all arrays of a file.
  package init(path: String) throws(SzilardError) {
    let reader = try NPZReader(path: path)
    var arrays: [String: StoredArray] = [:]
    for name in reader.names { arrays[name] = try reader.array(name) }
    self.arrays = arrays
  }

  /// Writes the archive, atomically; members are in the order of their names and carry no time, so
  /// that equal arrays give equal files.
  package func write(to path: String, deflated: Bool = true) throws(SzilardError) {
    try AtomicFile.replace(path) { temporary throws(SzilardError) in
      var code: Int32 = 0
      guard let archive = zip_open(temporary, Int32(ZIP_CREATE | ZIP_TRUNCATE), &code) else {
        throw NPZArchive.failure(path, "cannot be written", code)
      }
      // The library reads the buffers when it closes the archive.
      var buffers: [UnsafeMutableRawBufferPointer] = []
      defer { for buffer in buffers { buffer.deallocate() } }
      for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
        let bytes = NPYFile.encoded(array)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        buffer.copyBytes(from: bytes)
        buffers.append(buffer)
        let source = zip_source_buffer(archive, buffer.baseAddress, UInt64(bytes.count), 0)
        let index = zip_file_add(archive, name + ".npy", source, UInt32(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
          zip_source_free(source)
          zip_discard(archive)
          throw SzilardError(.cannotOpen, "\(path): the array '\(name)' cannot be added")
        }
        let method = deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE
        _ = zip_set_file_compression(archive, UInt64(index), Int32(method), 0)
        _ = zip_file_set_dostime(archive, UInt64(index), 0, 0x21, 0)
      }
      guard zip_close(archive) == 0 else {
        let text = String(cString: zip_strerror(archive))
        zip_discard(archive)
        throw SzilardError(.cannotOpen, "\(path): cannot be written: \(text)")
      }
    }
  }

  static func failure(_ path: String, _ what: String, _ code: Int32) -> SzilardError {
    var error = zip_error_t()
    zip_error_init_with_code(&error, code)
    defer { zip_error_fini(&error) }
    return SzilardError(
      code == ZIP_ER_OPEN ? .cannotOpen : .badData,
      "\(path): \(what): \(String(cString: zip_error_strerror(&error)))")
  }
}
