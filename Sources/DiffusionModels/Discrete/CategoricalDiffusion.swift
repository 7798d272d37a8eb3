internal import Foundation
public import NumericalCore

/// The forward chain of discrete noise: each site by itself goes by a matrix of probabilities.
///
/// ```
/// q(x_t = j|x_{t−1} = i) = Q_t[i, j],   q(x_t = j|x_0 = i) = Q̄_t[i, j],   Q̄_t = Q_1 ⋯ Q_t,
/// q(x_{t−1} = j|x_t, x_0) = Q_t[j, x_t] Q̄_{t−1}[x_0, j]/Q̄_t[x_0, x_t]
/// ```
///
/// Most chains stay with probability 1 − β_t and else draw anew from π, for which
/// Q̄_t = ᾱ_t 1 + (1 − ᾱ_t) 1 πᵀ and nothing need be multiplied: bits of a mean activity
/// (Sohl-Dickstein et al. 2015, table App.1), uniform categories and masks (Austin et al. 2021). No
/// formula divides by 1 − β_t, so that β_T = 1 is allowed.
public struct CategoricalDiffusion: Sendable, Equatable {
  /// Values that a site can take.
  public let categories: Int
  /// T.
  public let steps: Int
  /// π: the law of a site at the end, from which the reverse chain starts.
  public let stationary: [Double]
  private let chain: Chain

  private enum Chain: Sendable, Equatable {
    case redraw(NoiseSchedule)
    case matrices([Matrix<Double>], cumulative: [Matrix<Double>])
  }

  /// Sites that stay with probability 1 − β_t and are else drawn from π: Q_t = (1 − β_t) 1 + β_t 1 πᵀ.
  ///
  /// - Throws: `usage` when π is no law of 2 to 256 categories.
  public init(redrawingFrom stationary: [Double], schedule: NoiseSchedule) throws(SzilardError) {
    guard (2...256).contains(stationary.count), Self.isLaw(stationary) else {
      throw SzilardError(
        .usage,
        "the stationary law of a discrete diffusion has 2 to 256 probabilities that sum to 1")
    }
    categories = stationary.count
    steps = schedule.steps
    self.stationary = stationary
    chain = .redraw(schedule)
  }

  /// Any matrices Q_1 … Q_T, with the law from which the reverse chain starts.
  ///
  /// - Throws: `usage` when a matrix is not square of one size with rows that are laws.
  public init(matrices: [Matrix<Double>], stationary: [Double]) throws(SzilardError) {
    let size = stationary.count
    guard (2...256).contains(size), Self.isLaw(stationary), !matrices.isEmpty else {
      throw SzilardError(
        .usage,
        "a discrete diffusion needs a step, and a stationary law of 2 to 256 probabilities that "
          + "sum to 1")
    }
    for (index, matrix) in matrices.enumerated() {
      guard matrix.rows == size, matrix.columns == size,
        (0..<size).allSatisfy({ Self.isLaw(matrix.row($0)) })
      else {
        throw SzilardError(
          .usage,
          "matrix \(index + 1) of the discrete diffusion is not \(size) × \(size) with rows of "
            + "probabilities that sum to 1")
      }
    }
    var cumulative = [LinearAlgebra.identity(size)]
    for matrix in matrices {
      cumulative.append(LinearAlgebra.product(cumulative[cumulative.count - 1], matrix))
    }
    categories = size
    steps = matrices.count
    self.stationary = stationary
    chain = .matrices(matrices, cumulative: cumulative)
  }

  /// Bits with the given mean activity: π = B(ρ), P(x_t = 1|x_0) = ᾱ_t x_0 + (1 − ᾱ_t) ρ.
  public static func bernoulli(
    activity: Double, schedule: NoiseSchedule
  ) throws(SzilardError) -> CategoricalDiffusion {
    guard activity > 0, activity < 1 else {
      throw SzilardError(
        .usage, "the activity \(activity) of bits is not between 0 and 1")
    }
    return try CategoricalDiffusion(
      redrawingFrom: [1 - activity, activity], schedule: schedule)
  }

  /// Categories that are drawn anew uniformly.
  public static func uniform(
    categories: Int, schedule: NoiseSchedule
  ) throws(SzilardError) -> CategoricalDiffusion {
    try CategoricalDiffusion(
      redrawingFrom: [Double](repeating: 1 / Double(max(1, categories)), count: max(1, categories)),
      schedule: schedule)
  }

  /// Categories that are masked; the last one is the mask, in which all sites end.
  public static func absorbing(
    categories: Int, schedule: NoiseSchedule
  ) throws(SzilardError) -> CategoricalDiffusion {
    var stationary = [Double](repeating: 0, count: max(1, categories))
    stationary[stationary.count - 1] = 1
    return try CategoricalDiffusion(redrawingFrom: stationary, schedule: schedule)
  }

  /// Ordered categories that go to their neighbours; π is uniform.
  ///
  /// ```
  /// Q_t[i, j] = e^{−4(i − j)²/((K − 1)² β_t)}/Σ_{|n| < K} e^{−4n²/((K − 1)² β_t)},   i ≠ j
  /// ```
  ///
  /// with the rest of a row on its diagonal. Source: Austin et al. 2021, appendix A.2.
  public static func discretisedGaussian(
    categories: Int, schedule: NoiseSchedule
  ) throws(SzilardError) -> CategoricalDiffusion {
    let size = max(1, categories)
    let scale = Double(max(1, size - 1) * max(1, size - 1))
    let matrices = schedule.rates.map { rate -> Matrix<Double> in
      func weight(_ n: Int) -> Double { exp(-4 * Double(n * n) / (scale * rate)) }
      let norm = (1 - size..<size).reduce(0.0) { $0 + weight($1) }
      var matrix = Matrix<Double>(rows: size, columns: size)
      for i in 0..<size {
        var rest = 1.0
        for j in 0..<size where j != i {
          matrix[i, j] = weight(i - j) / norm
          rest -= matrix[i, j]
        }
        matrix[i, i] = rest
      }
      return matrix
    }
    return try CategoricalDiffusion(
      matrices: matrices, stationary: [Double](repeating: 1 / Double(size), count: size))
  }

  /// Q_t[from, to], t = 1 … T.
  public func transition(from: Int, to: Int, step: Int) -> Double {
    switch chain {
    case .redraw(let schedule):
      let rate = schedule.rates[step - 1]
      return (from == to ? 1 - rate : 0) + rate * stationary[to]
    case .matrices(let matrices, _): return matrices[step - 1][from, to]
    }
  }

  /// Q̄_t[data, to], t = 0 … T.
  public func marginal(data: Int, to: Int, step: Int) -> Double {
    switch chain {
    case .redraw(let schedule):
      return (data == to ? schedule.signalPowers[step] : 0)
        + schedule.noisePowers[step] * stationary[to]
    case .matrices(_, let cumulative): return cumulative[step][data, to]
    }
  }

  /// q(x_{t−1}|x_t, x_0); where x_t cannot come from x_0, the reversal of the step under π.
  public func posterior(state: Int, data: Int, step: Int) -> [Double] {
    var weights = [Double](repeating: 0, count: categories)
    weights[data] = 1
    return reversal(of: state, dataProbabilities: weights, step: step)
  }

  /// Σ_c P(x_0 = c) q(x_{t−1}|x_t, x_0 = c) for a law of x_0 given x_t.
  ///
  /// Data from which x_t cannot come do not count.
  public func reversal(
    of state: Int, dataProbabilities: [Double], step: Int
  ) -> [Double] {
    var result = [Double](repeating: 0, count: categories)
    dataProbabilities.withUnsafeBufferPointer { weights in
      result.withUnsafeMutableBufferPointer { target in
        guard let weights = weights.baseAddress, let target = target.baseAddress else { return }
        writeReversal(of: state, weights: weights, step: step, to: target)
      }
    }
    return result
  }

  /// The first step reversed under π, p(x_{t−1}|x_t) ∝ π(x_{t−1}) Q_t[x_{t−1}, x_t]: the forward kernel
  /// itself where the chain has detailed balance.
  public func stationaryReversal(of state: Int, step: Int) -> [Double] {
    let weights = (0..<categories).map {
      stationary[$0] * transition(from: $0, to: state, step: step)
    }
    let sum = weights.reduce(0, +)
    return sum > 0 ? weights.map { $0 / sum } : stationary
  }

  /// Writes Σ_c w_c q(x_{t−1}|x_t, x_0 = c).
  func writeReversal(
    of state: Int, weights: UnsafePointer<Double>, step: Int,
    to target: UnsafeMutablePointer<Double>
  ) {
    // Each datum's weight over the probability that it led here, then where it was a step before.
    for j in 0..<categories { target[j] = 0 }
    switch chain {
    case .redraw(let schedule):
      let (rate, before) = (schedule.rates[step - 1], schedule.signalPowers[step - 1])
      let noise = schedule.noisePowers[step - 1]
      var all = 0.0
      for c in 0..<categories where weights[c] > 0 {
        let reached = marginal(data: c, to: state, step: step)
        guard reached > 0 else { continue }
        target[c] = weights[c] / reached
        all += target[c]
      }
      for j in 0..<categories {
        let here = (j == state ? 1 - rate : 0) + rate * stationary[state]
        target[j] = here * (before * target[j] + noise * stationary[j] * all)
      }
    case .matrices(let matrices, let cumulative):
      for c in 0..<categories where weights[c] > 0 {
        let reached = cumulative[step][c, state]
        guard reached > 0 else { continue }
        for j in 0..<categories {
          target[j] += weights[c] / reached * cumulative[step - 1][c, j]
        }
      }
      for j in 0..<categories { target[j] *= matrices[step - 1][j, state] }
    }
    var sum = 0.0
    for j in 0..<categories { sum += target[j] }
    if sum > 0 {
      for j in 0..<categories { target[j] /= sum }
    } else {
      let fallback = stationaryReversal(of: state, step: step)
      for j in 0..<categories { target[j] = fallback[j] }
    }
  }

  /// H_q(X_t|X_0 = data) of a site, in nats.
  public func conditionalEntropy(data: Int, step: Int) -> Double {
    Self.entropy((0..<categories).map { marginal(data: data, to: $0, step: step) })
  }

  /// H_q(X_t|X_{t−1} = from) of a site, in nats.
  public func transitionEntropy(from: Int, step: Int) -> Double {
    Self.entropy((0..<categories).map { transition(from: from, to: $0, step: step) })
  }

  /// H_p(X_T) = H(π) of a site, in nats.
  public var priorEntropy: Double { Self.entropy(stationary) }

  /// E_q[−ln π(x_t)|x_0 = data] of a site, in nats.
  public func crossEntropy(data: Int, step: Int) -> Double {
    (0..<categories).reduce(0) { sum, j in
      let share = marginal(data: data, to: j, step: step)
      return share > 0 ? sum - share * log(stationary[j]) : sum
    }
  }

  /// x_t ~ q(x_t|x_0) of the rows of `data`; a row's draw depends on its number and t alone.
  ///
  /// - Parameter rows: The rows to draw, in this order; nil for all. A row that is named again is drawn again.
  public func states(
    from data: Matrix<UInt8>, step: Int, seed: UInt64, rows: [Int]? = nil
  ) -> Matrix<UInt8> {
    var result = rows.map { data.selectingRows($0) } ?? data
    let tables = (0..<categories).map { c in
      (0..<categories).map { marginal(data: c, to: $0, step: step) }
    }
    var drawn: [Int: UInt64] = [:]
    for row in 0..<result.rows {
      let number = rows?[row] ?? row
      let draw = rows == nil ? 0 : drawn[number, default: 0]
      if rows != nil { drawn[number] = draw + 1 }
      var stream = RandomStream(
        seed: seed, purpose: .categoricalNoise, index: UInt64(number),
        step: draw << 32 | UInt64(step))
      for site in 0..<data.columns {
        result[row, site] = UInt8(stream.category(tables[Int(result[row, site])]))
      }
    }
    return result
  }

  private static func isLaw(_ values: [Double]) -> Bool {
    values.allSatisfy { $0 >= 0 } && abs(values.reduce(0, +) - 1) < 1e-9
  }

  private static func entropy(_ values: [Double]) -> Double {
    values.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
  }
}
