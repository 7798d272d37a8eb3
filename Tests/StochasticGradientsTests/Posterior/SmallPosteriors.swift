import Learning
import NumericalCore
import StochasticGradients

/// Regressions whose posteriors are known.
enum SmallPosteriors {
  /// Linear regression of `count` samples in three columns of unlike width, with unit noise.
  static func linear(count: Int = 60, priorPrecision: Double = 1) throws -> LinearModel {
    var random = RandomStream(seed: 11, purpose: .test)
    let widths: [Double] = [1, 0.7, 0.4]
    let truth: [Double] = [1, -1, 0.5]
    var inputs = Matrix<Float>(rows: count, columns: 3)
    var targets: [Float] = []
    for row in 0..<count {
      var y = random.normal()
      for k in 0..<3 {
        let x = widths[k] * random.normal()
        inputs[row, k] = Float(x)
        y += truth[k] * x
      }
      targets.append(Float(y))
    }
    return try LinearModel(
      inputs: inputs, targets: targets, response: .gaussian(deviation: 1),
      priorPrecision: priorPrecision)
  }

  /// The six samples of the fact sheet: numpy's default_rng(3).
  static func six() throws -> LinearModel {
    try LinearModel(
      inputs: Matrix(
        rows: 6, columns: 2,
        elements: sixInputs), targets: sixTargets, response: .gaussian(deviation: 1),
      priorPrecision: 1)
  }

  static func laplace(_ model: LinearModel) throws -> LaplaceApproximation {
    LaplaceApproximation(
      at: try Minimum.find(
        of: model, from: [Double](repeating: 0, count: model.parameterCount)))
  }
}

private let sixInputs: [Float] = [
  2.0409191213851825, -2.5556650313141818,
  0.41809884672577885, -0.5677696061279298,
  -0.45264929211044586, -0.2155971630897659,
  -2.019986129147251, -0.23193237764418947,
  -0.8652130762749417, 3.3229995166448827,
  0.22578661322792176, -0.3526307943415954,
]
private let sixTargets: [Float] = [
  4.3152967345480135,
  0.31782210674475864,
  -1.2922026802258013,
  -2.1788547287377162,
  -3.7062672044130385,
  0.33986380099615054,
]
// [ 5.80625542 23.7394458 ]
