import NumericalCore
import TestSupport
import Testing

// Reference digits: NumPy 2.4 and scipy.stats 1.17.1 on the same series.
@Suite struct MomentsTests {
  let values = linearCongruential(200, seed: 3)
  let weights = linearCongruential(200, seed: 9).map { $0 + 0.5 }

  @Test func `streaming moments agree with SciPy`() {
    let moments = StreamingMoments(values)
    #expect(moments.count == 200)
    #expect(isClose(moments.mean, -0.017086993539705872))
    #expect(isClose(moments.variance, 0.07844068112352245))
    #expect(isClose(moments.skewness, 0.12637596037585988))
    #expect(isClose(moments.excessKurtosis, -1.0338907654345544))
    #expect(isClose(moments.standardError, (0.07844068112352245 / 200).squareRoot()))
    #expect(isClose(mean(of: values), -0.017086993539705872))
    #expect(isClose(variance(of: values), 0.07844068112352245))
  }

  @Test func `merging any cut is adding all`() {
    let whole = StreamingMoments(values)
    for cut in [0, 1, 2, 77, 199, 200] {
      var parts = StreamingMoments(values[..<cut])
      parts.merge(StreamingMoments(values[cut...]))
      #expect(parts.count == whole.count)
      #expect(isClose(parts.mean, whole.mean))
      #expect(isClose(parts.variance, whole.variance))
      #expect(isClose(parts.skewness, whole.skewness))
      #expect(isClose(parts.excessKurtosis, whole.excessKurtosis))
    }
  }

  @Test func `a large offset does not cancel`() {
    let moments = StreamingMoments(values.map { $0 + 1e9 })
    #expect(isClose(moments.variance, 0.07844068112352245, relative: 1e-6))
    #expect(isClose(variance(of: values.map { $0 + 1e9 }), 0.07844068112352245, relative: 1e-6))
  }

  @Test func `few and constant values give zero, not NaN`() {
    for moments in [StreamingMoments(), StreamingMoments([3]), StreamingMoments([3, 3, 3])] {
      #expect(moments.variance == 0 && moments.standardError == 0)
      #expect(moments.skewness == 0 && moments.excessKurtosis == 0)
    }
    #expect(mean(of: []) == 0 && variance(of: []) == 0 && variance(of: [4]) == 0)
    #expect(weightedMean(of: [1, 2], weights: [0, 0]) == 0)
    #expect(weightedVariance(of: [1, 2], weights: [0, 3]) == 0)
  }

  @Test func `weighted moments agree with NumPy`() {
    #expect(isClose(weightedMean(of: values, weights: weights), -0.027639801265218752))
    #expect(isClose(weightedVariance(of: values, weights: weights), 0.0750228183552642))
    let equal = values.map { _ in 3.5 }
    #expect(isClose(weightedVariance(of: values, weights: equal), variance(of: values)))
  }

  @Test func `quantiles agree with NumPy`() {
    let reference: [(Double, Double)] = [
      (0, -0.49795117508620024), (0.1, -0.3929958173073828), (0.5, -0.01151346298865974),
      (0.987, 0.4838622863949277), (1, 0.4993825084529817),
    ]
    for (p, value) in reference { #expect(isClose(quantile(p, of: values), value)) }
    #expect(quantile(0.3, of: [7]) == 7)
    #expect(quantile(0.75, of: [-.infinity, .infinity, .infinity]) == .infinity)
  }

  @Test func `covariance agrees with NumPy`() {
    let reference = [
      [0.08691798882990326, 0.024219127993822573, 0.0029416485197770476],
      [0.024219127993822573, 0.09868207903740209, 0.01281412503864539],
      [0.0029416485197770476, 0.01281412503864539, 0.10128137621250126],
    ]
    let columns = (11..<14).map { linearCongruential(60, seed: $0) }
    let elements = (0..<60).flatMap { row in columns.map { $0[row] } }
    let samples = Matrix(rows: 60, columns: 3, elements: elements)
    let covariance = covarianceMatrix(of: samples)
    let fromFloats = covarianceMatrix(of: samples.map { Float($0) })
    for row in 0..<3 {
      for column in 0..<3 {
        #expect(isClose(covariance[row, column], reference[row][column], relative: 1e-13))
        #expect(isClose(fromFloats[row, column], reference[row][column], relative: 1e-5))
        #expect(covariance[row, column] == covariance[column, row])
      }
    }
  }

  @Test(arguments: [(0, 3), (1, 3), (2, 1), (257, 20), (600, 5)])
  func `covariance of blocks is that of pairs of columns`(rows: Int, columns: Int) {
    let elements = linearCongruential(rows * columns, seed: 21)
    let samples = Matrix(rows: rows, columns: columns, elements: elements)
    let covariance = covarianceMatrix(of: samples)
    #expect(covariance.rows == columns && covariance.columns == columns)
    for i in 0..<columns {
      for j in 0..<columns {
        let x = (0..<rows).map { samples[$0, i] }
        let y = (0..<rows).map { samples[$0, j] }
        let (mx, my) = (mean(of: x), mean(of: y))
        let sum = zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
        let expected = rows > 1 ? sum / Double(rows - 1) : 0
        #expect(isClose(covariance[i, j], expected, relative: 1e-12, absolute: 1e-14))
      }
    }
  }
}
