internal import Foundation
package import NumericalCore

/// Rungs on a path, spaced such that neighbours exchange with about the target acceptance.
///
/// Chains start at exact samples of independent units and are carried up the path by Gibbs sampling.
/// At a rung r the acceptance with a machine further on follows from the chains of r alone, those of
/// the other being reweighted: with δ = H′(x) − H(x),
///
///     A = Σ_{i≠j} min(e^{−δᵢ}, e^{−δⱼ}) / [(n − 1) Σ e^{−δ}]
///
/// The next rung is the furthest knot of the path with A at least the target, or, if there is none,
/// the point before the next knot where A is the target. Then ladders are run for a while, and rungs are
/// put at even distances s, where s is the standard deviation of H′ − H that gives the measured
/// acceptance for normal differences, A = erfc(s/2) (Predescu, Predescu and Ciobanu 2004).
package struct TemperingLadder: Sendable {
  /// The place of each rung on the path.
  package private(set) var positions: [Double]
  /// Chains at each rung, one a row.
  package private(set) var states: [StateMatrix]

  /// Chains that a ladder is built with, at least.
  static let pilotChains = 256
  /// Rounds of each trial run.
  static let trialRounds = 20
  /// Trial runs at most.
  static let trials = 6

  /// The number of rungs.
  package var count: Int { positions.count }

  /// Builds a ladder on a path.
  ///
  /// - Parameter reservoir: Equilibrium samples of the first knot; nil where it has no couplings.
  package init(on path: TemperingPath, options: TemperingOptions, reservoir: StateMatrix? = nil) {
    LinearAlgebra.useOneThread()
    let chains = Swift.max(options.ladders, TemperingLadder.pilotChains)
    let climb = Climb(path: path, options: options, chains: chains, reservoir: reservoir)
    positions = [0]
    states = [climb.visible]
    // A path that cannot be climbed in this many rungs is cut short below.
    let most = Swift.max(4 * options.maximumRungs, 200)
    while climb.position < path.end, positions.count < most {
      let next = positions.count == most - 1 ? path.end : climb.nextPosition()
      climb.move(to: next)
      positions.append(next)
      states.append(climb.visible)
    }
    thin(to: options.maximumRungs)
    let rows = 0..<options.ladders
    states = states.map { $0.selectingRows(rows) }
    space(on: path, options: options, reservoir: reservoir)
  }

  /// The machines of the rungs.
  package func machines(on path: TemperingPath) -> [RestrictedBoltzmannMachine] {
    positions.map { path.machine(at: $0) }
  }

  /// Keeps at most `count` rungs, at even distances, both ends among them.
  private mutating func thin(to count: Int) {
    guard positions.count > count else { return }
    let kept = (0..<count).map { $0 * (positions.count - 1) / (count - 1) }
    positions = kept.map { positions[$0] }
    states = kept.map { states[$0] }
  }

  /// Runs ladders for a while and spaces the rungs anew, until all neighbours exchange well enough.
  private mutating func space(
    on path: TemperingPath, options: TemperingOptions, reservoir: StateMatrix?
  ) {
    for trial in 0..<TemperingLadder.trials {
      let exchange = ReplicaExchange(
        machines: machines(on: path), start: states, increment: options.increment,
        seed: StreamKey.derivedSeed(options.seed, 1 + UInt64(trial)), workers: options.workers,
        reservoir: reservoir)
      exchange.advance(rounds: TemperingLadder.trialRounds)
      states = (0..<exchange.rungs).map { exchange.states(ofRung: $0) }
      let distances = exchange.acceptance.map { TemperingLadder.distance(acceptance: mean(of: $0)) }
      let wished = TemperingLadder.distance(acceptance: options.targetAcceptance)
      let total = distances.reduce(0, +)
      let count = Swift.min(
        Swift.max(1, Int((total / wished).rounded(.up))), options.maximumRungs - 1)
      let isEven = (distances.max() ?? 0) <= 1.15 * total / Double(count)
      if isEven, distances.count == count { return }
      place(count, distances: distances)
    }
  }

  /// Puts rungs at even distances, on knots of the path where there is one near.
  private mutating func place(_ count: Int, distances: [Double]) {
    let total = distances.reduce(0, +)
    var newPositions = [positions[0]]
    var newStates = [states[0]]
    var pair = 0
    var passed = 0.0
    for index in 1..<Swift.max(1, count) {
      let target = total * Double(index) / Double(count)
      while pair < distances.count - 1, passed + distances[pair] < target {
        passed += distances[pair]
        pair += 1
      }
      let fraction = distances[pair] > 0 ? Swift.min(1, (target - passed) / distances[pair]) : 0
      let exact = positions[pair] + fraction * (positions[pair + 1] - positions[pair])
      let last = newPositions[newPositions.count - 1]
      let knot = exact.rounded()
      let isBetween = knot > last && knot < positions[positions.count - 1]
      // A tenth of the distance of rungs may be given for a knot.
      let density = distances[pair] / (positions[pair + 1] - positions[pair])
      let isNear = abs(knot - exact) * density < 0.1 * total / Double(count)
      let place = isBetween && isNear ? knot : exact
      guard place > last else { continue }
      newPositions.append(place)
      newStates.append(states[fraction < 0.5 ? pair : pair + 1])
    }
    newPositions.append(positions[positions.count - 1])
    newStates.append(states[states.count - 1])
    positions = newPositions
    states = newStates
  }

  /// The standard deviation s of the difference of energies that goes with an acceptance, were it
  /// normal: A = erfc(s/2).
  static func distance(acceptance: Double) -> Double {
    -2.0.squareRoot() * normalQuantile(Swift.min(Swift.max(acceptance, 1e-3), 0.999) / 2)
  }

  /// The acceptance of exchanges with a machine whose effective energies exceed these by δ.
  static func acceptance(differences: [Double]) -> Double {
    guard differences.count > 1 else { return 1 }
    let least = differences.min() ?? 0
    let weights = differences.map { exp(least - $0) }.sorted(by: >)
    let total = weights.reduce(0, +)
    // The k-th largest weight is the smaller one of k pairs, each counted twice.
    var sum = 0.0
    for (k, weight) in weights.enumerated() { sum += 2 * Double(k) * weight }
    return Swift.min(1, sum / (Double(weights.count - 1) * total))
  }
}

/// Chains on their way up a path.
private final class Climb {
  private(set) var position = 0.0
  private(set) var visible: StateMatrix
  private let path: TemperingPath
  private let options: TemperingOptions
  private var machine: RestrictedBoltzmannMachine
  private var form: BernoulliForm
  private var hidden: StateMatrix
  private var step: UInt64 = 0
  private let seed: UInt64

  init(path: TemperingPath, options: TemperingOptions, chains: Int, reservoir: StateMatrix?) {
    self.path = path
    self.options = options
    seed = StreamKey.derivedSeed(options.seed, 0)
    machine = path.knots[0]
    form = BernoulliForm(machine)
    hidden = StateMatrix(zerosFor: form.hidden, rows: chains)
    if let reservoir {
      var stream = RandomStream(seed: seed, purpose: .tempering, index: .max)
      visible = reservoir.selectingRows(
        (0..<chains).map { _ in stream.index(below: reservoir.rows) })
    } else {
      visible = StateMatrix(zerosFor: form.visible, rows: chains)
      // One sweep draws independent units exactly.
      sweep(1)
    }
  }

  func move(to next: Double) {
    position = next
    machine = path.machine(at: next)
    form = BernoulliForm(machine)
    sweep(options.increment)
  }

  private func sweep(_ sweeps: Int) {
    let sampler = GibbsSampler(form: form, chains: visible.rows, workers: options.workers)
    sampler.lanes.seedAll(seed: seed, purpose: .tempering, step: step)
    step += 1
    sampler.run(visible: &visible, hidden: &hidden, sweeps: sweeps)
  }

  /// The next rung for the chains as they are.
  func nextPosition() -> Double {
    let energies = form.freeEnergies(of: visible, workers: options.workers)
    func isNear(_ position: Double) -> Bool {
      let other = path.machine(at: position).freeEnergies(of: visible, workers: options.workers)
      return TemperingLadder.acceptance(differences: zip(other, energies).map { $0 - $1 })
        >= options.targetAcceptance
    }
    let first = position.rounded(.down) + 1
    guard isNear(first) else { return between(position, first, isNear) }
    // Knots further and further on, then the last good one by bisection.
    var good = first
    var stride = 1.0
    while good < path.end {
      let trial = Swift.min(path.end, good + stride)
      if isNear(trial) {
        good = trial
        stride *= 2
      } else {
        var bad = trial
        while bad - good > 1 {
          let middle = ((good + bad) / 2).rounded()
          if isNear(middle) { good = middle } else { bad = middle }
        }
        return good
      }
    }
    return good
  }

  /// The furthest point before `high` that is near enough.
  private func between(_ low: Double, _ high: Double, _ isNear: (Double) -> Bool) -> Double {
    var good = low
    var bad = high
    for _ in 0..<10 {
      let middle = (good + bad) / 2
      if isNear(middle) { good = middle } else { bad = middle }
    }
    return good > low ? good : bad
  }
}

extension StreamKey {
  /// A seed for a part of a computation.
  static func derivedSeed(_ seed: UInt64, _ part: UInt64) -> UInt64 {
    seed ^ ((part &+ 1) &* 0x9e37_79b9_7f4a_7c15)
  }
}
