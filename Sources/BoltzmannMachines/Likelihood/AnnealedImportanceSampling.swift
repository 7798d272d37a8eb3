internal import Foundation
public import NumericalCore

/// Annealed importance sampling (Neal 2001; Salakhutdinov and Murray 2008) of ln Z.
///
/// Chains start at an exact sample of a base model without couplings and are carried to the machine
/// by scaling its parameters up,
///
///     E_β = (1 − β) E_base + β E,   0 = β_0 < β_1 < … < β_K = 1,
///
/// with one Gibbs sweep at each β. The work of a chain, with hidden units summed out,
///
///     w = Σ_k [F_{β_{k−1}}(v_{k−1}) − F_{β_k}(v_{k−1})],
///
/// satisfies ⟨e^w⟩ = Z / Z_base exactly, for any schedule; ln ⟨e^w⟩ over a finite number of chains is
/// biased low.
///
/// - Complexity: O(chains × temperatures × visible size × hidden count) time, by the binary kernels
///   where units are bits; memory for the chains only.
public struct AnnealedImportanceSampling: Sendable {
  /// The temperatures, from 0 to 1.
  public let schedule: [Double]
  /// The number of chains.
  public let chains: Int
  /// The seed of the chains' streams.
  public let seed: UInt64

  /// Sampling along the given schedule, which must ascend from 0 to 1.
  public init(schedule: [Double], chains: Int, seed: UInt64) {
    precondition(schedule.first == 0 && schedule.last == 1, "a schedule goes from 0 to 1")
    precondition(zip(schedule, schedule.dropFirst()).allSatisfy { $0 < $1 }, "a schedule ascends")
    precondition(chains > 0)
    self.schedule = schedule
    self.chains = chains
    self.seed = seed
  }

  /// What the chains brought back.
  public struct Result: Sendable {
    /// ln Z of the base model.
    public let baseLogPartitionFunction: Double
    /// The logarithm of the weight of each chain: minus its work.
    public let logWeights: [Double]
    /// Where the chains ended: with their weights, samples of the end of the path.
    public let states: StateMatrix
    /// Variance over chains of the increment at each step, for schedules of equal dissipation.
    let incrementVariances: [Double]

    /// Work done on each chain.
    public var works: [Double] { logWeights.map { -$0 } }
  }

  /// Runs the chains.
  ///
  /// - Parameter base: The model to begin from: biases alone.
  /// - Parameter progress: Called now and then with the fraction done (from any thread).
  public func run(
    _ machine: RestrictedBoltzmannMachine, base: IndependentUnits, workers: Workers = Workers(),
    progress: (@Sendable (Double) -> Void)? = nil
  ) -> Result {
    run(
      form: BernoulliForm(machine), base: base, workers: workers, recordVariances: false, progress)
  }

  /// Runs the chains back from the machine to the base model: the reverse process, move for move.
  ///
  /// - Parameter states: Samples of the machine, one a chain.
  public func runReverse(
    _ machine: RestrictedBoltzmannMachine, base: IndependentUnits, from states: StateMatrix,
    workers: Workers = Workers(), progress: (@Sendable (Double) -> Void)? = nil
  ) -> Result {
    run(
      form: BernoulliForm(machine), base: base, workers: workers, recordVariances: false,
      reverseFrom: states, progress)
  }

  func run(
    form: BernoulliForm, base: IndependentUnits, workers: Workers, recordVariances: Bool,
    reverseFrom start: StateMatrix? = nil, _ progress: (@Sendable (Double) -> Void)? = nil
  ) -> Result {
    LinearAlgebra.useOneThread()
    let path = AnnealingPath(form: form, base: base)
    precondition(start.map(\.rows) ?? self.chains == self.chains, "one state a chain")
    let isReverse = start != nil
    var visible = start ?? StateMatrix(zerosFor: form.visible, rows: chains)
    var hidden = StateMatrix(zerosFor: form.hidden, rows: chains)
    var logWeights = [Double](repeating: 0, count: chains)
    let steps = schedule.count - 1
    // Chains of one task stay together through the whole schedule.
    let grain = GibbsSampler.grain
    let tasks = (chains + grain - 1) / grain
    var moments = [StepMoments](
      repeating: StepMoments(), count: recordVariances ? tasks * steps : 0)
    let lanes = RandomLanes(chains: chains)
    lanes.seedAll(seed: seed, purpose: isReverse ? .reverseAnnealing : .annealing)
    let schedule = isReverse ? Array(self.schedule.reversed()) : self.schedule
    let chains = self.chains
    // Two tasks of 50 chains serve two threads better than one of 64 and one of 36.
    let hasReals = form.visible.storage == .reals || form.hidden.storage == .reals
    let share =
      recordVariances || hasReals ? grain : balancedGrain(chains: chains, workers: workers.count)
    visible.withMemory { v in
      hidden.withMemory { h in
        logWeights.withUnsafeMutableBufferPointer { weights in
          moments.withUnsafeMutableBufferPointer { moments in
            let weights = UncheckedSendable(weights)
            let moments = UncheckedSendable(moments)
            let count = (chains + share - 1) / share
            workers.forEach(count) { task in
              let first = task * share
              let rows = Swift.min(share, chains - first)
              let worker = AnnealingWorker(form: form, path: path, rows: rows)
              if !isReverse {
                worker.start(
                  v.advanced(by: first), lanes: lanes, firstBlock: first / RandomLanes.rowsPerBlock)
              }
              for step in 0..<steps {
                worker.step(
                  visible: v.advanced(by: first), hidden: h.advanced(by: first),
                  from: Float(schedule[step]), to: Float(schedule[step + 1]), lanes: lanes,
                  firstBlock: first / RandomLanes.rowsPerBlock, last: step == steps - 1)
                if recordVariances {
                  moments.value[task * steps + step] = StepMoments(worker.increments)
                }
                if task == 0, step & 63 == 0 { progress?(Double(step) / Double(steps)) }
              }
              for r in 0..<rows { weights.value[first + r] = worker.logWeights[r] }
            }
          }
        }
      }
    }
    let variances =
      recordVariances
      ? (0..<steps).map { step in
        (0..<tasks).reduce(StepMoments()) { $0 + moments[$1 * steps + step] }.variance
      } : []
    return Result(
      baseLogPartitionFunction: base.logPartitionFunction(of: form) + form.offset,
      logWeights: logWeights, states: visible, incrementVariances: variances)
  }

  /// Chains a task, in whole blocks, such that the workers end together.
  private func balancedGrain(chains: Int, workers: Int) -> Int {
    let block = RandomLanes.rowsPerBlock
    let rounds = max(1, (chains + 256 * workers - 1) / (256 * workers))
    let share = (chains + workers * rounds - 1) / (workers * rounds)
    return (share + block - 1) / block * block
  }
}

/// Sums for a variance.
private struct StepMoments: Sendable {
  var count = 0.0
  var sum = 0.0
  var squares = 0.0

  init() {}

  init(_ values: [Double]) {
    for value in values {
      count += 1
      sum += value
      squares += value * value
    }
  }

  static func + (left: StepMoments, right: StepMoments) -> StepMoments {
    var result = left
    result.count += right.count
    result.sum += right.sum
    result.squares += right.squares
    return result
  }

  var variance: Double {
    guard count > 1 else { return 0 }
    return max(0, (squares - sum * sum / count) / (count - 1))
  }
}

/// The biases of the path from the base model to the machine: base and slope of each layer.
private final class AnnealingPath: @unchecked Sendable {
  let visibleBase: AlignedBuffer<Float>
  let visibleSlope: AlignedBuffer<Float>
  let hiddenBase: AlignedBuffer<Float>
  let hiddenSlope: AlignedBuffer<Float>

  init(form: BernoulliForm, base: IndependentUnits) {
    func padded(_ count: Int) -> AlignedBuffer<Float> {
      AlignedBuffer(count: (count + 15) / 16 * 16)
    }
    visibleBase = padded(form.visible.size)
    visibleSlope = padded(form.visible.size)
    hiddenBase = padded(form.hidden.size)
    hiddenSlope = padded(form.hidden.size)
    for i in 0..<form.visible.size {
      visibleBase.pointer[i] = base.visible[i]
      visibleSlope.pointer[i] = form.visible.biases.pointer[i] - base.visible[i]
    }
    for j in 0..<form.hidden.size {
      hiddenBase.pointer[j] = base.hidden[j]
      hiddenSlope.pointer[j] = form.hidden.biases.pointer[j] - base.hidden[j]
    }
  }
}

/// The chains of one task on their way.
private final class AnnealingWorker {
  private let form: BernoulliForm
  private let path: AnnealingPath
  private let rows: Int
  private let tool: LayerKernels
  private let scales: AlignedBuffer<Float>
  private var slopes: [Double]
  private(set) var logWeights: [Double]
  private(set) var increments: [Double]

  init(form: BernoulliForm, path: AnnealingPath, rows: Int) {
    self.form = form
    self.path = path
    self.rows = rows
    tool = LayerKernels(form: form, capacity: rows)
    scales = AlignedBuffer(count: rows)
    slopes = [Double](repeating: 0, count: rows)
    logWeights = [Double](repeating: 0, count: rows)
    increments = [Double](repeating: 0, count: rows)
  }

  /// Draws the visible states from the base model.
  func start(_ visible: LayerMemory, lanes: RandomLanes, firstBlock: Int) {
    tool.fields.pointer.update(repeating: 0, count: rows * tool.fieldStride)
    tool.sampleFromFields(
      form.visible, into: visible, rows: rows,
      path: FieldPath(base: UnsafePointer(path.visibleBase.pointer)), variances: nil, lanes: lanes,
      firstBlock: firstBlock)
  }

  /// Takes the work of one temperature step and makes a sweep at the new temperature.
  func step(
    visible: LayerMemory, hidden: LayerMemory, from: Float, to: Float, lanes: RandomLanes,
    firstBlock: Int, last: Bool
  ) {
    for r in 0..<rows {
      slopes[r] = 0
      increments[r] = 0
      scales.pointer[r] = to
    }
    let hiddenPath = FieldPath(
      base: UnsafePointer(path.hiddenBase.pointer), slope: UnsafePointer(path.hiddenSlope.pointer),
      rowScale: UnsafePointer(scales.pointer))
    let visiblePath = FieldPath(
      base: UnsafePointer(path.visibleBase.pointer),
      slope: UnsafePointer(path.visibleSlope.pointer), rowScale: UnsafePointer(scales.pointer))
    tool.product(of: visible, rows: rows, from: form.visible, weights: form.forward)
    tool.addLogPartitionDifferences(
      of: form.hidden, rows: rows, path: hiddenPath, from: from, to: to, sums: &increments)
    tool.addBiasTerms(
      of: form.visible, states: visible, rows: rows,
      coefficients: UnsafePointer(path.visibleSlope.pointer), quadratic: false, sums: &slopes)
    let width = Double(to) - Double(from)
    for r in 0..<rows {
      increments[r] += width * slopes[r]
      logWeights[r] += increments[r]
    }
    if last { return }
    tool.sampleFromFields(
      form.hidden, into: hidden, rows: rows, path: hiddenPath, variances: nil, lanes: lanes,
      firstBlock: firstBlock)
    tool.sample(
      form.visible, into: visible, given: hidden, rows: rows, from: form.hidden,
      weights: form.backward, path: visiblePath, variances: nil, lanes: lanes,
      firstBlock: firstBlock)
  }
}
