internal import Foundation
internal import NumericalCore
internal import Reporting
internal import SpectralTheory
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r7: the noise bulk of couplings, and the modes that stand out of it.
  static let noiseBulk = Reproduction(
    id: "bm-r7", title: "Noise bulk and outliers of couplings with planted modes",
    paper: "Decelle, Fissore and Furtlehner 2018, J. Stat. Phys. 172, 1576",
    claim: """
      The singular values of independent couplings fill the bulk of Marchenko and Pastur; a planted mode \
      stands out of it when it is larger than the noise, where Baik, Ben Arous and Péché's formula says.
      """,
    settings: """
      Matrices of 2000 × 1000, 1000 × 1000 and 1000 × 2500 (with --full twice as large), six of each, σ = 1; noise \
      alone, and with eight planted modes of 3, 2.5, 2, 1.5, 1.2, 0.85, 0.7 and 0.5 along random \
      orthonormal vectors.
      """,
    criterion: """
      In the mean over the matrices extreme singular values within 2 % of the edges (of the upper edge, where the \
      lower one is zero) and outliers within 2 % of the formula for w ≥ 1.2 σ; with modes of w < 0.9 σ alone the largest value within 2 % of \
      the edge, and at most two of the 18 matrices have one above the 99.9 % point of noise (of noise three or more would, \
      once in a million times); modes of w ≥ 1.5 σ are all told (w = 1.2 σ lies within the fluctuations of the edge at these \
      sizes, and may be or not); the noise's width within three standard errors; noise of another width is told apart.
      """,
    run: { context in NoiseBulkAndOutliers(context).run() })
}

/// The run of bm-r7.
private struct NoiseBulkAndOutliers {
  private static let planted = [3, 2.5, 2, 1.5, 1.2, 0.85, 0.7, 0.5]
  private static let matrices = 6

  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() -> ReproductionOutcome {
    LinearAlgebra.useOneThread()
    var outcome = ReproductionOutcome(measured: [], checks: [])
    var series: [SeriesFigure.Series] = []
    let factor = context.isFull ? 2 : 1
    let shapes = [(2000, 1000), (1000, 1000), (1000, 2500)].map { ($0.0 * factor, $0.1 * factor) }
    var falseOutliers = (weak: 0, all: 0)
    for (index, shape) in shapes.enumerated() {
      series.append(examine(shape.0, shape.1, index: UInt64(index), &outcome, &falseOutliers))
      context.progress(Double(index + 1) / Double(shapes.count))
    }
    outcome.checks += [
      .exact(
        "outliers with modes of w < 0.9 alone, all matrices", Double(falseOutliers.weak), atMost: 2),
      .exact(
        "outliers beyond the modes of w ≥ 1.2, all matrices", Double(falseOutliers.all), atMost: 2),
    ]
    outcome.figures = [figure(series, shapes)]
    return outcome
  }

  /// What one matrix of noise, with and without planted modes, brought.
  private struct Instance {
    /// Singular values of the noise alone.
    var noise: [Double]
    /// The leading singular values with all planted modes, and the squared overlaps of their vectors.
    var outliers: [Double]
    var left: [Double]
    var right: [Double]
    /// Modes recognised, of all and of the weak ones alone.
    var found: Int
    var foundWeak: Int
    /// The largest singular value with the weak modes alone.
    var largestWeak: Double
  }

  private func instance(_ rows: Int, _ columns: Int, index: UInt64) -> Instance {
    let law = MarchenkoPasturLaw(rows: rows, columns: columns, sigma: 1)
    let noise = draw(rows, columns, index: 3 * index).map { $0 * law.entryDeviation }
    let left = LinearAlgebra.singularValueDecomposition(
      draw(Self.planted.count, rows, index: 3 * index + 1)
    ).right
    let right = LinearAlgebra.singularValueDecomposition(
      draw(Self.planted.count, columns, index: 3 * index + 2)
    ).right
    func planting(_ chosen: [Int]) -> Matrix<Double> {
      let signal = SingularValueDecomposition(
        values: chosen.map { Self.planted[$0] }, left: left.selectingRows(chosen),
        right: right.selectingRows(chosen))
      return LinearAlgebra.sum(signal.matrix, noise)
    }
    func found(_ values: [Double]) -> Int {
      NoiseBulk(of: values, rows: rows, columns: columns).outliers
    }
    let modes = LinearAlgebra.singularValueDecomposition(planting(Array(Self.planted.indices)))
    let weak = LinearAlgebra.singularValues(
      planting(Self.planted.indices.filter { Self.planted[$0] < 0.9 }).map { Float($0) })
    return Instance(
      noise: LinearAlgebra.singularValues(noise.map { Float($0) }),
      outliers: Array(modes.values.prefix(Self.planted.count)),
      left: Self.planted.indices.map { squared(modes.left.row($0), left.row($0)) },
      right: Self.planted.indices.map { squared(modes.right.row($0), right.row($0)) },
      found: found(modes.values), foundWeak: found(weak), largestWeak: weak.first ?? .nan)
  }

  /// Instances, shared out among the threads.
  private func instances(_ rows: Int, _ columns: Int, index: UInt64) -> [Instance] {
    var results = [Instance?](repeating: nil, count: Self.matrices)
    results.withUnsafeMutableBufferPointer { buffer in
      let buffer = UncheckedSendable(buffer)
      context.workers.forEachRange(of: Self.matrices) { range, _ in
        for number in range {
          buffer.value[number] = instance(
            rows, columns, index: index * UInt64(Self.matrices) + UInt64(number))
        }
      }
    }
    return results.compactMap { $0 }
  }

  private func examine(
    _ rows: Int, _ columns: Int, index: UInt64, _ outcome: inout ReproductionOutcome,
    _ falseOutliers: inout (weak: Int, all: Int)
  ) -> SeriesFigure.Series {
    let name = "\(rows) × \(columns)"
    let law = MarchenkoPasturLaw(rows: rows, columns: columns, sigma: 1)
    let all = instances(rows, columns, index: index)
    let (low, high) = (law.edges.lowerBound, law.edges.upperBound)
    let least = mean(of: all.map { $0.noise.last ?? .nan })
    let largest = mean(of: all.map { $0.noise.first ?? .nan })
    outcome.checks += [
      .exact(
        "\(name): largest of the noise, relative error", abs(largest / high - 1), atMost: 0.02),
      .exact(
        "\(name): smallest of the noise, relative error",
        abs(least - low) / (low > 0 ? low : high), atMost: 0.02),
    ]
    outcome.measured += [
      ("\(name): largest of the noise", largest), ("\(name): upper edge", high),
      ("\(name): smallest of the noise", least), ("\(name): lower edge", low),
      (
        "\(name): distance of the noise from the law",
        mean(of: all.map { law.distance(of: $0.noise) })
      ),
    ]
    checkWidth(name, all[0].noise, law, &outcome)
    outcome.checks += [
      .exact(
        "\(name): largest value with modes of w < 0.9 alone, above the edge",
        mean(of: all.map(\.largestWeak)) / high - 1, atMost: 0.02),
      .exact(
        "\(name): outliers found, fewest", Double(all.map(\.found).min() ?? 0),
        atLeast: Double(Self.planted.count { $0 >= 1.5 })),
    ]
    let strong = Self.planted.count { $0 >= 1.2 }
    falseOutliers.weak += all.reduce(0) { $0 + $1.foundWeak }
    falseOutliers.all += all.reduce(0) { $0 + max(0, $1.found - strong) }
    for (mode, w) in Self.planted.enumerated() where w >= 1.2 {
      let location = law.outlier(planted: w)
      let seen = mean(of: all.map { $0.outliers[mode] })
      outcome.checks.append(
        .exact(
          "\(name): outlier of w = \(w), relative error", abs(seen / location - 1), atMost: 0.02))
      let overlaps = law.squaredOverlaps(planted: w)
      outcome.measured += [
        ("\(name), w = \(w): outlier", seen), ("\(name), w = \(w): by the formula", location),
        ("\(name), w = \(w): squared overlap of u", mean(of: all.map { $0.left[mode] })),
        ("\(name), w = \(w): by the formula, u", overlaps.left),
        ("\(name), w = \(w): squared overlap of v", mean(of: all.map { $0.right[mode] })),
        ("\(name), w = \(w): by the formula, v", overlaps.right),
      ]
    }
    return SeriesFigure.Series(
      name: "\(name), measured", x: Self.planted,
      y: Self.planted.indices.map { mode in mean(of: all.map { $0.outliers[mode] }) },
      style: .points)
  }

  /// The width of the noise against its interval, and a law of another width as a negative control.
  private func checkWidth(
    _ name: String, _ values: [Double], _ law: MarchenkoPasturLaw,
    _ outcome: inout ReproductionOutcome
  ) {
    let bulk = NoiseBulk(of: values, rows: law.rows, columns: law.columns)
    let scale = 1 / law.entryDeviation
    outcome.checks.append(
      .measured(
        "\(name): width of the noise σ", bulk.entryDeviation.value * scale,
        standardError: bulk.entryDeviation.halfWidth / normalQuantile(0.975) * scale, expected: 1,
        trajectories: 1))
    outcome.checks.append(
      .exact(
        "\(name): distance of the noise, of the most that noise has",
        bulk.distance / bulk.distanceBound, atMost: 1))
    let other = MarchenkoPasturLaw(rows: law.rows, columns: law.columns, sigma: 1.05)
    outcome.checks.append(
      .exact(
        "\(name): the same from a law 5 % wider", other.distance(of: values) / bulk.distanceBound,
        atLeast: 1))
  }

  private func squared(_ a: [Double], _ b: [Double]) -> Double {
    let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    return product * product
  }

  private func draw(_ rows: Int, _ columns: Int, index: UInt64) -> Matrix<Double> {
    var random = RandomStream(seed: context.seed, purpose: .modelSystem, index: index)
    var result = Matrix<Double>(rows: rows, columns: columns)
    for i in 0..<rows {
      for j in 0..<columns { result[i, j] = random.normal() }
    }
    return result
  }

  private func figure(_ series: [SeriesFigure.Series], _ shapes: [(Int, Int)]) -> Figure {
    let planted = (0...30).map { 0.3 + Double($0) * 0.1 }
    let lines = shapes.map { rows, columns in
      let law = MarchenkoPasturLaw(rows: rows, columns: columns, sigma: 1)
      return SeriesFigure.Series(
        name: "\(rows) × \(columns), theory", x: planted,
        y: planted.map { law.outlier(planted: $0) })
    }
    return SeriesFigure.make(
      name: "bm-r7", title: "Where planted modes show",
      caption:
        "The largest singular values of noise of width 1 with planted modes. Below w = 1 a mode is lost in the bulk, whose edge is the flat part of the lines.",
      xLabel: "planted w / σ", yLabel: "singular value / σ", series: lines + series,
      references: [SeriesFigure.ReferenceLine(value: 1, name: "threshold", isVertical: true)])
  }
}
