internal import Foundation
internal import Learning
internal import NumericalCore

/// Training of a ``NetworkCategoricalDenoiser``: the bound, one step a sample, and cross-entropy.
///
/// ```
/// n KL(q(x_{t−1}|x_t, x_0) ‖ Σ_c P(c|x_t) q(x_{t−1}|x_t, c)) − w ln P(x_0|x_t),   n steps, t uniform
/// ```
///
/// Sources: Sohl-Dickstein et al. 2015, equation 14; Austin et al. 2021, equation 5. Steps of a batch are
/// stratified over the chain. The loss is a mean over sites.
struct CategoricalObjective: TrainingObjective {
  let data: Matrix<UInt8>
  let diffusion: CategoricalDiffusion
  let coding: CategoricalCoding
  let crossEntropyWeight: Double
  /// 1 when the model's own last step is trained, 2 when it is the forward kernel.
  let firstStep: Int
  // q(x_{t−1} = j|x_t = s, x_0 = c) at ((t s) c) j, where the whole chain fits.
  private let tables: [Double]?

  init(
    data: Matrix<UInt8>, diffusion: CategoricalDiffusion, coding: CategoricalCoding,
    crossEntropyWeight: Double, firstStep: Int
  ) {
    self.data = data
    self.diffusion = diffusion
    self.coding = coding
    self.crossEntropyWeight = crossEntropyWeight
    self.firstStep = firstStep
    let k = diffusion.categories
    tables =
      diffusion.steps * k * k * k <= 20_000_000
      ? (1...diffusion.steps).flatMap { CategoricalObjective.table(diffusion, step: $0) } : nil
  }

  var sampleCount: Int { data.rows }

  func batch(
    of samples: ArraySlice<Int>, update: Int, seed: UInt64, workers: Workers
  ) -> TrainingBatch {
    let n = samples.count
    var times = RandomStream(seed: seed, purpose: .diffusionTimes, index: UInt64(update))
    let shift = times.uniform()
    let count = diffusion.steps - firstStep + 1
    var inputs = Matrix<Float>(rows: n, columns: coding.width * coding.sites)
    var states: [[UInt8]] = []
    var steps: [Int] = []
    for (row, sample) in samples.enumerated() {
      var place = (Double(row) + shift) / Double(n)
      place -= place.rounded(.down)
      let step = min(diffusion.steps, firstStep + Int(place * Double(count)))
      var stream = RandomStream(
        seed: seed, purpose: .diffusionNoise, index: UInt64(row), step: UInt64(update))
      var state = data.row(sample)
      for site in state.indices { state[site] = draw(Int(state[site]), step, &stream) }
      coding.write(state, to: &inputs, row: row)
      states.append(state)
      steps.append(step)
    }
    let (noisy, chosen, rows) = (states, steps, Array(samples))
    let factor = Double(count) / Double(coding.sites)
    let ceWeight = crossEntropyWeight / Double(coding.sites)
    let (k, width) = (diffusion.categories, coding.width)
    return TrainingBatch(inputs: inputs, conditions: steps.map { coding.condition(step: $0) }) {
      range, output, gradient in
      var sum = 0.0
      var probabilities = [Double](repeating: 0, count: k)
      var slopes = probabilities
      let (from, to) = (output.stride, gradient.stride)
      output.withUnsafePointer { z in
        gradient.withUnsafeMutablePointer { gradient in
          for (place, row) in range.enumerated() {
            withTable(step: chosen[row]) { table in
              for site in 0..<coding.sites {
                let state = Int(noisy[row][site])
                let datum = Int(data[rows[row], site])
                let logits = z + place * from + site * width
                probabilities.withUnsafeMutableBufferPointer {
                  if let first = $0.baseAddress { coding.writeProbabilities(logits, to: first) }
                }
                for c in 0..<k { slopes[c] = 0 }
                let posteriors = table + state * k * k
                for j in 0..<k {
                  let exact = posteriors[datum * k + j]
                  guard exact > 0 else { continue }
                  var mixed = 0.0
                  for c in 0..<k { mixed += probabilities[c] * posteriors[c * k + j] }
                  sum += factor * exact * log(exact / max(mixed, 1e-300))
                  for c in 0..<k {
                    slopes[c] -= factor * exact / max(mixed, 1e-300) * posteriors[c * k + j]
                  }
                }
                if ceWeight > 0 {
                  sum -= ceWeight * log(max(probabilities[datum], 1e-300))
                  slopes[datum] -= ceWeight / max(probabilities[datum], 1e-300)
                }
                var mean = 0.0
                for c in 0..<k { mean += probabilities[c] * slopes[c] }
                let target = gradient + place * to + site * width
                if width == 1 {
                  target[0] = Float(probabilities[1] * (slopes[1] - mean))
                } else {
                  for c in 0..<k { target[c] = Float(probabilities[c] * (slopes[c] - mean)) }
                }
              }
            }
          }
        }
      }
      return sum
    }
  }

  private func draw(_ datum: Int, _ step: Int, _ stream: inout RandomStream) -> UInt8 {
    var place = stream.uniform()
    for category in 0..<diffusion.categories {
      let share = diffusion.marginal(data: datum, to: category, step: step)
      if place < share { return UInt8(category) }
      place -= share
    }
    return UInt8(datum)
  }

  private func withTable(step: Int, _ body: (UnsafePointer<Double>) -> Void) {
    let size = diffusion.categories * diffusion.categories * diffusion.categories
    let numbers = tables ?? CategoricalObjective.table(diffusion, step: step)
    numbers.withUnsafeBufferPointer { buffer in
      guard let first = buffer.baseAddress else { return }
      body(tables == nil ? first : first + (step - 1) * size)
    }
  }

  private static func table(_ diffusion: CategoricalDiffusion, step: Int) -> [Double] {
    (0..<diffusion.categories).flatMap { state in
      (0..<diffusion.categories).flatMap { datum in
        diffusion.posterior(state: state, data: datum, step: step)
      }
    }
  }
}
