internal import Foundation

/// Samplers with velocities along directions of the curvature: x = (θ, v) goes to A x + noise, A of 2 × 2.
struct KineticMode {
  let settings: SamplerSettings

  private typealias Block = (Double, Double, Double, Double)

  private static func product(_ a: Block, _ b: Block) -> Block {
    (
      a.0 * b.0 + a.1 * b.2, a.0 * b.1 + a.1 * b.3, a.2 * b.0 + a.3 * b.2, a.2 * b.1 + a.3 * b.3
    )
  }

  private func propagator(_ curvature: Double, friction: Double) -> Block {
    let pull = settings.stepSize * curvature
    let kept = 1 - friction
    if settings.sampler == .baoab {
      let half: Block = (1, 0.5, 0, 1)
      let kick: Block = (1, 0, -pull, 1)
      return Self.product(Self.product(Self.product(half, (1, 0, 0, kept)), half), kick)
    }
    return (1 - pull, kept, -pull, kept)
  }

  /// Whether both eigenvalues of A lie inside the circle (Jury's criterion).
  func isStable(curvature: Double) -> Bool {
    let a = propagator(curvature, friction: settings.friction)
    let trace = a.0 + a.3
    let determinant = a.0 * a.3 - a.1 * a.2
    return determinant < 1 && abs(trace) < 1 + determinant
  }

  /// α: as set, and for SGNHT what brings (1 − α/2)⟨v·v⟩ to dηT.
  func friction(curvatures: [Double], noise: (Int) -> Double) -> Double {
    guard settings.sampler == .sgnht else { return settings.friction }
    func excess(_ friction: Double) -> Double {
      let sum = curvatures.indices.reduce(0) {
        $0
          + stationary(
            curvatures[$1], curvatures[$1], gradientNoise: noise($1), isDiagonal: true,
            friction: friction
          ).3
      }
      return (1 - friction / 2) * sum - Double(curvatures.count) * settings.stepSize
        * settings.temperature
    }
    var low = 1e-6
    var high = 0.999
    for _ in 0..<40 {
      let middle = (low + high) / 2
      if excess(middle) > 0 { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// ⟨θᵢ θⱼ⟩.
  func covariance(
    _ first: Double, _ second: Double, gradientNoise: Double, isDiagonal: Bool, friction: Double
  ) -> Double {
    stationary(
      first, second, gradientNoise: gradientNoise, isDiagonal: isDiagonal, friction: friction
    ).0
  }

  /// S = A S A'ᵀ + Q = Σ Aᵏ Q A'ᵏᵀ, by doubling.
  private func stationary(
    _ first: Double, _ second: Double, gradientNoise: Double, isDiagonal: Bool, friction: Double
  ) -> Block {
    let eta = settings.stepSize
    let gradient = eta * eta * gradientNoise
    let kept = 1 - friction
    var heat = isDiagonal ? 2 * settings.friction * eta * settings.temperature : 0
    if settings.sampler == .baoab { heat *= 1 - settings.friction / 2 }
    var q: Block
    if settings.sampler == .baoab {
      // A kick goes through drift, friction and drift; the heat through the last drift.
      let through = (1 + kept) / 2
      q = (
        gradient * through * through + heat / 4, gradient * through * kept + heat / 2,
        gradient * through * kept + heat / 2, gradient * kept * kept + heat
      )
    } else {
      let all = gradient + heat
      q = (all, all, all, all)
    }
    var a = propagator(first, friction: friction)
    var b = propagator(second, friction: friction)
    for _ in 0..<60 {
      let next = Self.product(Self.product(a, q), (b.0, b.2, b.1, b.3))
      q = (q.0 + next.0, q.1 + next.1, q.2 + next.2, q.3 + next.3)
      if abs(next.0) <= 1e-13 * abs(q.0), abs(next.3) <= 1e-13 * abs(q.3) { break }
      a = Self.product(a, a)
      b = Self.product(b, b)
    }
    return q
  }
}
