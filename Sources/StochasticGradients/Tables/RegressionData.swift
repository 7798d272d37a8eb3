internal import Foundation
internal import Learning
public import NumericalCore

/// A table as a model takes it: inputs scaled, an intercept, rows held out.
///
/// Inputs are brought to mean 0 and deviation 1 (unless told not to), so that one prior and one step size fit them
/// all; an intercept is a last column of ones. Means and deviations are those of the training rows.
/// ``inOriginalUnits(_:)`` takes coefficients back.
public struct RegressionData: Sendable {
  /// Inputs of the training rows, as the model sees them.
  public let inputs: Matrix<Float>
  /// Their targets.
  public let targets: [Float]
  /// Inputs of the rows held out.
  public let heldOutInputs: Matrix<Float>
  /// Their targets.
  public let heldOutTargets: [Float]
  /// A name for each column.
  public let names: [String]
  /// Whether the last column is ones.
  public let hasIntercept: Bool
  /// Inputs that were left out because they do not vary: there is nothing to scale, and nothing to learn.
  public let constantColumns: Int
  private let centres: [Double]
  private let widths: [Double]

  /// The data of a table.
  ///
  /// - Parameters:
  ///   - table: Inputs and targets.
  ///   - isStandardised: Whether inputs are scaled.
  ///   - hasIntercept: Whether a column of ones is added.
  ///   - heldOut: The part of the rows that is kept for predictions, chosen by the seed.
  ///   - seed: Of that choice.
  /// - Throws: ``SzilardError`` where rows or inputs are too few.
  public init(
    _ table: SupervisedTable, isStandardised: Bool = true, hasIntercept: Bool = true,
    heldOut: Double = 0, seed: UInt64 = 1
  ) throws(SzilardError) {
    guard heldOut >= 0, heldOut < 1 else {
      throw SzilardError(.usage, "a part \(heldOut) of the rows held out; give one in [0, 1)")
    }
    let count = table.inputs.rows
    var order = Array(0..<count)
    let cut = Int((heldOut * Double(count)).rounded())
    if cut > 0 {
      var stream = RandomStream(seed: seed, purpose: .split)
      order.shuffle(using: &stream)
    }
    let (test, training) = (order[..<cut].sorted(), order[cut...].sorted())
    guard training.count > 1 else {
      throw SzilardError(.badData, "\(training.count) rows to learn from")
    }
    var kept = Array(0..<table.inputs.columns)
    var centres = [Double](repeating: 0, count: kept.count)
    var widths = [Double](repeating: 1, count: kept.count)
    if isStandardised {
      for column in kept {
        let values = training.map { Double(table.inputs[$0, column]) }
        centres[column] = mean(of: values)
        widths[column] = variance(of: values).squareRoot()
      }
      // Deviations that rounding could have made are none.
      kept.removeAll { widths[$0] <= 1e-6 * abs(centres[$0]) }
    }
    guard !kept.isEmpty else { throw SzilardError(.badData, "no input varies") }
    constantColumns = table.inputs.columns - kept.count
    self.centres = kept.map { centres[$0] }
    self.widths = kept.map { widths[$0] }
    self.hasIntercept = hasIntercept
    func shaped(_ rows: [Int]) -> Matrix<Float> {
      var result = Matrix<Float>(rows: rows.count, columns: kept.count + (hasIntercept ? 1 : 0))
      for (place, row) in rows.enumerated() {
        for (k, column) in kept.enumerated() {
          result[place, k] = Float(
            (Double(table.inputs[row, column]) - centres[column]) / widths[column])
        }
        if hasIntercept { result[place, kept.count] = 1 }
      }
      return result
    }
    inputs = shaped(training)
    targets = training.map { table.targets[$0] }
    heldOutInputs = shaped(test)
    heldOutTargets = test.map { table.targets[$0] }
    names = kept.map { table.names[$0] } + (hasIntercept ? ["intercept"] : [])
  }

  /// Coefficients of the columns as they stand in the file.
  ///
  ///     β → β/width,   intercept → intercept − Σ β · mean/width
  public func inOriginalUnits(_ coefficients: [Double]) -> [Double] {
    precondition(coefficients.count == names.count, "a coefficient a column")
    var result = coefficients
    for k in widths.indices {
      result[k] /= widths[k]
      if hasIntercept { result[widths.count] -= result[k] * centres[k] }
    }
    return result
  }

  /// The deviation of the residuals of least squares, √(RSS/(N − d)): the noise where none is told.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` where columns depend on one another or rows are too few.
  public func residualDeviation() throws(SzilardError) -> Double {
    guard inputs.rows > inputs.columns else {
      throw SzilardError(
        .badData,
        "\(inputs.rows) rows for \(inputs.columns) coefficients do not tell the noise; give its deviation"
      )
    }
    let model = try LinearModel(
      inputs: inputs, targets: targets, response: .gaussian(deviation: 1),
      priorPrecision: 1e-9 * Double(inputs.rows))
    let mean = try GaussianPosterior(of: model).mean
    var square = 0.0
    for row in 0..<inputs.rows {
      let z = zip(inputs.row(row), mean).reduce(0) { $0 + Double($1.0) * $1.1 }
      square += (Double(targets[row]) - z) * (Double(targets[row]) - z)
    }
    let deviation = (square / Double(inputs.rows - inputs.columns)).squareRoot()
    guard deviation > 0 else {
      throw SzilardError(.badData, "the fit has no residuals; give the deviation of the noise")
    }
    return deviation
  }
}
