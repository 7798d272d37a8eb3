internal import Foundation
public import NumericalCore

/// The reverse chain that a denoiser makes: the posterior of a step with the expected data put in.
///
/// ```
/// μ = c₀ E[x_0|x_t] + c₁ x_t,
/// Σ = β̃_t (posterior),   β_t (forward),   β_t^((1+v)/2) β̃_t^((1−v)/2) (learned: v of the network),
/// or β̃_t + c₀² Var(x_0|x_t) (optimal)
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
    case learned
  }

  /// The model.
  public let denoiser: any Denoiser
  /// The forward chain.
  public let diffusion: GaussianDiffusion
  /// The choice of Σ.
  public let variance: Variance

  /// The reverse chain of a denoiser.
  ///
  /// - Throws: `usage` for the optimal variance of a model that is not a ``DataLaw``, and for the learned
  ///   one of a model that was not trained for it.
  public init(
    _ denoiser: any Denoiser, diffusion: GaussianDiffusion, variance: Variance
  ) throws(SzilardError) {
    if variance == .optimal, !(denoiser is any DataLaw) {
      throw SzilardError(
        .usage,
        "the optimal variance of a reverse step is known for analytic models only; "
          + "choose 'posterior', 'forward' or 'learned'")
    }
    if variance == .learned, !((denoiser as? NetworkDenoiser)?.hasWidths ?? false) {
      throw SzilardError(
        .usage, "the model has no widths of steps; train with --loss hybrid to learn them")
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
      return GaussianRows(
        mean: moments.mean.mixed(c0, c1, states),
        variance: moments.variance.map { posterior.variance + c0 * c0 * $0 })
    }
    if variance == .learned, let network = denoiser as? NetworkDenoiser {
      let (native, shares) = try network.nativePredictionWithWidths(of: states, at: level)
      let data = network.native.converted(native, to: .data, states: states, level)
      let (narrow, slope) = (
        diffusion.logVariance(step, share: -1), diffusion.logVarianceSlope(step)
      )
      return GaussianRows(
        mean: data.mixed(c0, c1, states),
        variance: shares.map { exp(narrow + slope * (1 + $0)) })
    }
    let data = try denoiser.predict(.data, of: states, at: level)
    // At t = 1 the posterior has no width; the forward one stands in (Ho et al. 2020).
    let width =
      variance == .forward || step == 1 ? diffusion.schedule.rate(step) : posterior.variance
    return GaussianRows(mean: data.mixed(c0, c1, states), variance: width)
  }
}
