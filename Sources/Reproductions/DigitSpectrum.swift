internal import BoltzmannMachines
internal import DataSets
internal import Foundation
internal import NumericalCore
internal import Reporting
internal import SpectralTheory
internal import StochasticThermodynamics

extension Reproduction {
  /// bm-r11: the spectrum of a machine before and after it has learned digits.
  static let digitSpectrum = Reproduction(
    id: "bm-r11", title: "Singular values of a machine that learns digits",
    paper: "Decelle, Fissore and Furtlehner 2018, J. Stat. Phys. 172, 1576",
    claim: """
      The couplings begin as noise, with the spectrum of Marchenko and Pastur; learning drives modes out of \
      the bulk, and their vectors have heavy tails (kurtosis above 3), as compositional phases want them.
      """,
    settings: """
      MNIST (--mnist, pixels above 1/2), 500 hidden 0/1 units, PCD-5 at 0.05, batches and chains of 500, \
      10 epochs (1200 updates), initial weights of 0.01; with --full 50 epochs as well. The paper's own \
      settings are not known to us. With 100 hidden units the first criterion is out of reach: 100 values of \
      noise have the distance 0.025 ± 0.004 from their law.
      """,
    criterion: """
      Kolmogorov–Smirnov distance of the initial values from the law below 0.02; at least 10 values above the \
      initial edge after 10 epochs; median excess kurtosis of the 10 leading hidden vectors above 0.
      """,
    run: { context in try DigitSpectrum(context).run() })
}

/// The run of bm-r11.
private struct DigitSpectrum {
  let context: ReproductionContext

  init(_ context: ReproductionContext) { self.context = context }

  func run() throws -> ReproductionOutcome {
    guard let folder = context.mnist else {
      return ReproductionOutcome(
        measured: [],
        checks: [
          Check(
            name: "MNIST", statistic: 0, expected: 60_000, relation: .atLeast, interval: 0...0,
            verdict: .unresolved, trajectories: 0,
            reason: "the digits were not given, so nothing was run",
            advice: "give --mnist FOLDER with train-images-idx3-ubyte.gz")
        ])
    }
    var reading = DataOptions()
    reading.binarisation = .threshold(0.5)
    reading.workers = context.workers
    let data = try DataSet.load(folder + "/train-images-idx3-ubyte.gz", options: reading)
      .states(for: .bernoulli)
    var options = TrainingOptions()
    options.gibbsSteps = 5
    options.learningRate = 0.05
    options.keepsLedger = false
    options.probes = 0
    options.seed = context.seed
    let epoch = data.rows / options.batchSize
    options.updates = (context.isFull ? 50 : 10) * epoch
    let trainer = Trainer(
      machine: .initial(
        visible: .bernoulli, hidden: .bernoulli, hiddenCount: 500, data: data,
        scale: options.initialWeightScale, seed: context.seed),
      data: data, options: options, workers: context.workers)
    let start = try MachineSpectrum(of: trainer.machine, keeping: 0)
    let law = MarchenkoPasturLaw(
      rows: data.columns, columns: 500, entryDeviation: options.initialWeightScale)
    var history = [moment(start, update: 0)]
    var spectrum = start
    var outcome = ReproductionOutcome(measured: [], checks: [])
    while trainer.update < options.updates {
      try trainer.step()
      if trainer.update % (epoch / 2) == 0 {
        spectrum = try MachineSpectrum(of: trainer.machine, keeping: 0)
        history.append(moment(spectrum, update: trainer.update))
        context.progress(Double(trainer.update) / Double(options.updates))
      }
      if trainer.update == 10 * epoch {
        check(start, spectrum, law, &outcome)
      }
    }
    measure("start", start, law, &outcome)
    measure("end", spectrum, law, &outcome)
    outcome.figures = [
      SingularValuesFigure.make(
        history, start: .init(values: start.values, law: law, outliers: 0),
        now: .init(
          values: spectrum.values, law: spectrum.bulk.law, outliers: spectrum.bulk.outliers),
        name: "bm-r11"),
      kurtosis(start, spectrum),
    ]
    return outcome
  }

  private func moment(_ spectrum: MachineSpectrum, update: Int) -> SingularValuesFigure.Moment {
    .init(update: update, values: spectrum.values, edges: spectrum.bulk.edges)
  }

  private func check(
    _ start: MachineSpectrum, _ spectrum: MachineSpectrum, _ law: MarchenkoPasturLaw,
    _ outcome: inout ReproductionOutcome
  ) {
    let above = spectrum.values.count { $0 > law.edges.upperBound }
    outcome.checks = [
      .exact(
        "distance of the initial values from the law", law.distance(of: start.values), atMost: 0.02),
      .exact("values above the initial edge after 10 epochs", Double(above), atLeast: 10),
      .exact(
        "median excess kurtosis of the 10 leading hidden vectors", median(spectrum.hidden),
        atLeast: 0),
    ]
  }

  private func median(_ statistics: ModeStatistics) -> Double {
    quantile(0.5, of: Array(statistics.excessKurtosis.prefix(10)))
  }

  private func measure(
    _ name: String, _ spectrum: MachineSpectrum, _ law: MarchenkoPasturLaw,
    _ outcome: inout ReproductionOutcome
  ) {
    outcome.measured += [
      ("\(name): largest singular value", spectrum.values.first ?? .nan),
      (
        "\(name): values above the initial edge",
        Double(spectrum.values.count { $0 > law.edges.upperBound })
      ),
      ("\(name): values above the noise measured then", Double(spectrum.bulk.outliers)),
      ("\(name): distance of the bulk from the law", spectrum.bulk.distance),
      ("\(name): most that noise has", spectrum.bulk.distanceBound),
      ("\(name): width of a noise entry", spectrum.bulk.entryDeviation.value),
      ("\(name): median excess kurtosis of 10 hidden vectors", median(spectrum.hidden)),
      ("\(name): median excess kurtosis of 10 visible vectors", median(spectrum.visible)),
    ]
  }

  private func kurtosis(_ start: MachineSpectrum, _ end: MachineSpectrum) -> Figure {
    let ranks = end.values.indices.map { Double($0 + 1) }
    func series(_ name: String, _ values: [Double]) -> SeriesFigure.Series {
      SeriesFigure.Series(name: name, x: ranks, y: values, style: .points)
    }
    return SeriesFigure.make(
      name: "bm-r11-kurtosis", title: "Kurtosis of the modes, before and after",
      caption: "Vectors of noise have 3; learned ones have heavier tails.",
      xLabel: "rank of the mode", yLabel: "kurtosis of the components",
      series: [
        series("hidden, after", end.hidden.kurtosis),
        series("visible, after", end.visible.kurtosis),
        series("hidden, before", start.hidden.kurtosis),
      ], references: [SeriesFigure.ReferenceLine(value: 3, name: "normal components")],
      isYLogarithmic: true)
  }
}
