public import NumericalCore

/// Where the mean of a reverse step takes the states of a plane:  f_μ(x, t) − x on a square grid.
///
/// Source: Sohl-Dickstein et al. 2015, figure 1.
public struct DriftField: Sendable {
  /// x, one a row.
  public let positions: Matrix<Double>
  /// f_μ(x, t) − x.
  public let drifts: Matrix<Double>
  /// Between neighbours of the grid.
  public let spacing: Double

  /// The field of a step.
  ///
  /// - Parameters:
  ///   - kernel: A reverse chain of two coordinates.
  ///   - step: t.
  ///   - reach: The grid goes from −reach to reach.
  ///   - side: Points of a side.
  public init(
    of kernel: any GaussianReverseKernel, step: Int, reach: Double = 2.4, side: Int = 17
  ) throws {
    precondition(kernel.dimension == 2 && side > 1)
    spacing = 2 * reach / Double(side - 1)
    var grid = Matrix<Double>(rows: side * side, columns: 2)
    for row in 0..<grid.rows {
      grid[row, 0] = -reach + spacing * Double(row % side)
      grid[row, 1] = -reach + spacing * Double(row / side)
    }
    positions = grid
    drifts = try kernel.reverse(grid, step: step).mean.mixed(1, -1, grid)
  }
}
