internal import NumericalCore

/// Refuses states that a model of `dimension` coordinates cannot be asked about.
///
/// - Throws: `badData` for another number of columns, no row, or what is not a finite number.
func checkStates(_ states: Matrix<Double>, dimension: Int) throws(SzilardError) {
  guard states.columns == dimension else {
    throw SzilardError(
      .badData,
      "the data have \(states.columns) columns and the model has \(dimension) coordinates")
  }
  guard states.rows > 0 else { throw SzilardError(.badData, "the data have no row") }
  for row in 0..<states.rows where !states.row(row).allSatisfy(\.isFinite) {
    throw SzilardError(.badData, "row \(row + 1) of the data holds what is not a finite number")
  }
}

extension GaussianReverseKernel {
  func check(_ states: Matrix<Double>) throws(SzilardError) {
    try checkStates(states, dimension: dimension)
  }
}
