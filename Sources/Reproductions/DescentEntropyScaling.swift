internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticGradients
internal import StochasticThermodynamics

extension Reproduction {
  /// sgd-f4: entropy production against rate and batch size.
  static let descentEntropyScaling = Reproduction(
    id: "sgd-f4", title: "Entropy production grows with the rate and not with the batch",
    paper: DescentExample.paper,
    claim: """
      C, D and S all scale with the noise of a batch, so ⟨σ⟩ = tr(Cᵀ D⁻¹ C S⁻¹) a step does not depend on the size of the \
      batch, and is proportional to the rate.
      """,
    settings: """
      \(DescentExample.settings). Rates of 1e-8, 3.2e-8, 1e-7, 3.2e-7 and 1e-6 at B = 10, 10 million steps each of 32 chains \
      that start from the theory; B = 2, 5, 20, 50 and 100 at 1e-7, 3 million steps each (with --full ten times as many).
      """,
    criterion: """
      Trace formula: constant in B to 1e-10, slope in η 1 to 1e-6. Runs: slope of ln⟨vᵀD⁻¹v⟩ in ln η 1.00 ± 0.02; for each B \
      ⟨vᵀD⁻¹v⟩ within four standard errors (of the scatter of chains) of theory with finite steps. (At 1e-6 the run is so \
      precise that it leaves linear theory, see the numbers.)
      """,
    run: { context in try run(DescentExample(context)) })

  private static let rates = [1e-8, 3.2e-8, 1e-7, 3.2e-7, 1e-6]
  private static let sizes = [2, 5, 20, 50, 100]

  private static func run(_ example: DescentExample) throws -> ReproductionOutcome {
    var result = ReproductionOutcome(measured: [], checks: [])
    let factor = example.context.isFull ? 10 : 1
    let first = try example.state(rate: 1e-7).entropyProduction
    var spread = 0.0
    for size in [1] + sizes + [190] {
      let value = try example.state(rate: 1e-7, batchSize: size).entropyProduction
      spread = max(spread, abs(value / first - 1))
    }
    let low = try example.state(rate: rates[0]).entropyProduction
    let high = try example.state(rate: rates[4]).entropyProduction
    result.checks = [
      .exact("trace formula: largest relative change with B", spread, atMost: 1e-10),
      .exact(
        "trace formula: slope in η, less 1",
        abs(log(high / low) / log(rates[4] / rates[0]) - 1), atMost: 1e-6),
    ]
    var points: [(rate: Double, value: Double, error: Double, theory: Double)] = []
    for (index, rate) in rates.enumerated() {
      let point = try production(
        example, rate: rate, batchSize: 10, chains: 8, steps: 10_000_000 * factor,
        salt: UInt64(index + 1),
        fractions: 0.14 * Double(index)...0.14 * Double(index + 1))
      points.append((rate, point.value, point.error, point.theory))
      add("η = \(rate)", point, &result, isChecked: false)
    }
    let line = WeightedLine(
      points.map { (log($0.rate), log($0.value), $0.value / $0.error) })
    result.checks.append(.exact("runs: slope in η, less 1", abs(line.slope - 1), atMost: 0.02))
    result.measured += [
      ("slope of ln⟨vᵀD⁻¹v⟩ in ln η", line.slope), ("its standard error", line.slopeError),
    ]
    var batches: [(size: Int, value: Double, error: Double)] = []
    for (index, size) in sizes.enumerated() {
      let point = try production(
        example, rate: 1e-7, batchSize: size, chains: 32, steps: 3_000_000 * factor,
        salt: UInt64(index + 11),
        fractions: 0.7 + 0.06 * Double(index)...0.7 + 0.06 * Double(index + 1))
      batches.append((size, point.value, point.error))
      add("B = \(size)", point, &result)
    }
    result.figures = [
      SeriesFigure.make(
        name: "sgd-f4", title: "Entropy production against the learning rate",
        caption:
          "Circles: ⟨vᵀD⁻¹v⟩ of descent, bars of 95 %. Line: the trace formula of linear theory, proportional to the rate.",
        xLabel: "learning rate η", yLabel: "entropy production a step (nats)",
        series: [
          SeriesFigure.Series(
            name: "trace formula", x: rates, y: rates.map { first * $0 / 1e-7 }),
          SeriesFigure.Series(
            name: "descent", x: points.map(\.rate), y: points.map(\.value),
            low: points.map { $0.value - 1.96 * $0.error },
            high: points.map { $0.value + 1.96 * $0.error }, style: .points),
        ], isXLogarithmic: true, isYLogarithmic: true),
      SeriesFigure.make(
        name: "sgd-f4-batch", title: "Entropy production against the batch size",
        caption:
          "At a fixed rate the entropy production of a step does not depend on the batch size.",
        xLabel: "batch size B", yLabel: "entropy production a step (nats)",
        series: [
          SeriesFigure.Series(
            name: "descent at η = 1e-7", x: batches.map { Double($0.size) },
            y: batches.map(\.value), low: batches.map { $0.value - 1.96 * $0.error },
            high: batches.map { $0.value + 1.96 * $0.error }, style: .points)
        ], references: [SeriesFigure.ReferenceLine(value: first, name: "trace formula")],
        isXLogarithmic: true),
    ]
    return result
  }

  /// ⟨vᵀD⁻¹v⟩ of a run, its error from the scatter of chains, and theory with finite steps.
  ///
  /// Chains begin in the state of theory and forget it for two relaxation times of the slowest mode.
  private static func production(
    _ example: DescentExample, rate: Double, batchSize: Int, chains: Int, steps: Int, salt: UInt64,
    fractions: ClosedRange<Double>
  ) throws -> (value: Double, error: Double, theory: Double) {
    let state = try example.state(rate: rate, batchSize: batchSize)
    let outcome = try example.run(
      about: state, rate: rate, batchSize: batchSize, chains: chains, steps: steps,
      burnIn: Int(2 * state.relaxationTime), salt: salt, fractions: fractions)
    let form = state.dissipation
    let values = outcome.chains.map { chain in
      // About the minimum: v is that of theory.
      let mean = chain.mean
      let covariance = chain.covariance
      var sum = 0.0
      for i in mean.indices {
        for j in mean.indices { sum += form[i, j] * (covariance[i, j] + mean[i] * mean[j]) }
      }
      return sum
    }
    let theory = state.discreteCovariance().map { state.entropyProduction(covariance: $0) }
    return (
      mean(of: values), (variance(of: values) / Double(values.count)).squareRoot(),
      theory ?? state.entropyProduction
    )
  }

  private static func add(
    _ name: String, _ point: (value: Double, error: Double, theory: Double),
    _ result: inout ReproductionOutcome, isChecked: Bool = true
  ) {
    if isChecked {
      result.checks.append(
        .exact(
          "\(name): run less theory, standard errors",
          abs(point.value - point.theory) / point.error, atMost: 4))
    }
    result.measured += [
      ("\(name): ⟨vᵀD⁻¹v⟩", point.value), ("\(name): standard error", point.error),
      ("\(name): theory", point.theory),
    ]
  }
}
