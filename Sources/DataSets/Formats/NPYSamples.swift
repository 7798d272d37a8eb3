internal import NumericalCore

/// Samples in npy files and in members of npz files.
enum NPYSamples {
  /// Reads `[samples, units…]` (`[units, samples]` when transposed) row by row.
  static func read(
    _ stream: ByteStream, options: DataOptions, kind: RequestedKind?
  ) throws(SzilardError) -> LoadedSamples {
    let header = try NPYHeader(from: stream)
    guard header.shape.count >= 2 else {
      throw SzilardError(
        .badData,
        "\(stream.name): an array of shape \(header.shape); samples need two axes, [samples, units]"
      )
    }
    let shape = header.shape
    if header.fortranOrder, shape.count > 2 {
      throw SzilardError(
        .badData,
        "\(stream.name): an array of \(shape.count) axes in Fortran order; save it with "
          + "numpy.ascontiguousarray")
    }
    try LoadedSamples.checkAxes(shape, options, stream.name)
    // The bytes of a matrix in Fortran order are those of its transpose in C order.
    let isFortran = header.fortranOrder
    let rows = isFortran ? shape[1] : shape[0]
    let columns = isFortran ? shape[0] : shape.dropFirst().reduce(1, *)
    var accumulator = SampleAccumulator(
      file: stream.name, options: options, kind: kind, swapsAxes: options.transpose != isFortran,
      rowWord: isFortran ? "column (Fortran order)" : "row")
    var reader = RowReader(
      stream: stream, type: header.type, swapped: header.swapped, columns: columns)
    for index in 0..<rows where !accumulator.isFull {
      try reader.next(index)
      try accumulator.append(reader.row)
    }
    if !accumulator.isFull { try stream.checkEnd() }
    return try LoadedSamples(accumulator.finish(), shape: shape, options: options)
  }
}
