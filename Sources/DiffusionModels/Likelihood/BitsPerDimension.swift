internal import Foundation
public import NumericalCore

/// Bits a dimension of integer data from the log-density of scaled, dequantised data.
///
/// ```
/// x_i = (n_i + u_i − shift_i)/scale_i,   n_i = 0 … levels − 1,   u_i ~ U(0, 1)
/// −log₂ P(n)/d ≤ −[E_u ln p(x) − Σ_i ln scale_i]/(d ln 2)
/// ```
///
/// Uniform dequantisation bounds the log-probability of the integers from below (Jensen), so the bits
/// from above. For values in [−1, 1) of 256 levels the scale is 128 and the constant 7; for [0, 1) it is
/// 256 and 8.
/// Source: Uria, Murray and Larochelle 2013; Theis, van den Oord and Bethge 2016, section 3.1.
public struct BitsPerDimension: Sendable, Equatable, Codable {
  /// What is taken off the integers, by coordinate.
  public let shift: [Double]
  /// What they are divided by then, by coordinate; above 0.
  public let scale: [Double]
  /// How many values an integer has.
  public let levels: Int

  /// A scaling coordinate by coordinate.
  ///
  /// - Throws: `usage` when a scale is not above 0 or the lengths differ.
  public init(shift: [Double], scale: [Double], levels: Int = 256) throws(SzilardError) {
    guard shift.count == scale.count, !scale.isEmpty, levels > 1,
      scale.allSatisfy({ $0 > 0 && $0.isFinite }), shift.allSatisfy(\.isFinite)
    else {
      throw SzilardError(
        .usage,
        "bits a dimension need a shift and a scale above 0 for each coordinate, and two levels")
    }
    self.shift = shift
    self.scale = scale
    self.levels = levels
  }

  /// The scaling of integers to a mean of 0 and a second moment of 1, averaged over coordinates, by one
  /// shift and one scale for all; those of dequantised values (mean + ½, variance + 1/12).
  ///
  /// - Throws: `badData` for data that are all the same.
  public init(
    standardising integers: Matrix<Float>, levels: Int = 256
  ) throws(SzilardError) {
    var sum = 0.0
    var squares = 0.0
    for row in 0..<integers.rows {
      for value in integers.row(row) {
        sum += Double(value)
        squares += Double(value) * Double(value)
      }
    }
    let count = Double(max(1, integers.rows * integers.columns))
    let variance = squares / count - sum / count * (sum / count)
    guard variance > 0, integers.columns > 0 else {
      throw SzilardError(.badData, "the data are all the same; they cannot be scaled")
    }
    let columns = integers.columns
    try self.init(
      shift: [Double](repeating: sum / count + 0.5, count: columns),
      scale: [Double](repeating: (variance + 1.0 / 12).squareRoot(), count: columns),
      levels: levels)
  }

  /// Integers with uniform noise, scaled; a row's noise is its own, whatever the number of rows.
  ///
  /// - Throws: `badData` for what is not an integer from 0 to levels − 1.
  public func dequantised(
    _ integers: Matrix<Float>, seed: UInt64
  ) throws(SzilardError) -> Matrix<Double> {
    guard integers.columns == scale.count else {
      throw SzilardError(
        .badData, "the data have \(integers.columns) columns and the scaling \(scale.count)")
    }
    var result = Matrix<Double>(rows: integers.rows, columns: integers.columns)
    for row in 0..<integers.rows {
      var stream = RandomStream(seed: seed, purpose: .dequantisation, index: UInt64(row))
      for column in 0..<integers.columns {
        let value = Double(integers[row, column])
        guard value >= 0, value < Double(levels), value == value.rounded() else {
          throw SzilardError(
            .badData,
            "row \(row + 1) of the data holds \(value), not an integer from 0 to \(levels - 1)")
        }
        result[row, column] = (value + stream.uniform() - shift[column]) / scale[column]
      }
    }
    return result
  }

  /// Bits a dimension of an estimate, in nats a sample, of the log-density of scaled data.
  public func bits(ofLogDensity estimate: Estimate) -> Estimate {
    let d = Double(scale.count)
    let jacobian = scale.reduce(0) { $0 + log($1) }
    return estimate.scaled(by: -1 / (d * log(2)), plus: jacobian / (d * log(2)))
  }
}
