internal import Foundation
public import NumericalCore

/// The noise of a chain of T variance-preserving steps.
///
/// ```
/// q(x_t|x_{t−1}) = N(√(1 − β_t) x_{t−1}, β_t),   ᾱ_t = Π_{s≤t} (1 − β_s),
/// q(x_t|x_0) = N(√ᾱ_t x_0, 1 − ᾱ_t)
/// ```
///
/// The same numbers drive discrete chains, where ᾱ_t is the probability that a site is still what it
/// was. Steps are counted from 1 to T; ᾱ_0 = 1.
public struct NoiseSchedule: Sendable, Equatable {
  /// β_1 … β_T at the indices 0 … T − 1.
  public let rates: [Double]
  /// ᾱ_0 = 1 … ᾱ_T.
  public let signalPowers: [Double]
  /// 1 − ᾱ_t for t = 0 … T, without cancellation.
  public let noisePowers: [Double]

  /// The chain with the given β_1 … β_T, each in (0, 1].
  public init(rates: [Double]) throws(SzilardError) {
    guard !rates.isEmpty, let wrong = Optional(rates.firstIndex { !($0 > 0 && $0 <= 1) }) else {
      throw SzilardError(.usage, "a noise schedule needs at least one step")
    }
    if let wrong {
      throw SzilardError(
        .usage,
        "step \(wrong + 1) of the noise schedule has the rate \(rates[wrong]); "
          + "rates are above 0 and at most 1")
    }
    self.init(uncheckedRates: rates)
  }

  private init(uncheckedRates rates: [Double]) {
    self.rates = rates
    var powers = [1.0]
    var complements = [0.0]
    for rate in rates {
      powers.append(powers[powers.count - 1] * (1 - rate))
      // 1 − ᾱ_t = (1 − ᾱ_{t−1})(1 − β_t) + β_t.
      complements.append(complements[complements.count - 1] * (1 - rate) + rate)
    }
    signalPowers = powers
    noisePowers = complements
  }

  /// T.
  public var steps: Int { rates.count }

  /// β_t, t = 1 … T.
  public func rate(_ step: Int) -> Double { rates[step - 1] }

  /// The level after t steps, t = 0 … T.
  public func level(_ step: Int) -> NoiseLevel {
    NoiseLevel(
      signal: signalPowers[step].squareRoot(), noise: noisePowers[step].squareRoot())
  }

  /// β_t = 1/(T − t + 1): a fixed 1/T of the signal is erased at each step, ᾱ_t = (T − t)/T.
  ///
  /// Source: Sohl-Dickstein et al. 2015, section 2.4.1.
  public static func reciprocal(steps: Int) -> NoiseSchedule {
    NoiseSchedule(uncheckedRates: (1...steps).map { 1 / Double(steps - $0 + 1) })
  }

  /// β_t = 1/u with u from T down to 2 in equal parts, so that about 1/T of the variance is left.
  ///
  /// Fact from the reference code of Sohl-Dickstein et al. 2015, without its additions.
  public static func reciprocalWithRemainder(steps: Int) -> NoiseSchedule {
    let n = Double(steps)
    return NoiseSchedule(
      uncheckedRates: (0..<steps).map {
        1 / (steps == 1 ? n : n + (2 - n) * Double($0) / (n - 1))
      })
  }

  /// β from 10⁻⁴ · 1000/T to 0.02 · 1000/T in equal parts, at most 0.999.
  ///
  /// Source: Ho, Jain and Abbeel 2020; the scaling by 1000/T is Nichol and Dhariwal's 2021.
  public static func linear(steps: Int) -> NoiseSchedule {
    let scale = 1000 / Double(steps)
    return NoiseSchedule(
      uncheckedRates: (0..<steps).map {
        let part = steps == 1 ? 0 : Double($0) / Double(steps - 1)
        return min(0.999, scale * (1e-4 + (0.02 - 1e-4) * part))
      })
  }

  /// Steps between equal times 0, 1/T … 1 of a variance-preserving path, each β at most `ceiling`.
  ///
  /// With `.cosine(offset: 0.008)` and 0.999 this is the schedule of Nichol and Dhariwal 2021.
  ///
  /// - Throws: `usage` for a path that does not keep a² + s² = 1.
  public init(path: NoisePath, steps: Int, ceiling: Double = 0.999) throws(SzilardError) {
    var rates: [Double] = []
    var previous = path.level(at: 0)
    for step in 1...steps {
      let level = path.level(at: Double(step) / Double(steps))
      let norm = level.signal * level.signal + level.noise * level.noise
      guard abs(norm - 1) < 1e-9 else {
        throw SzilardError(
          .usage,
          "the path \(path.name) does not preserve the variance; a chain of steps needs one "
            + "that does")
      }
      if step == 1, previous.noise > 0 {
        // The path begins with noise: the first step brings it all.
        rates.append(level.noise * level.noise)
      } else {
        // 1 − a²/b² = (b² − a²)/b², with b² − a² from the noise.
        let power = previous.signal * previous.signal
        let fall = level.noise * level.noise - previous.noise * previous.noise
        rates.append(min(ceiling, fall / power))
      }
      previous = level
    }
    try self.init(rates: rates)
  }

  /// Steps of equal fall of the log-SNR, from β_1 to what is left of the signal at the end.
  ///
  /// ```
  /// λ_t from ln((1 − β_1)/β_1) at t = 1 to ln(ᾱ_T/(1 − ᾱ_T)) at t = T, in equal parts
  /// ```
  public static func uniformLogSignalToNoise(
    steps: Int, firstRate: Double, lastSignalPower: Double
  ) throws(SzilardError) -> NoiseSchedule {
    guard firstRate > 0, lastSignalPower > 0, firstRate + lastSignalPower < 1, steps > 1 else {
      throw SzilardError(
        .usage,
        "a schedule uniform in the log-SNR needs two steps at least, a first rate and a last "
          + "signal power above 0 with a sum below 1")
    }
    let (first, last) = (-logit(firstRate), logit(lastSignalPower))
    var rates = [firstRate]
    var previous = first
    for step in 1..<steps {
      let next = first + (last - first) * Double(step) / Double(steps - 1)
      // 1 − σ(λ')/σ(λ) = 1 − (1 + e^{−λ})/(1 + e^{−λ'}).
      rates.append((exp(-next) - exp(-previous)) / (1 + exp(-next)))
      previous = next
    }
    return try NoiseSchedule(rates: rates)
  }
}
