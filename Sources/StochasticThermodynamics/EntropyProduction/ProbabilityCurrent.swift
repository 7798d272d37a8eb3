internal import Foundation
public import NumericalCore

/// The current of a stationary trajectory: the area swept, and the flow in the plane that turns most.
///
///     A_ij = ½⟨x_i(t) x_j(t + lag) − x_j(t) x_i(t + lag)⟩,   antisymmetric, x measured from its mean
///
/// In the units of the data per lag. For a linear Langevin process A/Δt tends to the mean rate of area Q
/// (``OrnsteinUhlenbeckProcess/circulation``). The plane is spanned by the pair of leading eigenvectors of
/// NᵀN, N being A of the whitened coordinates S^{−½}x, where a reversible process has no preferred plane.
public struct ProbabilityCurrent: Sendable, Equatable {
  /// A, `[dimension, dimension]`.
  public let circulation: Matrix<Double>
  /// Standard errors of A, from blocks.
  public let standardErrors: Matrix<Double>
  /// Two directions: the coordinates of the plane are `plane · (x − mean)`, of variance one.
  public let plane: Matrix<Double>
  /// ⟨x⟩.
  public let means: [Double]
  /// Why nothing can be estimated, if so.
  public let problem: String?

  /// The current of trajectories at a lag.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` for a lag that no chain holds.
  public init(
    of trajectories: Trajectories, lag: Int = 1, workers: Workers = Workers(count: 1)
  ) throws(SzilardError) {
    try GaussianLag.checkLag(lag, trajectories)
    let blocks = TrajectoryBlocks(trajectories, minimumLength: lag)
    let d = blocks.dimension
    means = blocks.means
    let moments = workers.map(blocks.ranges.count) {
      GaussianLag.Moments(blocks, block: $0, lag: lag)
    }.filter { $0.count > 0 }
    let total = moments.reduce(GaussianLag.Moments(dimension: d)) { $0.adding($1) }
    var area = Matrix<Double>(rows: d, columns: d)
    var errors = area
    if let parts = total.covariances {
      let count = Double(moments.count)
      for i in 0..<d {
        for j in 0..<d {
          area[i, j] = parts.current[i, j] * (blocks.deviations[i] * blocks.deviations[j])
        }
      }
      for part in moments {
        let own = GaussianLag.antisymmetric(part.cross(around: total))
        for i in 0..<d {
          for j in 0..<d {
            let excess = (own[i, j] - part.count * parts.current[i, j]) / total.count
            errors[i, j] += excess * excess * count / max(1, count - 1)
          }
        }
      }
      for i in 0..<d {
        for j in 0..<d {
          errors[i, j] = errors[i, j].squareRoot() * blocks.deviations[i] * blocks.deviations[j]
        }
      }
    }
    circulation = area
    standardErrors = errors
    plane = ProbabilityCurrent.turningPlane(total, blocks) ?? Matrix(rows: 0, columns: d)
    problem = blocks.problem
  }

  /// Rows u with u·(x − ⟨x⟩) the coordinates of the plane that turns most.
  private static func turningPlane(
    _ total: GaussianLag.Moments, _ blocks: TrajectoryBlocks
  ) -> Matrix<Double>? {
    let d = blocks.dimension
    guard d > 1, let parts = total.covariances else { return nil }
    // S = P + D/4.
    let covariance = LinearAlgebra.sum(parts.middle, parts.displacement, factor: 0.25)
    guard let modes = LinearAlgebra.symmetricEigenvalues(covariance),
      modes.values.allSatisfy({ $0 > 0 })
    else { return nil }
    var whitening = modes.vectors
    for row in 0..<d {
      for column in 0..<d { whitening[row, column] /= modes.values[row].squareRoot() }
    }
    let turning = LinearAlgebra.product(
      whitening, LinearAlgebra.product(parts.current, whitening.transposed))
    guard
      let planes = LinearAlgebra.symmetricEigenvalues(
        LinearAlgebra.product(turning.transposed, turning))
    else { return nil }
    let leading = planes.vectors.selectingRows([d - 1, d - 2])
    var directions = LinearAlgebra.product(leading, whitening)
    // Oriented so that the current turns from the first direction to the second.
    let sense = LinearAlgebra.product(leading, LinearAlgebra.product(turning, leading.transposed))
    for column in 0..<d {
      directions[0, column] /= blocks.deviations[column]
      directions[1, column] /= blocks.deviations[column] * (sense[0, 1] < 0 ? -1 : 1)
    }
    return directions
  }

  /// Density and local mean velocity in the plane, on a square of cells.
  ///
  ///     v(x) = ⟨x(t + lag) − x(t − lag)⟩/2 given x(t) in the cell
  ///
  /// The difference of both sides is odd under reversal: of a reversible process it vanishes everywhere.
  public struct Flow: Sendable, Equatable {
    /// Middles of the cells along each axis, in deviations.
    public var axis: [Double]
    /// The share of states in cell (row: second coordinate, column: first one).
    public var density: Matrix<Double>
    /// Mean displacement per lag along the first direction.
    public var first: Matrix<Double>
    /// Mean displacement per lag along the second direction.
    public var second: Matrix<Double>
  }

  /// The flow in the plane between ±`reach` deviations; nil without a plane.
  ///
  /// - Complexity: O(n d).
  public func flow(
    of trajectories: Trajectories, lag: Int = 1, cells: Int = 15, reach: Double = 3
  ) -> Flow? {
    guard plane.rows == 2, trajectories.length > 2 * lag else { return nil }
    let d = trajectories.dimension
    var density = Matrix<Double>(rows: cells, columns: cells)
    var sums = (density, density)
    func place(_ row: Int) -> (Double, Double) {
      var (a, b) = (0.0, 0.0)
      for column in 0..<d {
        let x = trajectories.values[row * d + column] - means[column]
        a += plane[0, column] * x
        b += plane[1, column] * x
      }
      return (a, b)
    }
    var seen = 0.0
    for chain in 0..<trajectories.chains {
      let start = chain * trajectories.length
      let places = (0..<trajectories.length).map { place(start + $0) }
      for time in lag..<(trajectories.length - lag) {
        seen += 1
        let column = ((places[time].0 + reach) / (2 * reach) * Double(cells)).rounded(.down)
        let row = ((places[time].1 + reach) / (2 * reach) * Double(cells)).rounded(.down)
        guard column >= 0, row >= 0, column < Double(cells), row < Double(cells) else { continue }
        let (i, j) = (Int(row), Int(column))
        density[i, j] += 1
        sums.0[i, j] += (places[time + lag].0 - places[time - lag].0) / 2
        sums.1[i, j] += (places[time + lag].1 - places[time - lag].1) / 2
      }
    }
    for i in 0..<cells {
      for j in 0..<cells where density[i, j] > 0 {
        sums.0[i, j] /= density[i, j]
        sums.1[i, j] /= density[i, j]
      }
    }
    return Flow(
      axis: (0..<cells).map { reach * (2 * (Double($0) + 0.5) / Double(cells) - 1) },
      density: density.map { $0 / max(1, seen) }, first: sums.0, second: sums.1)
  }
}
