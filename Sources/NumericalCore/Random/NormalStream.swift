internal import CSzilardKernels

/// Standard normal numbers of one stream, many at a time (Box and Muller 1958).
///
/// Made for the noise of Langevin steps: sixteen generators side by side, about two nanoseconds a number.
/// The numbers have the resolution of a float, and none is beyond 5.9, which one in 3·10⁸ would be.
public struct NormalStream: Sendable {
  private var lanes = szk_lanes()
  private let kernels: Kernels

  /// The stream (seed, purpose, index, step).
  public init(seed: UInt64, purpose: StreamPurpose, index: UInt64 = 0, step: UInt64 = 0) {
    let key = StreamKey(seed: seed, purpose: purpose, index: index, step: step)
    kernels = .current
    szk_lanes_seed(&lanes, key.high, key.low)
  }

  /// Replaces all numbers by the next of the stream.
  ///
  /// Sixteen are drawn at a time; what an array leaves of them is not used.
  public mutating func fill(_ numbers: inout [Double]) {
    numbers.withUnsafeMutableBufferPointer { out in
      guard let first = out.baseAddress else { return }
      kernels.normals(lanes: &lanes, count: out.count, out: first)
    }
  }
}
