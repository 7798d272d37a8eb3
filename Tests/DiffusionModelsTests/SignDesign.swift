import NumericalCore

/// All signs of n numbers, one combination a row: expectations of polynomials of degree 2 in independent
/// normal numbers are the means over these rows, exactly.
func signs(_ count: Int) -> Matrix<Double> {
  var result = Matrix<Double>(rows: 1 << count, columns: count)
  for row in 0..<result.rows {
    for column in 0..<count { result[row, column] = row >> column & 1 == 0 ? 1 : -1 }
  }
  return result
}

/// Data and noise whose moments up to the second are those of N(0, l) and N(0, 1).
func design(variances: [Double]) -> (data: Matrix<Double>, noise: Matrix<Double>) {
  let all = signs(2 * variances.count)
  var data = Matrix<Double>(rows: all.rows, columns: variances.count)
  var noise = data
  for row in 0..<all.rows {
    for column in variances.indices {
      data[row, column] = all[row, column] * variances[column].squareRoot()
      noise[row, column] = all[row, variances.count + column]
    }
  }
  return (data, noise)
}
