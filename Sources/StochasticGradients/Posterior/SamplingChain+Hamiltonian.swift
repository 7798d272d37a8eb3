internal import Foundation
internal import Learning
internal import NumericalCore

/// The step of leapfrog trajectories adapted to an acceptance (Hoffman and Gelman 2014, section 3.2).
///
///     H̄ ← (1 − w) H̄ + w (δ − a),  w = 1/(t + 10);   ln ε = μ − √t H̄/0.05;   ln ε̄ = t^(−¾) ln ε + (1 − t^(−¾)) ln ε̄
struct DualAveraging: Sendable, Equatable, Codable {
  var count = 0
  var error = 0.0
  var logStep = 0.0
  var logMean = 0.0

  mutating func adapt(acceptance: Double, target: Double) {
    count += 1
    let t = Double(count)
    error += (target - acceptance - error) / (t + 10)
    // Shrinks towards half of the widest step that is stable.
    logStep = -t.squareRoot() / 0.05 * error
    let weight = pow(t, -0.75)
    logMean += weight * (logStep - logMean)
  }

  func step(isWarmUp: Bool) -> Double { exp(isWarmUp || count == 0 ? logStep : logMean) }
}

// HMC in the coordinates in which the Gaussian of the mode is standard normal.
extension SamplingChain {
  /// One trajectory: leapfrog over about a quarter of a period, then accepted or refused by its energy.
  ///
  ///     θ = θ* + W z,  W = U diag(h^(−½));   p ~ N(0, 1);   accepted with min(1, exp(−ΔH/T))
  mutating func trajectory(isWarmUp: Bool) {
    var random = RandomStream(
      seed: seed, purpose: .hamiltonian, index: index, step: UInt64(state.step))
    let temperature = settings.temperature
    var momentum = state.position
    drawNoise(number: state.step + 1, into: &momentum)
    scale(&momentum, by: temperature.squareRoot())
    let step = state.adaptation.step(isWarmUp: isWarmUp) * (0.8 + 0.4 * random.uniform())
    let count = Swift.max(1, Swift.min(100, Int((1.5 / step).rounded())))
    let begin = state.position
    var z = laplace.whitened(begin)
    let before = model.value(at: begin) + dot(momentum, momentum) / 2
    var place = begin
    var force = whitenedGradient(at: place)
    for _ in 0..<count {
      add(-step / 2, force, to: &momentum)
      add(step, momentum, to: &z)
      place = laplace.position(whitened: z)
      force = whitenedGradient(at: place)
      add(-step / 2, force, to: &momentum)
    }
    let after = model.value(at: place) + dot(momentum, momentum) / 2
    state.gradientEvaluations += (count + 1) * model.sampleCount
    let acceptance = after.isFinite ? exp(Swift.min(0, (before - after) / temperature)) : 0
    let isAccepted = random.uniform() < acceptance
    if isAccepted { state.position = place }
    if isWarmUp {
      state.adaptation.adapt(acceptance: acceptance, target: settings.targetAcceptance)
    } else {
      state.trajectories += 1
      if isAccepted { state.accepted += 1 }
    }
    state.step += 1
  }

  /// Wᵀ ∇U.
  private func whitenedGradient(at place: [Double]) -> [Double] {
    let gradient = model.gradient(at: place)
    return laplace.curvatures.indices.map {
      dot(laplace.directions.row($0), gradient) / laplace.curvatures[$0].squareRoot()
    }
  }
}
