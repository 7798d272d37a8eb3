internal import Foundation
public import Learning
public import NumericalCore

/// A reverse chain whose mean and variance a network gives, as a change of the forward kernel.
///
/// ```
/// μ = √(1 − β_t) x + √β_t z^μ(x, t),   Σ = sigmoid(logit β_t + z^Σ(x, t))
/// ```
///
/// The network's outputs are [z^μ | z^Σ]; zeros are the forward kernel (for 10⁻⁶ ≤ β_t ≤ 1 − 10⁻⁵), for which K is the null model's
/// value. Source: Sohl-Dickstein et al. 2015, appendix D.2.1, in the form of the reference code (mean
/// scaled by √β).
public struct LearnedReverseKernel: GaussianReverseKernel {
  /// The network on its threads.
  public let evaluator: NetworkEvaluator
  /// Its parameters.
  public var parameters: NetworkParameters
  /// The forward chain.
  public let diffusion: GaussianDiffusion

  /// A network with the chain it reverses.
  public init(
    evaluator: NetworkEvaluator, parameters: NetworkParameters, diffusion: GaussianDiffusion
  ) {
    self.evaluator = evaluator
    self.parameters = parameters
    self.diffusion = diffusion
  }

  /// Coordinates of a state.
  public var dimension: Int { evaluator.network.inputSize }

  /// p(x_{t−1}|x_t) for each row.
  public func reverse(_ states: Matrix<Double>, step: Int) throws -> GaussianRows {
    let condition = NetworkCondition(
      step: step, logSignalToNoise: diffusion.schedule.level(step).logSignalToNoise)
    let outputs = try evaluator.outputs(
      of: states.narrowed(),
      conditions: [NetworkCondition](repeating: condition, count: states.rows),
      parameters: parameters)
    let rate = diffusion.schedule.rate(step)
    var mean = Matrix<Double>(rows: states.rows, columns: dimension)
    var variance = mean
    let (keep, root) = ((1 - rate).squareRoot(), rate.squareRoot())
    let (d, width) = (dimension, outputs.stride)
    let (from, to) = (states.stride, mean.stride)
    let offset = logit(LearnedReverseKernel.bounded(rate))
    mean.withUnsafeMutablePointer { mean in
      variance.withUnsafeMutablePointer { variance in
        outputs.withUnsafePointer { z in
          states.withUnsafePointer { x in
            for row in 0..<states.rows {
              for j in 0..<d {
                mean[row * to + j] =
                  keep * x[row * from + j] + root * Double(z[row * width + j])
                variance[row * to + j] = logistic(offset + Double(z[row * width + d + j]))
              }
            }
          }
        }
      }
    }
    return GaussianRows(mean: mean, variance: variance)
  }

  /// β within the logit's reach: a last step of β = 1 has no logit.
  static func bounded(_ rate: Double) -> Double { min(max(rate, 1e-6), 1 - 1e-5) }
}
