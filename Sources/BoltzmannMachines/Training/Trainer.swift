internal import Foundation
public import Learning
public import NumericalCore

/// Trains a machine by (approximate) maximum likelihood.
///
/// The state of a run is (machine, optimiser, chains, number of updates done). Streams and batches
/// follow from the seed and the number of the update, so that a run that goes on from a saved state
/// gives the same bits as one that was never interrupted, for any number of threads.
public final class Trainer {
  /// The machine as it is now.
  public private(set) var machine: RestrictedBoltzmannMachine
  /// How it is trained.
  public let options: TrainingOptions
  /// Updates done.
  public private(set) var update: Int
  /// The optimiser with its memory.
  public private(set) var optimizer: Optimizer
  /// The visible states of the chains.
  public private(set) var chains: StateMatrix

  private let data: StateMatrix
  private let dataWeights: [Float]?
  private let workers: Workers
  private let form: BernoulliForm
  private let sampler: GibbsSampler
  private var hiddenChains: StateMatrix
  private var batches: Minibatches
  private var dataMoments: Moments
  private var modelMoments: Moments
  private var gradient: LikelihoodGradient
  private var visibleBiases: Matrix<Float>
  private var hiddenBiases: Matrix<Float>

  /// A trainer at the beginning of a run.
  ///
  /// - Parameters:
  ///   - machine: Where to begin, usually ``RestrictedBoltzmannMachine/initial(visible:hidden:data:weights:scale:seed:)``.
  ///   - data: The training samples, in the storage of the visible units.
  ///   - weights: Weights of the samples, or nil.
  public convenience init(
    machine: RestrictedBoltzmannMachine, data: StateMatrix, weights: [Double]? = nil,
    options: TrainingOptions, workers: Workers
  ) {
    let count = options.method == .cd ? min(options.batchSize, data.rows) : options.chains
    let chains = Trainer.randomStates(
      of: machine, rows: count, means: options.method == .pcd ? machine.dataMeans : nil,
      seed: options.seed, purpose: .initialChains, step: 0)
    let optimizer = Optimizer(
      rule: options.optimizer,
      shapes: [
        (machine.weights.rows, machine.weights.columns), (1, machine.visible.size),
        (1, machine.hidden.size),
      ])
    self.init(
      machine: machine, data: data, weights: weights, options: options, workers: workers,
      optimizer: optimizer, chains: chains, update: 0)
  }

  /// A trainer that goes on from a saved state.
  public init(
    machine: RestrictedBoltzmannMachine, data: StateMatrix, weights: [Double]?,
    options: TrainingOptions, workers: Workers, optimizer: Optimizer, chains: StateMatrix,
    update: Int
  ) {
    LinearAlgebra.useOneThread()
    self.machine = machine
    self.options = options
    self.update = update
    self.optimizer = optimizer
    self.chains = chains
    self.data = data
    dataWeights = weights?.map { Float($0) }
    self.workers = workers
    form = BernoulliForm(machine)
    sampler = GibbsSampler(form: form, chains: chains.rows, workers: workers)
    hiddenChains = StateMatrix(zerosFor: form.hidden, rows: chains.rows)
    batches = Minibatches(
      sampleCount: data.rows, batchSize: options.batchSize, seed: options.seed)
    dataMoments = Moments(form: form, rows: batches.batchSize, workers: workers)
    modelMoments = Moments(form: form, rows: chains.rows, workers: workers)
    gradient = LikelihoodGradient(form: form)
    visibleBiases = Matrix(rows: 1, columns: machine.visible.size, elements: machine.visible.biases)
    hiddenBiases = Matrix(rows: 1, columns: machine.hidden.size, elements: machine.hidden.biases)
  }

  /// The learning rate of the next update.
  public var learningRate: Double {
    options.learningRate * options.schedule.factor(update: update, total: options.updates)
  }

  /// Does one update: positive phase on a batch, negative phase on the chains, step.
  ///
  /// - Throws: ``SzilardError`` when the parameters stop being finite numbers; the machine is then
  ///   the one before the update.
  public func step() throws(SzilardError) {
    let batch = batches.batch(update: update)
    let states = data.selectingRows(batch)
    dataMoments.measure(states, weights: dataWeights.map { all in batch.map { all[$0] } })
    advanceChains(from: states)
    modelMoments.measure(chains)
    gradient.form(
      data: dataMoments, model: modelMoments, visibleKind: machine.visible.kind,
      hiddenKind: machine.hidden.kind, centred: options.centred, workers: workers)
    penalise()
    try checkFinite()
    let rate = learningRate
    optimizer.beginUpdate()
    optimizer.apply(
      slot: 0, gradient: gradient.weights, to: &machine.weights, rate: rate, workers: workers)
    optimizer.apply(
      slot: 1, gradient: gradient.visible, to: &visibleBiases, rate: rate, workers: workers)
    optimizer.apply(
      slot: 2, gradient: gradient.hidden, to: &hiddenBiases, rate: rate, workers: workers)
    machine.visible.biases = visibleBiases.row(0)
    machine.hidden.biases = hiddenBiases.row(0)
    form.refresh(from: machine, workers: workers)
    update += 1
  }

  private func advanceChains(from batch: StateMatrix) {
    switch options.method {
    case .pcd: break
    case .cd: chains = batch
    case .random:
      chains = Trainer.randomStates(
        of: machine, rows: chains.rows, means: nil, seed: options.seed, purpose: .initialChains,
        step: UInt64(update) + 1)
    }
    sampler.lanes.seedAll(seed: options.seed, purpose: .chains, step: UInt64(update))
    sampler.run(visible: &chains, hidden: &hiddenChains, sweeps: options.gibbsSteps)
  }

  /// g ← g − λ₂ W − λ₁ sign W.
  private func penalise() {
    guard options.l1 != 0 || options.l2 != 0 else { return }
    let l1 = Float(options.l1)
    let l2 = Float(options.l2)
    let count = machine.weights.rows * machine.weights.stride
    machine.weights.withUnsafePointer { w in
      gradient.weights.withUnsafeMutablePointer { g in
        for k in 0..<count {
          g[k] -= l2 * w[k] + (w[k] > 0 ? l1 : w[k] < 0 ? -l1 : 0)
        }
      }
    }
  }

  private func checkFinite() throws(SzilardError) {
    func isFinite(_ matrix: Matrix<Float>) -> Bool {
      matrix.withUnsafePointer { p in
        // A sum of finite numbers times zero is zero; anything else leaves a NaN behind.
        var trace: Float = 0
        for k in 0..<matrix.columns { trace += p[k] * 0 }
        return trace == 0
      }
    }
    guard isFinite(gradient.visible), isFinite(gradient.hidden) else {
      throw SzilardError(
        .badData,
        """
        training diverged at update \(update + 1): the gradient is not finite. \
        Lower --learning-rate (now \(learningRate)), or rescale continuous data
        """)
    }
  }

  /// States drawn independently: from the given means of the parameters, or from noise.
  static func randomStates(
    of machine: RestrictedBoltzmannMachine, rows: Int, means: [Float]?, seed: UInt64,
    purpose: StreamPurpose, step: UInt64
  ) -> StateMatrix {
    let layer = machine.visible
    func stream(_ row: Int) -> RandomStream {
      RandomStream(seed: seed, purpose: purpose, index: UInt64(row), step: step)
    }
    switch layer.kind {
    case .bernoulli, .spin:
      var bits = BitMatrix(rows: rows, columns: layer.count)
      for r in 0..<rows {
        var random = stream(r)
        for i in 0..<layer.count {
          let p = means.map { ($0[i] - layer.kind.bitShift) / layer.kind.bitScale } ?? 0.5
          bits[r, i] = random.uniform() < Double(p)
        }
      }
      return .bits(bits)
    case .potts(let count):
      var colours = Matrix<UInt8>(rows: rows, columns: layer.count)
      for r in 0..<rows {
        var random = stream(r)
        for i in 0..<layer.count {
          guard let means else {
            colours[r, i] = UInt8(random.index(below: count))
            continue
          }
          var u = random.uniform()
          var colour = 0
          while colour < count - 1, u >= Double(means[i * count + colour]) {
            u -= Double(means[i * count + colour])
            colour += 1
          }
          colours[r, i] = UInt8(colour)
        }
      }
      return .colours(colours, count: count)
    case .gaussian:
      var reals = Matrix<Float>(rows: rows, columns: layer.count)
      for r in 0..<rows {
        var random = stream(r)
        for i in 0..<layer.count {
          reals[r, i] = (means?[i] ?? 0) + layer.variances[i].squareRoot() * Float(random.normal())
        }
      }
      return .reals(reals)
    }
  }
}
