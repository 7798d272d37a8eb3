internal import Foundation
internal import Learning
internal import NumericalCore

/// Training of a ``NetworkDenoiser``: the weighted error of the noise at random times.
///
/// Times of a batch are stratified: one in each of B equal parts of (0, 1), in random order of samples
/// (Kingma et al. 2021, appendix I.1). The loss is a mean over coordinates.
struct DenoisingObjective: TrainingObjective {
  let data: GaussianData
  let head: NetworkHead
  let loss: DiffusionLoss
  let path: NoisePath
  let earliest: Double

  var sampleCount: Int { data.samples.rows }

  func batch(of samples: ArraySlice<Int>, update: Int, seed: UInt64) -> TrainingBatch {
    let clean = data.scaled(samples, seed: seed, step: update)
    let (n, d) = (clean.rows, clean.columns)
    var stream = RandomStream(seed: seed, purpose: .diffusionTimes, index: UInt64(update))
    let shift = stream.uniform()
    var inputs = Matrix<Float>(rows: n, columns: d)
    var targets = Matrix<Float>(rows: n, columns: d)
    var conditions: [NetworkCondition] = []
    var weights: [Double] = []
    var noise = [Double](repeating: 0, count: d)
    let width = inputs.stride
    for row in 0..<n {
      var place = (Double(row) + shift) / Double(n)
      place -= place.rounded(.down)
      let outer = loss.level(
        min(max(place, 1e-9), 1 - 1e-9), on: path, earliest: earliest, quantile: normalQuantile)
      let weight = loss.weight(outer)
      let scale = 1 / (outer.signal * outer.signal + outer.noise * outer.noise).squareRoot()
      let level = NoiseLevel(signal: scale * outer.signal, noise: scale * outer.noise)
      let (u, w) = head.target(level)
      let q = head.noiseCombination(level).output
      weights.append(weight * q * q / Double(d))
      conditions.append(NetworkCondition(level))
      var normals = NormalStream(
        seed: seed, purpose: .diffusionNoise, index: UInt64(row), step: UInt64(update))
      normals.fill(&noise)
      clean.withUnsafePointer { x in
        inputs.withUnsafeMutablePointer { input in
          targets.withUnsafeMutablePointer { target in
            for j in 0..<d {
              let (x0, e) = (x[row * clean.stride + j], noise[j])
              input[row * width + j] = Float(level.signal * x0 + level.noise * e)
              target[row * width + j] = Float(u * x0 + w * e)
            }
          }
        }
      }
    }
    let (target, weight) = (targets, weights)
    return TrainingBatch(inputs: inputs, conditions: conditions) { range, output, gradient in
      var sum = 0.0
      let (from, to) = (output.stride, gradient.stride)
      target.withUnsafePointer { target in
        output.withUnsafePointer { output in
          gradient.withUnsafeMutablePointer { gradient in
            for (place, row) in range.enumerated() {
              let slope = Float(2 * weight[row])
              var squares = 0.0
              for j in 0..<d {
                let error = output[place * from + j] - target[row * width + j]
                squares += Double(error) * Double(error)
                gradient[place * to + j] = slope * error
              }
              sum += weight[row] * squares
            }
          }
        }
      }
      return sum
    }
  }
}
