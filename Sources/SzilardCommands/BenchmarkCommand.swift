internal import ArgumentParser
internal import BoltzmannMachines
internal import Foundation
internal import Learning
internal import NumericalCore
internal import StochasticGradients
internal import StochasticThermodynamics

/// The command that takes the figures that `make bench` sets beside those of other programs.
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Time kernels, Gibbs sweeps, updates, networks and annealing on this machine.",
    discussion: """
      Best and median of many repeats, in one process. Unset OPENBLAS_CORETYPE first: it may halve \
      the speed of BLAS.
      """)

  @OptionGroup var compute: ComputeOptions

  @Option(help: "Repeats of each measurement.")
  var repeats = 50

  @Flag(help: "Also time annealing at 14,500 temperatures (about ten seconds).")
  var annealing = false

  @Flag(
    help: ArgumentHelp(
      "Instead: how often intervals of free energies hold, 1000 repeats a cell (minutes).",
      visibility: .hidden))
  var coverage = false

  @Option(
    help: ArgumentHelp(
      "Instead: write the networks that are timed, with what they make of a batch, to this folder.",
      valueName: "folder", visibility: .hidden))
  var networks: String?

  @Flag(help: "Print as JSON.")
  var json = false

  struct Timing: Encodable {
    let name: String
    let threads: Int
    let best: Double
    let median: Double
    let unit: String
  }

  struct Result: Encodable {
    let kernels: String
    let blas: String
    let timings: [Timing]
  }

  func run() throws {
    let workers = try compute.apply()
    if coverage {
      var study = CoverageStudy()
      study.workers = workers
      return Console.output(study.tableText())
    }
    if let networks { return try NetworkBenchmark.write(to: networks, workers: workers) }
    var timings: [Timing] = []
    timings.append(contentsOf: products())
    for threads in Set([1, workers.count]).sorted() {
      timings.append(sweep(threads: threads))
      timings.append(contentsOf: try updates(threads: threads))
    }
    for batchSize in [100, 1000] {
      for threads in Set([1, workers.count]).sorted() {
        timings.append(try langevin(batchSize: batchSize, threads: threads))
      }
    }
    for threads in Set([1, workers.count]).sorted() {
      timings.append(contentsOf: try networkTimings(threads: threads))
    }
    if annealing { timings.append(anneal(workers)) }
    let result = Result(
      kernels: InstructionSet.current.description, blas: LinearAlgebra.blasName, timings: timings)
    if json { return try Console.json(result) }
    Console.output("kernels \(result.kernels), BLAS \(result.blas)")
    for timing in timings {
      let name = timing.name.padding(toLength: 52, withPad: " ", startingAt: 0)
      Console.output(
        "\(name) \(timing.threads) threads  best \(Console.number(timing.best)) median \(Console.number(timing.median)) \(timing.unit)"
      )
    }
  }

  /// Whole steps of training (gradient, Adam, moving average), and sampling with a small network.
  private func networkTimings(threads: Int) throws -> [Timing] {
    try NetworkBenchmark.all.map { benchmark in
      let step = try benchmark.step(workers: Workers(count: threads))
      _ = try seconds { try step() }
      let times = try (0..<max(3, repeats)).map { _ in 1000 * (try seconds { try step() }) }
      return timing(benchmark.name, threads: threads, unit: "ms", times)
    }
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let duration = ContinuousClock.now - start
    return Double(duration.components.seconds) + 1e-18 * Double(duration.components.attoseconds)
  }

  private func timing(
    _ name: String, threads: Int, unit: String, _ values: [Double], higherIsBetter: Bool = false
  ) -> Timing {
    let sorted = higherIsBetter ? values.sorted(by: >) : values.sorted()
    return Timing(
      name: name, threads: threads, best: sorted.first ?? 0, median: sorted[sorted.count / 2],
      unit: unit)
  }

  /// Bits for a batch that looks like data: each set with probability 0.3.
  private func bits(rows: Int, columns: Int) -> BitMatrix {
    var random = RandomStream(seed: 1, purpose: .test)
    var bits = BitMatrix(rows: rows, columns: columns)
    for r in 0..<rows {
      for c in 0..<columns { bits[r, c] = random.uniform() < 0.3 }
    }
    return bits
  }

  /// Multiply-add peak, the table product and sgemm of 1000 × 784 × 512 on one thread, interleaved.
  private func products() -> [Timing] {
    LinearAlgebra.useOneThread()
    let (rows, inner, columns) = (1000, 784, 512)
    let operations = 2.0 * Double(rows * inner * columns) / 1e9
    let states = bits(rows: rows, columns: inner)
    var dense = Matrix<Float>(rows: rows, columns: inner)
    for r in 0..<rows {
      for c in 0..<inner { dense[r, c] = states[r, c] ? 1 : 0 }
    }
    let weights = machine(visible: inner, hidden: columns).weights
    var out = Matrix<Float>(rows: rows, columns: columns)
    let kernels = Kernels.current
    let scratch = AlignedBuffer<UInt8>(count: kernels.scratchBytes(rows: rows, inner: inner) + 64)
    var peaks: [Double] = []
    var tables: [Double] = []
    var gemms: [Double] = []
    for _ in 0..<repeats {
      var done = 0.0
      let time = seconds { done = InstructionSet.current.multiplyAddPeak(iterations: 200_000) }
      peaks.append(done / time / 1e9)
      let outStride = out.stride
      tables.append(
        operations
          / seconds {
            states.withUnsafePointer { s in
              weights.withUnsafePointer { w in
                out.withUnsafeMutablePointer { o in
                  kernels.product(
                    bits: s, bitStride: states.wordsPerRow, rows: rows, inner: inner, weights: w,
                    weightStride: weights.stride, tiles: 0..<columns / 16, out: o,
                    outStride: outStride, scratch: scratch.pointer)
                }
              }
            }
          })
      gemms.append(
        operations
          / seconds {
            dense.withUnsafePointer { s in
              weights.withUnsafePointer { w in
                out.withUnsafeMutablePointer { o in
                  LinearAlgebra.multiply(
                    rows: rows, columns: columns, inner: inner, s, strideA: dense.stride, w,
                    strideB: weights.stride, into: o, strideC: outStride)
                }
              }
            }
          })
    }
    return [
      timing("multiply-add peak", threads: 1, unit: "GFLOP/s", peaks, higherIsBetter: true),
      timing(
        "table product 1000x784x512", threads: 1, unit: "GFLOP/s equivalent", tables,
        higherIsBetter: true),
      timing("sgemm 1000x784x512", threads: 1, unit: "GFLOP/s", gemms, higherIsBetter: true),
    ]
  }

  private func machine(visible: Int, hidden: Int) -> RestrictedBoltzmannMachine {
    var machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .bernoulli, count: visible),
      hidden: Layer(kind: .bernoulli, count: hidden))
    var random = RandomStream(seed: 2, purpose: .test)
    for i in 0..<visible {
      for j in 0..<hidden { machine.weights[i, j] = Float(0.05 * random.normal()) }
    }
    return machine
  }

  private func sweep(threads: Int) -> Timing {
    let chains = 1000
    let form = BernoulliForm(machine(visible: 784, hidden: 512))
    let sampler = GibbsSampler(form: form, chains: chains, workers: Workers(count: threads))
    var visible = StateMatrix.bits(bits(rows: chains, columns: 784))
    var hidden = StateMatrix(zerosFor: form.hidden, rows: chains)
    sampler.lanes.seedAll(seed: 3, purpose: .test)
    let times = (0..<repeats).map { _ in
      100 * seconds { sampler.run(visible: &visible, hidden: &hidden, sweeps: 10) }
    }
    return timing("Gibbs sweep 784x512, 1000 chains", threads: threads, unit: "ms", times)
  }

  /// Updates without and with the ledger, turn by turn; probes move every few updates, so that a turn
  /// is as many.
  private func updates(threads: Int) throws -> [Timing] {
    let data = StateMatrix.bits(bits(rows: 5000, columns: 784))
    func trainer(keepsLedger: Bool) -> Trainer {
      var options = TrainingOptions()
      options.gibbsSteps = 10
      options.chains = 500
      options.batchSize = 500
      options.updates = 1_000_000
      options.keepsLedger = keepsLedger
      return Trainer(
        machine: machine(visible: 784, hidden: 500), data: data, options: options,
        workers: Workers(count: threads))
    }
    let plain = trainer(keepsLedger: false)
    let kept = trainer(keepsLedger: true)
    let turn = kept.options.probeInterval
    var plainTimes: [Double] = []
    var keptTimes: [Double] = []
    for _ in 0..<max(2, repeats / turn) + 1 {
      plainTimes.append(
        1000 * (try seconds { for _ in 0..<turn { try plain.step() } }) / Double(turn))
      keptTimes.append(
        1000 * (try seconds { for _ in 0..<turn { try kept.step() } }) / Double(turn))
    }
    let name = "PCD-10 update 784x500, 500 chains, batch 500"
    return [
      timing(name, threads: threads, unit: "ms", Array(plainTimes.dropFirst())),
      timing(
        "the same with the ledger", threads: threads, unit: "ms", Array(keptTimes.dropFirst())),
    ]
  }

  /// Steps of SGLD on logistic regression, one chain a thread.
  private func langevin(batchSize: Int, threads: Int) throws -> Timing {
    let (count, columns) = (100_000, 100)
    var normals = NormalStream(seed: 5, purpose: .test)
    var row = [Double](repeating: 0, count: columns)
    var inputs = Matrix<Float>(rows: count, columns: columns)
    var targets: [Float] = []
    for sample in 0..<count {
      normals.fill(&row)
      inputs.setRow(sample, to: row.map { Float($0) })
      targets.append(row[0] + row[1] > 0 ? 1 : 0)
    }
    let model = try LinearModel(
      inputs: inputs, targets: targets, response: .bernoulli, priorPrecision: 1)
    // Where a chain begins does not matter to its speed.
    let gaussian = LaplaceApproximation(
      mode: [Double](repeating: 0, count: columns),
      precision: LinearAlgebra.identity(columns).map { $0 * Double(count) / 4 })
    guard let gaussian else { throw SzilardError(.internalFault, "the identity has no spectrum") }
    var sampling = PosteriorSampling(
      SamplerSettings(.sgld, stepSize: 1e-7, batchSize: batchSize))
    sampling.chains = threads
    sampling.workers = Workers(count: threads)
    sampling.warmUp = 0
    sampling.samples = 10
    // Long enough that starting and stopping threads does not matter.
    sampling.thinning = 1_000_000 / batchSize
    let steps = Double(threads * sampling.samples * sampling.thinning)
    let rates = try (0..<max(2, repeats / 10)).map { _ in
      steps / (try seconds { _ = try sampling.run(model, laplace: gaussian) })
    }
    return timing(
      "SGLD logistic 100000x100, batch \(batchSize)", threads: threads, unit: "steps/s", rates,
      higherIsBetter: true)
  }

  private func anneal(_ workers: Workers) -> Timing {
    let machine = machine(visible: 784, hidden: 500)
    let sampling = AnnealedImportanceSampling(
      schedule: AnnealingSchedule.salakhutdinovMurray, chains: 100, seed: 1)
    let time = seconds {
      _ = sampling.run(machine, base: IndependentUnits(baseRateOf: machine), workers: workers)
    }
    return timing(
      "AIS 784x500, 14,501 temperatures, 100 chains", threads: workers.count, unit: "s", [time])
  }
}
