/// One-point means and connected two-point correlations of samples.
///
/// ```
/// mₐ = ⟨xₐ⟩,   C_ab = ⟨xₐ x_b⟩ − ⟨xₐ⟩⟨x_b⟩
/// ```
///
/// A component `a` is a unit, or a colour of a categorical unit (x is then 1 where the unit has the
/// colour, 0 elsewhere). Two-valued units count as 0 and 1, or as −1 and +1. The plain averages over
/// the sample: C is biased by −C/n, which comparisons of like with like do not see.
public struct TwoPointStatistics: Sendable, Equatable {
  /// Two components, first < second, of different units.
  public struct Pair: Sendable, Hashable {
    /// The component of the smaller unit.
    public let first: Int
    /// The component of the larger unit.
    public let second: Int

    /// A pair of components.
    public init(_ first: Int, _ second: Int) {
      self.first = first
      self.second = second
    }
  }

  /// The means, one a component: index unit · channels + colour.
  public let means: [Double]
  /// The connected correlations, one a pair, in the order of the pairs.
  public let connected: [Double]

  /// The statistics of a sample.
  ///
  /// - Parameters:
  ///   - states: The samples, one a row, at least one.
  ///   - isSpin: Whether bits stand for −1 and +1 instead of 0 and 1.
  ///   - weights: One non-negative weight a sample, not all zero; nil for equal weights.
  ///   - pairs: The pairs wanted (``pairs(units:channels:limit:seed:)``).
  /// - Complexity: O(pairs · samples / 64) for unweighted discrete units, O(pairs · samples) otherwise.
  public init(
    of states: StateMatrix, isSpin: Bool = false, weights: [Double]? = nil, pairs: [Pair]
  ) {
    precondition(states.rows > 0, "no samples")
    precondition(weights.map { $0.count == states.rows } ?? true, "one weight a sample")
    let total = weights?.reduce(0, +) ?? Double(states.rows)
    precondition(total > 0, "the weights sum to \(total)")
    if case .reals(let values) = states {
      (means, connected) = TwoPointStatistics.sums(values, weights, total: total, pairs: pairs)
      return
    }
    let columns = TwoPointStatistics.indicators(of: states)
    let frequencies = columns.map { TwoPointStatistics.count($0, $0, weights) / total }
    let scale = isSpin ? 2.0 : 1
    means = frequencies.map { isSpin ? 2 * $0 - 1 : $0 }
    connected = pairs.map { pair in
      let both =
        TwoPointStatistics.count(columns[pair.first], columns[pair.second], weights) / total
      return scale * scale * (both - frequencies[pair.first] * frequencies[pair.second])
    }
  }

  private static func sums(
    _ values: Matrix<Float>, _ weights: [Double]?, total: Double, pairs: [Pair]
  ) -> (means: [Double], connected: [Double]) {
    var columns = (0..<values.columns).map { column in
      (0..<values.rows).map { Double(values[$0, column]) }
    }
    func sum(_ term: (Int) -> Double) -> Double {
      guard let weights else { return (0..<values.rows).reduce(0) { $0 + term($1) } }
      return (0..<values.rows).reduce(0) { $0 + weights[$1] * term($1) }
    }
    let means = columns.map { column in sum { column[$0] } / total }
    for column in columns.indices {
      for row in columns[column].indices { columns[column][row] -= means[column] }
    }
    let connected = pairs.map { pair in
      let first = columns[pair.first]
      let second = columns[pair.second]
      return sum { first[$0] * second[$0] } / total
    }
    return (means, connected)
  }

  /// For each component the samples that have it, one bit a sample.
  private static func indicators(of states: StateMatrix) -> [[UInt64]] {
    let words = (states.rows + 63) / 64
    switch states {
    case .bits(let bits):
      var columns = [[UInt64]](repeating: [UInt64](repeating: 0, count: words), count: bits.columns)
      for row in 0..<bits.rows {
        for (index, word) in bits.words(ofRow: row).enumerated() {
          var rest = word
          while rest != 0 {
            columns[index << 6 + rest.trailingZeroBitCount][row >> 6] |= 1 << UInt64(row & 63)
            rest &= rest - 1
          }
        }
      }
      return columns
    case .colours(let colours, let count):
      var columns = [[UInt64]](
        repeating: [UInt64](repeating: 0, count: words), count: colours.columns * count)
      for row in 0..<colours.rows {
        for site in 0..<colours.columns {
          columns[site * count + Int(colours[row, site])][row >> 6] |= 1 << UInt64(row & 63)
        }
      }
      return columns
    case .reals: preconditionFailure("real numbers have no indicators")
    }
  }

  /// The number, or the weight, of the samples that have both components.
  private static func count(_ first: [UInt64], _ second: [UInt64], _ weights: [Double]?) -> Double {
    guard let weights else {
      return Double(first.indices.reduce(0) { $0 + (first[$1] & second[$1]).nonzeroBitCount })
    }
    var sum = 0.0
    for index in first.indices {
      var rest = first[index] & second[index]
      while rest != 0 {
        sum += weights[index << 6 + rest.trailingZeroBitCount]
        rest &= rest - 1
      }
    }
    return sum
  }

  /// All pairs of components of different units, or a random subset when there are more than `limit`.
  ///
  /// - Parameters:
  ///   - units: The number of units.
  ///   - channels: Components of a unit: 1, or the number of colours.
  ///   - limit: The largest number of pairs, not negative.
  ///   - seed: The same seed gives the same subset.
  /// - Returns: Distinct pairs in ascending order of units, then of colours.
  /// - Complexity: O(limit log limit).
  public static func pairs(units: Int, channels: Int, limit: Int, seed: UInt64) -> [Pair] {
    precondition(units >= 0 && channels >= 1 && limit >= 0, "\(units) units, \(channels) channels")
    let square = channels * channels
    let total = units * (units - 1) / 2 * square
    var numbers: [Int]
    if total <= limit {
      numbers = Array(0..<Swift.max(0, total))
    } else {
      // Floyd's sampling without replacement: each subset equally likely, one draw an element
      // (Bentley and Floyd 1987, Communications of the ACM 30, 754).
      var stream = RandomStream(seed: seed, purpose: .samples, index: .max)
      var chosen = Set<Int>(minimumCapacity: limit)
      for last in total - limit..<total {
        let candidate = stream.index(below: last + 1)
        chosen.insert(chosen.contains(candidate) ? last : candidate)
      }
      numbers = chosen.sorted()
    }
    // Numbers ascend, so the larger unit's row is found by walking.
    var result: [Pair] = []
    result.reserveCapacity(numbers.count)
    var first = 0
    var begin = 0
    for number in numbers {
      let unitPair = number / square
      while unitPair >= begin + (units - 1 - first) {
        begin += units - 1 - first
        first += 1
      }
      let second = first + 1 + unitPair - begin
      let colours = number % square
      result.append(
        Pair(first * channels + colours / channels, second * channels + colours % channels))
    }
    return result
  }

  /// Pearson's correlation coefficient of two series.
  ///
  /// ```
  /// r = Σ(x − x̄)(y − ȳ) / √(Σ(x − x̄)² Σ(y − ȳ)²)
  /// ```
  ///
  /// - Returns: A number in [−1, 1]; nil for fewer than two points or a series that does not vary.
  public static func correlationCoefficient(_ x: [Double], _ y: [Double]) -> Double? {
    precondition(x.count == y.count, "\(x.count) and \(y.count) values")
    guard x.count > 1 else { return nil }
    let n = Double(x.count)
    let meanX = x.reduce(0, +) / n
    let meanY = y.reduce(0, +) / n
    var xx = 0.0
    var yy = 0.0
    var xy = 0.0
    for k in x.indices {
      xx += (x[k] - meanX) * (x[k] - meanX)
      yy += (y[k] - meanY) * (y[k] - meanY)
      xy += (x[k] - meanX) * (y[k] - meanY)
    }
    let scale = (xx * yy).squareRoot()
    guard scale > 0, scale.isFinite else { return nil }
    return Swift.max(-1, Swift.min(1, xy / scale))
  }
}
