public import Learning
internal import NumericalCore

/// The loss whose slope is the drift of the coarse-grained descent.
///
/// With batches independent from step to step the drift of a step is −η ∇L: the effective loss is L.
/// Without replacement an epoch of P = N/B steps is one map. With −η g_b(θ) expanded about the beginning of the
/// epoch,
///
///     θ_P − θ₀ = −η Σ_b g_b + η² Σ_{b > a} H_b g_a + O(η³),
///
/// the first sum is P ∇L without noise, and the mean of the second over orders of the batches gives a
/// drift −η P ∇L_eff an epoch with
///
///     L_eff = L − (η (P − 1)/4) |∇L|² + (η/4) tr C_b.
///
/// The minimum is shifted by −(η/4) H⁻¹ ∇tr C_b + O(η²), with ∇tr C_b = 2c [(1/N) Σᵢ Hᵢ gᵢ − H g].
/// Smith, Dherin, Barrett and De 2021 (arXiv 2101.12176) have the loss of the flow that goes through the
/// iterates; this one belongs to the map of an epoch, and so has the additional −(η P/4)|∇L|².
public struct EffectiveLoss<Model: FiniteSum>: Sendable {
  /// L.
  public let model: Model
  /// η.
  public let rate: Double
  /// B.
  public let batchSize: Int
  /// How the batches are drawn.
  public let policy: MinibatchPolicy

  /// The effective loss of a descent.
  public init(model: Model, rate: Double, batchSize: Int, policy: MinibatchPolicy) {
    self.model = model
    self.rate = rate
    self.batchSize = Swift.min(batchSize, model.sampleCount)
    self.policy = policy
  }

  /// P.
  public var batchesPerEpoch: Int { model.sampleCount / batchSize }

  /// L_eff(θ).
  public func value(at parameters: [Double]) -> Double {
    let loss = model.value(at: parameters)
    guard policy == .withoutReplacement else { return loss }
    let gradient = model.gradient(at: parameters)
    let square = gradient.reduce(0) { $0 + $1 * $1 }
    return loss - rate * Double(batchesPerEpoch - 1) / 4 * square
      + rate / 4 * noise(at: parameters, gradient)
  }

  /// ∇L_eff(θ) = g − (η (P − 1)/2) H g + (η/4) ∇tr C_b.
  public func gradient(at parameters: [Double]) -> [Double] {
    var result = model.gradient(at: parameters)
    guard policy == .withoutReplacement else { return result }
    let pulled = model.hessianProduct(at: parameters, with: result)
    let noise = noiseGradient(at: parameters, pulled: pulled)
    let factor = rate * Double(batchesPerEpoch - 1) / 2
    for k in result.indices { result[k] += rate / 4 * noise[k] - factor * pulled[k] }
    return result
  }

  /// ∇tr C_b(θ) = 2c [(1/N) Σᵢ Hᵢ gᵢ − H g], which draws the descent towards quiet gradients.
  ///
  /// - Complexity: N gradients and N products with a Hessian.
  public func noiseGradient(at parameters: [Double]) -> [Double] {
    let gradient = model.gradient(at: parameters)
    return noiseGradient(
      at: parameters, pulled: model.hessianProduct(at: parameters, with: gradient))
  }

  /// The minimum of L_eff near a minimum of L, by Newton's method with the Hessian of L.
  ///
  /// The Hessians differ by O(η), so each step gains a factor of that order.
  ///
  /// - Returns: nil where it does not converge, because the rate is not small.
  public func minimum(near minimum: Minimum) -> [Double]? {
    guard minimum.isStrict else { return nil }
    var parameters = minimum.parameters
    guard policy == .withoutReplacement else { return parameters }
    var last = Double.infinity
    for _ in 0..<50 {
      let step = minimum.newtonStep(gradient(at: parameters))
      let length = step.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length.isFinite else { return nil }
      // Rounding ends the descent of the steps; before it they shrink.
      if length >= last { return last < 1e-6 * (1 + norm(parameters)) ? parameters : nil }
      for k in parameters.indices { parameters[k] += step[k] }
      last = length
      if length < 1e-15 * (1 + norm(parameters)) { return parameters }
    }
    return last < 1e-6 * (1 + norm(parameters)) ? parameters : nil
  }

  /// −(η/4) H⁻¹ ∇tr C_b at a minimum of L: the shift of the minimum at first order.
  public func shift(of minimum: Minimum) -> [Double] {
    guard policy == .withoutReplacement else {
      return [Double](repeating: 0, count: minimum.parameters.count)
    }
    return minimum.newtonStep(noiseGradient(at: minimum.parameters)).map { rate / 4 * $0 }
  }

  /// tr C_b.
  private func noise(at parameters: [Double], _ mean: [Double]) -> Double {
    var sum = 0.0
    forEachSampleGradient(at: parameters) { _, gradient, _ in
      for k in mean.indices { sum += (gradient[k] - mean[k]) * (gradient[k] - mean[k]) }
    }
    return GradientNoise.batchFactor(model.sampleCount, batchSize) * sum
      / Double(model.sampleCount)
  }

  private func noiseGradient(at parameters: [Double], pulled: [Double]) -> [Double] {
    var sum = [Double](repeating: 0, count: parameters.count)
    var product = sum
    forEachSampleGradient(at: parameters) { sample, gradient, workspace in
      model.hessianProduct(
        of: [sample], at: parameters, with: gradient, into: &product, workspace: &workspace)
      for k in sum.indices { sum[k] += product[k] }
    }
    let factor = 2 * GradientNoise.batchFactor(model.sampleCount, batchSize)
    return sum.indices.map { factor * (sum[$0] / Double(model.sampleCount) - pulled[$0]) }
  }

  private func forEachSampleGradient(
    at parameters: [Double], _ body: (Int, [Double], inout [Double]) -> Void
  ) {
    var gradient = [Double](repeating: 0, count: parameters.count)
    var workspace = [Double](repeating: 0, count: model.workspaceCount(batchSize: 1))
    for sample in 0..<model.sampleCount {
      model.gradient(of: [sample], at: parameters, into: &gradient, workspace: &workspace)
      body(sample, gradient, &workspace)
    }
  }
}
