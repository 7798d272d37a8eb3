internal import Foundation

/// The generator of one stream: xoshiro256++ (Blackman and Vigna 2019), seeded from a ``StreamKey``
/// by SplitMix64.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  /// The stream with this name, at its beginning.
  public init(_ key: StreamKey) {
    var z = key.high
    func next() -> UInt64 {
      z &+= 0x9e37_79b9_7f4a_7c15
      return StreamKey.mix(z)
    }
    state = (next() ^ key.low, next(), next(), next())
    if state == (0, 0, 0, 0) { state.0 = 1 }
  }

  /// The stream (seed, purpose, index, step).
  public init(seed: UInt64, purpose: StreamPurpose, index: UInt64 = 0, step: UInt64 = 0) {
    self.init(StreamKey(seed: seed, purpose: purpose, index: index, step: step))
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    let sum = state.0 &+ state.3
    let result = (sum << 23 | sum >> 41) &+ state.0
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = state.3 << 45 | state.3 >> 19
    return result
  }

  /// A uniform number in (0, 1), never 0 or 1.
  public mutating func uniform() -> Double {
    (Double(next() >> 11) + 0.5) * 0x1p-53
  }

  /// A standard normal number (Box and Muller 1958).
  public mutating func normal() -> Double {
    let radius = (-2 * Foundation.log(uniform())).squareRoot()
    return radius * Foundation.cos(2 * .pi * uniform())
  }

  /// A uniform integer in `0 ..< bound`.
  public mutating func index(below bound: Int) -> Int {
    Int.random(in: 0..<bound, using: &self)
  }
}
