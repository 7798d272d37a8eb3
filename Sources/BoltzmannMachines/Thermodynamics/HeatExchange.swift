internal import Foundation
public import NumericalCore

/// The heat-exchange experiment (Jarzynski and Wójcik 2004; for these machines Salazar 2017).
///
/// Chains in equilibrium at β₁ are brought in contact with a bath at β₂ and make a sequence of moves at
/// fixed energy function; the heat absorbed is
///
///     Q = E(v_n, h_n) − E(v_0, h_0),       p(Q)/p(−Q) = e^{(β₁ − β₂) Q},   ⟨e^{−(β₁ − β₂) Q}⟩ = 1
///
/// The first needs a reversible sequence such as "h,v,h" (the sweep "h,v" is none), the second holds
/// for all. Energies are those of joint states: h_0 is drawn at β₁ as well.
///
/// A chain gives many trajectories: it goes on at β₁, undisturbed, and trajectories branch off it
/// every ``sweepsBetween`` sweeps. ``Result/statisticalInefficiency`` tells whether that is far enough.
///
/// - Complexity: O(trajectories × (moves + 2 sweepsBetween) × visible size × hidden count).
public struct HeatExchange: Sendable {
  /// β₁, at which the chains are in equilibrium.
  public var start = 1.0
  /// β₂ of the bath.
  public var bath: Double
  /// The moves of one trajectory.
  public var moves = GibbsSequence.palindrome()
  /// Trajectories at least; whole rounds of all chains are made.
  public var trajectories = 100_000
  /// Sweeps at β₁ between two trajectories of a chain.
  public var sweepsBetween = 5
  /// The seed of the streams.
  public var seed: UInt64 = 0
  /// The threads.
  public var workers = Workers()

  /// An experiment with a bath at inverse temperature β₂.
  public init(bath: Double) { self.bath = bath }

  /// β₁ − β₂: the slope of ln p(Q)/p(−Q).
  public var difference: Double { start - bath }

  /// What the trajectories brought.
  public struct Result: Sendable {
    /// The heat absorbed in each trajectory, by rounds: all chains, then all chains again.
    public let heats: [Double]
    /// The number of chains.
    public let chains: Int
    /// β₁ − β₂.
    public let difference: Double
    /// The visible states of the chains at the end, in equilibrium at β₁ if they were before.
    public let states: StateMatrix

    /// Trajectories that each chain made.
    public var rounds: Int { heats.count / max(1, chains) }
    /// The moments of the heat.
    public var moments: StreamingMoments { StreamingMoments(heats) }
    /// (β₁ − β₂) Q of each trajectory: the entropy that is produced.
    public var entropyProductions: [Double] { heats.map { difference * $0 } }

    /// How many trajectories of a chain tell as much as one alone: the largest value over Q and
    /// e^{−(β₁ − β₂) Q}.
    ///
    ///     g = rounds · Var(mean over a chain) / Var(Q)
    ///
    /// from the spread of the means of independent chains, so that it misses no slow mode within a
    /// run, with a relative error of √(2 / chains). 1 where a chain made one trajectory.
    public var statisticalInefficiency: Double {
      guard rounds > 1, chains > 1 else { return 1 }
      return max(
        1, inefficiency { $0 }, inefficiency { exp(-difference * $0) })
    }

    /// Whether trajectories of a chain are correlated more than chance explains (three standard
    /// errors).
    public var isCorrelated: Bool {
      statisticalInefficiency > 1 + 3 * (2 / Double(chains)).squareRoot()
    }

    private func inefficiency(_ observable: (Double) -> Double) -> Double {
      var all = StreamingMoments()
      var means = StreamingMoments()
      for chain in 0..<chains {
        var own = CompensatedSum()
        for round in 0..<rounds {
          let value = observable(heats[round * chains + chain])
          all.add(value)
          own.add(value)
        }
        means.add(own.value / Double(rounds))
      }
      return all.variance > 0 ? Double(rounds) * means.variance / all.variance : 1
    }

    /// Heats that may be taken as independent: of correlated ones every ⌈g⌉-th round.
    public var independentHeats: [Double] {
      guard isCorrelated else { return heats }
      let stride = Int(statisticalInefficiency.rounded(.up))
      return Swift.stride(from: 0, to: rounds, by: stride).flatMap {
        heats[$0 * chains..<($0 + 1) * chains]
      }
    }
  }

  /// Runs the experiment on chains that are in equilibrium at β₁.
  ///
  /// - Parameters:
  ///   - states: The visible states of the chains, one a row.
  ///   - progress: Called now and then with the fraction done, from any thread.
  /// - Throws: ``SzilardError`` of kind `usage` when a move is ``GibbsMove/either``, which belongs to
  ///   exact calculations, or when a temperature is not positive.
  public func run(
    _ machine: RestrictedBoltzmannMachine, from states: StateMatrix,
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws(SzilardError) -> Result {
    guard !moves.moves.contains(.either) else {
      throw SzilardError(.usage, "a move of heat exchange is h or v; '\(moves)' has r")
    }
    guard start > 0, bath > 0, start.isFinite, bath.isFinite else {
      throw SzilardError(
        .usage, "inverse temperatures \(start) and \(bath): give two positive numbers")
    }
    precondition(states.columns == machine.visible.count && states.rows > 0)
    LinearAlgebra.useOneThread()
    let form = BernoulliForm(machine)
    let chains = states.rows
    let rounds = max(1, (trajectories + chains - 1) / chains)
    let lanes = HeatLanes(chains: chains, seed: seed)
    var visible = states
    var heats = [Double](repeating: 0, count: rounds * chains)
    let experiment = self
    let share = GibbsSampler.grain
    let tasks = (chains + share - 1) / share
    visible.withMemory { memory in
      heats.withUnsafeMutableBufferPointer { buffer in
        let output = UncheckedSendable(buffer)
        workers.forEach(tasks) { task in
          let first = task * share
          let rows = min(share, chains - first)
          let worker = HeatExchangeWorker(
            form: form, experiment: experiment, rows: rows, lanes: lanes,
            firstBlock: first / RandomLanes.rowsPerBlock)
          let own = memory.advanced(by: first)
          for round in 0..<rounds {
            if round > 0 { worker.relax(own) }
            worker.exchange(from: own)
            for r in 0..<rows { output.value[round * chains + first + r] = worker.heats[r] }
          }
          progress(Double(task + 1) / Double(tasks))
        }
      }
    }
    return Result(heats: heats, chains: chains, difference: difference, states: visible)
  }

  /// A bath such that |β₁ − β₂| times the standard deviation of Q is about `target`.
  ///
  /// Below 0.4 the slope drowns in noise, above about 1 the tail that decides the integral theorem is
  /// not seen. The spread of Q is measured at a bath of β₁ and again at the bath that it suggests; the
  /// bath is the hotter one, at least β₁/2 away from zero.
  ///
  /// - Parameter states: Chains in equilibrium at β₁; each gives one trajectory a measurement.
  /// - Returns: An experiment with this bath, otherwise like this one.
  public func withSuggestedBath(
    _ machine: RestrictedBoltzmannMachine, from states: StateMatrix, target: Double = 0.8
  ) throws(SzilardError) -> HeatExchange {
    var pilot = self
    pilot.trajectories = states.rows
    pilot.seed = seed ^ 0x70_69_6c_6f_74
    pilot.bath = start
    for _ in 0..<2 {
      let spread = try pilot.run(machine, from: states).moments.standardDeviation
      guard spread > 0 else { break }
      pilot.bath = start - min(start / 2, target / spread)
    }
    var result = self
    result.bath = pilot.bath == start ? start / 2 : pilot.bath
    return result
  }
}

/// The streams of an experiment: of the chains, and of what branches off them.
private struct HeatLanes: Sendable {
  let chains: RandomLanes
  let branches: RandomLanes

  init(chains count: Int, seed: UInt64) {
    chains = RandomLanes(chains: count)
    branches = RandomLanes(chains: count)
    chains.seedAll(seed: seed, purpose: .heatExchange, step: 0)
    branches.seedAll(seed: seed, purpose: .heatExchange, step: 1)
  }
}

/// The chains of one task and the trajectories that branch off them.
private final class HeatExchangeWorker {
  private let form: BernoulliForm
  private let experiment: HeatExchange
  private let rows: Int
  private let lanes: HeatLanes
  private let firstBlock: Int
  private let tool: LayerKernels
  private var visible: StateMatrix
  private var hidden: StateMatrix
  private let startScales: AlignedBuffer<Float>
  private let bathScales: AlignedBuffer<Float>
  private let startVariances: (visible: AlignedBuffer<Float>, hidden: AlignedBuffer<Float>)
  private let bathVariances: (visible: AlignedBuffer<Float>, hidden: AlignedBuffer<Float>)
  private var sums: [Double]
  private(set) var heats: [Double]

  init(
    form: BernoulliForm, experiment: HeatExchange, rows: Int, lanes: HeatLanes, firstBlock: Int
  ) {
    func constant(_ value: Double) -> AlignedBuffer<Float> {
      let buffer = AlignedBuffer<Float>(count: (rows + 15) / 16 * 16)
      for r in 0..<rows { buffer.pointer[r] = Float(value) }
      return buffer
    }
    // A Gaussian unit at inverse temperature β has the variance σ²/β.
    func variances(_ side: BernoulliForm.Side, _ beta: Double) -> AlignedBuffer<Float> {
      let buffer = AlignedBuffer<Float>(count: (side.count + 15) / 16 * 16)
      for i in 0..<side.count {
        buffer.pointer[i] = Float(Double(side.variances.pointer[i]) / beta)
      }
      return buffer
    }
    self.form = form
    self.experiment = experiment
    self.rows = rows
    self.lanes = lanes
    self.firstBlock = firstBlock
    tool = LayerKernels(form: form, capacity: rows)
    visible = StateMatrix(zerosFor: form.visible, rows: rows)
    hidden = StateMatrix(zerosFor: form.hidden, rows: rows)
    startScales = constant(experiment.start)
    bathScales = constant(experiment.bath)
    startVariances = (
      variances(form.visible, experiment.start), variances(form.hidden, experiment.start)
    )
    bathVariances = (
      variances(form.visible, experiment.bath), variances(form.hidden, experiment.bath)
    )
    sums = [Double](repeating: 0, count: rows)
    heats = sums
  }

  /// Sweeps of the chains themselves at β₁.
  func relax(_ chains: LayerMemory) {
    hidden.withMemory { h in
      for _ in 0..<experiment.sweepsBetween {
        multiplyVisible(chains)
        drawHidden(h, scales: startScales, variances: startVariances.hidden, lanes: lanes.chains)
        multiplyHidden(h)
        drawVisible(
          chains, scales: startScales, variances: startVariances.visible, lanes: lanes.chains)
      }
    }
  }

  /// One trajectory from each chain; the chains stay where they are.
  func exchange(from chains: LayerMemory) {
    visible.withMemory { own in
      hidden.withMemory { h in
        multiplyVisible(chains)
        drawHidden(h, scales: startScales, variances: startVariances.hidden, lanes: lanes.branches)
        addNegativeEnergies(visible: chains, hidden: h, productOfVisible: true)
        for r in 0..<rows { heats[r] = sums[r] }
        // The first redraw of the visible units leaves the chain for memory of the trajectory's own.
        var v = chains
        var productOfVisible = true
        for move in experiment.moves.moves {
          if move == .hidden {
            if !productOfVisible { multiplyVisible(v) }
            drawHidden(
              h, scales: bathScales, variances: bathVariances.hidden, lanes: lanes.branches)
          } else {
            multiplyHidden(h)
            v = own
            drawVisible(
              v, scales: bathScales, variances: bathVariances.visible, lanes: lanes.branches)
          }
          productOfVisible = move == .hidden
        }
        addNegativeEnergies(visible: v, hidden: h, productOfVisible: productOfVisible)
        // Q = E(x_n) − E(x_0).
        for r in 0..<rows { heats[r] -= sums[r] }
      }
    }
  }

  private func multiplyVisible(_ v: LayerMemory) {
    tool.product(of: v, rows: rows, from: form.visible, weights: form.forward)
  }

  private func multiplyHidden(_ h: LayerMemory) {
    tool.product(of: h, rows: rows, from: form.hidden, weights: form.backward)
  }

  /// x = β (product + bias).
  private func path(_ side: BernoulliForm.Side, _ scales: AlignedBuffer<Float>) -> FieldPath {
    FieldPath(
      slope: UnsafePointer(side.biases.pointer), rowScale: UnsafePointer(scales.pointer))
  }

  private func drawHidden(
    _ h: LayerMemory, scales: AlignedBuffer<Float>, variances: AlignedBuffer<Float>,
    lanes: RandomLanes
  ) {
    tool.sampleFromFields(
      form.hidden, into: h, rows: rows, path: path(form.hidden, scales),
      variances: UnsafePointer(variances.pointer), lanes: lanes, firstBlock: firstBlock)
  }

  private func drawVisible(
    _ v: LayerMemory, scales: AlignedBuffer<Float>, variances: AlignedBuffer<Float>,
    lanes: RandomLanes
  ) {
    tool.sampleFromFields(
      form.visible, into: v, rows: rows, path: path(form.visible, scales),
      variances: UnsafePointer(variances.pointer), lanes: lanes, firstBlock: firstBlock)
  }

  /// sums[r] = −E(v_r, h_r) of the 0/1 form; the product of one of the layers is at hand.
  private func addNegativeEnergies(
    visible v: LayerMemory, hidden h: LayerMemory, productOfVisible: Bool
  ) {
    for r in 0..<rows { sums[r] = 0 }
    tool.addBiasTerms(
      of: form.visible, states: v, rows: rows,
      coefficients: UnsafePointer(form.visible.biases.pointer), quadratic: true, sums: &sums)
    tool.addBiasTerms(
      of: form.hidden, states: h, rows: rows,
      coefficients: UnsafePointer(form.hidden.biases.pointer), quadratic: true, sums: &sums)
    if productOfVisible {
      tool.addProductDots(of: form.hidden, states: h, rows: rows, sums: &sums)
    } else {
      tool.addProductDots(of: form.visible, states: v, rows: rows, sums: &sums)
    }
  }
}

extension LayerKernels {
  /// sums[r] += product[r] · states[r]: the interaction vᵀ W h, from the stored product of one layer
  /// and the states of the other.
  func addProductDots(
    of side: BernoulliForm.Side, states: LayerMemory, rows: Int, sums: UnsafeMutablePointer<Double>
  ) {
    for r in 0..<rows {
      let product = UnsafePointer(fields.pointer + r * fieldStride)
      switch states {
      case .bits(let bits, let stride):
        kernels.bitDots(
          bits: bits + r * stride, bitStride: stride, rows: 1, columns: side.size, values: product,
          out: sums + r)
      case .colours(let colours, let stride, let count):
        for i in 0..<side.count {
          sums[r] += Double(product[i * count + Int(colours[r * stride + i])])
        }
      case .reals(let reals, let stride):
        for i in 0..<side.count { sums[r] += Double(product[i]) * Double(reals[r * stride + i]) }
      }
    }
  }
}
