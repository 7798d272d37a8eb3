internal import Foundation

/// A log-SNR that falls with time along straight pieces, whose slopes can be learned.
///
/// ```
/// λ(t) = λ₀ − (λ₀ − λ₁) Σ_k w_k min(max(n t − k, 0), 1),   w = softmax(θ),  k = 0 … n − 1
/// ```
///
/// Ends are fixed: the continuous bound depends on nothing but them (Kingma et al. 2021, section
/// 5.1); the inside sets the variance of its estimate.
public struct MonotoneSchedule: Sendable, Equatable, Codable {
  /// λ at t = 0.
  public var first: Double
  /// λ at t = 1.
  public var last: Double
  /// θ: one a piece.
  public var logSlopes: [Double]

  /// A schedule; equal slopes give the straight line.
  public init(first: Double, last: Double, logSlopes: [Double]) {
    precondition(!logSlopes.isEmpty, "a schedule has a piece")
    self.first = first
    self.last = last
    self.logSlopes = logSlopes
  }

  /// The straight line, in equal pieces.
  public init(first: Double, last: Double, pieces: Int) {
    self.init(first: first, last: last, logSlopes: [Double](repeating: 0, count: pieces))
  }

  /// The share of the whole fall that each piece takes, summing to 1.
  public var shares: [Double] {
    let top = logSlopes.max() ?? 0
    let weights = logSlopes.map { exp($0 - top) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// λ and dλ/dt at a time in [0, 1].
  public func logSignalToNoise(at time: Double) -> (value: Double, rate: Double) {
    let shares = self.shares
    let position = time * Double(shares.count)
    let piece = min(shares.count - 1, max(0, Int(position)))
    let passed = shares[..<piece].reduce(0, +) + shares[piece] * (position - Double(piece))
    let fall = first - last
    return (first - fall * passed, -fall * shares[piece] * Double(shares.count))
  }
}
