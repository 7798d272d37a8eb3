internal import NumericalCore

extension Matrix<Double> {
  /// p · self + q · other, element by element.
  func mixed(_ p: Double, _ q: Double, _ other: Matrix<Double>) -> Matrix<Double> {
    precondition(rows == other.rows && columns == other.columns)
    var result = Matrix<Double>(rows: rows, columns: columns)
    result.withUnsafeMutablePointer { target in
      withUnsafePointer { first in
        other.withUnsafePointer { second in
          for index in 0..<rows * stride { target[index] = p * first[index] + q * second[index] }
        }
      }
    }
    return result
  }

  /// Independent standard normal numbers; a row's depend on its number alone, not on the number of rows.
  ///
  /// Short rows share a stream by groups of neighbours, since making a stream costs as much as some
  /// fifty numbers.
  static func normal(
    rows: Int, columns: Int, seed: UInt64, purpose: StreamPurpose, step: UInt64 = 0,
    firstRow: Int = 0
  ) -> Matrix<Double> {
    var result = Matrix<Double>(rows: rows, columns: columns)
    let group = Swift.max(1, 256 / Swift.max(1, columns))
    var numbers = [Double](repeating: 0, count: group * columns)
    let stride = result.stride
    result.withUnsafeMutablePointer { target in
      var row = 0
      while row < rows {
        let (index, skipped) = (firstRow + row).quotientAndRemainder(dividingBy: group)
        var stream = NormalStream(
          seed: seed, purpose: purpose, index: UInt64(index), step: step)
        stream.fill(&numbers)
        let taken = Swift.min(group - skipped, rows - row)
        numbers.withUnsafeBufferPointer { source in
          for k in 0..<taken {
            for column in 0..<columns {
              target[(row + k) * stride + column] = source[(skipped + k) * columns + column]
            }
          }
        }
        row += taken
      }
    }
    return result
  }

  /// Independent standard normal numbers for rows of the given numbers, each from a stream of its own.
  static func normal(
    indices: some Collection<Int>, columns: Int, seed: UInt64, purpose: StreamPurpose,
    step: UInt64 = 0
  ) -> Matrix<Double> {
    normal(columns: columns, seed: seed, purpose: purpose, names: indices.map { ($0, step) })
  }

  /// The same with an index and a step for each row.
  static func normal(
    columns: Int, seed: UInt64, purpose: StreamPurpose, names: [(index: Int, step: UInt64)]
  ) -> Matrix<Double> {
    var result = Matrix<Double>(rows: names.count, columns: columns)
    var numbers = [Double](repeating: 0, count: columns)
    for (row, name) in names.enumerated() {
      var stream = NormalStream(
        seed: seed, purpose: purpose, index: UInt64(name.index), step: name.step)
      stream.fill(&numbers)
      result.setRow(row, to: numbers)
    }
    return result
  }
}

extension Matrix<Double> {
  /// factor · self in single precision, as networks take it.
  func narrowed(times factor: Double = 1) -> Matrix<Float> {
    var result = Matrix<Float>(rows: rows, columns: columns)
    let (from, to, columns) = (stride, result.stride, columns)
    result.withUnsafeMutablePointer { target in
      withUnsafePointer { source in
        for row in 0..<rows {
          for column in 0..<columns {
            target[row * to + column] = Float(factor * source[row * from + column])
          }
        }
      }
    }
    return result
  }

  /// The first columns of a matrix of single precision.
  init(widening values: Matrix<Float>, columns: Int) {
    self.init(rows: values.rows, columns: columns)
    let (from, to) = (values.stride, stride)
    withUnsafeMutablePointer { target in
      values.withUnsafePointer { source in
        for row in 0..<values.rows {
          for column in 0..<columns {
            target[row * to + column] = Double(source[row * from + column])
          }
        }
      }
    }
  }
}

extension Matrix {
  /// `count` columns from the given one on.
  func slice(from first: Int, _ count: Int) -> Matrix {
    var result = Matrix(rows: rows, columns: count)
    let (from, to) = (stride, result.stride)
    result.withUnsafeMutablePointer { target in
      withUnsafePointer { source in
        for row in 0..<rows {
          (target + row * to).update(from: source + row * from + first, count: count)
        }
      }
    }
    return result
  }

  /// The matrix with columns of zeros after its own.
  func paddedColumns(_ count: Int) -> Matrix {
    if count == columns { return self }
    var result = Matrix(rows: rows, columns: count)
    let (from, to) = (stride, result.stride)
    result.withUnsafeMutablePointer { target in
      withUnsafePointer { source in
        for row in 0..<rows {
          (target + row * to).update(from: source + row * from, count: columns)
        }
      }
    }
    return result
  }
}

extension Matrix<Float> {
  /// Σ x².
  var sumOfSquares: Double {
    withUnsafePointer { values in
      var sum = 0.0
      for row in 0..<rows {
        var part: Float = 0
        for column in 0..<columns {
          let value = values[row * stride + column]
          part += value * value
        }
        sum += Double(part)
      }
      return sum
    }
  }

  /// x ← factor · x.
  mutating func scale(by factor: Float) {
    let count = rows * stride
    withUnsafeMutablePointer { values in
      for index in 0..<count { values[index] *= factor }
    }
  }
}
