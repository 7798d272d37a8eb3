package import NumericalCore

/// Single arrays in the npy format of NumPy.
package enum NPYFile {
  /// Reads an npy file (gzipped or not).
  package static func read(_ path: String) throws(SzilardError) -> StoredArray {
    try read(from: ByteStream(path: path))
  }

  /// Reads an array from a stream; Fortran order becomes C order, big-endian little-endian.
  package static func read(from stream: ByteStream) throws(SzilardError) -> StoredArray {
    let header = try NPYHeader(from: stream)
    guard let count = StoredArray.byteCount(of: header.shape, header.type) else {
      throw SzilardError(.badData, "\(stream.name): impossible shape \(header.shape)")
    }
    var bytes = try stream.readBytes(count, "an array of shape \(header.shape)")
    if header.swapped { bytes = reversingWords(bytes, size: header.type.size) }
    if header.fortranOrder, header.shape.count > 1 {
      bytes = rowMajor(bytes, shape: header.shape, size: header.type.size)
    }
    return StoredArray(type: header.type, shape: header.shape, bytes: bytes)
  }

  /// Writes an array to a file, atomically.
  package static func write(_ array: StoredArray, to path: String) throws(SzilardError) {
    try AtomicFile.write(to: path) { sink throws(SzilardError) in
      try sink.append(NPYHeader.encoded(type: array.type, shape: array.shape))
      try sink.append(array.bytes)
    }
  }

  /// The bytes of an npy file.
  package static func encoded(_ array: StoredArray) -> [UInt8] {
    NPYHeader.encoded(type: array.type, shape: array.shape) + array.bytes
  }

  private static func reversingWords(_ bytes: [UInt8], size: Int) -> [UInt8] {
    guard size > 1 else { return bytes }
    var result = bytes
    for start in stride(from: 0, to: bytes.count, by: size) {
      for byte in 0..<size { result[start + byte] = bytes[start + size - 1 - byte] }
    }
    return result
  }

  /// Column-major to row-major order.
  private static func rowMajor(_ bytes: [UInt8], shape: [Int], size: Int) -> [UInt8] {
    guard !bytes.isEmpty else { return bytes }
    var result = bytes
    var index = [Int](repeating: 0, count: shape.count)
    var strides = [Int](repeating: size, count: shape.count)
    for axis in 1..<shape.count { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    var source = 0
    for target in stride(from: 0, to: bytes.count, by: size) {
      for byte in 0..<size { result[target + byte] = bytes[source + byte] }
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        source += strides[axis]
        if index[axis] < shape[axis] { break }
        source -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }
}
