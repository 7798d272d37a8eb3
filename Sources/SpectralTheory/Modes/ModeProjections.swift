public import NumericalCore

extension StateMatrix {
  /// Samples seen along vectors: x_sα = uᵅ·(s − centre), shape [samples, vectors].
  ///
  /// A state is the vector of its native values: 0/1 or ±1, one-hot colours, reals. Nothing is centred
  /// unless `centre` is given.
  ///
  /// - Parameters:
  ///   - vectors: One a row, as long as a state vector.
  ///   - centre: What is subtracted from each state, such as the mean of the data.
  ///   - isSpin: Whether bits stand for −1 and +1 instead of 0 and 1.
  /// - Complexity: O(samples · vectors · size), in blocks through BLAS.
  public func projections(
    on vectors: Matrix<Double>, centre: [Double]? = nil, isSpin: Bool = false
  ) -> Matrix<Double> {
    let transposed = vectors.transposed
    let offsets = centre.map { centre in
      (0..<vectors.rows).map { row in
        zip(vectors.row(row), centre).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
    var result = Matrix<Double>(rows: rows, columns: vectors.rows)
    for start in Swift.stride(from: 0, to: rows, by: 1024) {
      let range = start..<Swift.min(start + 1024, rows)
      let product = LinearAlgebra.product(values(ofRows: range, isSpin: isSpin), transposed)
      for row in 0..<product.rows {
        for mode in 0..<product.columns {
          result[start + row, mode] = product[row, mode] - (offsets?[mode] ?? 0)
        }
      }
    }
    return result
  }

  /// The native values of some rows, one state vector a row.
  package func values(ofRows range: Range<Int>, isSpin: Bool) -> Matrix<Double> {
    switch self {
    case .bits(let bits):
      var result = Matrix<Double>(rows: range.count, columns: bits.columns)
      let stride = result.stride
      let (low, high) = (isSpin ? -1.0 : 0, 1.0)
      result.withUnsafeMutablePointer { target in
        for row in range {
          let words = bits.words(ofRow: row)
          let to = target + (row - range.lowerBound) * stride
          for column in 0..<bits.columns {
            to[column] = words[column >> 6] >> UInt64(column & 63) & 1 == 1 ? high : low
          }
        }
      }
      return result
    case .colours(let colours, let count):
      var result = Matrix<Double>(rows: range.count, columns: colours.columns * count)
      for row in range {
        for site in 0..<colours.columns {
          result[row - range.lowerBound, site * count + Int(colours[row, site])] = 1
        }
      }
      return result
    case .reals(let reals):
      return reals.selectingRows(range).map { Double($0) }
    }
  }
}
