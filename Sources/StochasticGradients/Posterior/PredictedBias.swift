internal import Foundation
internal import Learning
internal import NumericalCore

/// What a sampler's step size does to a posterior, from curvature and gradient noise at the mode.
///
/// A sampler of N(θ*, T S), S = H⁻¹, settles at another Gaussian. In the basis of H, with hᵢ its values and C = c C_g
/// the covariance of a batch's gradient, a step of an overdamped sampler without memory is
/// xᵢ ← aᵢ xᵢ + noise of covariance Qᵢⱼ, so that
///
///     Sᵢⱼ = Qᵢⱼ/(1 − aᵢaⱼ),   aᵢ = 1 − η hᵢ,   Qᵢⱼ = 2ηT δᵢⱼ + η² Cᵢⱼ
///
/// to all orders in η but for the scatter of curvatures among batches (for control variates that scatter is all
/// of the noise: c T R). With velocities a is a matrix of 2 × 2. For minibatches without replacement, at ends of epochs and at
/// first order in η,
///
///     mean:        −(η/2) c H⁻¹ w
///     covariance:  H Δ + Δ H = ηT [H − K H⁻¹ − H⁻¹ K]
///
/// (the first bracket is Euler's, which Leimkuhler and Matthews' noise removes; the debiased drift removes
/// the rest). Exact for linear regression to the order stated; elsewhere as good as the Gaussian of the mode.
/// Source: theory of Vollmer, Zygalakis, Teh 2016 (first order), and of Adhikari et al. 2023 (without replacement).
public struct PredictedBias: Sendable {
  /// Shift of the mean of each parameter.
  public let meanShift: [Double]
  /// Standard deviation that the sampler settles at, of each parameter.
  public let deviations: [Double]
  /// Standard deviation that it should have, √T times the posterior's.
  public let exactDeviations: [Double]
  /// Entropy production of a step (of an epoch, for records at ends of epochs), in nats; nil for samplers with
  /// velocities and where it is not defined.
  public let entropyProduction: Double?
  /// Whether a step is stable.
  public let isStable: Bool
  /// tr(H S)/(dT): the temperature that the spread of the samples shows.
  public let effectiveTemperature: Double

  /// The largest shift of a mean in units of the deviation.
  public var worstMean: Double {
    zip(meanShift, exactDeviations).map { abs($0) / $1 }.max() ?? 0
  }

  /// The largest relative error of a variance.
  public var worstVariance: Double {
    guard isStable else { return .infinity }
    return zip(deviations, exactDeviations).map { abs($0 * $0 / ($1 * $1) - 1) }.max() ?? 0
  }

  /// The prediction for a sampler; nil for HMC, which has no bias, and for what no theory is worked out for:
  /// velocities and pSGLD without replacement, and noise once an epoch recorded in mid-epoch.
  public init?(
    of settings: SamplerSettings, laplace: LaplaceApproximation, noise: MinibatchScatter
  ) {
    guard settings.sampler != .hmc, settings.temperature > 0 else { return nil }
    let basis = PredictedBias.basis(of: settings, laplace, noise)
    let h = basis.curvatures
    let d = h.count
    let eta = settings.stepSize
    let temperature = settings.temperature
    let prefactor =
      settings.sampler.usesFullGradients ? 0 : noise.prefactor(batchSize: settings.batchSize)
    let isShuffled = settings.policy == .withoutReplacement && !settings.sampler.usesFullGradients
    if isShuffled, settings.sampler.isKinetic || settings.sampler == .preconditioned { return nil }
    let isOnceAnEpoch = settings.noise == .epoch && !settings.sampler.usesFullGradients
    if isOnceAnEpoch, settings.recording == .step { return nil }
    let batches =
      Swift.max(1, (noise.populationCount + settings.batchSize - 1) / settings.batchSize)
    let isMatthews = settings.noise == .leimkuhlerMatthews
    var shift = [Double](repeating: 0, count: d)
    var result = Matrix<Double>(rows: d, columns: d)
    var isStable = h.allSatisfy { eta * $0 < 2 }
    var production: Double?
    if settings.sampler.isKinetic {
      let kinetic = KineticMode(settings: settings)
      isStable = h.allSatisfy { kinetic.isStable(curvature: $0) }
      if isStable {
        let friction = kinetic.friction(curvatures: h) { prefactor * basis.covariance[$0, $0] }
        for i in 0..<d {
          for j in 0...i {
            let value = kinetic.covariance(
              h[i], h[j], gradientNoise: prefactor * basis.covariance[i, j], isDiagonal: i == j,
              friction: friction)
            result[i, j] = value
            result[j, i] = value
          }
        }
      }
    } else {
      for i in 0..<d {
        for j in 0...i {
          // Control variates leave the scatter of curvatures alone.
          let gradient =
            settings.sampler == .controlVariates
            ? prefactor * temperature * noise.controlScatter[i, j]
            : prefactor * basis.covariance[i, j]
          // 1 − aᵢaⱼ.
          let rates = eta * (h[i] + h[j]) - eta * eta * h[i] * h[j]
          var value = 0.0
          if i == j {
            if isMatthews {
              value = temperature / h[i]
            } else if isOnceAnEpoch {
              let forgotten = 1 - pow(1 - rates, Double(batches))
              value = 2 * eta * Double(batches) * temperature / forgotten
            } else {
              value = 2 * eta * temperature / rates
            }
          }
          if isShuffled {
            // First order.
            if !settings.isDebiased {
              let scatter = prefactor / 2 * noise.curvatureScatter[i, j]
              value -= eta * temperature * scatter * (1 / h[i] + 1 / h[j]) / (h[i] + h[j])
            }
            if settings.recording == .step {
              value += eta * eta * gradient * Double(batches + 1) / 6
            }
          } else {
            value += eta * eta * gradient / rates
          }
          result[i, j] = value
          result[j, i] = value
        }
      }
      if isShuffled, !settings.isDebiased, settings.sampler != .controlVariates {
        for k in 0..<d { shift[k] = -eta / 2 * prefactor * noise.shift[k] / h[k] }
      }
      production = PredictedBias.entropyProduction(
        basis, settings, prefactor: prefactor, isShuffled: isShuffled, batches: batches,
        control: noise.controlScatter)
    }
    self.isStable = isStable
    entropyProduction = production
    // Back to the parameters.
    let u = basis.directions
    let covariance = LinearAlgebra.product(LinearAlgebra.product(u.transposed, result), u)
    deviations = (0..<d).map { Swift.max(0, covariance[$0, $0]).squareRoot() }
    meanShift = (0..<d).map { index in
      (0..<d).reduce(0) { $0 + u[$1, index] * shift[$1] }
    }
    exactDeviations = laplace.deviations.map { $0 * temperature.squareRoot() }
    effectiveTemperature =
      (0..<d).reduce(0) { $0 + h[$1] * result[$1, $1] } / Double(d)
  }

  /// Curvatures, C_g in the basis of their directions, and uₖ, one a row, with θ − θ* = Σ xₖ uₖ.
  private struct Basis {
    var curvatures: [Double]
    var directions: Matrix<Double>
    var covariance: Matrix<Double>
  }

  /// That of H; for pSGLD that of G^½ H G^½ with y = G^(−½) (θ − θ*), in which its step is one of SGLD.
  private static func basis(
    of settings: SamplerSettings, _ laplace: LaplaceApproximation, _ noise: MinibatchScatter
  ) -> Basis {
    let plain = Basis(
      curvatures: laplace.curvatures, directions: laplace.directions,
      covariance: noise.covariance)
    guard settings.sampler == .preconditioned else { return plain }
    let d = laplace.parameterCount
    let u = laplace.directions
    let c = noise.prefactor(batchSize: settings.batchSize)
    var covariance = LinearAlgebra.product(
      LinearAlgebra.product(u.transposed, noise.covariance), u)
    var precision = laplace.precision
    // ⟨ĝ²⟩ at stationarity: noise of the batch, and of the position, (H S H)ₖₖ = Hₖₖ.
    let root = (0..<d).map { k in
      let square = c * covariance[k, k] + settings.temperature * precision[k, k]
      return
        (1
        / (settings.preconditionerFloor * Double(noise.populationCount) + square.squareRoot()))
        .squareRoot()
    }
    for i in 0..<d {
      for j in 0..<d {
        precision[i, j] *= root[i] * root[j]
        covariance[i, j] *= root[i] * root[j]
      }
    }
    guard let spectrum = LinearAlgebra.symmetricEigenvalues(precision) else { return plain }
    let v = spectrum.vectors
    var directions = v
    for k in 0..<d {
      for i in 0..<d { directions[k, i] *= root[i] }
    }
    return Basis(
      curvatures: spectrum.values.map { Swift.max($0, 1e-300) }, directions: directions,
      covariance: LinearAlgebra.product(LinearAlgebra.product(v, covariance), v.transposed))
  }

  /// ½ tr(R⁻¹F) − d of the linear chain x ← a x + noise; of epochs a^P, with the leading part of what the order
  /// of batches leaves, (η⁴/12) P²(P + 1) H C H.
  private static func entropyProduction(
    _ basis: Basis, _ settings: SamplerSettings, prefactor: Double, isShuffled: Bool, batches: Int,
    control: Matrix<Double>
  ) -> Double? {
    guard settings.noise == .step, settings.sampler != .cyclical else { return nil }
    let h = basis.curvatures
    let d = h.count
    let eta = settings.stepSize
    guard h.allSatisfy({ eta * $0 < 2 }) else { return nil }
    let isEpoch = settings.recording == .epoch && !settings.sampler.usesFullGradients
    if isShuffled, !isEpoch { return nil }
    let steps = isEpoch ? batches : 1
    let source =
      settings.sampler == .controlVariates
      ? control.map { $0 * settings.temperature } : basis.covariance
    var propagator = [Double](repeating: 0, count: d)
    for k in 0..<d { propagator[k] = pow(1 - eta * h[k], Double(steps)) }
    var noise = Matrix<Double>(rows: d, columns: d)
    for i in 0..<d {
      for j in 0..<d {
        let c = prefactor * source[i, j]
        if isShuffled {
          let p = Double(batches)
          noise[i, j] = pow(eta, 4) / 12 * p * p * (p + 1) * h[i] * c * h[j]
        } else {
          let one = (1 - eta * h[i]) * (1 - eta * h[j])
          noise[i, j] =
            eta * eta * c * (steps == 1 ? 1 : (1 - propagator[i] * propagator[j]) / (1 - one))
        }
        if i == j {
          let square = (1 - eta * h[i]) * (1 - eta * h[i])
          noise[i, i] +=
            2 * eta * settings.temperature
            * (steps == 1 ? 1 : (1 - propagator[i] * propagator[i]) / (1 - square))
        }
      }
    }
    return DiagonalChain(propagator: propagator, noise: noise).entropyProduction
  }
}
