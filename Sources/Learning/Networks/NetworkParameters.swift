public import NumericalCore

/// The tensors of a network, by name.
public struct NetworkParameters: Sendable, Equatable {
  /// What each tensor is, in the order in which the network uses them.
  public var names: [String]
  /// The tensors; maps of rows have shape `[inputs, outputs]`, biases one row.
  public var tensors: [Matrix<Float>]

  /// The tensors of a network.
  public init(names: [String] = [], tensors: [Matrix<Float>] = []) {
    precondition(names.count == tensors.count, "a name for each tensor")
    self.names = names
    self.tensors = tensors
  }

  /// How many numbers there are.
  public var count: Int { tensors.reduce(0) { $0 + $1.rows * $1.columns } }

  /// Rows and columns of the tensors, as an optimiser wants them.
  public var shapes: [(rows: Int, columns: Int)] { tensors.map { ($0.rows, $0.columns) } }

  /// Appends a tensor of one number.
  public mutating func append(_ name: String, rows: Int, columns: Int, filledWith value: Float = 0)
  {
    names.append(name)
    let zeros = Matrix<Float>(rows: rows, columns: columns)
    tensors.append(value == 0 ? zeros : zeros.map { _ in value })
  }

  /// Appends a tensor of independent normal numbers.
  public mutating func append(
    _ name: String, rows: Int, columns: Int, deviation: Double, seed: UInt64
  ) {
    var stream = RandomStream(
      seed: seed, purpose: .conditionedNetworks, index: UInt64(names.count))
    append(name, rows: rows, columns: columns)
    tensors[tensors.count - 1] = Matrix(
      rows: rows, columns: columns,
      elements: (0..<rows * columns).map { _ in Float(deviation * stream.normal()) })
  }

  /// Appends weights whose sums of `rows` inputs of variance one have variance `gain`, and biases of zero.
  public mutating func appendMap(
    _ name: String, rows: Int, columns: Int, gain: Double = 1, seed: UInt64
  ) {
    if gain == 0 {
      append(name + ".weights", rows: rows, columns: columns)
    } else {
      append(
        name + ".weights", rows: rows, columns: columns,
        deviation: (gain / Double(rows)).squareRoot(), seed: seed)
    }
    append(name + ".biases", rows: 1, columns: columns)
  }
}

/// Hands out the parameters of a network in their order.
struct ParameterReader {
  private var rest: ArraySlice<Tape.Node>

  init(_ parameters: [Tape.Node]) { rest = parameters[...] }

  mutating func next() -> Tape.Node {
    guard let node = rest.popFirst() else { preconditionFailure("parameters are missing") }
    return node
  }

  /// Weights and biases of a map.
  mutating func map() -> (weights: Tape.Node, biases: Tape.Node) { (next(), next()) }
}
