internal import CZip
package import NumericalCore

/// Reads the arrays of an npz file one by one, without holding the others.
package final class NPZReader {
  /// The names of the arrays (without `.npy`), in the order of the file.
  package let names: [String]
  private let path: String
  private let archive: OpaquePointer
  private let indices: [String: UInt64]

  /// Opens a file.
  package convenience init(path: String) throws(SzilardError) {
    try self.init(path: path, name: path)
  }

  /// Opens a file; `name` is what messages call it.
  package init(path: String, name file: String) throws(SzilardError) {
    let size = try FileStatus.sizeOfReadableFile(path)
    if size == 0 { throw SzilardError(.badData, "\(file): the file is empty") }
    var code: Int32 = 0
    guard let archive = zip_open(path, Int32(ZIP_RDONLY), &code) else {
      throw NPZArchive.failure(file, "not an npz file", code)
    }
    var names: [String] = []
    var indices: [String: UInt64] = [:]
    for index in 0..<UInt64(max(0, zip_get_num_entries(archive, 0))) {
      guard let raw = zip_get_name(archive, index, 0) else { continue }
      let member = String(cString: raw)
      guard member.hasSuffix(".npy") else { continue }
      let name = String(member.dropLast(4))
      if indices.updateValue(index, forKey: name) == nil { names.append(name) }
    }
    self.path = file
    self.archive = archive
    self.names = names
    self.indices = indices
  }

  deinit { zip_discard(archive) }

  /// The array of a name.
  package func array(_ name: String) throws(SzilardError) -> StoredArray {
    try NPYFile.read(from: stream(name))
  }

  /// The bytes of the npy file of a name.
  ///
  /// The stream must not outlive the reader.
  package func stream(_ name: String) throws(SzilardError) -> ByteStream {
    guard let index = indices[name] else {
      throw SzilardError(
        .badData,
        "\(path): holds no array '\(name)'; it holds \(names.sorted().joined(separator: ", "))")
    }
    var status = zip_stat_t()
    zip_stat_init(&status)
    guard zip_stat_index(archive, index, 0, &status) == 0,
      let file = zip_fopen_index(archive, index, 0)
    else {
      throw SzilardError(
        .badData, "\(path): '\(name)' cannot be read: \(String(cString: zip_strerror(archive)))")
    }
    let handle = Handle(file: file, owner: self)
    // The size that the directory states is a promise too: deflate's ratio bounds it.
    let (bound, overflow) = Int(clamping: status.comp_size).multipliedReportingOverflow(by: 1032)
    return ByteStream(
      name: "\(path): \(name)",
      upperBound: overflow ? Int.max : min(bound, Int(clamping: status.size))
    ) { buffer in
      Int(zip_fread(handle.file, buffer.baseAddress, UInt64(buffer.count)))
    }
  }

  private final class Handle {
    let file: OpaquePointer
    let owner: NPZReader

    init(file: OpaquePointer, owner: NPZReader) {
      self.file = file
      self.owner = owner
    }

    deinit { zip_fclose(file) }
  }
}
