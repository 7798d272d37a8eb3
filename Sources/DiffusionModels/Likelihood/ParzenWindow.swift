internal import Foundation
public import NumericalCore

/// The log-density of Gaussians about samples: a poor likelihood, kept because tables report it.
///
/// ```
/// ln p(x) = ln (1/n) Σ_k exp(−|x − y_k|²/2σ²) − d ln(σ√(2π))
/// ```
///
/// It rewards samples near the data more than a model of them: with few samples in many dimensions it
/// says little about the likelihood (Theis, van den Oord and Bethge 2016). Protocol of the tables for
/// MNIST: 10,000 samples, pixels in [0, 1], σ of ten values from 0.1 to 1 in equal ratios by the mean
/// over 1000 validation images.
/// - Complexity: O(n · rows · d), by matrix products.
public struct ParzenWindow: Sendable {
  /// y_k, one a row.
  public let samples: Matrix<Float>
  /// σ.
  public let width: Double
  /// The threads to use.
  public var workers: Workers

  /// Windows of width σ > 0 about samples.
  public init(samples: Matrix<Float>, width: Double, workers: Workers = Workers()) {
    precondition(samples.rows > 0 && width > 0)
    self.samples = samples
    self.width = width
    self.workers = workers
  }

  /// The widths of the protocol: 0.1 … 1 in ten equal ratios.
  public static let widths = (0..<10).map { pow(10, -1 + Double($0) / 9) }

  /// Windows of the width, of the given ones, that is best for validation data.
  public init(
    samples: Matrix<Float>, choosingFrom widths: [Double] = widths, validation: Matrix<Float>,
    workers: Workers = Workers()
  ) {
    precondition(!widths.isEmpty && validation.rows > 0)
    let scores = widths.map { width in
      mean(
        of: ParzenWindow(samples: samples, width: width, workers: workers)
          .logDensities(of: validation))
    }
    let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
    self.init(samples: samples, width: widths[best], workers: workers)
  }

  /// ln p of each row, in nats.
  public func logDensities(of data: Matrix<Float>) -> [Double] {
    let squares = (0..<samples.rows).map { row in
      samples.row(row).reduce(0.0) { $0 + Double($1) * Double($1) }
    }
    let columns = samples.transposed
    let constant =
      -log(Double(samples.rows)) - Double(data.columns) * log(width * (2 * .pi).squareRoot())
    let size = 64
    let blocks = workers.map((data.rows + size - 1) / size) { block -> [Double] in
      let rows = Array(block * size..<min(data.rows, (block + 1) * size))
      let part = data.selectingRows(rows)
      let products = LinearAlgebra.product(part, columns)
      return rows.indices.map { row in
        let own = part.row(row).reduce(0.0) { $0 + Double($1) * Double($1) }
        let inner = products.row(row)
        let logs = inner.indices.map {
          -max(0, own + squares[$0] - 2 * Double(inner[$0])) / (2 * width * width)
        }
        return logSumExp(logs) + constant
      }
    }
    return blocks.flatMap { $0 }
  }

  /// The mean of ln p over rows, with its interval.
  public func estimate(of data: Matrix<Float>) -> Estimate {
    Estimate(
      meanOf: logDensities(of: data),
      method: "Parzen windows of width \(Float(width)) about \(samples.rows) samples")
  }
}
