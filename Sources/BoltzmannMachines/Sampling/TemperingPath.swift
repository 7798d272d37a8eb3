public import NumericalCore

/// A path of machines of one shape, straight in the parameters between its knots.
///
///     E_u = (1 − t) E_k + t E_{k+1},   u = k + t,   0 ≤ t ≤ 1
///
/// With the base model of independent units as its first knot and the machine as its second one it is
/// the path of annealing and of parallel tempering; with the checkpoints of a run between them it is
/// the trajectory of the run.
public struct TemperingPath: Sendable {
  /// The machines that the path goes through.
  public let knots: [RestrictedBoltzmannMachine]
  /// The number of updates of each knot, where it is a checkpoint.
  public let updates: [Int?]

  /// From independent units to a machine.
  ///
  /// - Parameter dataMeans: Means of the visible parameters for the independent units, where the
  ///   machine does not carry its training data's.
  public init(to machine: RestrictedBoltzmannMachine, dataMeans: [Float]? = nil) {
    let base = IndependentUnits(baseRateOf: machine, dataMeans: dataMeans)
    knots = [base.machine(like: machine), machine]
    updates = [nil, nil]
  }

  /// From independent units along the checkpoints of a run, oldest first.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` when there are none or their shapes differ.
  public init(
    along checkpoints: [(update: Int, machine: RestrictedBoltzmannMachine)]
  ) throws(SzilardError) {
    let last = try TemperingPath.lastMachine(of: checkpoints)
    let base = IndependentUnits(baseRateOf: last)
    knots = [base.machine(like: last)] + checkpoints.map(\.machine)
    updates = [nil] + checkpoints.map { $0.update }
  }

  /// Along checkpoints alone, oldest first.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` when there are none or their shapes differ.
  public init(
    onlyAlong checkpoints: [(update: Int, machine: RestrictedBoltzmannMachine)]
  ) throws(SzilardError) {
    _ = try TemperingPath.lastMachine(of: checkpoints)
    guard checkpoints.count > 1 else {
      throw SzilardError(.badData, "a trajectory above a reservoir needs two checkpoints at least")
    }
    knots = checkpoints.map(\.machine)
    updates = checkpoints.map { $0.update }
  }

  private static func lastMachine(
    of checkpoints: [(update: Int, machine: RestrictedBoltzmannMachine)]
  ) throws(SzilardError) -> RestrictedBoltzmannMachine {
    guard let last = checkpoints.last?.machine else {
      throw SzilardError(
        .badData, "a trajectory needs a checkpoint at least; the run has none (--checkpoint-every)")
    }
    for checkpoint in checkpoints where !checkpoint.machine.hasShape(of: last) {
      throw SzilardError(
        .badData,
        "the checkpoint at update \(checkpoint.update) is a machine of another shape than the last")
    }
    return last
  }

  /// Where the path ends.
  public var end: Double { Double(knots.count - 1) }

  /// The machine at a position from 0 to ``end``.
  public func machine(at position: Double) -> RestrictedBoltzmannMachine {
    let knot = Swift.min(Int(position), knots.count - 1)
    let fraction = position - Double(knot)
    if fraction <= 0 { return knots[knot] }
    return knots[knot].interpolated(to: knots[knot + 1], fraction: fraction)
  }
}

extension IndependentUnits {
  /// The model without couplings as a machine of the same units.
  func machine(like machine: RestrictedBoltzmannMachine) -> RestrictedBoltzmannMachine {
    var result = machine
    result.weights = Matrix(rows: machine.visible.size, columns: machine.hidden.count)
    // Without couplings the bias of a spin is half that of its bit.
    result.visible.biases = visible.map { $0 / machine.visible.kind.bitScale }
    result.hidden.biases = hidden.map { $0 / machine.hidden.kind.bitScale }
    return result
  }
}

extension RestrictedBoltzmannMachine {
  /// Whether the other machine has units of the same kinds and numbers.
  func hasShape(of other: RestrictedBoltzmannMachine) -> Bool {
    visible.kind == other.visible.kind && hidden.kind == other.hidden.kind
      && visible.count == other.visible.count && hidden.count == other.hidden.count
  }

  /// The machine with the energy (1 − t) E + t E_other; variances must be the same.
  func interpolated(
    to other: RestrictedBoltzmannMachine, fraction: Double
  ) -> RestrictedBoltzmannMachine {
    func mix(_ a: Float, _ b: Float) -> Float {
      Float((1 - fraction) * Double(a) + fraction * Double(b))
    }
    var result = other
    result.visible.biases = zip(visible.biases, other.visible.biases).map { mix($0, $1) }
    result.hidden.biases = zip(hidden.biases, other.hidden.biases).map { mix($0, $1) }
    for i in 0..<weights.rows {
      for j in 0..<weights.columns {
        result.weights[i, j] = mix(weights[i, j], other.weights[i, j])
      }
    }
    return result
  }

  /// ln Z of a machine without couplings.
  var independentLogPartitionFunction: Double {
    RestrictedBoltzmannMachine.logPartition(of: visible, fields: visible.biases.map(Double.init))
      + RestrictedBoltzmannMachine.logPartition(of: hidden, fields: hidden.biases.map(Double.init))
  }
}
