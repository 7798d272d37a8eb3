internal import ArgumentParser
internal import DataSets
internal import DiffusionModels
internal import Foundation
internal import NumericalCore
internal import Reporting

/// The command that draws what a diffusion has learned.
///
/// `szilard diffusion report RUN`
struct DiffusionReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Draw slices, drift, samples, the bound term by term and the entropy production.",
    discussion: """
      Writes report.html and figures into the run folder (or --output). Figures are drawn by gnuplot; \
      without it their scripts and data are written all the same.
      """)

  @Argument(help: "A run folder or model file of szilard diffusion train.")
  var model: String

  @Option(help: "The data (default: those that the run held out).")
  var data: String?

  @Option(help: "Samples of the data that are evaluated (default: 500; pictures: 64).")
  var samples: Int?

  @Option(help: "The folder for report.html and figures (default: the run).")
  var output: String?

  @OptionGroup var reading: ReadingOptions

  @Option(help: "The seed (default: 1).")
  var seed: UInt64 = 1

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print the numbers and paths as JSON.")
  var json = false

  struct Summary: Encodable {
    let report: String
    let likelihood: DiffusionLikelihood?
    let entropyProduction: Estimate?
    let systemEntropy: Estimate?
    let bathEntropy: Estimate?
    let notes: [String]
  }

  func validate() throws {
    if let samples, samples < 2 {
      throw ValidationError("--samples \(samples): give at least 2")
    }
  }

  func run() throws {
    let workers = try compute.apply()
    LinearAlgebra.useOneThread()
    let loaded = try LoadedDiffusion(model, workers: workers)
    guard let folder = output ?? loaded.run?.folder.path else {
      throw SzilardError(.usage, "a model file has no folder: give --output FOLDER")
    }
    try OutputFolder.prepare(folder)
    let description = loaded.model.description
    let isPicture = description.pictureShape != nil
    let set = try loaded.data(
      data, reading: reading.reading, limit: samples ?? (isPicture ? 64 : 500), seed: seed,
      workers: workers)
    var findings = DiffusionFindings(name: model, description: description)
    findings.records = loaded.run?.folder.metrics(as: DiffusionRecord.self) ?? []
    let line = ProgressLine()
    line.show("the bound", always: true)
    let measurement = DiffusionMeasurement(
      loaded: loaded, set: set, seed: seed, workers: workers)
    findings.likelihood = try measurement.bound(
      draws: set.unitCount > 100 ? 100 : nil, lastStep: nil, variance: nil, steps: nil
    ) { fraction in line.show("the bound \(ProgressLine.bar(fraction))") }
    if description.kind != .categorical {
      try addContinuous(&findings, loaded, set, line: line, workers: workers)
    }
    line.finish()
    let (page, notes) = try DiffusionPage(findings).write(to: folder)
    if json {
      return try Console.json(
        Summary(
          report: page, likelihood: findings.likelihood,
          entropyProduction: findings.entropyProduction?.total,
          systemEntropy: findings.entropyProduction?.system,
          bathEntropy: findings.entropyProduction?.bath, notes: notes))
    }
    for note in notes { Console.message(note) }
    if let likelihood = findings.likelihood { Console.output(likelihood.text) }
    if let production = findings.entropyProduction {
      Console.output(
        "entropy produced by the forward process: \(production.total) nats (system "
          + "\(production.system), bath \(production.bath))")
    }
    Console.output("report: \(page)")
  }

  private func addContinuous(
    _ findings: inout DiffusionFindings, _ loaded: LoadedDiffusion, _ set: DataSet,
    line: ProgressLine, workers: Workers
  ) throws {
    let isDenoiser = loaded.model.description.kind == .denoiser
    let (_, states) = try loaded.scaled(set, seed: seed)
    line.show("samples", always: true)
    let kernel = try loaded.model.reverseKernel()
    let steps = kernel.diffusion.schedule.steps
    let count = states.columns == 2 ? 2000 : 64
    let kept = [0, steps / 4, steps / 2, steps]
    let isPlane = states.columns == 2
    let drawn: SampleSet
    if isDenoiser, !isPlane {
      drawn = try HeunSampler(try loaded.model.denoiser(), levels: 25).samples(
        count, seed: seed, workers: workers)
    } else {
      drawn = try AncestralSampler(kernel, lastStep: isDenoiser ? .model : .forward).samples(
        count, seed: seed, keeping: Set(kept), workers: workers)
    }
    if loaded.model.description.pictureShape != nil, case .reals(let pictures) = set.values,
      case .reals(let made) = try loaded.dataSet(drawn.samples, name: "samples").values
    {
      findings.samples = (made, pictures)
    }
    if isPlane {
      let wide = try loaded.data(
        data, reading: reading.reading, limit: 2000, seed: seed, workers: workers)
      let cloud = try loaded.scaled(wide, seed: seed).states
      func forward(_ step: Int) -> Matrix<Double> {
        kernel.diffusion.states(from: cloud, step: step, seed: seed)
      }
      findings.slices = kept.map {
        DiffusionSlicesFigure.Slice(
          label: "t = \($0)", forward: forward($0), reverse: drawn.slices[$0] ?? cloud)
      }
      let fields = try [max(2, steps / 5), steps / 2, max(2, steps * 9 / 10)].map {
        ($0, try DriftField(of: kernel, step: $0))
      }
      findings.drift = (
        fields.map { step, field in
          DriftFieldFigure.Slice(
            label: "t = \(step)", states: forward(step), positions: field.positions,
            drifts: field.drifts)
        }, fields[0].1.spacing
      )
    }
    guard isDenoiser || steps > 2 else { return }
    line.show("entropy production", always: true)
    findings.entropyProduction = try loaded.entropyProduction(
      of: states, seed: seed, workers: workers)
  }
}
