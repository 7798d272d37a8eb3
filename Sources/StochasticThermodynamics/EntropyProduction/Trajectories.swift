public import NumericalCore

/// Recorded states of one or several chains of equal length, at equal intervals of time.
public struct Trajectories: Sendable, Equatable {
  /// The states, chain by chain, time by time: shape `[chains, length, dimension]`.
  public let values: [Double]
  /// The number of chains, which are independent of each other.
  public let chains: Int
  /// The number of states of a chain.
  public let length: Int
  /// The number of coordinates of a state.
  public let dimension: Int

  /// Trajectories of the given states, `[chains, length, dimension]` in row-major order.
  ///
  /// - Parameter name: What messages call them.
  /// - Throws: ``SzilardError`` of kind `badData` for a number that is not finite, with its place, and for
  ///   chains of fewer than two states.
  public init(
    values: [Double], chains: Int = 1, dimension: Int, name: String = "the trajectory"
  ) throws(SzilardError) {
    guard chains > 0, dimension > 0, values.count % (chains * dimension) == 0 else {
      throw SzilardError(
        .badData,
        "\(name): \(values.count) numbers are not \(chains) chains of \(dimension) coordinates")
    }
    let length = values.count / (chains * dimension)
    guard length >= 2 else {
      throw SzilardError(.badData, "\(name): a chain has \(length) states; it needs two or more")
    }
    if let place = values.firstIndex(where: { !$0.isFinite }) {
      let row = place / dimension
      let chain = chains > 1 ? "chain \(row / length + 1), " : ""
      throw SzilardError(
        .badData,
        "\(name): \(chain)row \(row % length + 1), column \(place % dimension + 1): "
          + "\(values[place]) is not a finite number; leave out what lies before or after it")
    }
    self.values = values
    self.chains = chains
    self.length = length
    self.dimension = dimension
  }

  /// One trajectory, a state a row.
  ///
  /// - Throws: ``SzilardError`` of kind `badData` for rows of different lengths, and as above.
  public init(_ states: [[Double]]) throws(SzilardError) {
    let dimension = states.first?.count ?? 0
    if let row = states.firstIndex(where: { $0.count != dimension }) {
      throw SzilardError(
        .badData, "row \(row + 1) has \(states[row].count) columns, the first one \(dimension)")
    }
    try self.init(values: states.flatMap { $0 }, dimension: max(1, dimension))
  }

  /// The trajectories without their first states.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` where fewer than two states would be left.
  public func discarding(_ count: Int) throws(SzilardError) -> Trajectories {
    guard count >= 0, length - count >= 2 else {
      throw SzilardError(.usage, "\(count) of \(length) states cannot be discarded")
    }
    guard count > 0 else { return self }
    var kept: [Double] = []
    kept.reserveCapacity(chains * (length - count) * dimension)
    for chain in 0..<chains {
      kept += values[((chain * length + count) * dimension)..<((chain + 1) * length * dimension)]
    }
    return try Trajectories(values: kept, chains: chains, dimension: dimension)
  }
}
