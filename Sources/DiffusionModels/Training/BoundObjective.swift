internal import Foundation
internal import Learning
internal import NumericalCore

/// Training of a ``LearnedReverseKernel`` on the bound K itself, one step of the chain a sample.
///
/// ```
/// −K + entropies = (T − 1) E_t KL(q(x_{t−1}|x_t, x_0) ‖ N(μ, Σ)),   t uniform in 2 … T
/// KL = ½ Σ_i [ln(Σ_i/β̃) + (β̃ + (μ_i − μ̃_i)²)/Σ_i − 1]
/// ```
///
/// Source: Sohl-Dickstein et al. 2015, equation 14. Steps of a batch are stratified over the chain. The loss is
/// a mean over coordinates.
struct BoundObjective: TrainingObjective {
  let data: GaussianData
  let diffusion: GaussianDiffusion

  var sampleCount: Int { data.samples.rows }

  func batch(
    of samples: ArraySlice<Int>, update: Int, seed: UInt64, workers: Workers
  ) -> TrainingBatch {
    let clean = data.scaled(samples, seed: seed, step: update, workers: workers)
    let (n, d) = (clean.rows, clean.columns)
    let steps = BoundObjective.steps(
      n, of: diffusion.schedule.steps, update: update, seed: seed)
    var inputs = Matrix<Float>(rows: n, columns: d)
    var means = Matrix<Float>(rows: n, columns: d)
    var conditions: [NetworkCondition] = []
    var noise = [Double](repeating: 0, count: d)
    let width = inputs.stride
    for row in 0..<n {
      let step = steps[row]
      let level = diffusion.schedule.level(step)
      let posterior = diffusion.posterior(step)
      conditions.append(NetworkCondition(level, step: step))
      // What the mean has to add to that of the forward kernel, in units of √β.
      let rate = diffusion.schedule.rate(step)
      let keep = (1 - rate).squareRoot()
      let unit = 1 / rate.squareRoot()
      var normals = NormalStream(
        seed: seed, purpose: .diffusionNoise, index: UInt64(row), step: UInt64(update))
      normals.fill(&noise)
      clean.withUnsafePointer { x in
        inputs.withUnsafeMutablePointer { input in
          means.withUnsafeMutablePointer { mean in
            for j in 0..<d {
              let x0 = x[row * clean.stride + j]
              let state = level.signal * x0 + level.noise * noise[j]
              input[row * width + j] = Float(state)
              mean[row * width + j] = Float(
                (posterior.dataFactor * x0 + (posterior.stateFactor - keep) * state) * unit)
            }
          }
        }
      }
    }
    let (target, diffusion) = (means, diffusion)
    let factor = Double(diffusion.schedule.steps - 1) / Double(d)
    return TrainingBatch(inputs: inputs, conditions: conditions) { range, output, gradient in
      var sum = 0.0
      let (from, to) = (output.stride, gradient.stride)
      target.withUnsafePointer { target in
        output.withUnsafePointer { z in
          gradient.withUnsafeMutablePointer { gradient in
            for (place, row) in range.enumerated() {
              let rate = diffusion.schedule.rate(steps[row])
              let narrow = diffusion.posterior(steps[row]).variance
              let offset = logit(LearnedReverseKernel.bounded(rate))
              for j in 0..<d {
                let change = offset + Double(z[place * from + d + j])
                let variance = logistic(change)
                let error = Double(z[place * from + j]) - Double(target[row * width + j])
                let ratio = (narrow + rate * error * error) / variance
                sum += factor * 0.5 * (log(variance / narrow) + ratio - 1)
                gradient[place * to + j] = Float(factor * rate * error / variance)
                // d ln Σ/dz = 1 − Σ.
                gradient[place * to + d + j] = Float(
                  factor * 0.5 * (1 - ratio) * logistic(-change))
              }
            }
          }
        }
      }
      return sum
    }
  }

  /// One step of 2 … T for each of n samples: one in each of n equal parts of the chain.
  static func steps(_ n: Int, of all: Int, update: Int, seed: UInt64) -> [Int] {
    let times = StratifiedTimes(count: n, update: update, seed: seed)
    return (0..<n).map { min(all, 2 + Int(times[$0] * Double(all - 1))) }
  }
}
