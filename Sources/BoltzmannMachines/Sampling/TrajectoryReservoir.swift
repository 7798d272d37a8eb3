public import NumericalCore
internal import StochasticThermodynamics

/// Equilibrium samples of the last frozen machine of a training, which keep the chains of the current
/// machine in equilibrium.
///
/// After each update the chains x of the current machine (energy H) exchange states with random,
/// different samples y of the frozen machine (energy H₀), with the probability
///
///     min(1, e^{−(W⁺ + W⁻)}),   W⁺ = H(y) − H₀(y),   W⁻ = H₀(x) − H(x)
///
/// which leaves the product of both distributions unchanged. As the machine moves away from the
/// frozen one the acceptance falls: below ``freezeAcceptance`` the current machine is frozen in its
/// turn, its reservoir filled by exchange with the old one; an update that brings it below
/// ``rejectAcceptance`` went too far, and should be taken back at half the learning rate (Bereux et
/// al. 2026, "Equilibrium training of energy-based models with PTT", arXiv:2607.27077).
///
/// Works across each freeze give ln Z of the new frozen machine from that of the old one; the errors
/// of the steps add.
public struct TrajectoryReservoir: Sendable {
  /// The acceptance below which the current machine is frozen.
  public static let freezeAcceptance = 0.3
  /// The acceptance below which an update should be taken back.
  public static let rejectAcceptance = 0.1
  /// Samples for each chain.
  public static let samplesPerChain = 10

  /// What an acceptance asks for.
  public enum Advice: Sendable, Equatable {
    /// Nothing: go on.
    case proceed
    /// Freeze the current machine.
    case freeze
    /// Take the update back and halve the learning rate.
    case reject
  }

  /// The frozen machine.
  public private(set) var machine: RestrictedBoltzmannMachine
  /// Its equilibrium samples.
  public private(set) var samples: StateMatrix
  /// Its ln Z.
  public private(set) var logPartitionFunction: Estimate
  /// Machines frozen so far, the first one included.
  public private(set) var frozen = 1

  private let seed: UInt64
  private let workers: Workers
  /// The frozen machine for the kernels, and H₀ of the samples.
  private var form: BernoulliForm
  private var sampleEnergies: [Double]

  /// What an exchange brought.
  struct Exchange {
    /// The mean acceptance probability.
    let acceptance: Double
    /// H of the chains before it.
    let energies: [Double]
  }

  /// A reservoir as a checkpoint kept it.
  init(
    machine: RestrictedBoltzmannMachine, samples: StateMatrix, logPartitionFunction: Estimate,
    frozen: Int, seed: UInt64, workers: Workers
  ) {
    self.machine = machine
    self.samples = samples
    self.logPartitionFunction = logPartitionFunction
    self.frozen = frozen
    self.seed = seed
    self.workers = workers
    form = BernoulliForm(machine)
    sampleEnergies = form.freeEnergies(of: samples, workers: workers)
  }

  /// A reservoir of independent units, drawn exactly: the machine without its couplings.
  ///
  /// - Parameters:
  ///   - machine: Where training begins.
  ///   - chains: Chains that will exchange with it.
  public init(
    below machine: RestrictedBoltzmannMachine, chains: Int, seed: UInt64, workers: Workers
  ) {
    let base = IndependentUnits(baseRateOf: machine).machine(like: machine)
    var burst = ChainBurst(
      base,
      from: StateMatrix(
        zerosFor: BernoulliForm(base).visible, rows: chains * TrajectoryReservoir.samplesPerChain),
      seed: seed, use: 7, workers: workers)
    burst.run(to: 1)
    let value = base.independentLogPartitionFunction
    let rounding = 1e-9 * Swift.max(1, abs(value))
    self.init(
      machine: base, samples: burst.visible,
      logPartitionFunction: Estimate(
        value: value, interval: value - rounding...value + rounding, method: "independent units",
        effectiveSampleSize: .infinity), frozen: 1, seed: seed, workers: workers)
  }

  /// What to do at an acceptance.
  public static func advice(acceptance: Double) -> Advice {
    if acceptance < rejectAcceptance { return .reject }
    return acceptance < freezeAcceptance ? .freeze : .proceed
  }

  /// Exchanges the chains of the current machine with samples of the frozen one.
  ///
  /// - Parameter step: The number of the update, which names the streams.
  /// - Returns: The mean acceptance probability.
  public mutating func exchange(
    chains: inout StateMatrix, of current: RestrictedBoltzmannMachine, step: Int
  ) -> Double {
    exchange(chains: &chains, of: BernoulliForm(current), step: step).acceptance
  }

  mutating func exchange(
    chains: inout StateMatrix, of current: BernoulliForm, step: Int
  ) -> Exchange {
    precondition(chains.rows > 0 && chains.rows <= samples.rows, "more chains than samples")
    var stream = RandomStream(
      seed: seed, purpose: .tempering, index: .max - 1, step: UInt64(step))
    let partners = distinctRows(chains.rows, &stream)
    let own = current.freeEnergies(of: chains, workers: workers)
    let ownFrozen = form.freeEnergies(of: chains, workers: workers)
    let theirs = current.freeEnergies(of: samples.selectingRows(partners), workers: workers)
    var sum = 0.0
    let count = chains.rows
    chains.withMemory { chainMemory in
      samples.withMemory { sampleMemory in
        for row in 0..<count {
          let probability = ReplicaExchange.acceptanceProbability(
            forwardWork: theirs[row] - sampleEnergies[partners[row]],
            reverseWork: ownFrozen[row] - own[row])
          sum += probability
          if stream.uniform() < probability {
            chainMemory.swapRow(row, with: partners[row], of: sampleMemory)
            sampleEnergies[partners[row]] = ownFrozen[row]
          }
        }
      }
    }
    return Exchange(acceptance: sum / Double(count), energies: own)
  }

  /// ln Z of the current machine, by the acceptance ratio between its chains and the frozen samples.
  func logPartitionFunction(of current: BernoulliForm, chains: StateMatrix) -> Estimate {
    let forward = zip(current.freeEnergies(of: samples, workers: workers), sampleEnergies)
      .map { $0 - $1 }
    let reverse = zip(
      form.freeEnergies(of: chains, workers: workers),
      current.freeEnergies(of: chains, workers: workers)
    ).map { $0 - $1 }
    // Samples taken in a row from as many chains are no more independent than the chains.
    let difference = BennettAcceptanceRatio.freeEnergyDifference(
      forward: forward, reverse: reverse, effectiveForward: Double(chains.rows))
    return logPartitionFunction.followed(
      by: difference.estimate.scaled(by: -1, plus: logPartitionFunction.value))
  }

  /// Freezes the current machine: its chains exchange with the old reservoir until they have forgotten
  /// where they were, then fill the new one.
  ///
  /// - Parameters:
  ///   - sweeps: Sweeps before the first states are taken.
  ///   - increment: Sweeps between exchanges.
  public mutating func freeze(
    _ current: RestrictedBoltzmannMachine, chains: StateMatrix, sweeps: Int = 100,
    increment: Int = 2
  ) {
    let exchange = ReplicaExchange(
      machines: [machine, current],
      start: [samples.selectingRows(0..<Swift.min(chains.rows, samples.rows)), chains],
      increment: increment, seed: StreamKey.derivedSeed(seed, UInt64(1000 + frozen)),
      workers: workers, reservoir: samples)
    let rounds = Swift.max(1, sweeps / increment)
    exchange.advance(rounds: rounds)
    let record = ExchangeRecord(of: exchange, rounds: rounds)
    let looks = TrajectoryReservoir.samplesPerChain
    var filled = StateMatrix(zerosFor: exchange.forms[1].visible, rows: looks * chains.rows)
    for look in 0..<looks {
      // The rounds that are left, in even parts.
      exchange.advance(
        rounds: rounds * (look + 1) / looks - rounds * look / looks, record: record)
      let states = exchange.states(ofRung: 1)
      filled.withMemory { memory in
        states.withReadOnlyMemory { source in
          for row in 0..<chains.rows {
            memory.copyRow(row, of: source, to: look * chains.rows + row)
          }
        }
      }
    }
    let link = LadderFreeEnergies(record).logPartitionFunctions(
      bottom: logPartitionFunction.value)[1]
    logPartitionFunction = logPartitionFunction.followed(by: link)
    machine = current
    samples = filled
    form = BernoulliForm(current)
    sampleEnergies = form.freeEnergies(of: samples, workers: workers)
    frozen += 1
  }

  private func distinctRows(_ count: Int, _ stream: inout RandomStream) -> [Int] {
    // The first steps of a shuffle (Fisher and Yates).
    var rows = Array(0..<samples.rows)
    for k in 0..<count { rows.swapAt(k, k + stream.index(below: rows.count - k)) }
    return Array(rows.prefix(count))
  }
}

extension Estimate {
  /// A sum: this estimate, and a later one that began at its value; independent errors add in squares.
  fileprivate func followed(by link: Estimate) -> Estimate {
    let reach = (halfWidth * halfWidth + link.halfWidth * link.halfWidth).squareRoot()
    var verdict = verdict
    if case .unresolved = link.verdict, isResolved { verdict = link.verdict }
    return Estimate(
      value: link.value, interval: link.value - reach...link.value + reach,
      confidence: confidence, method: "Bennett's acceptance ratio along frozen machines",
      effectiveSampleSize: Swift.min(effectiveSampleSize, link.effectiveSampleSize),
      verdict: verdict)
  }
}
