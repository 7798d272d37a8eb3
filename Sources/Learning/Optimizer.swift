internal import Foundation
public import NumericalCore

/// The rule by which a gradient moves parameters.
///
/// All rules ascend: the gradient is that of a quantity to be made large.
public enum OptimizationRule: Sendable, Equatable {
  /// Stochastic gradient ascent with momentum: m ← μ m + g,  θ ← θ + η m.
  case gradientAscent(momentum: Double)
  /// Adam (Kingma and Ba 2015, algorithm 1), ascending:
  ///
  ///     m ← β₁ m + (1 − β₁) g,   s ← β₂ s + (1 − β₂) g²,
  ///     θ ← θ + η m̂ / (√ŝ + ε),   m̂ = m / (1 − β₁ᵗ),  ŝ = s / (1 − β₂ᵗ)
  case adam(firstDecay: Double, secondDecay: Double, epsilon: Double)

  /// The name, as `--optimizer` takes it.
  public var name: String {
    switch self {
    case .gradientAscent: "sgd"
    case .adam: "adam"
    }
  }
}

/// An optimisation rule with its memory of past gradients, one slot for each parameter tensor.
public struct Optimizer: Sendable {
  /// The rule.
  public let rule: OptimizationRule
  /// Updates done so far.
  public var updates = 0
  /// Running means of the gradients (momentum), one tensor a slot.
  public var firstMoments: [Matrix<Float>]
  /// Running means of the squared gradients (Adam), one tensor a slot.
  public var secondMoments: [Matrix<Float>]

  /// An optimiser for tensors of the given shapes, with no memory yet.
  public init(rule: OptimizationRule, shapes: [(rows: Int, columns: Int)]) {
    self.rule = rule
    let zeros = shapes.map { Matrix<Float>(rows: $0.rows, columns: $0.columns) }
    switch rule {
    case .gradientAscent(let momentum):
      firstMoments = momentum > 0 ? zeros : []
      secondMoments = []
    case .adam:
      firstMoments = zeros
      secondMoments = zeros
    }
  }

  /// Counts an update; call it once before the tensors' ``apply(slot:gradient:to:rate:workers:)``.
  public mutating func beginUpdate() { updates += 1 }

  /// Moves one tensor along its gradient.
  ///
  /// - Complexity: O(elements), in place, nothing allocated.
  public mutating func apply(
    slot: Int, gradient: Matrix<Float>, to parameters: inout Matrix<Float>, rate: Double,
    workers: Workers
  ) {
    precondition(gradient.rows == parameters.rows && gradient.columns == parameters.columns)
    let stride = parameters.stride
    let rows = parameters.rows
    let rule = self.rule
    let updates = self.updates
    gradient.withUnsafePointer { g in
      parameters.withUnsafeMutablePointer { p in
        switch rule {
        case .gradientAscent(let momentum) where momentum > 0:
          firstMoments[slot].withUnsafeMutablePointer { m in
            workers.forEachRange(of: rows, grain: 16) { range, _ in
              let mu = Float(momentum)
              let eta = Float(rate)
              for k in range.lowerBound * stride..<range.upperBound * stride {
                m[k] = mu * m[k] + g[k]
                p[k] += eta * m[k]
              }
            }
          }
        case .gradientAscent:
          workers.forEachRange(of: rows, grain: 16) { range, _ in
            let eta = Float(rate)
            for k in range.lowerBound * stride..<range.upperBound * stride { p[k] += eta * g[k] }
          }
        case .adam(let firstDecay, let secondDecay, let epsilon):
          let correction1 = 1 - pow(firstDecay, Double(updates))
          let correction2 = 1 - pow(secondDecay, Double(updates))
          let kernels = Kernels.current
          let adam = Kernels.Adam(
            firstDecay: Float(firstDecay), secondDecay: Float(secondDecay),
            step: Float(rate / correction1), scale: Float((1 / correction2).squareRoot()),
            epsilon: Float(epsilon))
          firstMoments[slot].withUnsafeMutablePointer { m in
            secondMoments[slot].withUnsafeMutablePointer { s in
              workers.forEachRange(of: rows * stride, grain: 1 << 16) { range, _ in
                let k = range.lowerBound
                kernels.adam(
                  adam, gradient: g + k, count: range.count, first: m + k, second: s + k,
                  parameters: p + k)
              }
            }
          }
        }
      }
    }
  }
}
