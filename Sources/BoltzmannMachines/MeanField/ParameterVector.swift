internal import NumericalCore

/// Numbers that belong to the parameters W, a, b of a machine, as one row: moments, or a gradient.
struct ParameterVector {
  var weights: Matrix<Double>
  var visible: [Double]
  var hidden: [Double]

  /// W row by row, then a, then b.
  var elements: [Double] { weights.elements + visible + hidden }

  /// Rows of moments as the centred gradient sees them, around these means μ, λ of the data.
  ///
  ///     G = ⟨v hᵀ⟩ − μ ⟨h⟩ᵀ − ⟨v⟩ λᵀ,   a = ⟨v⟩ − G λ,   b = ⟨h⟩ − Gᵀ μ
  ///
  /// Linear, and symmetric and positive as a matrix: the metric of ``LikelihoodGradient``.
  func centring(_ rows: Matrix<Double>) -> Matrix<Double> {
    let (m, n) = (visible.count, hidden.count)
    var result = rows
    for row in 0..<rows.rows {
      var shifts = [Double](repeating: 0, count: m)
      var hiddenShifts = [Double](repeating: 0, count: n)
      for i in 0..<m {
        let x = rows[row, m * n + i]
        for j in 0..<n {
          let g =
            rows[row, i * n + j] - visible[i] * rows[row, m * n + m + j] - x * hidden[j]
          result[row, i * n + j] = g
          shifts[i] += g * hidden[j]
          hiddenShifts[j] += g * visible[i]
        }
      }
      for i in 0..<m { result[row, m * n + i] -= shifts[i] }
      for j in 0..<n { result[row, m * n + m + j] -= hiddenShifts[j] }
    }
    return result
  }
}
