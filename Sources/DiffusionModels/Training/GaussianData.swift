internal import Foundation
public import NumericalCore

/// Continuous data as a diffusion takes them: centred and of average second moment 1.
///
/// ```
/// x = (y + u − shift)/scale,   u uniform in [0, quantum) when y are quantised to that step
/// ```
///
/// One scale for all coordinates keeps the data's shape; the bound assumes that the average second
/// moment is that of the noise (Sohl-Dickstein et al. 2015, equation 12), and this makes it so.
public struct GaussianData: Sendable, Equatable {
  /// Samples as they were given, one a row.
  public let samples: Matrix<Float>
  /// What is taken off each coordinate.
  public let shift: [Double]
  /// What all coordinates are divided by.
  public let scale: Double
  /// The width of the uniform noise that makes quantised data continuous; 0 for continuous data.
  public let quantum: Double

  /// Data with shift and scale of their own.
  ///
  /// - Throws: `badData` when a number is not finite (with its row and column) or nothing varies.
  public init(measuring samples: Matrix<Float>, quantum: Double = 0) throws(SzilardError) {
    var shift = [Double](repeating: 0, count: samples.columns)
    var second = 0.0
    for row in 0..<samples.rows {
      for (column, value) in samples.row(row).enumerated() {
        guard value.isFinite else {
          throw SzilardError(
            .badData, "row \(row + 1), column \(column + 1): \(value) is not a finite number")
        }
        shift[column] += (Double(value) + quantum / 2) / Double(samples.rows)
      }
    }
    for row in 0..<samples.rows {
      for (column, value) in samples.row(row).enumerated() {
        let distance = Double(value) + quantum / 2 - shift[column]
        second += distance * distance / Double(samples.rows * samples.columns)
      }
    }
    // What differs by the rounding of floats alone does not vary.
    let largest = shift.map(abs).max() ?? 0
    guard samples.rows > 0, second.squareRoot() > 1e-6 * largest, second.isFinite else {
      throw SzilardError(
        .badData,
        samples.rows == 0
          ? "the data hold no samples"
          : "the data do not vary" + (samples.rows == 1 ? ": there is one sample" : ""))
    }
    // The uniform noise has a variance of its own.
    second += quantum * quantum / 12
    self.init(samples: samples, shift: shift, scale: second.squareRoot(), quantum: quantum)
  }

  /// Data with the shift and scale of others.
  public init(samples: Matrix<Float>, shift: [Double], scale: Double, quantum: Double) {
    precondition(shift.count == samples.columns && scale > 0)
    self.samples = samples
    self.shift = shift
    self.scale = scale
    self.quantum = quantum
  }

  /// The scaled samples of the given rows; the uniform noise follows from (seed, step, row).
  public func scaled(
    _ rows: some Sequence<Int>, seed: UInt64, step: Int = 0, workers: Workers = Workers(count: 1)
  ) -> Matrix<Double> {
    let rows = Array(rows)
    var result = Matrix<Double>(rows: rows.count, columns: samples.columns)
    let stride = result.stride
    result.withUnsafeMutablePointer { target in
      samples.withUnsafePointer { source in
        let (source, target) = (UncheckedSendable(source), UncheckedSendable(target))
        workers.forEachRange(of: rows.count, grain: 8) { places, _ in
          for place in places {
            let row = rows[place]
            var stream = RandomStream(
              seed: seed, purpose: .dequantisation, index: UInt64(row), step: UInt64(step))
            let (from, to) = (
              source.value + row * samples.stride, target.value + place * stride
            )
            for column in 0..<samples.columns {
              let noise = quantum > 0 ? quantum * stream.uniform() : 0
              to[column] = (Double(from[column]) + noise - shift[column]) / scale
            }
          }
        }
      }
    }
    return result
  }

  /// Scaled states in the data's own units.
  public func unscaled(_ states: Matrix<Double>) -> Matrix<Float> {
    var result = Matrix<Float>(rows: states.rows, columns: states.columns)
    for row in 0..<states.rows {
      result.setRow(row, to: zip(states.row(row), shift).map { Float($0 * scale + $1) })
    }
    return result
  }

  /// ln |dx/dy| of a sample: what a log-density of scaled data loses in the data's own units.
  public var logJacobian: Double { -Double(samples.columns) * log(scale) }
}
