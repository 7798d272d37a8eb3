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
  covarianceMatrix(of: samples, weights: nil) { $0 }
}

/// The second central moments of the columns of a weighted sample, one sample a row.
///
/// ```
/// Cᵢⱼ = Σₛ wₛ (xₛᵢ − mᵢ)(xₛⱼ − mⱼ) / Σₛ wₛ,   m = Σₛ wₛ xₛ / Σₛ wₛ
/// ```
///
/// The covariance of the empirical law, of largest likelihood for a Gaussian: for weights of one smaller
/// than the unbiased estimate by (n − 1)/n.
///
/// - Parameters:
///   - samples: Shape `[n, d]`.
///   - weights: One for each sample, none negative.
/// - Returns: Shape `[d, d]`, symmetric.
/// - Complexity: O(n d²) time, O(d²) memory.
public func covarianceMatrix(
  of samples: Matrix<Double>, weights: [Double]
) -> Matrix<Double> {
  precondition(weights.count == samples.rows, "a weight for each sample")
  return covarianceMatrix(of: samples, weights: weights) { $0 }
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
  covarianceMatrix(of: samples, weights: nil) { Double($0) }
}

private func covarianceMatrix<Scalar>(
  of samples: Matrix<Scalar>, weights: [Double]?, _ double: (Scalar) -> Double
) -> Matrix<Double> {
  let n = samples.rows
  let d = samples.columns
  var result = Matrix<Double>(rows: d, columns: d)
  let total = weights?.reduce(0, +) ?? Double(n)
  guard n > 1, d > 0, total > 0 else { return result }
  let norm = weights == nil ? total - 1 : total
  var means = [Double](repeating: 0, count: d)
  samples.withUnsafePointer { source in
    for row in 0..<n {
      let weight = weights?[row] ?? 1
      for column in 0..<d {
        means[column] += weight * double(source[row * samples.stride + column])
      }
    }
    for column in 0..<d { means[column] /= total }

    // Centred rows pass through a block, so that memory does not grow with the sample.
    let blockRows = Swift.min(n, 256)
    var block = [Double](repeating: 0, count: blockRows * d)
    let stride = Int32(result.stride)
    result.withUnsafeMutablePointer { target in
      for start in Swift.stride(from: 0, to: n, by: blockRows) {
        let rows = Swift.min(blockRows, n - start)
        for row in 0..<rows {
          let root = (weights?[start + row] ?? 1).squareRoot()
          for column in 0..<d {
            block[row * d + column] =
              root * (double(source[(start + row) * samples.stride + column]) - means[column])
          }
        }
        cblas_dsyrk(
          CblasRowMajor, CblasUpper, CblasTrans, Int32(d), Int32(rows), 1 / norm, block,
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
