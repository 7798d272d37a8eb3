internal import Foundation
internal import Learning

// Overdamped samplers: SGLD and what differs from it in gradient, batches, noise and step.
extension SamplingChain {
  /// θ ← θ − η ĝ + noise.
  mutating func langevinStep() {
    let number = state.step
    let rate = stepSize(step: number)
    estimateGradient(number: number)
    if settings.isDebiased { removeBatchBias(rate: rate, number: number) }
    if settings.sampler == .preconditioned {
      preconditionedStep(rate: rate, number: number)
    } else {
      add(-rate, gradient, to: &state.position)
      addNoise(rate: rate, number: number)
    }
    state.step += 1
  }

  /// η of a step: falling as a cosine over each cycle of cyclical SGLD, else constant.
  func stepSize(step: Int) -> Double {
    guard settings.sampler == .cyclical else { return settings.stepSize }
    let phase = Double(step % settings.cycleLength) / Double(settings.cycleLength)
    return settings.stepSize * (1 + cos(.pi * phase)) / 2
  }

  /// Whether a step of cyclical SGLD belongs to the part of its cycle without noise.
  func isExploring(step: Int) -> Bool {
    settings.sampler == .cyclical
      && Double(step % settings.cycleLength) < settings.exploration * Double(settings.cycleLength)
  }

  private mutating func addNoise(rate: Double, number: Int) {
    let temperature = settings.temperature
    guard temperature > 0, !isExploring(step: number) else { return }
    switch settings.noise {
    case .step:
      drawNoise(number: number + 1, into: &noise)
      add((2 * rate * temperature).squareRoot(), noise, to: &state.position)
    case .leimkuhlerMatthews:
      drawNoise(number: number + 1, into: &noise)
      let width = (rate * temperature / 2).squareRoot()
      add(width, noise, to: &state.position)
      add(width, state.memory, to: &state.position)
      swap(&noise, &state.memory)
    case .epoch:
      let steps = settings.sampler.usesFullGradients ? 1 : batches.batchesPerEpoch
      guard (number + 1) % steps == 0 else { return }
      drawNoise(number: number + 1, into: &noise)
      add((2 * rate * temperature * Double(steps)).squareRoot(), noise, to: &state.position)
    }
  }

  /// θ ← θ + (η²/2) κ H_b (g_b − g_b'), b' the batch before.
  ///
  /// Its mean is (η²/4) ∇tr C: E[H_b g_b] = H g + ½∇tr C, and with another batch of the same epoch
  /// E[H_b g_b'] = H g − ½∇tr C/(P − 1), hence κ = (P − 1)/P; of another epoch κ = 1. It removes the batches'
  /// part of the effective potential U + (η/4) tr C, at first order in η. That g_b' was taken a step earlier
  /// matters at the next order.
  private mutating func removeBatchBias(rate: Double, number: Int) {
    let count = batches.batchesPerEpoch
    let isFirst = number % count == 0
    if number > 0 {
      let batch = batches.batch(update: number)
      for k in other.indices { other[k] = gradient[k] - state.lastGradient[k] }
      model.hessianProduct(
        of: batch, at: state.position, with: other, into: &noise, workspace: &workspace)
      state.gradientEvaluations += batch.count
      let factor = isFirst ? 1 : Double(count - 1) / Double(count)
      for k in noise.indices { state.lastGradient[k] = gradient[k] }
      add(-rate / 2 * factor * batches.weight(update: number), noise, to: &gradient)
    } else {
      for k in noise.indices { state.lastGradient[k] = gradient[k] }
    }
  }

  /// pSGLD: each parameter with its own step, from the squares of its past gradients.
  private mutating func preconditionedStep(rate: Double, number: Int) {
    let memory = settings.preconditionerMemory
    let floor = settings.preconditionerFloor * Double(model.sampleCount)
    let isNoisy = settings.temperature > 0
    if isNoisy { drawNoise(number: number + 1, into: &noise) }
    for k in gradient.indices {
      state.memory[k] = memory * state.memory[k] + (1 - memory) * gradient[k] * gradient[k]
      let factor = 1 / (floor + state.memory[k].squareRoot())
      state.position[k] -= rate * factor * gradient[k]
      if isNoisy {
        state.position[k] += (2 * rate * factor * settings.temperature).squareRoot() * noise[k]
      }
    }
  }
}
