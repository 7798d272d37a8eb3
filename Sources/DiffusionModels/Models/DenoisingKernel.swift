internal import Foundation
public import NumericalCore

/// The reverse chain that a denoiser makes: the posterior of a step with the expected data put in.
///
/// ```
/// μ = c₀ E[x_0|x_t] + c₁ x_t,
/// Σ = β̃_t (posterior),   β_t (forward),   or β̃_t + c₀² Var(x_0|x_t) (optimal)
/// ```
///
/// with c₀, c₁, β̃ of ``GaussianDiffusion/posterior(_:)``. The optimal variance needs a ``DataLaw`` and
/// gives the best kernel of this form: the mean and the variance of the true reverse kernel.
/// Source: Ho et al. 2020, section 3.2; the optimum is moment matching.
public struct DenoisingKernel: GaussianReverseKernel {
  /// The choice of Σ.
  public enum Variance: String, Sendable, Equatable, Codable, CaseIterable {
    case posterior
    case forward
    case optimal
  }

  /// The model.
  public let denoiser: any Denoiser
  /// The forward chain.
  public let diffusion: GaussianDiffusion
  /// The choice of Σ.
  public let variance: Variance

  /// The reverse chain of a denoiser.
  ///
  /// - Throws: `usage` for the optimal variance of a model that is not a ``DataLaw``.
  public init(
    _ denoiser: any Denoiser, diffusion: GaussianDiffusion, variance: Variance
  ) throws(SzilardError) {
    if variance == .optimal, !(denoiser is any DataLaw) {
      throw SzilardError(
        .usage,
        "the optimal variance of a reverse step is known for analytic models only; "
          + "choose 'posterior' or 'forward'")
    }
    self.denoiser = denoiser
    self.diffusion = diffusion
    self.variance = variance
  }

  /// Coordinates of a state.
  public var dimension: Int { denoiser.dimension }

  /// p(x_{t−1}|x_t) for each row.
  public func reverse(_ states: Matrix<Double>, step: Int) throws -> GaussianRows {
    let level = diffusion.schedule.level(step)
    let posterior = diffusion.posterior(step)
    let (c0, c1) = (posterior.dataFactor, posterior.stateFactor)
    if variance == .optimal, let law = denoiser as? any DataLaw {
      let moments = law.dataMoments(behind: states, at: level)
      var spread = moments.variance
      for row in 0..<spread.rows {
        for column in 0..<spread.columns {
          spread[row, column] = posterior.variance + c0 * c0 * spread[row, column]
        }
      }
      return GaussianRows(mean: moments.mean.mixed(c0, c1, states), variance: spread)
    }
    let data = try denoiser.predict(.data, of: states, at: level)
    // At t = 1 the posterior has no width; the forward one stands in (Ho et al. 2020).
    let width =
      variance == .forward || step == 1 ? diffusion.schedule.rate(step) : posterior.variance
    var spread = Matrix<Double>(rows: states.rows, columns: states.columns)
    for row in 0..<spread.rows {
      for column in 0..<spread.columns { spread[row, column] = width }
    }
    return GaussianRows(mean: data.mixed(c0, c1, states), variance: spread)
  }
}
