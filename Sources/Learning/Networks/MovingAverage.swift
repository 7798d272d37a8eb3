public import NumericalCore

/// The exponential moving average of parameters, which samples better than they do themselves.
///
///     θ̄ ← μ θ̄ + (1 − μ) θ,    μ = min(decay, (1 + n) / (10 + n)) at update n,
///
/// so that the first parameters are soon forgotten.
public struct MovingAverage: Sendable {
  /// The largest μ.
  public let decay: Double
  /// Updates done so far.
  public var updates: Int
  /// θ̄.
  public private(set) var parameters: NetworkParameters

  /// An average that begins at the given parameters.
  public init(of parameters: NetworkParameters, decay: Double = 0.999, updates: Int = 0) {
    self.decay = decay
    self.updates = updates
    self.parameters = parameters
  }

  /// Takes the parameters after an update in.
  public mutating func update(with current: NetworkParameters, workers: Workers) {
    precondition(current.tensors.count == parameters.tensors.count, "parameters of another network")
    updates += 1
    let mu = Float(Swift.min(decay, (1 + Double(updates)) / (10 + Double(updates))))
    let kernels = Kernels.current
    for index in parameters.tensors.indices {
      let count = current.tensors[index].rows * current.tensors[index].stride
      current.tensors[index].withUnsafePointer { x in
        parameters.tensors[index].withUnsafeMutablePointer { average in
          workers.forEachRange(of: count, grain: 1 << 16) { range, _ in
            kernels.movingAverage(
              x + range.lowerBound, count: range.count, decay: mu,
              average: average + range.lowerBound)
          }
        }
      }
    }
  }
}
