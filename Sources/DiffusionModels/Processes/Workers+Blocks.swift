internal import NumericalCore

extension Workers {
  /// The results of `body` for consecutive blocks of rows, in their order; the first error is thrown.
  ///
  /// Blocks do not depend on the number of threads.
  func mapBlocks<Output>(
    of rows: Int, size: Int = 256, _ body: (Range<Int>) throws -> Output
  ) throws -> [Output] {
    let blocks = (rows + size - 1) / size
    let results = map(blocks) { block in
      Swift.Result { try body(block * size..<Swift.min(rows, (block + 1) * size)) }
    }
    return try results.map { try $0.get() }
  }
}

extension Matrix<Double> {
  /// The rows of several matrices below one another.
  static func stacked(_ blocks: [Matrix<Double>], columns: Int) -> Matrix<Double> {
    var result = Matrix<Double>(
      rows: blocks.reduce(0) { $0 + $1.rows }, columns: columns)
    var next = 0
    for block in blocks {
      for row in 0..<block.rows {
        result.setRow(next, to: block.row(row))
        next += 1
      }
    }
    return result
  }
}
