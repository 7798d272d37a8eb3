internal import NumericalCore

/// Pictures of the plane side by side, with one scale.
enum PlanePanels {
  /// The half-width of a square about 0 that holds all but one coordinate in two hundred.
  static func reach(_ clouds: [Matrix<Double>]) -> Double {
    let values = clouds.flatMap { $0.elements.filter(\.isFinite).map { abs($0) } }
    guard !values.isEmpty else { return 1 }
    return max(1e-9, 1.15 * quantile(0.995, of: values))
  }

  /// A block of data of the points of a cloud.
  static func block(_ key: String, _ cloud: Matrix<Double>) -> String {
    precondition(cloud.columns == 2, "a cloud in the plane has two columns")
    var text = "# \(key)\n# coordinate, coordinate\n"
    for row in 0..<cloud.rows {
      text += "\(NumberText.data(cloud[row, 0])) \(NumberText.data(cloud[row, 1]))\n"
    }
    return text
  }

  /// What all panels have in common.
  static func settings(reach: Double) -> String {
    """
    unset key
    unset grid
    set size ratio -1
    set border 15 linewidth 0.8 linecolor rgb "#999999"
    unset xlabel
    unset ylabel
    set format ""
    set tics scale 0
    set xrange [\(-reach):\(reach)]
    set yrange [\(-reach):\(reach)]

    """
  }
}
