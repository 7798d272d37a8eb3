internal import COpenBLAS

/// The covariance matrix of the columns of a sample, one sample a row.
///
/// ```
/// Cᵢⱼ = Σₛ (xₛᵢ − mᵢ)(xₛⱼ − mⱼ) / (n − 1)
/// ```
///
/// Unbiased for independent samples; all zeros for fewer than two. Centred first, in double precision.
/// Another number of BLAS threads may round differently.
///
/// - Parameter samples: Shape `[n, d]`.
/// - Returns: Shape `[d, d]`, symmetric.
/// - Complexity: O(n d²) time, O(d²) memory.
public func covarianceMatrix(of samples: Matrix<Double>) -> Matrix<Double> {
  covarianceMatrix(of: samples) { $0 }
}

/// The covariance matrix of the columns of a sample of floats, one sample a row.
///
/// ```
/// Cᵢⱼ = Σₛ (xₛᵢ − mᵢ)(xₛⱼ − mⱼ) / (n − 1)
/// ```
///
/// Unbiased for independent samples; all zeros for fewer than two. Centred and summed in double
/// precision.
///
/// - Parameter samples: Shape `[n, d]`.
/// - Returns: Shape `[d, d]`, symmetric.
/// - Complexity: O(n d²) time, O(d²) memory.
public func covarianceMatrix(of samples: Matrix<Float>) -> Matrix<Double> {
  covarianceMatrix(of: samples) { Double($0) }
}

private func covarianceMatrix<Scalar>(
  of samples: Matrix<Scalar>, _ double: (Scalar) -> Double
) -> Matrix<Double> {
  let n = samples.rows
  let d = samples.columns
  var result = Matrix<Double>(rows: d, columns: d)
  guard n > 1, d > 0 else { return result }
  var means = [Double](repeating: 0, count: d)
  samples.withUnsafePointer { source in
    for row in 0..<n {
      for column in 0..<d { means[column] += double(source[row * samples.stride + column]) }
    }
    for column in 0..<d { means[column] /= Double(n) }

    // Centred rows pass through a block, so that memory does not grow with the sample.
    let blockRows = Swift.min(n, 256)
    var block = [Double](repeating: 0, count: blockRows * d)
    let stride = Int32(result.stride)
    result.withUnsafeMutablePointer { target in
      for start in Swift.stride(from: 0, to: n, by: blockRows) {
        let rows = Swift.min(blockRows, n - start)
        for row in 0..<rows {
          for column in 0..<d {
            block[row * d + column] =
              double(source[(start + row) * samples.stride + column]) - means[column]
          }
        }
        cblas_dsyrk(
          CblasRowMajor, CblasUpper, CblasTrans, Int32(d), Int32(rows), 1 / Double(n - 1), block,
          Int32(d), 1, target, stride)
      }
      let width = Int(stride)
      for row in 0..<d {
        for column in 0..<row { target[row * width + column] = target[column * width + row] }
      }
    }
  }
  return result
}
