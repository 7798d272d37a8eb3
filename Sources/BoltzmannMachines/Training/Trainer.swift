internal import Foundation
public import Learning
public import NumericalCore
internal import StochasticThermodynamics

/// Trains a machine by (approximate) maximum likelihood.
///
/// The state of a run is (machine, optimiser, chains with their ledger, probes, number of updates done). Streams and batches
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
  /// Minus the work on each chain since the last resampling, in Jarzynski training; nil otherwise.
  public private(set) var chainLogWeights: [Double]?
  /// ln of the average of e^{−W} over the chains up to their last resampling (Jarzynski training).
  public private(set) var chainLogAverage = 0.0
  /// Work and heat of the chains; nil where no ledger is kept.
  public private(set) var ledger: TrainingLedger?
  /// The annealing along the training; nil where there are no probes.
  public private(set) var probes: TrajectoryAnnealing?

  /// Equilibrium samples that the chains exchange with; nil unless that is the method.
  public private(set) var reservoir: TrajectoryReservoir?
  /// The mean acceptance of the last exchange with the reservoir.
  public private(set) var exchangeAcceptance: Double?
  /// What updates that were taken back have left of the learning rate.
  public private(set) var rateFactor = 1.0

  /// The part of the chains below which their effective number calls for resampling.
  public static let resamplingThreshold = 0.7

  let data: StateMatrix
  private let dataWeights: [Float]?
  let workers: Workers
  private let form: BernoulliForm
  private let sampler: GibbsSampler
  private var hiddenChains: StateMatrix
  private var batches: Minibatches
  private var dataMoments: Moments
  private var modelMoments: Moments
  private var gradient: LikelihoodGradient
  private var visibleBiases: Matrix<Float>
  private var hiddenBiases: Matrix<Float>
  private var startEnergies: [Double]
  /// F(v) of the chains at the end of the last burst.
  private(set) var endEnergies: [Double]
  private var dataEnergies: [Double]

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
      of: machine, rows: count, means: options.method.isPersistent ? machine.dataMeans : nil,
      seed: options.seed, purpose: .initialChains, step: 0)
    self.init(
      machine: machine, data: data, weights: weights, options: options, workers: workers,
      optimizer: Trainer.optimizer(for: machine, rule: options.optimizer), chains: chains,
      update: 0)
  }

  /// An optimiser without memory.
  static func optimizer(
    for machine: RestrictedBoltzmannMachine, rule: OptimizationRule
  ) -> Optimizer {
    Optimizer(
      rule: rule,
      shapes: [
        (machine.weights.rows, machine.weights.columns), (1, machine.visible.size),
        (1, machine.hidden.size),
      ])
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
    startEnergies = [Double](repeating: 0, count: chains.rows)
    endEnergies = startEnergies
    dataEnergies = [Double](repeating: 0, count: batches.batchSize)
    if options.method == .jarzynski {
      chainLogWeights = [Double](repeating: 0, count: chains.rows)
    }
    if options.method == .ptt {
      reservoir = TrajectoryReservoir(
        below: machine, chains: chains.rows, seed: options.seed, workers: workers)
    }
    guard options.keepsLedger || options.method == .jarzynski else { return }
    ledger = TrainingLedger(
      energies: options.method.isPersistent ? baseEnergies(of: chains) : nil)
    if options.probes > 0 {
      probes = TrajectoryAnnealing(
        machine: machine, form: form, probes: options.probes, seed: options.seed, workers: workers)
    }
  }

  /// F(v) in the base model, where persistent chains begin.
  private func baseEnergies(of chains: StateMatrix) -> [Double] {
    BernoulliForm(IndependentUnits(baseRateOf: machine).machine(like: form))
      .freeEnergies(of: chains, workers: workers)
  }

  /// Takes over what a checkpoint kept of the ledger.
  func restore(
    ledger: TrainingLedger, chainLogWeights: [Double]?, chainLogAverage: Double,
    endEnergies: [Double]
  ) {
    self.chainLogAverage = chainLogAverage
    guard self.ledger != nil else { return }
    self.ledger = ledger
    if self.chainLogWeights != nil {
      self.chainLogWeights = chainLogWeights ?? self.chainLogWeights
    }
    self.endEnergies = endEnergies
  }

  /// Takes over a saved reservoir.
  func restore(reservoir: TrajectoryReservoir, acceptance: Double?, rateFactor: Double) {
    guard options.method == .ptt else { return }
    self.reservoir = reservoir
    exchangeAcceptance = acceptance
    self.rateFactor = rateFactor
  }

  /// A reservoir of this run from what a checkpoint kept.
  func reservoir(
    machine: RestrictedBoltzmannMachine, samples: StateMatrix, logPartitionFunction: Estimate,
    frozen: Int
  ) -> TrajectoryReservoir {
    TrajectoryReservoir(
      machine: machine, samples: samples, logPartitionFunction: logPartitionFunction,
      frozen: frozen, seed: options.seed, workers: workers)
  }

  /// ln Z of the machine by the acceptance ratio with the reservoir, along the frozen machines.
  public var reservoirLogPartitionFunction: Estimate? {
    reservoir?.logPartitionFunction(of: form, chains: chains)
  }

  /// The next record counts from here.
  func markRecord(_ recorded: TrainingLedger.Recorded) { ledger?.recorded = recorded }

  /// The ledger with the work of the last update, which is otherwise booked with the next one.
  func settledLedger() -> TrainingLedger? {
    guard var settled = ledger else { return nil }
    guard let account = settled.chains, update > 0 else { return settled }
    let driven = form.freeEnergies(of: chains, workers: workers)
    let weights = chainLogWeights.map { normalised($0) }
    settled.settle(driven: driven, from: account.energies, weights: weights)
    return settled
  }

  /// ln Z over that of the base model, from the weights of the chains (Jarzynski training).
  ///
  ///     ln Z − ln Z_base = ln ⟨e^{−W}⟩
  ///
  /// Biased, because the parameters follow the chains: each update raises the energy where they are. The
  /// bias falls with their number; ``probes`` have none. Nil for other methods.
  public var weightedLogPartitionRatio: Double? {
    guard let chainLogWeights, let before = ledger?.chains?.energies else { return nil }
    let now = form.freeEnergies(of: chains, workers: workers)
    return chainLogAverage
      + logMeanExp(chainLogWeights.indices.map { chainLogWeights[$0] + before[$0] - now[$0] })
  }

  private func normalised(_ logWeights: [Double]) -> [Double] {
    let norm = logSumExp(logWeights)
    return logWeights.map { exp($0 - norm) }
  }

  /// The learning rate of the next update.
  public var learningRate: Double {
    rateFactor * options.learningRate
      * options.schedule.factor(update: update, total: options.updates)
  }

  /// Does one update: positive phase on a batch, negative phase on the chains, step.
  ///
  /// - Throws: ``SzilardError`` when the parameters stop being finite numbers; the machine is then
  ///   the one before the update.
  public func step() throws(SzilardError) {
    if let probes, update % options.probeInterval == 0 { probes.advance(update: update) }
    let batch = batches.batch(update: update)
    let states = data.selectingRows(batch)
    measureData(states, weights: dataWeights.map { all in batch.map { all[$0] } })
    let work = ledger != nil && !options.method.isPersistent ? sampledWork() : 0
    advanceChains(from: states)
    measureModel(work: work)
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

  private func measureData(_ states: StateMatrix, weights: [Float]?) {
    guard ledger != nil, options.method == .cd else {
      return dataMoments.measure(states, weights: weights)
    }
    dataEnergies.withUnsafeMutableBufferPointer {
      dataMoments.measure(states, weights: weights, energies: $0.baseAddress)
    }
  }

  /// The mean work that the last change of the parameters did on some of the chains that it was made
  /// from, before they are given up.
  private func sampledWork() -> Double {
    guard update > 0 else { return 0 }
    let count = min(TrainingLedger.workSample, chains.rows)
    let now = form.freeEnergies(of: chains.selectingRows(0..<count), workers: workers)
    return now.indices.reduce(0) { $0 + now[$1] - endEnergies[$1] } / Double(max(1, count))
  }

  private func advanceChains(from batch: StateMatrix) {
    switch options.method {
    case .pcd, .jarzynski: break
    case .ptt: return exchangeAndAdvance()
    case .cd: chains = batch
    case .random:
      chains = Trainer.randomStates(
        of: machine, rows: chains.rows, means: nil, seed: options.seed, purpose: .initialChains,
        step: UInt64(update) + 1)
    }
    sampler.lanes.seedAll(seed: options.seed, purpose: .chains, step: UInt64(update))
    guard ledger != nil || options.method == .jarzynski else {
      return sampler.run(visible: &chains, hidden: &hiddenChains, sweeps: options.gibbsSteps)
    }
    if options.method == .cd {
      startEnergies = dataEnergies
      return sampler.run(visible: &chains, hidden: &hiddenChains, sweeps: options.gibbsSteps)
    }
    startEnergies.withUnsafeMutableBufferPointer {
      sampler.run(
        visible: &chains, hidden: &hiddenChains, sweeps: options.gibbsSteps,
        startEnergies: $0.baseAddress)
    }
  }

  /// Exchanges the chains with the reservoir, then sweeps.
  ///
  /// The change of states by an exchange is heat.
  private func exchangeAndAdvance() {
    guard var reservoir else { return }
    self.reservoir = nil
    var exchange = reservoir.exchange(chains: &chains, of: form, step: update)
    var isSettled = false
    switch TrajectoryReservoir.advice(acceptance: exchange.acceptance) {
    case .proceed: break
    case .reject where reservoir.frozen > 1:
      takeBack(to: reservoir.machine)
      let driven = form.freeEnergies(of: chains, workers: workers)
      chains = reservoir.samples.selectingRows(0..<chains.rows)
      exchange = .init(acceptance: exchange.acceptance, energies: driven)
    case .reject, .freeze:
      reservoir.freeze(machine, chains: chains)
      let rows = reservoir.samples.rows
      chains = reservoir.samples.selectingRows(rows - chains.rows..<rows)
      isSettled = true
    }
    self.reservoir = reservoir
    exchangeAcceptance = exchange.acceptance
    startEnergies = exchange.energies
    // Freezing has brought the chains to equilibrium already.
    if isSettled { return }
    sampler.lanes.seedAll(seed: options.seed, purpose: .chains, step: UInt64(update))
    sampler.run(visible: &chains, hidden: &hiddenChains, sweeps: options.gibbsSteps)
  }

  /// Goes back to a frozen machine, to go on at half the rate and without the optimiser's memory.
  private func takeBack(to frozen: RestrictedBoltzmannMachine) {
    machine.weights = frozen.weights
    machine.visible.biases = frozen.visible.biases
    machine.hidden.biases = frozen.hidden.biases
    visibleBiases = Matrix(rows: 1, columns: machine.visible.size, elements: machine.visible.biases)
    hiddenBiases = Matrix(rows: 1, columns: machine.hidden.size, elements: machine.hidden.biases)
    form.refresh(from: machine, workers: workers)
    optimizer = Trainer.optimizer(for: machine, rule: options.optimizer)
    rateFactor /= 2
  }

  /// Moments of the chains, weighted where they carry weights, with what the ledger books.
  private func measureModel(work: Double) {
    guard ledger != nil || options.method == .jarzynski else {
      return modelMoments.measure(chains)
    }
    let weights = takeWork()
    endEnergies.withUnsafeMutableBufferPointer {
      modelMoments.measure(
        chains, weights: weights.map { $0.map { Float($0) } }, energies: $0.baseAddress)
    }
    if ledger?.chains != nil {
      ledger?.book(driven: startEnergies, relaxed: endEnergies, weights: weights)
    } else {
      ledger?.book(started: startEnergies, relaxed: endEnergies, work: work)
    }
    resampleChains()
  }
  /// Adds the work of the last update to the weights of the chains; their normalised weights.
  private func takeWork() -> [Double]? {
    guard var logWeights = chainLogWeights, let before = ledger?.chains?.energies else {
      return nil
    }
    for k in logWeights.indices { logWeights[k] -= startEnergies[k] - before[k] }
    chainLogWeights = logWeights
    return normalised(logWeights)
  }

  /// Draws the chains anew in proportion to their weights when too few of them carry the weight.
  private func resampleChains() {
    guard let logWeights = chainLogWeights else { return }
    let count = Double(logWeights.count)
    if effectiveSampleSize(ofLogWeights: logWeights) >= Trainer.resamplingThreshold * count {
      return
    }
    chainLogAverage += logMeanExp(logWeights)
    var random = RandomStream(
      seed: options.seed, purpose: .resampling, index: .max, step: UInt64(update))
    let rows = Resampling.systematic(logWeights: logWeights[...], uniform: random.uniform())
    chains = chains.selectingRows(rows)
    ledger?.chains?.select(rows)
    chainLogWeights = [Double](repeating: 0, count: rows.count)
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
