internal import Foundation
internal import Learning
internal import NumericalCore

/// Training of a ``NetworkDenoiser`` together with the widths of the reverse steps of a chain.
///
/// ```
/// L = E|ε̂ − ε|² + 0.001 L_VLB,   t uniform in 1 … T
/// L_VLB = T E_t ½ [ln(Σ/β̃) + (β̃ + (μ − μ̃)²)/Σ − 1],   at t = 1: ½ [ln 2πΣ + (x_0 − μ)²/Σ]
/// ```
///
/// in nats, both as means over coordinates; the bound teaches the widths alone: μ is held fixed in it. Widths are
/// those of ``GaussianDiffusion/logVariance(_:share:)``. Source: Nichol and Dhariwal 2021, equations 15 and 16.
struct HybridObjective: TrainingObjective {
  let data: GaussianData
  let head: NetworkHead
  let diffusion: GaussianDiffusion

  /// The weight of the bound.
  static let boundWeight = 0.001

  var sampleCount: Int { data.samples.rows }

  func batch(
    of samples: ArraySlice<Int>, update: Int, seed: UInt64, workers: Workers
  ) -> TrainingBatch {
    let clean = data.scaled(samples, seed: seed, step: update, workers: workers)
    let (d, all) = (clean.columns, diffusion.schedule.steps)
    let times = StratifiedTimes(count: clean.rows, update: update, seed: seed)
    let steps = (0..<clean.rows).map { min(all, 1 + Int(times[$0] * Double(all))) }
    let levels = steps.map(diffusion.schedule.level)
    let noisy = head.noisy(
      clean, at: levels, seed: seed, purpose: .diffusionNoise, step: UInt64(update),
      workers: workers)
    let simple = NetworkHead.squaredError(
      targets: noisy.targets,
      weights: levels.map { pow(head.noiseCombination($0).output, 2) / Double(d) })
    let targets = noisy.targets
    let factor = Self.boundWeight * Double(all) / Double(d)
    return TrainingBatch(
      inputs: noisy.inputs, conditions: levels.map { NetworkCondition($0) }
    ) { [head, diffusion] range, output, gradient in
      var sum = simple(range, output, &gradient)
      let (width, from, to) = (targets.stride, output.stride, gradient.stride)
      targets.withUnsafePointer { target in
        output.withUnsafePointer { output in
          gradient.withUnsafeMutablePointer { gradient in
            for (place, row) in range.enumerated() {
              let step = steps[row]
              let posterior = diffusion.posterior(step)
              // μ − μ̃ = c₀ (x̂_0 − x_0).
              let shift = posterior.dataFactor * head.dataCombination(levels[row]).output
              let slope = diffusion.logVarianceSlope(step)
              for j in 0..<d {
                let error =
                  shift * Double(output[place * from + j] - target[row * width + j])
                let logWidth = diffusion.logVariance(
                  step, share: Double(output[place * from + d + j]))
                let ratio = (posterior.variance + error * error) * exp(-logWidth)
                sum +=
                  factor * 0.5
                  * (logWidth + ratio
                    + (step == 1 ? log(2 * .pi) : -log(posterior.variance) - 1))
                gradient[place * to + d + j] = Float(factor * 0.5 * slope * (1 - ratio))
              }
            }
          }
        }
      }
      return sum
    }
  }
}

extension GaussianDiffusion {
  /// ln Σ = (1 + v)/2 ln β_t + (1 − v)/2 ln β̃_t with the share v that a network gives.
  ///
  /// β̃_1 is 0; β̃_2 stands in for it. Source: Nichol and Dhariwal 2021, equation 15.
  func logVariance(_ step: Int, share: Double) -> Double {
    logVarianceSlope(step) * (1 + share) + log(posterior(max(2, step)).variance)
  }

  /// d ln Σ/dv.
  func logVarianceSlope(_ step: Int) -> Double {
    0.5 * (log(schedule.rate(step)) - log(posterior(max(2, step)).variance))
  }
}
