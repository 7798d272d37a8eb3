internal import Foundation
internal import NumericalCore
internal import StochasticThermodynamics

/// A test whether several means differ, in units of the standard deviation of a sample.
///
/// Each statistic gives d = Δ/σ and its standard error; the interval of the worst one is at the
/// confidence 1 − α/K (Bonferroni over K statistics). Fails if the interval leaves out zero, is
/// unresolved while it is wider than ± ``resolution``, else passes. A correct sampler fails with a
/// probability of at most about α.
struct MeanComparison {
  /// The difference, in standard deviations, that must be seen for a test to count.
  static let resolution = 0.5

  struct Difference {
    let name: String
    /// Δ/σ.
    let value: Double
    let standardError: Double
    let degreesOfFreedom: Double
  }

  let differences: [Difference]
  let falseAlarmRate: Double

  /// Two independent sets of chains (Welch 1947).
  init(_ a: [[Double]], _ b: [[Double]], names: [String], falseAlarmRate: Double) {
    self.falseAlarmRate = falseAlarmRate
    differences = names.indices.map { k in
      let (va, vb) = (variance(of: a[k]), variance(of: b[k]))
      let (na, nb) = (Double(a[k].count), Double(b[k].count))
      let (ea, eb) = (va / na, vb / nb)
      let deviation = ((va + vb) / 2).squareRoot()
      let freedom = (ea + eb) * (ea + eb) / (ea * ea / (na - 1) + eb * eb / (nb - 1))
      return Difference(
        name: names[k], mean: mean(of: a[k]) - mean(of: b[k]), error: (ea + eb).squareRoot(),
        deviation: deviation, degreesOfFreedom: freedom)
    }
  }

  /// The same chains before and after.
  init(before: [[Double]], after: [[Double]], names: [String], falseAlarmRate: Double) {
    self.falseAlarmRate = falseAlarmRate
    differences = names.indices.map { k in
      let changes = zip(after[k], before[k]).map { $0 - $1 }
      let n = Double(changes.count)
      return Difference(
        name: names[k], mean: mean(of: changes),
        error: (variance(of: changes) / n).squareRoot(),
        deviation: ((variance(of: before[k]) + variance(of: after[k])) / 2).squareRoot(),
        degreesOfFreedom: n - 1)
    }
  }

  /// The quantile that a difference over its standard error is held against.
  private func quantile(_ difference: Difference) -> Double {
    studentQuantile(
      1 - falseAlarmRate / (2 * Double(differences.count)),
      degreesOfFreedom: Swift.max(1, difference.degreesOfFreedom))
  }

  /// Whether no statistic differs.
  var agrees: Bool {
    differences.allSatisfy { abs($0.value) <= quantile($0) * $0.standardError }
  }

  /// The row of a table of checks.
  func check(name: String, chains: Int, failure: String, advice: String) -> Check {
    guard
      let worst = differences.max(by: {
        abs($0.value) / $0.standardError < abs($1.value) / $1.standardError
      })
    else {
      preconditionFailure("nothing to compare")
    }
    let reach = quantile(worst) * worst.standardError
    let widest = differences.map { quantile($0) * $0.standardError }.max() ?? reach
    let interval = worst.value - reach...worst.value + reach
    if !agrees {
      return Check(
        name: name, statistic: worst.value, expected: 0, interval: interval, verdict: .fail,
        trajectories: chains, reason: "\(worst.name): \(failure)", advice: advice)
    }
    if widest > MeanComparison.resolution {
      let needed = Int(
        (Double(chains) * pow(widest / MeanComparison.resolution, 2)).rounded(.up))
      return Check(
        name: name, statistic: worst.value, expected: 0, interval: interval, verdict: .unresolved,
        trajectories: chains,
        reason: "differences below half a standard deviation cannot be seen with so few chains",
        advice: "use about \(needed) chains", neededTrajectories: needed)
    }
    return Check(
      name: name, statistic: worst.value, expected: 0, interval: interval, verdict: .pass,
      trajectories: chains)
  }
}

extension MeanComparison.Difference {
  /// A difference that is zero with certainty, or measured in standard deviations.
  fileprivate init(
    name: String, mean: Double, error: Double, deviation: Double, degreesOfFreedom: Double
  ) {
    let isKnown = deviation > 0 && error > 0 && degreesOfFreedom.isFinite
    // Where nothing varies the means are known: they are equal, or differ for certain.
    self.init(
      name: name, value: isKnown ? mean / deviation : mean == 0 ? 0 : mean < 0 ? -1 : 1,
      standardError: isKnown ? error / deviation : 1e-9,
      degreesOfFreedom: isKnown ? degreesOfFreedom : 1)
  }
}
