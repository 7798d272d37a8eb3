package import NumericalCore

/// An array of numbers of any shape from a file, with all the digits that it stores.
///
/// ``DataSet`` keeps samples of two axes as bits, colours or floats; a recorded trajectory may have small
/// increments on large values, or an axis of chains.
package enum NumberArray {
  /// Reads npy, npz and HDF5 (the array of `key`, by default the usual names of samples) or text (an array
  /// `[lines, numbers]`); any of them may be gzipped.
  ///
  /// - Throws: As ``DataSet/load(_:options:)``.
  package static func read(_ path: String, key: String? = nil) throws(SzilardError) -> StoredArray {
    let stream = try ByteStream(path: path)
    let start = try stream.peek(512)
    guard !start.isEmpty else { throw SzilardError(.badData, "\(path): the file is empty") }
    let format = FileFormat.ofName(path) ?? FileFormat.ofContent(start)
    if key != nil, format != .npz, format != .hdf5 {
      throw SzilardError(.usage, "\(path): a key names an array of an npz or HDF5 file")
    }
    switch format {
    case .npy: return try NPYFile.read(from: stream)
    case .text: return try text(stream)
    case .npz, .hdf5:
      let copy = stream.isCompressed ? try TemporaryFile(decompressing: stream) : nil
      defer { withExtendedLifetime(copy) {} }
      if format == .npz {
        let reader = try NPZReader(path: copy?.path ?? path, name: path)
        return try reader.array(NPZSamples.key(in: reader, wanted: key, path))
      }
      let file = try HDF5File(reading: copy?.path ?? path, name: path)
      var options = DataOptions()
      options.key = key
      return try file.array(HDF5Samples.key(in: file, options: options))
    case .idx, .fasta, nil:
      throw SzilardError(.badData, "\(path): arrays are read from npy, npz, csv, txt, dat and h5")
    }
  }

  private static func text(_ stream: ByteStream) throws(SzilardError) -> StoredArray {
    var values: [Double] = []
    var columns = 0
    var rows = 0
    _ = try TextSamples.forEachRow(stream) { (row, number) throws(SzilardError) in
      if rows == 0 { columns = row.count }
      guard row.count == columns else {
        throw SzilardError(
          .badData,
          "\(stream.name): line \(number) has \(row.count) numbers, the first one \(columns)")
      }
      values += row
      rows += 1
      return true
    }
    return StoredArray(values, shape: [rows, columns])
  }
}
