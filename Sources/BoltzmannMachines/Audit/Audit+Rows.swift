internal import Foundation
internal import NumericalCore
internal import StochasticThermodynamics

/// Rows of the table, from what was measured.
extension Audit {
  /// |πP − π| of the kernels as they run.
  ///
  /// Probabilities are drawn in single precision.
  static func kernelRow(violation: Double) -> Check {
    let limit = 1e-5
    let holds = violation <= limit
    return Check(
      name: "kernels leave the model unchanged: max |pi P - pi|", statistic: violation,
      expected: limit, relation: .atMost, interval: exactly(violation),
      verdict: holds ? .pass : .fail, trajectories: 0,
      reason: holds ? "" : "a sweep moves the machine's own distribution",
      advice: holds ? "" : "the kernels are broken on this processor: try --kernels baseline")
  }

  /// The interval of a number that is known.
  private static func exactly(_ value: Double) -> ClosedRange<Double> {
    value.isFinite ? value...value : -.infinity ... .infinity
  }

  static func row(_ thermalisation: Thermalisation, limit: Int) -> Check {
    let time = thermalisation.time
    var reason = ""
    if case .unresolved(let why) = time.verdict { reason = why }
    return Check(
      name: "thermalisation time, sweeps", statistic: time.value, expected: Double(limit),
      relation: .atMost, interval: time.interval, verdict: time.isResolved ? .pass : .unresolved,
      trajectories: Int(time.effectiveSampleSize.rounded()), reason: reason,
      advice: time.isResolved
        ? ""
        : "more sweeps (--sweeps), or sample by tempering; chains that training starts anew need as many"
    )
  }

  /// Both forms of the heat-exchange theorem.
  static func heatRows(
    _ heats: [Double], difference: Double, effectiveFraction: Double, falseAlarmRate: Double
  ) -> (detailed: DetailedFluctuationTheorem.Result, integral: Check) {
    (
      DetailedFluctuationTheorem.check(
        name: "heat exchange: slope of ln p(Q)/p(-Q)", values: heats, expectedSlope: difference,
        effectiveFraction: effectiveFraction, falseAlarmRate: falseAlarmRate),
      IntegralFluctuationTheorem.check(
        name: "heat exchange: <exp(-(b1 - b2) Q)>",
        entropyProductions: heats.map { difference * $0 }, effectiveFraction: effectiveFraction,
        falseAlarmRate: falseAlarmRate)
    )
  }

  /// Jarzynski, Crooks and the second law of works of both directions.
  ///
  /// - Parameters:
  ///   - difference: ΔF, as well as it is known.
  ///   - isExact: Whether it is exact, so that Crooks' crossing is held against it.
  ///   - effectiveReverse: Independent reverse trajectories.
  static func workRows(
    forward: [Double], reverse: [Double], difference: Double, isExact: Bool,
    effectiveReverse: Double, falseAlarmRate: Double
  ) -> (crooks: CrooksTheorem.Result, rows: [Check]) {
    let effective = Swift.min(1, effectiveReverse / Double(Swift.max(1, reverse.count)))
    let crooks = CrooksTheorem.check(
      name: "annealing, Crooks: slope of ln p_F(W)/p_R(-W)", forward: forward, reverse: reverse,
      freeEnergyDifference: isExact ? difference : nil, effectiveFraction: effective,
      falseAlarmRate: falseAlarmRate)
    let entropies = forward.map { $0 - difference }
    return (
      crooks,
      [
        IntegralFluctuationTheorem.check(
          name: "annealing, Jarzynski: <exp(-(W - dF))>", entropyProductions: entropies,
          reverse: reverse.map { $0 + difference }, effectiveFraction: effective,
          falseAlarmRate: falseAlarmRate),
        crooks.check,
        SecondLaw.check(
          name: "annealing, second law: <W> - dF", entropyProductions: entropies,
          falseAlarmRate: falseAlarmRate),
      ]
    )
  }

  /// A theorem that fails of chains that did not begin in equilibrium says nothing about the kernels.
  static func withdrawn(_ check: Check) -> Check {
    guard check.verdict == .fail else { return check }
    var check = check
    check.verdict = .unresolved
    check.reason = "the chains did not begin in equilibrium: " + check.reason
    check.advice = "equilibrate longer (--sweeps)"
    return check
  }

  /// An estimate of ln Z against the exact value.
  static func agreement(_ estimate: Estimate, _ exact: Double, falseAlarmRate: Double) -> Check {
    let stretch = Audit.stretch(falseAlarmRate)
    let low = estimate.value - stretch * (estimate.value - estimate.interval.lowerBound)
    let high = estimate.value + stretch * (estimate.interval.upperBound - estimate.value)
    let holds = low <= exact && exact <= high
    return Check(
      name: "ln Z by annealing against enumeration", statistic: estimate.value, expected: exact,
      interval: estimate.interval,
      verdict: !estimate.isResolved ? .unresolved : holds ? .pass : .fail,
      trajectories: Int(estimate.effectiveSampleSize.rounded()),
      reason: !estimate.isResolved
        ? "ln Z is unresolved" : holds ? "" : "the interval misses the exact value",
      advice: holds && estimate.isResolved
        ? "" : "more temperatures (szilard evaluate --temperatures)")
  }

  /// Two estimates of ln Z against one another.
  static func agreement(
    _ one: Estimate, _ other: Estimate, of name: String, advice: String, falseAlarmRate: Double
  ) -> Check {
    let width = hypot(one.halfWidth, other.halfWidth)
    let value = one.value - other.value
    let fits = abs(value) <= Audit.stretch(falseAlarmRate) * width
    let isKnown = one.isResolved && other.isResolved && width.isFinite
    var reason = fits ? "" : "the two find different modes"
    if case .unresolved(let why) = other.verdict { reason = "ln Z by \(name): \(why)" }
    if case .unresolved(let why) = one.verdict { reason = "ln Z by annealing: \(why)" }
    return Check(
      name: "ln Z by annealing less that by \(name)", statistic: value, expected: 0,
      interval: isKnown ? value - width...value + width : -.infinity ... .infinity,
      verdict: !isKnown ? .unresolved : fits ? .pass : .fail,
      trajectories: Int(Swift.min(one.effectiveSampleSize, other.effectiveSampleSize).rounded()),
      reason: reason,
      advice: isKnown && fits ? "" : advice)
  }

  /// By how much intervals of 95 % are longer at the false-alarm rate.
  private static func stretch(_ falseAlarmRate: Double) -> Double {
    normalQuantile(falseAlarmRate / 2) / normalQuantile(0.025)
  }

  /// The laws of the training that made the machine.
  static func trainingRows(
    _ thermodynamics: TrainingThermodynamics, annealing: Estimate?, falseAlarmRate: Double
  ) -> [Check] {
    let violation = thermodynamics.firstLawViolation
    let limit = 1e-10
    let holds = violation <= limit
    var rows = [
      Check(
        name: "training, first law: max |dE - W - Q|", statistic: violation, expected: limit,
        relation: .atMost, interval: exactly(violation),
        verdict: holds ? .pass : .fail, trajectories: 0,
        reason: holds ? "" : "energy was lost in the books",
        advice: holds ? "" : "the checkpoint is damaged, or the ledger is")
    ]
    if var secondLaw = thermodynamics.secondLaw(
      orWith: annealing, stretch: stretch(falseAlarmRate))
    {
      secondLaw.name = "training, second law: <W> - dF"
      rows.append(secondLaw)
    }
    if let along = thermodynamics.logPartitionFunction, let annealing {
      rows.append(
        agreement(
          annealing, along, of: "annealing along the training",
          advice: "train with more probes (train --probes), or a smaller learning rate",
          falseAlarmRate: falseAlarmRate))
    }
    return rows
  }
}
