import DataSets
import Foundation
import Learning
import NumericalCore
import StochasticGradients
import TestSupport
import Testing

@Suite struct RegressionDataTests {
  private func table() -> DataSet {
    let rows: [[Float]] = [[1, 10, 5], [2, 30, 8], [3, 20, 9], [4, 60, 14], [5, 50, 15]]
    return DataSet(
      values: .reals(Matrix(rows: 5, columns: 3, elements: rows.flatMap { $0 })),
      variableKind: .continuous, name: "five rows")
  }

  @Test func coefficientsGoBackToTheFile() throws {
    let data = try RegressionData(SupervisedTable(table()))
    #expect(data.names == ["column 1", "column 2", "intercept"])
    #expect(data.targets == [5, 8, 9, 14, 15])
    let theta = [0.5, -2, 3]
    let original = data.inOriginalUnits(theta)
    for row in 0..<5 {
      let standard = zip(data.inputs.row(row), theta).reduce(0) { $0 + Double($1.0) * $1.1 }
      let file = [Double(row + 1), [10, 30, 20, 60, 50][row], 1]
      let raw = zip(file, original).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(isClose(standard, raw, relative: 1e-5, absolute: 1e-5))
    }
    let column = (0..<5).map { Double(data.inputs[$0, 0]) }
    #expect(abs(mean(of: column)) < 1e-6 && isClose(variance(of: column), 1, relative: 1e-6))
  }

  @Test func targetsAndRowsAreChosen() throws {
    let first = try RegressionData(
      SupervisedTable(table(), target: 1), isStandardised: false, hasIntercept: false)
    #expect(first.targets == [1, 2, 3, 4, 5] && first.inputs.row(1) == [30, 8])
    let part = try RegressionData(SupervisedTable(table(), target: -1), heldOut: 0.4, seed: 3)
    #expect(part.targets.count == 3 && part.heldOutTargets.count == 2)
    #expect(Set(part.targets + part.heldOutTargets) == [5, 8, 9, 14, 15])
    #expect(throws: SzilardError.self) { try SupervisedTable(table(), target: 4) }
    #expect(throws: SzilardError.self) { try SupervisedTable(table(), target: 0) }
    // Residuals of a line through points on it are none; here they are known: y = 3x on x = 1, 2 with 1 off.
    let residual = try RegressionData(
      SupervisedTable(
        DataSet(
          values: .reals(Matrix(rows: 4, columns: 2, elements: [1, 3, 1, 5, -1, -3, -1, -5])),
          variableKind: .continuous, name: "four rows")), isStandardised: false, hasIntercept: false
    ).residualDeviation()
    #expect(isClose(residual, (4.0 / 3).squareRoot(), relative: 1e-6))
  }

  /// Two samples of one coefficient, one row: ln of the mean of two densities.
  @Test func predictionsAreAverages() throws {
    let model = try LinearModel(
      inputs: Matrix(rows: 2, columns: 1, elements: [1, -1]), targets: [1, 0],
      response: .bernoulli, priorPrecision: 1)
    let laplace = LaplaceApproximation(
      at: try Minimum.find(
        of: model, from: [Double](repeating: 0, count: model.parameterCount)))
    var sampling = PosteriorSampling(SamplerSettings(.ula, stepSize: 0.1, batchSize: 2))
    sampling.chains = 1
    sampling.samples = 2
    sampling.warmUp = 0
    let samples = try sampling.run(model, laplace: laplace)
    let prediction = PosteriorPrediction(
      of: [1], response: .bernoulli, samples: samples, mode: [0]
    ) { [$0[0]] }
    let values = samples.values(ofParameter: 0)[0]
    let expected = log((logistic(values[0]) + logistic(values[1])) / 2)
    #expect(isClose(prediction.logLikelihood, expected, relative: 1e-12))
    #expect(isClose(prediction.logLikelihoodAtMode, log(0.5), relative: 1e-12))
  }

  /// Labels are the target where there are any; inputs that do not vary are left out.
  @Test func labelsAndConstantColumns() throws {
    var labelled = DataSet(
      values: .reals(Matrix(rows: 3, columns: 2, elements: [1, 7, 2, 7, 4, 7])),
      variableKind: .continuous, name: "three rows")
    labelled.labels = [0, 1, 1]
    let table = try SupervisedTable(labelled)
    #expect(table.hasLabels && table.targets == [0, 1, 1] && table.inputs.columns == 2)
    let data = try RegressionData(table)
    #expect(data.constantColumns == 1 && data.names == ["column 1", "intercept"])
    #expect(try SupervisedTable(labelled, target: 1).targets == [1, 2, 4])
  }
}
