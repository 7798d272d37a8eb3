internal import Foundation
public import NumericalCore

/// The exact distribution of the heat that a machine absorbs from a bath.
///
/// Heat Q = E(x_n) − E(x_0) of n moves in contact with a bath at β₂, from equilibrium at β₁ (Jarzynski
/// and Wójcik 2004, Phys. Rev. Lett. 92, 230602, equations 2 and 9):
///
///     p(Q) / p(−Q) = e^{(β₁ − β₂) Q}  for reversible sequences,    ⟨e^{−(β₁ − β₂) Q}⟩ = 1  for all
public struct HeatDistribution: Sendable {
  /// The values of Q in ascending order, symmetric about zero.
  public let values: [Double]
  /// The probability of each value.
  public let probabilities: [Double]

  /// Gathers values that differ by rounding alone.
  ///
  /// Q and −Q are gathered by their magnitude, so that both signs have the same places.
  init(pairs: [(heat: Double, probability: Double)], tolerance: Double) {
    let sorted = pairs.filter { $0.probability > 0 }.sorted { abs($0.heat) < abs($1.heat) }
    var groups: [(magnitude: Double, positive: CompensatedSum, negative: CompensatedSum)] = []
    var last = -Double.infinity
    for pair in sorted {
      let magnitude = abs(pair.heat)
      if magnitude - last > tolerance {
        groups.append((magnitude <= tolerance ? 0 : magnitude, .init(), .init()))
      }
      last = magnitude
      if pair.heat < 0, groups[groups.count - 1].magnitude > 0 {
        groups[groups.count - 1].negative.add(pair.probability)
      } else {
        groups[groups.count - 1].positive.add(pair.probability)
      }
    }
    let signed = groups.filter { $0.magnitude > 0 }
    let zero = groups.filter { $0.magnitude == 0 }
    values =
      signed.reversed().map { -$0.magnitude } + zero.map(\.magnitude) + signed.map(\.magnitude)
    probabilities =
      signed.reversed().map(\.negative.value) + zero.map(\.positive.value)
      + signed.map(\.positive.value)
  }

  /// ⟨Q⟩.
  public var mean: Double { zip(values, probabilities).reduce(0) { $0 + $1.0 * $1.1 } }

  /// ⟨Q²⟩ − ⟨Q⟩².
  public var variance: Double {
    let mean = mean
    return zip(values, probabilities).reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) * $1.1 }
  }

  /// ln p(Q)/p(−Q) at every Q > 0 where both are positive.
  public var logRatios: [(heat: Double, logRatio: Double)] {
    let last = values.count - 1
    return values.indices.compactMap { index in
      let (forward, backward) = (probabilities[index], probabilities[last - index])
      guard values[index] > 0, forward > 0, backward > 0 else { return nil }
      return (values[index], log(forward / backward))
    }
  }

  /// max over Q of |ln p(Q)/p(−Q) − (β₁ − β₂) Q|, where either sign has a probability.
  ///
  /// Infinite when a Q occurs and −Q never does.
  public func detailedViolation(inverseTemperatureDifference: Double) -> Double {
    let last = values.count - 1
    return values.indices.reduce(0) { worst, index in
      let (forward, backward) = (probabilities[index], probabilities[last - index])
      if forward == 0 && backward == 0 { return worst }
      guard forward > 0, backward > 0 else { return .infinity }
      let error = log(forward / backward) - inverseTemperatureDifference * values[index]
      return max(worst, abs(error))
    }
  }
}

extension EnumeratedMachine {
  /// Joint states up to which the distribution of heat is formed.
  public static let maximumHeatStates = 1 << 11

  /// The exact distribution of the heat of a sequence of moves at β₂ from equilibrium at β₁.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` beyond ``maximumHeatStates`` joint states.
  /// - Complexity: O(moves × joint states²) time, O(joint states²) memory.
  public func heatDistribution(
    start: Double = 1, bath: Double, moves: GibbsSequence
  ) throws(SzilardError) -> HeatDistribution {
    try requirePairs()
    let initial = equilibrium(inverseTemperature: start)
    let matrix = transition(inverseTemperature: bath).matrix(of: moves)
    var pairs: [(heat: Double, probability: Double)] = []
    pairs.reserveCapacity(stateCount * stateCount)
    for x in 0..<stateCount {
      for y in 0..<stateCount {
        pairs.append((energies[y] - energies[x], initial[x] * matrix[x][y]))
      }
    }
    let scale = energies.reduce(1) { max($0, abs($1)) }
    return HeatDistribution(pairs: pairs, tolerance: 1e-11 * scale)
  }

  /// ⟨e^{−(β₁ − β₂) Q}⟩ of a sequence of moves at β₂ from equilibrium at β₁: 1 in theory.
  ///
  /// - Complexity: O(moves × joint states).
  public func integralHeatAverage(
    start: Double = 1, bath: Double, moves: GibbsSequence
  ) -> Double {
    let difference = start - bath
    // π₁(x) e^{(β₁ − β₂) E(x)}, carried along by the kernels, then weighed by e^{−(β₁ − β₂) E}.
    let exponents = energies.map { difference * $0 }
    let largest = exponents.max() ?? 0
    var vector = zip(equilibrium(inverseTemperature: start), exponents).map {
      $0 * exp($1 - largest)
    }
    transition(inverseTemperature: bath).apply(moves, to: &vector)
    return zip(vector, exponents).reduce(0) { $0 + $1.0 * exp(largest - $1.1) }
  }

  /// max_{x,y} |π(x) P(x → y) − π(y) P(y → x)| of a sequence of moves: zero when it is reversible.
  ///
  /// - Throws: ``SzilardError`` of kind `usage` beyond ``maximumHeatStates`` joint states.
  public func detailedBalanceViolation(
    inverseTemperature: Double = 1, moves: GibbsSequence
  ) throws(SzilardError) -> Double {
    try requirePairs()
    let equilibrium = equilibrium(inverseTemperature: inverseTemperature)
    let matrix = transition(inverseTemperature: inverseTemperature).matrix(of: moves)
    var worst = 0.0
    for x in 0..<stateCount {
      for y in 0..<x {
        worst = max(worst, abs(equilibrium[x] * matrix[x][y] - equilibrium[y] * matrix[y][x]))
      }
    }
    return worst
  }

  private func requirePairs() throws(SzilardError) {
    guard stateCount <= EnumeratedMachine.maximumHeatStates else {
      throw SzilardError(
        .usage,
        """
        pairs of \(stateCount) joint states are too many to list (at most 2^11 states); sample with \
        HeatExchange instead
        """)
    }
  }
}
