internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f6: what the number of steps and the schedule allow.
  static let boundBySchedule = Reproduction(
    id: "diff-f6", title: "The best bound by steps and schedule",
    paper: "Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli 2015, section 2.4",
    claim: """
      Kernels of independent coordinates cannot reach −H(X_1) with a finite number of steps; what they lose is a matter of the \
      schedule. On a curve the bound is set by β_1, for noise-free data have a density without bound.
      """,
    settings: """
      A spiral in the plane, 3π/2 ≤ φ ≤ 9π/2, uniform in φ, average variance 1 (arc length 13.16), without noise and of thickness 0.02; \
      kernels with the exact mean and variances behind each state. T = 40 and 400 steps of equal log-SNR from β_1 to ᾱ_T = 10⁻³, and \
      with thickness 1/(T − t + 1) with β_1 = 10⁻⁴, cosine, and equal log-SNR. 400 paths (100 for T = 400; four times as many with --full). \
      The heartbeat of 20 bits with the best kernel of independent bits, ρ = 0.2 and 0.5, T = 20 to 2000, and its samples.
      """,
    criterion: """
      K_opt within four standard errors of the table of the fact sheet, whose values are known to ± 0.05 bits; at most −H(X_1) + 4 standard \
      errors; the schedule of equal log-SNR better than 1/(T − t + 1) by more than a bit. Heartbeat: K_opt and the share of valid samples within \
      four standard errors of the table.
      """,
    run: { context in
      var half = context
      half.progress = { context.progress(0.5 * $0) }
      var outcome = try BoundBySchedule(half).run()
      let bits = try HeartbeatDissipation.run(context) { context.progress(0.5 + 0.5 * $0) }
      outcome.measured += bits.measured
      outcome.checks += bits.checks
      outcome.figures.append(HeartbeatDissipation.figure(bits))
      return outcome
    })
}

/// The run of the half of diff-f6 in the plane.
struct BoundBySchedule {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  /// Standard error of the values of the fact sheet, in bits.
  private static let tableError = 0.05

  private struct Case {
    var name: String
    var schedule: NoiseSchedule
    var thickness: Double
    var expected: Double
    var paths: Int
  }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    var series: [SeriesFigure.Series] = []
    var thick: [String: Double] = [:]
    let cases = try self.cases()
    for (index, one) in cases.enumerated() {
      let value = try bound(one, index)
      let error = value.halfWidth / normalQuantile(0.975)
      let total = (error * error + Self.tableError * Self.tableError).squareRoot()
      let difference = value.value - one.expected
      outcome.measured += [
        ("\(one.name): K_opt (bits)", value.value), ("\(one.name): standard error", error),
      ]
      outcome.checks.append(
        .exact(
          "\(one.name): K_opt against \(one.expected), in standard errors",
          abs(difference) / total, atMost: 4))
      if one.thickness == 0 {
        let entropy = log2(13.1636) + 0.5 * log2(2 * .pi * M_E * one.schedule.rate(1))
        outcome.checks.append(
          .exact(
            "\(one.name): K_opt above −H(X_1), in standard errors",
            (value.value + entropy) / error, atMost: 4))
      } else {
        thick[one.name] = value.value
      }
      series.append(
        SeriesFigure.Series(
          name: one.name, x: [Double(index + 1)], y: [value.value],
          low: [value.interval.lowerBound], high: [value.interval.upperBound], style: .points))
      context.progress(Double(index + 1) / Double(cases.count))
    }
    let gain = (thick["thick, equal log-SNR"] ?? .nan) - (thick["thick, 1/(T − t + 1)"] ?? .nan)
    outcome.checks.append(
      .exact("gain of equal log-SNR over 1/(T − t + 1) at T = 40 (bits)", gain, atLeast: 1))
    outcome.figures = [try figure(outcome)]
    return outcome
  }

  private func cases() throws -> [Case] {
    let scale = context.isFull ? 4 : 1
    func equal(_ steps: Int, _ rate: Double) throws -> NoiseSchedule {
      try .uniformLogSignalToNoise(steps: steps, firstRate: rate, lastSignalPower: 1e-3)
    }
    var result: [Case] = []
    for (rate, expected) in [(1e-3, -0.92), (1e-4, 0.64), (1e-5, 2.18), (1e-6, 3.65)] {
      result.append(
        Case(
          name: "thin, T = 40, β_1 = \(NumberText.general(rate))", schedule: try equal(40, rate),
          thickness: 0, expected: expected, paths: 400 * scale))
    }
    for (rate, expected) in [(1e-3, -0.76), (1e-4, 0.88), (1e-5, 2.57)] {
      result.append(
        Case(
          name: "thin, T = 400, β_1 = \(NumberText.general(rate))",
          schedule: try equal(400, rate), thickness: 0, expected: expected, paths: 100 * scale))
    }
    var rates = NoiseSchedule.reciprocal(steps: 40).rates
    rates[0] = 1e-4
    result += [
      Case(
        name: "thick, 1/(T − t + 1)", schedule: try NoiseSchedule(rates: rates), thickness: 0.02,
        expected: -1.68, paths: 400 * scale),
      Case(
        name: "thick, cosine",
        schedule: try NoiseSchedule(path: .cosine(offset: 0.008), steps: 40), thickness: 0.02,
        expected: -1.76, paths: 400 * scale),
      Case(
        name: "thick, equal log-SNR", schedule: try equal(40, 1e-4), thickness: 0.02,
        expected: -0.47, paths: 400 * scale),
    ]
    return result
  }

  /// K_opt in bits.
  private func bound(_ one: Case, _ index: Int) throws -> Estimate {
    // Points closer than two thirds of the least width.
    let width = (one.thickness * one.thickness + one.schedule.rate(1)).squareRoot()
    let law = try PointMixture(
      points: SwissRoll(thickness: one.thickness).points(max(2000, Int(13.2 * 1.5 / width))),
      variance: one.thickness * one.thickness, workers: context.workers)
    let bound = OptimalBound(
      law, diffusion: GaussianDiffusion(one.schedule), workers: context.workers)
    return try bound.evaluate(paths: one.paths, seed: context.seed &+ UInt64(index)).total
      .scaled(by: 1 / log(2))
  }

  private func figure(_ outcome: ReproductionOutcome) throws -> Figure {
    func values(_ prefix: String) -> [Double] {
      outcome.measured.filter { $0.name.hasPrefix(prefix) && $0.name.hasSuffix("(bits)") }
        .map(\.value)
    }
    func errors(_ prefix: String) -> [Double] {
      outcome.measured.filter { $0.name.hasPrefix(prefix) && $0.name.hasSuffix("error") }
        .map(\.value)
    }
    let rates = [1e-3, 1e-4, 1e-5, 1e-6]
    let series = [40, 400].map { steps -> SeriesFigure.Series in
      let y = values("thin, T = \(steps),")
      let e = errors("thin, T = \(steps),")
      return SeriesFigure.Series(
        name: "best kernels, T = \(steps)", x: Array(rates.prefix(y.count)), y: y,
        low: zip(y, e).map { $0 - 2 * $1 }, high: zip(y, e).map { $0 + 2 * $1 }, style: .points)
    }
    let line = SeriesFigure.Series(
      name: "−H(X_1)", x: rates,
      y: rates.map { -log2(13.1636) - 0.5 * log2(2 * .pi * M_E * $0) })
    return SeriesFigure.make(
      name: "diff-f6", title: "The best bound on a spiral without thickness",
      caption:
        "K of the best kernels of independent coordinates against the width of the first step. The line is −H(X_1), which no K is above: a curve without thickness has any bound one likes.",
      xLabel: "β_1", yLabel: "K_opt (bits)", series: [line] + series, isXLogarithmic: true)
  }
}
