internal import Foundation
internal import NumericalCore

/// Trajectories in units of their deviations, cut into blocks longer than their memory.
///
/// Blocks are the unit of all errors: within one anything may be correlated, two of them are taken for
/// independent. With the relaxation time τ they are 20 τ long where that leaves twenty of them, never
/// below 4 τ, and at most 200. The relaxation time is the largest of
///
///     −1/ln ϱ(G),  G = ⟨x_{t+1} x_tᵀ⟩⟨x xᵀ⟩⁻¹;     g/2 of each coordinate
///
/// with ϱ the spectral radius, which sees memory that oscillates, and g the statistical inefficiency,
/// which sees memory that a short step does not show.
struct TrajectoryBlocks: Sendable {
  /// The fewest blocks that tell an error.
  static let fewest = 8
  /// Probability with which a stationary trajectory is said not to be.
  static let driftFalseAlarmRate = 1e-4

  /// (x − ⟨x⟩)/deviation, `[chains · length, dimension]`.
  let values: [Double]
  /// The number of coordinates.
  let dimension: Int
  /// Deviations of the coordinates.
  let deviations: [Double]
  /// ⟨x⟩.
  let means: [Double]
  /// Steps after which the slowest direction is forgotten up to 1/e.
  let relaxationTime: Double
  /// The states of each block.
  let ranges: [Range<Int>]
  /// Where the chain of each block ends.
  let chainEnds: [Int]
  /// Why nothing can be estimated, if so.
  let problem: String?

  /// Blocks of at least `minimumLength` states.
  init(_ trajectories: Trajectories, minimumLength: Int) {
    let d = trajectories.dimension
    let count = trajectories.chains * trajectories.length
    dimension = d
    var means = [Double](repeating: 0, count: d)
    var deviations = [Double](repeating: 0, count: d)
    var values = trajectories.values
    values.withUnsafeMutableBufferPointer { x in
      for column in 0..<d {
        // Twice, so that the mean of large numbers that vary little keeps its digits.
        for _ in 0..<2 {
          var sum = 0.0
          for row in 0..<count { sum += x[row * d + column] }
          let mean = sum / Double(count)
          for row in 0..<count { x[row * d + column] -= mean }
          means[column] += mean
        }
        var square = 0.0
        for row in 0..<count { square += x[row * d + column] * x[row * d + column] }
        deviations[column] = (square / Double(count)).squareRoot()
        guard deviations[column] > 0 else { continue }
        for row in 0..<count { x[row * d + column] /= deviations[column] }
      }
    }
    self.means = means
    self.deviations = deviations
    self.values = values
    var problem = TrajectoryBlocks.degeneracy(values, means, deviations)
    var relaxation = 1.0
    if problem == nil {
      relaxation = TrajectoryBlocks.relaxationTime(values, d, trajectories)
    }
    relaxationTime = relaxation
    let wanted = max(
      Double(count) / 200, min(20 * relaxation, Double(count) / 20), 4 * relaxation,
      Double(minimumLength))
    let length = trajectories.length
    let perChain = max(1, Int(min(Double(length), (Double(length) / wanted).rounded(.down))))
    var ranges: [Range<Int>] = []
    var ends: [Int] = []
    for chain in 0..<trajectories.chains {
      for block in 0..<perChain {
        let start = chain * length + length * block / perChain
        ranges.append(start..<(chain * length + length * (block + 1) / perChain))
        ends.append((chain + 1) * length)
      }
    }
    self.ranges = ranges
    chainEnds = ends
    if problem == nil, ranges.count < TrajectoryBlocks.fewest {
      let times = Double(count) / relaxation
      problem =
        times < 4 * Double(TrajectoryBlocks.fewest)
        ? "\(count) states are \(TrajectoryBlocks.rounded(times)) relaxation times of about "
          + "\(TrajectoryBlocks.rounded(relaxation)) steps; \(4 * TrajectoryBlocks.fewest) or more tell an error"
        : "\(count) states hold \(ranges.count) windows of \(minimumLength); "
          + "\(TrajectoryBlocks.fewest) or more tell an error"
    }
    if problem == nil {
      problem = TrajectoryBlocks.drift(values, d, trajectories, pairs: max(1, perChain / 2))
    }
    self.problem = problem
  }

  /// Which coordinate is constant or a combination of those before it.
  private static func degeneracy(
    _ values: [Double], _ means: [Double], _ deviations: [Double]
  ) -> String? {
    let d = means.count
    for column in 0..<d where deviations[column] <= 1e-14 * abs(means[column]) {
      return "column \(column + 1) is constant"
    }
    let correlation = second(values, d)
    guard let column = LinearAlgebra.dependentColumn(correlation) else { return nil }
    let twin = (0..<column).first { abs(abs(correlation[$0, column]) - 1) < 1e-10 }
    return "column \(column + 1) is "
      + (twin.map { "column \($0 + 1) again" } ?? "a linear combination of the columns before it")
  }

  /// ⟨x xᵀ⟩.
  private static func second(_ values: [Double], _ d: Int) -> Matrix<Double> {
    values.withUnsafeBufferPointer { x in
      guard let base = x.baseAddress else { return Matrix(rows: d, columns: d) }
      return gram(base, base, d, rows: x.count / d).map { $0 * Double(d) / Double(values.count) }
    }
  }

  /// Σ aᵀ b of rows.
  static func gram(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ d: Int, rows: Int
  ) -> Matrix<Double> {
    var result = Matrix<Double>(rows: d, columns: d)
    let stride = result.stride
    result.withUnsafeMutablePointer {
      LinearAlgebra.multiply(
        rows: d, columns: d, inner: rows, a, transposingA: true, strideA: d, b, strideB: d,
        into: $0, strideC: stride)
    }
    return result
  }

  private static func relaxationTime(
    _ values: [Double], _ d: Int, _ trajectories: Trajectories
  ) -> Double {
    let length = trajectories.length
    var cross = Matrix<Double>(rows: d, columns: d)
    values.withUnsafeBufferPointer { x in
      guard let base = x.baseAddress else { return }
      for chain in 0..<trajectories.chains {
        let start = base + chain * length * d
        cross = LinearAlgebra.sum(cross, gram(start, start + d, d, rows: length - 1))
      }
    }
    let pairs = Double(trajectories.chains * (length - 1))
    // cross is ⟨x_t x_{t+1}ᵀ⟩, so the solution is Gᵀ.
    let propagator = LinearAlgebra.solve(second(values, d), cross.map { $0 / pairs })
    var longest = 0.5
    if let propagator {
      let radius = LinearAlgebra.logSpectralRadius(propagator)
      longest = radius < 0 ? max(longest, -1 / radius) : .infinity
    }
    // Thinned, so that long records cost no more: then g is at least the thinning.
    let thinning = max(1, length / 16_384)
    for chain in 0..<min(trajectories.chains, 4) {
      for column in 0..<d {
        let series = stride(from: 0, to: length, by: thinning).map {
          values[(chain * length + $0) * d + column]
        }
        let g = statisticalInefficiency(of: series)
        if g > 1.5 { longest = max(longest, g * Double(thinning) / 2) }
      }
    }
    return longest
  }

  /// Whether means or variances differ between the early and the late half of the chains.
  ///
  /// Pieces of the first half are paired with those of the second; Student's test of the differences,
  /// at a false-alarm rate shared by all coordinates.
  private static func drift(
    _ values: [Double], _ d: Int, _ trajectories: Trajectories, pairs: Int
  ) -> String? {
    let count = trajectories.chains * pairs
    guard count >= 4 else { return nil }
    let length = trajectories.length
    let bound = studentQuantile(
      1 - driftFalseAlarmRate / Double(4 * d), degreesOfFreedom: Double(count - 1))
    for column in 0..<d {
      for power in 1...2 {
        var differences: [Double] = []
        for chain in 0..<trajectories.chains {
          let pieces = (0..<2 * pairs).map { piece -> Double in
            let range = (length * piece / (2 * pairs))..<(length * (piece + 1) / (2 * pairs))
            var sum = 0.0
            for row in range {
              let x = values[(chain * length + row) * d + column]
              sum += power == 1 ? x : x * x
            }
            return sum / Double(max(1, range.count))
          }
          differences += (0..<pairs).map { pieces[pairs + $0] - pieces[$0] }
        }
        let error = (variance(of: differences) / Double(count)).squareRoot()
        if abs(mean(of: differences)) > bound * error {
          return
            "the \(power == 1 ? "mean" : "variance") of column \(column + 1) drifts between the "
            + "first and the second half: discard the beginning, or this is no stationary state"
        }
      }
    }
    return nil
  }

  static func rounded(_ value: Double) -> String {
    value.isFinite ? String(format: "%.3g", value) : "\(value)"
  }
}

extension LinearAlgebra {
  /// The first column of a correlation matrix that those before it explain, if any.
  static func dependentColumn(_ matrix: Matrix<Double>, tolerance: Double = 1e-11) -> Int? {
    let d = matrix.rows
    var factor = Matrix<Double>(rows: d, columns: d)
    for row in 0..<d {
      for column in 0...row {
        var sum = matrix[row, column]
        for k in 0..<column { sum -= factor[row, k] * factor[column, k] }
        if row != column {
          factor[row, column] = sum / factor[column, column]
        } else if sum > tolerance * matrix[row, row] {
          factor[row, row] = sum.squareRoot()
        } else {
          return row
        }
      }
    }
    return nil
  }

  /// ln ϱ(a), the logarithm of the largest modulus of the eigenvalues, by repeated squaring.
  ///
  ///     ln ϱ = lim ln ‖a^{2^k}‖ / 2^k
  static func logSpectralRadius(_ a: Matrix<Double>) -> Double {
    var power = a
    var logarithm = 0.0
    var scale = 1.0
    for _ in 0..<50 {
      let norm = power.elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 0, norm.isFinite else { return norm > 0 ? .infinity : -.infinity }
      logarithm += log(norm) * scale
      scale /= 2
      let unit = power.map { $0 / norm }
      power = product(unit, unit)
    }
    return logarithm
  }
}
