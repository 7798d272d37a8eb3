// Samplers with velocities; ``PosteriorSampler`` has their equations.
extension SamplingChain {
  mutating func kineticStep() {
    let number = state.step
    let rate = settings.stepSize
    let heat = rate * settings.temperature
    estimateGradient(number: number)
    drawNoise(number: number + 1, into: &noise)
    let kept = 1 - settings.friction
    let width = (2 * settings.friction * heat).squareRoot()
    switch settings.sampler {
    case .baoab:
      add(-rate, gradient, to: &state.velocity)
      add(0.5, state.velocity, to: &state.position)
      scale(&state.velocity, by: kept)
      add(((1 - kept * kept) * heat).squareRoot(), noise, to: &state.velocity)
      add(0.5, state.velocity, to: &state.position)
    case .sgnht:
      scale(&state.velocity, by: 1 - state.friction)
      add(-rate, gradient, to: &state.velocity)
      add(width, noise, to: &state.velocity)
      add(1, state.velocity, to: &state.position)
      let count = Double(state.velocity.count)
      let square = dot(state.velocity, state.velocity) / (count * heat)
      let excess = (1 - state.friction / 2) * square - 1
      state.friction += settings.friction * settings.friction * excess
    default:
      scale(&state.velocity, by: kept)
      add(-rate, gradient, to: &state.velocity)
      add(width, noise, to: &state.velocity)
      add(1, state.velocity, to: &state.position)
    }
    state.step += 1
  }
}
