import Foundation
import NumericalCore
import TestSupport
import Testing

@testable import BoltzmannMachines

/// Sweeps and exchanges leave the product of the rungs' distributions unchanged.
@Suite struct TemperingExactTests {
  /// T(v′ | v) = Σ_h p(v′ | h) p(h | v) by enumeration.
  private func sweepMatrix(_ machine: RestrictedBoltzmannMachine) -> [[Double]] {
    let v = allStates(of: machine.visible).values
    let h = allStates(of: machine.hidden).values
    let up = v.map { v in
      let fields = machine.hiddenFields(visible: v)
      return h.map {
        RestrictedBoltzmannMachine.probability(of: $0, in: machine.hidden, fields: fields)
      }
    }
    let down = h.map { h in
      let fields = machine.visibleFields(hidden: h)
      return v.map {
        RestrictedBoltzmannMachine.probability(of: $0, in: machine.visible, fields: fields)
      }
    }
    return up.map { row in
      v.indices.map { to in h.indices.reduce(0) { $0 + row[$1] * down[$1][to] } }
    }
  }

  /// The probability of exchanging x in the lower rung with y in the upper one.
  private func exchangeMatrix(
    _ lower: RestrictedBoltzmannMachine, _ upper: RestrictedBoltzmannMachine, sign: Double
  ) -> [[Double]] {
    let values = allStates(of: lower.visible).values
    let a = values.map { lower.freeEnergy(ofVisible: $0) }
    let b = values.map { upper.freeEnergy(ofVisible: $0) }
    return values.indices.map { x in
      values.indices.map { y in
        let log = ReplicaExchange.logAcceptance(forwardWork: b[x] - a[x], reverseWork: a[y] - b[y])
        return Foundation.exp(Swift.min(0, sign * log))
      }
    }
  }

  /// max |π P − π| for a sweep of both rungs and an exchange.
  private func drift(_ pairing: Pairing, sign: Double) -> Double {
    let lower = pairing.machine(visible: 3, hidden: 2, seed: 1)
    let upper = pairing.machine(visible: 3, hidden: 2, scale: 1.2, seed: 2)
    let (p, q) = (lower.visibleProbabilities, upper.visibleProbabilities)
    let (s, t) = (sweepMatrix(lower), sweepMatrix(upper))
    let exchange = exchangeMatrix(lower, upper, sign: sign)
    let n = p.count
    // π is a product, and sweeps act on the factors.
    let swept = (0..<n).map { x in (0..<n).reduce(0) { $0 + p[$1] * s[$1][x] } }
    let sweptUpper = (0..<n).map { y in (0..<n).reduce(0) { $0 + q[$1] * t[$1][y] } }
    var worst = 0.0
    for x in 0..<n {
      for y in 0..<n {
        let stays = swept[x] * sweptUpper[y] * (1 - exchange[x][y])
        let comes = swept[y] * sweptUpper[x] * exchange[y][x]
        worst = max(worst, abs(stays + comes - p[x] * q[y]))
      }
    }
    return worst
  }

  @Test(arguments: Pairing.discreteVisible)
  func sweepAndExchangeLeaveTheProductUnchanged(_ pairing: Pairing) {
    guard pairing.hidden != .gaussian else { return }
    #expect(drift(pairing, sign: 1) <= 1e-12)
  }

  @Test(arguments: Pairing.discrete)
  func theWrongSignIsNoticed(_ pairing: Pairing) {
    #expect(drift(pairing, sign: -1) > 1e-4)
  }

  @Test(arguments: Pairing.discreteVisible)
  func exchangesAreInDetailedBalance(_ pairing: Pairing) {
    let lower = pairing.machine(visible: 3, hidden: 2, seed: 4)
    let upper = pairing.machine(visible: 3, hidden: 2, scale: 1.2, seed: 5)
    let (p, q) = (lower.visibleProbabilities, upper.visibleProbabilities)
    let exchange = exchangeMatrix(lower, upper, sign: 1)
    for x in p.indices {
      for y in p.indices {
        #expect(abs(p[x] * q[y] * exchange[x][y] - p[y] * q[x] * exchange[y][x]) <= 1e-15)
      }
    }
  }

  private func exchange(
    _ machines: [RestrictedBoltzmannMachine], ladders: Int, seed: UInt64
  ) -> ReplicaExchange {
    ReplicaExchange(
      machines: machines,
      start: machines.enumerated().map {
        exactStates(of: $1, count: ladders, seed: seed &+ UInt64($0))
      }, increment: 1, seed: seed, workers: Workers())
  }

  /// Ladders drawn exactly stay in distribution, every rung, as the code runs.
  ///
  /// α = 1e-9 per assertion.
  @Test(arguments: Pairing.discreteVisible)
  func runningLaddersAreStationary(_ pairing: Pairing) {
    let seed = testSeed(6)
    let machines = [0.4, 0.65, 0.9].map {
      pairing.machine(visible: 4, hidden: 5, scale: $0, seed: 2)
    }
    let exchange = exchange(machines, ladders: 60_000, seed: seed)
    exchange.advance(rounds: 5)
    for (rung, machine) in machines.enumerated() {
      let probabilities = machine.visibleProbabilities
      expectCounts(
        stateCounts(exchange.states(ofRung: rung), of: probabilities.count),
        probabilities: probabilities, seed: seed)
    }
    // Different machines must have exchanged, or this would show nothing.
    #expect(exchange.acceptance.allSatisfy { mean(of: $0) > 0.01 && mean(of: $0) < 0.99 })
  }

  @Test(arguments: Pairing.discreteVisible)
  func theWrongSignIsSeenInTheRunningCode(_ pairing: Pairing) {
    let machines = [0.4, 0.65, 0.9].map {
      pairing.machine(visible: 4, hidden: 5, scale: $0, seed: 2)
    }
    let exchange = exchange(machines, ladders: 60_000, seed: 6)
    exchange.logAcceptance = { $0 + $1 }
    exchange.advance(rounds: 5)
    let probabilities = machines[2].visibleProbabilities
    #expect(
      countsViolation(
        stateCounts(exchange.states(ofRung: 2), of: probabilities.count),
        probabilities: probabilities)
        != nil)
  }

  /// A lowest rung that is drawn from a reservoir leaves the rungs above in distribution.
  @Test func aReservoirKeepsTheDistribution() {
    let seed = testSeed(8)
    let pairing = Pairing(visible: .bernoulli, hidden: .bernoulli)
    let machines = (0..<3).map {
      pairing.machine(visible: 4, hidden: 5, scale: 0.4 + 0.3 * Double($0), seed: UInt64($0))
    }
    // Every state in proportion to its probability, to 1e-6 of it: no sampling error of its own.
    let probabilities = machines[0].visibleProbabilities
    let rows = probabilities.enumerated().flatMap {
      [Int](repeating: $0, count: Int(($1 * 1e6).rounded()))
    }
    let ladders = 60_000
    let exchange = ReplicaExchange(
      machines: machines,
      start: machines.enumerated().map {
        exactStates(of: $1, count: ladders, seed: seed &+ UInt64($0))
      }, increment: 1, seed: seed, workers: Workers(),
      reservoir: allStates(of: machines[0].visible).states.selectingRows(rows))
    exchange.advance(rounds: 6)
    let top = machines[2].visibleProbabilities
    expectCounts(
      stateCounts(exchange.states(ofRung: 2), of: top.count), probabilities: top, seed: seed)
  }

  /// Rungs of one machine always exchange, so that journeys can be told beforehand.
  @Test func journeysAreCounted() {
    let machine = RestrictedBoltzmannMachine(
      visible: Layer(kind: .bernoulli, count: 3), hidden: Layer(kind: .bernoulli, count: 2))
    let start = GibbsSampling.noise(for: machine, count: 20, seed: 1)
    let exchange = ReplicaExchange(
      machines: [machine, machine, machine], start: [start, start, start], increment: 1, seed: 1,
      workers: Workers(count: 1))
    // Places after rounds 1, 2, …: 102, 120, 210, 201, 021, 012, and again.
    var order = [0, 1, 2]
    var legs = [0, 0, 0]
    var counted = (ascents: 0, trips: 0)
    for round in 0..<12 {
      exchange.advance(rounds: 1)
      order.swapAt(round & 1, 1 + round & 1)
      if legs[order[0]] == 2 { counted.trips += 1 }
      legs[order[0]] = 1
      if legs[order[2]] == 1 {
        legs[order[2]] = 2
        counted.ascents += 1
      }
      #expect(exchange.ascents == [Int](repeating: counted.ascents, count: 20))
      #expect(exchange.roundTrips == [Int](repeating: counted.trips, count: 20))
    }
    #expect(counted.ascents > 2 && counted.trips > 1)
    #expect(exchange.acceptance.allSatisfy { $0.allSatisfy { $0 == 1 } })
  }
}
