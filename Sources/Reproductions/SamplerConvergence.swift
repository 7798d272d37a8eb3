internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import StochasticThermodynamics

extension Reproduction {
  /// diff-f7: what a sampler makes of its evaluations.
  static let samplerConvergence = Reproduction(
    id: "diff-f7", title: "Samplers by their evaluations of the model",
    paper: "Karras, Aittala, Aila and Laine 2022, section 3; Song, Meng and Ermon 2021",
    claim: """
      With the exact score the error of Euler's method and of the implicit sampler falls as the first power of the step, that of \
      Heun's as the second; 35 evaluations of Heun's on Karras's grid are about as good as an adaptive solution.
      """,
    settings: """
      A mixture of two Gaussians on the line (weights 0.4 and 0.6 at ±1, deviation 0.2, then scaled to variance 0.25, the deviation that \
      Karras's grid is made for). Orders: root mean square difference from the adaptive solution (tolerance 10⁻¹⁰) of the maps of 200 \
      quantiles of the noise. Quality: the Wasserstein distance W2 of 10,000 samples from the exact quantiles.
      """,
    criterion: """
      Fitted orders within 0.2 of 1 (Euler, implicit) and of 2 (Heun in time, Heun on Karras's grid); W2 of Heun's at 35 evaluations less than \
      twice that of the adaptive solution (tolerance 10⁻⁵), from the same noise.
      """,
    run: { context in try SamplerConvergence(context).run() })
}

/// The run of diff-f7.
private struct SamplerConvergence {
  let context: ReproductionContext
  private let samples = 10_000

  init(_ context: ReproductionContext) { self.context = context }

  private func law() throws -> PointMixture {
    // Variance of ±1 with weights 0.4, 0.6 and of the components: 0.96 + 0.04.
    let scale = 0.5
    let points = Matrix<Double>(
      rows: 2, columns: 1, elements: [-scale * 1.2, scale * 0.8])
    return try PointMixture(
      points: points, weights: [0.4, 0.6], variance: 0.04 * scale * scale,
      workers: context.workers)
  }

  func run() throws -> ReproductionOutcome {
    var outcome = ReproductionOutcome(measured: [], checks: [])
    let law = try law()
    let orders = try self.orders(law, &outcome)
    context.progress(0.4)
    let quality = try self.quality(law, &outcome)
    outcome.figures = [
      SeriesFigure.make(
        name: "diff-f7-orders", title: "Errors of deterministic samplers",
        caption:
          "Root mean square difference from the adaptive solution of the same flow against the number of steps. Lines fall as the first power of the step for Euler's method and the implicit sampler and as the second for Heun's.",
        xLabel: "steps", yLabel: "error", series: orders, isXLogarithmic: true,
        isYLogarithmic: true),
      SeriesFigure.make(
        name: "diff-f7", title: "Quality of samples by evaluations of the model",
        caption:
          "Wasserstein distance of 10,000 samples from the exact law. The reference is what as many independent samples of the law itself have, root mean square; all samplers begin with the same noise here and share its luck, so that they can be compared below it.",
        xLabel: "evaluations a sample (NFE)", yLabel: "W2", series: quality.series,
        references: [
          SeriesFigure.ReferenceLine(value: quality.floor, name: "samples of the law")
        ], isXLogarithmic: true, isYLogarithmic: true),
    ]
    return outcome
  }

  // MARK: Orders

  private func orders(
    _ law: PointMixture, _ outcome: inout ReproductionOutcome
  ) throws -> [SeriesFigure.Series] {
    var noise = Matrix<Double>(rows: 200, columns: 1)
    for row in 0..<200 { noise[row, 0] = normalQuantile((Double(row) + 0.5) / 200) }
    let path = NoisePath.cosine(offset: 0)
    let start = 0.02
    let steps = [64, 128, 256, 512]
    let exact = try ProbabilityFlow(
      law, path: path, method: .adaptive(tolerance: 1e-10), from: start
    ).map(noise)
    // The same flow in y = x/a: a = 1, σ from 80 to 0.002, and the last step to 0.
    let karras = NoisePath.karras(smallest: 0.002, largest: 80, exponent: 7)
    let wide = noise.map { 80 * $0 }
    let near = try ProbabilityFlow(
      law, path: karras, method: .adaptive(tolerance: 1e-10), from: 0
    ).map(wide)
    let reached = try law.predict(.data, of: near, at: karras.level(at: 0))
    let maps:
      [(
        name: String, order: Double, reference: Matrix<Double>, map: (Int) throws -> Matrix<Double>
      )] = [
        (
          "Euler in time", 1, exact,
          {
            try ProbabilityFlow(law, path: path, method: .euler(steps: $0), from: start).map(noise)
          }
        ),
        (
          "implicit (DDIM, η = 0)", 1, exact,
          { count in
            let levels = (0...count).map {
              path.level(at: start + (1 - start) * Double($0) / Double(count))
            }
            return try ImplicitSampler(law, levels: levels, startDeviation: 1).map(noise)
          }
        ),
        (
          "Heun in time", 2, exact,
          { try ProbabilityFlow(law, path: path, method: .heun(steps: $0), from: start).map(noise) }
        ),
        ("Heun on Karras's grid", 2, reached, { try HeunSampler(law, levels: $0).map(wide) }),
      ]
    return try maps.map { one in
      let errors = try steps.map { count in
        let reached = try one.map(count)
        let squares = (0..<noise.rows).map { pow(reached[$0, 0] - one.reference[$0, 0], 2) }
        return mean(of: squares).squareRoot()
      }
      let line = WeightedLine(
        zip(steps, errors).map { (x: log(Double($0)), y: log($1), weight: 1) })
      outcome.measured.append(("\(one.name): order", -line.slope))
      outcome.checks.append(
        .exact(
          "\(one.name): order, off \(Int(one.order)) by", abs(-line.slope - one.order), atMost: 0.2)
      )
      return SeriesFigure.Series(name: one.name, x: steps.map(Double.init), y: errors)
    }
  }

  // MARK: Quality

  private func quality(
    _ law: PointMixture, _ outcome: inout ReproductionOutcome
  ) throws -> (series: [SeriesFigure.Series], floor: Double) {
    let quantiles = self.quantiles(law)
    func distance(_ states: Matrix<Double>) -> Double {
      let sorted = (0..<states.rows).map { states[$0, 0] }.sorted()
      return mean(of: zip(sorted, quantiles).map { ($0 - $1) * ($0 - $1) }).squareRoot()
    }
    func drawn(_ sampler: any Sampler) throws -> (evaluations: Int, distance: Double) {
      let set = try sampler.samples(samples, seed: context.seed, workers: context.workers)
      return (set.evaluations, distance(set.samples))
    }
    let arc = NoisePath.cosine(offset: 0)
    let preserving = NoisePath.variancePreserving(first: 0.1, last: 20)
    let ladders: [(name: String, steps: [Int], sampler: (Int) throws -> any Sampler)] = [
      (
        "ancestral", [10, 20, 40, 80, 160],
        { steps in
          let schedule = try NoiseSchedule(path: .cosine(offset: 0.008), steps: steps)
          return AncestralSampler(
            try DenoisingKernel(
              law, diffusion: GaussianDiffusion(schedule), variance: .posterior),
            isLastStepNoiseless: true)
        }
      ),
      (
        "implicit (DDIM, η = 0)", [5, 10, 20, 40, 80],
        { steps in
          try ImplicitSampler(
            law, schedule: NoiseSchedule(path: .cosine(offset: 0.008), steps: steps))
        }
      ),
      (
        "reverse diffusion", [20, 40, 80, 160],
        { try ReverseDiffusion(law, path: preserving, steps: $0) }
      ),
      (
        "Euler in time", [10, 20, 40, 80],
        { try ProbabilityFlow(law, path: arc, method: .euler(steps: $0), from: 1e-3) }
      ),
      ("Heun on Karras's grid", [6, 10, 18, 32], { try HeunSampler(law, levels: $0) }),
    ]
    var series: [SeriesFigure.Series] = []
    var heun = Double.nan
    for (index, ladder) in ladders.enumerated() {
      let points = try ladder.steps.map { try drawn(try ladder.sampler($0)) }
      for point in points {
        outcome.measured.append(
          ("\(ladder.name), NFE \(point.evaluations): W2", point.distance))
        if ladder.name.hasPrefix("Heun"), point.evaluations == 35 { heun = point.distance }
      }
      series.append(
        SeriesFigure.Series(
          name: ladder.name, x: points.map { Double($0.evaluations) }, y: points.map(\.distance)))
      context.progress(0.4 + 0.1 * Double(index + 1))
    }
    // The adaptive solution of the same equation from the same noise.
    let karras = NoisePath.karras(smallest: 0.002, largest: 80, exponent: 7)
    let adaptive = try drawn(
      ProbabilityFlow(law, path: karras, method: .adaptive(tolerance: 1e-5), from: 0))
    series.append(
      SeriesFigure.Series(
        name: "adaptive Runge–Kutta", x: [Double(adaptive.evaluations)], y: [adaptive.distance],
        style: .points))
    // Without the luck of the draw: the maps of quantiles of the noise.
    let wide = Matrix<Double>(
      rows: samples, columns: 1,
      elements: (0..<samples).map {
        80 * normalQuantile((Double($0) + 0.5) / Double(samples))
      })
    let quiet = distance(try HeunSampler(law, levels: 18).map(wide))
    let quietest = distance(
      try ProbabilityFlow(law, path: karras, method: .adaptive(tolerance: 1e-5), from: 0).map(wide))
    let floor = mean(
      of: (1...8).map { pow(distance(law.samples(samples, seed: context.seed &+ $0)), 2) }
    ).squareRoot()
    outcome.measured += [
      ("Heun on Karras's grid, NFE 35, of quantiles: W2", quiet),
      ("adaptive, of quantiles: W2", quietest),
    ]
    outcome.measured += [
      ("adaptive, NFE \(adaptive.evaluations): W2", adaptive.distance),
      ("samples of the law: W2", floor),
    ]
    outcome.checks += [
      .exact(
        "W2 of Heun's at 35 evaluations, of the adaptive one's", heun / adaptive.distance, atMost: 2
      )
    ]
    return (series, floor)
  }

  /// Quantiles of the law at (i − ½)/n, by bisection.
  private func quantiles(_ law: PointMixture) -> [Double] {
    let width = law.variance.squareRoot()
    func distribution(_ x: Double) -> Double {
      (0..<law.points.rows).reduce(0) {
        $0 + law.weights[$1] * normalDistribution((x - law.points[$1, 0]) / width)
      }
    }
    return context.workers.map(samples) { index in
      let part = (Double(index) + 0.5) / Double(samples)
      var (low, high) = (-10.0, 10.0)
      for _ in 0..<60 {
        let middle = (low + high) / 2
        if distribution(middle) < part { low = middle } else { high = middle }
      }
      return (low + high) / 2
    }
  }
}
